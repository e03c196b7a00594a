package halfopen

import (
	"time"

	"golang.org/x/sys/unix"
)

// epoch ties Go's monotonic readings, which have no zero that one may read, to the machine's monotonic clock, which other processes read.
type epoch struct {
	at time.Time
	us int64
}

//nolint:gochecknoglobals // One clock for the process, like the machine's.
var processEpoch = newEpoch()

// newEpoch reads both clocks as close to each other as a few tries allow.
func newEpoch() epoch {
	var best epoch
	narrowest := time.Duration(1<<63 - 1)
	for range 16 {
		before := time.Now()
		var spec unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &spec); err != nil {
			// Without the machine's clock the harness maps ours by asking (`clock`).
			return epoch{at: before, us: before.UnixMicro()}
		}
		if width := time.Since(before); width < narrowest {
			narrowest = width
			best = epoch{at: before.Add(width / 2), us: spec.Nano() / int64(time.Microsecond)}
		}
	}
	return best
}

// moment is t on the machine's monotonic clock, in microseconds.
func moment(t time.Time) int64 {
	return processEpoch.us + t.Sub(processEpoch.at).Microseconds()
}

// now is the machine's monotonic clock, in microseconds.
func now() int64 {
	return moment(time.Now())
}
