package api_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// year2023 is a statement entered by hand.
func year2023() *oas.FinancialStatementInput {
	n := oas.NewOptNilInt64
	return &oas.FinancialStatementInput{
		Period: oas.PeriodAnnual, FiscalYear: 2023, EndDate: day("2023-12-31"), PublishDate: day("2024-02-01"),
		Currency: "EUR",
		URL:      oas.NewOptNilString("https://example.com/2023"), Audited: oas.NewOptBool(true),
		TotalRevenues: n(1000), CostOfRevenue: n(600), OperatingIncome: n(250), InterestExpense: n(20),
		ProfitBeforeTax: n(230),
		TaxExpense:      n(30), NetIncome: n(200), Depreciation: n(40), Amortization: n(10), OperatingCashFlow: n(300),
		CapitalExpenditure: n(90),
		EarningsPerShare:   oas.NewOptNilDecimal(decimal.RequireFromString("2.05")),
		TotalAssets:        n(2000), CurrentAssets: n(700), CashAndEquivalents: n(200), TotalLiabilities: n(1200),
		CurrentLiabilities: n(500),
		ShortTermDebt:      n(100), LongTermDebt: n(400), TotalEquity: n(800), NoncontrollingInterest: n(50), Goodwill: n(150),
		IntangibleAssets:  n(100),
		SharesOutstanding: n(100),
	}
}

func (f *fixture) createStatement(ticker string, in *oas.FinancialStatementInput) *oas.FinancialStatement {
	f.t.Helper()
	s, err := f.super.CreateFinancialStatement(f.t.Context(), in, oas.CreateFinancialStatementParams{
		Ticker: oas.Ticker(ticker),
	})
	require.NoError(f.t, err)
	return s
}

func (f *fixture) metrics(ticker string) []oas.ValueMetrics {
	f.t.Helper()
	page, err := f.anon.ListCompanyValueMetrics(f.t.Context(), oas.ListCompanyValueMetricsParams{
		Ticker: oas.Ticker(ticker),
	})
	require.NoError(f.t, err)
	return page.Items
}

func assertDecimal(t *testing.T, want string, got oas.NilDecimal, msg ...any) {
	t.Helper()
	if assert.False(t, got.Null, msg...) {
		assert.Equal(t, want, got.Value.String(), msg...)
	}
}

// Each figure per share and count of shares entered by hand has a basis; those that are not given have none.
func TestBasisDatesByHand(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	in := year2023()
	in.EarningsPerShare, in.EarningsPerShareDiluted = oas.NewOptNilDecimal(decimal.New(1, 0)), oas.OptNilDecimal{}
	in.PerShareBasisDate = oas.NewOptNilDate(day("2024-03-01"))
	in.WeightedAverageShares = oas.NewOptNilInt64(100)
	in.SharesOutstanding = oas.NewOptNilInt64(110)
	s := f.createStatement(ticker, in)
	perShare := oas.NewNilDate(day("2024-03-01"))
	assert.Equal(t, perShare, s.PerShareBasisDate)
	assert.Equal(t, perShare, s.EarningsPerShareBasisDate)
	assert.True(t, s.EarningsPerShareDilutedBasisDate.Null)
	assert.Equal(t, perShare, s.WeightedAverageSharesBasisDate)
	assert.True(t, s.WeightedAverageSharesDilutedBasisDate.Null)
	assert.True(t, s.DividendsPerShareBasisDate.Null)
	assert.Equal(t, oas.NewNilDate(day("2024-02-01")), s.SharesOutstandingBasisDate, "the publish date")
}

func TestStatementByHand(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	s := f.createStatement(ticker, year2023())
	assert.Equal(t, ticker, s.Ticker)
	assert.Equal(t, oas.SourceManual, s.Source)
	assert.Equal(t, day("2024-02-01"), s.KnownFrom)
	assert.EqualValues(t, "EUR", s.Currency)
	assert.True(t, s.Audited)
	assert.True(t, s.FiscalQuarter.Null)
	assert.True(t, s.Accession.Null)
	assert.Equal(t, oas.NewNilDate(day("2024-02-01")), s.PerShareBasisDate, "by default the publish date")
	for name, c := range map[string]struct {
		got  oas.NilInt64
		want int64
	}{
		"gross_profit": {s.GrossProfit, 400}, "depreciation_and_amortization": {s.DepreciationAndAmortization, 50}, "ebit": {
			s.Ebit, 250,
		},
		"ebitda": {s.Ebitda, 300}, "free_cash_flow": {s.FreeCashFlow, 210}, "non_current_assets": {
			s.NonCurrentAssets, 1300,
		},
		"total_debt": {s.TotalDebt, 500}, "long_term_liabilities": {s.LongTermLiabilities, 700}, "total_equities_and_liabilities": {
			s.TotalEquitiesAndLiabilities, 2000,
		},
	} {
		assert.Equal(t, oas.NewNilInt64(c.want), c.got, name)
	}
	assert.Equal(t, oas.EbitBasisPretaxPlusInterest, s.EbitBasis.Value)
	assert.True(t, s.DividendsPaid.Null, "what is not given and does not follow stays null")

	got, err := f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{ID: s.ID})
	require.NoError(t, err)
	assert.Equal(t, s, got)
	got, err = f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{
		ID: s.ID, AsOf: oas.NewOptDate(day("2024-02-01")),
	})
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilDate(day("2024-02-01")), got.AdjustedTo)
	got.AdjustedTo = s.AdjustedTo
	assert.Equal(t, s, got)
	_, err = f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{
		ID: s.ID, AsOf: oas.NewOptDate(day("2024-01-31")),
	})
	problem(t, err, http.StatusNotFound)

	m := f.metrics(ticker)
	require.Len(t, m, 1)
	assert.Equal(t, s.ID, m[0].StatementID)
	assert.Equal(t, oas.NewNilInt64(750), m[0].BookValue)
	assert.Equal(t, oas.NewNilInt64(500), m[0].TangibleBookValue)
	assertDecimal(t, "5", m[0].TangibleBookValuePerShare)
	assertDecimal(t, "0.625", m[0].DebtToEquity)
	assertDecimal(t, "0.6", m[0].DebtRatio)
	assertDecimal(t, "1.4", m[0].CurrentRatio)
	assertDecimal(t, "0.2", m[0].NetProfitMargin)
	assertDecimal(t, "0.1", m[0].ReturnOnAssets)
	assert.Equal(t, oas.NewNilInt64(200), m[0].Ttm.NetIncome, "a year is its own twelve months")

	_, err = f.super.CreateFinancialStatement(t.Context(), year2023(), oas.CreateFinancialStatementParams{
		Ticker: oas.Ticker(ticker),
	})
	problem(t, err, http.StatusConflict)

	// PUT replaces: what is not given is null again.
	in := year2023()
	in.TotalRevenues, in.CostOfRevenue, in.URL = oas.NewOptNilInt64(2000), oas.OptNilInt64{}, oas.OptNilString{}
	put, err := f.super.ReplaceFinancialStatement(t.Context(), in, oas.ReplaceFinancialStatementParams{ID: s.ID})
	require.NoError(t, err)
	assert.Equal(t, s.ID, put.ID)
	assert.Equal(t, oas.NewNilInt64(2000), put.TotalRevenues)
	assert.True(t, put.CostOfRevenue.Null && put.GrossProfit.Null && put.URL.Null)
	assert.True(t, put.KnownFrom.After(s.KnownFrom))
	assertDecimal(t, "0.1", f.metrics(ticker)[0].NetProfitMargin, "the metrics follow")
	assert.True(t, f.metrics(ticker)[0].GrossProfitMargin.Null)
	before, err := f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{
		ID: s.ID, AsOf: oas.NewOptDate(put.KnownFrom.AddDate(0, 0, -1)),
	})
	require.NoError(t, err)
	assert.Equal(t, s.TotalRevenues, before.TotalRevenues, "what was known before stays known then")
	in.TotalRevenues = oas.NewOptNilInt64(4000)
	put, err = f.super.ReplaceFinancialStatement(t.Context(), in, oas.ReplaceFinancialStatementParams{ID: s.ID})
	require.NoError(t, err, "twice on one day")
	assert.Equal(t, oas.NewNilInt64(4000), put.TotalRevenues)
	before, err = f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{
		ID: s.ID, AsOf: oas.NewOptDate(put.KnownFrom.AddDate(0, 0, -1)),
	})
	require.NoError(t, err)
	assert.Equal(t, s.TotalRevenues, before.TotalRevenues)
	for field, change := range map[string]func(*oas.FinancialStatementInput){
		"end_date": func(in *oas.FinancialStatementInput) { in.EndDate = day("2023-12-30") },
		"period": func(in *oas.FinancialStatementInput) {
			in.Period, in.FiscalQuarter = oas.PeriodQuarterly, oas.NewOptNilInt32(4)
		},
	} {
		in := year2023()
		change(in)
		_, err = f.super.ReplaceFinancialStatement(t.Context(), in, oas.ReplaceFinancialStatementParams{ID: s.ID})
		fieldProblem(t, err, "/"+field)
	}

	require.NoError(t, f.super.DeleteFinancialStatement(t.Context(), oas.DeleteFinancialStatementParams{ID: s.ID}))
	_, err = f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{ID: s.ID})
	problem(t, err, http.StatusNotFound)
	_, err = f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{
		ID: s.ID, AsOf: oas.NewOptDate(day("2024-02-01")),
	})
	problem(t, err, http.StatusNotFound)
	assert.Empty(t, f.metrics(ticker))
}

func TestStatementInput(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := oas.Ticker(unique("T"))
	f.createCompany(string(ticker))
	s := f.createStatement(string(ticker), year2023())
	lastQuarter := year2023()
	lastQuarter.Period, lastQuarter.FiscalQuarter = oas.PeriodQuarterly, oas.NewOptNilInt32(4)
	of := map[oas.Period]int64{oas.PeriodAnnual: s.ID, oas.PeriodQuarterly: f.createStatement(string(ticker), lastQuarter).ID}
	another := oas.Ticker(unique("T"))
	f.createCompany(string(another))
	for name, c := range map[string]struct {
		field  string
		change func(*oas.FinancialStatementInput)
	}{
		"currency":            {"currency", func(in *oas.FinancialStatementInput) { in.Currency = "XYZ" }},
		"lower-case currency": {"currency", func(in *oas.FinancialStatementInput) { in.Currency = "usd" }},
		"NUL in the currency": {"", func(in *oas.FinancialStatementInput) { in.Currency = "U\x00D" }},
		"quarter of a year":   {"fiscal_quarter", func(in *oas.FinancialStatementInput) { in.FiscalQuarter = oas.NewOptNilInt32(1) }},
		"no quarter":          {"fiscal_quarter", func(in *oas.FinancialStatementInput) { in.Period = oas.PeriodQuarterly }},
		"quarter 5": {"fiscal_quarter", func(in *oas.FinancialStatementInput) {
			in.Period, in.FiscalQuarter = oas.PeriodQuarterly, oas.NewOptNilInt32(5)
		}},
		"year":                {"fiscal_year", func(in *oas.FinancialStatementInput) { in.FiscalYear = 0 }},
		"future":              {"publish_date", func(in *oas.FinancialStatementInput) { in.PublishDate = day("2999-01-01") }},
		"year 0":              {"end_date", func(in *oas.FinancialStatementInput) { in.EndDate = day("0000-12-31") }},
		"published too early": {"publish_date", func(in *oas.FinancialStatementInput) { in.PublishDate = day("2023-12-30") }},
		"basis date":          {"per_share_basis_date", func(in *oas.FinancialStatementInput) { in.PerShareBasisDate = oas.NewOptNilDate(day("2999-01-01")) }},
		"url":                 {"url", func(in *oas.FinancialStatementInput) { in.URL = oas.NewOptNilString("example.com") }},
		"shares":              {"shares_outstanding", func(in *oas.FinancialStatementInput) { in.SharesOutstanding = oas.NewOptNilInt64(-1) }},
		"digits": {"earnings_per_share", func(in *oas.FinancialStatementInput) {
			in.EarningsPerShare = oas.NewOptNilDecimal(decimal.New(1, 1_000_000))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			in := year2023()
			c.change(in)
			if name == "digits" { // the client would write all of them
				res, body := f.callJSON(f.superToken, http.MethodPut, fmt.Sprintf("/financial-statements/%d", s.ID),
					`{"period": "annual", "fiscal_year": 2023, "end_date": "2023-12-31", "publish_date": "2024-02-01", "currency": "EUR", "earnings_per_share": 1e9999}`)
				assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s", body)
				return
			}
			_, err := f.super.CreateFinancialStatement(t.Context(), in, oas.CreateFinancialStatementParams{
				Ticker: another,
			})
			if c.field == "" {
				problem(t, err, http.StatusUnprocessableEntity)
				return
			}
			fieldProblem(t, err, "/"+c.field)
			in.EndDate = year2023().EndDate
			if name != "year 0" {
				_, err = f.super.ReplaceFinancialStatement(t.Context(), in, oas.ReplaceFinancialStatementParams{ID: of[in.Period]})
				fieldProblem(t, err, "/"+c.field)
			}
		})
	}

	// What JavaScript cannot read exactly is refused.
	in := year2023()
	in.EndDate, in.PublishDate, in.FiscalYear = day("2022-12-31"), day("2023-02-01"), 2022
	in.ProfitBeforeTax = oas.NewOptNilInt64(math.MaxInt64)
	_, err := f.super.CreateFinancialStatement(t.Context(), in, oas.CreateFinancialStatementParams{Ticker: ticker})
	fieldProblem(t, err, "/profit_before_tax")
	const largest = 9007199254740991
	big := oas.NewOptNilInt64(largest)
	in.ProfitBeforeTax, in.InterestExpense, in.ShortTermDebt, in.LongTermDebt, in.OperatingIncome = big, big, big, big, oas.OptNilInt64{}
	got := f.createStatement(string(ticker), in)
	assert.EqualValues(t, 2*largest, got.Ebit.Value)
	assert.EqualValues(t, 2*largest, got.TotalDebt.Value)
	f.metrics(string(ticker))
}

func TestMetricsFollowQuarters(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	quarter := func(year, q int32, end string, revenue int64) *oas.FinancialStatementInput {
		return &oas.FinancialStatementInput{
			Period: oas.PeriodQuarterly, FiscalYear: year, FiscalQuarter: oas.NewOptNilInt32(q), EndDate: day(end),
			StartDate:   oas.NewOptNilDate(day(end).AddDate(0, 0, -90)),
			PublishDate: day(end).AddDate(0, 0, 30),
			Currency:    "USD", TotalRevenues: oas.NewOptNilInt64(revenue), NetIncome: oas.NewOptNilInt64(revenue / 10),
			TotalAssets: oas.NewOptNilInt64(1000),
		}
	}
	f.createStatement(ticker, quarter(2022, 2, "2022-06-30", 100))
	f.createStatement(ticker, quarter(2022, 3, "2022-09-30", 200))
	fourth := f.createStatement(ticker, quarter(2022, 4, "2022-12-31", 300))
	assert.True(t, f.metrics(ticker)[0].Ttm.TotalRevenues.Null, "three quarters do not make a year")
	f.createStatement(ticker, quarter(2023, 1, "2023-03-31", 400))
	m := f.metrics(ticker)
	require.Len(t, m, 4)
	assert.Equal(t, oas.NewNilInt32(1), m[0].FiscalQuarter, "the newest first")
	assert.Equal(t, oas.NewNilInt64(1000), m[0].Ttm.TotalRevenues)
	assertDecimal(t, "0.1", m[0].ReturnOnAssets)
	_, err := f.super.ReplaceFinancialStatement(t.Context(), quarter(2022, 4, "2022-12-31", 1300), oas.ReplaceFinancialStatementParams{
		ID: fourth.ID,
	})
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilInt64(2000), f.metrics(ticker)[0].Ttm.TotalRevenues)
	past, err := f.anon.ListCompanyValueMetrics(t.Context(), oas.ListCompanyValueMetricsParams{
		Ticker: oas.Ticker(ticker), AsOf: oas.NewOptDate(day("2024-02-01")),
	})
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilInt64(1000), past.Items[0].Ttm.TotalRevenues, "as known before the change")
	require.NoError(t, f.super.DeleteFinancialStatement(t.Context(), oas.DeleteFinancialStatementParams{ID: fourth.ID}))
	assert.True(t, f.metrics(ticker)[0].Ttm.TotalRevenues.Null)
	annual, err := f.anon.ListCompanyValueMetrics(t.Context(), oas.ListCompanyValueMetricsParams{
		Ticker: oas.Ticker(ticker), Period: oas.NewOptPeriod(oas.PeriodAnnual),
	})
	require.NoError(t, err)
	assert.Empty(t, annual.Items)
}

func TestStatementsOfAllCompanies(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	names := map[string]string{} // of the test's companies, by ticker
	var tickers []string
	for c := range 4 {
		ticker := unique("T")
		tickers, names[ticker] = append(tickers, ticker), fmt.Sprintf("T%d", c)
		f.createCompany(ticker)
		for y := range 3 {
			in := year2023()
			in.FiscalYear -= int32(y)
			in.EndDate = in.EndDate.AddDate(-y, 0, 0)
			in.PublishDate = in.PublishDate.AddDate(-y, 0, 0) // the same day for all companies
			f.createStatement(ticker, in)
		}
	}
	list := func(size int32, p oas.ListFinancialStatementsParams) (keys []string) {
		for _, s := range pages(t, int(size), func(token oas.OptString) ([]oas.FinancialStatement, oas.NilString) {
			p.PageSize, p.PageToken = oas.NewOptInt32(size), token
			page, err := f.anon.ListFinancialStatements(t.Context(), p)
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}) {
			if name, ok := names[s.Ticker]; ok || !remote() {
				keys = append(keys, fmt.Sprintf("%s %d", name, s.FiscalYear))
			}
		}
		return keys
	}
	metrics := func(size int32, p oas.ListValueMetricsParams) (keys []string) {
		for _, m := range pages(t, int(size), func(token oas.OptString) ([]oas.ValueMetrics, oas.NilString) {
			p.PageSize, p.PageToken = oas.NewOptInt32(size), token
			page, err := f.anon.ListValueMetrics(t.Context(), p)
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}) {
			if name, ok := names[m.Ticker]; ok || !remote() {
				assertDecimal(t, "0.1", m.ReturnOnAssets)
				keys = append(keys, fmt.Sprintf("%s %d", name, m.FiscalYear))
			}
		}
		return keys
	}
	want := []string{
		"T3 2023", "T2 2023", "T1 2023", "T0 2023", "T3 2022", "T2 2022", "T1 2022", "T0 2022", "T3 2021", "T2 2021",
		"T1 2021", "T0 2021",
	}
	for _, size := range []int32{1, 4, 5, 12, 1000} {
		assert.Equal(t, want, list(size, oas.ListFinancialStatementsParams{}), size)
		assert.Equal(t, want, metrics(size, oas.ListValueMetricsParams{}), size)
	}
	year, since := oas.NewOptInt32(2022), oas.NewOptDate(day("2023-02-01"))
	assert.Equal(t, want[4:8], list(3, oas.ListFinancialStatementsParams{FiscalYear: year}))
	assert.Equal(t, want[4:8], metrics(3, oas.ListValueMetricsParams{FiscalYear: year}))
	assert.Equal(t, want[:8], list(3, oas.ListFinancialStatementsParams{PublishedSince: since}))
	assert.Equal(t, want[:8], metrics(3, oas.ListValueMetricsParams{PublishedSince: since}))
	assert.Empty(t, list(3, oas.ListFinancialStatementsParams{Period: oas.NewOptPeriod(oas.PeriodQuarterly)}))
	assert.Equal(t, want, metrics(3, oas.ListValueMetricsParams{Period: oas.NewOptPeriod(oas.PeriodAnnual)}))

	company := func(size int32) (years []int32) {
		for _, s := range pages(t, int(size), func(token oas.OptString) ([]oas.FinancialStatement, oas.NilString) {
			page, err := f.anon.ListCompanyFinancialStatements(t.Context(), oas.ListCompanyFinancialStatementsParams{
				Ticker: oas.Ticker(strings.ToLower(tickers[1])), PageSize: oas.NewOptInt32(size), PageToken: token,
			})
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}) {
			years = append(years, s.FiscalYear)
		}
		return years
	}
	assert.Equal(t, []int32{2023, 2022, 2021}, company(1))
	assert.Equal(t, []int32{2023, 2022, 2021}, company(3))
}

// What belongs to a company goes with it, and what comes too late is told so.
func TestCompanyGoesWhileWritten(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	for round := range 8 {
		ticker := oas.Ticker(unique("T"))
		f.createCompany(string(ticker))
		var g errgroup.Group
		written := make(chan struct{}, 3)
		late := func(err error) {
			written <- struct{}{}
			if err != nil {
				problem(t, err, http.StatusNotFound)
			}
		}
		g.Go(func() error {
			for range round % 4 { // so many have come in time; the others race
				<-written
			}
			return f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: ticker})
		})
		g.Go(func() error {
			_, err := f.super.CreateFinancialStatement(t.Context(), year2023(), oas.CreateFinancialStatementParams{
				Ticker: ticker,
			})
			late(err)
			return nil
		})
		g.Go(func() error {
			_, err := f.super.CreateDividend(t.Context(), dividend2023(), oas.CreateDividendParams{Ticker: ticker})
			late(err)
			return nil
		})
		g.Go(func() error {
			_, err := f.super.CreateSplit(t.Context(), &oas.SplitInput{EffectiveDate: day("2020-01-02"), Ratio: decimal.NewFromInt(2)}, oas.CreateSplitParams{
				Ticker: ticker,
			})
			late(err)
			return nil
		})
		require.NoError(t, g.Wait())
		_, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: ticker})
		problem(t, err, http.StatusNotFound)
	}
	if remote() {
		return
	}
	for table, n := range f.rows() {
		assert.Zero(t, n, table)
	}
}
