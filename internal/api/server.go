// Package api says what EdgeValue's use cases are in HTTP: handlers that convert, call the use case and convert back,
// access tokens, and problems.
package api

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"path"
	"slices"
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

// handler serves every operation of openapi.yaml.
type handler struct {
	app *app.App
	log *app.OutageLog
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
	Domain         string         // the console's cookie is for its hosts, and a login leads to no others
	Pages          *http.ServeMux // what is served beside the operations; may be nil
	Missing        http.Handler   // what a browser is shown where nothing is; may be nil
	Limits         Limits
	Cache          *Cache  // may be nil
	Observe        Observe // may be nil
}

// New returns the handler of everything that is served to the public.
func New(cfg Config) (http.Handler, error) {
	said, err := contract()
	if err != nil {
		return nil, err
	}
	operations := said.operations
	announced, err := announcements(operations)
	if err != nil {
		return nil, err
	}
	log := &app.OutageLog{Logger: cfg.Logger}
	refuse := func(w http.ResponseWriter, r *http.Request, err error) {
		writeProblem(w, newProblem(r.Context(), log, err))
	}
	mux := cfg.Pages
	if mux == nil {
		mux = http.NewServeMux()
	}
	other := pages(mux, cfg.Missing, refuse)
	same, err := sameOrigin(cfg.App.PublicURL, refuse)
	if err != nil {
		return nil, err
	}
	h := &handler{app: cfg.App, log: log}
	var server *oas.Server
	server, err = oas.NewServer(h, h,
		oas.WithPathPrefix(Prefix),
		oas.WithMiddleware(called(operations), takeTurns(cfg.Limits)),
		oas.WithErrorHandler(func(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
			if tried := rehearsalOf(ctx); tried != nil {
				tried.err = err
				return
			}
			refuse(w, r, explain(server, r.WithContext(ctx), err))
		}),
		oas.WithNotFound(other.ServeHTTP),
		oas.WithMethodNotAllowed(func(w http.ResponseWriter, r *http.Request, allowed string) {
			for _, name := range []string{"Methods", "Headers"} { // which are not for the generated code to say
				w.Header().Del("Access-Control-Allow-" + name)
			}
			otherMethod(w, r, allowed, refuse)
		}),
	)
	if err != nil {
		return nil, errors.Wrap(err, "create API server")
	}
	again := answerAgain(cfg, operations, server.FindPath, refuse)
	return chain(cfg, refuse, announced, again, takeCookie(cfg.HTTPS, same)(route(server, operations, other, refuse))), nil
}

var errNoPage error = &statusError{http.StatusNotFound, errors.New("no such page")}

// otherMethod answers OPTIONS, and refuses other methods that a path does not have.
func otherMethod(w http.ResponseWriter, r *http.Request, allowed string, refuse refuseFunc) {
	methods := append(strings.Split(strings.ReplaceAll(allowed, " ", ""), ","), http.MethodOptions)
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	allowed = strings.Join(slices.Compact(methods), ", ")
	w.Header().Set("Allow", allowed)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	refuse(w, r, &statusError{http.StatusMethodNotAllowed, errors.New("this path allows " + allowed)})
}

// route sends a request to the operations or the other pages, and no client of the API elsewhere. An operation has its
// time, from here on, and a media type for its body: a file may have any, which the generated code does not know.
func route(server *oas.Server, operations map[string]*operation, other http.Handler, refuse refuseFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, Prefix+"/") || r.URL.Path == Prefix+"/" {
			other.ServeHTTP(w, r)
			return
		}
		if path.Clean(r.URL.Path) != r.URL.Path {
			refuse(w, r, errNoPage)
			return
		}
		q := requestOf(r.Context())
		if r.Method != http.MethodGet && r.Body != nil {
			found, _ := server.FindPath(r.Method, r.URL)
			op := operations[found.OperationID()]
			upload := op != nil && op.upload
			// newproject:companies
			if upload {
				if q.file = openForm(r); q.file != nil {
					r.Body, r.ContentLength = q.file, -1
				}
			}
			// newproject:end
			kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			if upload || r.Body != http.NoBody && (err != nil || !strings.Contains(kind, "/")) {
				r.Header.Set("Content-Type", fileType)
			}
		}
		q.connection = r.Context()
		q.control, q.header = http.NewResponseController(w), w.Header()
		_ = q.control.SetWriteDeadline(time.Now().Add(requestTimeout + answerTime)) // a test's recorder has none
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		defer q.endTurn()
		server.ServeHTTP(w, r.WithContext(ctx))
	})
}

// called names the route of a request whose operation is about to be called, and lets one that takes in a file have
// more time and a larger body. One whose body says something twice is not called.
func called(operations map[string]*operation) oas.Middleware {
	return func(req middleware.Request, next middleware.Next) (middleware.Response, error) {
		SetRoute(req.Context, req.OperationID)
		q := requestOf(req.Context)
		if operations[req.OperationID].upload {
			timeout, most := uploadTimeout, int64(maxFile)
			// newproject:companies
			if req.OperationName == oas.ImportPricesOperation {
				timeout, most = priceUploadTimeout, maxPriceFile
			}
			if q.file != nil {
				most += 2 * maxAround
			}
			// newproject:end
			ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context), timeout)
			defer cancel()
			defer context.AfterFunc(q.connection, cancel)()
			req.SetContext(ctx)
			if q.control != nil {
				deadline := time.Now().Add(timeout)
				_ = q.control.SetReadDeadline(deadline)
				_ = q.control.SetWriteDeadline(deadline.Add(answerTime))
			}
			if q.body != nil {
				q.body.limit = most
			}
		}
		if err := q.repeats(); err != nil && rehearsalOf(req.Context) == nil {
			return middleware.Response{}, err
		}
		res, err := next(req)
		if q.body != nil && errors.Is(err, context.Canceled) && q.connection.Err() != nil {
			err = errBrokenOff // the connection ends with the body
		}
		return res, err
	}
}

// pages serves what is not an operation. What the mux does not know is missing for a browser that opens a page, and
// otherwise becomes a problem.
func pages(mux *http.ServeMux, missing http.Handler, refuse refuseFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			SetRoute(r.Context(), pattern)
			h.ServeHTTP(w, r)
			return
		}
		own := &unsent{header: http.Header{}}
		if h.ServeHTTP(own, r); own.status == http.StatusMethodNotAllowed {
			otherMethod(w, r, own.header.Get("Allow"), refuse)
			return
		}
		w.Header().Add("Vary", "Accept")
		if missing != nil && wantsPage(r) && !forPrograms(r.URL.Path) {
			missing.ServeHTTP(w, r)
			return
		}
		refuse(w, r, errNoPage)
	})
}

// forPrograms reports whether no page for people can be at a path.
func forPrograms(path string) bool {
	return path == "/api" || strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/assets/")
}

// An unsent response goes nowhere.
type unsent struct {
	header http.Header
	status int
}

func (u *unsent) Header() http.Header         { return u.header }
func (u *unsent) Write(b []byte) (int, error) { return len(b), nil }
func (u *unsent) WriteHeader(status int)      { u.status = status }
