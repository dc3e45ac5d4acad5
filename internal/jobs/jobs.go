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
	"github.com/edgevalue/edgevalue/internal/mail"
)

// Workers returns a worker for every kind of job.
func Workers(a *app.App) *river.Workers {
	w := river.NewWorkers()
	river.AddWorker(w, &importWorker{app: a})
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.NewAccountMailArgs]) error {
		return unlessPermanent(a.SendNewAccountMail(ctx, job.Args.UserID))
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.ResetMailArgs]) error {
		return unlessPermanent(a.SendResetMail(ctx, job.Args.Email))
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.TestMailArgs]) error {
		return unlessPermanent(a.SendTestMail(ctx, job.Args.Email))
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

// unlessPermanent ends a job whose mail no retry can deliver.
func unlessPermanent(err error) error {
	if mail.Permanent(err) {
		return river.JobCancel(err)
	}
	return err
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
	Concurrency int  // of jobs other than imports
	Imports     int  // imports at a time; each needs memory for its file
	Periodic    bool // register the periodic jobs
	Logger      *slog.Logger
	Middleware  []rivertype.Middleware
}

// errorLog logs what ends a job for good, and every panic; River logs the attempts before at a lower level.
type errorLog struct{ log *slog.Logger }

func (l *errorLog) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if job.Attempt >= job.MaxAttempts {
		l.log.ErrorContext(ctx, "job failed for good", "kind", job.Kind, "job_id", job.ID, "error", err)
	}
	return nil
}

func (l *errorLog) HandlePanic(ctx context.Context, job *rivertype.JobRow, panicked any, trace string) *river.ErrorHandlerResult {
	l.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "job_id", job.ID, "panic", panicked, "stack", trace)
	return nil
}

// jobTimeout is for jobs that set no other: a mail server may be slow.
const jobTimeout = 2 * time.Minute

// NewClient returns a River client that works on all kinds of jobs once started.
func NewClient(a *app.App, cfg Config) (*river.Client[pgx.Tx], error) {
	rc := &river.Config{
		Queues:     map[string]river.QueueConfig{app.ImportQueue: {MaxWorkers: max(cfg.Imports, 1)}},
		Workers:    Workers(a),
		JobTimeout: jobTimeout,
		Logger:     cfg.Logger,
		Middleware: cfg.Middleware,
		// What a retry can heal is healed by then; River's default of 25 attempts goes on for weeks.
		MaxAttempts:  10,
		ErrorHandler: &errorLog{cfg.Logger},
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

// Run works on jobs until ctx ends, then gives those that run until grace has passed to finish. Every 5 seconds, and
// at once, it takes over imports whose worker died.
func Run(ctx context.Context, a *app.App, client *river.Client[pgx.Tx], grace time.Duration) error {
	if err := requeue(ctx, a); err != nil {
		return err
	}
	// River ends its jobs with the context that it was started with; Stop is what ends them here.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return errors.Wrap(err, "start River")
	}
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := requeue(ctx, a); err != nil && ctx.Err() == nil {
				a.Logger.WarnContext(ctx, "cannot look for imports of dead workers", "error", err)
			}
		case <-ctx.Done():
			return Stop(client, grace)
		}
	}
}

func requeue(ctx context.Context, a *app.App) error {
	n, err := a.RequeueImports(ctx)
	if n > 0 {
		a.Logger.InfoContext(ctx, "took over imports of a worker that died", "imports", n)
	}
	return err
}

// Stop lets running jobs finish until grace has passed, then cancels them; they run again later.
func Stop(client *river.Client[pgx.Tx], grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := client.Stop(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = client.StopAndCancel(ctx)
	}
	if err != nil {
		return errors.Wrap(err, "stop River")
	}
	return nil
}
