package app_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sample"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

func day(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

func dividend(periodEnd *time.Time) app.DividendInput {
	return app.DividendInput{
		PeriodEnd: periodEnd, AmountPerShare: decimal.New(1, 0), Currency: "USD", PublishDate: day(2024, 2, 1),
	}
}

// hold begins a transaction that holds what sql locks, until the test ends or the transaction does.
func hold(t *testing.T, pool *pgxpool.Pool, sql string) pgx.Tx {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = tx.Exec(t.Context(), sql)
	require.NoError(t, err)
	return tx
}

// blocked reports whether somebody waits for a lock that somebody else than the holder has, when others is true, or
// that the holder has.
func blocked(t *testing.T, pool *pgxpool.Pool, holder pgx.Tx, others bool) (waits bool) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT EXISTS (
		SELECT FROM pg_stat_activity, unnest(pg_blocking_pids(pid)) AS blocker
		WHERE datname = current_database() AND (blocker <> $1) = $2)`, int64(holder.Conn().PgConn().PID()), others).Scan(&waits))
	return waits
}

// beside runs write while an import holds its writes back, and then lets the import go on. It returns when both are done.
func beside(t *testing.T, pool *pgxpool.Pool, a *app.App, write func() error) {
	t.Helper()
	last := hold(t, pool, "LOCK TABLE share_count IN ACCESS EXCLUSIVE MODE") // written after statements and dividends
	id := startApple(t, a)
	stop := work(t, a)
	require.Eventually(t, func() bool { return blocked(t, pool, last, false) }, 20*time.Second, 5*time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- write() }()
	var err error
	written := false
	require.Eventually(t, func() bool { // until it is done, or waits for the import
		select {
		case err = <-done:
			written = true
		default:
		}
		return written || blocked(t, pool, last, true)
	}, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, last.Rollback(t.Context()))
	eventually(t, a, id, "succeeded")
	if !written {
		err = <-done
	}
	require.NoError(t, err)
	stop()
}

// forgetRules has the next import read its document, also if it is the same one.
func forgetRules(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	_, err := pool.Exec(t.Context(), "UPDATE company_facts SET rules_version = 0")
	require.NoError(t, err)
}

// dividendSources are those of Apple's dividends of a period end.
func dividendSources(t *testing.T, a *app.App, end time.Time) (sources []string) {
	t.Helper()
	all, _, err := a.ListCompanyDividends(t.Context(), "AAPL", app.PointInTime{}, app.Page{Size: 1000})
	require.NoError(t, err)
	for _, d := range all {
		if d.PeriodEnd != nil && d.PeriodEnd.Equal(end) {
			sources = append(sources, d.Source)
		}
	}
	return sources
}

var apple = app.CompanyInput{CreateCompanyParams: db.CreateCompanyParams{Name: "Apple"}, Listings: []app.ListingInput{{Ticker: "AAPL"}}}

func TestDividendByHandBesideImport(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	_, err := a.CreateCompany(t.Context(), root, apple)
	require.NoError(t, err)
	d, err := a.CreateDividend(t.Context(), root, "AAPL", dividend(nil))
	require.NoError(t, err)
	end := day(2020, 9, 26)
	beside(t, pool, a, func() error {
		_, err := a.ReplaceDividend(t.Context(), root, d.ID, dividend(&end))
		return err
	})
	assert.Equal(t, []string{"manual"}, dividendSources(t, a, end))
}

// Dividends that stand there twice, as earlier versions could leave them, do so until the next import.
func TestImportHealsDoubledDividends(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	work(t, a)
	eventually(t, a, startApple(t, a), "succeeded")
	for i := range 2 {
		_, err := pool.Exec(t.Context(), `
			INSERT INTO dividend (company_id, source, known_from, period_end, amount_per_share, currency, publish_date, derived, share_basis_date)
			SELECT company_id, 'manual', publish_date, period_end, 8 + $1::integer, currency, publish_date, false, publish_date FROM dividend
			WHERE source = 'sec' AND period_end = '2020-09-26' AND known_to IS NULL`, i)
		require.NoError(t, err)
	}
	forgetRules(t, pool)
	end := day(2020, 9, 26)
	require.ElementsMatch(t, []string{"sec", "manual", "manual"}, dividendSources(t, a, end))
	id := startApple(t, a)
	eventually(t, a, id, "succeeded")
	assert.Equal(t, []string{"manual", "manual"}, dividendSources(t, a, end))
	im, err := a.GetImport(t.Context(), root, id)
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 1}, []int64{im.Written, im.Skipped})
}

func TestStatementDeletedBesideImport(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	eventually(t, a, startApple(t, a), "succeeded")
	stop()
	all, _, err := a.ListCompanyStatements(t.Context(), "AAPL", nil, app.PointInTime{}, app.Page{Size: 1})
	require.NoError(t, err)
	// The file says something else, so the import writes the version anew.
	_, err = pool.Exec(t.Context(), "UPDATE financial_statement SET goodwill = 1 WHERE id = $1", all[0].ID)
	require.NoError(t, err)
	forgetRules(t, pool)
	beside(t, pool, a, func() error { return a.DeleteStatement(t.Context(), root, all[0].ID) })
	var left int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM financial_statement WHERE id = $1", all[0].ID).Scan(&left))
	assert.Zero(t, left, "versions of a statement that was deleted")
}

// Whoever writes what belongs to a company waits for its lock, and holds none of its rows in the meantime.
func TestEveryWriterLocksTheCompanyFirst(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	work(t, a)
	eventually(t, a, startApple(t, a), "succeeded")
	ctx := t.Context()
	byHand := func(end time.Time) value.Statement {
		return value.Statement{
			Period: value.Annual, FiscalYear: end.Year(), EndDate: end, PublishDate: end.AddDate(0, 1, 0), Currency: "USD",
		}
	}
	entered, err := a.CreateDividend(ctx, root, "AAPL", dividend(nil))
	require.NoError(t, err)
	statement, err := a.CreateStatement(ctx, root, "AAPL", byHand(day(2001, 9, 29)))
	require.NoError(t, err)
	forgetRules(t, pool)
	runs := func(r app.ImportRequest, file string) func() error {
		return func() error {
			r.File = strings.NewReader(file)
			im, err := a.StartImport(ctx, root, r)
			if err != nil {
				return err
			}
			for ; im.State == "queued" || im.State == "running"; <-time.After(20 * time.Millisecond) {
				if im, err = a.GetImport(ctx, root, im.ID); err != nil {
					return err
				}
			}
			if im.State != "succeeded" {
				return fmt.Errorf("%s: %s", im.State, *im.Error)
			}
			return nil
		}
	}
	const facts = `{"cik": 320193, "entityName": "Apple Inc.", "facts": {"us-gaap": {"Assets": {"units": {"USD": [
		{"end": "2019-09-28", "val": 1, "accn": "0000320193-19-000119", "fy": 2019, "form": "10-K", "filed": "2019-10-31"}]}}}}}`
	aapl, nasdaq := "AAPL", "NASDAQ"
	for _, writer := range []struct {
		name  string
		write func() error
	}{
		{"CreateDividend", func() error { _, err := a.CreateDividend(ctx, root, aapl, dividend(new(day(2001, 9, 29)))); return err }},
		{"ReplaceDividend", func() error { _, err := a.ReplaceDividend(ctx, root, entered.ID, dividend(nil)); return err }},
		{"DeleteDividend", func() error { return a.DeleteDividend(ctx, root, entered.ID) }},
		{"CreateStatement", func() error { _, err := a.CreateStatement(ctx, root, aapl, byHand(day(2002, 9, 28))); return err }},
		{"ReplaceStatement", func() error {
			_, err := a.ReplaceStatement(ctx, root, statement.ID, byHand(day(2001, 9, 29)))
			return err
		}},
		{"DeleteStatement", func() error { return a.DeleteStatement(ctx, root, statement.ID) }},
		{"CreateSplit", func() error {
			_, err := a.CreateSplit(ctx, root, aapl, db.CreateSplitParams{EffectiveDate: day(2014, 6, 9), Ratio: decimal.New(7, 0)})
			return err
		}},
		{"UpdateCompany", func() error {
			_, err := a.UpdateCompany(ctx, root, aapl, func(in *app.CompanyInput) {
				in.Listings = append(in.Listings, app.ListingInput{Ticker: "APPL"})
			})
			return err
		}},
		{"import of company facts", runs(app.ImportRequest{Kind: app.ImportSECCompanyFacts, Ticker: &aapl, Exchange: &nasdaq}, facts)},
		{"import of prices", runs(app.ImportRequest{Kind: app.ImportPrices, Ticker: &aapl}, "date,close\n2024-01-02,185.64\n")},
		{"import of splits", runs(app.ImportRequest{Kind: app.ImportSplits}, "ticker,effective_date,ratio\nAAPL,2014-06-09,8\n")},
		{"import of companies", runs(app.ImportRequest{Kind: app.ImportCompanies}, `{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple"}}`)},
		{"DeleteCompany", func() error { return a.DeleteCompany(ctx, root, aapl) }},
	} {
		company := hold(t, pool, "SELECT FROM company FOR UPDATE")
		done := make(chan error, 1)
		go func() { done <- writer.write() }()
		var early bool
		require.Eventually(t, func() bool {
			early = len(done) > 0
			return early || blocked(t, pool, company, false)
		}, 20*time.Second, 5*time.Millisecond, writer.name)
		assert.False(t, early, "%s does not wait for the company", writer.name)
		for _, table := range []string{"listing", "financial_statement", "dividend", "split", "found_split", "share_count", "company_facts", "former_facts"} {
			_, err := company.Exec(ctx, "SAVEPOINT before")
			require.NoError(t, err)
			if _, err = company.Exec(ctx, "SELECT FROM "+table+" FOR UPDATE NOWAIT"); err != nil {
				t.Errorf("%s locks a row before the company: %v", writer.name, err)
				_, err = company.Exec(ctx, "ROLLBACK TO before")
			}
			require.NoError(t, err)
		}
		require.NoError(t, company.Rollback(ctx))
		require.NoError(t, <-done, writer.name)
	}
}

// An import waits for a company for longer than a request may.
func TestImportWaitsForACompany(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	_, err := a.CreateCompany(t.Context(), root, apple)
	require.NoError(t, err)
	company := hold(t, pool, "SELECT FROM company FOR UPDATE")
	id := startApple(t, a)
	work(t, a)
	require.Eventually(t, func() bool { return blocked(t, pool, company, false) }, 20*time.Second, 5*time.Millisecond)
	_, err = a.UpdateCompany(t.Context(), root, "AAPL", func(*app.CompanyInput) {})
	require.Equal(t, app.Unavailable, app.Explain(err).Code)
	time.Sleep(time.Second)
	require.NoError(t, company.Rollback(t.Context()))
	eventually(t, a, id, app.ImportSucceeded)
	im, err := a.GetImport(t.Context(), root, id)
	require.NoError(t, err)
	var attempts int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT attempt FROM river_job WHERE id = $1", im.JobID).Scan(&attempts))
	assert.Equal(t, 1, attempts)
}

// A dividend entered by hand hides the filed one of its period from the day on which it was published.
func TestExportBeforeADividendByHand(t *testing.T) {
	t.Parallel()
	a := newApp(t, pgtest.New(t))
	stop := work(t, a)
	eventually(t, a, startApple(t, a), app.ImportSucceeded)
	stop()
	end := day(2020, 9, 26)
	_, err := a.CreateDividend(t.Context(), root, "AAPL", dividend(&end)) // published on 2024-02-01
	require.NoError(t, err)
	for asOf, want := range map[time.Time]string{day(2023, 1, 3): "0.205", day(2024, 2, 1): "1"} {
		e, err := a.ExportCompany(t.Context(), "AAPL", app.PointInTime{AsOf: &asOf})
		require.NoError(t, err)
		var amounts []string
		for _, d := range e.Dividends {
			if d.PeriodEnd.Equal(end) {
				amounts = append(amounts, d.AmountPerShare.String())
			}
		}
		assert.Equal(t, []string{want}, amounts, asOf)
	}
}

// The dividends of an export are those that the filings of its day give.
func TestExportOfDividendsOfADay(t *testing.T) {
	t.Parallel()
	a := newApp(t, pgtest.New(t))
	stop := work(t, a)
	eventually(t, a, startApple(t, a), app.ImportSucceeded)
	stop()
	file, err := sample.FS.Open("companyfacts-CIK0000320193.json.gz")
	require.NoError(t, err)
	defer file.Close()
	z, err := gzip.NewReader(file)
	require.NoError(t, err)
	facts, err := sec.ParseCompanyFacts(z)
	require.NoError(t, err)
	for _, asOf := range []time.Time{
		day(2012, 10, 30), day(2012, 10, 31), day(2014, 7, 22), day(2014, 7, 23), day(2020, 10, 30), day(2021, 10, 29), facts.NewestFiled(),
	} {
		e, err := a.ExportCompany(t.Context(), "AAPL", app.PointInTime{AsOf: &asOf})
		require.NoError(t, err)
		got := slices.SortedFunc(slices.Values(e.Dividends), func(a, b value.Dividend) int { return a.PeriodEnd.Compare(b.PeriodEnd) })
		assert.Empty(t, cmp.Diff(facts.Dividends(asOf), got), asOf)
	}
}
