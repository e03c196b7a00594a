package halfopen

import (
	"math"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/lib/netext/httpext"
	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"
)

func startedOutput(t *testing.T, job string, thresholds map[string]metrics.Thresholds) (*toHarness, *fakeHarness) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	h := &fakeHarness{aborted: make(chan error, 4)}
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		h.conn, _ = listener.Accept()
		_, _ = h.conn.Write([]byte(job + "\n"))
		go h.read()
	}()
	made, err := newOutput(output.Params{Logger: logrus.New(), Environment: map[string]string{socketVariable: path}})
	require.NoError(t, err)
	o, _ := made.(*toHarness)
	o.SetTestRunStopCallback(func(err error) { h.aborted <- err })
	o.SetThresholds(thresholds)
	require.NoError(t, o.Start())
	<-accepted
	t.Cleanup(func() { _ = listener.Close() })
	return o, h
}

// Goal: samples that have thresholds as k6 has them, drops of user scripts, counts at the end; nothing is lost before the end.
func TestOutputTellsSamplesDropsAndTheEnd(t *testing.T) {
	conditions := metrics.NewThresholds([]string{"p(95)<1", "max<100"})
	o, h := startedOutput(t, `{"c":"job","samples":true}`, map[string]metrics.Thresholds{
		"wait{quote:x}": conditions, "iteration_duration": {}, "http_req_duration": {},
	})
	registry := metrics.NewRegistry()
	builtin := metrics.RegisterBuiltinMetrics(registry)
	trend := registry.MustNewMetric("wait", metrics.Trend)
	tags := registry.RootTagSet().With("scenario", "buy").With("quote", `"`)
	at := time.Now()
	sample := func(metric *metrics.Metric, value float64) metrics.Sample {
		return metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: metric, Tags: tags}, Time: at, Value: value}
	}
	call := &httpext.Trail{EndTime: at, Duration: 5 * time.Millisecond, Blocked: 2 * time.Millisecond}
	call.SaveSamples(builtin, &metrics.TagsAndMeta{Tags: tags})
	o.AddMetricSamples([]metrics.SampleContainer{
		metrics.Samples{sample(trend, 1.25), sample(trend, math.NaN())}, sample(builtin.DroppedIterations, 3), call, sample(builtin.IterationDuration, 40),
	})
	conditions.Thresholds[0].LastFailed = true
	require.NoError(t, o.StopWithTestError(nil))
	last := h.await(t, "end", 1)[0]
	require.Equal(t, []any{0.0, 0.0, 3.0}, []any{last["begun"], last["ended"], last["dropped"]})
	require.Equal(t, map[string]any{"wait{quote:x}": []any{"p(95)<1"}}, last["crossed"])
	require.NotContains(t, last, "err")
	samples := h.of("sample")
	require.Len(t, samples, 3, "what has no threshold, and what is no number, is left out")
	told := map[string]any{"scenario": "buy", "quote": `"`}
	ended := float64(moment(at))
	require.Equal(t, record{"t": "sample", "at": ended, "m": "wait", "type": "trend", "v": 1.25, "tags": told}, samples[0])
	require.Equal(t, record{"t": "sample", "at": ended, "from": ended - 7000, "m": "http_req_duration", "type": "trend", "v": 5.0, "tags": told}, samples[1])
	require.Equal(t, ended-40_000, samples[2]["from"])
	require.Equal(t, []any{"buy", 3.0}, []any{h.of("drop")[0]["sc"], h.of("drop")[0]["n"]})
	require.Len(t, h.of("hello"), 1)
	require.NotEmpty(t, h.of("health"))
}

// Goal: what the generic runner's executor has left when it is stopped is no drop.
func TestOutputLeavesDropsToThePacer(t *testing.T) {
	o, h := startedOutput(t, `{"c":"job","samples":false,"schedule":{"ordinals":[],"atUs":[],"request":[]}}`, nil)
	registry := metrics.NewRegistry()
	dropped := registry.MustNewMetric(metrics.DroppedIterationsName, metrics.Counter)
	o.AddMetricSamples([]metrics.SampleContainer{
		metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: dropped, Tags: registry.RootTagSet()}, Time: time.Now(), Value: 900},
	})
	require.NoError(t, o.StopWithTestError(net.ErrClosed))
	last := h.await(t, "end", 1)[0]
	require.Equal(t, 0.0, last["dropped"])
	require.Equal(t, net.ErrClosed.Error(), last["err"])
	require.Empty(t, h.of("drop"))
	require.Empty(t, h.of("sample"))
}

func TestOutputNeedsAHarness(t *testing.T) {
	for name, environment := range map[string]map[string]string{
		"HALFOPEN_K6_SOCKET is not set": {},
		"cannot reach the harness":      {socketVariable: filepath.Join(t.TempDir(), "nobody")},
	} {
		made, err := newOutput(output.Params{Logger: logrus.New(), Environment: environment})
		require.NoError(t, err)
		require.ErrorContains(t, made.Start(), name)
	}
}
