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

// Config is what the server depends on.
type Config struct {
	App            *app.App
	Logger         *slog.Logger
	CORSOrigins    []string
	TrustedProxies []netip.Prefix
	HTTPS          bool                                             // the public address is https
	Metrics        Metrics                                          // may be nil
	Mount          func(mux *http.ServeMux, handler *Mounted) error // further pages; may be nil
}

// Metrics measures requests.
type Metrics interface {
	Observe(operation, method string, status int, took time.Duration)
	InFlight(next http.Handler) http.Handler
}

// Mounted is what further pages share with the API.
type Mounted struct {
	app   *app.App
	log   *slog.Logger
	https bool
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
	mux := http.NewServeMux()
	mux.Handle(Prefix+"/", operations) // refuses what is no operation
	if cfg.Mount != nil {
		if err := cfg.Mount(mux, &Mounted{cfg.App, cfg.Logger, cfg.HTTPS}); err != nil {
			return nil, err
		}
	}
	return chain(cfg, status, operation(operations, pages(mux, status))), nil
}

// pages answers what no route matches with a problem, and sends no client of the API elsewhere.
func pages(mux *http.ServeMux, problem func(http.ResponseWriter, *http.Request, int, error)) http.Handler {
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

// cookieName holds the access token of a browser that looks at the job monitor.
const cookieName = "edgevalue_jobs"

// SuperusersOnly lets superusers pass, who say who they are with an access token, or with address and password
// (Basic), for which a browser gets a cookie for the path. Requests that change something must come from the same origin.
func (m *Mounted) SuperusersOnly(path string, next http.Handler) http.Handler {
	deny := func(w http.ResponseWriter, r *http.Request, err error) {
		p := newProblem(r.Context(), m.log, err)
		writeProblem(w, r, p, err)
	}
	protected := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			if a, err := m.app.Identify(r.Context(), token); err != nil {
				deny(w, r, err)
			} else if !a.Superuser {
				deny(w, r, &app.Error{Code: app.Forbidden, Message: "only a superuser may do this"})
			} else {
				protected.ServeHTTP(w, r)
			}
			return
		}
		if c, err := r.Cookie(cookieName); err == nil {
			if a, err := m.app.Identify(r.Context(), c.Value); err == nil && a.Superuser {
				protected.ServeHTTP(w, r)
				return
			}
		}
		email, password, ok := r.BasicAuth()
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="EdgeValue", charset="UTF-8"`)
			deny(w, r, &app.Error{Code: app.Unauthenticated, Message: "log in as a superuser"})
			return
		}
		token, life, err := m.app.Login(r.Context(), ClientIP(r.Context()), email, password)
		if err == nil {
			var a app.Actor
			if a, err = m.app.Identify(r.Context(), token); err == nil && !a.Superuser {
				err = &app.Error{Code: app.Forbidden, Message: "only a superuser may do this"}
			}
		}
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="EdgeValue", charset="UTF-8"`)
			deny(w, r, err)
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: cookieName, Value: token, Path: path, MaxAge: int(min(life, 12*time.Hour).Seconds()),
			HttpOnly: true, Secure: m.https, SameSite: http.SameSiteStrictMode,
		})
		protected.ServeHTTP(w, r)
	})
}
