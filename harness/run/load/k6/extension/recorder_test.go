package halfopen

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func request(t *testing.T, method, address string) *http.Request {
	t.Helper()
	made, err := http.NewRequestWithContext(context.Background(), method, address, nil)
	require.NoError(t, err)
	return made
}

// world is a server that misbehaves on demand, and a client whose calls are recorded.
type world struct {
	*fakeHarness
	talk   *talk
	client *http.Client
	server *httptest.Server
	// traces are the `traceparent`s that arrived, in their order.
	mutex  sync.Mutex
	traces []string
}

func newWorld(t *testing.T, handler http.HandlerFunc) *world {
	t.Helper()
	w := &world{}
	w.server = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, req *http.Request) {
		w.mutex.Lock()
		w.traces = append(w.traces, req.Header.Get("traceparent"))
		w.mutex.Unlock()
		handler(answer, req)
	}))
	t.Cleanup(w.server.Close)
	w.fakeHarness, w.talk = converse(t, map[string]any{
		"bodies": []any{map[string]any{"method": "GET", "path": "^/body"}}, "bodyBytes": 10, "traced": []string{w.server.URL},
	})
	w.client = &http.Client{Transport: w.recorder(&http.Transport{DisableCompression: true})}
	return w
}

func (w *world) recorder(base http.RoundTripper) *recorder {
	made := &recorder{base: base, talk: w.talk}
	made.visit.Store(&visit{ctx: context.Background(), scenario: "s", vu: 3, iteration: 9, at: now(), ordinal: -1})
	return made
}

func (w *world) get(t *testing.T, path string) (string, error) {
	t.Helper()
	res, err := w.client.Do(request(t, "GET", w.server.URL+path))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	return string(read), err
}

func pathIs(path string, handler http.HandlerFunc) http.HandlerFunc {
	return func(answer http.ResponseWriter, req *http.Request) {
		if req.URL.Path == path {
			handler(answer, req)
			return
		}
		_, _ = io.WriteString(answer, "fine")
	}
}

func reset(answer http.ResponseWriter) {
	conn, _, err := answer.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// Goal: one begin and one req, with what the harness needs of both.
func TestRecorderTellsOfAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pathIs("/503", func(answer http.ResponseWriter, _ *http.Request) { answer.WriteHeader(503) }))
	for _, path := range []string{"/a?b=c", "/503"} {
		_, err := w.get(t, path)
		require.NoError(t, err)
	}
	begins, ends := w.await(t, "begin", 2), w.await(t, "req", 2)
	require.Equal(t, w.server.URL+"/a?b=c", begins[0]["url"])
	require.Equal(t, "GET", begins[0]["method"])
	require.Equal(t, []any{"s", 3.0, 9.0, true}, []any{begins[0]["sc"], begins[0]["vu"], begins[0]["it"], begins[0]["first"]})
	require.Equal(t, false, begins[1]["first"])
	require.NotContains(t, begins[0], "ord")
	require.NotContains(t, begins[0], "prev")
	require.Equal(t, []any{begins[0]["i"], 200.0, nil, 4.0, false}, []any{ends[0]["i"], ends[0]["st"], ends[0]["err"], ends[0]["bytes"], ends[0]["reused"]})
	require.Equal(t, []any{begins[1]["i"], 503.0, nil, true}, []any{ends[1]["i"], ends[1]["st"], ends[1]["err"], ends[1]["reused"]})
	require.LessOrEqual(t, begins[0]["at"], ends[0]["fb"])
	require.LessOrEqual(t, ends[0]["fb"], ends[0]["at"])
	require.NotContains(t, ends[0], "body")
	for index, begin := range begins {
		require.Regexp(t, "^00-"+begin["tid"].(string)+"-[0-9a-f]{16}-01$", w.traces[index])
	}
}

func TestRecorderTellsOfFailures(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	w := newWorld(t, func(answer http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/hang":
			<-hang
		case "/reset":
			reset(answer)
		case "/eof":
			conn, _, _ := answer.(http.Hijacker).Hijack()
			_ = conn.Close()
		case "/half":
			conn, out, _ := answer.(http.Hijacker).Hijack()
			_, _ = out.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			_ = out.Flush()
			_ = conn.Close()
		case "/garbage":
			conn, out, _ := answer.(http.Hijacker).Hijack()
			_, _ = out.WriteString("SMTP ready\r\n\r\n")
			_ = out.Flush()
			_ = conn.Close()
		}
	})
	defer close(hang)
	for _, row := range []struct {
		address, want string
		status        float64
	}{
		{w.server.URL + "/hang", "timeout", 0},
		{w.server.URL + "/reset", "reset", 0},
		{w.server.URL + "/eof", "reset", 0},
		{w.server.URL + "/half", "reset", 200},
		{w.server.URL + "/garbage", "other", 0},
		{"http://127.0.0.1:1/", "refused", 0},
		{"http://nowhere.invalid/", "dns", 0},
		{strings.Replace(w.server.URL, "http", "https", 1), "tls", 0},
	} {
		before := len(w.of("req"))
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		if row.want == "timeout" {
			ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
		}
		res, err := w.client.Do(request(t, "GET", row.address).WithContext(ctx))
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		cancel()
		require.Error(t, err, row.address)
		told := w.await(t, "req", before+1)[before]
		require.Equal(t, []any{row.want, row.status}, []any{told["err"], told["st"]}, "%s: %v", row.address, told)
		require.NotEmpty(t, told["msg"])
	}
	require.Equal(t, w.talk.begun.Load(), w.talk.ended.Load())
}

// Goal: the hop of a redirect says what it continues, with one trace.
func TestRecorderLinksRedirects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pathIs("/from", func(answer http.ResponseWriter, req *http.Request) {
		http.Redirect(answer, req, "/to", http.StatusFound)
	}))
	_, err := w.get(t, "/from")
	require.NoError(t, err)
	begins, ends := w.await(t, "begin", 2), w.await(t, "req", 2)
	require.Equal(t, begins[0]["i"], begins[1]["prev"])
	require.Equal(t, begins[0]["tid"], begins[1]["tid"])
	require.Equal(t, []any{302.0, 200.0}, []any{ends[0]["st"], ends[1]["st"]})
	require.NotEqual(t, w.traces[0], w.traces[1], "each hop has a span of its own")
	_, err = w.get(t, "/again")
	require.NoError(t, err)
	require.NotContains(t, w.await(t, "begin", 3)[2], "prev")
}

func TestRecorderTakesTheScriptsOwnTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pathIs("", nil))
	own := "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, header := range []string{own, "nonsense"} {
		req := request(t, "GET", w.server.URL)
		req.Header.Set("Traceparent", header)
		res, err := w.client.Do(req)
		require.NoError(t, err)
		_ = res.Body.Close()
	}
	begins := w.await(t, "begin", 2)
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", begins[0]["tid"])
	require.Equal(t, "", begins[1]["tid"])
	require.Equal(t, []string{own, "nonsense"}, w.traces)
}

// Goal: nobody else's system gets our headers, and the caller's request is left as it is.
func TestRecorderTracesOnlyTheSystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pathIs("", nil))
	w.talk.job.traced = []string{"http://127.0.0.1:1"}
	_, err := w.get(t, "/")
	require.NoError(t, err)
	require.Equal(t, "", w.await(t, "begin", 1)[0]["tid"])
	require.Equal(t, []string{""}, w.traces)
	w.talk.job.traced = []string{originOf(request(t, "GET", w.server.URL).URL)}
	req := request(t, "GET", w.server.URL)
	res, err := w.client.Transport.RoundTrip(req)
	require.NoError(t, err)
	_ = res.Body.Close()
	require.Empty(t, req.Header)
}

func TestRecorderKeepsBodies(t *testing.T) {
	t.Parallel()
	zipped := func(text string) string {
		var out bytes.Buffer
		packer := gzip.NewWriter(&out)
		_, _ = packer.Write([]byte(text))
		_ = packer.Close()
		return out.String()
	}
	w := newWorld(t, func(answer http.ResponseWriter, req *http.Request) {
		answer.Header().Set("Content-Encoding", req.URL.Query().Get("e"))
		switch req.URL.Path {
		case "/body":
			_, _ = io.WriteString(answer, "0123456789")
		case "/body/long":
			_, _ = io.WriteString(answer, "0123456789+")
		case "/body/gzip":
			_, _ = io.WriteString(answer, zipped("zip"))
		}
	})
	w.talk.job.bodyBytes = 30
	for index, row := range []struct {
		path string
		most int
		want record
	}{
		{"/body", 10, record{"body": "0123456789"}},
		{"/body/long", 10, record{"body": "", "cut": true}},
		{"/body/gzip?e=gzip", 100, record{"body": "zip"}},
		{"/body/gzip?e=br", 100, record{}},
		{"/body?e=gzip", 100, record{}},
		{"/else", 100, record{}},
	} {
		w.talk.job.bodyBytes = row.most
		_, err := w.get(t, row.path)
		require.NoError(t, err)
		told := w.await(t, "req", index+1)[index]
		require.Equal(t, []any{row.want["body"], row.want["cut"]}, []any{told["body"], told["cut"]}, row.path)
	}
}

// Goal: a broken connection is seen as such. net/http would send a GET once more by itself and hide it; the planted defect is net/http.
func TestRecorderDoesNotLetACallBeRepeated(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	w := newWorld(t, func(answer http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/breaks" && calls.Add(1) == 1 {
			reset(answer)
		}
	})
	plain := &http.Client{Transport: &http.Transport{}}
	for _, client := range []*http.Client{plain, w.client} {
		calls.Store(0)
		for range 2 { // The second one uses the connection again.
			res, err := client.Get(w.server.URL + "/warm")
			require.NoError(t, err)
			_, _ = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		res, err := client.Get(w.server.URL + "/breaks")
		if client == plain {
			require.NoError(t, err, "without us the failure is hidden")
			_ = res.Body.Close()
			require.Equal(t, int64(2), calls.Load())
			continue
		}
		require.True(t, errors.Is(err, syscall.ECONNRESET), "%v", err)
		require.Equal(t, int64(1), calls.Load())
		told := w.await(t, "req", 3)[2]
		require.Equal(t, "reset", told["err"])
		require.Equal(t, true, told["reused"])
	}
}

// Goal: a connection that broke while nobody used it costs nothing: nothing was sent, so it is dialled anew.
func TestRecorderLetsAnIdleConnectionDie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pathIs("", nil))
	for index := range 20 {
		_, err := w.get(t, "/")
		require.NoError(t, err)
		w.server.CloseClientConnections()
		require.Nil(t, w.await(t, "req", index+1)[index]["err"])
	}
}

// Goal: what is still on its way has a begin and no req, until it is given up.
func TestRecorderKnowsWhatIsInFlight(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	w := newWorld(t, func(_ http.ResponseWriter, req *http.Request) {
		select {
		case <-hang:
		case <-req.Context().Done():
		}
	})
	defer close(hang)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		res, err := w.client.Do(request(t, "GET", w.server.URL).WithContext(ctx))
		if err == nil {
			_ = res.Body.Close()
		}
	}()
	w.await(t, "begin", 1)
	require.Empty(t, w.of("req"))
	require.Equal(t, int64(1), w.talk.begun.Load()-w.talk.ended.Load())
	cancel()
	require.Equal(t, "canceled", w.await(t, "req", 1)[0]["err"])
}

// Goal: calls of one virtual user may go side by side (http.batch): the first one is one, ids differ.
func TestRecorderTakesCallsSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pathIs("", nil))
	var calls sync.WaitGroup
	for range 40 {
		calls.Go(func() {
			_, err := w.get(t, "/")
			require.NoError(t, err)
		})
	}
	calls.Wait()
	ids, firsts := map[any]bool{}, 0
	for _, begin := range w.await(t, "begin", 40) {
		ids[begin["i"]] = true
		if begin["first"] == true {
			firsts++
		}
	}
	require.Len(t, ids, 40)
	require.Equal(t, 1, firsts)
	require.Len(t, w.await(t, "req", 40), 40)
}
