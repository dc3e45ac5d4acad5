package metric_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// of computes a metric of the first of some reports.
func of(id string, reports ...*metric.Report) metric.Result {
	return metric.NewCompany(reports).Of(reports[0], metric.Find(id))
}

func TestReasonsOfStatements(t *testing.T) {
	t.Parallel()
	last := annual(2024, lastYear)
	for _, test := range []struct {
		id      string
		changes amounts // of this year
		want    string
	}{
		// All that is missing is named, in the order of the formula.
		{"current_ratio", amounts{"current_assets": "", "current_liabilities": ""}, "missing_input current_assets current_liabilities"},
		{"interest_coverage", amounts{"interest_expense": ""}, "missing_input ttm.interest_expense"},
		{"return_on_equity", amounts{"net_income": "", "total_equity": ""}, "missing_input ttm.net_income book_value"},
		{"book_value", amounts{"total_equity": ""}, "missing_input total_equity"},
		{"graham_number", amounts{"shares_outstanding": ""}, "missing_input shares_outstanding"},
		{"tangible_book_value_per_share", amounts{"total_equity": ""}, "missing_input tangible_book_value"},
		{"net_current_asset_value_per_share", amounts{"total_liabilities": ""}, "missing_input net_current_asset_value"},
		{"return_on_invested_capital", amounts{"ebit": "", "tax_expense": "", "total_equity": ""},
			"missing_input ttm.ebit ttm.tax_expense total_equity"},
		{"nopat", amounts{"profit_before_tax": "", "tax_expense": ""}, "missing_input ttm.profit_before_tax ttm.tax_expense"},
		{"owner_earnings_per_share", amounts{"capital_expenditure": ""}, "missing_input ttm.capital_expenditure"},
		{"net_debt_to_ebitda", amounts{"total_debt": "", "ebitda": ""}, "missing_input total_debt ttm.ebitda"},
		{"altman_z_private", amounts{"retained_earnings": "", "total_equity": ""}, "missing_input retained_earnings book_value"},
		{"beneish_m_score", amounts{"depreciation": "", "depreciation_and_amortization": "", "receivables": ""},
			"missing_input receivables ttm.depreciation_and_amortization"},
		{"piotroski_f_score", amounts{"long_term_debt": "", "current_assets": ""},
			"insufficient_history -2.total_assets current_assets"},

		// What counts if known is no missing input.
		{"book_value", amounts{"noncontrolling_interest": "", "preferred_stock": ""}, "900"},
		{"quick_ratio", amounts{"short_term_investments": ""}, "7/8"},
		{"invested_capital", amounts{"total_debt": ""}, "800"},
		{"beneish_m_score", amounts{"depreciation": ""}, "-1.890"}, // 50 / 750 for 40 / 740: 0.115 x (37/42 - 15/21) = 0.019 less

		// Missing inputs before divisors, divisors below zero before those of zero.
		{"return_on_invested_capital", amounts{"cash_and_equivalents": "5000", "ebit": ""}, "missing_input ttm.ebit"},
		{"return_on_invested_capital", amounts{"cash_and_equivalents": "5000"}, "negative_denominator"},
		{"return_on_invested_capital", amounts{"cash_and_equivalents": "1300"}, "zero_denominator"},
		{"effective_tax_rate", amounts{"profit_before_tax": "-1"}, "negative_denominator"},
		{"altman_z_double_prime", amounts{"total_assets": "-1", "total_liabilities": "0"}, "negative_denominator"},
		{"graham_number", amounts{"net_income": "-5", "shares_outstanding": "0"}, "zero_denominator"},
		{"current_ratio", amounts{"current_liabilities": "0"}, "zero_denominator"},

		// A root of a product needs each factor above zero.
		{"graham_number", amounts{"net_income": "-5"}, "negative_input"},
		{"graham_number", amounts{"net_income": "-5", "total_equity": "-900"}, "negative_input"},
		{"graham_number", amounts{"net_income": "2"}, "negative_input"}, // nothing is left to common

		// A negative numerator is a result.
		{"net_profit_margin", amounts{"net_income": "-100"}, "-1/10"},
		{"nopat", amounts{"profit_before_tax": "-190", "ebit": "-170"}, "-170"},                    // no tax on a loss,
		{"nopat", amounts{"profit_before_tax": "-190", "ebit": "-170", "tax_expense": ""}, "-170"}, // known or not,
		{"nopat", amounts{"tax_expense": "-38"}, "210"},                                            // and none for a benefit;
		{"nopat", amounts{"tax_expense": "380"}, "0"},                                              // at most all
	} {
		got := of(test.id, annual(2025, thisYear.with(test.changes)), last)
		if got.Exact != nil && !strings.Contains(test.want, ".") {
			assert.Equal(t, test.want, got.Exact.RatString(), test)
		} else {
			assert.Equal(t, test.want, show(got, test.want), test)
		}
	}
}

func TestReasonsOfHistory(t *testing.T) {
	t.Parallel()
	this, last := annual(2025, thisYear), annual(2024, lastYear)
	assert.Equal(t, "insufficient_history -1.total_assets", show(of("asset_turnover", this), ""))
	assert.Equal(t, "insufficient_history -1.book_value", show(of("return_on_average_equity", this), ""))
	assert.Equal(t, "insufficient_history -1.ttm.total_revenues", show(of("rule_of_40", this), ""))
	assert.Equal(t, "insufficient_history -1.shares_outstanding", show(of("share_count_growth", this), ""))
	assert.Equal(t, "insufficient_history -1.receivables",
		show(of("days_sales_outstanding", annual(2025, thisYear.with(amounts{"receivables": ""}))), ""))
	assert.Equal(t, "missing_input -1.receivables",
		show(of("days_sales_outstanding", this, annual(2024, lastYear.with(amounts{"receivables": ""}))), ""))
	assert.Equal(t, "missing_input -1.current_assets -1.current_liabilities",
		show(of("piotroski_f_score", this, annual(2024, lastYear.with(amounts{"current_assets": "", "current_liabilities": ""})),
			annual(2023, amounts{"total_assets": "1400"})), ""))

	// Another currency, another period and another end of the year are no year ago.
	for _, change := range []func(r *metric.Report){
		func(r *metric.Report) { r.Currency = "EUR" },
		func(r *metric.Report) { r.Period = value.Partial },
		func(r *metric.Report) { r.EndDate = day("2024-12-23") },
		func(r *metric.Report) { r.EndDate = day("2025-01-08") },
	} {
		other := *last
		change(&other)
		assert.Equal(t, metric.InsufficientHistory, of("asset_turnover", this, &other).Reason)
	}
	// A year of 52 or 53 weeks is one.
	for _, end := range []string{"2024-12-24", "2025-01-07"} {
		other := *last
		other.EndDate = day(end)
		assert.NotNil(t, of("asset_turnover", this, &other).Exact)
	}
	// A year before 29 February was 28 February.
	leap, before := *this, *last
	leap.EndDate, before.EndDate = day("2024-02-29"), day("2023-02-21")
	assert.NotNil(t, of("asset_turnover", &leap, &before).Exact)
	before.EndDate = day("2023-03-08")
	assert.Nil(t, of("asset_turnover", &leap, &before).Exact)
}

// The mark says that there must be debt: no metric with total debt, and no other is concerned.
func TestDebtUnknown(t *testing.T) {
	t.Parallel()
	this := annual(2025, thisYear.with(amounts{"total_debt": "", "ebit": ""}))
	this.DebtUnknown = true
	for _, id := range []string{
		"debt_to_equity", "debt_to_ebitda", "cash_return_on_capital_invested", "invested_capital", "return_on_invested_capital", "net_debt",
		"net_debt_to_ebitda", "net_cash_and_investments", "free_cash_flow_to_debt",
	} {
		assert.Equal(t, metric.Result{Reason: metric.DebtUnknown}, of(id, this), id)
	}
	assert.NotNil(t, of("current_ratio", this).Exact)
	assert.Equal(t, "missing_input ttm.ebit ttm.total_revenues",
		show(of("altman_z_private", annual(2025, thisYear.with(amounts{"ebit": "", "total_revenues": ""}))), ""))
	// Of years, what needs it is missing.
	old := annual(2020, thisYear)
	old.DebtUnknown = true
	assert.Equal(t, "missing_input invested_capital(2020)", show(of("incremental_return_on_invested_capital_5y", annual(2025, thisYear), old), ""))
}

func TestReasonsOfYears(t *testing.T) {
	t.Parallel()
	now := func(a amounts) *metric.Report { return annual(2025, a) }
	then := func(a amounts) *metric.Report { return annual(2022, a) }
	revenue := func(n string) amounts { return amounts{"total_revenues": n} }
	for _, test := range []struct {
		id      string
		reports []*metric.Report
		want    string
	}{
		{"revenue_growth_3y", []*metric.Report{now(revenue("8")), then(revenue("1"))}, "1"},
		{"revenue_growth_3y", []*metric.Report{now(revenue("8"))}, "insufficient_history"},
		{"revenue_growth_3y", []*metric.Report{now(nil), then(nil)}, "missing_input total_revenues(2025) total_revenues(2022)"},
		{"revenue_growth_3y", []*metric.Report{now(revenue("8")), then(revenue("0"))}, "negative_input"},
		{"revenue_growth_3y", []*metric.Report{now(revenue("-8")), then(revenue("1"))}, "negative_input"},
		{"revenue_growth_3y", []*metric.Report{now(revenue("0")), then(nil)}, "missing_input total_revenues(2022)"},
		{"revenue_growth_1y", []*metric.Report{now(revenue("-8")), annual(2024, revenue("4"))}, "-3"},
		{"revenue_growth_1y", []*metric.Report{now(revenue("8")), annual(2024, revenue("-4"))}, "negative_input"},
		{"earnings_per_share_growth_3y", []*metric.Report{now(nil), then(nil)},
			"missing_input earnings_per_share_diluted(2025) earnings_per_share_diluted(2022)"},
		{"book_value_per_share_growth_3y", []*metric.Report{now(thisYear), then(nil)}, "missing_input book_value_per_share(2022)"},
		{"operating_margin_mean_5y", []*metric.Report{
			now(thisYear), annual(2024, thisYear), annual(2023, revenue("1")), annual(2022, revenue("0")), annual(2021, thisYear),
		}, "missing_input operating_margin(2023) operating_margin(2022)"},
		{"operating_margin_mean_5y", []*metric.Report{now(thisYear), annual(2023, thisYear)}, "insufficient_history"},
		{"incremental_return_on_invested_capital_5y", []*metric.Report{now(thisYear), annual(2020, thisYear)}, "zero_denominator"},
		{"share_count_growth_5y", []*metric.Report{now(amounts{"shares_outstanding": "32"}), annual(2020, amounts{"shares_outstanding": "1"})}, "1"},

		{"years_of_positive_earnings", []*metric.Report{now(nil)}, "missing_input net_income(2025)"},
		{"years_of_positive_free_cash_flow", []*metric.Report{now(nil)}, "missing_input free_cash_flow(2025)"},
		{"years_of_positive_earnings", []*metric.Report{now(amounts{"net_income": "-1"})}, "0"},
		{"years_of_positive_earnings", []*metric.Report{now(thisYear), annual(2023, thisYear)}, "1"}, // 2024 is not there
		{"years_of_dividends", []*metric.Report{now(nil)}, "0"},
		{"years_of_dividends", []*metric.Report{
			now(amounts{"dividends_paid": "1"}), annual(2024, amounts{"dividends_per_share": "1"}),
			annual(2023, amounts{"dividends_paid": "0", "dividends_per_share": "1"}),
		}, "2"},
		{"years_of_rising_dividends", []*metric.Report{
			now(amounts{"dividends_per_share": "3"}), annual(2024, amounts{"dividends_per_share": "2"}),
			annual(2023, amounts{"dividends_per_share": "1.9999999995"}), annual(2022, amounts{"dividends_per_share": "1"}),
		}, "1"}, // two thirds of a billionth is no rise
		{"years_of_rising_dividends", []*metric.Report{
			now(amounts{"dividends_per_share": "3"}), annual(2024, amounts{"dividends_per_share": "0"}),
		}, "0"}, // to begin is not to raise
	} {
		got := of(test.id, test.reports...)
		if got.Exact != nil {
			assert.Equal(t, test.want, got.Exact.RatString(), test.id)
		} else {
			assert.Equal(t, test.want, show(got, ""), test.id)
		}
	}
}

func TestReasonsOfDays(t *testing.T) {
	t.Parallel()
	company, r := handMade()
	for _, test := range []struct {
		id     string
		change func(d *metric.Day)
		want   string
	}{
		{"price_to_sales_ratio", func(d *metric.Day) { d.Cap, d.Reasons = nil, []metric.Reason{metric.SharesUnknown, metric.CashUnknown} }, "shares_unknown"},
		{"ev_to_ebit", func(d *metric.Day) {
			d.EnterpriseValue, d.Reasons = nil, []metric.Reason{metric.CashUnknown, metric.DebtUnknown}
		}, "cash_unknown"},
		{"price_to_sales_ratio", func(d *metric.Day) { d.EnterpriseValue, d.Reasons = nil, []metric.Reason{metric.DebtUnknown} }, "21/10"},
		{"ev_net_to_revenue", func(d *metric.Day) { d.EnterpriseValue, d.Reasons = nil, []metric.Reason{metric.DebtUnknown} }, "debt_unknown"},
		{"ev_net_to_revenue", func(d *metric.Day) { d.EnterpriseValue = nil }, "missing_input enterprise_value"},
		{"price_to_average_earnings_3y", func(d *metric.Day) { d.Reasons = []metric.Reason{metric.SharesUnknown, metric.DebtUnknown} }, "216/13"},
		{"price_to_average_earnings_3y", func(d *metric.Day) {
			d.Price, d.Reasons = nil, []metric.Reason{metric.SharesUnknown, metric.SplitDateUnknown}
		}, "split_date_unknown"},
		{"price_to_sales_ratio", func(d *metric.Day) { d.Statement = nil }, "missing_input ttm.total_revenues"},
		{"price_to_average_earnings_3y", func(d *metric.Day) { d.Statement = nil }, "insufficient_history"},
		{"price_to_earnings_ratio_ttm", func(d *metric.Day) { d.Statement = annual(2025, amounts{"net_income": "-1"}) }, "negative_denominator"},
		{"price_to_earnings_percentile_5y", func(d *metric.Day) { d.Statement = annual(2025, amounts{"net_income": "-1"}) }, "negative_denominator"},
		{"price_to_earnings_percentile_5y", func(d *metric.Day) { d.Statement = annual(2025, nil) }, "missing_input ttm.net_income"},
		{"price_to_earnings_percentile_5y", func(d *metric.Day) { d.PriceEarnings = d.PriceEarnings[1:] }, "insufficient_history"},
		{"price_to_earnings_percentile_5y", func(d *metric.Day) { d.PriceEarnings[0] = decimal.NewFromInt(-10) }, "insufficient_history"},
		{"price_to_earnings_percentile_5y", func(d *metric.Day) { d.PricesFrom = new(day("2021-03-13")) }, "insufficient_history"},
		{"price_to_earnings_percentile_5y", func(d *metric.Day) { d.PricesFrom = nil }, "insufficient_history"},
		{"graham_defensive_passed", func(d *metric.Day) { d.Cap, d.Reasons = nil, []metric.Reason{metric.CurrencyMismatch} }, "currency_mismatch"},
		{"graham_defensive_passed", func(d *metric.Day) { d.GrahamSize = nil }, "3"}, // 1000 is less than 700 million
		{"price_to_net_current_asset_value", func(d *metric.Day) { d.Statement = annual(2025, thisYear.with(amounts{"total_liabilities": "400"})) }, "6"},
	} {
		d := handMadeDay(r)
		test.change(d)
		got := company.OnDay(d, metric.Find(test.id))
		if got.Exact != nil {
			assert.Equal(t, test.want, got.Exact.RatString(), test.id)
		} else {
			assert.Equal(t, test.want, show(got, ""), test.id)
		}
	}
}

// Four tests are known of a company with three years: too few.
func TestGrahamSignals(t *testing.T) {
	t.Parallel()
	negative := annual(2025, thisYear.with(amounts{"total_equity": "-900"}))
	company := metric.NewCompany([]*metric.Report{negative, annual(2024, lastYear), annual(2023, thisYear)})
	got := company.OnDay(handMadeDay(negative), metric.Find("graham_defensive_passed"))
	assert.Equal(t, "insufficient_history", show(got, ""))
	holds := map[string]*bool{}
	for _, p := range got.Parts {
		holds[p.ID] = p.Holds()
	}
	yes, no := true, false
	assert.Equal(t, map[string]*bool{
		"adequate_size": &yes, "strong_finances": &yes, "earnings_every_year": nil, "dividends_every_year": nil,
		"earnings_grown_by_a_third": nil, "price_to_earnings_moderate": &yes, "price_to_book_moderate": &no, // negative book value
	}, holds)
}

// Depreciation of twelve months is the sum over the four quarters that the other flows are of.
func TestMonthsOfReports(t *testing.T) {
	t.Parallel()
	var quarters []value.Statement
	for i, start := range []string{"2023-01-01", "2023-04-01", "2023-07-01", "2023-10-01", "2024-01-01"} {
		from := day(start)
		quarters = append(quarters, value.Statement{
			Period: value.Quarterly, StartDate: &from, EndDate: from.AddDate(0, 3, -1), Currency: "USD",
			Depreciation: new(int64(1 << i)), DepreciationAndAmortization: new(int64(100 << i)), TotalRevenues: new(int64(10)),
		})
	}
	reports := metric.Reports(quarters)
	assert.Equal(t, big.NewRat(30, 1), reports[4].Months("depreciation"))
	assert.Equal(t, big.NewRat(3000, 1), reports[4].Months("depreciation_and_amortization"))
	assert.Equal(t, big.NewRat(40, 1), reports[4].Months("total_revenues"))
	assert.Nil(t, reports[2].Months("depreciation"), "three quarters are no year")
	quarters[3].Depreciation = nil
	reports = metric.Reports(quarters)
	assert.Nil(t, reports[4].Months("depreciation"))
	assert.Nil(t, reports[4].Own("no_such_figure"))
	assert.Equal(t, big.NewRat(16, 1), reports[4].Own("depreciation"))
}
