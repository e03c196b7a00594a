package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

type Control struct {
	// Of the calls that were answered, in milliseconds.
	Quantiles
	Unanswered int `json:"unanswered"`
	// Calls that were answered, but not with what they should be.
	Wrong int `json:"wrong"`
}

const (
	churners = 4
	// Each churner makes a call so often: 100 a second together.
	churnEvery = 40 * time.Millisecond
	// After so many calls without an answer a churner gives up on the server.
	unansweredMax = 2
)

// Adds, changes, looks at and removes toxics of a proxy while connections are open on it and one peer of it does not read.
func control(args []string) (any, error) {
	flags := flag.NewFlagSet("control", flag.ExitOnError)
	api := flags.String("api", "", "control API, with scheme")
	proxy := flags.String("proxy", "", "its name")
	port := flags.Int("port", 0, "of that proxy, in front of the source")
	count := flags.Int("connections", 1000, "that are open")
	length := flags.Duration("for", 3*time.Second, "in all")
	patience := flags.Duration("timeout", 2*time.Second, "of each call")
	flags.Parse(args)

	idle, err := openMany(*port, *count, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, connection := range idle {
			connection.Close()
		}
	}()
	deaf, err := dial(*port)
	if err != nil {
		return nil, err
	}
	defer deaf.Close()
	if _, err := deaf.Write([]byte{'g'}); err != nil {
		return nil, err
	}
	// Long enough for every buffer on the way to fill; nothing tells when they have.
	time.Sleep(500 * time.Millisecond)

	client := &http.Client{Timeout: *patience, Transport: &http.Transport{MaxIdleConnsPerHost: churners}}
	var all sync.WaitGroup
	var lock sync.Mutex
	result := Control{}
	var lengths []float64
	until := time.Now().Add(*length)
	for number := range churners {
		all.Add(1)
		go func() {
			defer all.Done()
			seen := churn(client, fmt.Sprintf("%s/proxies/%s", *api, *proxy), fmt.Sprintf("churn%d", number), until)
			lock.Lock()
			defer lock.Unlock()
			lengths = append(lengths, seen.lengths...)
			result.Unanswered += seen.unanswered
			result.Wrong += seen.wrong
		}()
	}
	all.Wait()
	result.Quantiles = quantiles(lengths)
	return result, nil
}

type churned struct {
	lengths           []float64
	unanswered, wrong int
}

func churn(client *http.Client, proxy, name string, until time.Time) churned {
	calls := []struct {
		method, url, body string
	}{
		{"POST", proxy + "/toxics", `{"name":"` + name + `","type":"latency","stream":"downstream","attributes":{"latency":5}}`},
		{"PATCH", proxy + "/toxics/" + name, `{"attributes":{"latency":10}}`},
		{"GET", proxy, ""},
		{"DELETE", proxy + "/toxics/" + name, ""},
	}
	seen := churned{}
	ticker := time.NewTicker(churnEvery)
	defer ticker.Stop()
	// It ends with a whole turn, so that no toxic is left behind.
	for turn := 0; turn%len(calls) != 0 || time.Now().Before(until); turn++ {
		call := calls[turn%len(calls)]
		<-ticker.C
		began := time.Now()
		status, err := send(client, call.method, call.url, call.body)
		if err != nil {
			seen.unanswered++
			if seen.unanswered >= unansweredMax {
				return seen
			}
			continue
		}
		seen.lengths = append(seen.lengths, millis(time.Since(began)))
		if status >= 300 {
			seen.wrong++
		}
	}
	return seen
}

func send(client *http.Client, method, url, body string) (int, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
