// Package jobs registers the River workers. Each calls its use case and says how long it may take.
package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/internal/app"
)

// workers returns a worker for every kind of job.
func workers(a *app.App) *river.Workers {
	w := river.NewWorkers()
	addDataWorkers(w, a) // newproject:companies
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

// retryCutOff tries a job that the database has cut off again in some seconds, without counting the attempt.
func retryCutOff(log *slog.Logger) rivertype.Middleware {
	return river.WorkerMiddlewareFunc(func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
		err := work(ctx)
		if !app.CutOff(err) {
			return err
		}
		pause := cutOffPause(job)
		log.WarnContext(ctx, "the database has cut off a job, which is tried again",
			"kind", job.Kind, "job_id", job.ID, "in", pause, "error", err)
		return river.JobSnooze(pause)
	})
}

// cutOffPause grows from 2 to 30 seconds: a job may itself be too much for the database.
func cutOffPause(job *rivertype.JobRow) time.Duration {
	return min(2*time.Second<<min(snoozes(job), 4), 30*time.Second)
}

// snoozes returns how often a job was put off.
func snoozes(job *rivertype.JobRow) int {
	var meta struct {
		Snoozes int `json:"snoozes"` // by River
	}
	_ = json.Unmarshal(job.Metadata, &meta)
	return meta.Snoozes
}

// Config says how a process works on jobs.
type Config struct {
	DataConfig                 // newproject:companies
	Concurrency  int           // of jobs in the default queue
	Periodic     bool          // register the periodic jobs
	Grace        time.Duration // for running jobs to finish, once the process is to stop
	PollInterval time.Duration // River's default if 0
	Logger       *slog.Logger
	// Pool is the App's, unless that goes through a pooler, which lets nobody listen.
	Pool       *pgxpool.Pool
	Middleware []rivertype.Middleware
	Health     *Health // may be nil
}

// MinConns is how many connections the pool of a worker needs that runs one job at a time which holds one for long, and
// one more for each more of these: none must keep the worker from giving a sign of life, nor River from taking and ending
// jobs.
const MinConns = 4

// Health says whether a worker works on jobs.
type Health struct {
	mu      sync.Mutex
	started bool
	stopped bool
	beat    time.Time
}

// lateness is how old a sign of life may be: others take the worker for dead soon after.
const lateness = 5 * time.Second

// Check returns an error unless the worker takes jobs and gives signs of life.
func (h *Health) Check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch late := time.Since(h.beat); {
	case !h.started:
		return errors.New("the worker is starting")
	case h.stopped:
		return errors.New("the worker is stopping")
	case late > lateness:
		return errors.Errorf("the worker has given no sign of life for %s", late.Round(time.Second))
	}
	return nil
}

func (h *Health) note(change func(*Health)) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h)
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

func newClient(a *app.App, cfg Config, r *running) (*river.Client[pgx.Tx], error) {
	rc := &river.Config{
		Queues:            map[string]river.QueueConfig{},
		Workers:           workers(a),
		JobTimeout:        jobTimeout,
		SoftStopTimeout:   cfg.Grace,
		FetchCooldown:     min(cfg.PollInterval, river.FetchCooldownDefault),
		FetchPollInterval: cfg.PollInterval,
		Logger:            newRiverLog(cfg.Logger),
		Middleware:        slices.Concat([]rivertype.Middleware{river.WorkerMiddlewareFunc(r.track)}, cfg.Middleware, []rivertype.Middleware{retryCutOff(cfg.Logger)}),
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
		rc.PeriodicJobs = append(rc.PeriodicJobs, river.NewPeriodicJob(river.PeriodicInterval(time.Hour),
			func() (river.JobArgs, *river.InsertOpts) { return app.PruneArgs{}, nil }, &river.PeriodicJobOpts{RunOnStart: true}))
	}
	cfg.addData(rc) // newproject:companies
	client, err := river.NewClient(riverpgxv5.New(cmp.Or(cfg.Pool, a.Pool)), rc)
	if err != nil {
		return nil, errors.Wrap(err, "create River client")
	}
	return client, nil
}

// running are the jobs that run in this process, and those that ended not long ago.
type running struct {
	mu   sync.Mutex
	jobs map[int64]int // how many attempts of each, as one can begin before the end of another is forgotten
}

// resultTime is longer than River tries to write a result.
const resultTime = 2 * time.Minute

func (r *running) track(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	r.add(job.ID, 1)
	defer func() { time.AfterFunc(resultTime, func() { r.add(job.ID, -1) }) }()
	return work(ctx)
}

func (r *running) add(job int64, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs[job] += n; r.jobs[job] == 0 {
		delete(r.jobs, job)
	}
}

func (r *running) ids() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.AppendSeq(make([]int64, 0, len(r.jobs)), maps.Keys(r.jobs))
}

// Run works on all kinds of jobs until ctx ends, then gives those that run until the grace has passed to finish; those
// that have not go on in another process. It also takes over the jobs of workers that died.
func Run(ctx context.Context, a *app.App, cfg Config) error {
	r := &running{jobs: map[int64]int{}}
	client, err := newClient(a, cfg, r)
	if err != nil {
		return err
	}
	alive := context.WithoutCancel(ctx) // until the last job has ended
	if err := rescue(alive, a, client.ID(), r); err != nil {
		return err
	}
	if err := client.Start(ctx); ctx.Err() != nil {
		return nil // told to stop meanwhile
	} else if err != nil {
		return errors.Wrap(err, "start River")
	}
	cfg.Health.note(func(h *Health) { h.started, h.beat = true, time.Now() })
	defer context.AfterFunc(ctx, func() { cfg.Health.note(func(h *Health) { h.stopped = true }) })()
	tick := time.NewTicker(app.RescueInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := rescue(alive, a, client.ID(), r); err != nil {
				a.Logger.WarnContext(ctx, "cannot look for jobs of dead workers", "error", err)
			} else {
				cfg.Health.note(func(h *Health) { h.beat = time.Now() })
			}
		case <-client.Stopped():
			return nil
		}
	}
}

func rescue(ctx context.Context, a *app.App, worker string, r *running) error {
	ctx, cancel := context.WithTimeout(ctx, 2*app.RescueInterval)
	defer cancel()
	if err := a.Rescue(ctx, worker); err != nil {
		return err
	}
	return a.FreeLostJobs(ctx, worker, r.ids())
}
