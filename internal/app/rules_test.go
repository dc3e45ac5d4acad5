package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// annual is a company-facts document of some annual reports.
func annual(cik int64, years ...int) string {
	list := func(value int, from string) string {
		var facts []string
		for _, y := range years {
			start := strings.ReplaceAll(from, "YEAR", fmt.Sprint(y))
			facts = append(facts, fmt.Sprintf(`{%s"end":"%d-12-31","val":%d,"accn":"%010d-%02d-000001","fy":%d,"fp":"FY","form":"10-K","filed":"%d-02-01"}`,
				start, y, value+y, cik, (y+1)%100, y, y+1))
		}
		return strings.Join(facts, ",")
	}
	const duration = `"start":"YEAR-01-01",`
	return fmt.Sprintf(`{"cik":%d,"entityName":"Company %d","facts":{"us-gaap":{"Revenues":{"units":{"USD":[%s]}},"Assets":{"units":{"USD":[%s]}}}}}`,
		cik, cik, list(1000, duration), list(5000, ""))
}

func tickerOf(n int) string { return fmt.Sprintf("C%03d", n) }

// importMany imports the facts of companies with the CIKs 1 to n.
func importMany(t *testing.T, a *app.App, n int) {
	t.Helper()
	var last int64
	for i := 1; i <= n; i++ {
		im, err := a.StartImport(t.Context(), root, app.ImportRequest{
			Kind: app.ImportSECCompanyFacts, Ticker: new(tickerOf(i)), File: strings.NewReader(annual(int64(i), 2019, 2020, 2021)),
		})
		require.NoError(t, err)
		last = im.ID
	}
	eventually(t, a, last, app.ImportSucceeded)
	require.Eventually(t, func() bool {
		r, err := a.GetRules(t.Context())
		require.NoError(t, err)
		return r.Recomputed == int64(n)
	}, 3*time.Minute, 20*time.Millisecond)
}

// makeOlder has all figures look as if an earlier version of the rules had made them, and made them otherwise.
func makeOlder(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for _, sql := range []string{
		"UPDATE company_facts SET rules_version = 1, report = NULL, cik = NULL", // as before there were several CIKs
		"UPDATE financial_statement SET rules_version = 1 WHERE source = 'sec'",
		"UPDATE financial_statement SET total_revenues = total_revenues + 1, marks = '{bank}' WHERE fiscal_year = 2020",
		"DELETE FROM financial_statement WHERE fiscal_year = 2021",
		`INSERT INTO dividend (company_id, source, known_from, fiscal_year, period_end, amount_per_share, currency, publish_date, derived, share_basis_date)
			SELECT id, 'sec', '2021-02-01', 2020, '2020-12-31', 1, 'USD', '2021-02-01', false, '2021-02-01' FROM company`,
	} {
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

// exportAll is the files of companies, one after the other.
func exportAll(t *testing.T, a *app.App, n int) string {
	t.Helper()
	var b bytes.Buffer
	for i := 1; i <= n; i++ {
		e, err := a.ExportCompany(t.Context(), tickerOf(i), app.PointInTime{})
		require.NoError(t, err)
		require.NoError(t, e.Encode(&b))
	}
	return b.String()
}

func rules(t *testing.T, a *app.App) app.Rules {
	t.Helper()
	r, err := a.GetRules(t.Context())
	require.NoError(t, err)
	return r
}

// A recomputation that is cut off goes on where it was, and what comes of it is what an import makes.
func TestRecomputationGoesOn(t *testing.T) {
	t.Parallel()
	const n = 200
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	importMany(t, a, n)
	stop()
	want := exportAll(t, a, n)
	makeOlder(t, pool)
	require.NotEqual(t, want, exportAll(t, a, n))

	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	done := 0
	require.ErrorIs(t, a.RecomputeAll(ctx, func(err error) {
		assert.NoError(t, err)
		if done++; done == 50 {
			cut()
		}
	}), context.Canceled)
	r := rules(t, a)
	assert.Equal(t, app.Rules{Version: 3, Companies: n, Recomputed: 50, Remaining: 150}, r)
	var older, newer int
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE rules_version = 1), count(*) FILTER (WHERE rules_version = 3)
		FROM financial_statement`).Scan(&older, &newer))
	assert.Equal(t, []int{300, 150}, []int{older, newer}, "what is served meanwhile says by which version it was made")

	for more := true; more; {
		var err error
		more, err = a.RecomputeJob(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, app.Rules{Version: 3, Companies: n, Recomputed: n}, rules(t, a))
	assert.Equal(t, want, exportAll(t, a, n))
	more, err := a.RecomputeJob(t.Context())
	require.NoError(t, err)
	assert.False(t, more)
}

// A worker recomputes when it starts, and once at a time.
func TestWorkerRecomputes(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	importMany(t, a, 3)
	stop()
	want := exportAll(t, a, 3)
	makeOlder(t, pool)
	workOn(t, a, true)
	require.Eventually(t, func() bool { return rules(t, a).Remaining == 0 }, 3*time.Minute, 20*time.Millisecond)
	assert.Equal(t, want, exportAll(t, a, 3))
}

// What cannot be read does not stop the others. It is tried again, not for ever, and keeps its figures.
func TestRecomputationOfABadDocument(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	importMany(t, a, 3)
	stop()
	makeOlder(t, pool)
	before := exportAll(t, a, 2)[len(exportAll(t, a, 1)):]
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	const second = "(SELECT company_id FROM company_cik WHERE cik = 2)"
	exec("UPDATE upload_piece SET content = 'nothing' WHERE upload_id = (SELECT upload_id FROM document d JOIN company_facts f ON f.document_id = d.id WHERE f.company_id = " + second + ")")
	attempts := func() (n int) {
		t.Helper()
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT attempts FROM company_facts WHERE company_id = "+second).Scan(&n))
		return n
	}
	run := func() {
		t.Helper()
		more, err := a.RecomputeJob(t.Context())
		require.NoError(t, err)
		assert.False(t, more)
	}
	for i, want := range []int{1, 2, 2, 2} { // one is tried again at once, then after a pause
		run()
		assert.Equal(t, want, attempts(), i)
		assert.Equal(t, app.Rules{Version: 3, Companies: 3, Recomputed: 2, Remaining: 1}, rules(t, a))
	}
	exec("UPDATE company_facts SET attempted_at = now() - interval '31 minutes'")
	run()
	assert.Equal(t, 3, attempts())
	assert.Equal(t, app.Rules{Version: 3, Companies: 3, Recomputed: 2, Failed: 1}, rules(t, a))
	exec("UPDATE company_facts SET attempted_at = now() - interval '31 days'")
	run()
	assert.Equal(t, 3, attempts(), "it is given up")
	unread, err := a.ListUnreadFacts(t.Context(), root)
	require.NoError(t, err)
	require.Len(t, unread, 1)
	assert.Equal(t, "C002", unread[0].Ticker)
	assert.Equal(t, before, exportAll(t, a, 2)[len(exportAll(t, a, 1)):])

	var failures []error
	require.NoError(t, a.RecomputeAll(t.Context(), func(err error) { failures = append(failures, err) }))
	require.Len(t, failures, 1, "but who asks has it tried")
	require.Error(t, failures[0])
	assert.Equal(t, 4, attempts())

	work(t, a) // a good file heals it
	im, err := a.StartImport(t.Context(), root, app.ImportRequest{
		Kind: app.ImportSECCompanyFacts, File: strings.NewReader(annual(2, 2019, 2020, 2021, 2022)),
	})
	require.NoError(t, err)
	eventually(t, a, im.ID, app.ImportSucceeded)
	assert.Equal(t, app.Rules{Version: 3, Companies: 3, Recomputed: 3}, rules(t, a))
}

// A recomputation leaves what was entered by hand; what was deleted by hand comes back, as with an import.
func TestRecomputationAndTheHand(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	importMany(t, a, 1)
	all, _, err := a.ListCompanyStatements(t.Context(), "C001", nil, app.PointInTime{}, app.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, all, 3)
	byHand := annualByHand(2021)
	_, err = a.ReplaceStatement(t.Context(), root, all[0].ID, byHand)
	require.NoError(t, err)
	require.NoError(t, a.DeleteStatement(t.Context(), root, all[1].ID))
	years := func() (years []int32) {
		t.Helper()
		all, _, err := a.ListCompanyStatements(t.Context(), "C001", nil, app.PointInTime{}, app.Page{Size: 10})
		require.NoError(t, err)
		for _, s := range all {
			years = append(years, s.FiscalYear)
		}
		assert.Equal(t, "manual", all[0].Source)
		assert.Nil(t, all[0].RulesVersion)
		assert.Equal(t, byHand.TotalRevenues, all[0].TotalRevenues)
		return years
	}
	_, err = a.RecomputeJob(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int32{2021, 2019}, years(), "the rules are the same: nothing is made anew")
	_, err = pool.Exec(t.Context(), `WITH f AS (UPDATE company_facts SET rules_version = 1)
		UPDATE financial_statement SET rules_version = 1, set_by = NULL WHERE rules_version IS NOT NULL`)
	require.NoError(t, err)
	then := app.PointInTime{AsOf: &all[0].KnownFrom, Basis: value.AsOf}
	_, err = a.Explain(t.Context(), all[0].ID, then, "total_revenues")
	require.Error(t, err, "other rules made it")
	_, err = a.RecomputeJob(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int32{2021, 2020, 2019}, years())

	// What was known before it was replaced is made anew, too.
	before, err := a.GetStatement(t.Context(), all[0].ID, then)
	require.NoError(t, err)
	assert.Equal(t, new(int32(sec.RulesVersion)), before.RulesVersion)
	assert.Equal(t, "sec", before.Source)
	assert.NotNil(t, before.SetBy)
	assert.Equal(t, all[0].TotalRevenues, before.TotalRevenues)
	x, err := a.Explain(t.Context(), all[0].ID, then, "total_revenues")
	require.NoError(t, err)
	assert.Equal(t, value.OpFact, x.Node.Op)
	stop()
}

func annualByHand(year int) value.Statement {
	return value.Statement{
		Period: value.Annual, FiscalYear: year, EndDate: day(year, 12, 31), PublishDate: day(year+1, 2, 1), Currency: "USD",
		TotalRevenues: new(int64(7)),
	}
}

// Statements that were entered by hand before there were marks get those that an entry by hand has now, and the total debt.
func TestStatementsByHandFromBefore(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	_, err := a.CreateCompany(t.Context(), root, apple)
	require.NoError(t, err)
	var entered []value.Statement
	add := func(s value.Statement) {
		s.FiscalYear, s.Currency = 2000, "USD"
		s.EndDate = day(2000, 1, 1).AddDate(0, 0, len(entered))
		s.PublishDate = s.EndDate
		if s.Period == value.Quarterly {
			s.FiscalQuarter = new(1)
		}
		entered = append(entered, s)
	}
	some := func(n ...int64) []*int64 {
		all := []*int64{nil}
		for _, n := range n {
			all = append(all, &n)
		}
		return all
	}
	for _, period := range []value.Period{value.Annual, value.Quarterly, value.Partial} {
		for _, short := range some(0, 7) {
			for _, long := range some(0, 5, -5) {
				for _, assets := range some(0, 5000) {
					for _, interest := range some(2, 3, 10, 11) {
						add(value.Statement{Period: period, ShortTermDebt: short, LongTermDebt: long, TotalAssets: assets, InterestExpense: interest})
					}
				}
			}
		}
	}
	for _, s := range entered {
		_, err := a.CreateStatement(t.Context(), root, "AAPL", s)
		require.NoError(t, err)
	}
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	// What the facts gave stays as it is, and so do marks that an entry by hand does not compute.
	exec("UPDATE financial_statement SET source = 'sec', rules_version = 2 WHERE end_date = '2000-01-01'")
	exec("UPDATE financial_statement SET rules_version = 2 WHERE end_date = '2000-01-02'")
	exec("UPDATE financial_statement SET marks = '{bank}' || marks WHERE end_date BETWEEN '2000-01-03' AND '2000-03-01'")
	all := func() (rows []string) {
		t.Helper()
		found, _ := pool.Query(t.Context(), "SELECT concat_ws(' ', end_date, total_debt, marks) FROM financial_statement ORDER BY end_date")
		rows, err := pgx.CollectRows(found, pgx.RowTo[string])
		require.NoError(t, err)
		return rows
	}
	want := all()
	var touched time.Time
	for version := int64(0); version != 16; {
		down, err := pg.MigrateDown(t.Context(), pool)
		require.NoError(t, err)
		version = down.Version
	}
	exec(`UPDATE financial_statement SET total_debt = coalesce(short_term_debt + long_term_debt, short_term_debt, long_term_debt),
		marks = CASE WHEN 'bank' = ANY (marks) THEN '{bank}'::text[] ELSE '{}' END WHERE source = 'manual' AND rules_version IS NULL`)
	require.NotEqual(t, want, all())
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&touched))
	require.NoError(t, pg.Migrate(t.Context(), pool, slog.New(slog.DiscardHandler)))
	assert.Equal(t, want, all())
	var unchanged int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM financial_statement WHERE cardinality(marks) = 0 AND updated_at > $1 AND long_term_debt IS NOT NULL", touched).Scan(&unchanged))
	assert.Zero(t, unchanged, "what is right is not written again")
}

// A statement that replaces another by hand keeps the marks that are about what both cover. The others are about the facts.
func TestReplacedStatementKeepsItsKind(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	_, err := a.CreateCompany(t.Context(), root, apple)
	require.NoError(t, err)
	entered := func(s value.Statement, marks string, quarter *int) int64 {
		t.Helper()
		out, err := a.CreateStatement(t.Context(), root, "AAPL", s)
		require.NoError(t, err)
		_, err = pool.Exec(t.Context(), "UPDATE financial_statement SET source = 'sec', rules_version = 3, marks = $2, fiscal_quarter = $3 WHERE id = $1",
			out.ID, marks, quarter)
		require.NoError(t, err)
		return out.ID
	}
	replace := func(id int64, s value.Statement) app.Statement {
		t.Helper()
		out, err := a.ReplaceStatement(t.Context(), root, id, s)
		require.NoError(t, err)
		return out
	}
	bank := annualByHand(2021)
	bank.ProfitBeforeTax, bank.InterestExpense, bank.OperatingIncome = new(int64(9)), new(int64(5)), new(int64(4))
	bank.Depreciation, bank.TotalAssets, bank.ShortTermDebt = new(int64(1)), new(int64(1000)), new(int64(3))
	id := entered(bank, "{bank,cash_with_restricted,comparative_only,debt_unknown,turned_sign,untaxed}", nil)
	for range 2 { // by hand what is by hand, too
		s := replace(id, bank)
		assert.Equal(t, []string{"bank", "debt_unknown", "partial_debt"}, s.Marks)
		assert.Nil(t, s.Ebit)
		assert.Nil(t, s.EbitBasis)
		assert.Nil(t, s.Ebitda)
	}
	bank.LongTermDebt = new(int64(0))
	assert.Equal(t, []string{"bank"}, replace(id, bank).Marks)

	quarter := annualByHand(2020)
	quarter.Period, quarter.FiscalQuarter = value.Quarterly, new(1)
	id = entered(quarter, "{mixed_tags,transition_quarter}", nil)
	quarter.FiscalQuarter = nil
	s := replace(id, quarter)
	assert.Equal(t, []string{"transition_quarter"}, s.Marks)
	assert.Nil(t, s.FiscalQuarter)
	replace(id, quarter)
	quarter.FiscalQuarter = new(2)
	assert.Empty(t, replace(id, quarter).Marks, "the mark says that it has no number")
	quarter.FiscalQuarter = nil
	_, err = a.ReplaceStatement(t.Context(), root, id, quarter)
	require.ErrorContains(t, err, "fiscal_quarter is required")

	partial := annualByHand(2019)
	partial.Period = value.Partial
	assert.Equal(t, []string{"short_period"}, replace(entered(partial, "{short_period,three_months_only}", nil), partial).Marks)
}

// until waits until a query's boolean is true.
func until(t *testing.T, pool *pgxpool.Pool, query string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var ok bool
		require.NoError(t, pool.QueryRow(t.Context(), query).Scan(&ok))
		return ok
	}, 10*time.Second, 10*time.Millisecond, query)
}

// held locks a table, or what a query locks, until it is released.
func held(t *testing.T, pool *pgxpool.Pool, lock string) (release func()) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), lock)
	require.NoError(t, err)
	release = sync.OnceFunc(func() { assert.NoError(t, tx.Rollback(context.WithoutCancel(t.Context()))) })
	t.Cleanup(release)
	return release
}

const waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

func attemptsAt(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT attempts FROM company_facts").Scan(&n))
	return n
}

// An attempt that the database cuts off does not count.
func TestRecomputationCutOff(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	importMany(t, a, 1)
	stop()
	makeOlder(t, pool)
	release := held(t, pool, "LOCK dividend")
	done := make(chan error, 1)
	go func() {
		_, err := a.RecomputeJob(t.Context())
		done <- err
	}()
	until(t, pool, "SELECT count(*) > 0 "+waiting)
	assert.Equal(t, 1, attemptsAt(t, pool))
	_, err := pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) "+waiting)
	require.NoError(t, err)
	assert.True(t, app.CutOff(<-done))
	assert.Zero(t, attemptsAt(t, pool))
	release()
	_, err = pool.Exec(t.Context(), "UPDATE company_facts SET attempted_version = 3, attempts = 2, attempted_at = now() - interval '1 day'")
	require.NoError(t, err)
	release = held(t, pool, "SELECT FROM company FOR UPDATE")
	go func() {
		_, err := a.RecomputeJob(t.Context())
		done <- err
	}()
	until(t, pool, "SELECT count(*) > 0 "+waiting)
	_, err = pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) "+waiting)
	require.NoError(t, err)
	assert.True(t, app.CutOff(<-done))
	release()
	assert.Equal(t, 2, attemptsAt(t, pool), "nor does it take back another one, if it was cut off before it counted")
}

// An attempt is one, however often the company's documents become others meanwhile.
func TestRecomputationOfOtherDocuments(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	importMany(t, a, 1)
	stop()
	makeOlder(t, pool)
	release := held(t, pool, "LOCK upload_piece")
	done := make(chan error, 1)
	go func() {
		_, err := a.RecomputeJob(t.Context())
		done <- err
	}()
	until(t, pool, "SELECT count(*) > 0 "+waiting)
	_, err := pool.Exec(t.Context(), `WITH other AS (INSERT INTO document (sha256, size, content) VALUES (sha256('x'), 1, 'no gzip file') RETURNING id)
		UPDATE company_facts SET document_id = other.id FROM other`)
	require.NoError(t, err)
	release()
	require.NoError(t, <-done)
	var failure *string
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT error FROM company_facts").Scan(&failure))
	assert.NotNil(t, failure)
	assert.Equal(t, 1, attemptsAt(t, pool))
}

// A company whose CIKs change is recomputed at once, also while another recomputation runs, which may be past it.
func TestOtherCIKsWhileOthersAreRecomputed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	stop := work(t, a)
	importMany(t, a, 2)
	stop()
	makeOlder(t, pool)
	release := held(t, pool, "LOCK dividend")
	workOn(t, a, true)
	until(t, pool, "SELECT count(*) > 0 "+waiting)
	_, err := a.UpdateCompany(t.Context(), root, "C002", func(in *app.CompanyInput) { in.FormerCiks = []int64{77} })
	require.NoError(t, err)
	until(t, pool, "SELECT count(*) = 1 FROM river_job WHERE kind = 'recompute' AND state = 'available'")
	release()
	until(t, pool, "SELECT count(*) = 2 FROM river_job WHERE kind = 'recompute' AND state = 'completed'")
	assert.Zero(t, rules(t, a).Remaining)
}
