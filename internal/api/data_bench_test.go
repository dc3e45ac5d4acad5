package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/go-faster/jx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/telemetry"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/web"
)

// BenchmarkAPI compares the API, as it is in production, with handlers written by hand for one request each: net/http,
// one query through the same pool, rows scanned into variables that are used again, JSON appended to pooled buffers; no
// checks, log, metrics or headers. Both respond with the same bytes over kept-alive connections, in turns within one run, so
// that noise hits both. ratio is the API's requests per second over those by hand.
func BenchmarkAPI(b *testing.B) {
	pool := benchPool(b)
	generated := serveAPI(b, pool, productionLimits())
	byHand := serveByHand(b, pool)
	var missed []string // a benchmark that fails shows no figures: the one around it does
	for _, bm := range []struct {
		name, path string
		least      float64 // ratio
	}{
		{"company", "/companies/AAPL", 0.75},
		{"100_companies", "/companies?page_size=100", 0.4},
		{"100_statements", "/financial-statements?page_size=100&share_basis=filed", 0.3},
	} {
		b.Run(bm.name, func(b *testing.B) {
			addrs := [2]string{generated, byHand}
			got, wire := fetch(b, generated, bm.path)
			want, wireByHand := fetch(b, byHand, bm.path)
			require.Equal(b, want, got, "the answers must be the same")
			const turn = 100 * time.Millisecond
			var done [2]int
			var took [2]time.Duration
			run := func(i int) {
				start := time.Now()
				done[i] += load(b, addrs[i], bm.path, [2]int{wire, wireByHand}[i], turn)
				took[i] += time.Since(start)
			}
			run(0) // warm up
			run(1)
			done, took = [2]int{}, [2]time.Duration{}
			for n := 0; b.Loop(); n++ {
				run(n % 2)
				run(1 - n%2)
			}
			rate := func(i int) float64 { return float64(done[i]) / took[i].Seconds() }
			ratio := rate(0) / rate(1)
			b.ReportMetric(rate(0), "api-req/s")
			b.ReportMetric(rate(1), "by-hand-req/s")
			b.ReportMetric(ratio, "ratio")
			b.ReportMetric(float64(len(want)), "body-B")
			b.ReportMetric(0, "ns/op") // says nothing
			if ratio < bm.least {
				missed = append(missed, fmt.Sprintf("%s %.2f, must be %.2f", bm.name, ratio, bm.least))
			}
		})
	}
	if len(missed) > 0 {
		b.Errorf("too low a ratio: %s", strings.Join(missed, "; "))
	}
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

// serveAPI serves what "edgevalue serve" does, without the job monitor, and returns its address.
func serveAPI(b *testing.B, pool *pgxpool.Pool, limits api.Limits) string {
	b.Helper()
	log := telemetry.NewLogger(io.Discard, "json", slog.LevelInfo)
	a, err := app.New(app.Config{Pool: pool, Logger: log, Now: time.Now, PublicURL: "https://edgevalue.example"})
	require.NoError(b, err)
	pages := http.NewServeMux()
	_, err = web.Register(pages, web.Config{ProjectName: "EdgeValue", Environment: web.Production, Spec: edgevalue.OpenAPI})
	require.NoError(b, err)
	metrics := telemetry.NewMetrics(pool, nil)
	handler, err := api.New(api.Config{
		App: a, Logger: log, CORSOrigins: []string{"https://edgevalue.example"}, HTTPS: true, Pages: pages, Observe: metrics.Observe,
		Limits: limits,
	})
	require.NoError(b, err)
	return serve(b, metrics.InFlight(handler))
}

func serve(b *testing.B, h http.Handler) string {
	b.Helper()
	s := httptest.NewServer(h)
	b.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// get is the request for a path of the API. It accepts no compression, which the other side does not offer.
func get(path string) []byte {
	return []byte("GET " + api.Prefix + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n")
}

// fetch returns the body of a path's successful answer, and the number of bytes that the whole answer has on the wire.
func fetch(b *testing.B, addr, path string) (body string, wire int) {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(b, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write(get(path))
	require.NoError(b, err)
	var whole bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &whole)), nil)
	require.NoError(b, err)
	content, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, res.StatusCode, "%s", content)
	return string(content), whole.Len()
}

// load calls a path for a while over four connections a processor and returns the number of answers. The clients only
// count bytes, as they share the processors with the server: all answers have the same number of them, and one of
// another length would put those after it out of step.
func load(b *testing.B, addr, path string, wire int, long time.Duration) (answers int) {
	b.Helper()
	end := time.Now().Add(long)
	request := get(path)
	counts := make([]int, 4*runtime.GOMAXPROCS(0))
	var g errgroup.Group
	for i := range counts {
		g.Go(func() error {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			r := bufio.NewReaderSize(conn, 64<<10)
			for ; time.Now().Before(end); counts[i]++ {
				if _, err := conn.Write(request); err != nil {
					return err
				}
				const ok = "HTTP/1.1 200 OK\r\n"
				if head, err := r.Peek(len(ok)); err != nil || string(head) != ok {
					return fmt.Errorf("no answer: %q, %w", head, err)
				}
				if _, err := r.Discard(wire); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(b, g.Wait())
	for _, n := range counts {
		answers += n
	}
	return answers
}

// serveByHand serves the three requests by hand and returns the address.
func serveByHand(b *testing.B, pool *pgxpool.Pool) string {
	b.Helper()
	h := byHand{pool}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.Prefix+"/companies/{ticker}", answer(h.company))
	mux.HandleFunc("GET "+api.Prefix+"/companies", answer(h.companies))
	mux.HandleFunc("GET "+api.Prefix+"/financial-statements", answer(h.statements))
	return serve(b, mux)
}

type byHand struct{ pool *pgxpool.Pool }

func answer(handle func(*http.Request, *jx.Encoder) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := jx.GetEncoder()
		defer jx.PutEncoder(e)
		if err := handle(r, e); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(e.Bytes())))
		_, _ = w.Write(e.Bytes())
	}
}

const companyColumns = `c.id, c.name, c.cik, c.former_ciks, c.country, c.url, c.ipo_date, c.number_of_shares, c.created_at, c.updated_at,
	l.ticker, l.exchange, l.isin, l.share_class, l.currency, l.ordinary_shares, l.is_primary`

// handCompany is a row of companyColumns.
type handCompany struct {
	id                                         int64
	name                                       string
	cik, shares                                pgtype.Int8
	formerCIKs                                 []int64
	country, url                               pgtype.Text
	ipo                                        pgtype.Date
	created, updated                           time.Time
	ticker, currency                           string
	exchange, isin, shareClass, ordinaryShares pgtype.Text
	primary                                    bool
}

func (c *handCompany) scan(rows pgx.Rows) error {
	return rows.Scan(&c.id, &c.name, &c.cik, &c.formerCIKs, &c.country, &c.url, &c.ipo, &c.shares, &c.created, &c.updated,
		&c.ticker, &c.exchange, &c.isin, &c.shareClass, &c.currency, &c.ordinaryShares, &c.primary)
}

// encodeCompanies appends the companies of rows, in which the listings of one follow each other, until n are complete.
// It returns the last.
func encodeCompanies(e *jx.Encoder, rows pgx.Rows, n int) (last handCompany, more bool, err error) {
	defer rows.Close()
	var c handCompany
	count := 0
	end := func() {
		e.ArrEnd()
		e.FieldStart("created_at")
		encodeTime(e, last.created, time.RFC3339)
		e.FieldStart("updated_at")
		encodeTime(e, last.updated, time.RFC3339)
		e.ObjEnd()
	}
	for rows.Next() {
		if err := c.scan(rows); err != nil {
			return last, false, err
		}
		if count == 0 || c.id != last.id {
			if count > 0 {
				end()
			}
			if count == n {
				return last, true, nil
			}
			count++
			e.ObjStart()
			e.FieldStart("id")
			e.Int64(c.id)
			e.FieldStart("ticker")
			e.Str(c.ticker)
			e.FieldStart("name")
			e.Str(c.name)
			e.FieldStart("cik")
			encodeInt(e, c.cik)
			e.FieldStart("former_ciks")
			e.ArrStart()
			for _, cik := range c.formerCIKs {
				e.Int64(cik)
			}
			e.ArrEnd()
			e.FieldStart("country")
			encodeText(e, c.country)
			e.FieldStart("url")
			encodeText(e, c.url)
			e.FieldStart("ipo_date")
			encodeDate(e, c.ipo)
			e.FieldStart("number_of_shares")
			encodeInt(e, c.shares)
			e.FieldStart("listings")
			e.ArrStart()
			last = c
		}
		e.ObjStart()
		e.FieldStart("ticker")
		e.Str(c.ticker)
		e.FieldStart("exchange")
		encodeText(e, c.exchange)
		e.FieldStart("isin")
		encodeText(e, c.isin)
		e.FieldStart("share_class")
		encodeText(e, c.shareClass)
		e.FieldStart("currency")
		e.Str(c.currency)
		e.FieldStart("ordinary_shares")
		encodeText(e, c.ordinaryShares)
		e.FieldStart("primary")
		e.Bool(c.primary)
		e.ObjEnd()
	}
	if count > 0 {
		end()
	}
	return last, false, rows.Err()
}

func (h byHand) company(r *http.Request, e *jx.Encoder) error {
	rows, err := h.pool.Query(r.Context(), "SELECT "+companyColumns+` FROM listing t
		JOIN company c ON c.id = t.company_id JOIN listing l ON l.company_id = c.id
		WHERE ticker_key(t.ticker) = $1 ORDER BY l.is_primary DESC, l.ticker`, strings.ToUpper(r.PathValue("ticker")))
	if err != nil {
		return err
	}
	last, _, err := encodeCompanies(e, rows, 1)
	if err == nil && last.id == 0 {
		return pgx.ErrNoRows
	}
	return err
}

func (h byHand) companies(r *http.Request, e *jx.Encoder) error {
	size, err := strconv.Atoi(r.URL.Query().Get("page_size"))
	if err != nil {
		return err
	}
	// LATERAL looks the listings up by their index; a plain join reads and hashes the whole table.
	rows, err := h.pool.Query(r.Context(), "SELECT "+companyColumns+` FROM (
			SELECT * FROM company ORDER BY name, id LIMIT $1
		) c CROSS JOIN LATERAL (
			SELECT * FROM listing WHERE company_id = c.id ORDER BY is_primary DESC, ticker
		) l ORDER BY c.name, c.id, l.is_primary DESC, l.ticker`, size+1)
	if err != nil {
		return err
	}
	e.ObjStart()
	e.FieldStart("items")
	e.ArrStart()
	last, more, err := encodeCompanies(e, rows, size)
	if err != nil {
		return err
	}
	e.ArrEnd()
	return encodeNext(e, more, last.name, last.id)
}

// handStatement are the fields of a statement in their order, each with a variable for its column.
func handStatement() (names []string, row []any) {
	add := func(n func() any, fields ...string) {
		for _, f := range fields {
			names, row = append(names, f), append(row, n())
		}
	}
	integer, text, date := func() any { return new(pgtype.Int8) }, func() any { return new(pgtype.Text) }, func() any { return new(pgtype.Date) }
	add(integer, "id", "company_id")
	add(text, "ticker", "source", "period")
	add(integer, "fiscal_year", "fiscal_quarter")
	add(date, "start_date", "end_date", "publish_date", "known_from", "known_to")
	add(func() any { return new(bool) }, "restated")
	add(func() any { return new(*value.Filing) }, "set_by")
	add(text, "currency", "taxonomy")
	add(integer, "rules_version")
	add(func() any { return new([]string) }, "marks")
	add(func() any { return new(bool) }, "audited")
	add(text, "accession", "url")
	add(integer, "total_revenues", "cost_of_revenue", "gross_profit", "operating_income", "selling_general_administrative",
		"research_and_development", "interest_expense", "interest_income", "profit_before_tax", "tax_expense", "net_income",
		"depreciation", "amortization", "depreciation_and_amortization", "ebit")
	add(text, "ebit_basis")
	add(integer, "ebitda", "operating_cash_flow", "capital_expenditure", "free_cash_flow", "investing_cash_flow",
		"financing_cash_flow", "exchange_rate_effect", "net_change_in_cash", "dividends_paid", "share_repurchases",
		"stock_based_compensation", "acquisitions", "income_taxes_paid", "interest_paid", "preferred_dividends")
	amount := func() any { return new(decimal.NullDecimal) }
	add(amount, "earnings_per_share")
	add(date, "earnings_per_share_basis_date")
	add(amount, "earnings_per_share_diluted")
	add(date, "earnings_per_share_diluted_basis_date", "per_share_basis_date")
	add(integer, "weighted_average_shares")
	add(date, "weighted_average_shares_basis_date")
	add(integer, "weighted_average_shares_diluted")
	add(date, "weighted_average_shares_diluted_basis_date")
	add(amount, "dividends_per_share")
	add(date, "dividends_per_share_basis_date")
	add(integer, "total_assets", "current_assets", "non_current_assets", "cash_and_equivalents", "short_term_investments",
		"receivables", "inventory", "long_term_investments", "property_plant_equipment", "goodwill", "intangible_assets",
		"total_liabilities", "current_liabilities", "long_term_liabilities", "accounts_payable", "deferred_revenue_current",
		"operating_lease_liability", "short_term_debt", "long_term_debt", "total_debt", "total_equity", "retained_earnings",
		"noncontrolling_interest", "preferred_stock", "temporary_equity", "total_equities_and_liabilities",
		"shares_outstanding")
	add(text, "shares_source")
	add(date, "shares_outstanding_basis_date")
	add(date, "adjusted_to")
	add(func() any { return new(time.Time) }, "created_at", "updated_at")
	return names, row
}

var (
	statementFields, _ = handStatement()
	statementQuery     = "SELECT " + strings.NewReplacer("s.ticker", "l.ticker", "s.adjusted_to", "NULL::date").Replace("s."+strings.Join(statementFields, ", s.")) + `
		FROM financial_statement s JOIN listing l ON l.company_id = s.company_id AND l.is_primary
		WHERE s.known_to IS NULL ORDER BY s.publish_date DESC, s.id DESC LIMIT $1`
)

func (h byHand) statements(r *http.Request, e *jx.Encoder) error {
	size, err := strconv.Atoi(r.URL.Query().Get("page_size"))
	if err != nil {
		return err
	}
	rows, err := h.pool.Query(r.Context(), statementQuery, size+1)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, row := handStatement()
	var published time.Time
	var id int64
	count := 0
	e.ObjStart()
	e.FieldStart("items")
	e.ArrStart()
	for rows.Next() {
		if count++; count > size {
			break
		}
		if err := rows.Scan(row...); err != nil {
			return err
		}
		e.ObjStart()
		for i, name := range names {
			e.FieldStart(name)
			switch v := row[i].(type) {
			case *pgtype.Int8:
				encodeInt(e, *v)
			case *pgtype.Text:
				encodeText(e, *v)
			case *pgtype.Date:
				encodeDate(e, *v)
			case *decimal.NullDecimal:
				if v.Valid {
					e.Raw([]byte(v.Decimal.String()))
				} else {
					e.Null()
				}
			case *bool:
				e.Bool(*v)
			case **value.Filing:
				encodeFiling(e, *v)
			case *[]string:
				e.ArrStart()
				for _, text := range *v {
					e.Str(text)
				}
				e.ArrEnd()
			case *time.Time:
				encodeTime(e, *v, time.RFC3339)
			}
		}
		e.ObjEnd()
		id, published = row[0].(*pgtype.Int8).Int64, row[slices.Index(names, "publish_date")].(*pgtype.Date).Time
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return err
	}
	e.ArrEnd()
	return encodeNext(e, count > size, published, id)
}

func encodeInt(e *jx.Encoder, v pgtype.Int8) {
	if v.Valid {
		e.Int64(v.Int64)
	} else {
		e.Null()
	}
}

func encodeText(e *jx.Encoder, v pgtype.Text) {
	if v.Valid {
		e.Str(v.String)
	} else {
		e.Null()
	}
}

func encodeDate(e *jx.Encoder, v pgtype.Date) {
	if v.Valid {
		encodeTime(e, v.Time, time.DateOnly)
	} else {
		e.Null()
	}
}

func encodeTime(e *jx.Encoder, v time.Time, layout string) {
	e.ByteStr(v.AppendFormat(make([]byte, 0, 32), layout))
}

// encodeNext ends a page with the token of the next one.
func encodeNext(e *jx.Encoder, more bool, keys ...any) error {
	e.FieldStart("next_page_token")
	if more {
		raw, err := json.Marshal(keys)
		if err != nil {
			return err
		}
		e.Str(base64.RawURLEncoding.EncodeToString(raw))
	} else {
		e.Null()
	}
	e.ObjEnd()
	return nil
}

func encodeFiling(e *jx.Encoder, f *value.Filing) {
	if f == nil {
		e.Null()
		return
	}
	e.ObjStart()
	e.FieldStart("accession")
	e.Str(f.Accession)
	e.FieldStart("form")
	e.Str(f.Form)
	e.FieldStart("filed")
	encodeTime(e, f.Filed, time.DateOnly)
	e.FieldStart("url")
	e.Str(f.URL)
	e.ObjEnd()
}

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
	addr := serveAPI(b, pool, productionLimits())
	var missed []string
	for _, page := range of {
		bm := struct{ name, path string }{page[0], page[1]}
		b.Run(bm.name, func(b *testing.B) {
			_, wire := fetch(b, addr, bm.path)
			const turn = 100 * time.Millisecond
			load(b, addr, bm.path, wire, turn) // warm up
			answers, before := 0, processTime(b)
			for b.Loop() {
				answers += load(b, addr, bm.path, wire, turn)
			}
			cpu := float64((processTime(b) - before).Microseconds()) / 1000 / float64(answers)
			b.ReportMetric(cpu, "cpu-ms/page")
			if cpu > most {
				missed = append(missed, fmt.Sprintf("%s took %.1f ms, at most %.0f are wanted", bm.name, cpu, most))
			}
		})
	}
	require.Empty(b, missed)
}

func processTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
