package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/edgevalue/edgevalue/gen/db"
)

// NewPace returns a function that waits until the next request to EDGAR may be made: perSecond for all processes that use the
// database. Each takes the next moment that is free.
func NewPace(pool *pgxpool.Pool, perSecond float64) func(context.Context) error {
	q := db.New(pool)
	return func(ctx context.Context) error {
		seconds, err := q.TakePace(ctx, 1/perSecond)
		if err != nil {
			return wrap(err, "wait for the turn of a request")
		}
		select {
		case <-time.After(time.Duration(seconds * float64(time.Second))):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
