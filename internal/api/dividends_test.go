package api_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func dividend2023() *oas.DividendInput {
	return &oas.DividendInput{
		FiscalYear: oas.NewOptNilInt32(2023), FiscalQuarter: oas.NewOptNilInt32(4),
		PeriodEnd:      oas.NewOptNilDate(day("2023-12-31")),
		AmountPerShare: decimal.RequireFromString("0.235"), Currency: "USD", PublishDate: day("2024-02-01"),
		DeclarationDate: oas.NewOptNilDate(day("2024-01-15")), ExDividendDate: oas.NewOptNilDate(day("2024-02-09")),
		RecordDate: oas.NewOptNilDate(day("2024-02-12")), PaymentDate: oas.NewOptNilDate(day("2024-02-15")),
	}
}

func (f *fixture) createDividend(ticker string, in *oas.DividendInput) *oas.Dividend {
	f.t.Helper()
	d, err := f.super.CreateDividend(f.t.Context(), in, oas.CreateDividendParams{Ticker: oas.Ticker(ticker)})
	require.NoError(f.t, err)
	return d
}

func TestDividendByHand(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	d := f.createDividend(ticker, dividend2023())
	assert.Equal(t, ticker, d.Ticker)
	assert.Equal(t, oas.SourceManual, d.Source)
	assert.Equal(t, "0.235", d.AmountPerShare.String())
	assert.Equal(t, day("2024-02-01"), d.ShareBasisDate, "by default the publish date")
	assert.Equal(t, oas.NewNilDate(day("2024-02-09")), d.ExDividendDate)
	assert.False(t, d.Derived)
	got, err := f.anon.GetDividend(t.Context(), oas.GetDividendParams{ID: d.ID})
	require.NoError(t, err)
	assert.Equal(t, d, got)

	put, err := f.super.ReplaceDividend(t.Context(), &oas.DividendInput{
		AmountPerShare: decimal.RequireFromString("1"), Currency: "EUR", PublishDate: day("2024-02-02"),
		ShareBasisDate: oas.NewOptNilDate(day("2024-01-01")),
	}, oas.ReplaceDividendParams{ID: d.ID})
	require.NoError(t, err)
	assert.Equal(t, d.ID, put.ID)
	assert.Equal(t, "1", put.AmountPerShare.String())
	assert.Equal(t, day("2024-01-01"), put.ShareBasisDate)
	assert.True(t,
		put.FiscalYear.Null && put.FiscalQuarter.Null && put.PeriodEnd.Null && put.ExDividendDate.Null && put.DeclarationDate.Null &&
			put.RecordDate.Null && put.PaymentDate.Null, "PUT replaces all")

	for field, change := range map[string]func(*oas.DividendInput){
		"amount_per_share": func(in *oas.DividendInput) { in.AmountPerShare = decimal.Zero },
		"currency":         func(in *oas.DividendInput) { in.Currency = "XYZ" },
		"publish_date":     func(in *oas.DividendInput) { in.PublishDate = day("2999-01-01") },
		"period_end":       func(in *oas.DividendInput) { in.PeriodEnd = oas.NewOptNilDate(day("0000-12-31")) },
		"share_basis_date": func(in *oas.DividendInput) { in.ShareBasisDate = oas.NewOptNilDate(day("2999-01-01")) },
		"declaration_date": func(in *oas.DividendInput) { in.DeclarationDate = oas.NewOptNilDate(day("2999-01-01")) },
		"ex_dividend_date": func(in *oas.DividendInput) { in.ExDividendDate = oas.NewOptNilDate(day("2999-01-01")) },
		"record_date":      func(in *oas.DividendInput) { in.RecordDate = oas.NewOptNilDate(day("0001-01-01")) },
		"payment_date":     func(in *oas.DividendInput) { in.PaymentDate = oas.NewOptNilDate(day("2999-01-01")) },
		"fiscal_quarter":   func(in *oas.DividendInput) { in.FiscalQuarter = oas.NewOptNilInt32(5) },
		"fiscal_year":      func(in *oas.DividendInput) { in.FiscalYear = oas.NewOptNilInt32(0) },
	} {
		in := dividend2023()
		change(in)
		_, err := f.super.CreateDividend(t.Context(), in, oas.CreateDividendParams{Ticker: oas.Ticker(ticker)})
		fieldProblem(t, err, "/"+field)
		_, err = f.super.ReplaceDividend(t.Context(), in, oas.ReplaceDividendParams{ID: d.ID})
		fieldProblem(t, err, "/"+field)
	}
	require.NoError(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: d.ID}))
	_, err = f.anon.GetDividend(t.Context(), oas.GetDividendParams{ID: d.ID})
	problem(t, err, http.StatusNotFound)
	problem(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: d.ID}), http.StatusNotFound)
}

func TestDividendPages(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	names := map[string]string{} // of the test's companies, by ticker
	var tickers []string
	for c := range 3 {
		ticker := unique("T")
		tickers, names[ticker] = append(tickers, ticker), fmt.Sprintf("T%d", c)
		f.createCompany(ticker)
		for y := range 3 {
			in := dividend2023()
			in.FiscalYear = oas.NewOptNilInt32(2023 - int32(y))
			in.PeriodEnd = oas.NewOptNilDate(day("2023-12-31").AddDate(-y, 0, 0))
			in.PublishDate = in.PublishDate.AddDate(-y, 0, 0)
			f.createDividend(ticker, in)
		}
	}
	keys := func(all []oas.Dividend) (keys []string) {
		for _, d := range all {
			if name, ok := names[d.Ticker]; ok || !remote() {
				keys = append(keys, fmt.Sprintf("%s %d", name, d.FiscalYear.Value))
			}
		}
		return keys
	}
	list := func(size int32, p oas.ListDividendsParams) []string {
		return keys(pages(t, int(size), func(token oas.OptString) ([]oas.Dividend, oas.NilString) {
			p.PageSize, p.PageToken = oas.NewOptInt32(size), token
			page, err := f.anon.ListDividends(t.Context(), p)
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}))
	}
	want := []string{"T2 2023", "T1 2023", "T0 2023", "T2 2022", "T1 2022", "T0 2022", "T2 2021", "T1 2021", "T0 2021"}
	for _, size := range []int32{1, 2, 9, 100} {
		assert.Equal(t, want, list(size, oas.ListDividendsParams{}))
	}
	assert.Equal(t, want[3:6], list(2, oas.ListDividendsParams{FiscalYear: oas.NewOptInt32(2022)}))
	assert.Equal(t, want[:6], list(2, oas.ListDividendsParams{PublishedSince: oas.NewOptDate(day("2023-02-01"))}))
	assert.Equal(t, []string{"T1 2023", "T1 2022", "T1 2021"}, keys(pages(t, 2, func(token oas.OptString) ([]oas.Dividend, oas.NilString) {
		page, err := f.anon.ListCompanyDividends(t.Context(), oas.ListCompanyDividendsParams{
			Ticker: oas.Ticker(tickers[1]), PageSize: oas.NewOptInt32(2), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	})))
}

func TestSplits(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := oas.Ticker(unique("T"))
	f.createCompany(string(ticker))
	create := func(date, ratio string) (*oas.Split, error) {
		return f.super.CreateSplit(t.Context(), &oas.SplitInput{EffectiveDate: day(date), Ratio: decimal.RequireFromString(ratio)}, oas.CreateSplitParams{
			Ticker: ticker,
		})
	}
	for _, s := range [][2]string{{"2014-06-09", "7"}, {"2020-08-31", "4"}, {"2000-06-21", "2"}, {"2005-02-28", "0.125"}} {
		split, err := create(s[0], s[1])
		require.NoError(t, err)
		assert.Equal(t, day(s[0]), split.EffectiveDate)
		assert.Equal(t, s[1], split.Ratio.String())
	}
	_, err := create("2020-08-31", "5")
	problem(t, err, http.StatusConflict)
	_, err = create("2020-09-01", "0")
	fieldProblem(t, err, "/ratio")
	_, err = create("2020-09-01", "-2")
	fieldProblem(t, err, "/ratio")
	_, err = create("2999-01-01", "2")
	fieldProblem(t, err, "/effective_date")
	_, err = create("0000-01-01", "2")
	fieldProblem(t, err, "/effective_date")
	res, body := f.callJSON(f.superToken, http.MethodPost, "/companies/"+string(ticker)+"/splits",
		`{"effective_date": "2020-09-01", "ratio": 1e9999}`)
	assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s", body)

	var dates []string
	for _, s := range pages(t, 3, func(token oas.OptString) ([]oas.Split, oas.NilString) {
		page, err := f.anon.ListCompanySplits(t.Context(), oas.ListCompanySplitsParams{
			Ticker: ticker, PageSize: oas.NewOptInt32(3), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	}) {
		dates = append(dates, s.EffectiveDate.Format("2006-01-02"))
	}
	assert.Equal(t, []string{"2020-08-31", "2014-06-09", "2005-02-28", "2000-06-21"}, dates)
}

// dividendLines are all of Apple's dividends, or all companies', in a line each, the newest first.
func (f *fixture) dividendLines(p oas.ListDividendsParams, ofCompany bool) (lines []string) {
	f.t.Helper()
	p.PageSize = oas.NewOptInt32(7)
	for _, d := range pages(f.t, 7, func(token oas.OptString) ([]oas.Dividend, oas.NilString) {
		p.PageToken = token
		page, err := f.anon.ListDividends(f.t.Context(), p)
		if ofCompany {
			page, err = f.anon.ListCompanyDividends(f.t.Context(), oas.ListCompanyDividendsParams{
				Ticker: "AAPL", AsOf: p.AsOf, ShareBasis: p.ShareBasis, PageSize: p.PageSize, PageToken: token,
			})
		}
		require.NoError(f.t, err)
		return page.Items, page.NextPageToken
	}) {
		lines = append(lines, dividendLine(d))
	}
	return lines
}

func dividendLine(d oas.Dividend) string {
	date := func(d oas.NilDate) string {
		if d.Null {
			return "-"
		}
		return d.Value.Format(time.DateOnly)
	}
	return fmt.Sprintf("%s %s %s, known %s to %s, of %s on %s", date(d.PeriodEnd), d.Source, d.AmountPerShare,
		d.KnownFrom.Format(time.DateOnly), date(d.KnownTo), d.ShareBasisDate.Format(time.DateOnly), date(d.AdjustedTo))
}

// What was known of Apple's dividends on a day, on the share basis of that day.
func TestDividendsAsOf(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	asOf := func(date string) oas.ListDividendsParams {
		p := oas.ListDividendsParams{}
		if date != "" {
			p.AsOf = oas.NewOptDate(day(date))
		}
		return p
	}
	filed := func(date string) oas.ListDividendsParams {
		p := asOf(date)
		p.ShareBasis = oas.NewOptShareBasis(oas.ShareBasisFiled)
		return p
	}
	first := func(p oas.ListDividendsParams) string {
		t.Helper()
		lines := f.dividendLines(p, true)
		require.Equal(t, lines, f.dividendLines(p, false), "both lists say the same")
		return lines[0]
	}
	const q3 = "known 2020-07-31 to -, of 2020-07-31 on "
	assert.Equal(t, "2020-06-27 sec 0.82, "+q3+"2020-08-30", first(asOf("2020-08-30")))
	assert.Equal(t, "2020-06-27 sec 0.82, "+q3+"2020-10-29", first(asOf("2020-10-29")), "the filings do not show the split yet")
	assert.Equal(t, "2020-06-27 sec 0.205, "+q3+"2020-10-30", first(asOf("2020-10-30")), "they do, and nothing is known of the quarter")
	assert.Equal(t, "2020-06-27 sec 0.82, "+q3+"-", first(filed("2020-10-30")))
	f.imported("splits", []byte("ticker,effective_date,ratio\nAAPL,2014-06-09,7\nAAPL,2020-08-31,4\n"))
	assert.Equal(t, "2020-06-27 sec 0.82, "+q3+"2020-08-30", first(asOf("2020-08-30")))
	assert.Equal(t, "2020-06-27 sec 0.205, "+q3+"2020-08-31", first(asOf("2020-08-31")))
	assert.Equal(t, "2020-06-27 sec 0.82, "+q3+"-", first(filed("2020-08-31")))
	assert.Empty(t, f.dividendLines(asOf("2012-10-30"), true))

	// Today all are on one basis, also the oldest, which no filing since the last split shows.
	all := f.dividendLines(asOf(""), true)
	today := " on " + start.Format(time.DateOnly)
	assert.Equal(t, all, f.dividendLines(asOf(""), false))
	oldest := all[len(all)-1]
	assert.Equal(t, "2012-09-29 sec 0.095, known 2014-10-27 to -, of 2014-10-27"+today, oldest)
	for _, line := range all {
		assert.Contains(t, line, " to -, ")
		assert.True(t, strings.HasSuffix(line, today), line)
	}
	assert.Contains(t, f.dividendLines(filed(""), true), "2012-09-29 sec 0.38, known 2014-10-27 to -, of 2014-10-27 on -")

	// By its id.
	page, err := f.anon.ListCompanyDividends(t.Context(), oas.ListCompanyDividendsParams{
		Ticker: "AAPL", AsOf: oas.NewOptDate(day("2021-10-29")), PageSize: oas.NewOptInt32(1000),
	})
	require.NoError(t, err)
	var q4 oas.Dividend // first known a year after its statement
	for _, d := range page.Items {
		if d.PeriodEnd.Value.Equal(day("2020-09-26")) {
			q4 = d
		}
	}
	get := func(date string, basis oas.ShareBasis) (*oas.Dividend, error) {
		return f.anon.GetDividend(t.Context(), oas.GetDividendParams{
			ID: q4.ID, AsOf: oas.NewOptDate(day(date)), ShareBasis: oas.NewOptShareBasis(basis),
		})
	}
	got, err := get("2021-10-29", oas.ShareBasisAsOf)
	require.NoError(t, err)
	assert.Equal(t, q4, *got)
	got, err = get("2021-10-29", oas.ShareBasisFiled)
	require.NoError(t, err)
	assert.True(t, got.AdjustedTo.Null)
	_, err = get("2021-10-28", oas.ShareBasisAsOf)
	problem(t, err, http.StatusNotFound)

	// What became known, or changed, within some days.
	p := asOf("2021-08-01")
	p.KnownSince = oas.NewOptDate(day("2021-07-28"))
	assert.Equal(t, []string{
		"2021-06-26 sec 0.22, known 2021-07-28 to -, of 2021-07-28 on 2021-08-01",
		"2020-06-27 sec 0.205, known 2021-07-28 to -, of 2021-07-28 on 2021-08-01",
	}, f.dividendLines(p, false))
	p.KnownSince = oas.NewOptDate(day("2021-08-02"))
	assert.Empty(t, f.dividendLines(p, false))
	p = oas.ListDividendsParams{KnownSince: oas.NewOptDate(day("2012-01-01"))}
	assert.Equal(t, all, f.dividendLines(p, false))

	// The same facts again write nothing.
	state := func() (sum string) {
		require.NoError(t, f.pool.QueryRow(t.Context(), "SELECT md5(string_agg(d::text, '' ORDER BY id, known_from)) FROM dividend d").Scan(&sum))
		return sum
	}
	before := state()
	z, err := gzip.NewReader(bytes.NewReader(sampleFile(t, apple)))
	require.NoError(t, err)
	plain, err := io.ReadAll(z)
	require.NoError(t, err)
	again := func() *oas.Import {
		plain = append(plain, '\n')
		return f.imported("sec-company-facts", compressed(plain))
	}
	assert.Zero(t, again().Written)
	assert.Equal(t, before, state())
}

// A dividend entered by hand stands in for the filed one of its period end from its publish date on, before and after an
// import.
func TestDividendByHandAsOf(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	file := func(n int) []byte { return append(sampleFile(t, apple), compressed(bytes.Repeat([]byte("\n"), n))...) } // the same facts
	of := func(end, asOf string) (found []oas.Dividend) {
		t.Helper()
		p := oas.ListCompanyDividendsParams{Ticker: "AAPL", PageSize: oas.NewOptInt32(1000), ShareBasis: oas.NewOptShareBasis(oas.ShareBasisFiled)}
		if asOf != "" {
			p.AsOf = oas.NewOptDate(day(asOf))
		}
		page, err := f.anon.ListCompanyDividends(t.Context(), p)
		require.NoError(t, err)
		for _, d := range page.Items {
			if d.PeriodEnd.Value.Equal(day(end)) {
				found = append(found, d)
			}
		}
		return found
	}
	lines := func(end, asOf string) (lines []string) {
		t.Helper()
		for _, d := range of(end, asOf) {
			lines = append(lines, dividendLine(d))
		}
		return lines
	}
	total := f.count("SELECT count(*) FROM dividend")
	in := dividend2023()
	in.PeriodEnd, in.PublishDate = oas.NewOptNilDate(day("2020-06-27")), day("2020-08-15")
	entered := f.createDividend("AAPL", in)
	assert.Equal(t, "0.05875", entered.AmountPerShare.String(), "it is brought to the basis of today, like that of a GET")
	check := func() {
		t.Helper()
		assert.Equal(t, []string{"2020-06-27 sec 0.82, known 2020-07-31 to -, of 2020-07-31 on -"}, lines("2020-06-27", "2020-08-14"))
		byHand := []string{"2020-06-27 manual 0.235, known 2020-08-15 to -, of 2020-08-15 on -"}
		assert.Equal(t, byHand, lines("2020-06-27", "2020-08-15"))
		assert.Equal(t, byHand, lines("2020-06-27", "2021-07-28"))
		assert.Equal(t, byHand, lines("2020-06-27", ""))
	}
	check()
	assert.Zero(t, f.imported("sec-company-facts", file(1)).Written)
	check()

	// In place of a filed one, with its id; what was filed before its publish date has another.
	replaced := of("2020-12-26", "")[0]
	in.PeriodEnd, in.PublishDate = oas.NewOptNilDate(day("2020-12-26")), day("2021-06-01")
	put, err := f.super.ReplaceDividend(t.Context(), in, oas.ReplaceDividendParams{ID: replaced.ID})
	require.NoError(t, err)
	assert.Equal(t, replaced.ID, put.ID)
	assert.Equal(t, replaced.CreatedAt, put.CreatedAt)
	assert.Equal(t, 1, f.count("SELECT count(*) FROM dividend WHERE id = $1", put.ID))
	before := of("2020-12-26", "2021-05-31")
	require.Len(t, before, 1)
	assert.NotEqual(t, put.ID, before[0].ID)
	assert.Equal(t, "2020-12-26 sec 0.205, known 2021-01-28 to -, of 2021-01-28 on -", dividendLine(before[0]))
	_, err = f.anon.GetDividend(t.Context(), oas.GetDividendParams{ID: put.ID, AsOf: oas.NewOptDate(day("2021-05-31"))})
	problem(t, err, http.StatusNotFound)
	_, err = f.super.ReplaceDividend(t.Context(), in, oas.ReplaceDividendParams{ID: before[0].ID})
	problem(t, err, http.StatusNotFound)
	problem(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: before[0].ID}), http.StatusNotFound)
	assert.Zero(t, f.imported("sec-company-facts", file(2)).Written)
	assert.Equal(t, before, of("2020-12-26", "2021-05-31"))
	assert.Len(t, of("2020-12-26", "2021-06-01"), 1)

	// It is published earlier, then of another period: the filed one of the first is back with the next import.
	in.PublishDate = day("2021-01-28")
	_, err = f.super.ReplaceDividend(t.Context(), in, oas.ReplaceDividendParams{ID: put.ID})
	require.NoError(t, err)
	assert.Empty(t, of("2020-12-26", "2021-01-27"))
	in.PeriodEnd = oas.NewOptNilDate(day("2001-01-01"))
	_, err = f.super.ReplaceDividend(t.Context(), in, oas.ReplaceDividendParams{ID: put.ID})
	require.NoError(t, err)
	assert.Empty(t, of("2020-12-26", ""))
	assert.EqualValues(t, 2, f.imported("sec-company-facts", file(3)).Written)
	assert.Equal(t, oas.SourceSec, of("2020-12-26", "")[0].Source)

	require.NoError(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: put.ID}))
	require.NoError(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: entered.ID}))
	assert.Empty(t, of("2020-06-27", ""))
	assert.Len(t, of("2020-06-27", "2020-08-14"), 1, "what was known before it stays")
	assert.EqualValues(t, 1, f.imported("sec-company-facts", file(4)).Written)
	assert.Equal(t, []string{"2020-06-27 sec 0.205, known 2021-07-28 to -, of 2021-07-28 on -"}, lines("2020-06-27", ""))
	assert.Equal(t, total, f.count("SELECT count(*) FROM dividend"))
}
