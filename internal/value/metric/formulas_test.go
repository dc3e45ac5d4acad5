package metric_test

import (
	"maps"
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

type amounts map[string]string

// figures reads numbers by name.
func (a amounts) figures(name string) *big.Rat {
	if text, ok := a[name]; ok {
		return rat(text)
	}
	return nil
}

// annual is the report of a year in which a company's fiscal year ends with the calendar's.
func annual(year int, a amounts) *metric.Report {
	return &metric.Report{
		Period: value.Annual, FiscalYear: year, EndDate: day("2000-12-31").AddDate(year-2000, 0, 0), Currency: "USD",
		Own: a.figures, Months: a.figures,
	}
}

var (
	thisYear = amounts{
		"total_revenues": "1000", "cost_of_revenue": "600", "gross_profit": "400", "operating_income": "200",
		"selling_general_administrative": "120", "research_and_development": "50", "interest_expense": "20",
		"profit_before_tax": "190", "tax_expense": "38", "net_income": "152", "preferred_dividends": "2", "depreciation": "40",
		"depreciation_and_amortization": "50", "ebit": "210", "ebitda": "260", "operating_cash_flow": "180",
		"capital_expenditure": "60", "free_cash_flow": "120", "dividends_paid": "30", "share_repurchases": "45",
		"stock_based_compensation": "10", "earnings_per_share_diluted": "1.5", "dividends_per_share": "0.3",
		"total_assets": "2000", "current_assets": "800", "cash_and_equivalents": "100", "short_term_investments": "150",
		"receivables": "250", "inventory": "200", "long_term_investments": "90", "property_plant_equipment": "700",
		"goodwill": "100", "intangible_assets": "50", "total_liabilities": "1100", "current_liabilities": "400",
		"accounts_payable": "150", "short_term_debt": "80", "long_term_debt": "320", "total_debt": "400", "total_equity": "900",
		"retained_earnings": "500", "noncontrolling_interest": "20", "preferred_stock": "30", "shares_outstanding": "100",
	}
	lastYear = amounts{
		"total_revenues": "800", "gross_profit": "300", "operating_income": "120", "selling_general_administrative": "80",
		"profit_before_tax": "140", "tax_expense": "35", "net_income": "100", "depreciation": "30",
		"depreciation_and_amortization": "40", "ebit": "150", "operating_cash_flow": "130", "free_cash_flow": "96",
		"earnings_per_share_diluted": "1.25", "dividends_per_share": "3/11", "total_assets": "1600", "current_assets": "700",
		"cash_and_equivalents": "115", "short_term_investments": "120", "receivables": "150", "inventory": "100",
		"property_plant_equipment": "600", "current_liabilities": "400", "accounts_payable": "90", "short_term_debt": "60",
		"long_term_debt": "400", "total_debt": "460", "total_equity": "780", "preferred_stock": "30", "shares_outstanding": "105",
	}
)

// handMade is a company whose figures are made for mental arithmetic. Of the years before the last, revenue, free cash flow
// and book value shrink by a fifth a year as one goes back (so they grow by a quarter), earnings per share by a sixth and
// dividends per share by an eleventh. k years ago the gross margin was 0.30 + 0.01 k, the operating margin 0.10 + 0.01 k,
// the net margin 0.05 + 0.01 k; a quarter of profit went to taxes, and 0.6 of revenue was invested.
func handMade() (*metric.Company, *metric.Report) {
	reports := []*metric.Report{annual(2025, thisYear), annual(2024, lastYear)}
	power := func(base string, n int) *big.Rat {
		p := big.NewRat(1, 1)
		for range n {
			p.Mul(p, rat(base))
		}
		return p
	}
	for k := 2; k <= 10; k++ {
		of := func(part, whole *big.Rat) string { return new(big.Rat).Mul(part, whole).RatString() }
		revenue := new(big.Rat).Mul(rat("1000"), power("0.8", k))
		hundredths := func(n int) *big.Rat { return big.NewRat(int64(n), 100) }
		profit := new(big.Rat).Mul(revenue, hundredths(10+k))
		reports = append(reports, annual(2025-k, amounts{
			"total_revenues":             revenue.RatString(),
			"gross_profit":               of(revenue, hundredths(30+k)),
			"operating_income":           profit.RatString(),
			"ebit":                       profit.RatString(),
			"profit_before_tax":          profit.RatString(),
			"tax_expense":                of(profit, rat("0.25")),
			"net_income":                 of(revenue, hundredths(5+k)),
			"free_cash_flow":             of(revenue, rat("0.12")),
			"earnings_per_share_diluted": of(rat("1.5"), power("5/6", k)),
			"dividends_per_share":        of(rat("0.3"), power("10/11", k)),
			"total_equity":               of(revenue, rat("0.85")),
			"cash_and_equivalents":       of(revenue, rat("0.25")),
			"total_assets":               map[bool]string{true: "1400", false: "1000"}[k == 2],
			"shares_outstanding":         "100",
		}))
	}
	return metric.NewCompany(reports), reports[0]
}

// handMadeDay is one on which all shares cost 2,100: with debt of 400, minorities of 20 and preferred stock of 30, less
// cash of 100, that is 2,450; without securities of 150 and 90 it is 2,210.
func handMadeDay(r *metric.Report) *metric.Day {
	d := &metric.Day{
		Date: day("2026-03-02"), Statement: r, Cap: new(int64(2100)), EnterpriseValue: new(int64(2450)), Price: rat("21"),
		GrahamSize: rat("1000"), PricesFrom: new(day("2021-03-12")),
	}
	for i := range 749 {
		d.PriceEarnings = append(d.PriceEarnings, decimal.NewFromInt(int64(10+10*(i%2)))) // 375 times 10, 374 times 20
	}
	return d
}

// worked are the values of the hand-made company, by hand. A decimal is rounded, a fraction is exact.
var worked = map[string]string{
	"book_value":                                "850",             // 900 - 20 - 30
	"tangible_book_value":                       "700",             // 850 - 100 - 50
	"tangible_book_value_per_share":             "7",               // 700 / 100
	"debt_to_equity":                            "4/9",             // 400 / 900
	"equity_ratio":                              "9/20",            // 900 / 2000
	"debt_ratio":                                "11/20",           // 1100 / 2000
	"cash_ratio":                                "1/4",             // 100 / 400
	"current_ratio":                             "2",               // 800 / 400
	"working_capital":                           "400",             // 800 - 400
	"gross_profit_margin":                       "2/5",             // 400 / 1000
	"net_profit_margin":                         "19/125",          // 152 / 1000
	"operating_margin":                          "1/5",             // 200 / 1000
	"ebit_margin":                               "21/100",          // 210 / 1000
	"ebitda_margin":                             "13/50",           // 260 / 1000
	"return_on_equity":                          "3/17",            // 150 / 850
	"return_on_assets":                          "19/250",          // 152 / 2000
	"debt_to_ebitda":                            "20/13",           // 400 / 260
	"cash_return_on_capital_invested":           "1/5",             // 260 / 1300
	"nopat":                                     "168",             // 210 x (1 - 38 / 190)
	"invested_capital":                          "1200",            // 900 + 400 - 100
	"return_on_invested_capital":                "7/50",            // 168 / 1200
	"return_on_capital_employed":                "21/160",          // 210 / (2000 - 400)
	"return_on_average_equity":                  "3/16",            // 150 / ((850 + 750) / 2)
	"return_on_average_assets":                  "19/225",          // 152 / ((2000 + 1600) / 2)
	"return_on_tangible_equity":                 "3/14",            // 150 / 700
	"effective_tax_rate":                        "1/5",             // 38 / 190
	"gross_profitability":                       "1/5",             // 400 / 2000
	"operating_cash_flow_margin":                "9/50",            // 180 / 1000
	"free_cash_flow_margin":                     "3/25",            // 120 / 1000
	"research_and_development_to_revenue":       "1/20",            // 50 / 1000
	"selling_general_administrative_to_revenue": "3/25",            // 120 / 1000
	"stock_based_compensation_to_revenue":       "1/100",           // 10 / 1000
	"magic_formula_return_on_capital":           "20/93",           // 200 / (800 - 100 - 150 - (400 - 80) + 700)
	"tax_burden":                                "4/5",             // 152 / 190
	"interest_burden":                           "19/21",           // 190 / 210
	"asset_turnover":                            "5/9",             // 1000 / 1800
	"equity_multiplier":                         "9/4",             // 1800 / 800
	"days_sales_outstanding":                    "73",              // 365 x (250 + 150) / 2 / 1000
	"days_inventory_outstanding":                "365/4",           // 365 x (200 + 100) / 2 / 600
	"days_payables_outstanding":                 "73",              // 365 x (150 + 90) / 2 / 600
	"cash_conversion_cycle":                     "365/4",           // 73 + 91.25 - 73
	"capital_expenditure_to_revenue":            "3/50",            // 60 / 1000
	"capital_expenditure_to_depreciation":       "6/5",             // 60 / 50
	"quick_ratio":                               "5/4",             // (100 + 150 + 250) / 400
	"interest_coverage":                         "21/2",            // 210 / 20
	"net_debt":                                  "300",             // 400 - 100
	"net_debt_to_ebitda":                        "15/13",           // 300 / 260
	"net_cash_and_investments":                  "-60",             // 100 + 150 + 90 - 400
	"long_term_debt_to_working_capital":         "4/5",             // 320 / 400
	"free_cash_flow_to_debt":                    "3/10",            // 120 / 400
	"altman_z_private":                          "1.504930454545",  // 0.1434 + 0.21175 + 0.326235 + 0.42 x 850 / 1100 + 0.499
	"altman_z_double_prime":                     "3.643963636364",  // 1.312 + 0.815 + 0.7056 + 1.05 x 850 / 1100
	"cash_conversion":                           "45/38",           // 180 / 152
	"cash_flow_accruals":                        "-7/450",          // (152 - 180) / 1800
	"sloan_accruals":                            "11/360",          // (100 - 15 - 0 + 20 - 50) / 1800
	"net_current_asset_value":                   "-350",            // 800 - 1100 - 30 - 20
	"graham_number":                             "16.9374",         // the root of 22.5 x 150 x 850 = 2,868,750, by 100
	"owner_earnings":                            "140",             // 150 + 50 - 60
	"payout_ratio":                              "1/5",             // 30 / 150
	"free_cash_flow_payout_ratio":               "1/4",             // 30 / 120
	"dividend_cover":                            "5",               // 150 / 30
	"book_value_per_share":                      "17/2",            // 850 / 100
	"revenue_per_share":                         "10",              // 1000 / 100
	"operating_cash_flow_per_share":             "9/5",             // 180 / 100
	"free_cash_flow_per_share":                  "6/5",             // 120 / 100
	"owner_earnings_per_share":                  "7/5",             // 140 / 100
	"net_current_asset_value_per_share":         "-7/2",            // -350 / 100
	"ttm_revenue_growth":                        "1/4",             // 1000 / 800 - 1
	"rule_of_40":                                "37/100",          // 0.25 + 120 / 1000
	"share_count_growth":                        "-1/21",           // 100 / 105 - 1
	"piotroski_f_score":                         "9",               // all, see TestScoresByHand
	"beneish_m_score":                           "-1.870703142857", // see TestScoresByHand

	"book_value_per_share_growth_1y":            "19/100", // 8.5 / (750 / 105) - 1
	"years_of_positive_earnings":                "11",     // 2015 to 2025
	"years_of_positive_free_cash_flow":          "11",
	"years_of_dividends":                        "11",
	"years_of_rising_dividends":                 "10",             // before 2015 nothing is known
	"incremental_return_on_invested_capital_5y": "131136/1003392", // (168 - 36.864) / (1200 - 196.608)
	"share_count_growth_5y":                     "0",              // 100 both times

	"price_to_earnings_ratio_ttm":         "14",    // 2100 / 150
	"price_to_book_ratio":                 "42/17", // 2100 / 850
	"market_to_book_ratio":                "42/17",
	"price_to_tangible_book_value":        "3",       // 2100 / 700
	"ev_to_revenue":                       "49/20",   // 2450 / 1000
	"ev_to_net_income":                    "1225/76", // 2450 / 152
	"ev_to_ebit":                          "35/3",    // 2450 / 210
	"ev_to_ebitda":                        "245/26",  // 2450 / 260
	"ev_to_assets":                        "49/40",   // 2450 / 2000
	"price_to_sales_ratio":                "21/10",   // 2100 / 1000
	"price_to_operating_cash_flow":        "35/3",    // 2100 / 180
	"price_to_free_cash_flow":             "35/2",    // 2100 / 120
	"price_to_owner_earnings":             "15",      // 2100 / 140
	"price_to_net_current_asset_value":    "negative_denominator",
	"price_to_graham_number":              "1.239861",       // 2100 / 1693.73847
	"earnings_yield":                      "1/14",           // 150 / 2100
	"free_cash_flow_yield":                "2/35",           // 120 / 2100
	"dividend_yield":                      "1/70",           // 30 / 2100
	"buyback_yield":                       "3/140",          // 45 / 2100
	"shareholder_yield":                   "1/28",           // (45 + 30) / 2100
	"enterprise_value_net_of_investments": "2210",           // 2450 - 150 - 90
	"ev_to_operating_income":              "49/4",           // 2450 / 200
	"ev_to_free_cash_flow":                "245/12",         // 2450 / 120
	"ev_to_gross_profit":                  "49/8",           // 2450 / 400
	"ev_net_to_ebit":                      "221/21",         // 2210 / 210
	"ev_net_to_ebitda":                    "17/2",           // 2210 / 260
	"ev_net_to_free_cash_flow":            "221/12",         // 2210 / 120
	"ev_net_to_revenue":                   "221/100",        // 2210 / 1000
	"acquirers_multiple":                  "49/4",           // 2450 / 200
	"magic_formula_earnings_yield":        "2/23",           // 200 / (2450 - 150)
	"altman_z":                            "2.581954545455", // 0.24 + 0.35 + 0.3465 + 0.6 x 2100 / 1100 + 0.5
	"price_to_average_earnings_3y":        "216/13",         // 21 / ((1.5 + 1.25 + 1.041667) / 3)
	"price_to_average_earnings_10y":       "27.8277",        // 21 / (0.15 x 6 x (1 - (5/6)^10))
	"price_to_earnings_percentile_5y":     "188/375",        // (375 + 1) / (749 + 1)
	"graham_defensive_passed":             "4",              // of 6 known, see TestScoresByHand
}

func init() {
	for _, n := range []string{"1y", "3y", "5y", "10y"} {
		worked["revenue_growth_"+n] = "1/4"
		worked["free_cash_flow_growth_"+n] = "1/4"
		worked["earnings_per_share_growth_"+n] = "0.200000000000"
		worked["dividends_per_share_growth_"+n] = "0.100000000000"
		if n != "1y" {
			worked["book_value_per_share_growth_"+n] = "1/4"
		}
	}
	// Of five years mean, median and minimum, of ten years the same, in parts.
	for series, levels := range map[string][6]string{
		// 40 37.5 32 33 34 | 35 36 37 38 39 hundredths
		"gross_profit_margin": {"353/1000", "34/100", "32/100", "3615/10000", "365/1000", "32/100"},
		// 20 15 12 13 14 | 15 16 17 18 19 hundredths
		"operating_margin": {"148/1000", "14/100", "12/100", "159/1000", "155/1000", "12/100"},
		// 15.2 12.5 7 8 9 | 10 11 12 13 14 hundredths
		"net_profit_margin":     {"1034/10000", "9/100", "7/100", "1117/10000", "115/1000", "7/100"},
		"free_cash_flow_margin": {"12/100", "12/100", "12/100", "12/100", "12/100", "12/100"},
		// 45 34 21 24 27 | 30 33 36 39 42 parts of 255
		"return_on_equity": {"151/1275", "27/255", "21/255", "331/2550", "67/510", "21/255"},
		// 14 10 15 16.25 17.5 | 18.75 20 21.25 22.5 23.75 hundredths
		"return_on_invested_capital": {"1455/10000", "15/100", "1/10", "179/1000", "18125/100000", "1/10"},
	} {
		for i, id := range []string{"_mean_5y", "_median_5y", "_minimum_5y", "_mean_10y", "_median_10y", "_minimum_10y"} {
			worked[series+id] = levels[i]
		}
	}
}

// Every formula, with figures worked out by hand.
func TestFormulasByHand(t *testing.T) {
	t.Parallel()
	company, r := handMade()
	d := handMadeDay(r)
	for _, m := range metric.All() {
		want, ok := worked[m.ID]
		if !assert.True(t, ok, "%s is not worked out", m.ID) {
			continue
		}
		var got metric.Result
		if m.Scope == metric.OfDay {
			got = company.OnDay(d, m)
		} else {
			got = company.Of(r, m)
		}
		if strings.Contains(want, ".") || got.Exact == nil {
			assert.Equal(t, want, show(got, want), m.ID)
			continue
		}
		assert.Equal(t, rat(want).RatString(), got.Exact.RatString(), m.ID)
	}
	assert.Len(t, worked, len(metric.All()))
}

func TestScoresByHand(t *testing.T) {
	t.Parallel()
	company, r := handMade()
	for _, s := range company.Of(r, metric.Find("piotroski_f_score")).Parts {
		assert.True(t, *s.Holds(), s.ID)
	}
	parts := map[string]string{}
	for _, p := range company.Of(r, metric.Find("beneish_m_score")).Parts {
		parts[p.ID] = p.Exact.RatString()
	}
	assert.Equal(t, map[string]string{
		"DSRI": "4/3",    // 0.25 / 0.1875
		"GMI":  "15/16",  // 0.375 / 0.4
		"AQI":  "4/3",    // (1 - 0.75) / (1 - 0.8125)
		"SGI":  "5/4",    // 1000 / 800
		"DEPI": "37/42",  // 30 / 630 / (40 / 740)
		"SGAI": "6/5",    // 0.12 / 0.1
		"TATA": "-7/500", // (152 - 180) / 2000
		"LVGI": "18/25",  // 720 / 2000 / (800 / 1600)
	}, parts)
	assert.Equal(t, []string{"price_to_earnings_moderate", "price_to_book_moderate"},
		fails(company.OnDay(handMadeDay(r), metric.Find("graham_defensive_passed")).Parts))
}

// with returns the figures with others, and without those that are empty.
func (a amounts) with(other amounts) amounts {
	changed := maps.Clone(a)
	for name, v := range other {
		if v == "" {
			delete(changed, name)
		} else {
			changed[name] = v
		}
	}
	return changed
}
