package halfopen

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"
)

// Goal: hello has every executor with what its arrivals are computed from.
func TestHelloHasEveryExecutor(t *testing.T) {
	t.Parallel()
	var options lib.Options
	require.NoError(t, json.Unmarshal([]byte(`{
		"executionSegment": "0:1/2",
		"scenarios": {
			"car": {"executor": "constant-arrival-rate", "rate": 7, "timeUnit": "2s", "duration": "90s", "preAllocatedVUs": 3, "maxVUs": 9, "startTime": "1.5s", "gracefulStop": "4s", "exec": "buy"},
			"rar": {"executor": "ramping-arrival-rate", "startRate": 2, "stages": [{"target": 5, "duration": "3s"}, {"target": 0, "duration": "500ms"}], "preAllocatedVUs": 1},
			"cv": {"executor": "constant-vus", "vus": 4, "duration": "10s"},
			"rv": {"executor": "ramping-vus", "startVUs": 1, "stages": [{"target": 2, "duration": "1s"}]},
			"si": {"executor": "shared-iterations", "vus": 2, "iterations": 8, "maxDuration": "20s"},
			"pi": {"executor": "per-vu-iterations", "vus": 2, "iterations": 8, "maxDuration": "20s"}
		}}`), &options))
	options.Thresholds = map[string]metrics.Thresholds{"http_req_duration{name:a}": metrics.NewThresholds([]string{"p(95)<50", "max<100"})}
	raw, err := helloOf(options)
	require.NoError(t, err)
	var said struct {
		T, Extension, Go string
		Protocol, Pid    int
		Scenarios        map[string]json.RawMessage
		Thresholds       map[string][]string
		Segment          string
	}
	require.NoError(t, json.Unmarshal(raw, &said))
	require.Equal(t, []any{"hello", Protocol, Version, "0:1/2"}, []any{said.T, said.Protocol, said.Extension, said.Segment})
	require.Equal(t, map[string][]string{"http_req_duration{name:a}": {"p(95)<50", "max<100"}}, said.Thresholds)
	for name, want := range map[string]string{
		"car": `{"executor":"constant-arrival-rate","exec":"buy","startTimeMs":1500,"gracefulStopMs":4000,"rate":7,"timeUnitMs":2000,"durationMs":90000,"vus":3,"vusMax":9}`,
		"rar": `{"executor":"ramping-arrival-rate","exec":"default","startTimeMs":0,"gracefulStopMs":30000,"rate":2,"timeUnitMs":1000,"durationMs":3500,
			"stages":[{"target":5,"durationMs":3000},{"target":0,"durationMs":500}],"vus":1,"vusMax":0}`,
		"cv": `{"executor":"constant-vus","exec":"default","startTimeMs":0,"gracefulStopMs":30000,"durationMs":10000,"vus":4}`,
		"rv": `{"executor":"ramping-vus","exec":"default","startTimeMs":0,"gracefulStopMs":30000,"durationMs":1000,"stages":[{"target":2,"durationMs":1000}],"vus":1}`,
		"si": `{"executor":"shared-iterations","exec":"default","startTimeMs":0,"gracefulStopMs":30000,"durationMs":20000,"vus":2,"iterations":8}`,
		"pi": `{"executor":"per-vu-iterations","exec":"default","startTimeMs":0,"gracefulStopMs":30000,"durationMs":20000,"vus":2,"iterations":8}`,
	} {
		require.JSONEq(t, want, string(said.Scenarios[name]), name)
	}
}
