package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
)

type idempotencyKey struct{}

// WithIdempotencyKey returns a context in which a use case that can be repeated by mistake is carried out once for each
// key of an actor in 24 hours; "" is no key. Done again with the same input it returns the same. Errors of such a use
// case: Conflict while it is being carried out, Invalid when the key stood for another input.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}

// once runs f in a transaction, unless the actor has done so with the key of ctx: then it returns what f returned. What
// tells one request from another is in request.
func once[T any](ctx context.Context, a *App, actor Actor, request []any, f func(tx *pipeline, q *db.Queries) (T, error)) (out T, err error) {
	key, _ := ctx.Value(idempotencyKey{}).(string)
	if key == "" {
		err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
			out, err = f(tx, q)
			return err
		})
		return out, err
	}
	text, err := json.Marshal(request)
	if err != nil {
		return out, errors.Wrap(err, "encode request")
	}
	sum := sha256.Sum256(text)
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		lock := ask(ctx, tx, (*db.Queries).TryLockIdempotencyKey, db.TryLockIdempotencyKeyParams{UserID: actor.UserID, Key: key})
		answered := ask(ctx, tx, (*db.Queries).GetIdempotencyKey, db.GetIdempotencyKeyParams{UserID: actor.UserID, Key: key})
		free, err := lock.get(ctx)
		if err != nil {
			return errors.Wrap(err, "lock idempotency key")
		}
		if !free {
			return &Error{
				Code: Conflict, Type: "idempotency-key-in-use", Message: "a request with this Idempotency-Key is being carried out",
				RetryAfter: time.Second,
			}
		}
		known, err := answered.get(ctx)
		switch {
		case err == nil && !bytes.Equal(known.Request, sum[:]):
			return &Error{Code: Invalid, Type: "idempotency-key-reused", Message: "this Idempotency-Key was sent with another request"}
		case err == nil:
			return wrap(json.Unmarshal(known.Answer, &out), "decode answer")
		case !errors.Is(err, pgx.ErrNoRows):
			return errors.Wrap(err, "get idempotency key")
		}
		if out, err = f(tx, q); err != nil {
			return err
		}
		answer, err := json.Marshal(out)
		if err != nil {
			return errors.Wrap(err, "encode answer")
		}
		err = q.SetIdempotencyKey(ctx, db.SetIdempotencyKeyParams{UserID: actor.UserID, Key: key, Request: sum[:], Answer: answer})
		return wrap(err, "keep answer")
	})
	return out, err
}
