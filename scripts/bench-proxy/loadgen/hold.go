package main

import (
	"flag"
	"fmt"
	"net"
	"sync"
	"time"
)

type Held struct {
	Held int `json:"held"`
}

// Keeps a number of connections open, each of which has seen a byte come back, until its standard input closes.
func hold(args []string) (any, error) {
	flags := flag.NewFlagSet("hold", flag.ExitOnError)
	port := flags.Int("port", 0, "where")
	count := flags.Int("connections", 1000, "to hold")
	flags.Parse(args)

	held, err := openMany(*port, *count, true)
	if err != nil {
		return nil, err
	}
	say(Held{len(held)})
	untilTold()
	for _, connection := range held {
		connection.Close()
	}
	return Held{0}, nil
}

// Opens connections, 16 at a time. Where they are to be proved, a byte goes there and back over each.
func openMany(port, count int, isProved bool) ([]net.Conn, error) {
	opened := make([]net.Conn, count)
	errors := make([]error, count)
	places := make(chan int)
	var all sync.WaitGroup
	for range 16 {
		all.Add(1)
		go func() {
			defer all.Done()
			for place := range places {
				opened[place], errors[place] = openOne(port, isProved)
			}
		}()
	}
	for place := range count {
		places <- place
	}
	close(places)
	all.Wait()
	for place, err := range errors {
		if err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", place, count, err)
		}
	}
	return opened, nil
}

func openOne(port int, isProved bool) (net.Conn, error) {
	connection, err := dial(port)
	if err != nil || !isProved {
		return connection, err
	}
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	message := []byte{'1'}
	if _, err := connection.Write(message); err != nil {
		return nil, err
	}
	if _, err := connection.Read(message); err != nil {
		return nil, err
	}
	return connection, connection.SetDeadline(time.Time{})
}
