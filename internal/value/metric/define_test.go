package metric_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// Every metric says what it is, and names nothing that is not known.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	word := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, d := range metric.All() {
		assert.Regexp(t, word, d.ID)
		assert.False(t, ids[d.ID], "%s is defined twice", d.ID)
		ids[d.ID] = true
		assert.Same(t, d, metric.Find(d.ID))
		for _, text := range []string{d.Label, d.Formula, d.Source} {
			assert.NotEmpty(t, text, d.ID)
		}
		assert.Contains(t, []metric.Scope{metric.OfStatement, metric.OfYear, metric.OfDay}, d.Scope, d.ID)
		assert.Contains(t, metric.Groups, d.Group, d.ID)
		assert.Contains(t, []metric.Unit{
			metric.Ratio, metric.Fraction, metric.Money, metric.MoneyPerShare, metric.Days, metric.Count,
		}, d.Unit, d.ID)
		assert.Contains(t, []metric.Better{metric.Higher, metric.Lower, metric.Neither}, d.Better, d.ID)
		assert.NotEmpty(t, d.Inputs, d.ID)
		for _, input := range d.Inputs {
			assert.True(t, metric.Known(input), "%s: unknown input %s", d.ID, input)
		}
	}
	for _, term := range metric.Terms {
		assert.False(t, ids[term.ID], term.ID)
	}
	count := map[metric.Scope]int{}
	for _, d := range metric.All() {
		count[d.Scope]++
	}
	assert.Equal(t, map[metric.Scope]int{metric.OfStatement: 72, metric.OfYear: 62, metric.OfDay: 35}, count)
}

func TestKnown(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{
		"total_assets": true, "-1.total_assets": true, "ttm.net_income": true, "-2.ttm.net_income": true, "cap": true,
		"-1.book_value": true, "ttm.total_assets": false, "-1.cap": false, "total_asset": false, "": false, "1": false, "a +": false,
	} {
		assert.Equal(t, known, metric.Known(name), name)
	}
}

// Every figure of a struct of package value that is in whole units or a decimal has a name in the language of formulas.
func TestFiguresHaveNames(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		of     any
		prefix string
	}{{value.Statement{}, ""}, {value.TTM{}, "ttm."}} {
		for field := range reflect.TypeOf(s.of).Fields() {
			if kind := field.Type.String(); kind == "*int64" || kind == "*decimal.Decimal" {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				assert.True(t, metric.Known(s.prefix+name), "%s%s", s.prefix, name)
			}
		}
	}
}

// The metrics and ratios that package value computes have definitions here.
func TestMetricsOfValueAreDefined(t *testing.T) {
	t.Parallel()
	notMetrics := []string{"close", "exchange_rate", "shares_outstanding", "market_cap", "enterprise_value"}
	for _, of := range []any{value.Metrics{}, value.DailyRatios{}} {
		for field := range reflect.TypeOf(of).Fields() {
			name := field.Tag.Get("json")
			if kind := field.Type.String(); (kind == "*int64" || kind == "*decimal.Decimal") && !slices.Contains(notMetrics, name) {
				assert.NotNil(t, metric.Find(name), name)
			}
		}
	}
}

// What a metric reads is told in the order of its formula, with other metrics as what reasons name.
func TestInputs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"return_on_invested_capital": "ttm.ebit ttm.tax_expense ttm.profit_before_tax total_equity total_debt cash_and_equivalents",
		"return_on_average_equity":   "ttm.net_income ttm.preferred_dividends book_value -1.book_value",
		"cash_conversion_cycle": "receivables -1.receivables ttm.total_revenues inventory -1.inventory ttm.cost_of_revenue" +
			" accounts_payable -1.accounts_payable",
		"rule_of_40":                    "ttm.total_revenues -1.ttm.total_revenues ttm.free_cash_flow",
		"ev_net_to_ebit":                "enterprise_value short_term_investments long_term_investments ttm.ebit",
		"tangible_book_value_per_share": "tangible_book_value shares_outstanding",
	} {
		assert.Equal(t, want, strings.Join(metric.Find(id).Inputs, " "), id)
	}
	for id, years := range map[string]int{
		"current_ratio": 0, "share_count_growth": 1, "piotroski_f_score": 2, "revenue_growth_10y": 10,
		"return_on_equity_mean_5y": 4, "years_of_dividends": metric.AllYears, "graham_defensive_passed": 20,
	} {
		assert.Equal(t, years, metric.Find(id).Years, id)
	}
}

// A figure and a metric can be asked for by their names in one place.
func TestFiguresAndMetricsHaveNamesApart(t *testing.T) {
	t.Parallel()
	for field := range reflect.TypeFor[value.Statement]().Fields() {
		assert.Nil(t, metric.Find(field.Tag.Get("json")))
	}
}
