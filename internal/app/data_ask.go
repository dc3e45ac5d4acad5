package app

import (
	"context"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/edgevalue/edgevalue/gen/db"
)

// An answer is that of a query which was asked, and perhaps not sent yet.
type answer[T any] struct {
	p       *pipeline
	arrived bool
	value   T
	err     error
}

// ask has a query be sent with the next statement of the transaction. The query is called twice: it says what to send, and then
// reads what came.
func ask[P, T any](ctx context.Context, p *pipeline, query func(*db.Queries, context.Context, P) (T, error), params P) *answer[T] {
	question := &asked{results: pgx.FailedBatchResults(&pgx.Batch{}, errors.New("not sent yet"))}
	_, _ = query(db.New(question), ctx, params)
	a := &answer[T]{p: p} //nolint:exhaustruct // until it arrives
	p.waiting.Queue(question.sql, question.args...).Fn = func(results pgx.BatchResults) error {
		question.results = results
		a.value, a.err = query(db.New(question), ctx, params)
		a.arrived = true
		if errors.Is(a.err, pgx.ErrNoRows) { // of no concern to the others
			return nil
		}
		return wrap(a.err, queryName(question.sql))
	}
	return a
}

// get returns the answer, and sends what waits if it has not come.
func (a *answer[T]) get(ctx context.Context) (T, error) {
	if !a.arrived {
		if err := a.p.flush(ctx); err != nil {
			return a.value, err
		}
	}
	if !a.arrived {
		return a.value, a.p.failed
	}
	return a.value, a.err
}

// asked is a database that notes the one query that it is asked, and answers it with the next of some results.
type asked struct {
	db.DBTX
	sql     string
	args    []any
	results pgx.BatchResults
}

func (a *asked) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	a.sql, a.args = sql, args
	return a.results.Exec()
}

func (a *asked) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	a.sql, a.args = sql, args
	return a.results.Query()
}

func (a *asked) QueryRow(_ context.Context, sql string, args ...any) pgx.Row {
	a.sql, a.args = sql, args
	return a.results.QueryRow()
}
