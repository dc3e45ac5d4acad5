package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

var statuses = map[app.Code]int{
	app.Invalid:         http.StatusUnprocessableEntity,
	app.Unauthenticated: http.StatusUnauthorized,
	app.Forbidden:       http.StatusForbidden,
	app.NotFound:        http.StatusNotFound,
	app.Conflict:        http.StatusConflict,
	app.TooLarge:        http.StatusRequestEntityTooLarge,
	app.RateLimited:     http.StatusTooManyRequests,
	app.Unavailable:     http.StatusServiceUnavailable,
}

// problemType is the media type of a problem.
const problemType = "application/problem+json"

// typesByStatus are the types of problems that have no other, by status.
var typesByStatus = map[int]string{
	http.StatusBadRequest:                  "bad-request",
	http.StatusUnauthorized:                "unauthenticated",
	http.StatusForbidden:                   "forbidden",
	http.StatusNotFound:                    "not-found",
	http.StatusMethodNotAllowed:            "method-not-allowed",
	http.StatusConflict:                    "conflict",
	http.StatusPreconditionFailed:          "precondition-failed",
	http.StatusRequestEntityTooLarge:       "too-large",
	http.StatusUnsupportedMediaType:        "unsupported-media-type",
	http.StatusExpectationFailed:           "expectation-failed",
	http.StatusUnprocessableEntity:         "invalid",
	http.StatusTooManyRequests:             "rate-limited",
	http.StatusRequestHeaderFieldsTooLarge: "headers-too-large",
	http.StatusInternalServerError:         "internal",
	http.StatusNotImplemented:              "not-implemented",
	http.StatusServiceUnavailable:          "unavailable",
	http.StatusHTTPVersionNotSupported:     "version-not-supported",
}

// typeOf returns the type of a problem as a URI reference, and its title. One that the contract does not list at this
// status is the status's own.
func typeOf(name string, status int) (uri, title string) {
	c, _ := contract() // New has reported an error
	t, ok := c.problems[name]
	if !ok || t.Status != status {
		name = typesByStatus[status]
		t, ok = c.problems[name]
	}
	if !ok {
		return "about:blank", http.StatusText(status)
	}
	return "/problems/" + name, t.Title
}

// challenge says with 401 how to authenticate.
const challenge = `Bearer realm="EdgeValue"`

// statusError is an error that says its HTTP status, and all that there is to say.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

var errInternal = &statusError{http.StatusInternalServerError, errors.New("an internal error; the request id finds it in the log")}

// problem is an RFC 9457 problem with its headers.
type problem = oas.ProblemStatusCodeWithHeaders

// NewError makes the problem of an operation's error.
func (h *handler) NewError(ctx context.Context, err error) *problem {
	if r := rehearsalOf(ctx); r != nil {
		r.err = err
		return &problem{StatusCode: http.StatusOK}
	}
	var security *ogenerrors.SecurityError
	if errors.As(err, &security) {
		SetRoute(ctx, security.OperationID())
	}
	return newProblem(ctx, h.log, err)
}

// statusGone is that of a request whose client has gone away. Nobody receives it.
const statusGone = 499

// newProblem makes the problem of any error. What the client can do nothing about is logged, and told as 500 or 503
// without its text.
func newProblem(ctx context.Context, log *app.OutageLog, err error) *problem {
	if errors.Is(err, ogenerrors.ErrSecurityRequirementIsNotSatisfied) && requestOf(ctx).key > 0 {
		err = errKeyNotAllowed
	}
	status, e := describe(err)
	var told *statusError // who made it has logged it
	switch q := requestOf(ctx); {
	case status < http.StatusInternalServerError || errors.As(err, &told):
	case q.connection != nil && q.connection.Err() != nil:
		status, e = statusGone, &app.Error{Message: "the client has gone away"}
		log.Logger.DebugContext(ctx, "the client has gone away", "error", err, "request_id", RequestID(ctx))
	case status == http.StatusServiceUnavailable:
		log.Log(err)
	default:
		log.Logger.ErrorContext(ctx, "request failed", "error", err, "request_id", RequestID(ctx), "status", status)
	}
	uri, title := typeOf(e.Type, status)
	p := &problem{StatusCode: status, Response: oas.Problem{
		Type: uri, Title: title, Status: int32(status), Detail: oas.NewOptString(e.Message),
	}}
	if id := RequestID(ctx); id != "" {
		p.Response.RequestID = oas.NewOptString(id)
	}
	retry := e.RetryAfter
	if status == http.StatusServiceUnavailable {
		retry = max(retry, time.Second)
	}
	if retry > 0 {
		p.RetryAfter = oas.NewOptInt32(int32((retry + time.Second - 1) / time.Second))
	}
	if status == http.StatusUnauthorized {
		p.WWWAuthenticate = oas.NewOptString(challenge)
	}
	for _, f := range e.Fields {
		p.Response.Errors = append(p.Response.Errors, oas.FieldError{Field: f.Field, Message: f.Message})
	}
	return p
}

// describe returns the status of an error and what is told of it.
func describe(err error) (int, *app.Error) {
	var (
		coded    *statusError
		tooLarge *http.MaxBytesError
	)
	switch {
	case errors.As(err, &coded):
		return coded.status, &app.Error{Message: coded.Error()}
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, &app.Error{
			Message: "the body has more than " + mebibytes(tooLarge.Limit),
		}
	case errors.Is(err, ogenerrors.ErrSecurityRequirementIsNotSatisfied):
		return http.StatusUnauthorized, &app.Error{Message: "log in first: an access token is needed"}
	}
	if e := app.Explain(err); e != nil {
		return statuses[e.Code], e
	}
	return errInternal.status, &app.Error{Message: errInternal.Error()}
}

// mebibytes says how large a body may be, without what it may have beside its file.
func mebibytes(limit int64) string {
	if limit >= 1<<30 {
		return strconv.FormatInt(limit>>30, 10) + " GiB"
	}
	return strconv.FormatInt(limit>>20, 10) + " MiB"
}

// writeProblem writes a problem where ogen does not.
func writeProblem(w http.ResponseWriter, p *problem) {
	h := w.Header()
	if seconds, ok := p.RetryAfter.Get(); ok {
		h.Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if challenge, ok := p.WWWAuthenticate.Get(); ok && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", challenge)
	}
	if p.StatusCode == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close") // the rest of the body is not read
	}
	h.Set("Content-Type", problemType)
	w.WriteHeader(p.StatusCode)
	_, _ = w.Write(encodeProblem(p)) // to HEAD the server sends its length alone
}

func encodeProblem(p *problem) []byte {
	var e jx.Encoder
	p.Response.Encode(&e)
	return e.Bytes()
}
