package halfopen

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// command is one line from the harness; `C` says which, and which of the others hold.
type command struct {
	C         string       `json:"c"`
	ID        int64        `json:"id"`
	At        float64      `json:"at"`
	Name      string       `json:"name"`
	Schedule  *schedule    `json:"schedule"`
	Bodies    []wantedBody `json:"bodies"`
	BodyBytes int          `json:"bodyBytes"`
	Samples   bool         `json:"samples"`
	Traced    []string     `json:"traced"`
}

// wantedBody names calls whose answers' bodies the harness wants to read.
type wantedBody struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	pattern *regexp.Regexp
}

// job is what the harness wants of this process.
type job struct {
	schedule  *schedule
	bodies    []wantedBody
	bodyBytes int
	samples   bool
	traced    []string
}

func newJob(asked command) (job, error) {
	made := job{schedule: asked.Schedule, bodies: asked.Bodies, bodyBytes: asked.BodyBytes, samples: asked.Samples}
	if s := asked.Schedule; s != nil && (len(s.AtUs) != len(s.Ordinals) || len(s.Request) != len(s.Ordinals)) {
		return job{}, fmt.Errorf("the job's schedule has %d ordinals, %d moments and %d requests: they must be as many",
			len(s.Ordinals), len(s.AtUs), len(s.Request))
	}
	for index := range made.bodies {
		pattern, err := regexp.Compile(made.bodies[index].Path)
		if err != nil {
			return job{}, fmt.Errorf("the job's bodies[%d].path is no regular expression: %w", index, err)
		}
		made.bodies[index].pattern = pattern
	}
	for _, text := range asked.Traced {
		address, err := url.Parse(text)
		if err != nil || address.Host == "" {
			return job{}, fmt.Errorf("the job's traced origin %q is no URL", text)
		}
		made.traced = append(made.traced, originOf(address))
	}
	return made, nil
}

func (j *job) wantsBody(req *http.Request) bool {
	path := ""
	for index := range j.bodies {
		if j.bodies[index].Method != req.Method {
			continue
		}
		if path == "" {
			path = req.URL.EscapedPath()
		}
		if j.bodies[index].pattern.MatchString(path) {
			return true
		}
	}
	return false
}

func (j *job) traces(address *url.URL) bool {
	return len(j.traced) > 0 && slices.Contains(j.traced, originOf(address))
}

// originOf has the port even where it is the scheme's own.
func originOf(address *url.URL) string {
	port := address.Port()
	if port == "" {
		port = "80"
		if address.Scheme == "https" {
			port = "443"
		}
	}
	return address.Scheme + "://" + address.Hostname() + ":" + port
}
