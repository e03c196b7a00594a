package halfopen

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/errext"
	"go.k6.io/k6/v2/errext/exitcodes"
	"go.k6.io/k6/v2/lib"
)

const (
	// exitHarnessGone is the exit code of a k6 whose harness went away; k6's own end at 110.
	exitHarnessGone = exitcodes.ExitCode(120)
	// jobWithin is how long the harness may take to answer `hello`.
	jobWithin = 30 * time.Second
	// exitWithin is how long k6 may take to end by itself once its harness is gone: a script's teardown could go on for minutes.
	exitWithin = 10 * time.Second
)

// talk is the conversation with the harness: one for the process, from the output's start to its end.
type talk struct {
	wire   *wire
	logger logrus.FieldLogger
	// abort ends k6's test run.
	abort func(error)

	job     job
	jobCame chan struct{}
	pacer   atomic.Pointer[pacer]
	phase   atomic.Pointer[string]

	begun, ended, dropped, iterations atomic.Int64
	// execution is k6's own count of virtual users; known once one of them runs.
	execution atomic.Pointer[lib.ExecutionState]

	// heardOut is closed when the harness has closed its end.
	heardOut chan struct{}
	// gone is closed when the harness is.
	gone     chan struct{}
	goneOnce sync.Once
	cause    atomic.Pointer[error]
	begins   sync.Once
	// exit ends the process.
	exit func(code int)
}

// current is what the virtual users talk through; nil where the output is not used, and then the module does nothing.
//
//nolint:gochecknoglobals // The output and the module are made by k6 apart from each other.
var current atomic.Pointer[talk]

func newTalk(conn net.Conn, logger logrus.FieldLogger, abort func(error)) *talk {
	t := &talk{logger: logger, abort: abort, jobCame: make(chan struct{}), heardOut: make(chan struct{}), gone: make(chan struct{}), exit: os.Exit}
	none := ""
	t.phase.Store(&none)
	t.wire = newWire(conn, t.lose)
	return t
}

// listen obeys the harness until it closes the connection.
func (t *talk) listen(conn io.Reader) {
	defer close(t.heardOut)
	decoder := json.NewDecoder(conn)
	for {
		var next command
		if err := decoder.Decode(&next); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it closed the connection")
			}
			t.wire.lose(err)
			return
		}
		if err := t.obey(next); err != nil {
			t.wire.lose(err)
			return
		}
	}
}

func (t *talk) obey(asked command) error {
	switch asked.C {
	case "job":
		return t.take(asked)
	case "clock":
		t.wire.sendNow(newLine("clock").integer("id", asked.ID).integer("at", now()).end())
	case "begin":
		if pacer := t.pacer.Load(); pacer != nil {
			t.begins.Do(func() { go pacer.run(int64(asked.At)) })
		}
	case "phase":
		t.phase.Store(&asked.Name)
	case "stop":
		t.stop()
	default:
		return fmt.Errorf("it said %q, which protocol %d does not have", asked.C, Protocol)
	}
	return nil
}

func (t *talk) take(asked command) error {
	select {
	case <-t.jobCame:
		return errors.New("it sent a second job")
	default:
	}
	made, err := newJob(asked)
	if err != nil {
		return err
	}
	t.job = made
	if made.schedule != nil {
		t.pacer.Store(newPacer(*made.schedule,
			func(vus int) { t.wire.sendNow(newLine("waiting").integer("vus", int64(vus)).end()) },
			func(ordinal int64) {
				t.drop(newLine("drop").integer("at", now()).integer("ord", ordinal).text("sc", "default"), 1)
			}))
	}
	close(t.jobCame)
	return nil
}

// awaitJob returns when the job has come.
func (t *talk) awaitJob() error {
	timer := time.NewTimer(jobWithin)
	defer timer.Stop()
	select {
	case <-t.jobCame:
		return nil
	case <-t.gone:
		return errext.WithExitCodeIfNone(fmt.Errorf("the harness is gone: %w", *t.cause.Load()), exitHarnessGone)
	case <-timer.C:
		return fmt.Errorf("the harness has sent no job within %s", jobWithin)
	}
}

func (t *talk) drop(unfinished line, count int64) {
	t.dropped.Add(count)
	t.wire.send(unfinished.integer("n", count).end())
}

// stop ends the test because the harness says so.
func (t *talk) stop() {
	t.stopPacer()
	err := errext.WithExitCodeIfNone(errors.New("halfopen has stopped the test"), exitcodes.ExternalAbort)
	t.abort(errext.WithAbortReasonIfNone(err, errext.AbortedByOutput))
}

// lose ends the test because nobody listens any more: load that nobody records is load against nobody's will.
func (t *talk) lose(cause error) {
	t.goneOnce.Do(func() {
		t.cause.Store(&cause)
		close(t.gone)
		t.logger.Errorf("halfopen: the harness is gone, the test is aborted: %v", cause)
		t.stopPacer()
		err := errext.WithExitCodeIfNone(fmt.Errorf("the harness is gone: %w", cause), exitHarnessGone)
		t.abort(errext.WithAbortReasonIfNone(err, errext.AbortedByOutput))
		time.AfterFunc(exitWithin, func() {
			t.logger.Errorf("halfopen: the test has not ended within %s, k6 exits", exitWithin)
			t.exit(int(exitHarnessGone))
		})
	})
}

func (t *talk) stopPacer() {
	if pacer := t.pacer.Load(); pacer != nil {
		pacer.stop()
	}
}
