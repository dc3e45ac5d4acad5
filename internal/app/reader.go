package app

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// A Reader is who reads and writes in a context, as far as the answer may come from a replica.
type Reader struct {
	Token   pg.LSN // from the answer to what they wrote last
	Replica bool   // whether the answer may come from a replica that has that

	wrote atomic.Uint64
}

type readerKey struct{}

// WithReader returns a context for what somebody asks for. In others every read goes to the primary.
func WithReader(ctx context.Context, r *Reader) context.Context {
	return context.WithValue(ctx, readerKey{}, r)
}

// Wrote returns the token of what was written, or of what the answer knows of; 0 if there is none.
func (r *Reader) Wrote() pg.LSN { return pg.LSN(r.wrote.Load()) }

// wrote gives the reader of a context a token for all that is committed by now.
func (a *App) wrote(ctx context.Context) {
	if r, ok := ctx.Value(readerKey{}).(*Reader); ok && a.Replica != nil {
		r.wrote.Store(uint64(a.Replica.Written(ctx)))
	}
}

// A source is a connection, or a pool of them, that reads.
type source interface {
	db.DBTX
	BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
}

// from runs f on a replica that may answer the reader of a context, or on the primary. When a replica fails, f runs again
// on the primary: it must begin anew with what it assigns outside of it.
func (a *App) from(ctx context.Context, f func(source) error) error {
	if r, ok := ctx.Value(readerKey{}).(*Reader); ok && r.Replica {
		if done, err := a.Replica.Read(ctx, r.Token, func(c *pgxpool.Conn) error { return f(c) }); done {
			return err
		}
	}
	return f(a.Pool)
}

// one runs f, which reads with one statement: more could see more than one state of the database. It is as from says.
func (a *App) one(ctx context.Context, f func(q *db.Queries) error) error {
	return translate(a.from(ctx, func(s source) error { return f(db.New(s)) }))
}
