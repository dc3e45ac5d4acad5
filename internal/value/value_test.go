package value_test

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/value"
)

func TestSums(t *testing.T) {
	t.Parallel()
	const most, least = math.MaxInt64, math.MinInt64
	n := func(n int64) *int64 { return &n }
	for _, test := range []struct{ a, b, sum, difference *int64 }{
		{n(2), n(3), n(5), n(-1)},
		{nil, n(3), nil, nil},
		{n(2), nil, nil, nil},
		{n(most), n(0), n(most), n(most)},
		{n(most), n(1), nil, n(most - 1)},
		{n(most), n(-1), n(most - 1), nil},
		{n(most), n(least), n(-1), nil},
		{n(least), n(1), n(least + 1), nil},
		{n(least), n(-1), nil, n(least + 1)},
		{n(least), n(least), nil, n(0)},
		{n(-1), n(least), nil, n(most)},
		{n(0), n(least), n(least), nil},
	} {
		assert.Equal(t, test.sum, value.Add(test.a, test.b))
		assert.Equal(t, test.sum, value.Add(test.b, test.a))
		assert.Equal(t, test.difference, value.Sub(test.a, test.b))
	}
	assert.Equal(t, n(7), value.AddKnown(n(7), nil))
	assert.Equal(t, n(4), value.SubKnown(n(7), n(3)))
	assert.Nil(t, value.SubKnown(nil, n(3)))
}

// dailyRatios returns the ratios of a trading day from all that they are made of.
func dailyRatios(
	q value.Quote, s *value.Statement, ttm value.TTM, counts []value.ShareCount, splits []value.Split, rate func(from, to string) *big.Rat,
) value.DailyRatios {
	return value.ComputeMarketValue(q, s, counts, splits, rate).Ratios(s, ttm)
}

// amounts sets fields of a statement by name.
func amounts(fields map[string]int64) value.Statement {
	var s value.Statement
	for name, amount := range fields {
		reflect.ValueOf(&s).Elem().FieldByName(name).Set(reflect.ValueOf(&amount))
	}
	return s
}

func TestComplete(t *testing.T) {
	t.Parallel()
	type fields = map[string]int64
	for name, test := range map[string]struct {
		given, derived fields
		basis          *value.EBITBasis
	}{
		"nothing":      {nil, nil, nil},
		"gross profit": {fields{"TotalRevenues": 10, "CostOfRevenue": 4}, fields{"GrossProfit": 6}, nil},
		"cost":         {fields{"TotalRevenues": 10, "GrossProfit": 6}, fields{"CostOfRevenue": 4}, nil},
		"what is given stays": {
			fields{"TotalRevenues": 10, "CostOfRevenue": 4, "GrossProfit": 5, "OperatingCashFlow": 8, "CapitalExpenditure": 3,
				"FreeCashFlow": 1, "EBIT": 2, "OperatingIncome": 9},
			nil, nil,
		},
		"earnings": {
			fields{"NetIncome": 60, "TaxExpense": 20, "InterestExpense": 5, "Depreciation": 7, "Amortization": 3},
			fields{"ProfitBeforeTax": 80, "DepreciationAndAmortization": 10, "EBIT": 85, "EBITDA": 95},
			new(value.PretaxPlusInterest),
		},
		"operating income, depreciation alone": {
			fields{"ProfitBeforeTax": 80, "OperatingIncome": 82, "Depreciation": 7},
			fields{"DepreciationAndAmortization": 7, "EBIT": 82, "EBITDA": 89},
			new(value.OperatingIncome),
		},
		"amortization alone": {fields{"Amortization": 7}, nil, nil},
		"free cash flow":     {fields{"OperatingCashFlow": 8, "CapitalExpenditure": 3}, fields{"FreeCashFlow": 5}, nil},
		"liabilities": {
			fields{"TotalAssets": 100, "CurrentAssets": 40, "TotalEquity": 30, "TemporaryEquity": 5, "CurrentLiabilities": 20,
				"LongTermDebt": 3},
			fields{"NonCurrentAssets": 60, "TotalEquitiesAndLiabilities": 100, "TotalLiabilities": 65,
				"LongTermLiabilities": 45, "TotalDebt": 3}, nil,
		},
		"equity": {
			fields{"TotalEquitiesAndLiabilities": 100, "TotalLiabilities": 70, "ShortTermDebt": 0, "LongTermDebt": 9},
			fields{"TotalEquity": 30, "TotalDebt": 9}, nil,
		},
		"overflow": {fields{"OperatingCashFlow": math.MaxInt64, "CapitalExpenditure": -1}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := amounts(test.given), amounts(test.given)
			for name, amount := range test.derived {
				reflect.ValueOf(&want).Elem().FieldByName(name).Set(reflect.ValueOf(&amount))
			}
			want.EBITBasis, want.Marks = test.basis, []value.Mark{}
			filled := value.Complete(&got)
			assert.Len(t, filled, len(test.derived))
			for _, d := range filled {
				n := **d.From[0]
				for _, other := range d.From[1:] {
					if n += **other; d.Op == value.OpSubtract {
						n -= 2 * **other
					}
				}
				assert.Equal(t, n, **d.Field)
			}
			assert.Empty(t, cmp.Diff(want, got))
			again := got
			value.Complete(&again)
			assert.Equal(t, got, again)
		})
	}
}

func TestCompleteMarksDebt(t *testing.T) {
	t.Parallel()
	type fields = map[string]int64
	for name, test := range map[string]struct {
		given  fields
		period value.Period
		marks  []value.Mark
	}{
		"none":                {fields{"TotalAssets": 100}, value.Annual, []value.Mark{}},
		"the short side":      {fields{"TotalAssets": 100, "ShortTermDebt": 1}, value.Annual, []value.Mark{value.DebtUnknown, value.PartialDebt}},
		"no short side":       {fields{"TotalAssets": 100, "ShortTermDebt": 0}, value.Annual, []value.Mark{}},
		"without assets":      {fields{"ShortTermDebt": 1}, value.Annual, []value.Mark{value.PartialDebt}},
		"little interest":     {fields{"TotalAssets": 5000, "InterestExpense": 10}, value.Annual, []value.Mark{}},
		"interest":            {fields{"TotalAssets": 5000, "InterestExpense": 11}, value.Annual, []value.Mark{value.DebtUnknown}},
		"little of a quarter": {fields{"TotalAssets": 20000, "InterestExpense": 10}, value.Quarterly, []value.Mark{}},
		"that of a quarter":   {fields{"TotalAssets": 20000, "InterestExpense": 11}, value.Quarterly, []value.Mark{value.DebtUnknown}},
		"known debt":          {fields{"TotalAssets": 5000, "InterestExpense": 11, "LongTermDebt": 0}, value.Annual, []value.Mark{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := amounts(test.given)
			s.Period = test.period
			value.Complete(&s)
			assert.Equal(t, test.marks, s.Marks)
		})
	}
	bank := amounts(fields{"ProfitBeforeTax": 5, "InterestExpense": 1, "OperatingIncome": 7})
	bank.Marks = []value.Mark{value.Bank}
	value.Complete(&bank)
	assert.Nil(t, bank.EBIT)
	assert.Nil(t, bank.EBITBasis)
}

// quarter returns a quarterly statement of a calendar year, with an amount of each flow.
func quarter(year, quarter int, amount int64) value.Statement {
	s := amounts(map[string]int64{
		"TotalRevenues": amount, "NetIncome": amount, "ProfitBeforeTax": amount, "InterestExpense": amount,
		"DepreciationAndAmortization": amount, "OperatingIncome": amount,
	})
	s.Period, s.FiscalYear, s.FiscalQuarter = value.Quarterly, year, &quarter
	s.EndDate = time.Date(year, time.Month(3*quarter+1), 0, 0, 0, 0, 0, time.UTC)
	s.StartDate = new(time.Date(year, time.Month(3*quarter-2), 1, 0, 0, 0, 0, time.UTC))
	s.Marks = []value.Mark{}
	return s
}

func TestTrailingTwelveMonths(t *testing.T) {
	t.Parallel()
	year := amounts(map[string]int64{"TotalRevenues": 100, "NetIncome": 10, "EBIT": 12})
	year.Period, year.FiscalYear, year.EndDate, year.Marks = value.Annual, 2020, date("2020-12-31"), []value.Mark{}
	statements := []value.Statement{
		quarter(2021, 2, 7), quarter(2020, 2, 1), quarter(2020, 3, 2), year, quarter(2020, 4, 3), quarter(2021, 1, 5),
	}
	ttm := value.TrailingTwelveMonths(statements[0], statements)
	assert.Equal(t, new(int64(2+3+5+7)), ttm.TotalRevenues)
	assert.Equal(t, new(int64(34)), ttm.EBIT)
	assert.Equal(t, new(value.PretaxPlusInterest), ttm.EBITBasis)
	assert.Equal(t, new(int64(51)), ttm.EBITDA)
	assert.Nil(t, ttm.DividendsPaid)
	assert.Equal(t, ttm, value.TrailingTwelveMonths(statements[0], statements[1:]), "with or without the statement itself")

	// Without interest in one quarter the sum of operating income stands in, whatever the quarters' own basis.
	gap := slices.Clone(statements)
	gap[2].InterestExpense = nil
	ttm = value.TrailingTwelveMonths(gap[0], gap)
	assert.Nil(t, ttm.InterestExpense)
	assert.Equal(t, new(int64(17)), ttm.EBIT)
	assert.Equal(t, new(value.OperatingIncome), ttm.EBITBasis)

	none := value.TTM{Marks: []value.Mark{}}
	assert.Equal(t, none, value.TrailingTwelveMonths(statements[5], statements[3:]), "three quarters are not a year")
	assert.Equal(t, new(int64(100)), value.TrailingTwelveMonths(year, nil).TotalRevenues)
	fourth := value.TrailingTwelveMonths(statements[4], statements)
	assert.Equal(t, value.TrailingTwelveMonths(year, nil), fourth)
	assert.Equal(t, new(int64(12)), fourth.EBIT)
	assert.Equal(t, none, value.TrailingTwelveMonths(statements[4], statements[:3]), "fewer than four quarters")

	huge := slices.Clone(statements)
	huge[1].TotalRevenues, huge[2].TotalRevenues = new(int64(math.MaxInt64)), new(int64(math.MaxInt64))
	assert.Nil(t, value.TrailingTwelveMonths(huge[0], huge).TotalRevenues)

	// Labels do not matter, dates and the currency do.
	unlabelled := slices.Clone(statements)
	unlabelled[1].FiscalQuarter, unlabelled[1].FiscalYear = nil, 1999
	assert.Equal(t, new(int64(17)), value.TrailingTwelveMonths(unlabelled[0], unlabelled).TotalRevenues)
	unlabelled[2].Currency = "EUR"
	assert.Equal(t, none, value.TrailingTwelveMonths(unlabelled[0], unlabelled))
	late := slices.Clone(statements)
	late[5].StartDate = new(late[5].StartDate.AddDate(0, 0, 7))
	assert.Equal(t, new(int64(17)), value.TrailingTwelveMonths(late[0], late).TotalRevenues)
	late[5].StartDate = new(late[5].StartDate.AddDate(0, 0, 1))
	assert.Equal(t, none, value.TrailingTwelveMonths(late[0], late), "more than a week apart")
	late[5].StartDate = nil
	assert.Equal(t, none, value.TrailingTwelveMonths(late[0], late))

	// Of two quarters as close the one published later counts, in whatever order they are.
	twins := append(slices.Clone(statements), statements[5])
	twins[5].EndDate, twins[6].EndDate = twins[5].EndDate.AddDate(0, 0, -3), twins[6].EndDate.AddDate(0, 0, 3)
	twins[5].TotalRevenues, twins[6].TotalRevenues = new(int64(50)), new(int64(500))
	reversed := func() []value.Statement {
		r := slices.Clone(twins)
		slices.Reverse(r)
		return r
	}
	for _, all := range [][]value.Statement{twins, reversed()} {
		assert.Equal(t, new(int64(2+3+500+7)), value.TrailingTwelveMonths(statements[0], all).TotalRevenues, "that ends later")
	}
	twins[5].PublishDate = twins[6].PublishDate.AddDate(0, 0, 1)
	for _, all := range [][]value.Statement{twins, reversed()} {
		assert.Equal(t, new(int64(2+3+50+7)), value.TrailingTwelveMonths(statements[0], all).TotalRevenues, "that was published later")
	}

	// The marks of the quarters are those of the sum, and one of a bank makes it a bank's.
	marked := slices.Clone(statements)
	marked[2].Marks, marked[4].Marks = []value.Mark{value.Untaxed}, []value.Mark{value.Bank}
	ttm = value.TrailingTwelveMonths(marked[0], marked)
	assert.Equal(t, []value.Mark{value.Bank, value.Untaxed}, ttm.Marks)
	assert.Nil(t, ttm.EBIT)

	partial := value.Statement{Period: value.Partial, EndDate: statements[0].EndDate}
	assert.Equal(t, value.TrailingTwelveMonths(statements[0], statements), value.TrailingTwelveMonths(partial, statements))
	partial.EndDate = partial.EndDate.AddDate(0, 0, 1)
	assert.Equal(t, none, value.TrailingTwelveMonths(partial, statements))
}

func TestLatest(t *testing.T) {
	t.Parallel()
	year := value.Statement{Period: value.Annual, EndDate: date("2022-12-31")}
	earlier := value.Statement{Period: value.Annual, EndDate: date("2021-12-31")}
	assert.Nil(t, value.Latest(nil))
	assert.Equal(t, year, *value.Latest([]value.Statement{earlier, year, earlier}))
	q1, q4 := quarter(2022, 1, 1), quarter(2022, 4, 2)
	partial := value.Statement{Period: value.Partial, EndDate: date("2023-06-30")}
	for _, statements := range [][]value.Statement{{q1, partial, year}, {year, q1, partial}, {partial, year, q1}} {
		assert.Equal(t, year, *value.Latest(statements))
	}
	for _, statements := range [][]value.Statement{{q4, year}, {year, q4}} {
		assert.Equal(t, q4, *value.Latest(statements))
	}
}

// A metric or ratio of the contract that no formula fills would be null for ever.
func TestEveryMetricHasAFormula(t *testing.T) {
	t.Parallel()
	fill := func(v any) {
		for f, field := range reflect.ValueOf(v).Elem().Fields() {
			if amount, ok := field.Addr().Interface().(**int64); ok {
				*amount = new(int64(100 + f.Index[0]))
			}
		}
	}
	var s value.Statement
	var ttm value.TTM
	fill(&s)
	fill(&ttm)
	s.TotalEquity, ttm.NetIncome = new(int64(10_000)), new(int64(10_000)) // more than what is taken off
	s.Marks = []value.Mark{value.Untaxed}
	daily := dailyRatios(quote("2020-02-28", "2"), &s, ttm, nil, nil, func(string, string) *big.Rat { return big.NewRat(1, 1) })
	for _, computed := range []any{value.ComputeMetrics(s, ttm), daily} {
		for field, v := range reflect.ValueOf(computed).Fields() {
			assert.False(t, v.IsZero(), field.Name)
		}
	}
}

func TestMetricsOfNothing(t *testing.T) {
	t.Parallel()
	assert.Equal(t, value.Metrics{}, value.ComputeMetrics(value.Statement{}, value.TTM{}))
	zero := amounts(map[string]int64{"TotalRevenues": 0, "NetIncome": 5, "TotalEquity": 0, "TotalDebt": 0, "Goodwill": 3})
	m := value.ComputeMetrics(zero, value.TTM{NetIncome: new(int64(5)), EBITDA: new(int64(0))})
	assert.Equal(t, value.Metrics{BookValue: new(int64(0)), TangibleBookValue: new(int64(-3))}, m, "no quotient by zero")
	negative := amounts(map[string]int64{"TotalEquity": -4, "TotalDebt": 2})
	assert.Nil(t, value.ComputeMetrics(negative, value.TTM{}).DebtToEquity, "by less than zero")

	// What is for others than the common shareholders is no part of their return.
	s := amounts(map[string]int64{"TotalEquity": 100, "NoncontrollingInterest": 10, "PreferredStock": 40, "TotalDebt": 20})
	ttm := value.TTM{NetIncome: new(int64(30)), PreferredDividends: new(int64(5)), EBITDA: new(int64(60))}
	m = value.ComputeMetrics(s, ttm)
	assert.Equal(t, new(int64(50)), m.BookValue)
	assert.Equal(t, "0.5", m.ReturnOnEquity.String())
	assert.Equal(t, "0.5", m.CashReturnOnCapitalInvested.String())
	s.Marks = []value.Mark{value.DebtUnknown}
	assert.Nil(t, value.ComputeMetrics(s, ttm).CashReturnOnCapitalInvested)
}

// oneCurrency is the rate within a currency; there are no others.
func oneCurrency(from, to string) *big.Rat {
	if from == to {
		return big.NewRat(1, 1)
	}
	return nil
}

// quote is a price in dollars of a listing of ordinary shares.
func quote(day, price string) value.Quote {
	return value.Quote{
		Day: date(day), Close: decimal.RequireFromString(price), Currency: "USD", OrdinaryShares: big.NewRat(1, 1),
	}
}

func TestDailyRatios(t *testing.T) {
	t.Parallel()
	s := amounts(map[string]int64{"TotalEquity": 100, "TotalAssets": 400, "SharesOutstanding": 10})
	s.PublishDate, s.EndDate, s.Currency = date("2020-02-01"), date("2019-12-31"), "USD"
	splits := []value.Split{
		split("2020-02-01", "100"), // already in the count
		split("2020-03-02", "3"),
	}
	ttm := value.TTM{NetIncome: new(int64(60)), PreferredDividends: new(int64(10))}

	r := dailyRatios(quote("2020-02-28", "2.05"), &s, ttm, nil, splits, oneCurrency)
	assert.Equal(t, new(int64(10)), r.SharesOutstanding)
	assert.Equal(t, new(int64(21)), r.MarketCap, "20.5 is rounded up")
	assert.Nil(t, r.EnterpriseValue, "cash is not known")
	assert.Nil(t, r.EVToAssets)
	assert.Equal(t, []value.DailyReason{value.CashUnknown}, r.Reasons)
	assert.Equal(t, "0.42", r.PriceToEarningsRatioTTM.String(), "by what is left for the common shareholders")
	assert.Equal(t, "0.21", r.PriceToBookRatio.String())
	assert.Equal(t, r.PriceToBookRatio, r.MarketToBookRatio)

	later := quote("2020-03-02", "2.05")
	s.CashAndEquivalents, s.NoncontrollingInterest, s.PreferredStock = new(int64(5)), new(int64(20)), new(int64(30))
	r = dailyRatios(later, &s, ttm, nil, splits, oneCurrency)
	assert.Equal(t, new(int64(30)), r.SharesOutstanding)
	assert.Equal(t, new(int64(62)), r.MarketCap)
	assert.Equal(t, new(int64(62+20+30-5)), r.EnterpriseValue)
	assert.Equal(t, "0.2675", r.EVToAssets.String())
	assert.Equal(t, "1.24", r.PriceToTangibleBookValue.String())
	assert.Empty(t, r.Reasons)

	loss := value.TTM{NetIncome: new(int64(-50))}
	assert.Nil(t, dailyRatios(later, &s, loss, nil, splits, oneCurrency).PriceToEarningsRatioTTM)

	unknown := s
	unknown.Marks = []value.Mark{value.DebtUnknown}
	r = dailyRatios(later, &unknown, ttm, nil, splits, oneCurrency)
	assert.Nil(t, r.EnterpriseValue)
	assert.Equal(t, unknown.Marks, r.Marks)
	assert.Equal(t, []value.DailyReason{value.ReasonDebtUnknown}, r.Reasons)

	huge := []value.ShareCount{{Source: value.Cover, EndDate: s.EndDate, Shares: math.MaxInt64}}
	assert.Nil(t, dailyRatios(later, &s, ttm, huge, nil, oneCurrency).MarketCap, "more than an int64 holds")

	count := []value.ShareCount{{Source: value.Cover, Shares: 40}}
	r = dailyRatios(later, nil, value.TTM{}, count, nil, oneCurrency)
	assert.Equal(t, value.DailyRatios{
		Date: r.Date, Close: r.Close, PriceCurrency: "USD", SharesOutstanding: new(int64(40)), MarketCap: new(int64(82)),
		Marks: []value.Mark{}, Reasons: []value.DailyReason{value.CashUnknown},
	}, r, "the shares may be known though no statement is")
}

// The count on a cover goes first, then that of a balance sheet, unless they are too old; then the statement's average.
func TestSharesOfADay(t *testing.T) {
	t.Parallel()
	s := value.Statement{EndDate: date("2020-12-31"), PublishDate: date("2021-02-01"), Currency: "USD", SharesOutstanding: new(int64(7))}
	cover := func(end string) value.ShareCount {
		return value.ShareCount{Source: value.Cover, EndDate: date(end), Shares: 1}
	}
	balance := func(end string) value.ShareCount {
		return value.ShareCount{Source: value.BalanceSheet, EndDate: date(end), Shares: 2}
	}
	for _, test := range []struct {
		source *value.SharesSource
		counts []value.ShareCount
		want   *int64
	}{
		{new(value.Cover), []value.ShareCount{balance("2020-12-31"), cover("2020-06-14")}, new(int64(1))},
		{new(value.Cover), []value.ShareCount{balance("2020-12-31"), cover("2020-06-13")}, new(int64(2))},
		{new(value.WeightedAverage), []value.ShareCount{balance("2020-06-13"), cover("2020-06-13")}, new(int64(7))},
		{new(value.BalanceSheet), []value.ShareCount{balance("2020-06-13"), cover("2020-06-13")}, nil},
		{nil, nil, new(int64(7))},
	} {
		s.SharesSource = test.source
		r := dailyRatios(quote("2021-03-01", "1"), &s, value.TTM{}, test.counts, nil, oneCurrency)
		assert.Equal(t, test.want, r.SharesOutstanding)
		assert.Equal(t, test.want == nil, slices.Contains(r.Reasons, value.SharesUnknown))
	}
}

func TestListingsOfOtherSharesAndCurrencies(t *testing.T) {
	t.Parallel()
	s := amounts(map[string]int64{"TotalEquity": 1000, "SharesOutstanding": 3000, "CashAndEquivalents": 0})
	s.EndDate, s.PublishDate, s.Currency = date("2020-12-31"), date("2021-02-01"), "TWD"
	rate := func(from, to string) *big.Rat {
		assert.Equal(t, [2]string{"USD", "TWD"}, [2]string{from, to})
		return big.NewRat(100, 3)
	}
	q := quote("2021-03-01", "7.5")
	q.OrdinaryShares = big.NewRat(5, 1)
	r := dailyRatios(q, &s, value.TTM{}, nil, nil, rate)
	assert.Equal(t, new(int64(4500)), r.MarketCap, "in the currency of the price")
	assert.Equal(t, new(int64(150_000)), r.EnterpriseValue, "in that of the statement")
	assert.Equal(t, "150", r.PriceToBookRatio.String())
	assert.Equal(t, "33.333333333333", r.ExchangeRate.String())
	assert.Equal(t, "USD", r.PriceCurrency)
	assert.Equal(t, new("TWD"), r.Currency)
	assert.Empty(t, r.Reasons)

	q.OrdinaryShares = big.NewRat(1, 1500)
	assert.Equal(t, new(int64(33_750_000)), dailyRatios(q, &s, value.TTM{}, nil, nil, rate).MarketCap)

	q.OrdinaryShares = nil
	none := func(string, string) *big.Rat { return nil }
	r = dailyRatios(q, &s, value.TTM{}, nil, nil, none)
	assert.Equal(t, new(int64(3000)), r.SharesOutstanding)
	assert.Nil(t, r.MarketCap)
	assert.Nil(t, r.ExchangeRate)
	assert.Equal(t, []value.DailyReason{value.ADSRatioUnknown, value.CurrencyMismatch}, r.Reasons)

	q.OrdinaryShares = big.NewRat(5, 1)
	r = dailyRatios(q, &s, value.TTM{}, nil, nil, none)
	assert.Equal(t, new(int64(4500)), r.MarketCap)
	assert.Nil(t, r.PriceToBookRatio)
	assert.Nil(t, r.EnterpriseValue)
	assert.Equal(t, []value.DailyReason{value.CurrencyMismatch}, r.Reasons)
}

func TestSameStatement(t *testing.T) {
	t.Parallel()
	filled := func() (s value.Statement) {
		for _, field := range reflect.ValueOf(&s).Elem().Fields() {
			if field.Kind() == reflect.Pointer {
				field.Set(reflect.New(field.Type().Elem()))
			}
		}
		return s
	}
	a, b := filled(), filled()
	assert.True(t, value.SameStatement(&a, &b))
	b.EarningsPerShare = new(decimal.New(0, 3))
	assert.True(t, value.SameStatement(&a, &b))
	for field, v := range reflect.ValueOf(&a).Elem().Fields() {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		if v.Kind() == reflect.Pointer {
			v.SetZero()
			assert.False(t, value.SameStatement(&a, &b), "%s: nil", field.Name)
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		}
		other := map[reflect.Type]any{
			reflect.TypeFor[time.Time](): date("2020-01-01"), reflect.TypeFor[decimal.Decimal](): decimal.New(1, 0),
			reflect.TypeFor[string](): "1", reflect.TypeFor[bool](): true, reflect.TypeFor[int](): 1, reflect.TypeFor[int64](): int64(1),
			reflect.TypeFor[value.Period](): value.Annual, reflect.TypeFor[value.EBITBasis](): value.OperatingIncome,
			reflect.TypeFor[value.Taxonomy](): value.USGAAP, reflect.TypeFor[value.SharesSource](): value.Cover,
			reflect.TypeFor[[]value.Mark](): []value.Mark{value.Bank},
		}[v.Type()]
		v.Set(reflect.ValueOf(other))
		assert.False(t, value.SameStatement(&a, &b), field.Name)
		reflect.ValueOf(&a).Elem().FieldByName(field.Name).Set(was)
		assert.True(t, value.SameStatement(&a, &b), field.Name)
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	s := quarter(2021, 1, 7)
	s.Accession, s.EarningsPerShare = new(`a"b`), new(decimal.RequireFromString("-0.10"))
	dividend := value.Dividend{PeriodEnd: date("2021-03-31"), AmountPerShare: decimal.New(77, -2), Derived: true}
	exchange := value.NewExchange([]value.Statement{s, quarter(2021, 2, 8)}, []value.Dividend{dividend},
		[]value.DailyRatios{{Date: date("2021-04-01"), Close: decimal.RequireFromString("169.23")}})
	var b strings.Builder
	require.NoError(t, exchange.Encode(&b))

	var got map[string][]map[string]any
	d := json.NewDecoder(strings.NewReader(b.String()))
	d.UseNumber()
	require.NoError(t, d.Decode(&got))
	require.Len(t, got, 3)
	require.Len(t, got["statements"], 2)
	first := got["statements"][0]
	assert.Equal(t, "quarterly", first["period"])
	assert.Equal(t, json.Number("1"), first["fiscal_quarter"])
	assert.Equal(t, "2021-03-31", first["end_date"])
	assert.Equal(t, json.Number("7"), first["total_revenues"])
	assert.Equal(t, json.Number("-0.1"), first["earnings_per_share"])
	assert.Equal(t, `a"b`, first["accession"])
	assert.Equal(t, false, first["audited"])
	assert.Contains(t, first, "ebit_basis")
	assert.Nil(t, first["url"])
	assert.Contains(t, first, "url")
	assert.Len(t, first, reflect.TypeFor[value.Statement]().NumField()+2, "no details")
	assert.Len(t, first["ttm"], reflect.TypeFor[value.TTM]().NumField())
	assert.Len(t, first["metrics"], reflect.TypeFor[value.Metrics]().NumField())
	assert.Equal(t, json.Number("1"), first["metrics"].(map[string]any)["net_profit_margin"])
	assert.Equal(t, json.Number("0.77"), got["dividends"][0]["amount_per_share"])
	assert.Equal(t, true, got["dividends"][0]["derived"])
	assert.Equal(t, json.Number("169.23"), got["daily_ratios"][0]["close"])
	assert.Contains(t, got["daily_ratios"][0], "ev_to_ebitda")
	assert.Contains(t, got["daily_ratios"][0], "statement_end_date")
	assert.Nil(t, got["daily_ratios"][0]["statement_end_date"])

	b.Reset()
	require.NoError(t, value.Exchange{}.Encode(&b))
	assert.JSONEq(t, `{"statements":[],"dividends":[],"daily_ratios":[]}`, b.String())
}

// What a company costs in the currency of its statement, and one of its ordinary shares.
func TestMarketValue(t *testing.T) {
	t.Parallel()
	s := amounts(map[string]int64{"SharesOutstanding": 3000})
	s.EndDate, s.PublishDate, s.Currency = date("2020-12-31"), date("2021-02-01"), "TWD"
	rate := func(string, string) *big.Rat { return big.NewRat(100, 3) }
	for _, test := range []struct {
		close, ordinary    string
		listed, marketCap  int64
		price, description string
	}{
		{"7.5", "5", 4500, 150_000, "50", "7.5 x 3000 / 5; x 100 / 3"},
		{"0.0005", "1", 2, 50, "1/60", "1.5 rounds up, and 50 is of 1.5"},
		{"1e3", "1/1500", 4_500_000_000, 150_000_000_000, "50000000", "1000 x 3000 x 1500"},
	} {
		q := quote("2021-03-01", test.close)
		q.OrdinaryShares = rat(test.ordinary)
		m := value.ComputeMarketValue(q, &s, nil, nil, rate)
		assert.Equal(t, test.listed, *m.Listed, test.description)
		assert.Equal(t, test.marketCap, *m.Cap, test.description)
		assert.Equal(t, test.price, m.Price().RatString(), test.description)
		assert.Empty(t, m.Reasons)
	}
	q := quote("2021-03-01", "7.5")
	q.OrdinaryShares = nil
	assert.Nil(t, value.ComputeMarketValue(q, &s, nil, nil, rate).Price())
	q.OrdinaryShares = big.NewRat(1, 1)
	assert.Nil(t, value.ComputeMarketValue(q, &s, nil, nil, func(string, string) *big.Rat { return nil }).Price())
	assert.Equal(t, "15/2", value.ComputeMarketValue(q, nil, nil, nil, nil).Price().RatString(), "no statement, no other currency")
	q.Close = decimal.NewFromInt(1e18)
	assert.Nil(t, value.ComputeMarketValue(q, &s, nil, nil, rate).Cap, "more than an int64 holds")
}
