package jobs

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/robfig/cron/v3"

	"github.com/edgevalue/edgevalue/internal/app"
)

// DataConfig says how a process works on imports and syncs.
type DataConfig struct {
	Imports      int           // imports at a time; each needs memory for its file
	Companies    int           // companies of syncs at a time; likewise
	Sync         bool          // carry out the steps of syncs
	SyncSchedule cron.Schedule // of the sync of all companies, by which app.ScheduleSync goes, too; nil for none
}

// syncsAtOnce lets companies that are asked for by name come while a sync of all runs.
const syncsAtOnce = 2

// addData registers the queues and the periodic jobs.
func (c Config) addData(rc *river.Config) {
	if c.Imports > 0 {
		rc.Queues[app.ImportQueue] = river.QueueConfig{MaxWorkers: c.Imports}
	}
	if c.Companies > 0 {
		rc.Queues[app.CompaniesQueue] = river.QueueConfig{MaxWorkers: c.Companies}
	}
	if c.Sync {
		rc.Queues[app.SyncQueue] = river.QueueConfig{MaxWorkers: syncsAtOnce}
	}
	if c.Concurrency > 0 {
		rc.Queues[app.RecomputeQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	if c.Periodic {
		addPeriodic(rc, river.PeriodicInterval(time.Hour), app.RecomputeArgs{CompanyID: 0}, true)
	}
	if c.Periodic && c.SyncSchedule != nil {
		addPeriodic(rc, c.SyncSchedule, app.ScheduleSyncArgs{}, false)
		addPeriodic(rc, river.PeriodicInterval(time.Hour), app.ScheduleSyncArgs{}, true) // in case that nobody was there at the time
	}
}

// addPeriodic registers a periodic job, which is due at the start as well if onStart.
func addPeriodic(rc *river.Config, due river.PeriodicSchedule, args river.JobArgs, onStart bool) {
	rc.PeriodicJobs = append(rc.PeriodicJobs, river.NewPeriodicJob(due,
		func() (river.JobArgs, *river.InsertOpts) { return args, nil }, &river.PeriodicJobOpts{RunOnStart: onStart}))
}

func addDataWorkers(w *river.Workers, a *app.App) {
	river.AddWorker(w, &importWorker{app: a})
	river.AddWorker(w, &recomputeWorker{app: a})
	river.AddWorker(w, &syncWorker{app: a})
	river.AddWorker(w, &syncCompanyWorker{app: a})
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[app.ScheduleSyncArgs]) error {
		return a.ScheduleSync(ctx)
	}))
}

type importWorker struct {
	river.WorkerDefaults[app.ImportArgs]
	app *app.App
}

func (w *importWorker) Work(ctx context.Context, job *river.Job[app.ImportArgs]) error {
	return w.app.RunImport(ctx, job)
}

// Middleware has imports wait for their turn, which their timeout does not count.
func (w *importWorker) Middleware(*rivertype.JobRow) []rivertype.WorkerMiddleware {
	return inTurn(w.app)
}

// inTurn puts off a job that reads files and must wait for others.
func inTurn(a *app.App) []rivertype.WorkerMiddleware {
	return []rivertype.WorkerMiddleware{river.WorkerMiddlewareFunc(
		func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
			end, err := a.TakeTurn(ctx, job)
			switch {
			case errors.Is(err, app.ErrNotYet):
				return river.JobSnooze(time.Second)
			case err != nil:
				return err
			}
			defer end()
			return work(ctx)
		})}
}

type syncWorker struct {
	river.WorkerDefaults[app.SyncArgs]
	app *app.App
}

func (w *syncWorker) Work(ctx context.Context, job *river.Job[app.SyncArgs]) error {
	err := w.app.RunSync(ctx, job)
	if errors.Is(err, app.ErrSyncWaits) {
		return river.JobSnooze(min(time.Second<<min(snoozes(job.JobRow), 4), 10*time.Second))
	}
	return err
}

// Timeout is none: a step downloads a gigabyte, and notices itself when nothing comes.
func (w *syncWorker) Timeout(*river.Job[app.SyncArgs]) time.Duration { return -1 }

type syncCompanyWorker struct {
	river.WorkerDefaults[app.SyncCompanyArgs]
	app *app.App
}

func (w *syncCompanyWorker) Work(ctx context.Context, job *river.Job[app.SyncCompanyArgs]) error {
	return w.app.RunSyncCompany(ctx, job)
}

// Middleware has it wait for its turn, as it reads the files of others.
func (w *syncCompanyWorker) Middleware(*rivertype.JobRow) []rivertype.WorkerMiddleware {
	return inTurn(w.app)
}

func (w *syncCompanyWorker) Timeout(*river.Job[app.SyncCompanyArgs]) time.Duration {
	return app.ImportTimeout
}

type recomputeWorker struct {
	river.WorkerDefaults[app.RecomputeArgs]
	app *app.App
}

func (w *recomputeWorker) Work(ctx context.Context, job *river.Job[app.RecomputeArgs]) error {
	if id := job.Args.CompanyID; id != 0 {
		return w.app.RecomputeCompanyJob(ctx, id)
	}
	more, err := w.app.RecomputeJob(ctx)
	if err == nil && more {
		return river.JobSnooze(time.Second)
	}
	return err
}

// Middleware has it wait for its turn, as it reads the files of imports.
func (w *recomputeWorker) Middleware(*rivertype.JobRow) []rivertype.WorkerMiddleware {
	return inTurn(w.app)
}

// Timeout is that of an import, which the last company of a turn may need.
func (w *recomputeWorker) Timeout(*river.Job[app.RecomputeArgs]) time.Duration {
	return app.RecomputeTurn + app.ImportTimeout
}

func (w *importWorker) Timeout(job *river.Job[app.ImportArgs]) time.Duration {
	return job.Args.Timeout()
}
