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
	"unicode"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"github.com/rs/cors"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/edgevalue/edgevalue/internal/app"
)

type step = func(http.Handler) http.Handler

// refuseFunc responds with the problem of an error.
type refuseFunc = func(w http.ResponseWriter, r *http.Request, err error)

// chain puts around a handler what all requests go through, in this order.
func chain(cfg Config, refuse refuseFunc, h http.Handler) http.Handler {
	steps := []step{
		identify(cfg.TrustedProxies),
		observe(cfg.Logger, cfg.Observe),
		secure(cfg.HTTPS),
		allowOrigins(cfg.CORSOrigins),
		compress(),
		recoverPanics(cfg.Logger, refuse), // inside compress, which would send 200 for a buffered part
		refuseMalformed(refuse),
		limitBody,
		stripSlash,
	}
	for _, step := range slices.Backward(steps) {
		h = step(h)
	}
	return h
}

// request is what the steps know of one; it is for one goroutine at a time.
type request struct {
	id         string
	client     string
	route      string
	body       *body
	connection context.Context // ends with the client's connection
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// RequestID is the id by which the log and the response's X-Request-Id name a request.
func RequestID(ctx context.Context) string { return requestOf(ctx).id }

// ClientIP is the address of the client that sent a request, behind trusted proxies.
func ClientIP(ctx context.Context) string { return requestOf(ctx).client }

// SetRoute names a request for logs, metrics and traces: an operation's id, or the pattern of a page.
func SetRoute(ctx context.Context, name string) { requestOf(ctx).route = name }

// identify gives a request its id, from X-Request-Id when that is sane, and finds the client's address.
func identify(trusted []netip.Prefix) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("X-Request-Id")
			if !saneID(id) {
				id = rand.Text()
			}
			w.Header().Set("X-Request-Id", id)
			client := clientIP(r, trusted)
			ctx := context.WithValue(r.Context(), requestKey{}, &request{id: id, client: client})
			address, _ := netip.ParseAddr(client) // none over a socket without one
			ctx = app.WithOrigin(ctx, app.Origin{Address: address, RequestID: id, UserAgent: userAgent(r)})
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func saneID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '_' && c != '-'
	})
}

// clientIP is the peer's address or, when that is a trusted proxy, the last one in X-Forwarded-For that is not
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
func observe(log *slog.Logger, measure func(operation, method string, status int, took time.Duration)) step {
	_, traced := otel.GetTracerProvider().(*sdktrace.TracerProvider) // which telemetry sets when traces are wanted
	tracer := otel.Tracer("github.com/edgevalue/edgevalue/internal/api")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			ctx, span := r.Context(), trace.SpanFromContext(r.Context())
			if traced {
				ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.HeaderCarrier(r.Header))
				ctx, span = tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
				defer span.End()
				r = r.WithContext(ctx)
			}
			sent := &recorder{ResponseWriter: w}
			defer func() {
				took := time.Since(start)
				q := requestOf(ctx)
				endSpan(span, r.Method, q.route, sent.status())
				if measure != nil {
					measure(q.route, r.Method, sent.status(), took)
				}
				log.LogAttrs(ctx, levelOf(r, sent.status()), "request", slog.String("request_id", q.id),
					slog.String("method", r.Method), routeAttr(q.route, r.URL.Path), slog.Int("status", sent.status()),
					slog.Int64("bytes", sent.bytes), slog.String("duration", took.Round(time.Microsecond).String()), slog.String("client", q.client))
			}()
			next.ServeHTTP(sent, r)
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
func secure(https bool) step {
	common := http.Header{ // names in their canonical form
		"Cache-Control":                {"no-store"},
		"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Referrer-Policy":              {"no-referrer"},
		"X-Content-Type-Options":       {"nosniff"},
	}
	if https {
		common.Set("Strict-Transport-Security", "max-age=31536000")
	}
	pages := maps.Clone(common) // what only documents heed
	maps.Copy(pages, http.Header{
		"Cross-Origin-Opener-Policy": {"same-origin"},
		"Permissions-Policy":         {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		"X-Frame-Options":            {"DENY"},
	})
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			headers := pages
			if strings.HasPrefix(r.URL.Path, Prefix+"/") {
				headers = common
			}
			maps.Copy(w.Header(), headers)
			next.ServeHTTP(w, r)
		})
	}
}

// allowOrigins lets the pages of other origins call the API, with an access token but without cookies.
func allowOrigins(origins []string) step {
	if len(origins) == 0 { // which cors takes for all
		return func(next http.Handler) http.Handler { return next }
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Encoding", "Content-Type", "If-None-Match", "Traceparent",
			"Tracestate", "X-Request-Id"},
		ExposedHeaders: []string{"ETag", "Retry-After", "X-Request-Id"},
		MaxAge:         600,
	}).Handler
}

func compress() step {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.EnableZstd(false))
	if err != nil {
		panic(err) // the options are wrong
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}

// recoverPanics turns a panic into status 500 or, when the response has begun, breaks it off.
func recoverPanics(log *slog.Logger, refuse refuseFunc) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent := &recorder{ResponseWriter: w}
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
				if sent.code != 0 {
					panic(http.ErrAbortHandler)
				}
				refuse(w, r, errInternal)
			}()
			next.ServeHTTP(sent, r)
		})
	}
}

// refuseMalformed refuses a path or query that PostgreSQL's text cannot hold.
func refuseMalformed(refuse refuseFunc) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := malformed(r.URL); err != nil {
				refuse(w, r, &statusError{http.StatusBadRequest, err})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func malformed(u *url.URL) error {
	if !isText(u.Path) {
		return errors.New("the path must be valid UTF-8 without NUL characters")
	}
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("the query has an invalid escape or separator")
	}
	for name, values := range query {
		if !isText(name) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
			return errors.New("the query must be valid UTF-8 without NUL characters")
		}
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// limitBody bounds the body of a request to maxBody. An operation can allow more before it reads.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			b := &body{ReadCloser: r.Body, w: w, length: r.ContentLength, limit: maxBody}
			b.isForm = strings.HasPrefix(r.Header.Get("Content-Type"), formType)
			requestOf(r.Context()).body = b
			r.Body = b
		}
		next.ServeHTTP(w, r)
	})
}

// A body of a request. Reading one that is larger than its limit fails with a *http.MaxBytesError, at once if it says
// so. Reading one that the client breaks off fails with status 400.
type body struct {
	io.ReadCloser
	w             http.ResponseWriter
	length, limit int64
	bounded       bool
	isForm        bool
	form          []byte // what was read of one: the generated code does not keep it
}

func (b *body) Read(p []byte) (int, error) {
	if !b.bounded {
		if b.length > b.limit {
			return 0, &http.MaxBytesError{Limit: b.limit}
		}
		b.bounded = true
		b.ReadCloser = http.MaxBytesReader(b.w, b.ReadCloser, b.limit)
	}
	n, err := b.ReadCloser.Read(p)
	if b.isForm && b.limit == maxBody {
		b.form = append(b.form, p[:n]...)
	}
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &tooLarge) {
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

// recorder remembers what was sent.
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
	w.code = w.status()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

func (w *recorder) Flush() {
	w.code = w.status()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// userAgent is what the client says it is, as far as it can be stored and shown.
func userAgent(r *http.Request) string {
	s := strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, strings.ToValidUTF8(r.UserAgent(), ""))
	if n := []rune(s); len(n) > maxUserAgent {
		s = string(n[:maxUserAgent])
	}
	return s
}

const maxUserAgent = 300 // characters
