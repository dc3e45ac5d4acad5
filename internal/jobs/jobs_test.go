package jobs_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// house is an app over a database of its own, with a River client that looks into its jobs as the monitor does.
type house struct {
	*testing.T
	pool    *pgxpool.Pool
	app     *app.App
	monitor *river.Client[pgx.Tx]
}

func newHouse(t *testing.T) *house {
	t.Helper()
	pool := pgtest.New(t)
	hasher := auth.NewHasher(auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	logger := slog.New(slog.DiscardHandler)
	a, err := app.New(app.Config{
		Pool: pool, Hasher: hasher, Tokens: auth.NewTokens("a secret of the tests, long enough", time.Hour, time.Now),
		Mail: mail.Log{Logger: logger}, Logger: logger, Now: time.Now, AttemptWindow: time.Minute,
	})
	require.NoError(t, err)
	monitor, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: logger})
	require.NoError(t, err)
	return &house{t, pool, a, monitor}
}

// work works on jobs until stop is called or the test ends.
func (h *house) work() (stop func()) {
	h.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.Context()))
	done := make(chan error, 1)
	go func() {
		done <- jobs.Run(ctx, h.app, jobs.Config{
			Concurrency: 2, Grace: time.Second, PollInterval: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
			DataConfig: jobs.DataConfig{Imports: 2}, // newproject:companies
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		assert.NoError(h, <-done)
	})
	h.Cleanup(stop)
	return stop
}

func (h *house) exec(sql string, args ...any) {
	h.Helper()
	_, err := h.pool.Exec(h.Context(), sql, args...)
	require.NoError(h, err)
}

func (h *house) count(sql string, args ...any) (n int) {
	h.Helper()
	require.NoError(h, h.pool.QueryRow(h.Context(), sql, args...).Scan(&n))
	return n
}

// echo enqueues a job.
func (h *house) echo() int64 {
	h.Helper()
	id, err := h.app.StartTestJob(h.Context(), app.System, "hello")
	require.NoError(h, err)
	return id
}

func (h *house) row(id int64) *rivertype.JobRow {
	h.Helper()
	j, err := h.monitor.JobGet(h.Context(), id)
	require.NoError(h, err)
	return j
}

// die makes a job one that a worker has taken, which is dead by now.
func (h *house) die(jobID int64) {
	h.Helper()
	h.exec("INSERT INTO worker (id, seen_at) VALUES ('dead', now() - interval '7 seconds') ON CONFLICT DO NOTHING")
	h.exec(`UPDATE river_job SET state = 'running', attempt = attempt + 1, attempted_at = now() - interval '10 seconds',
		attempted_by = array_append(attempted_by, 'dead') WHERE id = $1`, jobID)
}

// rescue gives two signs of life, as a worker that has given none judges nobody.
func (h *house) rescue() {
	h.Helper()
	require.NoError(h, h.app.Rescue(h.Context(), "alive"))
	require.NoError(h, h.app.Rescue(h.Context(), "alive"))
}

func TestEveryJobHasItsWorker(t *testing.T) {
	t.Parallel()
	var kinds []string
	entries, err := os.ReadDir("../app")
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../app", e.Name()), nil, 0)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Kind" {
				continue
			}
			literal := f.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.BasicLit)
			kind, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			kinds = append(kinds, kind)
		}
	}
	require.Subset(t, kinds, []string{"prune", "reset_mail", "echo"})

	// A job without a worker is discarded as of an unknown kind; what a worker makes of nonsense does not matter here.
	h := newHouse(t)
	for _, kind := range append(kinds, "no_such_kind") {
		h.exec(`INSERT INTO river_job (kind, args, queue, max_attempts, state) VALUES ($1, '{}', 'default', 1, 'available')`, kind)
	}
	h.work()
	var unknown []string
	require.Eventually(t, func() bool {
		rows, err := h.pool.Query(t.Context(),
			`SELECT kind, coalesce(errors::text, '') FROM river_job WHERE finalized_at IS NOT NULL`)
		require.NoError(t, err)
		unknown = nil
		n := 0
		for rows.Next() {
			var kind, errs string
			require.NoError(t, rows.Scan(&kind, &errs))
			n++
			if strings.Contains(errs, "not registered") {
				unknown = append(unknown, kind)
			}
		}
		require.NoError(t, rows.Err())
		return n == len(kinds)+1
	}, 20*time.Second, 50*time.Millisecond)
	slices.Sort(unknown)
	assert.Equal(t, []string{"no_such_kind"}, unknown)
}

func TestJobsOfDeadWorkersAreRescued(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.echo()
	h.die(id)
	h.rescue()
	j := h.row(id)
	assert.Equal(t, rivertype.JobStateAvailable, j.State)
	assert.Equal(t, 1, j.Attempt)
	assert.Equal(t, "its worker died", j.Errors[0].Error)

	h.work()
	require.Eventually(t, func() bool {
		return h.count("SELECT count(*) FROM river_job WHERE id = $1 AND state = 'completed'", id) == 1
	}, 30*time.Second, 10*time.Millisecond)
}

func TestRescueLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	alive, unknown, cancelled := h.echo(), h.echo(), h.echo()
	for _, id := range []int64{alive, unknown, cancelled} {
		h.die(id)
	}
	h.exec("UPDATE river_job SET attempted_by = '{dead,alive}' WHERE id = $1", alive)
	h.exec("UPDATE river_job SET attempted_by = '{older version}' WHERE id = $1", unknown)
	_, err := h.monitor.JobCancel(t.Context(), cancelled)
	require.NoError(t, err)
	h.rescue()
	assert.Equal(t, rivertype.JobStateRunning, h.row(alive).State)
	assert.Equal(t, rivertype.JobStateRunning, h.row(unknown).State)
	assert.Equal(t, rivertype.JobStateCancelled, h.row(cancelled).State)
}

// When the database halts, all signs of life are late.
func TestLateWorkersJudgeNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.echo()
	h.rescue()
	h.die(id)
	h.exec("UPDATE worker SET seen_at = now() - interval '7 seconds'")
	require.NoError(t, h.app.Rescue(t.Context(), "alive"))
	assert.Equal(t, rivertype.JobStateRunning, h.row(id).State)

	require.NoError(t, h.app.Rescue(t.Context(), "dead"))
	h.rescue()
	assert.Equal(t, rivertype.JobStateRunning, h.row(id).State, "it was late, too")
}

func TestJobThatKillsItsWorkersEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.echo()
	for i := 1; i <= 3; i++ {
		assert.Equal(t, rivertype.JobStateAvailable, h.row(id).State)
		h.die(id)
		h.rescue()
		assert.Len(t, h.row(id).Errors, i)
	}
	assert.Equal(t, rivertype.JobStateDiscarded, h.row(id).State)
}

// While the database is away, a worker logs an error a second, not one for each thing that River does.
func TestOutageIsLoggedOnceASecond(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg := h.pool.Config()
	var away atomic.Bool
	cfg.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if away.Load() {
			return errors.New("the database is away")
		}
		return nil
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "worker"
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	appConfig := h.app.Config
	appConfig.Pool = pool
	a, err := app.New(appConfig)
	require.NoError(t, err)
	var lines errorLines
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- jobs.Run(ctx, a, jobs.Config{
			Concurrency: 1, PollInterval: 20 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&lines, nil)),
		})
	}()
	id, err := h.app.StartTestJob(t.Context(), app.System, "hello")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		job, err := h.monitor.JobGet(t.Context(), id)
		return err == nil && job.State == rivertype.JobStateCompleted
	}, 10*time.Second, 10*time.Millisecond)
	away.Store(true)
	_, err = h.pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'worker' AND datname = current_database()")
	require.NoError(t, err)
	time.Sleep(3 * time.Second)
	logged := lines.n.Load()
	assert.Positive(t, logged)
	assert.LessOrEqual(t, logged, int64(5))
	away.Store(false)
	stop()
	require.NoError(t, <-done)
}

// errorLines counts them.
type errorLines struct{ n atomic.Int64 }

func (l *errorLines) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "level=ERROR") {
		l.n.Add(1)
	}
	return len(b), nil
}

// A job that failed is tried again by the database's clock, not by the worker's.
func TestRetryByAnotherClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	// A worker whose clock is an hour ahead. A trigger's name decides when it is fired.
	_, err := h.pool.Exec(t.Context(), `
		CREATE FUNCTION ahead() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE
			error jsonb := NEW.errors[cardinality(NEW.errors)];
			at timestamptz := (error ->> 'at')::timestamptz + interval '1 hour';
		BEGIN
			NEW.scheduled_at := NEW.scheduled_at + interval '1 hour';
			NEW.errors[cardinality(NEW.errors)] := error || jsonb_build_object('at', at);
			RETURN NEW;
		END $$;
		CREATE TRIGGER ahead BEFORE UPDATE ON river_job FOR EACH ROW
			WHEN (OLD.state = 'running' AND NEW.errors IS DISTINCT FROM OLD.errors) EXECUTE FUNCTION ahead()`)
	require.NoError(t, err)
	h.app.Mail = broken{}
	require.NoError(t, h.app.StartTestMail(t.Context(), app.System, "ada@example.com"))
	h.work()
	var wait float64
	require.Eventually(t, func() bool {
		err := h.pool.QueryRow(t.Context(), "SELECT extract(epoch FROM scheduled_at - now()) FROM river_job WHERE cardinality(errors) > 0").Scan(&wait)
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	assert.InDelta(t, 1, wait, 5)
}

type broken struct{}

func (broken) Send(context.Context, mail.Message) error { return errors.New("the mail server is away") }
