package main

import (
	"flag"
	"fmt"
	"sync/atomic"
	"time"
)

type Bulk struct {
	MegabytesPerSecond float64 `json:"rate"`
	// All megabytes that went through, before and after the window too.
	Megabytes float64 `json:"units"`
	Errors    int64   `json:"errors"`
}

// As many bytes as go through a number of connections, to us (`down`, `http`) or from us (`up`, where the far end's word counts).
func bulk(args []string) (any, error) {
	flags := flag.NewFlagSet("bulk", flag.ExitOnError)
	port := flags.Int("port", 0, "where")
	direction := flags.String("direction", "down", "down, up or http")
	workers := flags.Int("connections", 1, "at once")
	length := flags.Duration("for", time.Second, "of the window")
	warm := flags.Duration("warm", 200*time.Millisecond, "before it")
	flags.Parse(args)

	var bytes, counted, errors atomic.Int64
	var last atomic.Value
	w := &window{}
	take := func(count int64) {
		bytes.Add(count)
		if w.isOpen.Load() {
			counted.Add(count)
		}
	}
	took := w.run(*warm, *length, *workers, func(int) {
		if err := stream(*port, *direction, w, take); err != nil {
			errors.Add(1)
			last.Store(err)
		}
	})
	if counted.Load() == 0 {
		return nil, fmt.Errorf("no byte came through in %s, %d connections failed, the last: %v", took, errors.Load(), last.Load())
	}
	return Bulk{float64(counted.Load()) / 1e6 / took.Seconds(), float64(bytes.Load()) / 1e6, errors.Load()}, nil
}

func stream(port int, direction string, w *window, take func(int64)) error {
	connection, err := dial(port)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(30 * time.Second))
	perByte := int64(1)
	switch direction {
	case "up":
		perByte = ackBytes
		// It goes on until the connection closes: the reader below needs one more word from the far end to see that it is over.
		go pour(connection)
	case "http":
		_, err = connection.Write([]byte("GET /bulk HTTP/1.1\r\nHost: bench\r\n\r\n"))
	default:
		_, err = connection.Write([]byte{'g'})
	}
	if err != nil {
		return err
	}
	buffer := make([]byte, 256<<10)
	for !w.isOver.Load() {
		count, err := connection.Read(buffer)
		if err != nil {
			return err
		}
		take(int64(count) * perByte)
	}
	return nil
}
