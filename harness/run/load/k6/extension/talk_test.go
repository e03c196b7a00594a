package halfopen

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/errext"
)

func exitCodeOf(err error) int {
	var coded errext.HasExitCode
	if errors.As(err, &coded) {
		return int(coded.ExitCode())
	}
	return -1
}

func TestTalkAnswersTheClock(t *testing.T) {
	t.Parallel()
	h, _ := converse(t, nil)
	before := now()
	h.say(t, map[string]any{"c": "clock", "id": 7})
	answer := h.await(t, "clock", 1)[0]
	require.Equal(t, 7.0, answer["id"])
	require.GreaterOrEqual(t, answer["at"], float64(before))
	require.LessOrEqual(t, answer["at"], float64(now()))
}

func TestTalkKnowsThePhase(t *testing.T) {
	t.Parallel()
	h, talk := converse(t, nil)
	require.Equal(t, "", *talk.phase.Load())
	h.say(t, map[string]any{"c": "phase", "name": "fault"})
	waitFor(t, "the phase", func() bool { return *talk.phase.Load() == "fault" })
}

func TestTalkStops(t *testing.T) {
	t.Parallel()
	h, talk := converse(t, map[string]any{"schedule": map[string]any{"ordinals": []int{}, "atUs": []int{}, "request": []int{}}})
	h.say(t, map[string]any{"c": "stop"})
	require.Equal(t, 105, exitCodeOf(<-h.aborted))
	require.True(t, talk.pacer.Load().isOver())
}

// Goal: load never goes on when nobody listens.
func TestTalkAbortsWhenTheHarnessIsGone(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *fakeHarness){
		"it closes":            func(h *fakeHarness) { _ = h.conn.Close() },
		"it talks nonsense":    func(h *fakeHarness) { _, _ = h.conn.Write([]byte("hey\n")) },
		"an unknown command":   func(h *fakeHarness) { _, _ = h.conn.Write([]byte(`{"c":"dance"}` + "\n")) },
		"a job that is broken": func(h *fakeHarness) { _, _ = h.conn.Write([]byte(`{"c":"job","bodies":[{"path":"("}]}` + "\n")) },
		"a schedule in shreds": func(h *fakeHarness) {
			_, _ = h.conn.Write([]byte(`{"c":"job","schedule":{"ordinals":[1],"atUs":[],"request":[]}}` + "\n"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, talk := converse(t, nil)
			talk.exit = func(int) {}
			end(h)
			err := <-h.aborted
			require.Equal(t, 120, exitCodeOf(err))
			require.ErrorContains(t, err, "the harness is gone")
			require.Equal(t, 120, exitCodeOf(talk.awaitJob()))
		})
	}
}

// Goal: a harness that does not read is a harness that is gone; memory stays bounded.
func TestWireGivesUpWhenNobodyReads(t *testing.T) {
	t.Parallel()
	lost := make(chan error, 1)
	_, talk := converse(t, nil)
	w := &wire{onLost: func(err error) { lost <- err }, wake: make(chan struct{}, 1), conn: talk.wire.conn}
	big := make([]byte, 1<<20)
	for range queuedBytesMax>>20 + 1 {
		w.send(big)
	}
	require.ErrorContains(t, <-lost, "too slowly")
	require.Zero(t, w.queued())
	w.send(big)
	require.Zero(t, w.queued(), "afterwards nothing is kept")
}

func TestJobKnowsWhatItWants(t *testing.T) {
	t.Parallel()
	made, err := newJob(command{
		Bodies: []wantedBody{{Method: "GET", Path: "^/quote/[^/]+$"}},
		Traced: []string{"http://127.0.0.1:8080", "https://shop.example"},
	})
	require.NoError(t, err)
	for address, want := range map[string]bool{
		"http://127.0.0.1:8080/x": true, "http://127.0.0.1:8081/x": false, "https://127.0.0.1:8080/": false,
		"https://shop.example:443/": true, "https://shop.example/y?z": true, "http://shop.example/": false,
	} {
		require.Equal(t, want, made.traces(request(t, "GET", address).URL), address)
	}
	for address, want := range map[string]bool{"http://h/quote/a%2Fb?x=/": true, "http://h/quote/a/b": false, "http://h/quote/": false} {
		require.Equal(t, want, made.wantsBody(request(t, "GET", address)), address)
		require.False(t, made.wantsBody(request(t, "POST", address)), address)
	}
}
