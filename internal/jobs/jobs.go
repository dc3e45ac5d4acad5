// Package jobs registers the River workers. Each calls its use case and says how long it may take.
package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/internal/app"
)

// workers returns a worker for every kind of job.
func workers(a *app.App) *river.Workers {
	w := river.NewWorkers()
	river.AddWorker(w, &importWorker{app: a})
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.NewAccountMailArgs]) error {
		return a.SendNewAccountMail(ctx, job.Args.UserID)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.ResetMailArgs]) error {
		return a.SendResetMail(ctx, job.Args.Email)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.RegistrationMailArgs]) error {
		return a.SendRegistrationMail(ctx, job.Args.RegistrationID)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.ConfirmEmailMailArgs]) error {
		return a.SendConfirmEmailMail(ctx, job.Args)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.NoticeMailArgs]) error {
		return a.SendNoticeMail(ctx, job.Args)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.TestMailArgs]) error {
		return a.SendTestMail(ctx, job.Args.Email)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.EchoArgs]) error {
		a.Logger.InfoContext(ctx, "echo", "word", job.Args.Word, "job_id", job.ID)
		return river.RecordOutput(ctx, map[string]string{"word": job.Args.Word})
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[app.PruneArgs]) error {
		return a.Prune(ctx)
	}))
	return w
}

type importWorker struct {
	river.WorkerDefaults[app.ImportArgs]
	app *app.App
}

func (w *importWorker) Work(ctx context.Context, job *river.Job[app.ImportArgs]) error {
	return w.app.RunImport(ctx, job)
}

func (w *importWorker) Timeout(*river.Job[app.ImportArgs]) time.Duration { return app.ImportTimeout }

// Config says how a process works on jobs.
type Config struct {
	Concurrency  int           // of jobs other than imports
	Imports      int           // imports at a time; each needs memory for its file
	Periodic     bool          // register the periodic jobs
	Grace        time.Duration // for running jobs to finish, once the process is to stop
	PollInterval time.Duration // River's default if 0
	Logger       *slog.Logger
	Middleware   []rivertype.Middleware
}

// errorHandler discards a job at once that no retry can heal, and logs what ends others for good, and every panic. River
// logs the attempts before at a lower level.
type errorHandler struct{ log *slog.Logger }

func (h *errorHandler) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	switch {
	case app.Permanent(err):
		job.MaxAttempts = job.Attempt // River looks at it next: this was the last one
	case job.Attempt >= job.MaxAttempts:
		h.log.ErrorContext(ctx, "job failed for good", "kind", job.Kind, "job_id", job.ID, "error", err)
	}
	return nil
}

func (h *errorHandler) HandlePanic(ctx context.Context, job *rivertype.JobRow, panicked any, trace string) *river.ErrorHandlerResult {
	h.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "job_id", job.ID, "panic", panicked, "stack", trace)
	return nil
}

// jobTimeout is for jobs that set no other: a mail server may be slow.
const jobTimeout = 2 * time.Minute

func newClient(a *app.App, cfg Config) (*river.Client[pgx.Tx], error) {
	rc := &river.Config{
		Queues:            map[string]river.QueueConfig{app.ImportQueue: {MaxWorkers: max(cfg.Imports, 1)}},
		Workers:           workers(a),
		JobTimeout:        jobTimeout,
		SoftStopTimeout:   cfg.Grace,
		FetchCooldown:     min(cfg.PollInterval, river.FetchCooldownDefault),
		FetchPollInterval: cfg.PollInterval,
		Logger:            newRiverLog(cfg.Logger),
		Middleware:        cfg.Middleware,
		// What a retry can heal is healed by then; River's default of 25 attempts goes on for weeks.
		MaxAttempts: 10,
		// By this process's clock, which is not that of the others: app.Rescue goes by the database's.
		RescueStuckJobsAfter: 365 * 24 * time.Hour,
		ErrorHandler:         &errorHandler{cfg.Logger},
	}
	if cfg.Concurrency > 0 {
		rc.Queues[river.QueueDefault] = river.QueueConfig{MaxWorkers: cfg.Concurrency}
	}
	if cfg.Periodic {
		rc.PeriodicJobs = []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(time.Hour),
			func() (river.JobArgs, *river.InsertOpts) { return app.PruneArgs{}, nil }, &river.PeriodicJobOpts{RunOnStart: true})}
	}
	client, err := river.NewClient(riverpgxv5.New(a.Pool), rc)
	if err != nil {
		return nil, errors.Wrap(err, "create River client")
	}
	return client, nil
}

// Run works on all kinds of jobs until ctx ends, then gives those that run until the grace has passed to finish; those
// that have not go on in another process. It also takes over the jobs of workers that died.
func Run(ctx context.Context, a *app.App, cfg Config) error {
	client, err := newClient(a, cfg)
	if err != nil {
		return err
	}
	alive := context.WithoutCancel(ctx) // until the last job has ended
	if err := a.Rescue(alive, client.ID()); err != nil {
		return err
	}
	if err := client.Start(ctx); ctx.Err() != nil {
		return nil // told to stop meanwhile
	} else if err != nil {
		return errors.Wrap(err, "start River")
	}
	tick := time.NewTicker(app.RescueInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := rescue(alive, a, client.ID()); err != nil {
				a.Logger.WarnContext(ctx, "cannot look for jobs of dead workers", "error", err)
			}
		case <-client.Stopped():
			return nil
		}
	}
}

func rescue(ctx context.Context, a *app.App, worker string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*app.RescueInterval)
	defer cancel()
	return a.Rescue(ctx, worker)
}
