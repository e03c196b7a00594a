package halfopen

import (
	"encoding/json"
	"os"
	"runtime"
	"time"

	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/executor"
	"go.k6.io/k6/v2/lib/types"
)

// scenario is one executor of the script as k6 has derived it.
type scenario struct {
	Executor       string   `json:"executor"`
	Exec           string   `json:"exec"`
	StartTimeMs    float64  `json:"startTimeMs"`
	GracefulStopMs float64  `json:"gracefulStopMs"`
	Rate           *int64   `json:"rate,omitempty"`
	TimeUnitMs     *float64 `json:"timeUnitMs,omitempty"`
	DurationMs     *float64 `json:"durationMs,omitempty"`
	Stages         []stage  `json:"stages,omitempty"`
	Vus            *int64   `json:"vus,omitempty"`
	VusMax         *int64   `json:"vusMax,omitempty"`
	Iterations     *int64   `json:"iterations,omitempty"`
}

type stage struct {
	Target     int64   `json:"target"`
	DurationMs float64 `json:"durationMs"`
}

type hello struct {
	T          string              `json:"t"`
	Protocol   int                 `json:"protocol"`
	Extension  string              `json:"extension"`
	K6         string              `json:"k6"`
	Go         string              `json:"go"`
	Pid        int                 `json:"pid"`
	Scenarios  map[string]scenario `json:"scenarios"`
	Thresholds map[string][]string `json:"thresholds"`
	Segment    *string             `json:"segment"`
}

func helloOf(options lib.Options) ([]byte, error) {
	said := hello{
		T:          "hello",
		Protocol:   Protocol,
		Extension:  Version,
		K6:         k6Version(),
		Go:         runtime.Version(),
		Pid:        os.Getpid(),
		Scenarios:  make(map[string]scenario, len(options.Scenarios)),
		Thresholds: make(map[string][]string, len(options.Thresholds)),
	}
	for name, config := range options.Scenarios {
		said.Scenarios[name] = scenarioOf(config)
	}
	for metric, conditions := range options.Thresholds {
		sources := make([]string, 0, len(conditions.Thresholds))
		for _, condition := range conditions.Thresholds {
			sources = append(sources, condition.Source)
		}
		said.Thresholds[metric] = sources
	}
	if segment := options.ExecutionSegment; segment != nil {
		text := segment.String()
		said.Segment = &text
	}
	text, err := json.Marshal(said)
	return append(text, '\n'), err
}

func scenarioOf(config lib.ExecutorConfig) scenario {
	exec := config.GetExec()
	if exec == "" {
		exec = "default"
	}
	made := scenario{
		Executor:       config.GetType(),
		Exec:           exec,
		StartTimeMs:    inMs(config.GetStartTime()),
		GracefulStopMs: inMs(config.GetGracefulStop()),
	}
	switch c := config.(type) {
	case *executor.ConstantArrivalRateConfig:
		made.Rate, made.TimeUnitMs, made.DurationMs = ptr(c.Rate.Int64), duration(c.TimeUnit), duration(c.Duration)
		made.Vus, made.VusMax = ptr(c.PreAllocatedVUs.Int64), ptr(c.MaxVUs.Int64)
	case *executor.RampingArrivalRateConfig:
		made.Rate, made.TimeUnitMs = ptr(c.StartRate.Int64), duration(c.TimeUnit)
		made.Stages, made.DurationMs = stagesOf(c.Stages)
		made.Vus, made.VusMax = ptr(c.PreAllocatedVUs.Int64), ptr(c.MaxVUs.Int64)
	case executor.ConstantVUsConfig:
		made.Vus, made.DurationMs = ptr(c.VUs.Int64), duration(c.Duration)
	case executor.RampingVUsConfig:
		made.Vus = ptr(c.StartVUs.Int64)
		made.Stages, made.DurationMs = stagesOf(c.Stages)
	case executor.SharedIterationsConfig:
		made.Vus, made.Iterations, made.DurationMs = ptr(c.VUs.Int64), ptr(c.Iterations.Int64), duration(c.MaxDuration)
	case executor.PerVUIterationsConfig:
		made.Vus, made.Iterations, made.DurationMs = ptr(c.VUs.Int64), ptr(c.Iterations.Int64), duration(c.MaxDuration)
	}
	return made
}

func stagesOf(stages []executor.Stage) ([]stage, *float64) {
	made := make([]stage, 0, len(stages))
	sum := 0.0
	for _, s := range stages {
		made = append(made, stage{Target: s.Target.Int64, DurationMs: inMs(s.Duration.TimeDuration())})
		sum += inMs(s.Duration.TimeDuration())
	}
	return made, &sum
}

func duration(value types.NullDuration) *float64 {
	return ptr(inMs(value.TimeDuration()))
}

func inMs(value time.Duration) float64 {
	return float64(value) / float64(time.Millisecond)
}

func ptr[T any](value T) *T {
	return &value
}
