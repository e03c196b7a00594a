package halfopen

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// A timer of Go fires up to a millisecond late, since its poller waits for whole ones: what is left below that is slept by the kernel.
const timerGrain = 1500 * time.Microsecond

// sleepUntil returns at the moment atUs, or false if `stopped` came before.
func sleepUntil(atUs int64, stopped <-chan struct{}) bool {
	left := time.Duration(atUs-now()) * time.Microsecond
	if left > timerGrain {
		timer := time.NewTimer(left - timerGrain)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-stopped:
			return false
		}
	}
	for {
		left = time.Duration(atUs-now()) * time.Microsecond
		if left <= 0 {
			return true
		}
		// In absolute terms an interrupted sleep needs no sum.
		spec := unix.NsecToTimespec(atUs * int64(time.Microsecond))
		if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &spec, nil); err != nil && err != unix.EINTR {
			runtime.Gosched()
		}
	}
}
