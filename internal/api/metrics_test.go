package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

const appleSplits = "ticker,effective_date,ratio\nAAPL,2000-06-21,2\nAAPL,2014-06-09,7\nAAPL,2020-08-31,4\n"

func (f *fixture) annualStatements(ticker, asOf string, basis oas.ShareBasis) map[int32]oas.FinancialStatement {
	f.t.Helper()
	p := oas.ListCompanyFinancialStatementsParams{
		Ticker: oas.Ticker(ticker), Period: oas.NewOptPeriod(oas.PeriodAnnual), ShareBasis: oas.NewOptShareBasis(basis),
	}
	if asOf != "" {
		p.AsOf = oas.NewOptDate(day(asOf))
	}
	page, err := f.anon.ListCompanyFinancialStatements(f.t.Context(), p)
	require.NoError(f.t, err)
	all := map[int32]oas.FinancialStatement{}
	for _, s := range page.Items {
		all[s.FiscalYear] = s
	}
	return all
}

func (f *fixture) annualMetrics(ticker string, basis oas.ShareBasis, names ...string) map[int32]oas.ValueMetrics {
	f.t.Helper()
	page, err := f.anon.ListCompanyValueMetrics(f.t.Context(), oas.ListCompanyValueMetricsParams{
		Ticker: oas.Ticker(ticker), Period: oas.NewOptPeriod(oas.PeriodAnnual), ShareBasis: oas.NewOptShareBasis(basis), Metrics: names,
	})
	require.NoError(f.t, err)
	all := map[int32]oas.ValueMetrics{}
	for _, m := range page.Items {
		all[m.FiscalYear] = m
	}
	return all
}

// Apple's figures per share are on one basis, with a splits file and without one.
func TestShareBasis(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	for _, with := range []string{"without a splits file", "with a splits file"} {
		filed, today := f.annualStatements("AAPL", "", oas.ShareBasisFiled), f.annualStatements("AAPL", "", oas.ShareBasisAsOf)
		for _, c := range []struct {
			year         int32
			filed, today string
		}{{2009, "9.08", "0.324285714286"}, {2012, "6.31", "1.5775"}, {2017, "9.21", "2.3025"}, {2018, "2.98", "2.98"}, {2025, "7.46", "7.46"}} {
			assert.Equal(t, c.filed, filed[c.year].EarningsPerShareDiluted.Value.String(), "%d %s", c.year, with)
			assert.Equal(t, c.today, today[c.year].EarningsPerShareDiluted.Value.String(), "%d %s", c.year, with)
		}
		for year, want := range map[int32][2]int64{
			2012: {940_692_000, 26_339_376_000}, 2013: {899_738_000, 25_192_664_000}, 2014: {5_864_840_000, 23_459_360_000},
		} {
			assert.Equal(t, want[0], filed[year].SharesOutstanding.Value, "%d %s", year, with)
			assert.Equal(t, want[1], today[year].SharesOutstanding.Value, "%d %s", year, with)
		}
		for year, want := range map[int32][2]string{2012: {"0.38", "0.095"}, 2013: {"1.64", "0.41"}, 2019: {"3", "0.75"}} {
			assert.Equal(t, want[0], filed[year].DividendsPerShare.Value.String(), "%d %s", year, with)
			assert.Equal(t, want[1], today[year].DividendsPerShare.Value.String(), "%d %s", year, with)
		}
		assert.Equal(t, day("2020-07-31"), filed[2019].DividendsPerShareBasisDate.Value)
		assert.True(t, filed[2019].AdjustedTo.Null)
		assert.Equal(t, filed[2013].TotalRevenues, today[2013].TotalRevenues, "money is never touched")

		then := f.annualStatements("AAPL", "2013-12-31", oas.ShareBasisAsOf)[2013]
		assert.Equal(t, "39.75 11.4 899738000", then.EarningsPerShareDiluted.Value.String()+" "+then.DividendsPerShare.Value.String()+" "+
			fmt.Sprint(then.SharesOutstanding.Value), with)
		assert.Equal(t, oas.NewNilDate(day("2013-12-31")), then.AdjustedTo)

		const growth = "earnings_per_share_growth_10y"
		metrics := f.annualMetrics("AAPL", oas.ShareBasisAsOf, growth, "years_of_rising_dividends")
		assert.Equal(t, "0.124623", metrics[2025].Metrics[growth].Value.StringFixed(6), with)
		assert.Equal(t, "0.322807", metrics[2017].Metrics[growth].Value.StringFixed(6), with)
		assert.Equal(t, "13", metrics[2025].Metrics["years_of_rising_dividends"].Value.String(), with)
		assert.Equal(t, "-0.020959", f.annualMetrics("AAPL", oas.ShareBasisFiled, growth)[2025].Metrics[growth].Value.StringFixed(6), with)
		perShare := f.annualMetrics("AAPL", oas.ShareBasisAsOf, "none")[2012]
		assert.Equal(t, perShare.TangibleBookValue.Value, perShare.TangibleBookValuePerShare.Value.
			Mul(decimal.NewFromInt(26_339_376_000)).Round(0).IntPart(), "by the count on the same basis")
		f.imported("splits", []byte(appleSplits))
	}
}

// Metrics are asked for by their ids and groups.
func TestMetricsAreChosen(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	of2023 := func(names ...string) oas.ValueMetrics {
		return f.annualMetrics("AAPL", oas.ShareBasisAsOf, names...)[2023]
	}

	m := of2023("return_on_invested_capital", "graham")
	assert.Equal(t, "0.700424", m.Metrics["return_on_invested_capital"].Value.StringFixed(6))
	assert.Equal(t, "23.679105", m.Metrics["graham_number"].Value.StringFixed(6))
	assert.Len(t, m.Metrics, 5)
	assert.Empty(t, m.Signals)
	assert.Empty(t, of2023("none").Metrics)
	assert.Empty(t, of2023("valuation").Metrics, "all of a trading day")

	all := of2023()
	annual := 0
	for _, d := range metric.All() {
		_, has := all.Metrics[d.ID]
		assert.Equal(t, d.Scope != metric.OfDay, has, d.ID)
		if d.Scope == metric.OfYear {
			annual++
		}
	}
	assert.Equal(t, 62, annual)
	for id, v := range all.Metrics {
		_, has := all.Reasons[id]
		assert.Equal(t, v.Null, has, id)
	}
	assert.Equal(t, oas.MetricNull{Reason: oas.MetricReasonNegativeDenominator, MissingInputs: []string{}}, all.Reasons["magic_formula_return_on_capital"])
	assert.Equal(t, oas.NewNilBool(true), all.Signals["piotroski_f_score"]["roa_positive"])
	assert.Equal(t, oas.NewNilBool(false), all.Signals["piotroski_f_score"]["roa_higher"])
	assert.Len(t, all.Signals["piotroski_f_score"], 9)
	assert.Len(t, all.Variables["beneish_m_score"], 8)

	quarters, err := f.anon.ListCompanyValueMetrics(t.Context(), oas.ListCompanyValueMetricsParams{
		Ticker: "AAPL", Period: oas.NewOptPeriod(oas.PeriodQuarterly), PageSize: oas.NewOptInt32(1),
	})
	require.NoError(t, err)
	assert.NotContains(t, quarters.Items[0].Metrics, "revenue_growth_1y", "an annual metric")
	assert.Contains(t, quarters.Items[0].Metrics, "ttm_revenue_growth")

	// What a metric reads of years ago does not depend on what else is asked for, nor on the page.
	for _, id := range []string{"revenue_growth_10y", "piotroski_f_score", "return_on_equity_mean_10y", "years_of_positive_earnings", "sloan_accruals"} {
		for year, m := range f.annualMetrics("AAPL", oas.ShareBasisAsOf, id) {
			page, err := f.anon.ListValueMetrics(t.Context(), oas.ListValueMetricsParams{
				FiscalYear: oas.NewOptInt32(year), Period: oas.NewOptPeriod(oas.PeriodAnnual), Metrics: []string{id},
			})
			require.NoError(t, err)
			assert.Equal(t, m.Metrics, page.Items[0].Metrics, "%s of %d", id, year)
			assert.Equal(t, m.Reasons, page.Items[0].Reasons, "%s of %d", id, year)
		}
	}

	_, err = f.anon.ListValueMetrics(t.Context(), oas.ListValueMetricsParams{Metrics: []string{"graham"}, PageSize: oas.NewOptInt32(101)})
	fieldProblem(t, err, "page_size")
	_, err = f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{Date: day("2017-12-29"), Metrics: []string{"all"}, PageSize: oas.NewOptInt32(101)})
	fieldProblem(t, err, "page_size")
	for _, name := range []string{"price_to_sales_ratio", "no_such_metric"} {
		_, err := f.anon.ListCompanyValueMetrics(t.Context(), oas.ListCompanyValueMetricsParams{Ticker: "AAPL", Metrics: []string{name}})
		assert.Contains(t, fieldProblem(t, err, "metrics"), name)
	}
}

// A list over all companies tells what was known on a day.
func TestListsAsOf(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	f.imported("sec-company-facts?ticker=MRVL", sampleFile(t, marvell))
	for _, on := range []string{"2009-12-31", "2010-01-25", "2015-06-30", "2024-02-01"} {
		asOf := oas.NewOptDate(day(on))
		all := map[int64]oas.FinancialStatement{}
		for _, s := range pages(t, 7, func(token oas.OptString) ([]oas.FinancialStatement, oas.NilString) {
			page, err := f.anon.ListFinancialStatements(t.Context(), oas.ListFinancialStatementsParams{AsOf: asOf, PageSize: oas.NewOptInt32(7), PageToken: token})
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}) {
			all[s.ID] = s
		}
		n := 0
		for _, ticker := range []oas.Ticker{"AAPL", "MRVL"} {
			page, err := f.anon.ListCompanyFinancialStatements(t.Context(), oas.ListCompanyFinancialStatementsParams{Ticker: ticker, AsOf: asOf})
			require.NoError(t, err)
			for _, s := range page.Items {
				assert.Equal(t, s, all[s.ID], on)
				assert.False(t, s.KnownFrom.After(day(on)))
				assert.True(t, s.KnownTo.Null || s.KnownTo.Value.After(day(on)))
				n++
			}
		}
		assert.Len(t, all, n, on)
	}
	since, err := f.anon.ListFinancialStatements(t.Context(), oas.ListFinancialStatementsParams{
		KnownSince: oas.NewOptDate(day("2010-01-01")), AsOf: oas.NewOptDate(day("2010-01-25")),
	})
	require.NoError(t, err)
	require.NotEmpty(t, since.Items, "restated by the amendment of that day")
	for _, s := range since.Items {
		assert.Equal(t, day("2010-01-25"), s.KnownFrom)
	}
	_, err = f.anon.ListFinancialStatements(t.Context(), oas.ListFinancialStatementsParams{AsOf: oas.NewOptDate(day("2999-01-01"))})
	fieldProblem(t, err, "as_of")
}

func TestMetricDefinitions(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	got, err := f.anon.ListMetrics(t.Context())
	require.NoError(t, err)
	require.Len(t, got.Items, len(metric.All()))
	for i, d := range metric.All() {
		m := got.Items[i]
		assert.Equal(t, d.ID, m.ID)
		assert.Equal(t, d.Formula, m.Formula)
		for _, text := range []string{m.Label, m.Group, m.Formula, m.Source} {
			assert.NotEmpty(t, text, d.ID)
		}
		assert.NotEmpty(t, m.Inputs, d.ID)
	}
	res, body := f.call("", http.MethodGet, api.Prefix+"/metrics", nil)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	_, again := f.call("", http.MethodGet, api.Prefix+"/metrics", nil)
	assert.Equal(t, string(body), string(again))
}

// Every version of a statement can be seen, and on a day in the past those that were known by then.
func TestVersionsOfStatement(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	s := f.annualStatements("AAPL", "", oas.ShareBasisFiled)[2009]
	versions := func(asOf oas.OptDate) []oas.FinancialStatement {
		return pages(t, 1, func(token oas.OptString) ([]oas.FinancialStatement, oas.NilString) {
			page, err := f.anon.ListFinancialStatementVersions(t.Context(), oas.ListFinancialStatementVersionsParams{
				ID: s.ID, AsOf: asOf, ShareBasis: oas.NewOptShareBasis(oas.ShareBasisFiled), PageSize: oas.NewOptInt32(1), PageToken: token,
			})
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		})
	}
	all := versions(oas.OptDate{})
	require.Greater(t, len(all), 2)
	assert.Equal(t, s, all[0])
	first, second := all[len(all)-1], all[len(all)-2]
	assert.Equal(t, day("2009-10-27"), first.KnownFrom)
	assert.Equal(t, oas.NewNilDate(day("2010-01-25")), first.KnownTo)
	assert.Equal(t, million(36_537), first.TotalRevenues)
	assert.Equal(t, million(42_905), second.TotalRevenues)
	for i := 1; i < len(all); i++ {
		assert.Equal(t, oas.NewNilDate(all[i-1].KnownFrom), all[i].KnownTo)
	}
	then := versions(oas.NewOptDate(day("2010-01-24")))
	require.Len(t, then, 1)
	first.KnownTo = oas.NilDate{Null: true}
	assert.Equal(t, first, then[0], "nobody knew of the second")
	_, err := f.anon.ListFinancialStatementVersions(t.Context(), oas.ListFinancialStatementVersionsParams{ID: s.ID, AsOf: oas.NewOptDate(day("2009-01-01"))})
	problem(t, err, http.StatusNotFound)
	_, err = f.anon.ListFinancialStatementVersions(t.Context(), oas.ListFinancialStatementVersionsParams{ID: s.ID, AsOf: oas.NewOptDate(day("2999-01-01"))})
	fieldProblem(t, err, "as_of")
}

// An explanation leads from a figure or metric to the facts.
func TestExplanations(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	s := f.annualStatements("AAPL", "", oas.ShareBasisAsOf)[2023]
	explain := func(p oas.ExplainFinancialStatementParams) (*oas.ExplainedFigure, error) {
		if p.ID == 0 {
			p.ID = s.ID
		}
		return f.anon.ExplainFinancialStatement(t.Context(), p)
	}
	x, err := explain(oas.ExplainFinancialStatementParams{Field: "free_cash_flow"})
	require.NoError(t, err)
	e := x.Explanation.Value
	assert.Equal(t, oas.ExplanationOpSubtract, e.Op)
	assert.Equal(t, "99584000000", e.Value.String())
	require.Len(t, e.Inputs, 2)
	assert.Equal(t, "us-gaap:PaymentsToAcquirePropertyPlantAndEquipment", e.Inputs[1].Tag.Value)
	assert.Equal(t, "0000320193-23-000106", e.Inputs[1].SetBy.Value.Accession)
	assert.Equal(t, "0000320193-25-000079", e.Inputs[1].RepeatedBy.Value.Accession)
	assert.Contains(t, e.Inputs[1].SetBy.Value.URL, "https://www.sec.gov/")

	x, err = explain(oas.ExplainFinancialStatementParams{Field: "return_on_invested_capital"})
	require.NoError(t, err)
	assert.Equal(t, oas.ExplanationOpFormula, x.Explanation.Value.Op)
	assert.Equal(t, "0.700424", x.Explanation.Value.Value.StringFixed(6))
	x, err = explain(oas.ExplainFinancialStatementParams{Field: "magic_formula_return_on_capital"})
	require.NoError(t, err)
	assert.True(t, x.Explanation.Null)
	assert.Equal(t, oas.MetricReasonNegativeDenominator, x.Reason.Value.Reason)
	x, err = explain(oas.ExplainFinancialStatementParams{Field: "goodwill"})
	require.NoError(t, err)
	assert.True(t, x.Explanation.Null && x.Reason.Null)

	whole, err := f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{ID: s.ID, Explain: oas.NewOptBool(true)})
	require.NoError(t, err)
	all := whole.Explanations.Value
	assert.Equal(t, "110543000000", all["operating_cash_flow"].Value.Value.String())
	assert.True(t, all["goodwill"].Null)
	whole.Explanations.Reset()
	assert.Equal(t, s, *whole)
	res, _ := f.call("", http.MethodGet, fmt.Sprintf("%s/financial-statements/%d?explain=1", api.Prefix, s.ID), nil)
	assert.Equal(t, http.StatusOK, res.StatusCode)

	for field, p := range map[string]oas.ExplainFinancialStatementParams{
		"field": {Field: "price_to_sales_ratio"},
		"as_of": {Field: "ebit", AsOf: oas.NewOptDate(day("2999-01-01"))},
	} {
		_, err := explain(p)
		fieldProblem(t, err, field)
	}
	_, err = explain(oas.ExplainFinancialStatementParams{Field: "fiscal_year"})
	fieldProblem(t, err, "field")
	_, err = explain(oas.ExplainFinancialStatementParams{ID: 1 << 40, Field: "ebit"})
	problem(t, err, http.StatusNotFound)

	// What was entered by hand is said to be.
	manual, err := f.super.ReplaceFinancialStatement(t.Context(), &oas.FinancialStatementInput{
		Period: oas.PeriodAnnual, FiscalYear: 2023, EndDate: s.EndDate, PublishDate: s.PublishDate, Currency: "USD", Audited: oas.NewOptBool(true),
		NetIncome: oas.NewOptNilInt64(5),
	}, oas.ReplaceFinancialStatementParams{ID: s.ID})
	require.NoError(t, err)
	assert.True(t, manual.SetBy.Null)
	x, err = explain(oas.ExplainFinancialStatementParams{Field: "net_income"})
	require.NoError(t, err)
	assert.Equal(t, oas.ExplanationOpEntered, x.Explanation.Value.Op)
	x, err = explain(oas.ExplainFinancialStatementParams{Field: "net_income", AsOf: oas.NewOptDate(day("2024-01-01"))})
	require.NoError(t, err)
	assert.Equal(t, oas.ExplanationOpFact, x.Explanation.Value.Op, "before it was replaced")

	f.exec("UPDATE financial_statement SET rules_version = 1 WHERE source = 'sec'")
	_, err = explain(oas.ExplainFinancialStatementParams{Field: "net_income"})
	problem(t, err, http.StatusServiceUnavailable)
	_, err = f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{ID: s.ID, Explain: oas.NewOptBool(true)})
	problem(t, err, http.StatusServiceUnavailable)
}

// A ratio of a day leads to its close and to the facts that had been filed by then.
func TestExplanationsOfDays(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	f.imported("prices?ticker=AAPL", sampleFile(t, "prices-AAPL.csv"))
	explain := func(day_, field string) (*oas.ExplainedRatio, error) {
		return f.anon.ExplainDailyRatio(t.Context(), oas.ExplainDailyRatioParams{Ticker: "AAPL", Date: day(day_), Field: field})
	}
	x, err := explain("2017-12-29", "price_to_free_cash_flow")
	require.NoError(t, err)
	e := x.Explanation.Value
	assert.Equal(t, "16.9879", e.Value.StringFixed(4))
	assert.Equal(t, day("2017-09-30"), x.StatementEndDate.Value)
	require.Len(t, e.Inputs, 2)
	assert.Equal(t, "868879619760", e.Inputs[0].Value.String())
	assert.Equal(t, "close", e.Inputs[0].Inputs[0].Field.Value)
	assert.Equal(t, "dei:EntityCommonStockSharesOutstanding", e.Inputs[0].Inputs[1].Tag.Value)
	assert.Equal(t, "ttm.free_cash_flow", e.Inputs[1].Field.Value)
	x, err = explain("2017-12-29", "price_to_net_current_asset_value")
	require.NoError(t, err)
	assert.True(t, x.Explanation.Null)
	assert.Equal(t, oas.MetricReasonNegativeDenominator, x.Reason.Value.Reason)
	for _, field := range []string{"quick_ratio", "nothing"} {
		_, err = explain("2017-12-29", field)
		fieldProblem(t, err, "field")
	}
	_, err = explain("2017-12-30", "market_cap")
	problem(t, err, http.StatusNotFound)
	f.exec("UPDATE financial_statement SET rules_version = 1")
	_, err = explain("2017-12-29", "market_cap")
	problem(t, err, http.StatusServiceUnavailable)
	_, err = f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{Date: day("2017-12-29"), AsOf: oas.NewOptDate(day("2017-12-28"))})
	fieldProblem(t, err, "date")
}

// A statement that was got on a share basis and is put back keeps its figures.
func TestStatementIsPutBack(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	for _, basis := range []oas.ShareBasis{oas.ShareBasisAsOf, oas.ShareBasisFiled} {
		s := f.annualStatements("AAPL", "", basis)[2012]
		in := &oas.FinancialStatementInput{
			Period: s.Period, FiscalYear: s.FiscalYear, EndDate: s.EndDate, PublishDate: s.PublishDate, Currency: s.Currency,
			Audited: oas.NewOptBool(true), NetIncome: oas.NewOptNilInt64(s.NetIncome.Value), PerShareBasisDate: oas.NewOptNilDate(s.PerShareBasisDate.Value),
			EarningsPerShareDiluted: oas.NewOptNilDecimal(s.EarningsPerShareDiluted.Value), SharesOutstanding: oas.NewOptNilInt64(s.SharesOutstanding.Value),
		}
		if s.AdjustedTo.Null {
			in.SharesOutstandingBasisDate = oas.NewOptNilDate(s.SharesOutstandingBasisDate.Value)
		} else {
			in.AdjustedTo = oas.NewOptNilDate(s.AdjustedTo.Value)
		}
		_, err := f.super.ReplaceFinancialStatement(t.Context(), in, oas.ReplaceFinancialStatementParams{ID: s.ID})
		require.NoError(t, err)
		after := f.annualStatements("AAPL", "", oas.ShareBasisAsOf)[2012]
		assert.Equal(t, "1.5775", after.EarningsPerShareDiluted.Value.String(), basis)
		assert.Equal(t, int64(26_339_376_000), after.SharesOutstanding.Value, basis)
	}
}
