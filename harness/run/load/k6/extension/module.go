package halfopen

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/lib"
)

const (
	nameBytesMax   = 200
	detailBytesMax = 2000
	// idleWithin is how long the generic runner keeps a connection that nobody uses: Node's servers close them after 5 s, and a call
	// that meets this moment would fail by no fault of the system. The builtin driver does the same.
	idleWithin = 4 * time.Second
)

// rootModule is `k6/x/halfopen`; each virtual user has a module of its own.
type rootModule struct{}

type module struct {
	vu       modules.VU
	recorder *recorder
}

// visit is one iteration of a virtual user.
type visit struct {
	ctx       context.Context //nolint:containedctx // Tells iterations apart.
	scenario  string
	vu        int64
	iteration int64
	at        int64
	// ordinal of the arrival for which it is made; -1 without one.
	ordinal   int64
	hasCalled atomic.Bool
	hasLeft   atomic.Bool
	trace     atomic.Pointer[string]
}

var (
	_ modules.Module   = &rootModule{}
	_ modules.Instance = &module{}
)

func (*rootModule) NewModuleInstance(vu modules.VU) modules.Instance {
	return &module{vu: vu}
}

func (m *module) Exports() modules.Exports {
	named := map[string]any{
		"enter":   m.enter,
		"leave":   m.leave,
		"wrap":    m.wrap,
		"next":    m.next,
		"phase":   m.phase,
		"mark":    m.mark,
		"traceId": m.traceID,
		"runId":   os.Getenv(runVariable),
	}
	all := m.vu.Runtime().NewObject()
	for name, value := range named {
		_ = all.Set(name, value)
	}
	return modules.Exports{Default: all, Named: named}
}

// enter starts the recording of an iteration. It does nothing where there is no harness, and nothing the second time in one iteration.
func (m *module) enter() error {
	if m.vu.State() == nil {
		return errors.New("cannot enter: halfopen.enter() belongs into an iteration, not into the script's own code")
	}
	m.visit(-1)
	return nil
}

// visit is nil in setup, teardown and handleSummary, whose calls are no load, and without a harness.
func (m *module) visit(ordinal int64) *visit {
	talk, state, ctx := current.Load(), m.vu.State(), m.vu.Context()
	scenario := lib.GetScenarioState(ctx)
	if talk == nil || scenario == nil {
		return nil
	}
	if m.recorder == nil || m.recorder.talk != talk {
		m.recorder = &recorder{base: state.Transport, talk: talk}
		state.Transport = m.recorder
		talk.execution.CompareAndSwap(nil, lib.GetExecutionState(ctx))
	}
	if open := m.recorder.visit.Load(); open != nil && open.ctx == ctx && !open.hasLeft.Load() {
		return nil
	}
	made := &visit{
		ctx:       ctx,
		scenario:  scenario.Name,
		vu:        int64(state.VUIDGlobal), //nolint:gosec // A small number.
		iteration: talk.iterations.Add(1),
		at:        now(),
		ordinal:   ordinal,
	}
	m.recorder.visit.Store(made)
	if talk.job.schedule == nil {
		talk.wire.send(newLine("enter").
			text("sc", made.scenario).
			integer("vu", made.vu).
			integer("it", made.iteration).
			integer("at", made.at).
			integer("scAt", moment(scenario.StartTime)).
			end())
	}
	return made
}

// leave ends the iteration; `thrown` is what ended it, if something did.
func (m *module) leave(thrown sobek.Value) {
	text := ""
	if thrown != nil && !sobek.IsUndefined(thrown) && !sobek.IsNull(thrown) {
		text = nonEmpty(thrown.String())
	}
	m.close(m.open(), text, false)
}

func (m *module) open() *visit {
	if m.recorder == nil {
		return nil
	}
	return m.recorder.visit.Load()
}

func (m *module) close(open *visit, thrown string, isInterrupted bool) {
	if open == nil || open.hasLeft.Swap(true) {
		return
	}
	told := newLine("iter").
		text("sc", open.scenario).
		integer("vu", open.vu).
		integer("it", open.iteration).
		integer("from", open.at).
		integer("at", now())
	if isInterrupted {
		told = told.boolean("interrupted", true)
	} else if thrown != "" {
		told = told.text("err", clipped(thrown, messageBytesMax))
	}
	m.recorder.talk.wire.send(told.end())
}

// wrap is a function that does what `fn` does, as an iteration.
func (m *module) wrap(wrapped sobek.Value) (sobek.Value, error) {
	callable, ok := sobek.AssertFunction(wrapped)
	if !ok {
		return nil, errors.New("cannot wrap as the argument must be a function")
	}
	return m.vu.Runtime().ToValue(func(made sobek.FunctionCall) sobek.Value {
		if m.vu.State() == nil {
			return passOn(callable(made.This, made.Arguments...))
		}
		open := m.visit(-1)
		result, err := callable(made.This, made.Arguments...)
		if err != nil {
			text, isInterrupted := thrownText(err)
			m.close(open, text, isInterrupted)
			panic(err)
		}
		if then, promise := thenOf(result); then != nil && open != nil {
			return m.whenSettled(open, then, promise)
		}
		m.close(open, "", false)
		return result
	}), nil
}

func passOn(result sobek.Value, err error) sobek.Value {
	if err != nil {
		panic(err)
	}
	return result
}

// whenSettled leaves when the promise does. What it answers rejects as the promise does: k6 must see that nobody has handled it.
func (m *module) whenSettled(open *visit, then sobek.Callable, promise sobek.Value) sobek.Value {
	runtime := m.vu.Runtime()
	// k6 ends the iteration's context when it has given the iteration up, and also when the promise was settled, which comes first.
	stop := context.AfterFunc(open.ctx, func() { m.close(open, "", true) })
	settled, err := then(promise,
		runtime.ToValue(func(made sobek.FunctionCall) sobek.Value {
			m.close(open, "", false)
			stop()
			return made.Argument(0)
		}),
		runtime.ToValue(func(made sobek.FunctionCall) sobek.Value {
			m.close(open, nonEmpty(made.Argument(0).String()), false)
			stop()
			panic(made.Argument(0))
		}))
	return passOn(settled, err)
}

func thenOf(value sobek.Value) (sobek.Callable, sobek.Value) {
	object, ok := value.(*sobek.Object)
	if !ok {
		return nil, nil
	}
	if _, isPromise := object.Export().(*sobek.Promise); !isPromise {
		return nil, nil
	}
	then, _ := sobek.AssertFunction(object.Get("then"))
	return then, object
}

// thrownText tells an exception of the script from k6's own hand, which ends an iteration without the script's having failed.
func thrownText(err error) (text string, isInterrupted bool) {
	var interrupted *sobek.InterruptedError
	if errors.As(err, &interrupted) {
		return "", true
	}
	return nonEmpty(err.Error()), false
}

func nonEmpty(text string) string {
	if text == "" {
		return "an empty exception"
	}
	return text
}

// next waits for an arrival of the job's schedule and enters for it; null when there is none left.
func (m *module) next() (sobek.Value, error) {
	talk := current.Load()
	if talk == nil {
		return nil, errors.New("cannot wait for an arrival: k6 was not started by halfopen (`halfopen run --load k6`)")
	}
	pacer := talk.pacer.Load()
	if pacer == nil || m.vu.State() == nil {
		return nil, errors.New("cannot wait for an arrival: the harness has given no schedule, or this is no iteration")
	}
	m.keepIdleShort()
	taken, ok := pacer.next(m.vu.Context())
	if !ok {
		return sobek.Null(), nil
	}
	if open := m.open(); open != nil {
		open.hasLeft.Store(true)
	}
	m.visit(taken.ordinal)
	runtime := m.vu.Runtime()
	given := runtime.NewObject()
	if err := errors.Join(given.Set("ordinal", taken.ordinal), given.Set("request", taken.request)); err != nil {
		return nil, err
	}
	return given, nil
}

func (m *module) keepIdleShort() {
	base := m.vu.State().Transport
	if m.recorder != nil {
		base = m.recorder.base
	}
	if transport, ok := base.(*http.Transport); ok && transport.IdleConnTimeout == 0 {
		transport.IdleConnTimeout = idleWithin
	}
}

// phase is the name of the run's current phase.
func (m *module) phase() string {
	if talk := current.Load(); talk != nil {
		return *talk.phase.Load()
	}
	return ""
}

// mark sets a mark on the run's time axis.
func (m *module) mark(name string, detail sobek.Value) error {
	if name == "" || len(name) > nameBytesMax {
		return errors.New("cannot mark as the name must have 1 to 200 bytes")
	}
	talk := current.Load()
	if talk == nil {
		return nil
	}
	told := newLine("mark").integer("at", now()).text("name", name)
	if detail != nil && !sobek.IsUndefined(detail) && !sobek.IsNull(detail) {
		told = told.text("detail", clipped(detail.String(), detailBytesMax))
	}
	talk.wire.send(told.end())
	return nil
}

// traceID is the trace id of this virtual user's latest call; empty before the first one.
func (m *module) traceID() string {
	if open := m.open(); open != nil {
		if trace := open.trace.Load(); trace != nil {
			return *trace
		}
	}
	return ""
}
