package main

import (
	"bytes"
	"fmt"
	"net"
)

const (
	chunkBytes = 64 << 10
	// The drain says how far it is each time it has read so much.
	ackBytes = 1 << 20
	bodyText = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01"
)

var chunk = bytes.Repeat([]byte{'x'}, chunkBytes)

// What stands behind the proxies: a port that echoes, one that sends for ever once it gets a byte, one that takes everything, and one
// that speaks HTTP/1.1. Prints their numbers and serves until its standard input closes.
func sink([]string) (any, error) {
	ports := map[string]int{}
	for name, serve := range map[string]func(net.Conn){"echo": echo, "source": source, "drain": drain, "http": web} {
		listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, err
		}
		ports[name] = listener.Addr().(*net.TCPAddr).Port
		go accept(listener, serve)
	}
	say(ports)
	untilTold()
	return map[string]bool{"ended": true}, nil
}

func accept(listener *net.TCPListener, serve func(net.Conn)) {
	for {
		connection, err := listener.AcceptTCP()
		if err != nil {
			fail(err)
		}
		connection.SetLinger(0)
		go func() {
			defer connection.Close()
			serve(connection)
		}()
	}
}

func echo(connection net.Conn) {
	buffer := make([]byte, 4<<10)
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:count]); err != nil {
			return
		}
	}
}

func source(connection net.Conn) {
	if _, err := connection.Read(make([]byte, 1)); err != nil {
		return
	}
	pour(connection)
}

func pour(connection net.Conn) {
	for {
		if _, err := connection.Write(chunk); err != nil {
			return
		}
	}
}

func drain(connection net.Conn) {
	buffer := make([]byte, 256<<10)
	taken := 0
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		for taken += count; taken >= ackBytes; taken -= ackBytes {
			if _, err := connection.Write([]byte{'a'}); err != nil {
				return
			}
		}
	}
}

var (
	endOfHead = []byte("\r\n\r\n")
	bulkStart = []byte("GET /bulk")
	answer    = []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(bodyText), bodyText))
	bulkHead  = []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", int64(1)<<40))
)

// Answers each request, none of which has a body, with 64 bytes; `/bulk` with more than anyone reads.
func web(connection net.Conn) {
	buffer := make([]byte, 16<<10)
	held := 0
	replies := make([]byte, 0, 4<<10)
	for {
		count, err := connection.Read(buffer[held:])
		if err != nil {
			return
		}
		held += count
		rest := buffer[:held]
		replies = replies[:0]
		for {
			end := bytes.Index(rest, endOfHead)
			if end < 0 {
				break
			}
			if bytes.HasPrefix(rest, bulkStart) {
				connection.Write(bulkHead)
				pour(connection)
				return
			}
			replies = append(replies, answer...)
			rest = rest[end+len(endOfHead):]
		}
		held = copy(buffer, rest)
		if held == len(buffer) {
			return
		}
		if len(replies) > 0 {
			if _, err := connection.Write(replies); err != nil {
				return
			}
		}
	}
}
