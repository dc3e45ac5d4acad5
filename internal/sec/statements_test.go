package sec_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
)

var update = flag.Bool("update", false, "write the golden files")

func TestGolden(t *testing.T) {
	t.Parallel()
	for ticker := range files {
		t.Run(ticker, func(t *testing.T) {
			t.Parallel()
			facts := company(t, ticker)
			var ratios []value.DailyRatios
			if ticker == "AAPL" {
				ratios = dailyRatios(t, 5)
			}
			var got bytes.Buffer
			exchange := value.NewExchange(facts.Statements(time.Time{}), facts.Dividends(time.Time{}), ratios)
			require.NoError(t, exchange.Encode(&got))

			path := filepath.Join("testdata", ticker+".golden.json")
			if *update {
				require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s differs (-want +got), see -update:\n%s", path, diff)
			}
		})
	}
}

// A residual is how far statements are off an identity: how many of them there are, how many are off, and by how much
// the worst is.
type residual struct {
	Of, Off int
	Max     int64
}

func (r *residual) add(difference int64) {
	r.Of++
	if difference != 0 {
		r.Off++
	}
	r.Max = max(r.Max, difference, -difference)
}

// The identities that the statements hold, over all statements, or over all years whose quarters are all known.
func TestResiduals(t *testing.T) {
	t.Parallel()
	type v = *value.Statement
	difference := func(total *int64, parts ...*int64) *int64 {
		for _, part := range parts {
			total = value.Sub(total, part)
		}
		return total
	}
	identities := map[string]func(v) *int64{
		"assets = liabilities + equity + temporary equity": func(s v) *int64 {
			return value.SubKnown(difference(s.TotalAssets, s.TotalLiabilities, s.TotalEquity), s.TemporaryEquity)
		},
		"assets = equities and liabilities": func(s v) *int64 {
			return difference(s.TotalAssets, s.TotalEquitiesAndLiabilities)
		},
		"gross profit = revenue - cost": func(s v) *int64 {
			return difference(s.TotalRevenues, s.CostOfRevenue, s.GrossProfit)
		},
		"fcf = ocf - capex": func(s v) *int64 {
			return difference(s.OperatingCashFlow, s.CapitalExpenditure, s.FreeCashFlow)
		},
		"pre-tax - tax = net income": func(s v) *int64 {
			return difference(s.ProfitBeforeTax, s.TaxExpense, s.NetIncome)
		},
	}
	flows := map[string]func(v) *int64{
		"revenue":             func(s v) *int64 { return s.TotalRevenues },
		"cost":                func(s v) *int64 { return s.CostOfRevenue },
		"gross profit":        func(s v) *int64 { return s.GrossProfit },
		"operating income":    func(s v) *int64 { return s.OperatingIncome },
		"pre-tax":             func(s v) *int64 { return s.ProfitBeforeTax },
		"tax":                 func(s v) *int64 { return s.TaxExpense },
		"net income":          func(s v) *int64 { return s.NetIncome },
		"D&A":                 func(s v) *int64 { return s.DepreciationAndAmortization },
		"capex":               func(s v) *int64 { return s.CapitalExpenditure },
		"operating cash flow": func(s v) *int64 { return s.OperatingCashFlow },
		"dividends paid":      func(s v) *int64 { return s.DividendsPaid },
		"ebit":                func(s v) *int64 { return s.EBIT },
	}
	// expect gives the residuals of a company that are not 0 of the default.
	for ticker, expect := range map[string]struct {
		annual, columns, quarterly, years int
		other                             map[string]residual
	}{
		"AAPL": {19, 1, 67, 16, map[string]residual{
			"four quarters: operating cash flow": {16, 1, 407 * million},
			"four quarters: dividends paid":      {13, 3, 164 * million},
			"four quarters: ebit":                {16, 2, 522 * million},
		}},
		"SNOW": {7, 1, 19, 4, map[string]residual{
			"pre-tax - tax = net income":    {26, 14, 3_600_000},
			"four quarters: dividends paid": {},
			"four quarters: ebit":           {4, 3, 94_900_000},
		}},
		"MRVL": {7, 1, 21, 5, map[string]residual{
			"assets = liabilities + equity + temporary equity": {27, 4, 44_000},
		}},
	} {
		t.Run(ticker, func(t *testing.T) {
			t.Parallel()
			statements := company(t, ticker).Statements(time.Time{})
			got := make(map[string]*residual)
			of := func(name string) *residual {
				if got[name] == nil {
					got[name] = &residual{}
				}
				return got[name]
			}
			annual := 0
			for i := range statements {
				s := &statements[i]
				for name, identity := range identities {
					if off := identity(s); off != nil {
						of(name).add(*off)
					}
				}
				if s.Period != value.Annual {
					continue
				}
				annual++
				for name, flow := range flows {
					r := of("four quarters: " + name)
					sum, quarters := flow(s), 0
					for j := range statements {
						if q := &statements[j]; q.FiscalQuarter != nil && q.FiscalYear == s.FiscalYear {
							sum = value.Sub(sum, flow(q))
							quarters++
						}
					}
					if quarters == 4 && sum != nil {
						r.add(*sum)
					}
				}
			}
			assert.Equal(t, expect.annual, annual)
			assert.Equal(t, expect.quarterly, len(statements)-annual)

			for name, r := range got {
				want, ok := expect.other[name]
				switch _, identity := identities[name]; {
				case ok:
				case identity && strings.HasPrefix(name, "assets"):
					want.Of = len(statements) - expect.columns // one of the two has no balance sheet
				case identity:
					want.Of = len(statements)
				default:
					want.Of = expect.years
				}
				// The maxima are known to three digits.
				if assert.InDelta(t, want.Max, r.Max, float64(want.Max)/50, name) {
					want.Max = r.Max
				}
				assert.Equal(t, want, *r, name)
			}
		})
	}
}

// find returns the statement with an end date: the quarterly one for a quarter, the annual one for 0.
func find(t *testing.T, statements []value.Statement, end string, quarter int) value.Statement {
	t.Helper()
	for _, s := range statements {
		if s.EndDate.Equal(date(t, end)) && (quarter == 0) == (s.FiscalQuarter == nil) {
			if quarter != 0 {
				assert.Equal(t, quarter, *s.FiscalQuarter)
			}
			return s
		}
	}
	require.Failf(t, "no statement", "end %s, quarter %d", end, quarter)
	return value.Statement{}
}

// near compares an amount with millions of a few digits.
func near(t *testing.T, millions float64, got *int64, what string) {
	t.Helper()
	if assert.NotNil(t, got, what) {
		assert.InDelta(t, millions*1e6, *got, 0.5e6, what)
	}
}

func equal(t *testing.T, want string, got *decimal.Decimal, what string) {
	t.Helper()
	if !assert.NotNil(t, got, what) {
		return
	}
	w := decimal.RequireFromString(want)
	assert.Equal(t, want, got.Round(-w.Exponent()).String(), what)
}

func TestKnownValues(t *testing.T) {
	t.Parallel()
	apple := company(t, "AAPL").Statements(time.Time{})
	snowflake := company(t, "SNOW").Statements(time.Time{})
	marvell := company(t, "MRVL").Statements(time.Time{})

	t.Run("Apple FY2023", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2023-09-30", 0)
		assert.Equal(t, 2023, s.FiscalYear)
		assert.Equal(t, date(t, "2023-11-03"), s.PublishDate)
		assert.True(t, s.Audited)
		assert.Equal(t, "0000320193-23-000106", *s.Accession)
		assert.Equal(t, "https://www.sec.gov/Archives/edgar/data/320193/000032019323000106/0000320193-23-000106-index.htm",
			*s.URL)
		assert.Equal(t, 383_285*million, *s.TotalRevenues)
		assert.Equal(t, 96_995*million, *s.NetIncome)
		assert.Equal(t, 352_583*million, *s.TotalAssets)
		assert.Equal(t, 111_088*million, *s.TotalDebt)
		assert.Equal(t, 117_669*million, *s.EBIT)
		assert.Equal(t, value.PretaxPlusInterest, *s.EBITBasis)
		assert.Equal(t, 129_188*million, *s.EBITDA)
		assert.Equal(t, 99_584*million, *s.FreeCashFlow)
		equal(t, "6.16", s.EarningsPerShare, "EPS")
		equal(t, "6.13", s.EarningsPerShareDiluted, "diluted EPS")
		m := value.ComputeMetrics(s, value.TrailingTwelveMonths(s, apple))
		assert.Empty(t, s.Marks)
		equal(t, "0.823741", m.DebtRatio, "debt ratio")
		equal(t, "1.56076", m.ReturnOnEquity, "return on equity")
	})
	t.Run("Apple FY2023 Q4", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2023-09-30", 4)
		assert.Equal(t, date(t, "2023-07-02"), *s.StartDate)
		assert.Equal(t, 89_498*million, *s.TotalRevenues)
		assert.Equal(t, 22_956*million, *s.NetIncome)
		assert.Equal(t, 21_598*million, *s.OperatingCashFlow)
		assert.Nil(t, s.EarningsPerShare)
		assert.Nil(t, s.EarningsPerShareDiluted)
		assert.False(t, s.Audited)
		assert.Equal(t, find(t, apple, "2023-09-30", 0).Accession, s.Accession)
	})
	t.Run("Apple FY2024 Q2", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2024-03-30", 2)
		assert.Equal(t, 22_690*million, *s.OperatingCashFlow)
		assert.Equal(t, value.OperatingIncome, *s.EBITBasis)
		ttm := value.TrailingTwelveMonths(s, apple)
		assert.Equal(t, 381_623*million, *ttm.TotalRevenues)
		assert.Equal(t, 100_389*million, *ttm.NetIncome)
		equal(t, "1.037102", value.ComputeMetrics(s, ttm).CurrentRatio, "current ratio")
	})
	t.Run("Apple FY2009, amended", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2009-09-26", 0)
		assert.Equal(t, date(t, "2009-10-27"), s.PublishDate)
		assert.Equal(t, 42_905*million, *s.TotalRevenues)
		known := company(t, "AAPL").Statements(date(t, "2009-12-31"))
		s = find(t, known, "2009-09-26", 0)
		assert.Equal(t, 36_537*million, *s.TotalRevenues)
		assert.Equal(t, date(t, "2009-10-27"), s.PublishDate)
	})
	t.Run("Apple FY2008, a comparative year", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2008-09-27", 0)
		assert.Equal(t, 2008, s.FiscalYear)
		assert.Equal(t, date(t, "2009-10-27"), s.PublishDate)
		assert.Equal(t, 37_491*million, *s.TotalRevenues)
		assert.Equal(t, 6_119*million, *s.NetIncome)
		assert.Equal(t, 36_171*million, *s.TotalAssets)
		assert.Equal(t, value.BalanceSheet, *s.SharesSource)
		assert.Equal(t, int64(888_325_973), *s.SharesOutstanding)
		assert.Equal(t, []value.Mark{value.ComparativeOnly}, s.Marks)
	})
	t.Run("Apple FY2020 Q2", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2020-03-28", 2)
		assert.Equal(t, 20_421*million, *s.ShortTermDebt)
		assert.Equal(t, 109_507*million, *s.TotalDebt)
	})
	t.Run("Snowflake FY2021 Q3", func(t *testing.T) {
		t.Parallel()
		s := find(t, snowflake, "2020-10-31", 3)
		assert.Equal(t, int64(166_868_200), *s.SharesOutstanding)
		assert.Equal(t, value.WeightedAverage, *s.SharesSource)
	})
	t.Run("Apple FY2015", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2015-09-26", 0)
		assert.Equal(t, 11_257*million, *s.DepreciationAndAmortization)
		assert.Equal(t, 64_328*million, *s.TotalDebt)
		assert.Equal(t, 3_893*million, *s.IntangibleAssets)
		assert.Equal(t, 5_116*million, *s.Goodwill)
	})
	t.Run("Apple FY2016 Q4, one reporting cycle", func(t *testing.T) {
		t.Parallel()
		s := find(t, apple, "2016-09-24", 4)
		assert.Equal(t, 16_126*million, *s.OperatingCashFlow)
	})
	t.Run("Apple FY2012, before the split", func(t *testing.T) {
		t.Parallel()
		s := find(t, company(t, "AAPL").Statements(date(t, "2013-12-31")), "2012-09-29", 0)
		equal(t, "44.15", s.EarningsPerShareDiluted, "diluted EPS")
		s = find(t, apple, "2012-09-29", 0)
		equal(t, "6.31", s.EarningsPerShareDiluted, "diluted EPS")
		assert.True(t, s.PerShareBasisDate.After(date(t, "2014-06-09")))
	})
	t.Run("Snowflake FY2023 Q1, fp FY", func(t *testing.T) {
		t.Parallel()
		s := find(t, snowflake, "2022-04-30", 1)
		assert.Equal(t, 2023, s.FiscalYear)
		near(t, 422, s.TotalRevenues, "revenue")
	})
	t.Run("Snowflake FY2025", func(t *testing.T) {
		t.Parallel()
		s := find(t, snowflake, "2025-01-31", 0)
		near(t, 3_626, s.TotalRevenues, "revenue")
		near(t, -1_286, s.NetIncome, "net income")
		near(t, 2_272, s.TotalDebt, "total debt")
		assert.Nil(t, s.ShortTermDebt)
		near(t, 6.7, s.NoncontrollingInterest, "minorities")
		assert.Nil(t, s.DividendsPaid)
		assert.Nil(t, value.ComputeMetrics(s, value.TrailingTwelveMonths(s, snowflake)).DebtToEBITDA, "EBITDA is negative")
	})
	t.Run("Marvell FY2024, 53 weeks", func(t *testing.T) {
		t.Parallel()
		s := find(t, marvell, "2024-02-03", 0)
		assert.Equal(t, 2024, s.FiscalYear)
		near(t, 5_508, s.TotalRevenues, "revenue")
		near(t, -933, s.NetIncome, "net income")
		assert.Equal(t, int64(107_300_000), *s.ShortTermDebt)
		equal(t, "-1.08", s.EarningsPerShare, "EPS")
	})
	t.Run("Marvell FY2023", func(t *testing.T) {
		t.Parallel()
		s := find(t, marvell, "2023-01-28", 0)
		assert.Equal(t, int64(1_087_400_000), *s.Amortization)
		// The total is tagged as 304.9 M, without the amortization.
		assert.Equal(t, int64(1_392_300_000), *s.DepreciationAndAmortization)
	})
}

func TestDividends(t *testing.T) {
	t.Parallel()
	byQuarter := make(map[[2]int]value.Dividend)
	for _, d := range company(t, "AAPL").Dividends(time.Time{}) {
		byQuarter[[2]int{d.FiscalYear, number(d.FiscalQuarter)}] = d
	}
	d := byQuarter[[2]int{2019, 4}]
	assert.Equal(t, "0.77", d.AmountPerShare.String())
	assert.True(t, d.Derived)
	assert.Equal(t, date(t, "2019-10-31"), d.ShareBasisDate)
	assert.Equal(t, date(t, "2019-10-31"), d.PublishDate)
	assert.Equal(t, "USD", d.Currency)

	d = byQuarter[[2]int{2020, 4}]
	assert.Equal(t, "0.205", d.AmountPerShare.String())
	assert.True(t, d.Derived)
	assert.Equal(t, date(t, "2021-10-29"), d.ShareBasisDate)
	assert.Equal(t, date(t, "2020-10-30"), d.PublishDate)

	assert.Empty(t, company(t, "SNOW").Dividends(time.Time{}))
	marvell := company(t, "MRVL").Dividends(time.Time{})
	assert.Equal(t, date(t, "2021-01-30"), marvell[1].PeriodEnd)
	assert.Equal(t, "0.24", marvell[1].AmountPerShare.String(), "of a comparative year")
	assert.Nil(t, marvell[1].FiscalQuarter)
}

func TestDailyRatios(t *testing.T) {
	t.Parallel()
	ratios := dailyRatios(t, 752) // the first day and the last

	first := ratios[0]
	assert.Equal(t, date(t, "2015-01-02"), first.Date)
	assert.Equal(t, new(date(t, "2014-09-27")), first.StatementEndDate)
	assert.Equal(t, int64(641_202_957_200), *first.MarketCap)
	equal(t, "16.229", first.PriceToEarningsRatioTTM, "P/E")

	last := ratios[len(ratios)-1]
	assert.Equal(t, date(t, "2017-12-29"), last.Date)
	assert.Equal(t, int64(5_134_312_000), *last.SharesOutstanding)
	assert.Equal(t, int64(868_879_619_760), *last.MarketCap)
	equal(t, "17.97", last.PriceToEarningsRatioTTM, "P/E")
	equal(t, "6.482", last.PriceToBookRatio, "P/B")
	assert.Equal(t, last.PriceToBookRatio, last.MarketToBookRatio)
	assert.Equal(t, int64(964_270_619_760), *last.EnterpriseValue)
	equal(t, "12.593", last.EVToEBITDA, "EV/EBITDA")
}
