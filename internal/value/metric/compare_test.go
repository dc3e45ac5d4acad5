package metric_test

import (
	"math/big"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// The metrics that package value computes are the same here, of every statement of three companies.
func TestMetricsAreThoseOfValue(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, ticker := range []string{"AAPL", "SNOW", "MRVL"} {
		statements := readStatements(t, ticker, day("2026-06-30"))
		reports := metric.Reports(statements)
		company := metric.NewCompany(reports)
		for i, s := range statements {
			metrics := value.ComputeMetrics(s, value.TrailingTwelveMonths(s, statements))
			for field, v := range reflect.ValueOf(metrics).Fields() {
				got := company.Of(reports[i], metric.Find(field.Tag.Get("json")))
				if v.IsNil() {
					assert.Nil(t, got.Exact, field.Name)
					assert.NotEmpty(t, got.Reason, field.Name)
					continue
				}
				require.NotNil(t, got.Exact, "%s %s %s", ticker, s.EndDate, field.Name)
				want := v.Interface()
				if n, ok := want.(*int64); ok {
					want = new(decimal.NewFromInt(*n))
				}
				assert.Equal(t, want.(*decimal.Decimal).String(), got.Decimal().String(), "%s %s %s", ticker, s.EndDate, field.Name)
				compared++
			}
		}
	}
	assert.Greater(t, compared, 2000)
}

// each calls f for every statement of three companies.
func each(t *testing.T, f func(company *filer, r *metric.Report)) {
	t.Helper()
	for _, ticker := range []string{"AAPL", "SNOW", "MRVL"} {
		company := readFiler(t, ticker, day("2026-06-30"))
		for _, r := range company.reports {
			f(company, r)
		}
	}
}

func times(factors ...*big.Rat) *big.Rat {
	p := big.NewRat(1, 1)
	for _, f := range factors {
		if f == nil {
			return nil
		}
		p.Mul(p, f)
	}
	return p
}

// Products and sums that hold of any company, exactly, wherever all is known.
func TestIdentities(t *testing.T) {
	t.Parallel()
	held := map[string]int{}
	each(t, func(company *filer, r *metric.Report) {
		of := func(id string) *big.Rat { return company.Of(r, metric.Find(id)).Exact }
		same := func(name string, a, b *big.Rat) {
			if a != nil && b != nil {
				assert.Equal(t, a.RatString(), b.RatString(), "%s %s", name, r.EndDate)
				held[name]++
			}
		}
		// No company here has preferred dividends.
		same("du Pont", of("return_on_average_equity"), times(of("return_on_average_assets"), of("equity_multiplier")))
		if ebit, revenue := r.Months("ebit"), r.Months("total_revenues"); ebit != nil && revenue != nil && ebit.Sign() > 0 {
			same("du Pont, five steps", of("return_on_average_equity"), times(of("tax_burden"), of("interest_burden"),
				new(big.Rat).Quo(ebit, revenue), of("asset_turnover"), of("equity_multiplier")))
		}
		same("cover is the inverse of payout", big.NewRat(1, 1), times(of("payout_ratio"), of("dividend_cover")))
		same("book value per share", r.Own("shares_outstanding"), func() *big.Rat {
			book, per := of("book_value"), of("book_value_per_share")
			if book == nil || per == nil || per.Sign() == 0 {
				return nil
			}
			return new(big.Rat).Quo(book, per)
		}())
		same("return on capital", of("nopat"), times(of("return_on_invested_capital"), of("invested_capital")))
		if graham, shares := of("graham_number"), r.Own("shares_outstanding"); graham != nil {
			square := times(graham, graham, shares, shares)
			same("the square of the Graham number", rat(times(rat("22.5"), of("book_value"), r.Months("net_income")).FloatString(0)),
				rat(square.FloatString(0)))
		}
	})
	for _, name := range []string{
		"du Pont", "du Pont, five steps", "cover is the inverse of payout", "book value per share", "return on capital",
		"the square of the Graham number",
	} {
		assert.GreaterOrEqual(t, held[name], 30, name)
	}
}

// A null has a reason that is in the list, and a number has none; a score has its parts either way.
func TestNullsHaveReasons(t *testing.T) {
	t.Parallel()
	each(t, func(company *filer, r *metric.Report) {
		for _, d := range metric.All() {
			if d.Scope == metric.OfDay || d.Scope == metric.OfYear && r.Period != value.Annual {
				continue
			}
			got := company.Of(r, d)
			assert.Equal(t, got.Exact == nil, got.Reason != "", d.ID)
			if got.Reason != "" {
				assert.Contains(t, metric.Reasons, got.Reason)
				assert.Equal(t, got.Reason == metric.MissingInput, len(got.Missing) > 0 && got.Reason != metric.InsufficientHistory, d.ID)
			}
			assert.Equal(t, d.Serves(), len(got.Parts) > 0, d.ID)
		}
	})
}
