package jobs_test

import (
	"context"
	"fmt"
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

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sample"
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
	hasher, err := auth.NewHasher(auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	require.NoError(t, err)
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
			Concurrency: 2, Imports: 2, Grace: time.Second, PollInterval: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
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

func (h *house) start(kind app.ImportKind, ticker, file string) db.Import {
	h.Helper()
	im, err := h.app.StartImport(h.Context(), app.System, request(kind, ticker, file))
	require.NoError(h, err)
	return im
}

func request(kind app.ImportKind, ticker, file string) app.ImportRequest {
	r := app.ImportRequest{Kind: kind, FileName: new(string(kind) + ".file"), File: strings.NewReader(file)}
	if ticker != "" {
		r.Ticker = &ticker
	}
	return r
}

func (h *house) get(id int64) db.Import {
	h.Helper()
	im, err := h.app.GetImport(h.Context(), app.System, id)
	require.NoError(h, err)
	return im
}

func (h *house) job(im db.Import) *rivertype.JobRow {
	h.Helper()
	j, err := h.monitor.JobGet(h.Context(), *im.JobID)
	require.NoError(h, err)
	return j
}

// ended waits until an import and its job have ended.
func (h *house) ended(im db.Import) db.Import {
	h.Helper()
	require.Eventually(h, func() bool {
		return h.get(im.ID).FinishedAt != nil &&
			h.count("SELECT count(*) FROM river_job WHERE id = $1 AND finalized_at IS NULL", im.JobID) == 0
	}, 30*time.Second, 10*time.Millisecond)
	return h.get(im.ID)
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

const (
	tickers  = `{"0":{"cik_str":1,"ticker":"AAA","title":"A Inc."}}`
	pricesOf = "date,close\n2020-01-02,1\n"
)

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
	require.Subset(t, kinds, []string{"import", "prune", "reset_mail", "echo"})

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
	id, err := h.app.StartTestJob(t.Context(), app.System, "hello")
	require.NoError(t, err)
	im := h.start(app.ImportCompanies, "", tickers)
	h.die(id)
	h.die(*im.JobID)
	assert.Equal(t, "running", h.get(im.ID).State)
	assert.NotNil(t, h.get(im.ID).StartedAt)

	h.rescue()
	j, err := h.monitor.JobGet(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, rivertype.JobStateAvailable, j.State)
	assert.Equal(t, 1, j.Attempt)
	assert.Equal(t, "its worker died", j.Errors[0].Error)
	assert.Equal(t, "queued", h.get(im.ID).State)

	h.work()
	assert.Equal(t, app.ImportSucceeded, h.ended(im).State)
	require.Eventually(t, func() bool {
		return h.count("SELECT count(*) FROM river_job WHERE id = $1 AND state = 'completed'", id) == 1
	}, 30*time.Second, 10*time.Millisecond)
}

func TestRescueLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	alive := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	unknown := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	cancelled := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	for _, im := range []db.Import{alive, unknown, cancelled} {
		h.die(*im.JobID)
	}
	h.exec("UPDATE river_job SET attempted_by = '{dead,alive}' WHERE id = $1", alive.JobID)
	h.exec("UPDATE river_job SET attempted_by = '{older version}' WHERE id = $1", unknown.JobID)
	im, err := h.app.CancelImport(t.Context(), app.System, cancelled.ID)
	require.NoError(t, err)
	assert.Equal(t, app.ImportCancelled, im.State)
	h.rescue()
	assert.Equal(t, rivertype.JobStateRunning, h.job(alive).State)
	assert.Equal(t, rivertype.JobStateRunning, h.job(unknown).State)
	assert.Equal(t, rivertype.JobStateCancelled, h.job(cancelled).State)
	assert.Equal(t, app.ImportCancelled, h.get(cancelled.ID).State)
}

// When the database halts, all signs of life are late.
func TestLateWorkersJudgeNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	h.rescue()
	h.die(*im.JobID)
	h.exec("UPDATE worker SET seen_at = now() - interval '7 seconds'")
	require.NoError(t, h.app.Rescue(t.Context(), "alive"))
	assert.Equal(t, rivertype.JobStateRunning, h.job(im).State)
	require.NoError(t, h.app.Rescue(t.Context(), "dead"))
	h.rescue()
	assert.Equal(t, rivertype.JobStateRunning, h.job(im).State, "it was late, too")
}

func TestJobThatKillsItsWorkersEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportCompanies, "", tickers)
	for i := 1; i <= 3; i++ {
		assert.Equal(t, "queued", h.get(im.ID).State)
		h.die(*im.JobID)
		h.rescue()
		assert.Len(t, h.job(im).Errors, i)
	}
	assert.Equal(t, rivertype.JobStateDiscarded, h.job(im).State)
	im = h.get(im.ID)
	assert.Equal(t, app.ImportFailed, im.State)
	assert.Equal(t, "its worker died three times", *im.Error)
	assert.NotNil(t, im.FinishedAt)
}

func TestFailedImport(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	im := h.start(app.ImportCompanies, "", "[]")
	h.work()
	im = h.ended(im)
	assert.Equal(t, app.ImportFailed, im.State)
	assert.Contains(t, *im.Error, "not a JSON object")
	j := h.job(im)
	assert.Equal(t, rivertype.JobStateDiscarded, j.State)
	assert.Equal(t, 1, j.Attempt, "no retry can heal it")
	assert.JSONEq(t, fmt.Sprintf(`{"import_id":%d,"kind":"companies","file_name":"companies.file"}`, im.ID), string(j.EncodedArgs))
}

// What people do in the job monitor shows in the imports.
func TestMonitor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	deleted, cancelled := h.start(app.ImportCompanies, "", tickers), h.start(app.ImportCompanies, "", tickers)
	_, err := h.monitor.JobDelete(t.Context(), *deleted.JobID)
	require.NoError(t, err)
	im := h.get(deleted.ID)
	assert.Equal(t, app.ImportFailed, im.State)
	assert.Equal(t, "its job was deleted", *im.Error)
	_, err = h.app.CancelImport(t.Context(), app.System, deleted.ID)
	var e *app.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, app.Conflict, e.Code)

	_, err = h.monitor.JobCancel(t.Context(), *cancelled.JobID)
	require.NoError(t, err)
	assert.Equal(t, app.ImportCancelled, h.get(cancelled.ID).State)
	_, err = h.monitor.JobRetry(t.Context(), *cancelled.JobID)
	require.NoError(t, err)
	im = h.get(cancelled.ID)
	assert.Equal(t, "queued", im.State)
	assert.Nil(t, im.FinishedAt)
	h.work()
	assert.Equal(t, app.ImportSucceeded, h.ended(cancelled).State)
	_, err = h.monitor.JobDelete(t.Context(), *cancelled.JobID)
	require.NoError(t, err)
	assert.Equal(t, app.ImportSucceeded, h.get(cancelled.ID).State, "River may forget it")
}

// Imports that need companies wait for those that bring them, whatever becomes of these, and are read once.
func TestImportsWaitForCompanies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(h *house, companies db.Import)
		want string
	}{
		"succeeded": {func(h *house, _ db.Import) { h.work() }, app.ImportSucceeded},
		"cancelled": {func(h *house, im db.Import) {
			_, err := h.app.CancelImport(h.Context(), app.System, im.ID)
			require.NoError(h, err)
			h.work()
		}, app.ImportFailed},
		"deleted": {func(h *house, im db.Import) {
			_, err := h.monitor.JobDelete(h.Context(), *im.JobID)
			require.NoError(h, err)
			h.work()
		}, app.ImportFailed},
		"cannot be read": {func(h *house, im db.Import) {
			h.exec("UPDATE document SET content = '', upload_id = NULL WHERE id = $1", im.DocumentID)
			h.exec("UPDATE river_job SET max_attempts = 1 WHERE id = $1", im.JobID)
			h.work()
		}, app.ImportFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			all, err := h.app.StartImports(t.Context(), app.System,
				request(app.ImportCompanies, "", tickers),
				request(app.ImportPrices, "AAA", pricesOf),
				request(app.ImportSplits, "", "ticker,effective_date,ratio\nAAA,2020-01-02,2\n"))
			require.NoError(t, err)
			for _, im := range all[1:] {
				assert.Equal(t, rivertype.JobStatePending, h.job(im).State)
				assert.Equal(t, "queued", h.get(im.ID).State)
			}
			c.end(h, all[0])
			for _, im := range all[1:] {
				got := h.ended(im)
				assert.Equal(t, c.want, got.State)
				if c.want == app.ImportFailed {
					assert.Contains(t, *got.Error, "AAA")
				}
				assert.Equal(t, 1, h.job(im).Attempt)
			}
		})
	}
}

func TestUnchangedFacts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	facts, err := sample.FS.ReadFile("companyfacts-CIK0000320193.json.gz")
	require.NoError(t, err)
	run := func(ticker string) db.Import {
		t.Helper()
		return h.ended(h.start(app.ImportSECCompanyFacts, ticker, string(facts)))
	}
	h.work()
	first := run("AAPL")
	require.Equal(t, app.ImportSucceeded, first.State)
	again := run("")
	assert.Equal(t, app.ImportUnchanged, again.State)
	assert.Zero(t, again.Written+again.Unchanged+again.Skipped)
	assert.Equal(t, *again.Total, again.Done)
	assert.Equal(t, first.DocumentID, again.DocumentID)
	assert.Equal(t, 1, h.count("SELECT count(*) FROM document"), "stored once")
	assert.Equal(t, app.ImportSucceeded, run("AAPL.B").State, "another listing is added")
	assert.Equal(t, app.ImportUnchanged, run("AAPL.B").State)

	// Other rules read it again.
	h.exec("UPDATE company_facts SET rules_version = rules_version - 1")
	im := run("")
	assert.Equal(t, app.ImportSucceeded, im.State)
	assert.Zero(t, im.Written)
	assert.Positive(t, im.Unchanged)
}

func TestPrune(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	facts, err := sample.FS.ReadFile("companyfacts-CIK0001640147.json.gz")
	require.NoError(t, err)
	old := h.start(app.ImportSECCompanyFacts, "SNOW", string(facts))
	list := h.start(app.ImportCompanies, "", tickers)
	stop := h.work()
	h.ended(old)
	h.ended(list)
	stop()
	waiting := h.start(app.ImportSplits, "", "ticker,effective_date,ratio\n")
	h.exec("UPDATE import SET finished_at = now() - interval '91 days' WHERE id = $1", old.ID)
	h.exec("INSERT INTO worker (id, seen_at) VALUES ('gone', now() - interval '2 days')")
	require.NoError(t, h.app.Prune(t.Context()))
	_, err = h.app.GetImport(t.Context(), app.System, old.ID)
	require.Error(t, err, "it is old")
	h.get(list.ID)
	assert.Equal(t, 1, h.count("SELECT count(*) FROM document d JOIN company_facts f ON f.document_id = d.id"))
	assert.Equal(t, 0, h.count("SELECT count(*) FROM document WHERE id = $1", list.DocumentID), "nothing needs it")
	assert.Equal(t, 1, h.count("SELECT count(*) FROM document WHERE id = $1", waiting.DocumentID))
	assert.Equal(t, 0, h.count("SELECT count(*) FROM worker WHERE id = 'gone'"))
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
			Concurrency: 1, Imports: 1, PollInterval: 20 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&lines, nil)),
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

// What decides about imports is the database's clock, whatever this process's says.
func TestAnotherClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.app.Now = func() time.Time { return time.Now().AddDate(1, 0, 0) }
	im, err := h.app.StartImport(t.Context(), app.System, app.ImportRequest{
		Kind: app.ImportSplits, File: strings.NewReader("ticker,effective_date,ratio\n"),
	})
	require.NoError(t, err)
	_, err = h.pool.Exec(t.Context(), "UPDATE river_job SET state = 'running' WHERE id = $1", im.JobID)
	require.NoError(t, err)
	im, err = h.app.CancelImport(t.Context(), app.System, im.ID)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), *im.FinishedAt, time.Minute)
	require.NoError(t, h.app.Prune(t.Context()))
	_, err = h.app.GetImport(t.Context(), app.System, im.ID)
	require.NoError(t, err, "an import of today")
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
