package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/edgevalue/edgevalue/internal/app"
)

// served is what one request through the chain brought about.
type served struct {
	*http.Response
	body     string
	log      []map[string]any
	observed []string
}

// panics are the errors that were logged.
func (s served) panics() (all []string) {
	for _, entry := range s.log {
		if entry["level"] == "ERROR" {
			all = append(all, fmt.Sprint(entry["error"]))
		}
	}
	return all
}

// serve sends one request through the chain to the handler, over a connection.
func serve(t *testing.T, cfg Config, h http.HandlerFunc, r *http.Request) served {
	t.Helper()
	var (
		out served
		log bytes.Buffer
	)
	cfg.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.Observe = func(route, method string, status int) func(time.Duration) {
		return func(time.Duration) {
			out.observed = append(out.observed, fmt.Sprintf("%s %s %d", method, route, status))
		}
	}
	refuse := func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, newProblem(r.Context(), &app.OutageLog{Logger: cfg.Logger}, err))
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.Handle("GET /pages/{name}", h)
	server := httptest.NewServer(chain(cfg, refuse, nil, alone, pages(mux, nil, refuse)))
	u := *r.URL
	u.Scheme, u.Host = "http", strings.TrimPrefix(server.URL, "http://")
	r.URL, r.RequestURI, r.Host = &u, "", ""
	resp, err := (&http.Transport{DisableCompression: true}).RoundTrip(r.WithContext(t.Context()))
	if err == nil {
		out.Response = resp
		body, readErr := io.ReadAll(resp.Body)
		err = readErr
		out.body = string(body)
		_ = resp.Body.Close()
	}
	server.Close() // waits for the handler, and so for its log lines
	if out.Response == nil {
		out.Response = &http.Response{Header: http.Header{}}
	}
	if err != nil {
		out.body = "broken off: " + err.Error()
	}
	for d := json.NewDecoder(&log); d.More(); {
		var line map[string]any
		require.NoError(t, d.Decode(&line))
		out.log = append(out.log, line)
	}
	return out
}

func newGet(target string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func ok(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.EscapedPath()) }

func TestRequestID(t *testing.T) {
	t.Parallel()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, tt := range []struct {
		in   string
		kept bool
	}{
		{"a-B_1.2", true},
		{strings.Repeat("x", 64), true},
		{"", false},
		{strings.Repeat("x", 65), false},
		{"two words", false},
		{`"quoted"`, false},
		{"é", false},
	} {
		var inContext string
		got := serve(t, Config{TrustedProxies: loopback}, func(_ http.ResponseWriter, r *http.Request) { inContext = RequestID(r.Context()) },
			newGet("/", "X-Request-Id", tt.in))
		id := got.Header.Get("X-Request-Id")
		assert.Equal(t, inContext, id)
		assert.Equal(t, id, got.log[0]["request_id"])
		assert.True(t, saneID(id), id)
		assert.Equal(t, tt.kept, id == tt.in, "%q became %q", tt.in, id)
	}
	assert.Empty(t, RequestID(t.Context()))
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, tt := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:1234", nil, "192.0.2.1"},
		{"192.0.2.1:1234", []string{"203.0.113.9"}, "192.0.2.1"}, // no proxy of ours
		{"10.0.0.1:1234", nil, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"203.0.113.9:555"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"1.1.1.1, 203.0.113.9, 10.0.0.7"}, "203.0.113.9"}, // 1.1.1.1 is the client's own claim
		{"10.0.0.1:1234", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:1234", []string{"203.0.113.9, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"[::ffff:10.0.0.1]:1234", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"[::1]:1234", []string{"[2001:db8::1]:555"}, "2001:db8::1"},
		{"[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"@", []string{"203.0.113.9"}, "@"}, // a socket's
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.peer
		r.Header["X-Forwarded-For"] = tt.forwarded
		var got string
		identify(proxies)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = ClientIP(r.Context()) })).
			ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, tt.want, got, "%s for %q", tt.peer, tt.forwarded)
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, target string
		h            http.HandlerFunc
		want         map[string]any
		observed     string
	}{
		{"named", "/api/v1/password-recovery/a@example.com?token=s3cr3t", func(w http.ResponseWriter, r *http.Request) {
			SetRoute(r.Context(), "recoverPassword")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "12345")
		}, map[string]any{"level": "INFO", "route": "recoverPassword", "status": 202.0, "bytes": 5.0},
			"GET recoverPassword 202"},
		{"a page", "/pages/x?token=s3cr3t", ok,
			map[string]any{"level": "INFO", "route": "GET /pages/{name}", "status": 200.0, "bytes": 8.0},
			"GET GET /pages/{name} 200"},
		{"nothing written", "/pages/x", func(http.ResponseWriter, *http.Request) {},
			map[string]any{"level": "INFO", "status": 200.0, "bytes": 0.0}, "GET GET /pages/{name} 200"},
		{"refused before the routes", "/a%00b?token=s3cr3t", ok,
			map[string]any{"level": "INFO", "path": "/a\x00b", "status": 400.0}, "GET  400"},
		{"a probe", "/livez", ok, map[string]any{"level": "DEBUG", "status": 200.0}, "GET / 200"},
		{"a failure", "/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			map[string]any{"level": "WARN", "status": 503.0}, "GET / 503"},
		{"early hints", "/", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNotFound)
		}, map[string]any{"status": 404.0}, "GET / 404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := serve(t, Config{}, tt.h, newGet(tt.target, "Authorization", "Bearer s3cr3t"))
			require.Len(t, got.log, 1)
			line := got.log[0]
			for name, want := range tt.want {
				assert.Equal(t, want, line[name], name)
			}
			assert.Equal(t, "127.0.0.1", line["client"])
			assert.Contains(t, line, "duration")
			assert.NotContains(t, fmt.Sprint(line), "s3cr3t")
			assert.NotContains(t, fmt.Sprint(line), "a@example.com")
			assert.Equal(t, []string{tt.observed}, got.observed)
		})
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	for route, status := range map[string]int{"getUser": 200, "": 500} {
		_, span := tracer.Start(t.Context(), http.MethodGet)
		endSpan(span, http.MethodGet, route, status)
		span.End()
	}
	got := map[string]string{}
	for _, s := range spans.Ended() {
		got[s.Name()] = s.Status().Code.String()
	}
	assert.Equal(t, map[string]string{"GET getUser": "Unset", "GET": "Error"}, got)
}

func TestRecover(t *testing.T) {
	t.Parallel()
	t.Run("before the response", func(t *testing.T) {
		t.Parallel()
		got := serve(t, Config{}, func(http.ResponseWriter, *http.Request) { panic("s3cr3t") },
			newGet("/", "Accept-Encoding", "gzip"))
		assert.Equal(t, http.StatusInternalServerError, got.StatusCode)
		assert.Equal(t, "application/problem+json", got.Header.Get("Content-Type"))
		assert.Contains(t, got.body, got.Header.Get("X-Request-Id"))
		assert.NotContains(t, got.body, "s3cr3t")
		assert.Equal(t, []string{"panic: s3cr3t"}, got.panics())
		assert.Equal(t, []string{"GET / 500"}, got.observed)
		assert.Contains(t, fmt.Sprint(got.log), "middleware_test.go", "the stack")
	})
	for _, encoding := range []string{"identity", "gzip"} {
		t.Run("within the response, "+encoding, func(t *testing.T) {
			t.Parallel()
			got := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "part")
				panic("late")
			}, newGet("/", "Accept-Encoding", encoding))
			assert.Contains(t, got.body, "broken off: ")
			assert.Len(t, got.panics(), 1)
			assert.Len(t, got.observed, 1)
		})
	}
	t.Run("aborted on purpose", func(t *testing.T) {
		t.Parallel()
		got := serve(t, Config{}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, newGet("/"))
		assert.Contains(t, got.body, "broken off: ")
		assert.Empty(t, got.panics())
	})
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	got := serve(t, Config{}, ok, newGet("/"))
	assert.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "DENY", got.Header.Get("X-Frame-Options"))
	assert.Equal(t, "no-referrer", got.Header.Get("Referrer-Policy"))
	assert.Equal(t, "default-src 'none'; frame-ancestors 'none'", got.Header.Get("Content-Security-Policy"))
	assert.NotEmpty(t, got.Header.Get("Permissions-Policy"))
	assert.Empty(t, got.Header.Get("Strict-Transport-Security"))
	assert.Empty(t, got.Header.Get("Access-Control-Allow-Origin"))

	got = serve(t, Config{HTTPS: true}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
	}, newGet("/"))
	assert.Equal(t, "max-age=31536000", got.Header.Get("Strict-Transport-Security"))
	assert.Equal(t, "default-src 'self'", got.Header.Get("Content-Security-Policy"))
}

func TestCORS(t *testing.T) {
	t.Parallel()
	preflight := func(origin string) *http.Request {
		r := newGet("/api/v1/users", "Origin", origin, "Access-Control-Request-Method", "PATCH",
			"Access-Control-Request-Headers", "authorization,content-type")
		r.Method = http.MethodOptions
		return r
	}
	cfg := Config{CORSOrigins: []string{"https://a.example"}}
	never := func(http.ResponseWriter, *http.Request) { t.Error("a preflight reached the handler") }

	got := serve(t, cfg, never, preflight("https://a.example"))
	assert.Equal(t, "https://a.example", got.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "PATCH", got.Header.Get("Access-Control-Allow-Methods"))
	assert.Equal(t, "authorization,content-type", got.Header.Get("Access-Control-Allow-Headers"))
	assert.Empty(t, got.Header.Get("Access-Control-Allow-Credentials"))
	assert.Empty(t, serve(t, cfg, never, preflight("https://b.example")).Header.Get("Access-Control-Allow-Origin"))

	got = serve(t, cfg, ok, newGet("/", "Origin", "https://a.example"))
	assert.Equal(t, "https://a.example", got.Header.Get("Access-Control-Allow-Origin"))
	for _, name := range []string{"X-Request-Id", "Retry-After", "ETag"} {
		assert.Contains(t, strings.ToLower(got.Header.Get("Access-Control-Expose-Headers")), strings.ToLower(name))
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 1000)
	write := func(body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			_, _ = io.WriteString(w, body)
		}
	}
	got := serve(t, Config{}, write(long), newGet("/", "Accept-Encoding", "gzip, zstd"))
	require.Equal(t, "gzip", got.Header.Get("Content-Encoding"))
	assert.Contains(t, got.Header.Values("Vary"), "Accept-Encoding")
	z, err := gzip.NewReader(strings.NewReader(got.body))
	require.NoError(t, err)
	body, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Equal(t, long, string(body))
	assert.EqualValues(t, len(got.body), got.log[0]["bytes"], "what went over the wire")

	for name, tt := range map[string]struct {
		h      http.HandlerFunc
		accept string
		body   string
	}{
		"not asked for": {write(long), "identity", long},
		"short":         {write("short"), "gzip", "short"},
		"encoded":       {write(long, "Content-Encoding", "br"), "gzip", long},
	} {
		got := serve(t, Config{}, tt.h, newGet("/", "Accept-Encoding", tt.accept))
		assert.NotEqual(t, "gzip", got.Header.Get("Content-Encoding"), name)
		assert.Equal(t, tt.body, got.body, name)
	}
}

func TestMalformedURL(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]int{
		"/a%00b":             http.StatusBadRequest,
		"/a%ffb":             http.StatusBadRequest,
		"/a%ED%A0%80b":       http.StatusBadRequest, // a lone surrogate
		"/a?q=%00":           http.StatusBadRequest,
		"/a?%00=q":           http.StatusBadRequest,
		"/a?q=%ff":           http.StatusBadRequest,
		"/a?q=%zz":           http.StatusBadRequest,
		"/a?q=1;r=2":         http.StatusBadRequest,
		"/a?q=%C3%A9&r=%20+": http.StatusOK,
		"/%C3%A9":            http.StatusOK,
	} {
		got := serve(t, Config{}, ok, newGet(target))
		assert.Equal(t, want, got.StatusCode, target)
		if want != http.StatusOK {
			assert.Equal(t, "application/problem+json", got.Header.Get("Content-Type"), target)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	post := func(target string, size int, chunked bool) *http.Request {
		r := httptest.NewRequest(http.MethodPost, target, nil)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", size))), int64(size)
		if chunked {
			r.ContentLength = -1
		}
		return r
	}
	read := func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		var tooLarge *http.MaxBytesError
		if assert.ErrorAs(t, err, &tooLarge) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		_, _ = fmt.Fprint(w, n)
	}
	readAll := func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		_, _ = fmt.Fprint(w, n)
	}
	file := func(w http.ResponseWriter, r *http.Request) {
		requestOf(r.Context()).body.limit = maxFile
		readAll(w, r)
	}
	got := serve(t, Config{}, readAll, post("/", maxBody, false))
	assert.Equal(t, fmt.Sprint(maxBody), got.body)
	got = serve(t, Config{}, readAll, post("/", maxBody, true))
	assert.Equal(t, fmt.Sprint(maxBody), got.body)
	got = serve(t, Config{}, read, post("/", maxBody+1, false))
	assert.Equal(t, http.StatusRequestEntityTooLarge, got.StatusCode)
	assert.Equal(t, "0", got.body, "a length that is too large")
	got = serve(t, Config{}, read, post("/", maxBody+1, true))
	assert.Equal(t, http.StatusRequestEntityTooLarge, got.StatusCode)
	got = serve(t, Config{}, file, post("/", maxBody+1, false))
	assert.Equal(t, http.StatusOK, got.StatusCode, "files may be larger")
}

func TestTrailingSlash(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/":                   "/",
		"/jobs/":              "/jobs/",
		"/api/v1/":            "/api/v1/",
		"/api/v1/users":       "/api/v1/users",
		"/api/v1/users/":      "/api/v1/users",
		"/api/v1/users/A%2F/": "/api/v1/users/A%2F",
		"/api/v1/users/?q=a/": "/api/v1/users",
	} {
		got := serve(t, Config{}, ok, newGet(target))
		assert.Equal(t, http.StatusOK, got.StatusCode, target)
		assert.Equal(t, want, got.body, target)
	}
}

func TestStreaming(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"identity", "gzip"} {
		first, done := make(chan struct{}), make(chan struct{})
		h := chain(Config{Logger: slog.New(slog.DiscardHandler)}, nil, nil, alone, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			assert.NoError(t, http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)))
			_, _ = io.WriteString(w, "first\n")
			assert.NoError(t, http.NewResponseController(w).Flush())
			close(first)
			<-done
			_, _ = io.WriteString(w, "second\n")
			_, isFlusher := w.(http.Flusher)
			assert.True(t, isFlusher)
		}))
		server := httptest.NewServer(h)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		r.Header.Set("Accept-Encoding", encoding)
		resp, err := (&http.Transport{DisableCompression: true}).RoundTrip(r) // returns once the headers were flushed
		require.NoError(t, err)
		<-first
		b := make([]byte, 1)
		_, err = io.ReadFull(resp.Body, b)
		require.NoError(t, err, "a part arrives before the end")
		close(done)
		_, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		_ = resp.Body.Close()
		server.Close()
	}
}

// alone is a step that does nothing.
func alone(h http.Handler) http.Handler { return h }
