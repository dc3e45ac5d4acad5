package api

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/app"
)

// What is read of a request that was refused, so that its client gets to read why: a connection that is closed with
// unread bytes is reset, and what was sent over it may be lost.
const (
	lingerTime  = 20 * time.Second
	lingerPause = 2 * time.Second // without a byte
	lingerBytes = 256 << 20
)

// NewListener returns a listener whose connections are for http.Server. What that says itself about requests that it
// cannot read, instead of calling a handler, becomes a problem. Refused requests are read on for a while.
func NewListener(l net.Listener, log *slog.Logger) net.Listener { return &listener{l, log} }

type listener struct {
	net.Listener
	log *slog.Logger
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err // as it is: http.Server looks at it
	}
	return &conn{Conn: c, log: l.log}, nil
}

type conn struct {
	net.Conn
	log *slog.Logger
	// Whether the client may still be sending when http.Server closes without CloseWrite: it refused the request
	// itself, or let the client go on (100-continue), which it forgets. It can close from another goroutine.
	sending atomic.Bool
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		c.sending.Store(false)
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, []byte("HTTP/1.1 100 ")) {
		c.sending.Store(true)
	}
	status, text, ok := refusal(b)
	if !ok {
		return c.Conn.Write(b)
	}
	c.sending.Store(true)
	if _, err := c.Conn.Write(c.problem(status, text)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// refusal reports whether a response is one that http.Server makes itself, with its status and text. It writes these at
// once, with headers that no handler's response has alone.
func refusal(b []byte) (status int, text string, ok bool) {
	const (
		version = "HTTP/1.1 "
		headers = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
	)
	if len(b) < len(version)+4 || !bytes.HasPrefix(b, []byte("HTTP/1.")) || b[len(version)] != '4' && b[len(version)] != '5' {
		return 0, "", false
	}
	status, err := strconv.Atoi(string(b[len(version) : len(version)+3]))
	if err != nil || status == http.StatusExpectationFailed { // which no handler returns
		return status, "", err == nil
	}
	line := bytes.Index(b, []byte("\r\n"))
	if line < 0 || !bytes.HasPrefix(b[line:], []byte(headers)) {
		return 0, "", false
	}
	// A status line such as "HTTP/1.1 400 Bad Request: malformed Host header".
	_, text, _ = strings.Cut(string(b[:line]), ": ")
	return status, text, true
}

// problem makes the response to a request that http.Server has refused.
func (c *conn) problem(status int, text string) []byte {
	message, ok := map[int]string{
		http.StatusBadRequest:                  "the request is not valid HTTP",
		http.StatusExpectationFailed:           "the only expectation that can be met is 100-continue",
		http.StatusRequestHeaderFieldsTooLarge: "the headers are too long",
		http.StatusNotImplemented:              "the body has a transfer coding that is not known: send it in chunks or with its length",
		http.StatusHTTPVersionNotSupported:     "the version of HTTP is not known: use 1.1",
	}[status]
	if !ok {
		message = "the request cannot be read"
	}
	if text != "" && status == http.StatusBadRequest {
		message += ": " + text
	}
	peer := c.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(peer); err == nil {
		peer = host
	}
	ctx := &request{Context: context.Background(), id: newID(), client: peer}
	// The status is the client's mistake, also where it is 501 or 505.
	p := newProblem(ctx, &app.OutageLog{Logger: c.log}, &statusError{status, errors.New(message)})
	c.log.LogAttrs(ctx, slog.LevelInfo, "refused", slog.String("request_id", ctx.id), slog.Int("status", status),
		slog.String("reason", message), slog.String("client", ctx.client))
	body := encodeProblem(p)
	r := &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Close: true, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader(body)),
		Header: http.Header{
			"Cache-Control": {"no-store"}, "Content-Type": {problemType}, "Date": {time.Now().UTC().Format(http.TimeFormat)},
			"X-Content-Type-Options": {"nosniff"}, "X-Request-Id": {ctx.id},
		},
	}
	var b bytes.Buffer
	_ = r.Write(&b) // a buffer takes all
	return b.Bytes()
}

// CloseWrite is called by http.Server when it has not read all of a request.
func (c *conn) CloseWrite() error {
	c.sending.Store(false)
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return errors.Wrap(err, "end the response")
		}
	}
	c.linger()
	return nil
}

// linger reads until the client is done, pauses, or has had its time.
func (c *conn) linger() {
	end := time.Now().Add(lingerTime)
	buffer := make([]byte, 32<<10)
	for read := 0; read < lingerBytes && time.Now().Before(end); {
		err := c.SetReadDeadline(time.Now().Add(lingerPause))
		if err == nil {
			var n int
			n, err = c.Read(buffer)
			read += n
		}
		if err != nil {
			return
		}
	}
}

func (c *conn) Close() error {
	if c.sending.CompareAndSwap(true, false) {
		_ = c.CloseWrite()
	}
	return c.Conn.Close()
}
