package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func init() {
	pathValues["ticker"] = func(f *fixture) string { return string(f.company()) }
	maps.Copy(targets, map[string]func(*fixture) target{
		"replaceFinancialStatement": func(f *fixture) target {
			s, err := f.super.CreateFinancialStatement(f.t.Context(), &oas.FinancialStatementInput{
				Period: oas.PeriodQuarterly, FiscalYear: 2019, FiscalQuarter: oas.NewOptNilInt32(1), Currency: "JPY",
				EndDate: day("2019-03-31"), PublishDate: day("2019-04-30"),
			}, oas.CreateFinancialStatementParams{Ticker: f.company()})
			require.NoError(f.t, err)
			return target{
				path: map[string]string{"id": itoa(s.ID)}, keep: map[string]any{"period": "quarterly", "end_date": "2019-03-31"},
			}
		},
		"replaceDividend": func(f *fixture) target {
			d, err := f.super.CreateDividend(f.t.Context(), &oas.DividendInput{
				AmountPerShare: decimal.New(1, 0), Currency: "JPY", PublishDate: day("2019-04-30"),
			}, oas.CreateDividendParams{Ticker: f.company()})
			require.NoError(f.t, err)
			return target{path: map[string]string{"id": itoa(d.ID)}}
		},
	})
	maps.Copy(done, map[string]func(f *fixture, to target, value string, answer map[string]any){
		"createFinancialStatement adjusted_to":                    isBasis,
		"replaceFinancialStatement adjusted_to":                   isBasis,
		"createFinancialStatement per_share_basis_date":           givesWay("per_share_basis_date"),
		"replaceFinancialStatement per_share_basis_date":          givesWay("per_share_basis_date"),
		"createFinancialStatement shares_outstanding_basis_date":  givesWay("shares_outstanding_basis_date"),
		"replaceFinancialStatement shares_outstanding_basis_date": givesWay("shares_outstanding_basis_date"),
	})
	maps.Copy(special, map[string]func(n int) any{
		"cik":             func(int) any { return json.Number(itoa(uniqueCIK())) },
		"former_ciks":     func(int) any { return []any{json.Number(itoa(uniqueCIK())), json.Number(itoa(uniqueCIK()))} },
		"country":         func(n int) any { return string([]rune{rune('A' + n/26%26), rune('A' + n%26)}) },
		"currency":        func(n int) any { return []string{"USD", "EUR", "CHF", "GBP"}[n%4] },
		"isin":            func(int) any { return uniqueISIN() },
		"ordinary_shares": func(n int) any { return fmt.Sprintf("%d/%d", n, n+1) },
		"period":          func(int) any { return "quarterly" }, // as there is a fiscal quarter
		"start_date":      func(n int) any { return day("2018-01-01").AddDate(0, 0, n).Format(time.DateOnly) },
		"ticker":          func(n int) any { return strings.ToUpper(unique(fmt.Sprintf("N%03d", n))) }, // those of a list are in order
		"tickers":         func(int) any { return []any{strings.ToUpper(unique("N")), strings.ToUpper(unique("O"))} },
		"url":             func(n int) any { return fmt.Sprintf("https://example.com/%d", n) },
	})
}

// company creates a company and returns its ticker.
func (f *fixture) company() oas.Ticker {
	f.t.Helper()
	return oas.Ticker(f.createCompany(strings.ToUpper(unique("T"))).Ticker)
}

// isBasis requires that a day is the share basis of all figures.
func isBasis(f *fixture, _ target, value string, answer map[string]any) {
	assert.Equal(f.t, []any{value, value}, []any{answer["per_share_basis_date"], answer["shares_outstanding_basis_date"]})
}

// givesWay requires that another day than the given one, that of adjusted_to, has been taken. TestStatementIsPutBack gives
// it alone.
func givesWay(name string) func(f *fixture, to target, value string, answer map[string]any) {
	return func(f *fixture, _ target, value string, answer map[string]any) {
		assert.NotEqual(f.t, value, answer[name])
	}
}
