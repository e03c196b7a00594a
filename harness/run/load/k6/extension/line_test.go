package halfopen

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: whatever a script or a server says, a line is one JSON object that means the same.
func TestLineIsJSON(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", "plain", `quote " and \ back`, "tab\tnew\nline\rbell\a nul\x00 del\x7f", "</script>", "é 漢 😀", "\u2028", "a\xffb", "\xed\xa0\x80", "cut \xe6\xbc",
	}
	for _, text := range texts {
		raw := newLine("mark").integer("at", -5).number("v", 1e-7).boolean("yes", true).null("no").text("name", text).raw("tags", []byte("{}")).end()
		require.Equal(t, byte('\n'), raw[len(raw)-1])
		require.NotContains(t, string(raw[:len(raw)-1]), "\n", "a line is one line")
		var read map[string]any
		require.NoError(t, json.Unmarshal(raw, &read), string(raw))
		// What is no UTF-8 becomes U+FFFD, as Go's own encoder has it.
		viaGo, err := json.Marshal(text)
		require.NoError(t, err)
		var expected string
		require.NoError(t, json.Unmarshal(viaGo, &expected))
		require.Equal(t, map[string]any{"t": "mark", "at": -5.0, "v": 1e-7, "yes": true, "no": nil, "name": expected, "tags": map[string]any{}}, read)
	}
}

func FuzzQuoted(f *testing.F) {
	f.Add("a\xffb\"\\\x01")
	f.Fuzz(func(t *testing.T, text string) {
		viaGo, err := json.Marshal(text)
		require.NoError(t, err)
		var ours, theirs string
		require.NoError(t, json.Unmarshal(appendQuoted(nil, text), &ours))
		require.NoError(t, json.Unmarshal(viaGo, &theirs))
		require.Equal(t, theirs, ours)
	})
}

func TestClippedCutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	require.Equal(t, "abc", clipped("abc", 3))
	require.Equal(t, "ab", clipped("abc", 2))
	require.Equal(t, "a", clipped("aé", 2))
	require.Equal(t, "", clipped("é", 1))
}
