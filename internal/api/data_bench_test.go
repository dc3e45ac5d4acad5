package api_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// BenchmarkAPI compares the API, as it is in production, with handlers written by hand for one request each: net/http,
// one query through the same pool, rows scanned into variables that are used again, JSON appended to pooled buffers; no
// checks, log, metrics or headers. Both respond with the same bytes over kept-alive connections, in turns within one run, so
// that noise hits both. Cold, the API has no cache; hot, what is asked for is in it, and a third handler writes the same bytes
// from memory, header and body, a fourth the body alone. ratio is the API's requests per second over those by hand, of-memory
// and of-body over those from memory.
func BenchmarkAPI(b *testing.B) {
	pool := benchPool(b)
	cold := serveAPI(b, pool, benchConfig{limits: productionLimits()})
	hot := serveAPI(b, pool, benchConfig{limits: productionLimits(), cached: true})
	byHand := serveByHand(b, pool)
	var missed marks
	for _, bm := range []struct {
		name, path          string
		cold, hot, ofMemory float64  // least ratios
		others              []string // paths that are asked for too when it is cold
	}{
		{"company", "/companies/AAPL", 0.85, 3, 0.8, companyPaths(b, pool)},
		{"100_companies", "/companies?page_size=100", 0.6, 4, 0.8, nil},
		{"100_statements", "/financial-statements?page_size=100&share_basis=filed", 0.6, 4, 0.8, nil},
	} {
		want := fetch(b, byHand, bm.path)
		header := headerOf(b, hot, bm.path)
		memory := serve(b, fromMemory(want, header))
		body := serve(b, fromMemory(want, http.Header{"Content-Type": header["Content-Type"], "Content-Length": header["Content-Length"]}))
		for _, addr := range []string{cold, hot, hot, memory, body} { // the second time from the cache
			require.True(b, want == fetch(b, addr, bm.path), "the answers must be the same")
		}
		for _, path := range bm.others {
			require.True(b, fetch(b, byHand, path) == fetch(b, cold, path), "the answers must be the same")
		}
		b.Run(bm.name+"/cold", func(b *testing.B) {
			paths := append([]string{bm.path}, bm.others...)
			api, hand := reading(b, cold, paths...), reading(b, byHand, paths...)
			inTurns(b, pool, api, hand)
			api.report(b, "api")
			hand.report(b, "by-hand")
			missed.atLeast(b, "ratio", api.ratio(hand), bm.cold)
		})
		b.Run(bm.name+"/hot", func(b *testing.B) {
			api, hand := reading(b, hot, bm.path), reading(b, byHand, bm.path)
			mem, bare := reading(b, memory, bm.path), reading(b, body, bm.path)
			inTurns(b, pool, api, hand, mem, bare)
			api.report(b, "api")
			hand.report(b, "by-hand")
			mem.report(b, "memory")
			missed.atLeast(b, "ratio", api.ratio(hand), bm.hot)
			missed.atLeast(b, "of-memory", api.ratio(mem), bm.ofMemory)
			b.ReportMetric(api.ratio(bare), "of-body")
		})
	}
	missed.fail(b)
}

// companyPaths are those of some companies: what the API reads at the same time for several requests is not for the same ones.
func companyPaths(b *testing.B, pool *pgxpool.Pool) []string {
	b.Helper()
	rows, err := pool.Query(b.Context(), `SELECT '/companies/' || ticker FROM listing WHERE is_primary AND holds_ticker AND ticker = ticker_key(ticker) ORDER BY md5(ticker) LIMIT 999`)
	require.NoError(b, err)
	paths, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b, err)
	return paths
}

// benchPool returns a database with all companies, and with the statements of the shipped ones, for these and, as if
// they were their own, for 200 more.
func benchPool(b *testing.B) *pgxpool.Pool {
	b.Helper()
	pool, err := pg.Open(b.Context(), pgtest.DSN(quiet{b}), slog.Default(), otelpgx.NewTracer())
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	log := slog.New(slog.DiscardHandler)
	a, err := app.New(app.Config{Pool: pool, Logger: log, Now: time.Now, PublicURL: "https://edgevalue.example"})
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	stopped := make(chan error, 1)
	go func() {
		stopped <- jobs.Run(ctx, a, jobs.Config{Grace: 10 * time.Second, Logger: log, DataConfig: jobs.DataConfig{Imports: 1}})
	}()
	for _, f := range []struct {
		kind app.ImportKind
		name string
	}{
		{app.ImportCompanies, "company_tickers.json.gz"},
		{app.ImportSECCompanyFacts, apple},
		{app.ImportSECCompanyFacts, snowflake},
		{app.ImportSECCompanyFacts, marvell},
	} {
		im, err := a.StartImport(b.Context(), app.System, app.ImportRequest{Kind: f.kind, File: bytes.NewReader(sampleFile(b, f.name))})
		require.NoError(b, err)
		require.Eventually(b, func() bool {
			im, err = a.GetImport(b.Context(), app.System, im.ID)
			require.NoError(b, err)
			return im.State == "succeeded"
		}, time.Minute, 10*time.Millisecond, f.name)
	}
	stop()
	require.NoError(b, <-stopped)
	_, err = pool.Exec(b.Context(), `
		WITH other AS (
			SELECT c.id, row_number() OVER (ORDER BY c.cik) AS n FROM company c
			WHERE NOT EXISTS (SELECT FROM financial_statement s WHERE s.company_id = c.id) ORDER BY c.cik LIMIT 200
		)
		INSERT INTO financial_statement
		SELECT copied.* FROM other
		JOIN listing l ON l.ticker = (ARRAY['AAPL', 'SNOW', 'MRVL'])[1 + other.n % 3]
		JOIN financial_statement s ON s.company_id = l.company_id
		CROSS JOIN jsonb_populate_record(s, jsonb_build_object('id', s.id + 10000 * other.n, 'company_id', other.id)) AS copied`)
	require.NoError(b, err)
	_, err = pool.Exec(b.Context(), "VACUUM ANALYZE")
	require.NoError(b, err)
	return pool
}

// quiet keeps what is logged about a database out of a benchmark's output.
type quiet struct{ testing.TB }

func (quiet) Logf(string, ...any) {}

// BenchmarkMetrics asks for pages of 20 statements of a company with their metrics. cpu-ms is user and system time of this
// process, which has the clients but not PostgreSQL.
func BenchmarkMetrics(b *testing.B) {
	const most = 20.0 // ms of CPU
	benchmarkPages(b, benchPool(b), most, [][2]string{
		{"all", "/companies/AAPL/value-metrics?page_size=20"},
		{"annual", "/companies/AAPL/value-metrics?page_size=20&period=annual"},
		{"none", "/companies/AAPL/value-metrics?page_size=20&metrics=none"},
		{"one", "/companies/AAPL/value-metrics?page_size=20&metrics=revenue_growth_1y"},
	})
}

// BenchmarkDays does the same for pages of 100 trading days, and of all listings on one day.
func BenchmarkDays(b *testing.B) {
	const most, mostOfAll = 100.0, 1000.0 // ms of CPU
	pool := benchPool(b)
	for _, sql := range []string{
		`INSERT INTO share_count SELECT copied.* FROM company other
			JOIN listing l ON l.ticker = (ARRAY['AAPL', 'SNOW', 'MRVL'])[1 + other.id % 3]
			JOIN share_count s ON s.company_id = l.company_id
			CROSS JOIN jsonb_populate_record(s, jsonb_build_object('company_id', other.id)) AS copied
			WHERE EXISTS (SELECT FROM financial_statement s WHERE s.company_id = other.id)
				AND NOT EXISTS (SELECT FROM share_count s WHERE s.company_id = other.id)`,
		`INSERT INTO price (listing_id, date, close)
			SELECT l.id, d, 100 + extract(doy FROM d) / 10 FROM listing l
			CROSS JOIN generate_series('2012-01-02'::date, '2017-12-29'::date, '1 day') AS d
			WHERE l.is_primary AND extract(isodow FROM d) < 6
				AND EXISTS (SELECT FROM share_count s WHERE s.company_id = l.company_id)`,
		"ANALYZE",
	} {
		_, err := pool.Exec(b.Context(), sql)
		require.NoError(b, err)
	}
	benchmarkPages(b, pool, most, [][2]string{
		{"all", "/companies/AAPL/daily-ratios?from=2017-08-08"},
		{"one", "/companies/AAPL/daily-ratios?from=2017-08-08&metrics=price_to_sales_ratio"},
		{"percentile", "/companies/AAPL/daily-ratios?from=2017-08-08&metrics=price_to_earnings_percentile_5y"},
		{"none", "/companies/AAPL/daily-ratios?from=2017-08-08&metrics=none"},
		{"fields of a day", "/daily-ratios?date=2017-12-29"},
		{"without percentile", "/daily-ratios?date=2017-12-29&metrics=graham,safety,dividends"},
		{"worth", "/companies/AAPL/valuation?discount_rate=0.1&terminal_growth=0.03&growth=0.05"},
	})
	// 130,000 prices are read for the percentiles of 100 listings.
	benchmarkPages(b, pool, mostOfAll, [][2]string{{"all of a day", "/daily-ratios?date=2017-12-29&metrics=all"}})
}

func benchmarkPages(b *testing.B, pool *pgxpool.Pool, most float64, of [][2]string) {
	b.Helper()
	addr := serveAPI(b, pool, benchConfig{limits: productionLimits()})
	var missed marks
	for _, page := range of {
		b.Run(page[0], func(b *testing.B) {
			pages := reading(b, addr, page[1])
			inTurns(b, pool, pages)
			pages.report(b, "api")
			missed.atMost(b, "cpu-ms/page", median(pages.cpu)/1000, most)
		})
	}
	missed.fail(b)
}
