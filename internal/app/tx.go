package app

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// Bounds of a transaction that changes something. A transaction whose process is halted, and can hold up others, ends by
// itself.
const (
	lockTimeout = 3 * time.Second
	beginChange = "BEGIN; SET LOCAL lock_timeout = '3s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"
	beginJob    = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '60s'"
)

// maxTries is how often a transaction is tried that PostgreSQL has undone because of another one.
const maxTries = 5

// inTx runs f in one transaction, which is committed when f returns nil and this is not a rehearsal. One that
// PostgreSQL undoes because of another is tried again: f may run several times, and must begin anew each time with what
// it assigns outside of it. Changes that wait leave half of the pool to everybody else; what waits for too long, for its
// turn or for a lock, is Unavailable.
func (a *App) inTx(ctx context.Context, f func(tx pgx.Tx, q *db.Queries) error) error {
	return a.inTurn(ctx, pg.Data, f)
}

// inAccountTx is inTx for what changes accounts, sessions or keys, and nothing that public answers are made of.
func (a *App) inAccountTx(ctx context.Context, f func(tx pgx.Tx, q *db.Queries) error) error {
	return a.inTurn(ctx, pg.Accounts, f)
}

func (a *App) inTurn(ctx context.Context, topic pg.Topic, f func(tx pgx.Tx, q *db.Queries) error) error {
	timeout := time.NewTimer(lockTimeout)
	defer timeout.Stop()
	select {
	case a.changes <- struct{}{}:
		defer func() { <-a.changes }()
	case <-timeout.C:
		return &Error{Code: Unavailable, Message: "too many changes are waiting", RetryAfter: time.Second}
	case <-ctx.Done():
		return errors.Wrap(ctx.Err(), "wait for other changes")
	}
	return a.tryTx(ctx, beginChange, topic, f)
}

// inJobTx is inTx for a job, which may wait for locks for as long as it may run, and of which as many run at a time as
// the process was told.
func (a *App) inJobTx(ctx context.Context, f func(tx pgx.Tx, q *db.Queries) error) error {
	return a.tryTx(ctx, beginJob, pg.Data, f)
}

func (a *App) tryTx(ctx context.Context, begin string, topic pg.Topic, f func(tx pgx.Tx, q *db.Queries) error) error {
	for try := 1; ; try++ {
		err := pgx.BeginTxFunc(ctx, a.Pool, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) error {
			if err := f(tx, a.queries.WithTx(tx)); err != nil {
				return err
			}
			return rehearsed(ctx)
		})
		if err == nil {
			a.Changes.Wrote(topic)
			return nil
		}
		if try == maxTries || !undone(err) {
			return translate(err)
		}
		longest := 10 * time.Millisecond << try
		select {
		case <-time.After(rand.N(longest)): //nolint:gosec // no secret
		case <-ctx.Done():
			return err
		}
	}
}
