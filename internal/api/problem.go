package api

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/ogen-go/ogen/validate"

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
}

// NewError makes the problem that ogen answers, and sets its headers.
func (h *handler) NewError(ctx context.Context, err error) *oas.ProblemStatusCode {
	p := newProblem(ctx, h.log, err)
	setErrorHeaders(requestOf(ctx).header, p.StatusCode, err)
	return p
}

// newProblem makes the RFC 9457 problem of any error. What the client can do nothing about is logged, and told as 500
// or 503 without its text.
func newProblem(ctx context.Context, log *slog.Logger, err error) *oas.ProblemStatusCode {
	status, detail, fields := describe(err)
	var told *statusError // who made it has logged it
	if status >= http.StatusInternalServerError && !errors.As(err, &told) {
		log.ErrorContext(ctx, "request failed", "error", err, "request_id", RequestID(ctx), "status", status)
	}
	p := oas.Problem{Type: "about:blank", Title: http.StatusText(status), Status: int32(status)}
	if detail != "" {
		p.Detail = oas.NewOptString(detail)
	}
	if id := RequestID(ctx); id != "" {
		p.RequestID = oas.NewOptString(id)
	}
	for _, f := range fields {
		p.Errors = append(p.Errors, oas.FieldError{Field: f.Field, Message: f.Message})
	}
	return &oas.ProblemStatusCode{StatusCode: status, Response: p}
}

func describe(err error) (status int, detail string, fields []app.FieldError) {
	var (
		coded    *statusError
		e        *app.Error
		tooLarge *http.MaxBytesError
		invalid  *validate.Error
		param    *ogenerrors.DecodeParamError
		params   *ogenerrors.DecodeParamsError
		ctype    *validate.InvalidContentTypeError
		request  *ogenerrors.DecodeRequestError
		connect  *pgconn.ConnectError
		pg       *pgconn.PgError
		broken   *net.OpError
	)
	switch {
	case errors.As(err, &coded):
		return coded.status, coded.err.Error(), nil
	case errors.As(err, &e):
		return statuses[e.Code], e.Message, e.Fields
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "the body has more than " + strconv.FormatInt(tooLarge.Limit, 10) + " bytes", nil
	case errors.Is(err, ogenerrors.ErrSecurityRequirementIsNotSatisfied):
		return http.StatusUnauthorized, "log in first: an access token is needed", nil
	case errors.As(err, &params):
		status = http.StatusBadRequest
		field := params.Name
		if errors.As(err, &param) {
			field = param.Name
		}
		message := innermost(params.Err)
		if errors.As(err, &invalid) {
			status, message = http.StatusUnprocessableEntity, flatten("", invalid)[0].Message
		}
		return status, "the parameter " + field + " is wrong", []app.FieldError{{Field: field, Message: message}}
	case errors.As(err, &invalid):
		return http.StatusUnprocessableEntity, "the input has invalid fields", flatten("", invalid)
	case errors.As(err, &ctype):
		return http.StatusUnsupportedMediaType, "the content type " + strconv.Quote(ctype.ContentType) + " is not supported", nil
	case errors.As(err, &request):
		return http.StatusBadRequest, "the body cannot be read: " + innermost(request.Err), bodyField(request.Err)
	case errors.As(err, &connect), errors.As(err, &pg) && isOutage(pg.Code):
		return http.StatusServiceUnavailable, "the database cannot be reached", nil
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "this took too long", nil
	// A connection to the database that broke; that to the client makes a statusError.
	case errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), pgconn.SafeToRetry(err):
		return http.StatusServiceUnavailable, "the database cannot be reached", nil
	}
	return http.StatusInternalServerError, "an internal error; the request id finds it in the log", nil
}

// isOutage reports whether PostgreSQL says by a code that it cannot serve for now: a broken connection, a shutdown or
// start, too many connections.
func isOutage(code string) bool {
	return pgerrcode.IsConnectionException(code) || strings.HasPrefix(code, "57P") || code == pgerrcode.TooManyConnections
}

// flatten lists the fields of a validation error, with their paths.
func flatten(prefix string, e *validate.Error) (fields []app.FieldError) {
	for _, f := range e.Fields {
		name := strings.Trim(prefix+"."+f.Name, ".")
		var inner *validate.Error
		if errors.As(f.Error, &inner) {
			fields = append(fields, flatten(name, inner)...)
			continue
		}
		message := f.Error.Error()
		if errors.Is(f.Error, validate.ErrFieldRequired) {
			message = "is required"
		}
		fields = append(fields, app.FieldError{Field: name, Message: message})
	}
	return fields
}

var decodedField = regexp.MustCompile(`decode field "([^"]+)"`)

// bodyField names the field of a body that could not be decoded, if the decoder says which.
func bodyField(err error) []app.FieldError {
	if m := decodedField.FindAllStringSubmatch(err.Error(), -1); m != nil {
		var path []string
		for _, f := range m {
			path = append(path, f[1])
		}
		return []app.FieldError{{Field: strings.Join(path, "."), Message: innermost(err)}}
	}
	return nil
}

// innermost is the text of the first cause; those around it name parts of the decoder.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			break
		}
		err = next
	}
	return strings.ToValidUTF8(err.Error(), "�")
}

// writeProblem answers with a problem. It serves what ogen does not see: unknown routes, decode errors, panics.
func writeProblem(w http.ResponseWriter, r *http.Request, p *oas.ProblemStatusCode, err error) {
	setErrorHeaders(w.Header(), p.StatusCode, err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.StatusCode)
	if r.Method == http.MethodHead {
		return
	}
	var e jx.Encoder
	p.Response.Encode(&e)
	_, _ = w.Write(e.Bytes())
}

// setErrorHeaders says when to try again, and how to log in unless that is said already.
func setErrorHeaders(h http.Header, status int, err error) {
	var e *app.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds()+0.999)))
	}
	if status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Bearer realm="EdgeValue"`)
	}
}
