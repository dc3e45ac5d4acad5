package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"log/slog"
	"sync"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sample"
)

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

func state(t *testing.T, a *app.App, id int64) string {
	t.Helper()
	im, err := a.GetImport(t.Context(), root, id)
	require.NoError(t, err)
	return im.State
}

func eventually(t *testing.T, a *app.App, id int64, want string) {
	t.Helper()
	require.Eventually(t, func() bool { return state(t, a, id) == want }, 3*time.Minute, 20*time.Millisecond, "the import is %s", want)
}

func export(t *testing.T, a *app.App) string {
	t.Helper()
	x, err := a.ExportCompany(t.Context(), "AAPL", app.PointInTime{})
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
			work(t, newApp(t, doomed))
			require.Eventually(t, func() bool { // until it waits for the table
				var waits bool
				require.NoError(t,
					pool.QueryRow(t.Context(),
						"SELECT EXISTS (SELECT FROM pg_locks WHERE relation = $1::regclass AND NOT granted)",
						table).Scan(&waits))
				return waits
			}, 20*time.Second, 20*time.Millisecond)
			eventually(t, a, id, "running")
			rescue := func() {
				for range 2 { // a worker that has given no sign of life judges nobody
					require.NoError(t, a.Rescue(t.Context(), "another"))
				}
			}
			rescue()
			assert.Equal(t, "running", state(t, a, id), "its worker lives")

			kill()
			require.NoError(t, hold.Rollback(t.Context()))
			_, err = pool.Exec(t.Context(), "UPDATE worker SET seen_at = seen_at - interval '7 seconds'")
			require.NoError(t, err)
			rescue()
			assert.Equal(t, "queued", state(t, a, id))
			work(t, a)
			eventually(t, a, id, "succeeded")
			assert.Equal(t, want, export(t, a))
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
	assert.Equal(t, "queued", state(t, a, id), "it has neither failed nor ended")
	var attempt int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT attempt FROM river_job").Scan(&attempt))
	assert.Zero(t, attempt, "which costs no attempt")
	work(t, a)
	eventually(t, a, id, "succeeded")
	assert.NotEmpty(t, export(t, a))
}

// startPrices starts an import of prices of a new company's listing and of one that nobody has.
func startPrices(t *testing.T, a *app.App, pool *pgxpool.Pool) int64 {
	t.Helper()
	_, err := pool.Exec(t.Context(), `
		WITH c AS (INSERT INTO company (name) VALUES ('New Inc.') RETURNING id)
		INSERT INTO listing (company_id, ticker, is_primary) SELECT id, 'NEW', true FROM c`)
	require.NoError(t, err)
	var file strings.Builder
	file.WriteString("ticker,date,close\n")
	for day := now.AddDate(-30, 0, 0); day.Before(now); day = day.AddDate(0, 0, 1) {
		fmt.Fprintf(&file, "NEW,%s,1\nNOT,%[1]s,1\n", day.Format(time.DateOnly))
	}
	im, err := a.StartImport(t.Context(), root, app.ImportRequest{Kind: app.ImportPrices, File: strings.NewReader(file.String())})
	require.NoError(t, err)
	return im.ID
}

// waitsFor waits until somebody waits for a table.
func waitsFor(t *testing.T, pool *pgxpool.Pool, table string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return count(t, pool, "SELECT count(*) FROM pg_locks WHERE relation = '"+table+"'::regclass AND NOT granted") > 0
	}, 20*time.Second, 20*time.Millisecond)
}

// Prices are read within the transaction that writes them, which leaves nothing when it does not end.
func TestPricesOfDeadWorkerAndCancelledImport(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"upload_piece", "price"} { // while it reads, and while it writes
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			doomed, kill := mortal(t, pool)
			a := newApp(t, pool)
			id := startPrices(t, a, pool)
			hold, err := pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = hold.Exec(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
			require.NoError(t, err)
			stop := work(t, newApp(t, doomed))
			waitsFor(t, pool, table)
			kill()
			require.NoError(t, hold.Rollback(t.Context()))
			stop()
			assert.Zero(t, count(t, pool, "SELECT count(*) FROM price"))
			_, err = pool.Exec(t.Context(), "UPDATE worker SET seen_at = seen_at - interval '7 seconds'")
			require.NoError(t, err)
			for range 2 {
				require.NoError(t, a.Rescue(t.Context(), "another"))
			}

			hold, err = pool.Begin(t.Context())
			require.NoError(t, err)
			_, err = hold.Exec(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
			require.NoError(t, err)
			work(t, a)
			waitsFor(t, pool, table)
			_, err = a.CancelImport(t.Context(), root, id)
			require.NoError(t, err)
			require.NoError(t, hold.Rollback(t.Context()))
			require.Eventually(t, func() bool {
				return count(t, pool, "SELECT count(*) FROM river_job WHERE kind = 'import' AND state = 'cancelled'") == 1
			}, 20*time.Second, 20*time.Millisecond)
			assert.Zero(t, count(t, pool, "SELECT count(*) FROM price"))
			assert.Zero(t, count(t, pool, "SELECT count(*) FROM pg_class WHERE relname = 'staged_price'"))

			im, err := a.StartImport(t.Context(), root, app.ImportRequest{
				Kind: app.ImportPrices, File: strings.NewReader("ticker,date,close\nNEW,2020-01-02,1\n"),
			})
			require.NoError(t, err)
			eventually(t, a, im.ID, "succeeded")
			assert.Equal(t, 1, count(t, pool, "SELECT count(*) FROM price"))
		})
	}
}

// A ticker that goes to another company while the file is read takes no prices with it.
func TestListingChangesWhilePricesAreRead(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	id := startPrices(t, a, pool)
	hold, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = hold.Exec(t.Context(), "LOCK TABLE upload_piece IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	work(t, a)
	waitsFor(t, pool, "upload_piece")
	_, err = pool.Exec(t.Context(), `
		DELETE FROM company;
		WITH c AS (INSERT INTO company (name) VALUES ('Other Inc.') RETURNING id)
		INSERT INTO listing (company_id, ticker, is_primary) SELECT id, 'NEW', true FROM c`)
	require.NoError(t, err)
	require.NoError(t, hold.Rollback(t.Context()))
	eventually(t, a, id, "succeeded")
	assert.Equal(t, 2, count(t, pool, "SELECT attempt FROM river_job WHERE kind = 'import'"), "it is read again")
	im, err := a.GetImport(t.Context(), root, id)
	require.NoError(t, err)
	assert.EqualValues(t, im.Written, count(t, pool, "SELECT count(*) FROM price JOIN listing l ON l.id = listing_id JOIN company c ON c.id = l.company_id WHERE c.name = 'Other Inc.'"))
}

// work carries out jobs until stop is called or the test ends.
func work(t *testing.T, a *app.App) (stop func()) {
	t.Helper()
	return workOn(t, a, false)
}

// workOn is work that also begins the periodic jobs.
func workOn(t *testing.T, a *app.App, periodic bool) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = jobs.Run(ctx, a, jobs.Config{
			Concurrency: 1, Periodic: periodic, Grace: time.Millisecond, PollInterval: 20 * time.Millisecond,
			Logger:     slog.New(slog.DiscardHandler),
			DataConfig: jobs.DataConfig{Imports: 1},
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return stop
}
