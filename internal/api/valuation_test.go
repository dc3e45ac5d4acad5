package api_test

import (
	"net/http"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

func (f *fixture) valuation(change func(*oas.GetCompanyValuationParams)) *oas.Valuation {
	f.t.Helper()
	p := oas.GetCompanyValuationParams{
		Ticker: "AAPL", DiscountRate: decimal.RequireFromString("0.10"), TerminalGrowth: decimal.RequireFromString("0.03"),
		AsOf: oas.NewOptDate(day("2017-12-29")),
	}
	change(&p)
	v, err := f.anon.GetCompanyValuation(f.t.Context(), p)
	require.NoError(f.t, err)
	return v
}

func TestValuation(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	f.imported("splits", []byte(appleSplits))
	f.imported("prices?ticker=AAPL", sampleFile(t, "prices-AAPL.csv"))
	f.createCompany("NEW")

	v := f.valuation(func(*oas.GetCompanyValuationParams) {})
	assert.Equal(t, "0.023148130", v.Values["implied_growth"].Value.StringFixed(9))
	assertDecimal(t, "715664619760", v.Values["value"])
	assertDecimal(t, "868879619760", v.Values["market_cap"])
	assertDecimal(t, "51147000000", v.Values["cash_flow"])
	assertDecimal(t, "169.23", v.Values["price"])
	assertDecimal(t, "5134312000", v.Values["shares_outstanding"])
	assert.Equal(t, oas.NewNilDate(day("2017-12-29")), v.Date)
	assert.Equal(t, oas.NewNilDate(day("2017-09-30")), v.StatementEndDate)
	assert.Equal(t, oas.MetricNull{Reason: oas.MetricReasonMissingInput, MissingInputs: []string{"growth"}}, v.Reasons["margin_of_safety"])
	assert.Len(t, v.Values, len(metric.Appraisals))
	assert.Len(t, v.Reasons, 3)
	require.Len(t, v.Sensitivity, 25)
	assert.Equal(t, oas.MetricValues{"implied_growth": v.Values["implied_growth"]}, v.Sensitivity[12].Values, "the middle")
	assert.True(t, v.Sensitivity[0].Growth.Null)
	assert.Equal(t, "0.08 0.01", v.Sensitivity[0].DiscountRate.String()+" "+v.Sensitivity[0].TerminalGrowth.String())

	// 66,412 x (1 - 15,738 / 64,089) / 0.1 = 501,035.53; less 115,680 - 20,289 of net debt, by 5,134.312 shares: 79.0066
	assert.Equal(t, "501035530590.27", v.Values["earnings_power_value"].Value.StringFixed(2))
	assert.Equal(t, "79.0066", v.Values["earnings_power_value_per_share"].Value.StringFixed(4))
	assert.Equal(t, "-1.1420", v.Values["earnings_power_margin_of_safety"].Value.StringFixed(4)) // 1 - 169.23 / 79.0066

	byCap := f.valuation(func(p *oas.GetCompanyValuationParams) {
		p.Value = oas.NewOptValueBasis(oas.ValueBasisMarketCap)
		p.DiscountRate, p.TerminalGrowth = decimal.RequireFromString("0.09"), decimal.RequireFromString("0.025")
	})
	assert.Equal(t, "0.034894021", byCap.Values["implied_growth"].Value.StringFixed(9))
	owner := f.valuation(func(p *oas.GetCompanyValuationParams) {
		p.CashFlow = oas.NewOptCashFlowBasis(oas.CashFlowBasisOwnerEarnings)
	})
	assertDecimal(t, "46057000000", owner.Values["cash_flow"])

	// With growth at the discount rate each of the years is worth the cash flow: 10 x 51,147 + 51,147 x 1.03 / 0.07 =
	// 1,264,061.57; (1,264,061.57 + 153,215) / 5,134.312 = 276.0402; 1 - 169.23 / 276.0402 = 0.386937
	grown := f.valuation(func(p *oas.GetCompanyValuationParams) { p.Growth = oas.NewOptDecimal(decimal.RequireFromString("0.1")) })
	assertDecimal(t, "1264061571428.571428571429", grown.Values["dcf_value"])
	assert.Equal(t, "276.0402", grown.Values["dcf_value_per_share"].Value.StringFixed(4))
	assert.Equal(t, "0.386937", grown.Values["margin_of_safety"].Value.StringFixed(6))
	assert.Empty(t, grown.Reasons)
	assert.Equal(t, oas.MetricValues{"dcf_value_per_share": grown.Values["dcf_value_per_share"], "margin_of_safety": grown.Values["margin_of_safety"]},
		grown.Sensitivity[12].Values)
	// The growth that the price implies gives the price.
	same := f.valuation(func(p *oas.GetCompanyValuationParams) { p.Growth = oas.NewOptDecimal(v.Values["implied_growth"].Value) })
	assert.Equal(t, "169.230000", same.Values["dcf_value_per_share"].Value.StringFixed(6))
	assert.Equal(t, "0.000000", same.Values["margin_of_safety"].Value.Abs().StringFixed(6))

	// Today's is that of the newest trading day, and before the first there is none.
	assert.Equal(t, v, f.valuation(func(p *oas.GetCompanyValuationParams) { p.AsOf = oas.OptDate{} }))
	for _, none := range []*oas.Valuation{
		f.valuation(func(p *oas.GetCompanyValuationParams) { p.AsOf = oas.NewOptDate(day("2015-01-01")) }),
		f.valuation(func(p *oas.GetCompanyValuationParams) { p.Ticker = "NEW" }),
	} {
		assert.True(t, none.Date.Null && none.Close.Null && none.StatementEndDate.Null)
		assert.Len(t, none.Reasons, len(metric.Appraisals))
		assert.Equal(t, oas.MetricNull{Reason: oas.MetricReasonInsufficientHistory, MissingInputs: []string{"price"}}, none.Reasons["price"])
	}
	f.imported("prices?ticker=NEW", []byte("date,close\n2017-12-29,10\n"))
	early := f.valuation(func(p *oas.GetCompanyValuationParams) { p.Ticker = "NEW" })
	assert.Equal(t, oas.NewNilDate(day("2017-12-29")), early.Date)
	assertDecimal(t, "10", early.Values["price"])
	assert.Len(t, early.Reasons, len(metric.Appraisals)-1, "nothing else is known before the first statement")
	assert.Equal(t, oas.MetricReasonSharesUnknown, early.Reasons["market_cap"].Reason)
	at := f.valuation(func(p *oas.GetCompanyValuationParams) { p.TerminalGrowth = p.DiscountRate })
	assert.Equal(t, oas.MetricReasonNegativeDenominator, at.Reasons["implied_growth"].Reason)
	free := f.valuation(func(p *oas.GetCompanyValuationParams) { p.DiscountRate = decimal.Zero })
	assert.Equal(t, oas.MetricReasonZeroDenominator, free.Reasons["earnings_power_value"].Reason)
}

func TestWrongRates(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("AAPL")
	right := map[string]string{"discount_rate": "0.1", "terminal_growth": "0.03", "growth": "0.05"}
	for name, values := range map[string][]string{
		"discount_rate":   {"", "-0.01", "1.01", "x", "1e99", "0.1234567890123456789012345678901234567890123", "NaN"},
		"terminal_growth": {"", "-0.91", "1.01", "x"},
		"growth":          {"-0.91", "10.01", "x"},
		"years":           {"0", "51", "1.5"},
		"value":           {"price", "MARKET_CAP"},
		"cash_flow":       {"net_income"},
		"as_of":           {"2999-01-01", "1899-12-31"},
	} {
		for _, value := range values {
			query := ""
			for other, v := range right {
				if other != name {
					query += "&" + other + "=" + v
				}
			}
			if value != "" {
				query += "&" + name + "=" + value
			}
			res, body := f.call("", http.MethodGet, api.Prefix+"/companies/AAPL/valuation?"+query[1:], nil)
			requireProblem(t, res, body, http.StatusUnprocessableEntity, name+"="+value)
			p := decodeProblem(t, body)
			if assert.Len(t, p.Errors, 1, name+"="+value) {
				assert.Equal(t, name, p.Errors[0].Field)
			}
			requireWords(t, body, name+"="+value)
		}
	}
	_, err := f.anon.GetCompanyValuation(t.Context(), oas.GetCompanyValuationParams{Ticker: "NONE", DiscountRate: decimal.NewFromInt(1)})
	problem(t, err, http.StatusNotFound)
}
