package halfopen

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const healthEvery = time.Second

// health tells once a second how this process is.
type health struct {
	done chan struct{}
	over chan struct{}
}

func startHealth(t *talk) *health {
	h := &health{done: make(chan struct{}), over: make(chan struct{})}
	go func() {
		defer close(h.over)
		ticker := time.NewTicker(healthEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				t.wire.send(healthLine(t))
			case <-h.done:
				t.wire.send(healthLine(t))
				return
			}
		}
	}()
	return h
}

func (h *health) stop() {
	close(h.done)
	<-h.over
}

func healthLine(t *talk) []byte {
	var vus, vusMax int64
	if execution := t.execution.Load(); execution != nil {
		vus, vusMax = execution.GetCurrentlyActiveVUsCount(), execution.GetInitializedVUsCount()
	}
	return newLine("health").
		integer("at", now()).
		integer("cpuUs", cpuUs()).
		integer("rss", residentBytes()).
		integer("goroutines", int64(runtime.NumGoroutine())).
		integer("queued", int64(t.wire.queued())).
		integer("vus", vus).
		integer("vusMax", vusMax).
		integer("inFlight", t.begun.Load()-t.ended.Load()).
		end()
}

// cpuUs is what this process has used since it began.
func cpuUs() int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return (usage.Utime.Nano() + usage.Stime.Nano()) / int64(time.Microsecond)
}

// residentBytes is the memory that the machine holds for this process; where /proc does not tell, what Go has asked for.
func residentBytes() int64 {
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := bytes.Fields(statm); len(fields) > 1 {
			if pages, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				return pages * int64(os.Getpagesize())
			}
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int64(memory.Sys)
}
