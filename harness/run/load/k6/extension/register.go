// Package halfopen lets the halfopen harness use k6 as its load: an output that tells the harness of every call over a unix socket, and
// the JavaScript module `k6/x/halfopen` that records calls below k6's own http module. What both sides say stands in `../protocol.ts`.
package halfopen

import (
	"runtime/debug"

	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/output"
)

const (
	// Version of this extension.
	Version = "0.1.0"
	// Protocol is the version of what is said over the socket; the harness refuses another one.
	Protocol = 1
	// socketVariable names the unix socket that the harness listens on.
	socketVariable = "HALFOPEN_K6_SOCKET"
	// runVariable holds the id of the run.
	runVariable = "HALFOPEN_RUN"
)

//nolint:gochecknoinits // k6 has no other way for an extension to enter.
func init() {
	output.RegisterExtension("halfopen", newOutput)
	modules.Register("k6/x/halfopen", &rootModule{})
}

// k6Version is the one that this program was built with, as `v2.2.0`.
func k6Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == "go.k6.io/k6/v2" {
			return dependency.Version
		}
	}
	return "unknown"
}
