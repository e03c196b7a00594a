//go:build !linux

package halfopen

import "time"

// sleepUntil returns at the moment atUs, or false if `stopped` came before.
func sleepUntil(atUs int64, stopped <-chan struct{}) bool {
	left := time.Duration(atUs-now()) * time.Microsecond
	if left <= 0 {
		return true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stopped:
		return false
	}
}
