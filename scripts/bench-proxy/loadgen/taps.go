package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
)

type Taps struct {
	Records int `json:"records"`
	Lost    int `json:"lost"`
}

var lostStart = []byte(`{"lost":`)
var healthStart = []byte(`{"health":`)

// Reads a stream of taps, as somebody would who wants them, until its standard input closes.
func taps(args []string) (any, error) {
	flags := flag.NewFlagSet("taps", flag.ExitOnError)
	url := flags.String("url", "", "of the stream")
	flags.Parse(args)

	response, err := http.Get(*url)
	if err != nil {
		return nil, err
	}
	say(map[string]int{"status": response.StatusCode})
	go func() {
		untilTold()
		response.Body.Close()
	}()
	seen := Taps{}
	reader := bufio.NewReaderSize(response.Body, 1<<20)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return seen, nil
		}
		switch {
		case bytes.HasPrefix(line, lostStart):
			var lost struct{ Lost int }
			if json.Unmarshal(line, &lost) == nil {
				seen.Lost += lost.Lost
			}
		case !bytes.HasPrefix(line, healthStart):
			seen.Records++
		}
	}
}
