package api_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

// importSamples imports all files that are shipped.
func (f *fixture) importSamples() {
	f.t.Helper()
	f.imported("companies", sampleFile(f.t, "company_tickers.json.gz"))
	var ids []int64
	for _, in := range [][2]string{
		{"sec-company-facts", apple}, {"sec-company-facts?ticker=SNOW&exchange=NYSE", snowflake},
		{"sec-company-facts", marvell}, {"splits", "splits.csv"}, {"prices?ticker=aapl", "prices-AAPL.csv"},
	} {
		ids = append(ids, f.upload(in[0], sampleFile(f.t, in[1])).ID)
	}
	for _, id := range ids {
		im := f.finished(id)
		require.Equal(f.t, oas.ImportStateSucceeded, im.State, im.Error.Value)
	}
}

type period struct {
	year, quarter int32 // quarter 0 is the year
}

func (f *fixture) statements(ticker string, asOf oas.OptDate) map[period]oas.FinancialStatement {
	f.t.Helper()
	all := map[period]oas.FinancialStatement{}
	for _, s := range pages(f.t, 20, func(token oas.OptString) ([]oas.FinancialStatement, oas.NilString) {
		page, err := f.anon.ListCompanyFinancialStatements(f.t.Context(), oas.ListCompanyFinancialStatementsParams{
			Ticker: oas.Ticker(ticker), AsOf: asOf, PageSize: oas.NewOptInt32(20), PageToken: token,
		})
		require.NoError(f.t, err)
		return page.Items, page.NextPageToken
	}) {
		p := period{s.FiscalYear, s.FiscalQuarter.Value}
		_, twice := all[p]
		assert.False(f.t, twice, p)
		all[p] = s
	}
	return all
}

// isSample reports whether a ticker is one of those with sample filings; a server that others use has more.
func isSample(ticker string) bool { return slices.Contains([]string{"AAPL", "SNOW", "MRVL"}, ticker) }

func million(n float64) oas.NilInt64 { return oas.NewNilInt64(int64(n * 1e6)) }

func TestSamples(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	f.importSamples()
	t.Run("companies", f.testSampleCompanies)
	t.Run("statements", f.testSampleStatements)
	t.Run("metrics", f.testSampleMetrics)
	t.Run("dividends", f.testSampleDividends)
	t.Run("daily ratios", f.testSampleRatios)
	t.Run("again", f.testSamplesAgain)
}

func (f *fixture) testSampleCompanies(t *testing.T) {
	f = f.in(t)
	if !remote() {
		assert.Equal(t, 7919, f.count("SELECT count(*) FROM company"))
		assert.Equal(t, 9610, f.count("SELECT count(*) FROM listing"))
		assert.Equal(t, 7919, f.count("SELECT count(*) FROM listing WHERE is_primary"))
	}
	for q, ticker := range map[string]string{"AAPL": "AAPL", "apple inc": "AAPL", "0000320193": "AAPL", "goog": "GOOGL", "alphabet inc.": "GOOGL", "snowflake": "SNOW"} {
		begin := time.Now()
		page, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{
			Q: oas.NewOptString(q), PageSize: oas.NewOptInt32(1000),
		})
		require.NoError(t, err)
		require.NotEmpty(t, page.Items, q)
		if remote() { // other tests have companies of these names there
			assert.True(t, slices.ContainsFunc(page.Items, func(c oas.Company) bool { return c.Ticker == ticker }), q)
		} else {
			assert.Equal(t, ticker, page.Items[0].Ticker, q)
		}
		t.Logf("%q took %s", q, time.Since(begin))
	}
	for _, ticker := range []oas.Ticker{"GOOG", "GOOGL"} {
		c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: ticker})
		require.NoError(t, err)
		assert.Equal(t, oas.NewNilInt64(1652044), c.Cik)
		assert.GreaterOrEqual(t, len(c.Listings), 2)
	}
	c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: "SNOW"})
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilString("NYSE"), c.Listings[0].Exchange)
	if remote() {
		return // others add companies
	}
	tickers := f.companyPages(1000, oas.OptString{}, oas.OptString{})
	slices.Sort(tickers)
	assert.Len(t, slices.Compact(tickers), 7919)
}

func (f *fixture) testSampleStatements(t *testing.T) {
	f = f.in(t)
	aapl, snow, mrvl := f.statements("AAPL", oas.OptDate{}), f.statements("SNOW", oas.OptDate{}), f.statements("MRVL",
		oas.OptDate{})
	assert.Len(t, aapl, 86)
	assert.Len(t, snow, 26)
	assert.Len(t, mrvl, 28)

	s := aapl[period{2023, 0}]
	assert.Equal(t, "AAPL", s.Ticker)
	assert.Equal(t, oas.SourceSec, s.Source)
	assert.Equal(t, day("2023-09-30"), s.EndDate)
	assert.Equal(t, day("2023-11-03"), s.PublishDate)
	assert.Equal(t, million(383_285), s.TotalRevenues)
	assert.Equal(t, million(96_995), s.NetIncome)
	assert.Equal(t, million(352_583), s.TotalAssets)
	assert.Equal(t, million(111_088), s.TotalDebt)
	assert.Equal(t, million(117_669), s.Ebit)
	assert.Equal(t, oas.NewNilEbitBasis(oas.EbitBasisPretaxPlusInterest), s.EbitBasis)
	assert.Equal(t, million(129_188), s.Ebitda)
	assert.Equal(t, million(99_584), s.FreeCashFlow)
	assertDecimal(t, "6.16", s.EarningsPerShare)
	assertDecimal(t, "6.13", s.EarningsPerShareDiluted)

	s = aapl[period{2023, 4}] // no report of its own
	assert.Equal(t, million(89_498), s.TotalRevenues)
	assert.Equal(t, million(22_956), s.NetIncome)
	assert.Equal(t, million(21_598), s.OperatingCashFlow)
	assert.True(t, s.EarningsPerShare.Null)

	s = aapl[period{2015, 0}]
	assert.Equal(t, million(11_257), s.DepreciationAndAmortization)
	assert.Equal(t, million(64_328), s.TotalDebt)
	assert.Equal(t, million(3_893), s.IntangibleAssets)
	assert.Equal(t, million(5_116), s.Goodwill)

	s = snow[period{2023, 1}]
	assert.Equal(t, day("2022-04-30"), s.EndDate)
	assert.InDelta(t, 422e6, float64(s.TotalRevenues.Value), 0.5e6)
	s = snow[period{2025, 0}]
	assert.InDelta(t, 3_626e6, float64(s.TotalRevenues.Value), 0.5e6)
	assert.InDelta(t, -1_286e6, float64(s.NetIncome.Value), 0.5e6)
	assert.InDelta(t, 2_272e6, float64(s.TotalDebt.Value), 0.5e6)
	assert.True(t, s.ShortTermDebt.Null)
	assert.InDelta(t, 6.7e6, float64(s.NoncontrollingInterest.Value), 0.05e6)

	s = mrvl[period{2024, 0}]
	assert.Equal(t, day("2024-02-03"), s.EndDate)
	assert.InDelta(t, 5_508e6, float64(s.TotalRevenues.Value), 0.5e6)
	assert.InDelta(t, -933e6, float64(s.NetIncome.Value), 0.5e6)
	assert.InDelta(t, 107.3e6, float64(s.ShortTermDebt.Value), 0.05e6)
	assertDecimal(t, "-1.08", s.EarningsPerShare)
	assert.InDelta(t, 1_392e6, float64(mrvl[period{2023, 0}].DepreciationAndAmortization.Value), 0.5e6)

	// What was known then, and is known now.
	then, now := f.statements("AAPL", oas.NewOptDate(day("2009-12-31")))[period{2009, 0}], aapl[period{2009, 0}]
	assert.Equal(t, million(36_537), then.TotalRevenues)
	assert.Equal(t, million(42_905), now.TotalRevenues)
	assert.Equal(t, day("2009-09-26"), now.EndDate)
	assert.Equal(t, day("2009-10-27"), now.PublishDate, "the day of the first report stays")
	assert.Equal(t, then.PublishDate, now.PublishDate)
	assert.Equal(t, then.ID, now.ID)
	assert.True(t, now.KnownFrom.After(day("2009-12-31")))
	got, err := f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{
		ID: now.ID, AsOf: oas.NewOptDate(day("2009-12-31")),
	})
	require.NoError(t, err)
	assert.Equal(t, then, *got)
	assert.Empty(t, f.statements("AAPL", oas.NewOptDate(day("2009-07-21"))), "before the first filing")
	assert.NotEmpty(t, f.statements("AAPL", oas.NewOptDate(day("2009-07-22"))))
	for _, asOf := range []string{"2010-06-30", "2015-01-02", "2020-10-29", "2020-10-30"} {
		for p, s := range f.statements("AAPL", oas.NewOptDate(day(asOf))) {
			assert.False(t, s.PublishDate.After(day(asOf)) || s.KnownFrom.After(day(asOf)), "%s: %v was published on %s",
				asOf, p, s.PublishDate)
		}
	}
	assert.NotContains(t, f.statements("AAPL", oas.NewOptDate(day("2020-10-29"))), period{2020, 0})
	assert.Contains(t, f.statements("AAPL", oas.NewOptDate(day("2020-10-30"))), period{2020, 0})

	for _, size := range []int32{50, 1000} {
		ids := map[int64]bool{}
		published := day("9999-12-31")
		for _, s := range pages(t, int(size), func(token oas.OptString) ([]oas.FinancialStatement, oas.NilString) {
			page, err := f.anon.ListFinancialStatements(t.Context(), oas.ListFinancialStatementsParams{
				PageSize: oas.NewOptInt32(size), PageToken: token,
			})
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}) {
			assert.False(t, s.PublishDate.After(published))
			published = s.PublishDate
			ids[s.ID] = ids[s.ID] || isSample(s.Ticker)
		}
		maps.DeleteFunc(ids, func(_ int64, sample bool) bool { return !sample })
		assert.Len(t, ids, 86+26+28)
	}
	res, body := f.call("", http.MethodGet, api.Prefix+"/companies/AAPL/financial-statements?period=annual", nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	for _, part := range []string{`"fiscal_year":2023`, `"total_revenues":383285000000`, `"net_income":96995000000`, `"total_assets":352583000000`} {
		assert.Contains(t, string(body), part)
	}
	assert.NotContains(t, string(body), `"quarterly"`)
}

func (f *fixture) testSampleMetrics(t *testing.T) {
	f = f.in(t)
	metrics := func(ticker string, p period) oas.ValueMetrics {
		page, err := f.anon.ListCompanyValueMetrics(t.Context(), oas.ListCompanyValueMetricsParams{
			Ticker: oas.Ticker(ticker),
		})
		require.NoError(t, err)
		i := slices.IndexFunc(page.Items, func(m oas.ValueMetrics) bool { return m.FiscalYear == p.year && m.FiscalQuarter.Value == p.quarter })
		require.GreaterOrEqual(t, i, 0)
		return page.Items[i]
	}
	rounded := func(want string, got oas.NilDecimal) {
		t.Helper()
		d := decimal.RequireFromString(want)
		assert.Equal(t, want, got.Value.Round(-d.Exponent()).StringFixed(-d.Exponent()))
	}
	m := metrics("AAPL", period{2023, 0})
	rounded("0.823741", m.DebtRatio)
	rounded("1.560760", m.ReturnOnEquity)
	m = metrics("AAPL", period{2024, 2})
	assert.Equal(t, day("2024-03-30"), m.EndDate)
	assert.Equal(t, million(381_623), m.Ttm.TotalRevenues)
	assert.Equal(t, million(100_389), m.Ttm.NetIncome)
	assert.Equal(t, oas.NewNilEbitBasis(oas.EbitBasisOperatingIncome), m.Ttm.EbitBasis)
	rounded("1.037102", m.CurrentRatio)

	all := map[int64]oas.ValueMetrics{}
	for _, m := range pages(t, 30, func(token oas.OptString) ([]oas.ValueMetrics, oas.NilString) {
		page, err := f.anon.ListValueMetrics(t.Context(), oas.ListValueMetricsParams{
			Metrics: []string{"all"}, PageSize: oas.NewOptInt32(30), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	}) {
		if isSample(m.Ticker) {
			all[m.StatementID] = m
		}
	}
	assert.Len(t, all, 86+26+28)
	for _, ticker := range []oas.Ticker{"AAPL", "SNOW", "MRVL"} {
		page, err := f.anon.ListCompanyValueMetrics(t.Context(), oas.ListCompanyValueMetricsParams{Ticker: ticker})
		require.NoError(t, err)
		for _, m := range page.Items {
			assert.Equal(t, m, all[m.StatementID], "both lists say the same")
		}
	}
}

func (f *fixture) testSampleDividends(t *testing.T) {
	f = f.in(t)
	dividends := map[period]oas.Dividend{}
	for _, d := range pages(t, 10, func(token oas.OptString) ([]oas.Dividend, oas.NilString) {
		page, err := f.anon.ListCompanyDividends(t.Context(), oas.ListCompanyDividendsParams{
			Ticker: "AAPL", PageSize: oas.NewOptInt32(10), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	}) {
		dividends[period{d.FiscalYear.Value, d.FiscalQuarter.Value}] = d
	}
	d := dividends[period{2019, 4}]
	assert.Equal(t, "0.1925", d.AmountPerShare.String(), "0.77, and 4 for 1 in 2020")
	assert.True(t, d.Derived)
	assert.Equal(t, day("2019-10-31"), d.ShareBasisDate)
	d = dividends[period{2020, 4}]
	assert.Equal(t, "0.205", d.AmountPerShare.String())
	assert.Equal(t, day("2021-10-29"), d.ShareBasisDate)
	assert.Equal(t, day("2020-10-30"), d.PublishDate)
	assert.EqualValues(t, "USD", d.Currency)
	got, err := f.anon.GetDividend(t.Context(), oas.GetDividendParams{ID: d.ID})
	require.NoError(t, err)
	assert.Equal(t, d, *got)
	page, err := f.anon.ListDividends(t.Context(), oas.ListDividendsParams{
		FiscalYear: oas.NewOptInt32(2020), PageSize: oas.NewOptInt32(1000),
	})
	require.NoError(t, err)
	paid := slices.DeleteFunc(page.Items, func(d oas.Dividend) bool { return remote() && !isSample(d.Ticker) })
	assert.Len(t, paid, 5, "Apple each quarter, Marvell in the year before its first report")
}

func (f *fixture) testSampleRatios(t *testing.T) {
	f = f.in(t)
	list := func(size int32, from, to oas.OptDate) []oas.DailyRatios {
		return pages(t, int(size), func(token oas.OptString) ([]oas.DailyRatios, oas.NilString) {
			page, err := f.anon.ListCompanyDailyRatios(t.Context(), oas.ListCompanyDailyRatiosParams{
				Ticker: "aapl", From: from, To: to, PageSize: oas.NewOptInt32(size), PageToken: token,
			})
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		})
	}
	all := list(1000, oas.OptDate{}, oas.OptDate{})
	require.Len(t, all, 753)
	assert.Equal(t, all, list(97, oas.OptDate{}, oas.OptDate{}))

	first, last := all[0], all[752]
	assert.Equal(t, day("2015-01-02"), first.Date)
	assert.Equal(t, "109.33", first.Close.String())
	assert.Equal(t, oas.NewNilDate(day("2014-09-27")), first.StatementEndDate)
	assert.Equal(t, oas.NewNilInt64(641_202_957_200), first.MarketCap)
	assert.Equal(t, "16.229", first.PriceToEarningsRatioTtm.Value.StringFixed(3))
	assert.Equal(t, day("2017-12-29"), last.Date)
	assert.Equal(t, "169.23", last.Close.String())
	assert.Equal(t, oas.NewNilInt64(5_134_312_000), last.SharesOutstanding)
	assert.Equal(t, oas.NewNilInt64(868_879_619_760), last.MarketCap)
	assert.Equal(t, oas.NewNilInt64(964_270_619_760), last.EnterpriseValue)
	assert.Equal(t, "17.97", last.PriceToEarningsRatioTtm.Value.StringFixed(2))
	assert.Equal(t, "6.482", last.PriceToBookRatio.Value.StringFixed(3))
	assert.Equal(t, last.PriceToBookRatio, last.MarketToBookRatio)
	assert.Equal(t, "12.593", last.EvToEbitda.Value.StringFixed(3))

	assert.Equal(t, all[752:], list(10, oas.NewOptDate(day("2017-12-29")), oas.OptDate{}))
	assert.Equal(t, all[:1], list(10, oas.OptDate{}, oas.NewOptDate(day("2015-01-04"))))
	assert.Empty(t, list(10, oas.NewOptDate(day("2018-01-01")), oas.OptDate{}))

	// The list over all listings finds the same in another way; and what it uses was known on that day.
	for i := 0; i < len(all); i += 83 {
		r := all[i]
		page, err := f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{Date: r.Date, Metrics: []string{"all"}})
		require.NoError(t, err)
		assert.Equal(t, []oas.DailyRatios{r}, page.Items)
		newest := time.Time{}
		for _, s := range f.statements("AAPL", oas.NewOptDate(r.Date)) {
			if s.EndDate.After(newest) {
				newest = s.EndDate
			}
		}
		assert.Equal(t, newest, r.StatementEndDate.Value, r.Date)
	}
	page, err := f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{Date: day("2017-12-30")})
	require.NoError(t, err)
	assert.Empty(t, page.Items)

	prices := pages(t, 100, func(token oas.OptString) ([]oas.Price, oas.NilString) {
		page, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{
			Ticker: "AAPL", PageSize: oas.NewOptInt32(100), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	})
	require.Len(t, prices, 753)
	for i, p := range prices {
		assert.Equal(t, all[i].Date, p.Date)
	}
	assert.Equal(t, oas.NewNilInt64(25_643_711), prices[752].Volume)
	assertDecimal(t, "170.52", prices[752].Open)
	span, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{
		Ticker: "AAPL", From: oas.NewOptDate(day("2016-01-01")), To: oas.NewOptDate(day("2016-01-08")),
	})
	require.NoError(t, err)
	assert.Len(t, span.Items, 5)
	assert.True(t, span.NextPageToken.Null)
}

// The same file again writes nothing.
func (f *fixture) testSamplesAgain(t *testing.T) {
	f = f.in(t)
	state := func() string {
		if remote() {
			return ""
		}
		var sum string
		require.NoError(t, f.pool.QueryRow(t.Context(), `SELECT md5(string_agg(x, '' ORDER BY x)) FROM (
			SELECT t::text x FROM financial_statement t UNION ALL SELECT t::text FROM company t UNION ALL SELECT t::text FROM listing t
			UNION ALL SELECT t::text FROM dividend t UNION ALL SELECT t::text FROM share_count t UNION ALL SELECT t::text FROM price t
			UNION ALL SELECT t::text FROM split t) t`).Scan(&sum))
		return sum
	}
	before := state()
	for _, in := range []struct {
		kind, file string
		unchanged  int64
	}{
		{"companies", "company_tickers.json.gz", 7919 + 9610},
		{"splits", "splits.csv", 0}, {"prices?ticker=AAPL", "prices-AAPL.csv", 753},
	} {
		im := f.imported(in.kind, sampleFile(t, in.file))
		assert.Zero(t, im.Written, in.file)
		assert.Zero(t, im.Skipped, in.file)
		if in.unchanged > 0 {
			assert.Equal(t, in.unchanged, im.Unchanged, in.file)
		} else {
			assert.Positive(t, im.Unchanged, in.file)
		}
	}
	for _, file := range []string{apple, snowflake, marvell} {
		f.unchanged("sec-company-facts", sampleFile(t, file))
	}
	assert.Equal(t, before, state(), "not even updated_at")
}
