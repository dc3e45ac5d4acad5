package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// How a figure was made, and what changed between two days, by the command.
func TestExplainAndDiff(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	file, err := filepath.Abs("../../internal/sample/companyfacts-CIK0000320193.json.gz")
	require.NoError(t, err)
	run := func(args ...string) string {
		t.Helper()
		out, err := p.on(pool, args...)
		require.NoError(t, err, out)
		return out
	}
	refused := func(message string, args ...string) {
		t.Helper()
		out, err := p.on(pool, args...)
		require.Error(t, err, out)
		assert.Contains(t, out, message)
	}
	run("import", "sec", "--ticker", "AAPL", file)

	assert.Equal(t, `AAPL free_cash_flow, annual to 2023-09-30, in USD
99,584,000,000  difference
├─ 110,543,000,000  us-gaap:NetCashProvidedByUsedInOperatingActivities, USD, 2022-09-25 to 2023-09-30: 10-K 0000320193-23-000106 of 2023-11-03, repeated by 10-K 0000320193-25-000079 of 2025-10-31
│  https://www.sec.gov/Archives/edgar/data/320193/000032019323000106/0000320193-23-000106-index.htm
└─ 10,959,000,000  us-gaap:PaymentsToAcquirePropertyPlantAndEquipment, USD, 2022-09-25 to 2023-09-30: 10-K 0000320193-23-000106 of 2023-11-03, repeated by 10-K 0000320193-25-000079 of 2025-10-31
   https://www.sec.gov/Archives/edgar/data/320193/000032019323000106/0000320193-23-000106-index.htm
`, run("explain", "AAPL", "2023", "free_cash_flow"))
	assert.Contains(t, run("explain", "AAPL", "2016Q4", "operating_cash_flow"), "16,126,000,000  difference: year to date less year to date, one cycle")
	assert.Contains(t, run("explain", "AAPL", "2023", "return_on_invested_capital"), "0.700424340769  return_on_invested_capital = nopat / invested_capital")
	assert.Contains(t, run("explain", "AAPL", "2012", "earnings_per_share_diluted"), "1.5775  on the share basis after the splits 4 of 2020-10-30\n└─ 6.31  us-gaap")
	assert.Contains(t, run("explain", "--share-basis", "filed", "AAPL", "2012", "earnings_per_share_diluted"), "\n6.31  us-gaap")
	assert.Contains(t, run("explain", "--as-of", "2009-12-31", "AAPL", "2009", "total_revenues"), "\n36,537,000,000  us-gaap")
	assert.Contains(t, run("explain", "AAPL", "2023", "magic_formula_return_on_capital"), "\nnull: negative_denominator\n")
	assert.Contains(t, run("explain", "AAPL", "2023", "goodwill"), "\nnull: it is not reported")

	prices, err := filepath.Abs("../../internal/sample/prices-AAPL.csv")
	require.NoError(t, err)
	run("import", "prices", "--ticker", "AAPL", prices)
	day := run("explain", "AAPL", "2017-12-29", "ev_to_operating_income")
	assert.Contains(t, day, "\n15.719069831768  ev_to_operating_income = enterprise_value / ttm.operating_income\n")
	assert.Contains(t, day, "├─ 169.23  close\n")
	assert.Contains(t, day, "dei:EntityCommonStockSharesOutstanding, shares, 2017-10-20: 10-K 0000320193-17-000070 of 2017-11-03")
	assert.Contains(t, run("explain", "AAPL", "2017-12-29", "price_to_net_current_asset_value"), "\nnull: negative_denominator\n")
	refused("no such price of that day", "explain", "AAPL", "2017-12-30", "market_cap")
	refused("must be of a trading day", "explain", "AAPL", "2017-12-29", "quick_ratio")

	diff := run("diff", "AAPL", "2009-12-31", "2010-12-31")
	assert.Contains(t, diff, "annual to 2009-09-26, fiscal year 2009: changed\n")
	assert.Regexp(t, `  total_revenues +36,537,000,000 +42,905,000,000 +10-K/A 0001193125-10-012091 of 2010-01-25\n`, diff)
	assert.Contains(t, diff, "annual to 2010-09-25, fiscal year 2010: new, published 2010-10-27\n")
	assert.NotContains(t, strings.ToLower(run("diff", "AAPL", "2020-10-30", "2020-10-31")), "annual")
	// A split alone changes nothing: both days are on the share basis of the later one.
	assert.NotContains(t, run("diff", "AAPL", "2014-07-22", "2014-07-23"), "shares_outstanding")

	refused("no such company", "explain", "NOPE", "2023", "ebit")
	refused("no such statement", "explain", "AAPL", "1999", "ebit")
	refused("must be a figure of a statement", "explain", "AAPL", "2023", "profit")
	refused("is no fiscal year, quarter or day", "explain", "AAPL", "Q4", "ebit")
	refused("neither as_of nor filed", "explain", "--share-basis", "split", "AAPL", "2023", "ebit")
	refused("is not a date", "diff", "AAPL", "yesterday", "2010-12-31")
	refused("must be before to", "diff", "AAPL", "2010-12-31", "2010-12-31")
}
