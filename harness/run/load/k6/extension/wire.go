package halfopen

import (
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// flushEvery bounds how long a line waits to be written.
	flushEvery = 10 * time.Millisecond
	// writeWithin is how long the harness may leave the socket unread before it counts as gone.
	writeWithin = 10 * time.Second
	// queuedBytesMax bounds what waits for a harness that reads too slowly.
	queuedBytesMax = 64 << 20
	// hangUpWithin is how long the harness may take to hang up after the last line.
	hangUpWithin = 2 * time.Second
	// writeAtOnceBytes is how much is worth a write before the time has come.
	writeAtOnceBytes = 64 << 10
)

// wire writes lines to the harness from any goroutine: they are queued, and one goroutine writes them in their order.
type wire struct {
	conn net.Conn
	// onLost is told once, when the harness can no longer be told anything.
	onLost func(error)

	mutex  sync.Mutex
	buffer []byte
	lines  int
	err    error
	closed bool

	wake    chan struct{}
	drained chan struct{}
}

func newWire(conn net.Conn, onLost func(error)) *wire {
	w := &wire{conn: conn, onLost: onLost, wake: make(chan struct{}, 1), drained: make(chan struct{})}
	go w.write()
	return w
}

// send queues a line; what comes after the wire is closed or lost is let go.
func (w *wire) send(line []byte) {
	w.mutex.Lock()
	if w.err != nil || w.closed {
		w.mutex.Unlock()
		return
	}
	w.buffer = append(w.buffer, line...)
	w.lines++
	size := len(w.buffer)
	w.mutex.Unlock()
	if size > queuedBytesMax {
		w.lose(fmt.Errorf("the harness reads too slowly: %d MB wait for it", queuedBytesMax>>20))
	} else if size > writeAtOnceBytes {
		w.nudge()
	}
}

// sendNow queues a line that must not wait for others.
func (w *wire) sendNow(line []byte) {
	w.send(line)
	w.nudge()
}

func (w *wire) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// queued is the number of lines that wait to be written.
func (w *wire) queued() int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.lines
}

// lose gives the wire up.
func (w *wire) lose(err error) {
	w.mutex.Lock()
	first := w.err == nil && !w.closed
	if first {
		w.err = err
		w.buffer = nil
		w.lines = 0
	}
	w.mutex.Unlock()
	if first {
		w.onLost(err)
	}
}

// close writes what is queued, lets nothing more in and says that this was all. It goes on taking what the harness says until that hangs up
// too: a connection that is closed under a harness that is about to write breaks, and takes along what it has not read yet.
func (w *wire) close(heardOut <-chan struct{}) {
	w.mutex.Lock()
	w.closed = true
	w.mutex.Unlock()
	w.nudge()
	<-w.drained
	if half, ok := w.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		select {
		case <-heardOut:
		case <-time.After(hangUpWithin):
		}
	}
	_ = w.conn.Close()
}

func (w *wire) write() {
	defer close(w.drained)
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	var spare []byte
	for {
		select {
		case <-ticker.C:
		case <-w.wake:
		}
		w.mutex.Lock()
		batch, count, isLast := w.buffer, w.lines, w.closed
		w.buffer = spare[:0]
		w.mutex.Unlock()
		if err := w.writeBatch(batch); err != nil {
			w.lose(fmt.Errorf("cannot write to the harness: %w", err))
			return
		}
		w.mutex.Lock()
		w.lines = max(0, w.lines-count)
		lost := w.err != nil
		w.mutex.Unlock()
		if isLast || lost {
			return
		}
		spare = batch
	}
}

func (w *wire) writeBatch(batch []byte) error {
	if len(batch) == 0 {
		return nil
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	_, err := w.conn.Write(batch)
	return err
}
