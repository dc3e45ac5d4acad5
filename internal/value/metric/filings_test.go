package metric_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// show is a result as the tests below write it: the number as they round it, or why there is none.
func show(r metric.Result, like string) string {
	if r.Exact == nil {
		return strings.TrimSpace(string(r.Reason) + " " + strings.Join(r.Missing, " "))
	}
	_, decimals, _ := strings.Cut(like, ".")
	return r.Exact.FloatString(len(decimals))
}

// What an independent computation found in the filings of three companies.
func TestMetricsOfFilings(t *testing.T) {
	t.Parallel()
	const today = "2026-06-30"
	apple, snow, marvell := readFiler(t, "AAPL", day(today)), readFiler(t, "SNOW", day(today)), readFiler(t, "MRVL", day(today))
	for _, test := range [][4]string{
		{"return_on_invested_capital", "0.700424", "-0.484016", "0.176433"},
		{"return_on_capital_employed", "0.567695", "-0.223687", "0.170429"},
		{"return_on_average_equity", "1.719495", "-0.314328", "0.192541"},
		{"gross_profitability", "0.479740", "0.266963", "0.187599"},
		{"asset_turnover", "1.086812", "0.420273", "0.385721"},
		{"equity_multiplier", "6.251999", "2.109636", "1.531970"},
		{"effective_tax_rate", "0.147192", "negative_denominator", "0.123580"},
		{"quick_ratio", "0.626690", "1.684389", "1.498339"},
		{"interest_coverage", "29.918383", "-464.784342", "16.037512"},
		{"net_cash_and_investments", "51011000000", "3022618000", "-1831800000"},
		{"magic_formula_return_on_capital", "negative_denominator", "negative_denominator", "0.649723"},
		{"cash_conversion_cycle", "-70.922477", "missing_input inventory -1.inventory", "104.414041"},
		{"cash_flow_accruals", "-0.038416", "-0.260226", "0.043286"},
		{"sloan_accruals", "-0.037537", "-0.082722", "-0.021850"},
		{"altman_z_private", "2.207628", "-0.311366", "1.729121"},
		{"altman_z_double_prime", "2.432977", "-1.198351", "4.015296"},
		{"graham_number", "23.679105", "negative_input", "33.534364"},
		{"net_current_asset_value", "-146871000000", "-164637000", "-1516300000"},
		{"owner_earnings", "97555000000", "-1149411000", "3606600000"},
		{"piotroski_f_score", "7", "4", "7"},
		{"beneish_m_score", "-2.628391", "-3.943915", "-1.604820"},
		{"revenue_growth_3y", "0.117683", "0.438087", "0.114496"},
		{"share_count_growth", "-0.022339", "-0.000299", "0.009468"},
	} {
		for i, of := range []struct {
			filer *filer
			year  int
		}{{apple, 2023}, {snow, 2025}, {marvell, 2026}} {
			got := of.filer.Of(of.filer.year(of.year), metric.Find(test[0]))
			assert.Equal(t, test[i+1], show(got, test[i+1]), "%s, %d", test[0], of.year)
		}
	}
}

// Apple's F-score of 2023 by hand: 96,995 / 352,755 = 0.27496 > 0; 110,543 > 0; 0.27496 is not above 99,803 / 351,002 =
// 0.28434; 110,543 > 96,995; 95,281 / 352,669 = 0.2702 < 98,959 / 351,878.5 = 0.2812; 0.9880 > 0.8794; 15,552.752 <
// 15,908.118 M shares; 0.44131 > 0.43310; 383,285 / 352,755 = 1.0865 is not above 394,328 / 351,002 = 1.1234.
func TestSignalsOfFilings(t *testing.T) {
	t.Parallel()
	apple, marvell := readFiler(t, "AAPL", day("2026-06-30")), readFiler(t, "MRVL", day("2026-06-30"))
	piotroski := metric.Find("piotroski_f_score")
	assert.Equal(t, []string{"roa_higher", "asset_turnover_higher"}, fails(apple.Of(apple.year(2023), piotroski).Parts))
	assert.Equal(t, []string{"cash_flow_above_income", "no_new_shares"}, fails(marvell.Of(marvell.year(2026), piotroski).Parts))
}

// Apple's share basis is that of today in every year.
func TestYearsOfFilings(t *testing.T) {
	t.Parallel()
	apple := readFiler(t, "AAPL", day("2026-06-30"))
	for _, test := range []struct {
		id   string
		year int
		want string
	}{
		{"earnings_per_share_growth_10y", 2025, "0.124623"},
		{"earnings_per_share_growth_10y", 2017, "0.322807"},
		{"earnings_per_share_growth_10y", 2016, "insufficient_history"},
		{"years_of_positive_earnings", 2025, "19"},
		{"years_of_rising_dividends", 2025, "13"},
	} {
		got := apple.Of(apple.year(test.year), metric.Find(test.id))
		assert.Equal(t, test.want, show(got, test.want), test)
	}
}

// Apple's newest statement of 2017-12-29 is that of its fiscal year 2017, as first filed.
func TestDayOfFilings(t *testing.T) {
	t.Parallel()
	apple, d := appleOn20171229(t)
	for id, want := range map[string]string{
		"price_to_earnings_ratio_ttm":         "17.970251282497",
		"price_to_book_ratio":                 "6.481902763658",
		"ev_to_assets":                        "2.569202784192",
		"price_to_sales_ratio":                "3.7904",
		"price_to_free_cash_flow":             "16.9879",
		"earnings_yield":                      "0.0556",
		"dividend_yield":                      "0.0147",
		"buyback_yield":                       "0.0379",
		"shareholder_yield":                   "0.0526",
		"enterprise_value_net_of_investments": "715664619760",
		"ev_net_to_ebit":                      "10.7761",
		"ev_to_operating_income":              "15.7191",
		"magic_formula_earnings_yield":        "0.0674",
		"price_to_graham_number":              "2.2753",
		"price_to_average_earnings_3y":        "18.9862",
		"altman_z":                            "3.8112",
		"price_to_owner_earnings":             "18.8653",
		"price_to_net_current_asset_value":    "negative_denominator",
		"price_to_average_earnings_10y":       "31.5938",
		"acquirers_multiple":                  "15.7191",
		"graham_defensive_passed":             "3",
		"price_to_earnings_percentile_5y":     "insufficient_history",
	} {
		assert.Equal(t, want, show(apple.OnDay(d, metric.Find(id)), want), id)
	}
	signals := apple.OnDay(d, metric.Find("graham_defensive_passed")).Parts
	assert.Equal(t, []string{"strong_finances", "price_to_earnings_moderate", "price_to_book_moderate"}, fails(signals))
	assert.Nil(t, signals[3].Holds())
	assert.Equal(t, metric.InsufficientHistory, signals[3].Reason)
}

func appleOn20171229(t testing.TB) (*filer, *metric.Day) {
	t.Helper()
	apple := readFiler(t, "AAPL", day("2017-12-29"))
	return apple, &metric.Day{
		Date: day("2017-12-29"), Statement: apple.year(2017), Cap: new(int64(868_879_619_760)), EnterpriseValue: new(int64(964_270_619_760)),
		Price: rat("169.23"), PricesFrom: new(day("2015-01-02")), Shares: new(int64(5_134_312_000)),
	}
}

func fails(parts []metric.Part) (names []string) {
	for _, p := range parts {
		if holds := p.Holds(); holds != nil && !*holds {
			names = append(names, p.ID)
		}
	}
	return names
}
