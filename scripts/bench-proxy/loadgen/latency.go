package main

import (
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

type Lateness struct {
	NominalMs float64 `json:"nominalMs"`
	// How far a round trip was from the nominal delay, in milliseconds.
	Error Quantiles `json:"error"`
}

const (
	latencyWorkersMin = 8
	latencyWorkersMax = 64
	// Between one worker's pings, so that a short delay is not a load.
	latencyGap = 15 * time.Millisecond
)

// Pings through proxies that are told to delay: `-targets port:ms,port:ms`, all at once. The longer the delay, the more
// connections, so that each has enough pings to tell a p99; they start spread over one delay, so that they do not come in bursts.
func latency(args []string) (any, error) {
	flags := flag.NewFlagSet("latency", flag.ExitOnError)
	targets := flags.String("targets", "", "port:milliseconds, ...")
	length := flags.Duration("for", 3*time.Second, "in all")
	flags.Parse(args)

	var all sync.WaitGroup
	var lock sync.Mutex
	var failed error
	names := strings.Split(*targets, ",")
	found := make([][]float64, len(names))
	nominal := make([]float64, len(names))
	until := time.Now().Add(*length)
	for place, name := range names {
		port, ms, err := readTarget(name)
		if err != nil {
			return nil, err
		}
		nominal[place] = ms
		workers := min(latencyWorkersMax, latencyWorkersMin+int(ms/8))
		turn := time.Duration(ms*float64(time.Millisecond)) + latencyGap
		for worker := range workers {
			all.Add(1)
			go func() {
				defer all.Done()
				time.Sleep(time.Duration(worker) * turn / time.Duration(workers))
				errors, err := lateness(port, ms, until)
				lock.Lock()
				defer lock.Unlock()
				found[place] = append(found[place], errors...)
				if err != nil {
					failed = err
				}
			}()
		}
	}
	all.Wait()
	if failed != nil {
		return nil, failed
	}
	results := make([]Lateness, len(names))
	for place := range names {
		results[place] = Lateness{nominal[place], quantiles(found[place])}
	}
	return results, nil
}

func readTarget(text string) (int, float64, error) {
	port, ms, isPair := strings.Cut(text, ":")
	number, err := strconv.Atoi(port)
	delay, other := strconv.ParseFloat(ms, 64)
	if !isPair || err != nil || other != nil {
		return 0, 0, fmt.Errorf("a target is port:milliseconds: %q", text)
	}
	return number, delay, nil
}

func lateness(port int, nominalMs float64, until time.Time) ([]float64, error) {
	connection, err := dial(port)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	message := make([]byte, pingBytes)
	var errors []float64
	for turn := 0; ; turn++ {
		sent := time.Now()
		if sent.After(until) {
			return errors, nil
		}
		connection.SetDeadline(sent.Add(10 * time.Second))
		if _, err := connection.Write(message); err != nil {
			return nil, err
		}
		for got := 0; got < pingBytes; {
			count, err := connection.Read(message[got:])
			if err != nil {
				return nil, err
			}
			got += count
		}
		// The first one also pays for the connection.
		if turn > 0 {
			errors = append(errors, math.Abs(millis(time.Since(sent))-nominalMs))
		}
		time.Sleep(latencyGap)
	}
}
