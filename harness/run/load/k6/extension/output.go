package halfopen

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/lib/netext/httpext"
	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"
)

const (
	// connectWithin is how long the socket may take to accept.
	connectWithin = 5 * time.Second
	// tagSetsKept bounds the cache of tag sets as JSON.
	tagSetsKept = 20_000
)

// toHarness is the output `halfopen`: it opens the conversation, tells of drops and, where asked for, of every sample.
type toHarness struct {
	params output.Params
	logger logrus.FieldLogger
	abort  func(error)
	talk   *talk
	health *health
	tags   map[*metrics.TagSet][]byte
	// thresholds by metric; k6 notes in them whether they were crossed.
	thresholds map[string]metrics.Thresholds
	// judged are the metrics that have thresholds.
	judged map[string]bool
}

var _ interface {
	output.WithTestRunStop
	output.WithStopWithTestError
	output.WithThresholds
} = &toHarness{}

func newOutput(params output.Params) (output.Output, error) {
	return &toHarness{
		params: params,
		logger: params.Logger,
		abort:  func(error) {},
		tags:   make(map[*metrics.TagSet][]byte),
		judged: make(map[string]bool),
	}, nil
}

func (o *toHarness) Description() string {
	return "halfopen " + Version
}

func (o *toHarness) SetTestRunStopCallback(abort func(error)) {
	o.abort = abort
}

// SetThresholds is called before Start.
func (o *toHarness) SetThresholds(thresholds map[string]metrics.Thresholds) {
	o.thresholds = thresholds
	for name := range thresholds {
		metric, _, _ := strings.Cut(name, "{")
		o.judged[metric] = true
	}
}

// Start connects, says hello and waits for the job; no virtual user exists before it returns.
func (o *toHarness) Start() error {
	path := o.params.Environment[socketVariable]
	if path == "" {
		return fmt.Errorf("cannot start the output halfopen as %s is not set: `halfopen run --load k6` starts k6 with it", socketVariable)
	}
	hello, err := helloOf(o.params.ScriptOptions)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{Timeout: connectWithin}).Dial("unix", path)
	if err != nil {
		return fmt.Errorf("cannot reach the harness at %s=%s: %w", socketVariable, path, err)
	}
	o.talk = newTalk(conn, o.logger, o.abort)
	o.talk.wire.sendNow(hello)
	go o.talk.listen(conn)
	if err := o.talk.awaitJob(); err != nil {
		return err
	}
	current.Store(o.talk)
	o.health = startHealth(o.talk)
	return nil
}

// AddMetricSamples is called by one goroutine.
func (o *toHarness) AddMetricSamples(containers []metrics.SampleContainer) {
	for _, container := range containers {
		var begunAt time.Time
		if call, ok := container.(*httpext.Trail); ok {
			begunAt = call.EndTime.Add(-call.Duration - call.Blocked)
		}
		for _, sample := range container.GetSamples() {
			if sample.Metric.Name == metrics.DroppedIterationsName {
				o.tellDrop(sample)
			}
			if o.talk.job.samples && o.judged[sample.Metric.Name] {
				o.tellSample(sample, begunAt)
			}
		}
	}
}

// tellDrop tells of arrivals that k6's own executor dropped. The generic runner's arrivals are dropped by the pacer: what its executor
// calls dropped is what was left when it was stopped.
func (o *toHarness) tellDrop(sample metrics.Sample) {
	if o.talk.pacer.Load() != nil {
		return
	}
	scenario, _ := sample.Tags.Get(metrics.TagScenario.String())
	o.talk.drop(newLine("drop").integer("at", moment(sample.Time)).text("sc", scenario), int64(sample.Value))
}

// tellSample tells of a sample of a metric that has thresholds. k6 stamps what lasts with its end; begunAt is zero for what is no call.
func (o *toHarness) tellSample(sample metrics.Sample, begunAt time.Time) {
	if math.IsNaN(sample.Value) || math.IsInf(sample.Value, 0) {
		return
	}
	told := newLine("sample").integer("at", moment(sample.Time))
	if sample.Metric.Name == metrics.IterationDurationName {
		begunAt = sample.Time.Add(-time.Duration(sample.Value * float64(time.Millisecond)))
	}
	if !begunAt.IsZero() {
		told = told.integer("from", moment(begunAt))
	}
	o.talk.wire.send(told.
		text("m", sample.Metric.Name).
		text("type", sample.Metric.Type.String()).
		number("v", sample.Value).
		raw("tags", o.tagsOf(sample.Tags)).
		end())
}

// tagsOf renders each set of tags once: k6 shares them between samples.
func (o *toHarness) tagsOf(tags *metrics.TagSet) []byte {
	if known, ok := o.tags[tags]; ok {
		return known
	}
	if len(o.tags) >= tagSetsKept {
		clear(o.tags)
	}
	rendered := []byte{'{'}
	for name, value := range tags.Map() {
		if len(rendered) > 1 {
			rendered = append(rendered, ',')
		}
		rendered = append(appendQuoted(rendered, name), ':')
		rendered = appendQuoted(rendered, value)
	}
	rendered = append(rendered, '}')
	o.tags[tags] = rendered
	return rendered
}

// crossed is the thresholds that k6 found crossed at the end, as JSON: metric to conditions. k6 has judged them before it stops outputs.
func (o *toHarness) crossed() []byte {
	crossed := make(map[string][]string)
	for metric, thresholds := range o.thresholds {
		for _, threshold := range thresholds.Thresholds {
			if threshold.LastFailed {
				crossed[metric] = append(crossed[metric], threshold.Source)
			}
		}
	}
	rendered, err := json.Marshal(crossed)
	if err != nil {
		return []byte("{}")
	}
	return rendered
}

// Stop is there for the interface: k6 calls StopWithTestError.
func (o *toHarness) Stop() error {
	return o.StopWithTestError(nil)
}

// StopWithTestError says the last line. k6 has no virtual user any more, and has handed over every sample.
func (o *toHarness) StopWithTestError(testErr error) error {
	if o.talk == nil {
		return errors.New("the output halfopen was stopped before it was started")
	}
	if o.health != nil {
		o.health.stop()
	}
	last := newLine("end").integer("at", now())
	if testErr != nil {
		last = last.text("err", clipped(testErr.Error(), messageBytesMax))
	}
	o.talk.wire.send(last.
		integer("begun", o.talk.begun.Load()).
		integer("ended", o.talk.ended.Load()).
		integer("dropped", o.talk.dropped.Load()).
		raw("crossed", o.crossed()).
		end())
	current.Store(nil)
	o.talk.wire.close(o.talk.heardOut)
	return nil
}
