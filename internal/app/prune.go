package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
)

// keyRetention is how long an API key is shown after it has expired.
const keyRetention = 30 * 24 * time.Hour

// PruneArgs is the periodic job that deletes what is no longer needed.
type PruneArgs struct{}

func (PruneArgs) Kind() string { return "prune" }

// Prune deletes workers that are gone, expired registrations, sessions, tokens, keys and attempts, and what the audit trail
// has kept long enough.
func (a *App) Prune(ctx context.Context) error {
	now := a.Now()
	// newproject:companies
	if err := a.pruneData(ctx); err != nil {
		return err
	}
	// newproject:end
	if _, err := a.queries.PruneWorkers(ctx); err != nil {
		return errors.Wrap(err, "prune workers")
	}
	if _, err := a.queries.PruneRegistrations(ctx, now); err != nil {
		return errors.Wrap(err, "prune registrations")
	}
	if _, err := a.queries.PruneUnaskedMail(ctx, now.Add(-unaskedMailWindow)); err != nil {
		return errors.Wrap(err, "prune counts of mails")
	}
	if _, err := a.queries.PrunePasswordResets(ctx, now); err != nil {
		return errors.Wrap(err, "prune reset tokens")
	}
	if _, err := a.queries.PruneSessions(ctx, now); err != nil {
		return errors.Wrap(err, "prune sessions")
	}
	if _, err := a.queries.PruneRateLimits(ctx, now.Add(-a.AttemptWindow)); err != nil {
		return errors.Wrap(err, "prune attempts")
	}
	if _, err := a.queries.PruneAPIKeys(ctx, now.Add(-keyRetention)); err != nil {
		return errors.Wrap(err, "prune keys")
	}
	return a.pruneAudit(ctx)
}
