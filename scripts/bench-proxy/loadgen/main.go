// Loadgen is both ends of the proxy bench: what stands behind the proxies, and what loads them. Each command prints one line of JSON.
//
// It is in Go so that no event loop of Node's stands beside the proxies that are measured, and uses nothing but the standard library.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

var commands = map[string]func(args []string) (any, error){
	"sink":    sink,
	"bulk":    bulk,
	"ping":    ping,
	"http":    requests,
	"connect": connections,
	"hold":    hold,
	"latency": latency,
	"control": control,
	"taps":    taps,
}

// Whatever hangs ends here, so that no bench leaves a process behind.
const longest = 20 * time.Minute

func main() {
	time.AfterFunc(longest, func() { fail(fmt.Errorf("still at it after %s", longest)) })
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	command, isKnown := commands[name]
	if !isKnown {
		fail(fmt.Errorf("no such command: %q", name))
	}
	result, err := command(os.Args[2:])
	if err != nil {
		fail(err)
	}
	say(result)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "loadgen:", err)
	os.Exit(1)
}

func say(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		fail(err)
	}
	os.Stdout.Write(append(line, '\n'))
}

// Returns when whoever started this closes our standard input, or dies.
func untilTold() {
	io.Copy(io.Discard, os.Stdin)
}

// A connection that closes with RST, so that a bench of thousands of them leaves none in TIME_WAIT. Go sets TCP_NODELAY itself.
func dial(port int) (*net.TCPConn, error) {
	connection, err := net.DialTCP("tcp4", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	connection.SetLinger(0)
	return connection, nil
}
