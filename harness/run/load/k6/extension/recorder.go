package halfopen

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"syscall"
)

const (
	// messageBytesMax and urlBytesMax bound what a line may hold of a script's or a server's making.
	messageBytesMax = 400
	urlBytesMax     = 2000
	traceHeader     = "Traceparent"
)

// errResent stands for a call that net/http wanted to send once more by itself: the first one was sent, and its connection broke.
var errResent = fmt.Errorf("the connection broke after the call was sent: %w", syscall.ECONNRESET)

// recorder stands below k6's http module, so that it sees the calls of a script that knows nothing of it: one for each virtual user.
type recorder struct {
	base  http.RoundTripper
	talk  *talk
	visit atomic.Pointer[visit]
}

// call is one round trip. Its `begin` is told when it starts and its `req` once, when it has ended.
type call struct {
	talk      *talk
	id        int64
	visit     *visit
	trace     string
	wants     bool
	cancel    context.CancelCauseFunc
	firstByte atomic.Int64
	sent      atomic.Bool
	reused    atomic.Bool
	told      atomic.Bool
}

type callKey struct{}

var _ http.RoundTripper = &recorder{}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	from := r.visit.Load()
	if from == nil || from.ctx.Err() != nil {
		return r.base.RoundTrip(req)
	}
	c, header := r.begin(from, req)
	ctx, cancel := context.WithCancelCause(context.WithValue(req.Context(), callKey{}, c))
	c.cancel = cancel
	watched := req.WithContext(httptrace.WithClientTrace(ctx, c.hooks()))
	if header != nil {
		watched.Header = header
	}
	res, err := r.base.RoundTrip(watched) //nolint:bodyclose // The one who asked closes it.
	if err != nil {
		// The transport may say only that it was canceled.
		if context.Cause(ctx) == errResent { //nolint:errorlint // This very one.
			err = errResent
		}
		c.end(0, 0, err, nil)
		return res, err
	}
	res.Body = &body{ReadCloser: res.Body, call: c, status: res.StatusCode, encoding: res.Header.Get("Content-Encoding")}
	return res, nil
}

// begin tells that the call goes out; the header is a new one where it has to differ.
func (r *recorder) begin(from *visit, req *http.Request) (*call, http.Header) {
	c := &call{talk: r.talk, visit: from, id: r.talk.begun.Add(1), wants: r.talk.job.wantsBody(req)}
	before := redirectedFrom(req)
	var header http.Header
	if given := req.Header.Get(traceHeader); given != "" {
		c.trace = traceOf(given)
	} else if r.talk.job.traces(req.URL) {
		c.trace = randomHex(16)
		if before != nil && before.trace != "" {
			c.trace = before.trace
		}
		header = req.Header.Clone()
		if header == nil {
			header = make(http.Header, 1)
		}
		header.Set(traceHeader, "00-"+c.trace+"-"+randomHex(8)+"-01")
	}
	from.trace.Store(&c.trace)
	told := newLine("begin").integer("i", c.id).integer("at", now())
	if from.ordinal >= 0 {
		told = told.integer("ord", from.ordinal)
	}
	told = told.text("sc", from.scenario).
		integer("vu", from.vu).
		integer("it", from.iteration).
		integer("itAt", from.at).
		boolean("first", !from.hasCalled.Swap(true))
	if before != nil {
		told = told.integer("prev", before.id)
	}
	r.talk.wire.send(told.
		text("method", req.Method).
		text("url", clipped(req.URL.Redacted(), urlBytesMax)).
		text("tid", c.trace).
		end())
	return c, header
}

// redirectedFrom is the call whose answer sent net/http here.
func redirectedFrom(req *http.Request) *call {
	if req.Response == nil || req.Response.Request == nil {
		return nil
	}
	before, _ := req.Response.Request.Context().Value(callKey{}).(*call)
	return before
}

func (c *call) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if c.sent.Load() && !isHTTP2(info) {
				// net/http repeats a call by itself when a connection that was used before breaks. The harness counts what a service
				// gets and how connections fail: the call ends here, and a closed connection keeps the second one from being written.
				c.cancel(errResent)
				_ = info.Conn.Close()
				return
			}
			c.reused.Store(info.Reused)
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				c.sent.Store(true)
			}
		},
		GotFirstResponseByte: func() { c.firstByte.CompareAndSwap(0, now()) },
	}
}

// isHTTP2: there a call is repeated only when the server has said that it did not touch it.
func isHTTP2(info httptrace.GotConnInfo) bool {
	secure, ok := info.Conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}

// end tells once how the call ended.
func (c *call) end(status int, size int64, err error, kept *keptBody) {
	if c.told.Swap(true) {
		return
	}
	at := now()
	c.cancel(nil)
	c.talk.ended.Add(1)
	told := newLine("req").integer("i", c.id).integer("at", at)
	if first := c.firstByte.Load(); first > 0 {
		told = told.integer("fb", min(first, at))
	} else {
		told = told.null("fb")
	}
	told = told.integer("st", int64(status))
	if err != nil {
		told = told.text("err", string(classify(err))).text("msg", clipped(err.Error(), messageBytesMax))
	} else {
		told = told.null("err")
	}
	told = told.integer("bytes", size).boolean("reused", c.reused.Load())
	if kept != nil {
		told = told.text("body", kept.text)
		if kept.cut {
			told = told.boolean("cut", true)
		}
	}
	c.talk.wire.send(told.end())
}

// body counts and keeps what the one who asked reads of an answer.
type body struct {
	io.ReadCloser
	call     *call
	status   int
	encoding string
	size     int64
	kept     []byte
}

func (b *body) Read(into []byte) (int, error) {
	count, err := b.ReadCloser.Read(into)
	b.size += int64(count)
	if b.call.wants {
		// One byte more than allowed tells that there was more.
		room := b.call.talk.job.bodyBytes + 1 - len(b.kept)
		b.kept = append(b.kept, into[:max(0, min(count, room))]...)
	}
	if err == io.EOF { //nolint:errorlint // A reader's end is this very value.
		b.end(nil)
	} else if err != nil {
		b.end(err)
	}
	return count, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end(nil)
	return err
}

func (b *body) end(err error) {
	var kept *keptBody
	if b.call.wants && err == nil {
		kept = decoded(b.kept, b.encoding, b.call.talk.job.bodyBytes)
	}
	b.call.end(b.status, b.size, err, kept)
}

// keptBody is an answer's body as text.
type keptBody struct {
	text string
	cut  bool
}

// decoded is nil where the body is in a form that cannot be read here.
func decoded(raw []byte, encoding string, most int) *keptBody {
	if len(raw) > most {
		return &keptBody{text: "", cut: true}
	}
	var reader io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return &keptBody{text: string(raw)}
	case "gzip", "x-gzip":
		reader, err = gzip.NewReader(bytes.NewReader(raw))
	case "deflate":
		reader, err = zlib.NewReader(bytes.NewReader(raw))
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	plain, err := io.ReadAll(io.LimitReader(reader, int64(most)+1))
	if err != nil {
		return nil
	}
	if len(plain) > most {
		return &keptBody{text: "", cut: true}
	}
	return &keptBody{text: string(plain)}
}

// traceOf reads the trace id of a `traceparent`; empty where it is none.
func traceOf(header string) string {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts[1]) != 32 || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	if _, err := hex.DecodeString(parts[1]); err != nil {
		return ""
	}
	return strings.ToLower(parts[1])
}

// randomHex is text of `size` random bytes; not for secrets.
func randomHex(size int) string {
	raw := make([]byte, 0, size)
	for len(raw) < size {
		raw = binary.BigEndian.AppendUint64(raw, rand.Uint64()) //nolint:gosec // Ids of traces.
	}
	return hex.EncodeToString(raw)
}
