// Package api says what EdgeValue's use cases are in HTTP: handlers that convert, call the use case and convert back,
// access tokens, and problems.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// Prefix is the path below which the API is served.
const Prefix = "/api/v1"

// Bounds of a request.
const (
	maxBody        = 1 << 20             // bytes, but for files
	maxFile        = app.MaxFileSize + 1 // one more, so that the use case sees that a file is too large
	requestTimeout = 30 * time.Second    // of an operation
	uploadTimeout  = 5 * time.Minute     // of one that takes in a file
)

// handler serves every operation of openapi.yaml.
type handler struct {
	app *app.App
	log *slog.Logger
}

var (
	_ oas.Handler         = (*handler)(nil)
	_ oas.SecurityHandler = (*handler)(nil)
)

// Config is what the server depends on.
type Config struct {
	App            *app.App
	Logger         *slog.Logger
	CORSOrigins    []string
	TrustedProxies []netip.Prefix
	HTTPS          bool           // the public address is https
	Pages          *http.ServeMux // what is served beside the operations; may be nil
	// Observe measures a request by its operation, which is empty when there is none; may be nil.
	Observe func(operation, method string, status int, took time.Duration)
}

// New returns the handler of everything that is served to the public.
func New(cfg Config) (http.Handler, error) {
	h := &handler{app: cfg.App, log: cfg.Logger}
	problem := func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, r, newProblem(r.Context(), cfg.Logger, err), err)
	}
	status := func(w http.ResponseWriter, r *http.Request, status int, err error) {
		problem(w, r, &statusError{status, err})
	}
	operations, err := oas.NewServer(h, h,
		oas.WithPathPrefix(Prefix),
		oas.WithErrorHandler(func(_ context.Context, w http.ResponseWriter, r *http.Request, err error) { problem(w, r, err) }),
		oas.WithNotFound(func(w http.ResponseWriter, r *http.Request) {
			status(w, r, http.StatusNotFound, errors.New("there is nothing at this path"))
		}),
		oas.WithMethodNotAllowed(func(w http.ResponseWriter, r *http.Request, allowed string) {
			w.Header().Set("Allow", allowed)
			status(w, r, http.StatusMethodNotAllowed, errors.New("this path allows "+strings.ReplaceAll(allowed, ",", ", ")))
		}),
	)
	if err != nil {
		return nil, errors.Wrap(err, "create API server")
	}
	mux := cfg.Pages
	if mux == nil {
		mux = http.NewServeMux()
	}
	return chain(cfg, status, operation(operations, pages(mux, operations, status))), nil
}

// pages answers what no route matches with a problem, and sends no client of the API elsewhere.
func pages(mux *http.ServeMux, operations http.Handler, problem func(http.ResponseWriter, *http.Request, int, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if strings.HasPrefix(r.URL.Path, Prefix+"/") && path.Clean(r.URL.Path) != r.URL.Path {
			problem(w, r, http.StatusNotFound, errors.New("there is nothing at this path"))
			return
		}
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, Prefix+"/") {
			operations.ServeHTTP(w, r) // refuses what is not an operation
			return
		}
		probe := &statusProbe{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			problem(w, r, probe.status, errors.New("this path allows "+probe.header.Get("Allow")))
			return
		}
		problem(w, r, http.StatusNotFound, errors.New("there is nothing at this path"))
	})
}

// statusProbe keeps the status and headers of an answer and drops its body.
type statusProbe struct {
	header http.Header
	status int
}

func (p *statusProbe) Header() http.Header         { return p.header }
func (p *statusProbe) Write(b []byte) (int, error) { return len(b), nil }
func (p *statusProbe) WriteHeader(status int)      { p.status = status }

// operation prepares a request for ogen's server: its name for logs and metrics, and its time.
// What is no operation is for next.
func operation(operations *oas.Server, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, ok := operations.FindPath(r.Method, r.URL)
		if !ok || path.Clean(r.URL.Path) != r.URL.Path {
			next.ServeHTTP(w, r)
			return
		}
		SetRoute(r.Context(), route.OperationID())
		timeout := requestTimeout
		if isUpload(r) {
			timeout = uploadTimeout
			r.Header.Set("Content-Type", "application/octet-stream") // whatever the client says; ogen wants one
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		operations.ServeHTTP(w, r.WithContext(ctx))
	})
}

func isUpload(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, Prefix+"/imports/")
}

// bodyLimit is how many bytes a request's body may have.
func bodyLimit(r *http.Request) int64 {
	if isUpload(r) {
		return maxFile
	}
	return maxBody
}

// statusError is an error that says its HTTP status.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }
