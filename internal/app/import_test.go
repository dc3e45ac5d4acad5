package app_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sample"
)

var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func newApp(t *testing.T, pool *pgxpool.Pool) *app.App {
	t.Helper()
	hasher, err := auth.NewHasher(auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	require.NoError(t, err)
	clock := func() time.Time { return now }
	logger := slog.New(slog.DiscardHandler)
	a, err := app.New(app.Config{
		Pool: pool, Hasher: hasher, Tokens: auth.NewTokens("a secret of the tests, long enough", time.Hour, clock),
		Mail: mail.Log{Logger: logger}, Logger: logger, Now: clock,
		AttemptsPerAddress: 100, AttemptsPerAccount: 100, AttemptWindow: time.Minute,
	})
	require.NoError(t, err)
	return a
}

// work carries out jobs until stop is called or the test ends.
func work(t *testing.T, a *app.App) (stop func()) {
	t.Helper()
	client, err := jobs.NewClient(a, jobs.Config{Concurrency: 1, Imports: 1, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, client.Start(context.WithoutCancel(t.Context())))
	var stopped atomic.Bool
	stop = func() {
		if stopped.CompareAndSwap(false, true) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_ = client.StopAndCancel(ctx)
		}
	}
	t.Cleanup(stop)
	return stop
}

func startApple(t *testing.T, a *app.App) int64 {
	t.Helper()
	file, err := sample.FS.Open("companyfacts-CIK0000320193.json.gz")
	require.NoError(t, err)
	defer file.Close()
	ticker := "AAPL"
	im, err := a.StartImport(t.Context(), root, app.ImportRequest{
		Kind: app.ImportSECCompanyFacts, Ticker: &ticker, File: file,
	})
	require.NoError(t, err)
	return im.ID
}

// root is a superuser without an account, as the command line is.
var root = app.Actor{UserID: -1, Superuser: true}

func state(t *testing.T, a *app.App, id int64) string {
	t.Helper()
	im, err := a.GetImport(t.Context(), root, id)
	require.NoError(t, err)
	return im.State
}

func eventually(t *testing.T, a *app.App, id int64, want string) {
	t.Helper()
	require.Eventually(t, func() bool { return state(t, a, id) == want }, 30*time.Second, 20*time.Millisecond, "the import is %s", want)
}

func export(t *testing.T, a *app.App) string {
	t.Helper()
	x, err := a.ExportCompany(t.Context(), "AAPL", nil)
	require.NoError(t, err)
	require.NotEmpty(t, x.Statements)
	b, err := json.Marshal(x)
	require.NoError(t, err)
	return string(b)
}

// mortal is a pool that can be cut off from its server, as by the death of its process.
func mortal(t *testing.T, pool *pgxpool.Pool) (doomed *pgxpool.Pool, kill func()) {
	t.Helper()
	var dead atomic.Bool
	cfg := pool.Config()
	cfg.ConnConfig.RuntimeParams["application_name"] = "doomed"
	cfg.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if dead.Load() {
			return errors.New("dead")
		}
		return nil
	}
	doomed, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(doomed.Close)
	return doomed, func() {
		dead.Store(true)
		_, err := pool.Exec(t.Context(),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doomed' AND datname = current_database()")
		require.NoError(t, err)
	}
}

func TestImportOfDeadWorkerIsTakenOver(t *testing.T) {
	t.Parallel()
	undisturbed := newApp(t, pgtest.New(t))
	id := startApple(t, undisturbed)
	work(t, undisturbed)
	eventually(t, undisturbed, id, "succeeded")
	want := export(t, undisturbed)

	for name, table := range map[string]string{
		"before it has read the file": "document",
		"in the middle of writing":    "dividend", // comes after the statements, in the same transaction
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			doomed, kill := mortal(t, pool)
			a := newApp(t, pool)
			id := startApple(t, a)
			hold, err := pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = hold.Exec(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
			require.NoError(t, err)
			stop := work(t, newApp(t, doomed))
			require.Eventually(t, func() bool { // until it waits for the table
				var waits bool
				require.NoError(t,
					pool.QueryRow(t.Context(),
						"SELECT EXISTS (SELECT FROM pg_locks WHERE relation = $1::regclass AND NOT granted)",
						table).Scan(&waits))
				return waits
			}, 20*time.Second, 20*time.Millisecond)
			eventually(t, a, id, "running")
			_, err = pool.Exec(t.Context(), "UPDATE river_job SET attempted_at = attempted_at - interval '1 minute'")
			require.NoError(t, err)

			n, err := a.RequeueImports(t.Context())
			require.NoError(t, err)
			require.Zero(t, n, "its worker lives")

			kill()
			stop()
			require.NoError(t, hold.Rollback(t.Context()))
			require.Eventually(t, func() bool {
				n, err := a.RequeueImports(t.Context())
				require.NoError(t, err)
				return n == 1
			}, 10*time.Second, 20*time.Millisecond)
			assert.Equal(t, "running", state(t, a, id))
			work(t, a)
			eventually(t, a, id, "succeeded")
			assert.Equal(t, want, export(t, a))
			n, err = a.RequeueImports(t.Context())
			require.NoError(t, err)
			assert.Zero(t, n)
		})
	}
}

// A worker that ended in order gives its import back.
func TestImportOfStoppedWorkerGoesOn(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	id := startApple(t, a)
	hold, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = hold.Exec(t.Context(), "LOCK TABLE document IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	stop := work(t, a)
	eventually(t, a, id, "running")
	stop()
	require.NoError(t, hold.Rollback(t.Context()))
	assert.Equal(t, "running", state(t, a, id), "it has neither failed nor ended")
	work(t, a)
	eventually(t, a, id, "succeeded")
	assert.NotEmpty(t, export(t, a))
}

func TestEveryJobHasItsWorker(t *testing.T) {
	t.Parallel()
	var kinds []string
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
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
	pool := pgtest.New(t)
	a := newApp(t, pool)
	for _, kind := range append(kinds, "no_such_kind") {
		_, err := pool.Exec(t.Context(),
			`INSERT INTO river_job (kind, args, queue, max_attempts, state) VALUES ($1, '{}', 'default', 1, 'available')`, kind)
		require.NoError(t, err)
	}
	work(t, a)
	var unknown []string
	require.Eventually(t, func() bool {
		rows, err := pool.Query(t.Context(),
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
