package client

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// A ProblemType is the name of a type of problems, one of the constants. The server has a page about it below /problems/. A
// newer server may send others.
type ProblemType string

// A Problem is the error of an operation to which the server's answer was an error: problem details of RFC 9457.
// [errors.As] finds it.
type Problem struct { //nolint:errname // as RFC 9457 calls it
	Type       ProblemType      // empty if the answer is not EdgeValue's, but a proxy's
	Status     int              // of HTTP
	Title      string           // of the type
	Detail     string           // what is wrong with this request; may be empty
	Errors     []oas.FieldError // an entry for each wrong value
	RequestID  string           // finds the request in the server's log; may be empty
	RetryAfter time.Duration    // how long to wait before asking again; 0 if the server does not say
}

func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", p.Status, p.Title)
	if p.Type != "" {
		fmt.Fprintf(&b, " (%s)", p.Type)
	}
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "; %s: %s", e.Field, e.Message)
	}
	if p.RequestID != "" {
		fmt.Fprintf(&b, " [request %s]", p.RequestID)
	}
	return b.String()
}

// IsProblem reports whether err is a [*Problem] of one of the types.
func IsProblem(err error, types ...ProblemType) bool {
	var p *Problem
	return errors.As(err, &p) && slices.Contains(types, p.Type)
}

// maxProblem is how many bytes of an answer that is an error are read.
const maxProblem = 1 << 20

// readProblem makes a problem of an answer and closes it.
func readProblem(res *http.Response) (*Problem, error) {
	defer func() { _ = res.Body.Close() }()
	p := &Problem{
		Status: res.StatusCode, Title: http.StatusText(res.StatusCode), RequestID: res.Header.Get("X-Request-Id"),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if err != nil {
		return nil, errors.Wrapf(err, "read an answer with the status %d", res.StatusCode)
	}
	var got oas.Problem
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if kind != "application/problem+json" || got.UnmarshalJSON(text) != nil {
		return p, nil
	}
	if _, name, ok := strings.Cut(got.Type, "/problems/"); ok {
		p.Type = ProblemType(name)
	}
	p.Title, p.Detail, p.Errors = got.Title, got.Detail.Value, got.Errors
	p.RequestID = got.RequestID.Or(p.RequestID)
	return p, nil
}

// retryAfter reads seconds or a time of HTTP.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, time.Until(at))
}
