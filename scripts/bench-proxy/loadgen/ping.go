package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

type Ping struct {
	Quantiles
	// Round trips, those of the warm-up too.
	Trips int `json:"units"`
}

const pingBytes = 64

// One round trip after the other over one connection, in microseconds. Blocking calls on a thread of its own, since what is measured is
// the proxy and not Go's poller.
func ping(args []string) (any, error) {
	flags := flag.NewFlagSet("ping", flag.ExitOnError)
	port := flags.Int("port", 0, "where")
	length := flags.Duration("for", time.Second, "of the window")
	warm := flags.Duration("warm", 200*time.Millisecond, "before it")
	flags.Parse(args)

	file, err := blockingSocket(*port)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	runtime.LockOSThread()
	socket := int(file.Fd())
	message, reply := make([]byte, pingBytes), make([]byte, pingBytes)
	began := time.Now()
	lengths := make([]float64, 0, 1<<16)
	trips := 0
	for {
		sent := time.Now()
		if err := roundTrip(socket, message, reply); err != nil {
			return nil, err
		}
		now := time.Now()
		trips++
		if now.Sub(began) > *warm {
			lengths = append(lengths, micros(now.Sub(sent)))
		}
		if now.Sub(began) > *warm+*length {
			return Ping{quantiles(lengths), trips}, nil
		}
	}
}

func blockingSocket(port int) (*os.File, error) {
	connection, err := dial(port)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	file, err := connection.File()
	if err != nil {
		return nil, err
	}
	wait := syscall.Timeval{Sec: 10}
	return file, syscall.SetsockoptTimeval(int(file.Fd()), syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait)
}

func roundTrip(socket int, message, reply []byte) error {
	if _, err := syscall.Write(socket, message); err != nil {
		return err
	}
	for got := 0; got < len(reply); {
		count, err := syscall.Read(socket, reply[got:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if count == 0 {
			return fmt.Errorf("the connection ended")
		}
		got += count
	}
	return nil
}
