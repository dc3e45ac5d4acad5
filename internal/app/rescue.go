package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/mail"
)

// River cannot know that a worker is dead. It takes a job for abandoned when it has run for longer than it may, and an
// hour more. Here a worker gives a sign of life every second, and the jobs of one that gave none for six are free
// again, for the others to work on. A worker that is late itself, as after a halt of the database, judges nobody. One
// that lives on after its jobs were given to others must write nothing more: what a job writes and its completion belong
// into one transaction.

// RescueInterval is how often each worker calls Rescue.
const RescueInterval = time.Second

// maxDeaths is how many workers a job may take with it.
const maxDeaths = 3

// Rescue gives the worker's sign of life, and makes the running jobs of workers that died available again. A worker
// calls it before it takes its first job. A job whose workers died three times is discarded, as is one that died in its
// last attempt. A death counts for those that may have caused it: the jobs that the worker has among its imports or, when
// it ran none of these, all of its jobs. The others have their attempt back.
func (a *App) Rescue(ctx context.Context, worker string) error {
	steady, err := a.queries.BeatWorker(ctx, worker)
	if err != nil || !steady {
		return wrap(err, "give a sign of life")
	}
	return pgx.BeginFunc(ctx, a.Pool, func(tx pgx.Tx) error {
		q := a.queries.WithTx(tx)
		jobs, err := q.LockAbandonedJobs(ctx)
		if err != nil {
			return errors.Wrap(err, "lock abandoned jobs")
		}
		for _, j := range jobs {
			if err := a.rescueJob(ctx, q, j); err != nil {
				return errors.Wrap(err, "rescue job")
			}
		}
		return nil
	})
}

func (a *App) rescueJob(ctx context.Context, q *db.Queries, j db.LockAbandonedJobsRow) error {
	if !j.Suspicious && !j.Cancelled {
		a.Logger.WarnContext(ctx, "the worker of a job died, of another job", "job_id", j.ID)
		return q.FreeJob(ctx, j.ID)
	}
	death, err := json.Marshal(rivertype.AttemptError{At: j.Now, Attempt: int(j.Attempt), Error: "its worker died"})
	if err != nil {
		return errors.Wrap(err, "describe the death")
	}
	p := db.RescueJobParams{
		ID: j.ID, State: string(rivertype.JobStateAvailable), FinalizedAt: nil, Error: death, Rescues: j.Rescues + 1,
	}
	var reason string
	switch {
	case j.Cancelled:
		p.State = string(rivertype.JobStateCancelled)
	case p.Rescues >= maxDeaths:
		p.State, reason = string(rivertype.JobStateDiscarded), "its worker died three times"
	case j.Attempt >= j.MaxAttempts:
		p.State, reason = string(rivertype.JobStateDiscarded), "its worker died in its last attempt"
	}
	if p.State != string(rivertype.JobStateAvailable) {
		p.FinalizedAt = &j.Now
	}
	a.Logger.WarnContext(ctx, "the worker of a job died", "job_id", j.ID, "kind", j.Kind, "attempt", j.Attempt,
		"deaths", p.Rescues, "state", p.State, "reason", reason)
	// newproject:companies
	if reason != "" { // the job's end keeps it
		if err := q.SetErrorOfJob(ctx, db.SetErrorOfJobParams{JobID: &j.ID, Error: &reason}); err != nil {
			return err
		}
	}
	// newproject:end
	return q.RescueJob(ctx, p)
}

// FreeLostJobs makes those jobs available again that the worker is said to run and does not. An answer of the database was
// lost: the one that gave it the job, or the one that took the result. running are those that it runs, or ended not long
// ago. Their results may still be on their way.
func (a *App) FreeLostJobs(ctx context.Context, worker string, running []int64) error {
	lost, err := a.queries.FreeLostJobs(ctx, db.FreeLostJobsParams{ID: worker, Running: running})
	for _, id := range lost {
		a.Logger.WarnContext(ctx, "a job was lost and begins anew", "job_id", id)
	}
	return wrap(err, "free lost jobs")
}

// CutOff reports whether the database, not the input, has ended an attempt.
func CutOff(err error) bool {
	if _, mailed := errors.Into[mail.SendError](err); mailed {
		return false
	}
	e := Explain(err)
	return e != nil && e.Code == Unavailable && !errors.Is(err, context.DeadlineExceeded)
}

// CountJobs returns how many jobs there are, by queue, kind and state.
func (a *App) CountJobs(ctx context.Context) ([]db.CountJobsRow, error) {
	rows, err := a.queries.CountJobs(ctx)
	return rows, wrap(err, "count jobs")
}
