package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Quantiles of what was measured, in the unit that the command names; all zero where `count` is.
type Quantiles struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Most  float64 `json:"most"`
}

func quantiles(values []float64) Quantiles {
	slices.Sort(values)
	at := func(share float64) float64 {
		if len(values) == 0 {
			return 0
		}
		return values[min(len(values)-1, int(share*float64(len(values))))]
	}
	return Quantiles{Count: len(values), P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Most: at(1)}
}

func micros(length time.Duration) float64 { return float64(length.Nanoseconds()) / 1e3 }
func millis(length time.Duration) float64 { return float64(length.Nanoseconds()) / 1e6 }

// What is counted between the end of the warm-up and the end of the window. Work before and after is done all the same.
type window struct {
	isOpen atomic.Bool
	isOver atomic.Bool
}

// Runs workers through a warm-up and a window and tells how long the window was.
func (w *window) run(warm, length time.Duration, workers int, work func(worker int)) time.Duration {
	var all sync.WaitGroup
	for worker := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			work(worker)
		}()
	}
	time.Sleep(warm)
	began := time.Now()
	w.isOpen.Store(true)
	time.Sleep(length)
	w.isOpen.Store(false)
	took := time.Since(began)
	w.isOver.Store(true)
	all.Wait()
	return took
}
