package api

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/ogen-go/ogen/middleware"

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
	operations, err := contract()
	if err != nil {
		return nil, err
	}
	refuse := func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, r, newProblem(r.Context(), cfg.Logger, err))
	}
	mux := http.NewServeMux()
	if cfg.Mount != nil {
		if err := cfg.Mount(mux, &Mounted{cfg.App, cfg.Logger, cfg.HTTPS}); err != nil {
			return nil, err
		}
	}
	other := pages(mux, refuse)
	h := &handler{app: cfg.App, log: cfg.Logger}
	var server *oas.Server
	server, err = oas.NewServer(h, h,
		oas.WithPathPrefix(Prefix),
		oas.WithMiddleware(called(operations)),
		oas.WithErrorHandler(func(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
			if tried := rehearsalOf(ctx); tried != nil {
				tried.err = err
				return
			}
			refuse(w, r, explain(server, r.WithContext(ctx), err))
		}),
		oas.WithNotFound(other.ServeHTTP),
		oas.WithMethodNotAllowed(func(w http.ResponseWriter, r *http.Request, allowed string) {
			refuse(w, r, notAllowed(w, allowed))
		}),
	)
	if err != nil {
		return nil, errors.Wrap(err, "create API server")
	}
	return chain(cfg, refuse, route(server, other, refuse)), nil
}

var errNoPage error = &statusError{http.StatusNotFound, errors.New("no such page")}

func notAllowed(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return &statusError{http.StatusMethodNotAllowed, errors.New("this path allows " + strings.Join(strings.FieldsFunc(allowed, isSeparator), ", "))}
}

func isSeparator(r rune) bool { return r == ',' || r == ' ' }

// route sends a request to the operations or the other pages, and no client of the API elsewhere. An operation has its
// time, from here on, and a media type for its body.
func route(operations, other http.Handler, refuse refuseFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, Prefix+"/") {
			other.ServeHTTP(w, r)
			return
		}
		if path.Clean(r.URL.Path) != r.URL.Path {
			refuse(w, r, errNoPage)
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || !strings.Contains(kind, "/") {
				r.Header.Set("Content-Type", "application/octet-stream")
			}
		}
		q := requestOf(r.Context())
		q.connection = r.Context()
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		operations.ServeHTTP(w, r.WithContext(ctx))
	})
}

// called names the route of a request whose operation is about to be called, and lets one that takes in a file have
// more time and a larger body.
func called(operations map[string]*operation) oas.Middleware {
	return func(req middleware.Request, next middleware.Next) (middleware.Response, error) {
		SetRoute(req.Context, req.OperationID)
		if operations[req.OperationID].contentType == "*/*" {
			q := requestOf(req.Context)
			ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context), uploadTimeout)
			defer cancel()
			defer context.AfterFunc(q.connection, cancel)()
			req.SetContext(ctx)
			if q.body != nil {
				q.body.limit = maxFile
			}
		}
		return next(req)
	}
}

// pages serves what is no operation. What the mux does not know becomes a problem.
func pages(mux *http.ServeMux, refuse refuseFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if q := requestOf(r.Context()); q.route == "" {
				q.route = r.Pattern
			}
		}()
		own := &refusal{ResponseWriter: w, r: r}
		mux.ServeHTTP(own, r)
		switch own.status {
		case 0:
		case http.StatusMethodNotAllowed:
			refuse(w, r, notAllowed(w, w.Header().Get("Allow")))
		default:
			refuse(w, r, errNoPage)
		}
	})
}

// A refusal keeps back the mux's own response, which it sends when no pattern matches.
type refusal struct {
	http.ResponseWriter
	r      *http.Request
	status int
}

func (w *refusal) WriteHeader(code int) {
	if w.r.Pattern == "" {
		w.status = code
	} else {
		w.ResponseWriter.WriteHeader(code)
	}
}

func (w *refusal) Write(b []byte) (int, error) {
	if w.r.Pattern == "" {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

func (w *refusal) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (w *refusal) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// cookieName holds the access token of a browser that looks at the job monitor.
const cookieName = "edgevalue_jobs"

// SuperusersOnly lets superusers pass, who say who they are with an access token, or with address and password
// (Basic), for which a browser gets a cookie for the path. Requests that change something must come from the same origin.
func (m *Mounted) SuperusersOnly(path string, next http.Handler) http.Handler {
	deny := func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, r, newProblem(r.Context(), m.log, err))
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
