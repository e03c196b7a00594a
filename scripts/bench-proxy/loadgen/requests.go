package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

type Requests struct {
	Quantiles
	PerSecond float64 `json:"rate"`
	// All answers, those of the warm-up too.
	Answers int64 `json:"units"`
	Errors  int64 `json:"errors"`
}

var (
	request       = []byte("GET /quote/4711 HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\nUser-Agent: loadgen\r\n\r\n")
	statusStart   = []byte("HTTP/1.1 200")
	contentLength = []byte("content-length:")
)

// Most connections that may fail before it is no measurement any more.
const errorsMax = 1000

// Requests one after the other over each of a number of kept connections; latencies in microseconds. It writes one constant and reads as
// much of the answer as it must, so that the generator is not the limit.
func requests(args []string) (any, error) {
	flags := flag.NewFlagSet("http", flag.ExitOnError)
	port := flags.Int("port", 0, "where")
	workers := flags.Int("connections", 16, "at once")
	length := flags.Duration("for", time.Second, "of the window")
	warm := flags.Duration("warm", 200*time.Millisecond, "before it")
	flags.Parse(args)

	var answers, errors atomic.Int64
	var lock sync.Mutex
	var all []float64
	var last error
	w := &window{}
	took := w.run(*warm, *length, *workers, func(int) {
		lengths := make([]float64, 0, 1<<16)
		for !w.isOver.Load() && errors.Load() < errorsMax {
			err := converse(*port, w, &answers, &lengths)
			if err == nil {
				continue
			}
			errors.Add(1)
			lock.Lock()
			last = err
			lock.Unlock()
		}
		lock.Lock()
		all = append(all, lengths...)
		lock.Unlock()
	})
	if errors.Load() >= errorsMax || len(all) == 0 {
		return nil, fmt.Errorf("%d connections failed, the last: %v", errors.Load(), last)
	}
	return Requests{quantiles(all), float64(len(all)) / took.Seconds(), answers.Load(), errors.Load()}, nil
}

// One kept connection until the window is over or something fails.
func converse(port int, w *window, answers *atomic.Int64, lengths *[]float64) error {
	connection, err := dial(port)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(30 * time.Second))
	buffer := make([]byte, 16<<10)
	for !w.isOver.Load() {
		sent := time.Now()
		if _, err := connection.Write(request); err != nil {
			return err
		}
		if err := readAnswer(connection, buffer); err != nil {
			return err
		}
		answers.Add(1)
		if w.isOpen.Load() {
			*lengths = append(*lengths, micros(time.Since(sent)))
		}
	}
	return nil
}

// Reads one whole answer: its head, and as many bytes as its Content-Length says.
func readAnswer(connection net.Conn, buffer []byte) error {
	got, want := 0, -1
	for want < 0 || got < want {
		if got == len(buffer) {
			return fmt.Errorf("an answer longer than %d bytes", got)
		}
		count, err := connection.Read(buffer[got:])
		if err != nil {
			return err
		}
		got += count
		if want >= 0 {
			continue
		}
		head := bytes.Index(buffer[:got], endOfHead)
		if head < 0 {
			continue
		}
		if !bytes.HasPrefix(buffer, statusStart) {
			return fmt.Errorf("not a 200: %q", buffer[:min(head, 60)])
		}
		body, err := lengthOf(buffer[:head])
		if err != nil {
			return err
		}
		want = head + len(endOfHead) + body
	}
	if got > want {
		return fmt.Errorf("%d bytes too many", got-want)
	}
	return nil
}

// The Content-Length of a head.
func lengthOf(head []byte) (int, error) {
	for line := bytes.IndexByte(head, '\n'); line >= 0 && line < len(head); {
		start := line + 1
		if len(head)-start > len(contentLength) && bytes.EqualFold(head[start:start+len(contentLength)], contentLength) {
			value := 0
			for _, digit := range bytes.TrimLeft(head[start+len(contentLength):], " ") {
				if digit < '0' || digit > '9' {
					break
				}
				value = value*10 + int(digit-'0')
			}
			return value, nil
		}
		next := bytes.IndexByte(head[start:], '\n')
		if next < 0 {
			break
		}
		line = start + next
	}
	return 0, fmt.Errorf("no Content-Length in %q", head)
}
