package app

import (
	"context"
	"sync/atomic"

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
