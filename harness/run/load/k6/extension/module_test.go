package halfopen

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/grafana/sobek"
	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/js/modulestest"
	"go.k6.io/k6/v2/lib"
)

// user is a virtual user with the module, as k6 makes one; tests share `current`, so they do not run side by side.
type user struct {
	*modulestest.Runtime
	*fakeHarness
	talk  *talk
	state *lib.State
}

func newUser(t *testing.T, job map[string]any) *user {
	t.Helper()
	u := &user{Runtime: modulestest.NewRuntime(t), state: &lib.State{VUID: 1, VUIDGlobal: 4, Transport: http.DefaultTransport}}
	if job != nil {
		u.fakeHarness, u.talk = converse(t, job)
		current.Store(u.talk)
		t.Cleanup(func() { current.Store(nil) })
	}
	exports := (&rootModule{}).NewModuleInstance(u.VU).Exports()
	require.NoError(t, u.VU.Runtime().Set("halfopen", exports.Default))
	require.NoError(t, u.VU.Runtime().Set("call", func(address string) (int, error) {
		res, err := u.state.Transport.RoundTrip(request(t, "GET", address))
		if err != nil {
			return 0, err
		}
		return res.StatusCode, res.Body.Close()
	}))
	return u
}

var startedAt = time.Now()

// inIteration is what k6 does before each iteration: a context of its own.
func (u *user) inIteration() (end func()) {
	ctx := lib.WithScenarioState(context.Background(), &lib.ScenarioState{Name: "checkout", StartTime: startedAt})
	u.VU.CtxField, end = context.WithCancel(ctx)
	if u.VU.State() == nil {
		u.MoveToVUContext(u.state)
	}
	return end
}

func (u *user) run(t *testing.T, code string) sobek.Value {
	t.Helper()
	value, err := u.RunOnEventLoop(code)
	require.NoError(t, err)
	return value
}

func anyJob() map[string]any {
	return map[string]any{"traced": []string{}}
}

func aServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestModuleRecordsFromEnterToLeave(t *testing.T) {
	address := aServer(t)
	u := newUser(t, anyJob())
	defer u.inIteration()()
	u.run(t, `call('`+address+`'); halfopen.enter(); halfopen.enter(); call('`+address+`'); halfopen.leave(); halfopen.leave()`)
	begin := u.await(t, "begin", 1)[0]
	iteration := u.await(t, "iter", 1)[0]
	require.Equal(t, []any{"checkout", 4.0, 1.0}, []any{begin["sc"], begin["vu"], begin["it"]})
	require.Equal(t, []any{"checkout", 4.0, 1.0, begin["itAt"]}, []any{iteration["sc"], iteration["vu"], iteration["it"], iteration["from"]})
	require.Len(t, u.of("begin"), 1, "what came before is not recorded")
	require.NotContains(t, iteration, "err")
	require.Equal(t, []record{{
		"t": "enter", "sc": "checkout", "vu": 4.0, "it": 1.0, "at": begin["itAt"], "scAt": float64(moment(startedAt)),
	}}, u.of("enter"))
}

// Goal: an iteration's calls are its own: what comes after its end, in a function that is not wrapped, is no load.
func TestModuleDoesNotRecordAfterTheIteration(t *testing.T) {
	address := aServer(t)
	u := newUser(t, anyJob())
	u.run(t, `var wrapped = halfopen.wrap(() => call('`+address+`'))`)
	end := u.inIteration()
	u.run(t, `wrapped()`)
	end()
	end = u.inIteration()
	u.run(t, `call('`+address+`')`)
	end()
	end = u.inIteration()
	u.run(t, `wrapped()`)
	end()
	begins := u.await(t, "begin", 2)
	require.Equal(t, []any{1.0, 2.0}, []any{begins[0]["it"], begins[1]["it"]})
	require.Len(t, begins, 2)
}

func TestModuleWrapsFunctions(t *testing.T) {
	u := newUser(t, anyJob())
	u.run(t, `
		const own = { name: 'own' };
		var good = halfopen.wrap(function (data) { return [this === own, data.a] });
		var bad = halfopen.wrap(() => { throw new TypeError('no such thing') });
		var outer = halfopen.wrap(() => halfopen.wrap(() => 5)());
		var early = halfopen.wrap(() => 'in the init code')();
		var go = () => good.call(own, { a: 7 });`)
	require.Equal(t, "in the init code", u.VU.Runtime().Get("early").String())
	end := u.inIteration()
	require.Equal(t, []any{true, int64(7)}, u.run(t, `go()`).Export())
	end()
	end = u.inIteration()
	_, err := u.RunOnEventLoop(`bad()`)
	require.ErrorContains(t, err, "TypeError: no such thing")
	end()
	end = u.inIteration()
	require.Equal(t, int64(5), u.run(t, `outer()`).Export())
	end()
	told := u.await(t, "iter", 3)
	require.NotContains(t, told[0], "err")
	require.Contains(t, told[1]["err"], "TypeError: no such thing")
	require.NotContains(t, told[2], "err")
	require.Equal(t, []any{1.0, 2.0, 3.0}, []any{told[0]["it"], told[1]["it"], told[2]["it"]})
	require.Len(t, u.of("iter"), 3, "an inner one belongs to the outer one's iteration")
	_, err = u.RunOnEventLoop(`halfopen.wrap(3)`)
	require.ErrorContains(t, err, "must be a function")
}

func TestModuleWrapsAsyncFunctions(t *testing.T) {
	u := newUser(t, anyJob())
	end := u.inIteration()
	u.run(t, `var got; var later = halfopen.wrap(async () => { await 1; return 8 }); later().then((value) => { got = value })`)
	require.Equal(t, int64(8), u.VU.Runtime().Get("got").Export())
	end()
	require.NotContains(t, u.await(t, "iter", 1)[0], "err")

	end = u.inIteration()
	u.run(t, `var thrown; halfopen.wrap(async () => { await 1; throw new Error('late') })().catch((error) => { thrown = error.message })`)
	require.Equal(t, "late", u.VU.Runtime().Get("thrown").String())
	end()
	require.Equal(t, "Error: late", u.await(t, "iter", 2)[1]["err"])

	// One that is never settled: k6 gives the iteration up.
	end = u.inIteration()
	u.run(t, `void halfopen.wrap(() => new Promise(() => {}))()`)
	require.Len(t, u.of("iter"), 2)
	end()
	interrupted := u.await(t, "iter", 3)[2]
	require.Equal(t, true, interrupted["interrupted"])
	require.NotContains(t, interrupted, "err")
}

// Goal: an iteration that k6 interrupts has not thrown.
func TestModuleTellsAnInterruptionFromAnException(t *testing.T) {
	u := newUser(t, anyJob())
	defer u.inIteration()()
	runtime := u.VU.Runtime()
	timer := time.AfterFunc(20*time.Millisecond, func() { runtime.Interrupt("the test's end") })
	defer timer.Stop()
	_, err := u.RunOnEventLoop(`halfopen.wrap(() => { for (;;) {} })()`)
	require.Error(t, err)
	told := u.await(t, "iter", 1)[0]
	require.Equal(t, true, told["interrupted"])
	require.NotContains(t, told, "err")
}

func TestModuleHandsOutArrivals(t *testing.T) {
	address := aServer(t)
	u := newUser(t, map[string]any{"schedule": map[string]any{"ordinals": []int{5, 9}, "atUs": []float64{0, 200_000.5}, "request": []int{1, 0}}})
	defer u.inIteration()()
	u.say(t, map[string]any{"c": "begin", "at": now() + 20_000})
	u.run(t, `
		var all = [];
		for (let next; (next = halfopen.next()) !== null; ) { all.push(next.ordinal, next.request); call('`+address+`') }`)
	require.Equal(t, []any{int64(5), int64(1), int64(9), int64(0)}, u.VU.Runtime().Get("all").Export())
	begins := u.await(t, "begin", 2)
	require.Equal(t, []any{5.0, 9.0}, []any{begins[0]["ord"], begins[1]["ord"]})
	require.Equal(t, 1.0, u.await(t, "waiting", 1)[0]["vus"])
	require.Empty(t, append(u.of("iter"), u.of("enter")...))
}

// Goal: connections of the generic runner are not kept longer than servers keep them; the planted defect is k6's default, forever.
func TestModuleKeepsIdleConnectionsShort(t *testing.T) {
	u := newUser(t, map[string]any{"schedule": map[string]any{"ordinals": []int{}, "atUs": []int{}, "request": []int{}}})
	transport := &http.Transport{}
	u.state.Transport = transport
	defer u.inIteration()()
	u.say(t, map[string]any{"c": "begin", "at": now()})
	u.run(t, `halfopen.enter(); halfopen.next()`)
	require.Equal(t, idleWithin, transport.IdleConnTimeout)
}

func TestModuleTellsPhaseMarkAndTrace(t *testing.T) {
	address := aServer(t)
	u := newUser(t, map[string]any{"traced": []string{address}})
	defer u.inIteration()()
	u.say(t, map[string]any{"c": "phase", "name": "fault"})
	waitFor(t, "the phase", func() bool { return u.run(t, `halfopen.phase()`).String() == "fault" })
	u.run(t, `halfopen.mark('paid'); halfopen.mark('paid', 'by card')`)
	marks := u.await(t, "mark", 2)
	require.NotContains(t, marks[0], "detail")
	require.Equal(t, []any{"paid", "by card"}, []any{marks[1]["name"], marks[1]["detail"]})
	_, err := u.RunOnEventLoop(`halfopen.mark('')`)
	require.ErrorContains(t, err, "1 to 200 bytes")
	require.Equal(t, "", u.run(t, `halfopen.traceId()`).String())
	trace := u.run(t, `halfopen.enter(); call('`+address+`'); halfopen.traceId()`).String()
	require.Equal(t, u.await(t, "begin", 1)[0]["tid"], trace)
}

// Goal: a script that uses the module also runs by itself.
func TestModuleIsInertWithoutAHarness(t *testing.T) {
	address := aServer(t)
	u := newUser(t, nil)
	defer u.inIteration()()
	require.Equal(t, []any{"", "", int64(200), int64(3)}, u.run(t, `
		halfopen.enter(); halfopen.mark('x'); halfopen.leave('oh');
		[halfopen.phase(), halfopen.traceId(), call('`+address+`'), halfopen.wrap(() => 3)()]`).Export())
	_, err := u.RunOnEventLoop(`halfopen.next()`)
	require.ErrorContains(t, err, "not started by halfopen")
}

func TestModuleRefusesToEnterOutsideAnIteration(t *testing.T) {
	u := newUser(t, anyJob())
	_, err := u.RunOnEventLoop(`halfopen.enter()`)
	require.ErrorContains(t, err, "belongs into an iteration")
}
