package app

import (
	"context"

	"github.com/go-faster/errors"
)

type preconditionKey struct{}

// WithPrecondition returns a context in which a use case that changes or deletes a T does so only if check returns nil for
// what is there, which nothing else changes meanwhile. Its error becomes that of the use case.
func WithPrecondition[T any](ctx context.Context, check func(current T) error) context.Context {
	return context.WithValue(ctx, preconditionKey{}, check)
}

// precondition checks that of a context, if there is one.
func precondition[T any](ctx context.Context, current func() (T, error)) error {
	asked := ctx.Value(preconditionKey{})
	if asked == nil {
		return nil
	}
	check, ok := asked.(func(T) error)
	if !ok {
		return errors.Errorf("a precondition of another type: %T", asked)
	}
	t, err := current()
	if err != nil {
		return err
	}
	return check(t)
}
