package api

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"github.com/rs/cors"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
)

type middleware = func(http.Handler) http.Handler

// problemFunc answers a request with a problem of the status.
type problemFunc = func(w http.ResponseWriter, r *http.Request, status int, err error)

// chain puts around a handler what all requests go through, in this order.
func chain(cfg Config, problem problemFunc, h http.Handler) http.Handler {
	steps := []middleware{
		identify(cfg.TrustedProxies),
		observe(cfg.Logger, cfg.Observe),
		secure(cfg.HTTPS),
		allowOrigins(cfg.CORSOrigins),
		compress(),
		recoverPanics(cfg.Logger, problem), // inside compress, which would answer 200 for a buffered part
		refuseMalformed(problem),
		limitBody(bodyLimit, problem),
		stripSlash,
		nameRoute,
	}
	for _, step := range slices.Backward(steps) {
		h = step(h)
	}
	return h
}

// request is what the steps know of one; it is for one goroutine at a time.
type request struct {
	id     string
	client string
	route  string
	header http.Header // of the response
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{header: http.Header{}}
}

// RequestID is the id by which the log and the response's X-Request-Id name a request.
func RequestID(ctx context.Context) string { return requestOf(ctx).id }

// ClientIP is the address of the client that sent a request, behind trusted proxies.
func ClientIP(ctx context.Context) string { return requestOf(ctx).client }

// SetRoute names a request for logs, metrics and traces: an operation's id. By default it is the pattern of a
// http.ServeMux.
func SetRoute(ctx context.Context, name string) { requestOf(ctx).route = name }

// identify gives a request its id, from X-Request-Id when that is sane, and finds the client's address.
func identify(trusted []netip.Prefix) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("X-Request-Id")
			if !saneID(id) {
				id = rand.Text()
			}
			w.Header().Set("X-Request-Id", id)
			ctx := context.WithValue(r.Context(), requestKey{}, &request{id: id, client: clientIP(r, trusted), header: w.Header()})
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func saneID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '_' && c != '-'
	})
}

// clientIP is the peer's address or, when that is a trusted proxy, the last one in X-Forwarded-For that is none.
func clientIP(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	client := peer.Addr().Unmap().WithZone("")
	isTrusted := func(p netip.Prefix) bool { return p.Contains(client) }
	if !slices.ContainsFunc(trusted, isTrusted) {
		return client.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		a, err := netip.ParseAddr(hop)
		if err != nil {
			ap, err := netip.ParseAddrPort(hop)
			if err != nil {
				break // what comes before is no more credible
			}
			a = ap.Addr()
		}
		client = a.Unmap().WithZone("")
		if !slices.ContainsFunc(trusted, isTrusted) {
			break
		}
	}
	return client.String()
}

// observe logs, measures and traces each request. It shows neither query nor headers, which can hold secrets.
func observe(log *slog.Logger, measure func(operation, method string, status int, took time.Duration)) middleware {
	tracer := otel.Tracer("github.com/edgevalue/edgevalue/internal/api")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
			ctx, span := tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
			defer span.End()
			if span.SpanContext().IsValid() { // there are traces
				r = r.WithContext(ctx)
			}
			rec := &recorder{ResponseWriter: w}
			defer func() {
				took := time.Since(start)
				q := requestOf(ctx)
				endSpan(span, r.Method, q.route, rec.status())
				if measure != nil {
					measure(q.route, r.Method, rec.status(), took)
				}
				log.LogAttrs(ctx, levelOf(r, rec.status()), "request", slog.String("request_id", q.id),
					slog.String("method", r.Method), routeAttr(q.route, r.URL.Path), slog.Int("status", rec.status()),
					slog.Int64("bytes", rec.bytes), slog.Duration("duration", took), slog.String("client", q.client))
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

func endSpan(span trace.Span, method, route string, status int) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPResponseStatusCode(status))
	if route != "" {
		span.SetName(method + " " + route)
		span.SetAttributes(semconv.HTTPRoute(route))
	}
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

// levelOf leaves probes out of a log that shows no debug lines.
func levelOf(r *http.Request, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn // the error itself is logged where it was met
	case r.URL.Path == "/livez" || r.URL.Path == "/readyz":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// routeAttr shows the path only of what matched no route: others can name a person.
func routeAttr(route, path string) slog.Attr {
	if route != "" {
		return slog.String("route", route)
	}
	return slog.String("path", path[:min(len(path), 200)])
}

// secure sets the headers by which a browser trusts a response with little. A handler can replace them.
func secure(https bool) middleware {
	answers := http.Header{ // names in their canonical form
		"Cache-Control":                {"no-store"},
		"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Referrer-Policy":              {"no-referrer"},
		"X-Content-Type-Options":       {"nosniff"},
	}
	if https {
		answers.Set("Strict-Transport-Security", "max-age=31536000")
	}
	pages := maps.Clone(answers) // what only documents heed
	maps.Copy(pages, http.Header{
		"Cross-Origin-Opener-Policy": {"same-origin"},
		"Permissions-Policy":         {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		"X-Frame-Options":            {"DENY"},
	})
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			headers := pages
			if strings.HasPrefix(r.URL.Path, Prefix+"/") {
				headers = answers
			}
			maps.Copy(w.Header(), headers)
			next.ServeHTTP(w, r)
		})
	}
}

// allowOrigins lets the pages of other origins call the API, with an access token but without cookies.
func allowOrigins(origins []string) middleware {
	if len(origins) == 0 { // which cors takes for all
		return func(next http.Handler) http.Handler { return next }
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Encoding", "Content-Type", "If-None-Match", "Traceparent",
			"Tracestate", "X-Request-Id"},
		ExposedHeaders: []string{"ETag", "Location", "Retry-After", "X-Request-Id"},
		MaxAge:         600,
	}).Handler
}

func compress() middleware {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.EnableZstd(false))
	if err != nil {
		panic(err) // the options are wrong
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}

// recoverPanics answers a panic with status 500 or, when the response has begun, breaks it off.
func recoverPanics(log *slog.Logger, problem problemFunc) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &recorder{ResponseWriter: w}
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				err, ok := v.(error)
				if !ok {
					err = errors.Errorf("%v", v)
				}
				if errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				err = errors.Wrap(err, "panic")
				log.ErrorContext(r.Context(), "panic", "error", err, "request_id", RequestID(r.Context()),
					"stack", string(debug.Stack()))
				if rec.code != 0 {
					panic(http.ErrAbortHandler)
				}
				problem(w, r, http.StatusInternalServerError, errors.New("an internal error; the request id finds it in the log"))
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// refuseMalformed answers 400 when the decoded path or query has what PostgreSQL's text cannot hold.
func refuseMalformed(problem problemFunc) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isText(r.URL.Path) {
				problem(w, r, http.StatusBadRequest, errors.New("the path must be valid UTF-8 without NUL characters"))
				return
			}
			if r.URL.RawQuery != "" {
				query, err := url.ParseQuery(r.URL.RawQuery)
				if err != nil {
					problem(w, r, http.StatusBadRequest, errors.New("the query has an invalid escape or separator"))
					return
				}
				for name, values := range query {
					if !isText(name) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
						problem(w, r, http.StatusBadRequest, errors.New("the query must be valid UTF-8 without NUL characters"))
						return
					}
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// limitBody answers 413 to a body that says to be larger than limit allows; reading from others fails with a
// *http.MaxBytesError. Reading one that the client breaks off fails with status 400.
func limitBody(limit func(*http.Request) int64, problem problemFunc) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body != nil && r.Body != http.NoBody {
				n := limit(r)
				if r.ContentLength > n {
					w.Header().Set("Connection", "close")
					problem(w, r, http.StatusRequestEntityTooLarge, errors.Errorf("the body has more than %d bytes", n))
					return
				}
				r.Body = http.MaxBytesReader(w, body{r.Body}, n)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// body tells the errors of a client's connection from those of others.
type body struct{ io.ReadCloser }

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &statusError{http.StatusBadRequest, errors.New("the body breaks off")}
	}
	return n, err
}

// stripSlash takes a path of the API with a trailing slash for the one without.
func stripSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.Path; strings.HasPrefix(path, Prefix+"/") && strings.HasSuffix(path, "/") && len(path) > len(Prefix)+1 {
			u := *r.URL
			u.Path = strings.TrimSuffix(path, "/")
			u.RawPath = strings.TrimSuffix(u.RawPath, "/")
			r2 := *r
			r2.URL = &u
			r = &r2
		}
		next.ServeHTTP(w, r)
	})
}

// nameRoute makes the pattern that the mux found the request's route, unless it has a name already.
func nameRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if q := requestOf(r.Context()); q.route == "" {
				q.route = r.Pattern
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	code  int // 0 before the response begins
	bytes int64
}

func (w *recorder) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}

func (w *recorder) WriteHeader(code int) {
	if w.code == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// FlushError is for http.ResponseController, Flush for those who ask for a http.Flusher.
func (w *recorder) FlushError() error {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *recorder) Flush() { _ = w.FlushError() }

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
