package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// yearly is a company-facts document of some annual reports.
func yearly(cik int, years ...int) string {
	list := func(value int, flow bool) string {
		var facts []string
		for _, y := range years {
			start := ""
			if flow {
				start = fmt.Sprintf(`"start":"%d-01-01",`, y)
			}
			facts = append(facts, fmt.Sprintf(`{%s"end":"%d-12-31","val":%d,"accn":"%010d-%02d-000001","fy":%d,"form":"10-K","filed":"%d-02-01"}`,
				start, y, value+y, cik, (y+1)%100, y, y+1))
		}
		return strings.Join(facts, ",")
	}
	return fmt.Sprintf(`{"cik":%d,"entityName":"Company %d","facts":{"us-gaap":{"Revenues":{"units":{"USD":[%s]}},"Assets":{"units":{"USD":[%s]}}}}}`,
		cik, cik, list(1000, true), list(5000, false))
}

// importYearly imports the facts of companies with the CIKs 1 to n.
func importYearly(t *testing.T, a *app.App, n int) {
	t.Helper()
	for i := 1; i <= n; i++ {
		_, err := a.StartImport(t.Context(), app.System, app.ImportRequest{
			Kind: app.ImportSECCompanyFacts, Ticker: new(fmt.Sprintf("C%03d", i)), File: strings.NewReader(yearly(i, 2019, 2020, 2021)),
		})
		require.NoError(t, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		stopped <- jobs.Run(ctx, a, jobs.Config{
			PollInterval: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler), DataConfig: jobs.DataConfig{Imports: 2},
		})
	}()
	require.Eventually(t, func() bool { return rulesOf(t, a).Recomputed == int64(n) }, time.Minute, 20*time.Millisecond)
	stop()
	require.NoError(t, <-stopped)
}

func rulesOf(t *testing.T, a *app.App) app.Rules {
	t.Helper()
	r, err := a.GetRules(t.Context())
	require.NoError(t, err)
	return r
}

// makeOlder has all figures look as if an earlier version of the rules had made them, and made them otherwise.
func makeOlder(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for _, sql := range []string{
		"UPDATE company_facts SET rules_version = 1, report = NULL",
		"UPDATE financial_statement SET rules_version = 1, total_revenues = total_revenues + 1 WHERE fiscal_year <> 2019",
		"DELETE FROM financial_statement WHERE fiscal_year = 2021",
	} {
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

// A worker that starts after the rules have changed recomputes all companies. Killed in the middle, others go on, and what
// comes of it is what an import makes.
func TestRecomputationOfAKilledWorker(t *testing.T) {
	t.Parallel()
	const n = 200
	p, pool := newProject(t), pgtest.New(t)
	a, err := app.New(app.Config{Pool: pool, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	require.NoError(t, err)
	importYearly(t, a, n)
	export := func() string {
		t.Helper()
		var b bytes.Buffer
		for i := 1; i <= n; i++ {
			e, err := a.ExportCompany(t.Context(), fmt.Sprintf("C%03d", i), app.PointInTime{})
			require.NoError(t, err)
			require.NoError(t, e.Encode(&b))
		}
		return b.String()
	}
	want := export()
	makeOlder(t, pool)
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$`)
	exec("CREATE TRIGGER dawdle BEFORE UPDATE ON company_facts FOR EACH ROW EXECUTE FUNCTION dawdle()")

	worker := func() *osexec.Cmd {
		cmd, _ := p.start("worker", "DATABASE_URL="+pool.Config().ConnString())
		return cmd
	}
	for i, cmd := 1, worker(); i < 3; i++ {
		require.Eventually(t, func() bool { return rulesOf(t, a).Recomputed >= int64(60*i) }, time.Minute, 5*time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		r := rulesOf(t, a)
		require.Positive(t, r.Remaining, "in the middle")
		t.Logf("killed with %d recomputed and %d remaining", r.Recomputed, r.Remaining)
		cmd = worker()
	}
	require.Eventually(t, func() bool { return rulesOf(t, a).Remaining == 0 }, 2*time.Minute, 50*time.Millisecond)
	assert.Equal(t, app.Rules{Version: 3, Companies: n, Recomputed: n}, rulesOf(t, a))
	assert.Equal(t, want, export())
}

// The command shows how far the recomputation is, and carries it out.
func TestRulesCommand(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	a, err := app.New(app.Config{Pool: pool, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	require.NoError(t, err)
	importYearly(t, a, 3)
	makeOlder(t, pool)
	out, err := p.on(pool, "rules")
	require.NoError(t, err)
	assert.Equal(t, "rules version 3: recomputed: 0 of 3, remaining: 3, failed: 0\n", out)
	_, err = pool.Exec(t.Context(), `UPDATE upload_piece SET content = 'nothing' WHERE upload_id = (
		SELECT upload_id FROM document d JOIN company_facts f ON f.document_id = d.id JOIN company c ON c.id = f.company_id WHERE c.cik = 2)`)
	require.NoError(t, err)
	out, err = p.on(pool, "rules", "--recompute")
	require.Error(t, err)
	assert.Contains(t, out, "rules version 3: recomputed: 2 of 3, remaining: 1, failed: 0\n  C002: an internal error, see the log (attempts: 1)\n")
	assert.Contains(t, out, "companies that could not be recomputed: 1")
}

// What an import read is printed, and what it did not and why.
func TestImportPrintsItsReport(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	file := func(name string) string {
		path, err := filepath.Abs("../../internal/sec/testdata/cases/" + name)
		require.NoError(t, err)
		return path
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := p.on(pool, append([]string{"import", "sec"}, args...)...)
		require.NoError(t, err, out)
		return out
	}
	assert.Regexp(t, `facts\.json: 1 written, 0 unchanged, 0 skipped in .*\n  facts: 8; skipped: 1 with a date that cannot be\n  filings: 1 first of a period\n  statements: 1\n$`,
		run("--ticker", "TYPO", file("typo-year/facts.json")))
	empty := "  facts: 0\n  filings: 0\n  statements: 0\n  warning: no statement was made: the file has no facts\n"
	assert.Regexp(t, `0 written, 0 unchanged, 0 skipped in .*\n`+empty+`$`, run("--ticker", "EMPTY", file("empty-facts/facts.json")))
	assert.Contains(t, run(file("empty-facts/facts.json")), "unchanged since it was imported before\n"+empty)

	out, err := p.on(pool, "import", "sec", "--ticker", "HOLD", file("cik-change/facts-1.json"), file("cik-change/facts-2.json"))
	require.Error(t, err)
	assert.Contains(t, out, "HOLD is the company with CIK 9000050, but the file is about CIK 9000051")
	assert.Contains(t, run("--ticker", "HOLD", "--other-cik", "new", file("cik-change/facts-1.json"), file("cik-change/facts-2.json")), "statements: 6\n")
	out, err = p.on(pool, "import", "sec", "--ticker", "HOLD", "--other-cik", "old", file("cik-change/facts-2.json"))
	require.Error(t, err)
	assert.Contains(t, out, "other_cik must be new or former")
	_, err = p.on(pool, "export", "--out", "out", "HOLD", "TYPO")
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(p.dir, "out", "TYPO.json"))
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(b), `],"import":{"facts":8,"skipped":{"form":0,"date":1,"value":0,"count":0},`+
		`"filings":{"report":1,"repeat":0,"no_balance_sheet":0,"no_flow":0},"statements":1,"why_nothing":null}}`+"\n"), "%s", b)
}
