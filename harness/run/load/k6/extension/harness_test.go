package halfopen

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

type record map[string]any

// fakeHarness is the other end of the socket.
type fakeHarness struct {
	conn  net.Conn
	mutex sync.Mutex
	lines []record
	// aborted gets what k6's run would be aborted with.
	aborted chan error
}

// converse makes a conversation over a real unix socket, with k6's abort replaced.
func converse(t *testing.T, asked map[string]any) (*fakeHarness, *talk) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer listener.Close()
	ours, err := net.Dial("unix", listener.Addr().String())
	require.NoError(t, err)
	theirs, err := listener.Accept()
	require.NoError(t, err)
	h := &fakeHarness{conn: theirs, aborted: make(chan error, 4)}
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	talk := newTalk(ours, logger, func(err error) { h.aborted <- err })
	go h.read()
	go talk.listen(ours)
	if asked != nil {
		asked["c"] = "job"
		h.say(t, asked)
		require.NoError(t, talk.awaitJob())
	}
	t.Cleanup(func() {
		talk.wire.close(talk.heardOut)
		_ = theirs.Close()
	})
	return h, talk
}

func (h *fakeHarness) read() {
	defer h.conn.Close()
	lines := bufio.NewScanner(h.conn)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var one record
		if json.Unmarshal(lines.Bytes(), &one) != nil {
			one = record{"t": "garbage"}
		}
		h.mutex.Lock()
		h.lines = append(h.lines, one)
		h.mutex.Unlock()
	}
}

func (h *fakeHarness) say(t *testing.T, what map[string]any) {
	t.Helper()
	require.NoError(t, json.NewEncoder(h.conn).Encode(what))
}

// of are the records of one kind.
func (h *fakeHarness) of(kind string) []record {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var found []record
	for _, one := range h.lines {
		if one["t"] == kind {
			found = append(found, one)
		}
	}
	return found
}

// await returns the records of one kind once there are as many.
func (h *fakeHarness) await(t *testing.T, kind string, count int) []record {
	t.Helper()
	waitFor(t, kind, func() bool { return len(h.of(kind)) >= count })
	return h.of(kind)
}
