package main

import (
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

type Connections struct {
	Quantiles
	PerSecond float64 `json:"rate"`
	// All connections that got their byte back, those of the warm-up too.
	Made   int64 `json:"units"`
	Errors int64 `json:"errors"`
}

// Connections one after the other by each of a number of workers: connect, one byte there and back, RST. Latencies in microseconds.
func connections(args []string) (any, error) {
	flags := flag.NewFlagSet("connect", flag.ExitOnError)
	port := flags.Int("port", 0, "where")
	workers := flags.Int("workers", 1, "at once")
	length := flags.Duration("for", time.Second, "of the window")
	warm := flags.Duration("warm", 200*time.Millisecond, "before it")
	flags.Parse(args)

	var made, errors atomic.Int64
	var lock sync.Mutex
	var all []float64
	w := &window{}
	took := w.run(*warm, *length, *workers, func(int) {
		lengths := make([]float64, 0, 1<<12)
		for !w.isOver.Load() {
			began := time.Now()
			if err := touch(*port); err != nil {
				errors.Add(1)
				// A peer that refuses at once must not make a busy loop of this.
				time.Sleep(time.Millisecond)
				continue
			}
			made.Add(1)
			if w.isOpen.Load() {
				lengths = append(lengths, micros(time.Since(began)))
			}
		}
		lock.Lock()
		all = append(all, lengths...)
		lock.Unlock()
	})
	if len(all) == 0 {
		return nil, fmt.Errorf("no connection got its byte back, %d failed", errors.Load())
	}
	return Connections{quantiles(all), float64(len(all)) / took.Seconds(), made.Load(), errors.Load()}, nil
}

func touch(port int) error {
	connection, err := dial(port)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(5 * time.Second))
	message := []byte{'1'}
	if _, err := connection.Write(message); err != nil {
		return err
	}
	_, err = connection.Read(message)
	return err
}
