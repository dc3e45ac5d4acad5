package app

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// Bounds of a transaction that changes something. A transaction whose process is halted, and can hold up others, ends by
// itself.
const (
	lockTimeout = 3 * time.Second
	boundChange = "SELECT set_config('lock_timeout', '3s', true), set_config('idle_in_transaction_session_timeout', '30s', true)"
	beginJob    = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '60s'"
)

// maxTries is how often a transaction is tried that PostgreSQL has undone because of another one.
const maxTries = 5

// inTx runs f in one transaction, a pipeline, which is committed when f returns nil and this is not a rehearsal. One that
// PostgreSQL undoes because of another is tried again: f may run several times, and must begin anew each time with what
// it assigns outside of it. Changes that wait leave half of the pool to everybody else; what waits for too long, for its
// turn or for a lock, is Unavailable.
func (a *App) inTx(ctx context.Context, f func(tx *pipeline, q *db.Queries) error) error {
	return a.inTurn(ctx, pg.Data, f)
}

// inAccountTx is inTx for what changes accounts, sessions or keys, and nothing that public answers are made of.
func (a *App) inAccountTx(ctx context.Context, f func(tx *pipeline, q *db.Queries) error) error {
	return a.inTurn(ctx, pg.Accounts, f)
}

func (a *App) inTurn(ctx context.Context, topic pg.Topic, f func(tx *pipeline, q *db.Queries) error) error {
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
	return a.try(ctx, topic, func() error {
		return a.Pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			tx := newPipeline(conn.Conn(), "BEGIN", boundChange)
			defer func() { _ = tx.Rollback(ctx) }() // a connection that cannot is closed
			if err := f(tx, db.New(tx)); err != nil {
				return err
			}
			if rehearsed(ctx) == nil {
				return tx.Commit(ctx)
			}
			if err := tx.flush(ctx); err != nil {
				return err
			}
			return errRehearsed
		})
	})
}

// inJobTx is inTx for a job, which may wait for locks for as long as it may run, of which as many run at a time as the
// process was told, and which sends each statement when it comes: it may be large.
func (a *App) inJobTx(ctx context.Context, f func(tx pgx.Tx, q *db.Queries) error) error {
	return a.try(ctx, pg.Data, func() error {
		return pgx.BeginTxFunc(ctx, a.Pool, pgx.TxOptions{BeginQuery: beginJob}, func(tx pgx.Tx) error {
			if err := f(tx, a.queries.WithTx(tx)); err != nil {
				return err
			}
			return rehearsed(ctx)
		})
	})
}

// isUndone reports whether an error says that a transaction was not committed. A connection that broke off leaves that open.
func isUndone(err error) bool {
	var (
		reply *pgconn.PgError
		told  *Error
	)
	return errors.Is(err, errRehearsed) || errors.Is(err, pgx.ErrTxCommitRollback) || errors.As(err, &reply) || errors.As(err, &told)
}

// try runs a transaction, again if PostgreSQL has undone it.
func (a *App) try(ctx context.Context, topic pg.Topic, transaction func() error) error {
	for n := 1; ; n++ {
		err := transaction()
		if err == nil || !isUndone(err) {
			a.Changes.Wrote(topic)
		}
		if err == nil {
			if topic == pg.Data {
				a.wrote(ctx)
			}
			return nil
		}
		if n == maxTries || !undone(err) {
			return translate(err)
		}
		longest := 10 * time.Millisecond << n
		select {
		case <-time.After(rand.N(longest)): //nolint:gosec // no secret
		case <-ctx.Done():
			return err
		}
	}
}
