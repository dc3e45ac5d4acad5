package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/go-faster/errors"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/gen/db"
)

// River cannot know that a worker is dead. It takes a job for abandoned when it has run for longer than it may, and an
// hour more. Here a worker gives a sign of life every second, and the jobs of one that gave none for six are free
// again, for the others to work on. A worker that is late itself, as after a halt of the database, judges nobody. One
// that lives on after its jobs were given to others writes nothing more: see finishImport.

// RescueInterval is how often each worker calls Rescue.
const RescueInterval = time.Second

// maxDeaths is how many workers a job may take with it.
const maxDeaths = 3

// Rescue gives the worker's sign of life, and makes the running jobs of workers that died available again. A worker
// calls it before it takes its first job. A job whose workers died three times is discarded, as is one that died in its
// last attempt.
func (a *App) Rescue(ctx context.Context, worker string) error {
	steady, err := a.queries.BeatWorker(ctx, worker)
	if err != nil || !steady {
		return wrap(err, "give a sign of life")
	}
	jobs, err := a.queries.ListAbandonedJobs(ctx)
	if err != nil || len(jobs) == 0 {
		return wrap(err, "list abandoned jobs")
	}
	var p riverdriver.JobRescueManyParams
	for _, j := range jobs {
		attempt, err := json.Marshal(rivertype.AttemptError{At: j.Now, Attempt: int(j.Attempt), Error: "its worker died"})
		if err != nil {
			return errors.Wrap(err, "describe the death")
		}
		state, finalized := rivertype.JobStateAvailable, (*time.Time)(nil)
		switch {
		case j.Cancelled:
			state, finalized = rivertype.JobStateCancelled, &j.Now
		case j.Rescues+1 >= maxDeaths || j.Attempt >= j.MaxAttempts:
			state, finalized = rivertype.JobStateDiscarded, &j.Now
		}
		p.ID = append(p.ID, j.ID)
		p.Error = append(p.Error, attempt)
		p.FinalizedAt = append(p.FinalizedAt, finalized)
		p.ScheduledAt = append(p.ScheduledAt, j.Now)
		p.State = append(p.State, string(state))
		p.StuckHorizon = j.Now // a job that was taken up again since is left alone
		a.Logger.WarnContext(ctx, "the worker of a job died", "job_id", j.ID, "attempt", j.Attempt, "state", state)
	}
	_, err = riverpgxv5.New(a.Pool).GetExecutor().JobRescueMany(ctx, &p)
	return wrap(err, "rescue jobs")
}

// CountJobs returns how many jobs there are, by queue, kind and state.
func (a *App) CountJobs(ctx context.Context) ([]db.CountJobsRow, error) {
	rows, err := a.queries.CountJobs(ctx)
	return rows, wrap(err, "count jobs")
}
