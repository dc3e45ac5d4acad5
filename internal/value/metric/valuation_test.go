package metric_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// rat reads a number.
func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

// What Apple's price of 2017-12-29 asks of its free cash flow of fiscal year 2017, with and without its securities.
func ExampleImpliedGrowth() {
	for _, of := range [][]string{{"715664619760", "0.10", "0.03"}, {"868879619760", "0.09", "0.025"}} {
		g := metric.ImpliedGrowth(rat(of[0]), rat("51147000000"), rat(of[1]), rat(of[2]), 10)
		fmt.Println(g.Exact.FloatString(9))
	}
	// Output:
	// 0.023148130
	// 0.034894021
}

func TestImpliedGrowth(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		worth, cash, rate, terminal string
		years                       int
		reason                      metric.Reason
		growth                      string
	}{
		// 110 / 1.1 + 110 x 1 / (0.1 x 1.1) = 1,100
		{"1100", "100", "0.1", "0", 1, "", "0.100000000000"},
		// A cash flow that does not grow is worth 100 / 0.1.
		{"1000", "100", "0.1", "0", 7, "", "0.000000000000"},
		{"0", "100", "0.1", "0", 7, metric.NegativeInput, ""},
		{"1000", "-1", "0.1", "0", 7, metric.NegativeInput, ""},
		{"1000", "100", "0.1", "0.1", 7, metric.NegativeDenominator, ""},
		{"-1", "100", "0.1", "0.2", 7, metric.NegativeDenominator, ""},
		{"1000", "100", "0.1", "0", 0, metric.NegativeInput, ""},
		{"1e30", "100", "0.1", "0", 7, metric.NegativeInput, ""},  // more than ten times a year
		{"0.001", "100", "0.1", "0", 7, metric.NegativeInput, ""}, // less than nothing
	} {
		g := metric.ImpliedGrowth(rat(test.worth), rat(test.cash), rat(test.rate), rat(test.terminal), test.years)
		assert.Equal(t, test.reason, g.Reason, test)
		if test.growth != "" && assert.NotNil(t, g.Exact) {
			assert.Equal(t, test.growth, g.Decimal().StringFixed(12), test)
		}
	}
}

func TestDiscountedCashFlow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cash, growth, rate, terminal string
		years                        int
		reason                       metric.Reason
		worth                        string
	}{
		{"100", "0.1", "0.1", "0", 1, "", "1100"},      // 110 / 1.1 + 110 / (0.1 x 1.1)
		{"100", "0", "0.1", "0", 7, "", "1000"},        // 100 / 0.1
		{"100", "0.05", "0.1", "0.05", 3, "", "2100"},  // 100 x 1.05 / (0.1 - 0.05), whatever the years
		{"100", "0.21", "0.1", "-0.1", 2, "", "775.5"}, // 110 + 121 + 121 x 0.9 / 0.2
		{"100", "0.1", "0.1", "0.1", 7, metric.NegativeDenominator, ""},
		{"0", "0.1", "0.1", "0.2", 7, metric.NegativeDenominator, ""},
		{"0", "0.1", "0.1", "0", 7, metric.NegativeInput, ""},
		{"100", "-1", "0.1", "0", 7, metric.NegativeInput, ""},
		{"100", "0", "0.1", "0", 0, metric.NegativeInput, ""},
	} {
		got := metric.DiscountedCashFlow(rat(test.cash), rat(test.growth), rat(test.rate), rat(test.terminal), test.years)
		assert.Equal(t, test.reason, got.Reason, test)
		if test.worth != "" && assert.NotNil(t, got.Exact) {
			assert.Equal(t, test.worth, got.Decimal().String(), test)
		}
	}
}

// A business that costs 1,000: 900 for its 100 shares, of 9 each, and 100 for who comes before them.
func business() metric.Business {
	n := func(s string) metric.Result { return metric.Result{Exact: rat(s)} }
	return metric.Business{
		Value: n("1000"), Cap: n("900"), CashFlow: n("100"), NOPAT: n("120"), NetDebt: n("200"), Price: n("9"), Shares: n("100"),
	}
}

func shown(parts []metric.Part) map[string]string {
	all := map[string]string{}
	for _, p := range parts {
		if all[p.ID] = show(p.Result, "0.000000"); p.Exact != nil {
			all[p.ID] = p.Decimal().String()
		}
	}
	return all
}

func TestValuateByHand(t *testing.T) {
	t.Parallel()
	rates := metric.Rates{Discount: rat("0.1"), TerminalGrowth: rat("0"), Growth: rat("0.1"), Years: 1}
	assert.Equal(t, map[string]string{
		"price": "9", "shares_outstanding": "100", "market_cap": "900", "value": "1000", "cash_flow": "100",
		"implied_growth":                  "0",    // 100 / 0.1 = 1,000
		"dcf_value":                       "1100", // as above
		"dcf_value_per_share":             "10",   // (1,100 - (1,000 - 900)) / 100
		"margin_of_safety":                "0.1",  // 1 - 9 / 10
		"earnings_power_value":            "1200", // 120 / 0.1
		"earnings_power_value_per_share":  "10",   // (1,200 - 200) / 100
		"earnings_power_margin_of_safety": "0.1",
	}, shown(business().Valuate(rates)))

	// By the market capitalisation nobody comes before the shareholders.
	b := business()
	b.Value = b.Cap
	byCap := shown(b.Valuate(rates))
	assert.Equal(t, []string{"900", "11", "0.181818181818"}, []string{byCap["value"], byCap["dcf_value_per_share"], byCap["margin_of_safety"]})

	rates.Growth = nil
	without := shown(business().Valuate(rates))
	for _, id := range []string{"dcf_value", "dcf_value_per_share", "margin_of_safety"} {
		assert.Equal(t, "missing_input growth", without[id], id)
	}
	assert.Equal(t, "0", without["implied_growth"])

	b = business()
	b.NetDebt = metric.Result{Exact: rat("1200")}
	assert.Equal(t, "0 zero_denominator", shown(b.Valuate(rates))["earnings_power_value_per_share"]+" "+shown(b.Valuate(rates))["earnings_power_margin_of_safety"])
	b.NetDebt = metric.Result{Exact: rat("1300")}
	assert.Equal(t, "negative_denominator", shown(b.Valuate(rates))["earnings_power_margin_of_safety"])
	b.NetDebt = metric.Result{Reason: metric.DebtUnknown}
	assert.Equal(t, "debt_unknown", shown(b.Valuate(rates))["earnings_power_value_per_share"])
	assert.Equal(t, "1200", shown(b.Valuate(rates))["earnings_power_value"])
	b.Shares, b.Price = metric.Result{Reason: metric.SharesUnknown}, metric.Result{Reason: metric.ADSRatioUnknown}
	assert.Equal(t, "shares_unknown", shown(b.Valuate(rates))["earnings_power_margin_of_safety"])

	for id, why := range shown(metric.NoBusiness().Valuate(rates)) {
		assert.Contains(t, why, "insufficient_history price", id)
	}
	for i, p := range business().Valuate(rates) {
		assert.Equal(t, metric.Appraisals[i].ID, p.ID)
	}
}

func TestSensitivity(t *testing.T) {
	t.Parallel()
	rates := metric.Rates{Discount: rat("0.1"), TerminalGrowth: rat("0"), Growth: rat("0"), Years: 5}
	cells := business().Sensitivity(rates)
	assert.Len(t, cells, 25)
	for _, c := range []struct {
		at                        int
		rate, growth, per, margin string
	}{
		{12, "0.1", "0", "9", "0"},                             // 100 / 0.1 = 1,000
		{22, "0.12", "0", "7.333333333333", "-0.227272727273"}, // 100 / 0.12 = 833.33
		{0, "0.08", "-0.02", "", ""}, {24, "0.12", "0.02", "", ""},
	} {
		got := shown(cells[c.at].Parts)
		assert.Equal(t, rat(c.rate).RatString()+" "+rat(c.growth).RatString(), cells[c.at].Discount.RatString()+" "+cells[c.at].Growth.RatString())
		if c.per != "" {
			assert.Equal(t, map[string]string{"dcf_value_per_share": c.per, "margin_of_safety": c.margin}, got)
		}
	}

	rates.Growth, rates.Discount = nil, rat("0.03")
	cells = business().Sensitivity(rates)
	assert.Len(t, cells, 25)
	assert.Equal(t, map[string]string{"implied_growth": "negative_denominator"}, shown(cells[4].Parts), "0.01 and 0.02")
	assert.Nil(t, cells[0].Growth)
	assert.Equal(t, "-1/50", cells[0].TerminalGrowth.RatString())
}

// Apple's business of 2017-12-29.
func TestBusinessOfFilings(t *testing.T) {
	t.Parallel()
	apple, d := appleOn20171229(t)
	rates := metric.Rates{Discount: rat("0.1"), TerminalGrowth: rat("0.03"), Growth: nil, Years: 10}
	got := shown(apple.BusinessOn(d, metric.ByEVN, metric.ByFreeCashFlow).Valuate(rates))
	assert.Equal(t, "715664619760 51147000000 0.023148130", got["value"]+" "+got["cash_flow"]+" "+got["implied_growth"][:11])
	rates.Discount, rates.TerminalGrowth = rat("0.09"), rat("0.025")
	got = shown(apple.BusinessOn(d, metric.ByMarketCap, metric.ByFreeCashFlow).Valuate(rates))
	assert.Equal(t, "868879619760 0.034894021", got["value"]+" "+got["implied_growth"][:11])
	owner := shown(apple.BusinessOn(d, metric.ByMarketCap, metric.ByOwnerEarnings).Valuate(rates))
	assert.Equal(t, "46057000000", owner["cash_flow"]) // 48,351 + 10,157 - 12,451
	d.Reasons, d.Cap, d.Shares, d.EnterpriseValue = []metric.Reason{metric.SplitDateUnknown}, nil, nil, nil
	d.Price = nil
	for id, why := range shown(apple.BusinessOn(d, metric.ByEVN, metric.ByFreeCashFlow).Valuate(rates)) {
		if id != "cash_flow" && id != "earnings_power_value" && id != "dcf_value" {
			assert.Equal(t, "split_date_unknown", why[:18], id)
		}
	}
}

// The n-th power of a root is the number, and whole roots are exact.
func TestRoot(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "4", metric.Root(rat("16"), 2).RatString())
	assert.Equal(t, "3/2", metric.Root(rat("57.6650390625"), 10).RatString())
	assert.Equal(t, "7/10", metric.Root(rat("0.343"), 3).RatString())
	assert.Equal(t, "1.414213562373095048801688724210", metric.Root(rat("2"), 2).FloatString(30))
	for _, n := range []int{1, 2, 3, 5, 10} {
		for _, x := range []string{"1", "0.000001", "2.7", "123456789.123", "999999999999"} {
			root, power := metric.Root(rat(x), n), big.NewRat(1, 1)
			for range n {
				power.Mul(power, root)
			}
			assert.Equal(t, rat(x).FloatString(12), power.FloatString(12), "%s, %d", x, n)
		}
	}
}
