package api

import (
	"context"
	"net/http"
	"regexp"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// representation is a pointer to an answer about one resource.
type representation[T any] interface {
	*T
	Encode(e *jx.Encoder)
}

// tagOf is the ETag with which a plain GET answers.
func tagOf[T any, P representation[T]](out P) string {
	var e jx.Encoder
	out.Encode(&e)
	return etag(e.Bytes())
}

// tagged is to for an answer that is what a GET of the resource answers from now on, and so has its ETag.
func tagged[R, T any, P representation[T]](ctx context.Context, to func(R, error) (*T, error)) func(R, error) (*T, error) {
	return func(r R, err error) (*T, error) {
		out, err := to(r, err)
		if err == nil {
			requestOf(ctx).setETag(tagOf(P(out)))
		}
		return out, err
	}
}

// weakTag is one that If-Match does not match, whatever it says.
var weakTag = regexp.MustCompile(`W/"[^"]*"`)

var errChanged = errors.New("this is not what it was when you got it: get it again, with its new ETag")

// ifMatch returns a context in which the use case changes only a resource of which a plain GET has one of the ETags of
// If-Match.
func ifMatch[R, T any, P representation[T]](ctx context.Context, tags oas.OptString, to func(R, error) (*T, error)) context.Context {
	given, ok := tags.Get()
	if !ok {
		return ctx
	}
	given = weakTag.ReplaceAllString(given, "")
	return app.WithPrecondition(ctx, func(current R) error {
		out, err := to(current, nil)
		if err != nil {
			return err
		}
		tag := tagOf(P(out))
		if anyETag([]string{given}, tag) {
			return nil
		}
		requestOf(ctx).setETag(tag)
		return &statusError{http.StatusPreconditionFailed, errChanged}
	})
}

// setETag sets that of the answer, if there will be one.
func (q *request) setETag(tag string) {
	if q.header != nil {
		q.header.Set("ETag", tag)
	}
}
