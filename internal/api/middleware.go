package api

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/flate"
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

// chain puts around a handler what all requests go through.
func chain(cfg Config, refuse refuseFunc, announced []announcement, again step, h http.Handler) http.Handler {
	for _, step := range slices.Backward(steps(cfg, refuse, announced, again)) {
		h = step(h)
	}
	return h
}

// steps are those of the chain, in this order.
func steps(cfg Config, refuse refuseFunc, announced []announcement, again step) []step {
	return []step{
		identify(cfg.TrustedProxies),
		observe(cfg.Logger, cfg.Observe),
		secure(cfg.HTTPS),
		announce(announced),
		allowOrigins(cfg.CORSOrigins),
		limitRate(newRates(cfg.Limits, time.Now), refuse),
		followWrites(cfg.App, cfg.HTTPS, refuse),
		admit(cfg.Limits, refuse), // until the client has the response
		again,
		answerHead,
		compress(),
		recoverPanics(cfg.Logger, refuse), // inside compress, which would send 200 for a buffered part
		refuseMalformed(refuse),
		limitBody(refuse),
		identifyKey(cfg.App, refuse),
		stripSlash,
	}
}

// request is what the steps know of one, and its context; it is for one goroutine at a time.
type request struct {
	context.Context

	id         string
	idValue    [1]string // id as the value of a header
	client     string
	origin     app.Origin
	route      string
	actor      app.Actor // who sent it, once that is known
	key        int64     // the id of their API key
	keyErr     error     // why the API key counts for nothing
	cookies    []string  // the tokens of the page's cookies in it
	byCookie   bool      // a cookie says who sent it
	foreign    bool      // it would change something, and the page of another origin sent it
	ahead      bool      // its sender knows of a write that this server has not heard of
	body       *body
	sent       recorder        // of the answer, for the log
	connection context.Context // ends with the client's connection

	control     *http.ResponseController // of the connection's deadlines
	header      http.Header              // of the answer
	leaveTurn   func()                   // lets the next list be made; may be nil
	setCookie   func(app.Cookie)         // in the answer
	keyAccepted func()                   // counts the request as its API key's; may be nil

	// newproject:companies
	file *formFile // in its body, if that is a form with one
	// newproject:end
}

type requestKey struct{}

// Value returns the request itself for its key, and where it comes from.
func (q *request) Value(key any) any {
	switch key.(type) {
	case requestKey:
		return q
	case app.OriginKey:
		return &q.origin
	}
	return q.Context.Value(key)
}

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

// identify gives a request its id, a trusted proxy's X-Request-Id when that is sane, and finds the client's address.
func identify(trusted []netip.Prefix) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := first(r.Header["X-Request-Id"])
			if !saneID(id) || !fromProxy(r, trusted) {
				id = newID()
			}
			client, address := clientIP(r, trusted)
			q := &request{
				Context: r.Context(), id: id, idValue: [1]string{id}, client: client,
				origin: app.Origin{Address: address, RequestID: id, UserAgent: userAgent(r)},
			}
			w.Header()["X-Request-Id"] = q.idValue[:]
			next.ServeHTTP(w, r.WithContext(q))
		})
	}
}

// first is what Get of a header returns, whose name need not be brought into its canonical form if it is in that.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// newID returns 128 random bits, which are no secret.
func newID() string {
	var bits [16]byte
	binary.NativeEndian.PutUint64(bits[:8], rand.Uint64()) //nolint:gosec // no secret
	binary.NativeEndian.PutUint64(bits[8:], rand.Uint64()) //nolint:gosec // no secret
	var text [26]byte
	ids.Encode(text[:], bits[:])
	return string(text[:])
}

var ids = base32.StdEncoding.WithPadding(base32.NoPadding)

func saneID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '_' && c != '-'
	})
}

// fromProxy reports whether the peer is a trusted proxy.
func fromProxy(r *http.Request, trusted []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap().WithZone("")) })
}

// clientIP is the peer's address or, when that is a trusted proxy, the last one in X-Forwarded-For that is not. Over a
// socket without addresses there is a text alone.
func clientIP(r *http.Request, trusted []netip.Prefix) (text string, client netip.Addr) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr, netip.Addr{}
	}
	client = peer.Addr().Unmap().WithZone("")
	isTrusted := func(p netip.Prefix) bool { return p.Contains(client) }
	if !slices.ContainsFunc(trusted, isTrusted) {
		if peer.Addr().Is4() { // as net/http writes it
			text, _, _ = strings.Cut(r.RemoteAddr, ":")
			return text, client
		}
		return client.String(), client
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
	return client.String(), client
}

// Observe measures requests by their operation, which is empty when there is none, their method and the status of their
// answer. It returns what is called for each request of these.
type Observe = func(operation, method string, status int) (measure func(took time.Duration))

// observe logs, measures and traces each request. It shows neither query nor headers, which can hold secrets.
func observe(log *slog.Logger, measure Observe) step {
	_, traced := otel.GetTracerProvider().(*sdktrace.TracerProvider) // which telemetry sets when traces are wanted
	tracer := otel.Tracer("github.com/edgevalue/edgevalue/internal/api")
	kinds := newKinds(log.Handler(), measure)
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
			q := requestOf(ctx)
			q.sent.ResponseWriter = w
			defer func() {
				end := time.Now()
				took := end.Sub(start)
				status := q.sent.status()
				endSpan(span, r.Method, q.route, status)
				of := kinds.of(kind{q.route, r.Method, status}, r.URL.Path)
				of.measure(took)
				level := levelOf(r, status)
				if !log.Enabled(ctx, level) {
					return
				}
				line := slog.NewRecord(end, level, "request", 0) // no program counter, which no handler shows and takes time
				line.AddAttrs(slog.String("request_id", q.id), slog.Int64("bytes", q.sent.bytes),
					slog.String("duration", took.Round(time.Microsecond).String()), slog.String("client", q.client))
				if q.actor.UserID > 0 {
					line.AddAttrs(slog.Int64("user", q.actor.UserID))
				}
				if q.actor.KeyID > 0 {
					line.AddAttrs(slog.Int64("api_key", q.actor.KeyID))
				}
				_ = of.log.Handle(ctx, line)
			}()
			next.ServeHTTP(&q.sent, r)
		})
	}
}

// A kind of requests is what they have in common in the log and in the metrics.
type kind struct {
	route, method string
	status        int
}

// A kindObserver has what is the same in the lines of a kind written once, and its metric looked up.
type kindObserver struct {
	log     slog.Handler
	measure func(took time.Duration)
}

// kinds remember the observers of those that are not for clients to invent.
type kinds struct {
	log     slog.Handler
	measure Observe
	mu      sync.Mutex
	known   atomic.Pointer[map[kind]kindObserver] // is replaced, not changed
}

func newKinds(log slog.Handler, measure Observe) *kinds {
	k := &kinds{log: log, measure: measure}
	k.known.Store(&map[kind]kindObserver{})
	return k
}

func (k *kinds) of(this kind, path string) kindObserver {
	if known, ok := (*k.known.Load())[this]; ok {
		return known
	}
	own := kindObserver{
		log: k.log.WithAttrs([]slog.Attr{
			slog.String("method", this.method), routeAttr(this.route, path), slog.Int("status", this.status),
		}),
		measure: func(time.Duration) {},
	}
	if k.measure != nil {
		own.measure = k.measure(this.route, this.method, this.status)
	}
	if this.route != "" && slices.Contains(methods, this.method) {
		k.mu.Lock()
		defer k.mu.Unlock()
		known := maps.Clone(*k.known.Load())
		known[this] = own
		k.known.Store(&known)
	}
	return own
}

// methods are those that anything is served for.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
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

// aPerson is what may be an address in a path, and what follows. Its @ may have been escaped twice.
var aPerson = regexp.MustCompile(`(password-recovery/).*|[^/]*(?:@|%(?:25)*40).*`)

// routeAttr shows the path only of what matched no route, and of that nothing that names a person.
func routeAttr(route, path string) slog.Attr {
	switch {
	case route != "":
		return slog.String("route", route)
	case !utf8.ValidString(path):
		return slog.String("path", "not UTF-8")
	}
	path = aPerson.ReplaceAllString(path, "$1…")
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
	ofAll, ofPages := fields(common), fields(pages)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			headers := ofPages
			if strings.HasPrefix(r.URL.Path, Prefix+"/") {
				headers = ofAll
			}
			h := w.Header()
			for _, f := range headers {
				h[f.name] = f.values
			}
			next.ServeHTTP(w, r)
		})
	}
}

// A field is one of a header. A list of them is faster to set than a map.
type field struct {
	name   string
	values []string
}

func fields(h http.Header) (all []field) {
	for name, values := range h {
		all = append(all, field{name, values})
	}
	return all
}

// allowOrigins lets the pages of other origins call the API, with an access token but without cookies.
func allowOrigins(origins []string) step {
	if len(origins) == 0 { // which cors takes for all
		return func(next http.Handler) http.Handler { return next }
	}
	allow := cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{"Authorization", "Content-Encoding", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Write", "Traceparent",
			"Tracestate", "X-Api-Key", "X-Request-Id"},
		ExposedHeaders: []string{"Deprecation", "ETag", "Last-Write", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset", "X-Request-Id"},
		MaxAge:         600,
	})
	return func(next http.Handler) http.Handler { return allow.Handler(next) }
}

// answerHead serves HEAD as GET where operations are, whose routes know GET alone. The server sends no body.
func answerHead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && strings.HasPrefix(r.URL.Path, Prefix+"/") {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

func compress() step {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.CompressionLevel(gzip.BestSpeed), gzhttp.EnableZstd(false), gzhttp.SuffixETag("-gzip"))
	if err != nil {
		panic(err) // the options are wrong
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}

// recoverPanics turns a panic into status 500 or, when the response has begun, breaks it off. It keeps the generated code
// from saying which headers other origins may see, and ends the turn of a list when its response begins.
func recoverPanics(log *slog.Logger, refuse refuseFunc) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent := &recorder{ResponseWriter: w, of: requestOf(r.Context()), exposed: w.Header()[exposedHeaders]}
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
				refuse(sent, r, errInternal)
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

// limitBody bounds the body of a request to maxBody, as it comes and unpacked. An operation can allow more before it
// reads. A body whose Content-Encoding is gzip is unpacked, whatever is in it: a file may be a gzip file as well.
func limitBody(refuse refuseFunc) step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body == nil || r.Body == http.NoBody {
				next.ServeHTTP(w, r)
				return
			}
			b := &body{ReadCloser: r.Body, w: w, length: r.ContentLength, limit: maxBody}
			kind := r.Header.Get("Content-Type")
			b.isForm, b.isJSON = strings.HasPrefix(kind, formType), strings.HasPrefix(kind, jsonType)
			switch coding := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ","))); coding {
			case "", "identity":
			case "gzip", "x-gzip":
				b.packed = true
				r.Header.Del("Content-Encoding")
				r.ContentLength = -1
			default:
				w.Header().Set("Accept-Encoding", "gzip")
				refuse(w, r, &statusError{http.StatusUnsupportedMediaType, errors.New("the body's Content-Encoding must be gzip, or none")})
				return
			}
			requestOf(r.Context()).body = b
			r.Body = b
			next.ServeHTTP(w, r)
		})
	}
}

// A body of a request. Reading one that is larger than its limit fails with a *http.MaxBytesError, at once if it says
// so. Reading one that the client breaks off, or that is not packed as it says, fails with status 400.
type body struct {
	io.ReadCloser
	w             http.ResponseWriter
	length, limit int64
	packed        bool
	in            io.Reader // what is read, from the first time on
	left          int64     // of the limit, for what is unpacked
	isForm        bool
	isJSON        bool
	read          []byte // of a form or JSON that is no file: the generated code does not keep it
}

func (b *body) Read(p []byte) (int, error) {
	if b.in == nil {
		if b.length > b.limit {
			return 0, &http.MaxBytesError{Limit: b.limit}
		}
		b.ReadCloser = http.MaxBytesReader(b.w, b.ReadCloser, b.limit)
		b.in, b.left = b.ReadCloser, b.limit
		if b.packed {
			unpacked, err := gzip.NewReader(b.ReadCloser)
			if err != nil {
				b.in = failing{b.explain(err)}
			} else {
				b.in = unpacked
			}
		}
	}
	n, err := b.in.Read(p)
	if n64 := int64(n); n64 > b.left { // of what was packed
		n, err = int(b.left), &http.MaxBytesError{Limit: b.limit}
	}
	b.left -= int64(n)
	if (b.isForm || b.isJSON) && b.limit == maxBody {
		b.read = append(b.read, p[:n]...)
	}
	return n, b.explain(err)
}

func (b *body) explain(err error) error {
	var (
		tooLarge *http.MaxBytesError
		told     *statusError
		corrupt  flate.CorruptInputError
	)
	switch {
	case err == nil, errors.Is(err, io.EOF) && b.in != nil, errors.As(err, &tooLarge), errors.As(err, &told):
		return err
	case b.packed && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)):
		return &statusError{http.StatusBadRequest, errors.New("the body is not whole gzip, as its Content-Encoding says")}
	}
	return errBrokenOff
}

var errBrokenOff = &statusError{http.StatusBadRequest, errors.New("the body breaks off")}

// failing is a reader with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// stripSlash takes a path of the API with a trailing slash for the one without.
func stripSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u := withoutSlash(r.URL); u != r.URL {
			r2 := *r
			r2.URL = u
			r = &r2
		}
		next.ServeHTTP(w, r)
	})
}

func withoutSlash(u *url.URL) *url.URL {
	if !strings.HasPrefix(u.Path, Prefix+"/") || !strings.HasSuffix(u.Path, "/") || len(u.Path) <= len(Prefix)+1 {
		return u
	}
	stripped := *u
	stripped.Path = strings.TrimSuffix(u.Path, "/")
	stripped.RawPath = strings.TrimSuffix(u.RawPath, "/")
	return &stripped
}

// recorder remembers what was sent.
type recorder struct {
	http.ResponseWriter
	code    int // 0 before the response begins
	bytes   int64
	of      *request // whose turn ends when the response begins; may be nil
	exposed []string // the value of exposedHeaders then, if of is not nil
	begin   func()   // is called then; may be nil
}

const exposedHeaders = "Access-Control-Expose-Headers"

func (w *recorder) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}

func (w *recorder) WriteHeader(code int) {
	if code >= 200 || code == http.StatusSwitchingProtocols {
		w.started(code)
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) started(code int) {
	if w.code != 0 {
		return
	}
	w.code = code
	if w.begin != nil {
		w.begin()
	}
	if w.of == nil {
		return
	}
	w.of.endTurn()
	if w.exposed == nil {
		delete(w.Header(), exposedHeaders)
	} else {
		w.Header()[exposedHeaders] = w.exposed
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.started(http.StatusOK)
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

func (w *recorder) Flush() {
	w.started(http.StatusOK)
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// userAgent is what the client says it is, as far as it can be stored and shown.
func userAgent(r *http.Request) string {
	return shown(first(r.Header["User-Agent"]), maxUserAgent)
}

const maxUserAgent = 300 // characters

// shown is a client's text as far as it can be stored and shown, on one line of at most so many characters.
func shown(s string, most int) string {
	plain := len(s) <= most // which nearly all are
	for i := 0; plain && i < len(s); i++ {
		plain = ' ' <= s[i] && s[i] <= '~'
	}
	if plain {
		return strings.TrimSpace(s)
	}
	s = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, strings.ToValidUTF8(s, "")))
	if n := []rune(s); len(n) > most {
		s = strings.TrimSpace(string(n[:most]))
	}
	return s
}
