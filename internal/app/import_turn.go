package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/gen/db"
)

// ErrNotYet says that an import must wait for the end of others.
var ErrNotYet = errors.New("the import must wait for others")

// TakeTurn notes that the job's worker begins with an import. end notes the end of it, and waits for a database that is
// away, but not longer than ctx. An import whose worker died before is a suspect, which runs alone, for the next death
// to show which one is to blame. The error matches ErrNotYet when the import cannot begin now.
func (a *App) TakeTurn(ctx context.Context, job *rivertype.JobRow) (end func(), err error) {
	worker := job.AttemptedBy[len(job.AttemptedBy)-1]
	end = func() { a.endImport(ctx, worker, job.ID) }
	var meta struct {
		Deaths int `json:"river:rescue_count"`
	}
	if err := json.Unmarshal(job.Metadata, &meta); err != nil {
		return nil, errors.Wrap(err, "read the job's deaths")
	}
	if meta.Deaths > 0 {
		err = a.beginSuspect(ctx, worker, job.ID)
	} else {
		err = begun(a.queries.BeginImport(ctx, db.BeginImportParams{ID: worker, Job: job.ID}))
	}
	switch {
	case errors.Is(err, ErrNotYet):
		return nil, err
	case err != nil:
		end() // the answer alone may be lost
		return nil, errors.Wrap(err, "begin import")
	}
	return end, nil
}

// begun makes an error of a beginning that nothing came of.
func begun(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotYet
	}
	return err
}

// beginSuspect first keeps other imports from beginning, then waits for the end of those that run.
func (a *App) beginSuspect(ctx context.Context, worker string, job int64) error {
	err := pgx.BeginFunc(ctx, a.Pool, func(tx pgx.Tx) error {
		q := a.queries.WithTx(tx)
		if err := q.LockSuspects(ctx); err != nil {
			return err
		}
		return begun(q.ClaimSuspect(ctx, db.ClaimSuspectParams{ID: worker, Job: job}))
	})
	if err != nil {
		return err
	}
	for {
		err := begun(a.queries.BeginSuspect(ctx, db.BeginSuspectParams{ID: worker, Job: job}))
		if !errors.Is(err, ErrNotYet) {
			return err
		}
		select {
		case <-time.After(suspectPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// suspectPause is between two looks whether the imports have ended that a suspect waits for.
const suspectPause = 200 * time.Millisecond

// endImport tries again until it is done: an import that never ends would keep suspects from running.
func (a *App) endImport(ctx context.Context, worker string, job int64) {
	for {
		c, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		err := a.queries.EndImport(c, db.EndImportParams{ID: worker, Job: job})
		cancel()
		if err == nil {
			return
		}
		a.Logger.WarnContext(ctx, "cannot note the end of an import", "job_id", job, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}
