package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
)

// importRetention is how long an import that has ended is kept.
const importRetention = 90 * 24 * time.Hour

// PruneArgs is the periodic job that deletes what is no longer needed.
type PruneArgs struct{}

func (PruneArgs) Kind() string { return "prune" }

// Prune deletes old imports, documents that nothing needs, workers that are gone, and expired sessions, tokens and attempts.
func (a *App) Prune(ctx context.Context) error {
	now := a.Now()
	if _, err := a.queries.PruneImports(ctx, new(now.Add(-importRetention))); err != nil {
		return errors.Wrap(err, "prune imports")
	}
	err := a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		ids, err := q.LockUnneededDocuments(ctx)
		if err != nil {
			return errors.Wrap(err, "list documents")
		}
		_, err = q.DeleteUnneededDocuments(ctx, ids)
		return wrap(err, "prune documents")
	})
	if err != nil {
		return err
	}
	if err := a.queries.WakeImports(ctx); err != nil {
		return errors.Wrap(err, "wake imports")
	}
	if _, err := a.queries.PruneWorkers(ctx); err != nil {
		return errors.Wrap(err, "prune workers")
	}
	if _, err := a.queries.PrunePasswordResets(ctx, now); err != nil {
		return errors.Wrap(err, "prune reset tokens")
	}
	if _, err := a.queries.PruneSessions(ctx, now); err != nil {
		return errors.Wrap(err, "prune sessions")
	}
	_, err = a.queries.PruneRateLimits(ctx, now.Add(-a.AttemptWindow))
	return wrap(err, "prune attempts")
}
