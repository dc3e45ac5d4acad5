package value_test

import (
	"fmt"
	"math/big"
	"reflect"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// The amounts are Apple's, of its fiscal year 2023 or of 2017-12-29, in million dollars where nothing else is said.

func ExampleEBIT() {
	ebit, basis := value.EBIT(new(int64(113_736)), new(int64(3_933)), new(int64(114_301)), false)
	fmt.Println(*ebit, *basis)
	// Without interest expense, operating income stands in.
	ebit, basis = value.EBIT(new(int64(123_485)), nil, new(int64(123_216)), false)
	fmt.Println(*ebit, *basis)
	// Output:
	// 117669 pretax_plus_interest
	// 123216 operating_income
}

func ExampleComputeMetrics() {
	const million = 1_000_000
	n := func(millions int64) *int64 { return new(millions * million) }
	s := value.Statement{
		TotalRevenues: n(383_285), GrossProfit: n(169_148), OperatingIncome: n(114_301), ProfitBeforeTax: n(113_736),
		InterestExpense: n(3_933), NetIncome: n(96_995), DepreciationAndAmortization: n(11_519),
		TotalAssets: n(352_583), CurrentAssets: n(143_566), CashAndEquivalents: n(29_965), CurrentLiabilities: n(145_308),
		TotalEquity: n(62_146), TotalDebt: n(111_088), SharesOutstanding: new(int64(15_552_752_000)),
	}
	value.Complete(&s)
	m := value.ComputeMetrics(s, value.TTM{NetIncome: s.NetIncome, EBITDA: s.EBITDA})
	fmt.Println("EBITDA", *s.EBITDA/million, "working capital", *m.WorkingCapital/million)
	for name, ratio := range reflect.ValueOf(m).Fields() {
		if d, ok := ratio.Interface().(*decimal.Decimal); ok {
			fmt.Println(name.Name, d.StringFixed(4))
		}
	}

	// Snowflake's, with minorities.
	m = value.ComputeMetrics(value.Statement{
		TotalEquity: n(3_007), NoncontrollingInterest: n(7), Goodwill: n(984), IntangibleAssets: n(278),
	}, value.TTM{})
	fmt.Println("book value", *m.BookValue/million, "tangible", *m.TangibleBookValue/million)
	// Output:
	// EBITDA 129188 working capital -1742
	// TangibleBookValuePerShare 3.9958
	// DebtToEquity 1.7875
	// EquityRatio 0.1763
	// DebtRatio 0.8237
	// CashRatio 0.2062
	// CurrentRatio 0.9880
	// GrossProfitMargin 0.4413
	// NetProfitMargin 0.2531
	// EBITMargin 0.3070
	// OperatingMargin 0.2982
	// EBITDAMargin 0.3371
	// ReturnOnEquity 1.5608
	// ReturnOnAssets 0.2751
	// DebtToEBITDA 0.8599
	// CashReturnOnCapitalInvested 0.7457
	// book value 3000 tangible 1738
}

func ExampleMarketValue_Ratios() {
	n := func(millions int64) *int64 { return new(millions * 1_000_000) }
	s := value.Statement{
		TotalAssets: n(375_319), TotalDebt: n(115_680), CashAndEquivalents: n(20_289), TotalEquity: n(134_047),
		Goodwill: n(5_717), IntangibleAssets: n(2_298), Currency: "USD",
	}
	ttm := value.TTM{TotalRevenues: n(229_234), NetIncome: n(48_351), EBIT: n(66_412), EBITDA: n(76_569)}
	counts := []value.ShareCount{{Source: value.Cover, Shares: 5_134_312_000}}
	quote := value.Quote{
		Day: date("2017-12-29"), Close: decimal.RequireFromString("169.23"), Currency: "USD", OrdinaryShares: big.NewRat(1, 1),
	}
	r := value.ComputeMarketValue(quote, &s, counts, nil, func(string, string) *big.Rat { return big.NewRat(1, 1) }).Ratios(&s, ttm)
	fmt.Println("MarketCap", *r.MarketCap)
	fmt.Println("EnterpriseValue", *r.EnterpriseValue)
	for name, ratio := range reflect.ValueOf(r).Fields() {
		if d, ok := ratio.Interface().(*decimal.Decimal); ok {
			fmt.Println(name.Name, d.StringFixed(4))
		}
	}
	// Output:
	// MarketCap 868879619760
	// EnterpriseValue 964270619760
	// ExchangeRate 1.0000
	// PriceToEarningsRatioTTM 17.9703
	// PriceToBookRatio 6.4819
	// MarketToBookRatio 6.4819
	// PriceToTangibleBookValue 6.8941
	// EVToRevenue 4.2065
	// EVToNetIncome 19.9431
	// EVToEBIT 14.5195
	// EVToEBITDA 12.5935
	// EVToAssets 2.5692
}

func ExampleSharesOn() {
	splits := []value.Split{split("2014-06-09", "7")}
	count := value.ShareCount{BasisDate: date("2014-04-24"), Shares: 861_381_000}
	before, _ := value.SharesOn(date("2014-06-06"), count, splits)
	after, _ := value.SharesOn(date("2014-06-09"), count, splits)
	fmt.Println(*before, *after)
	// Output: 861381000 6029667000
}

func date(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}
