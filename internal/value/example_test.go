package value_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// The amounts are Apple's, of its fiscal year 2023 or of 2017-12-29, in million dollars where nothing else is said.

func ExampleEBIT() {
	ebit, basis := value.EBIT(new(int64(113_736)), new(int64(3_933)), new(int64(114_301)))
	fmt.Println(*ebit, *basis)
	// Without interest expense, operating income stands in.
	ebit, basis = value.EBIT(new(int64(123_485)), nil, new(int64(123_216)))
	fmt.Println(*ebit, *basis)
	// Output:
	// 117669 pretax_plus_interest
	// 123216 operating_income
}

func ExampleFreeCashFlow() {
	fmt.Println(*value.FreeCashFlow(new(int64(110_543)), new(int64(10_959))))
	// Output: 99584
}

func ExampleEBITDA() {
	fmt.Println(*value.EBITDA(new(int64(117_669)), new(int64(11_519))))
	// Output: 129188
}

func ExampleBookValue() {
	// Snowflake's, with minorities.
	fmt.Println(*value.BookValue(new(int64(3_007)), new(int64(7))))
	// Output: 3000
}

func ExampleTangibleBookValue() {
	// Snowflake's.
	fmt.Println(*value.TangibleBookValue(new(int64(3_000)), new(int64(984)), new(int64(278))))
	// Output: 1738
}

func ExampleWorkingCapital() {
	fmt.Println(*value.WorkingCapital(new(int64(143_566)), new(int64(145_308))))
	// Output: -1742
}

func ExampleTangibleBookValuePerShare() {
	// In dollars and shares.
	fmt.Println(value.TangibleBookValuePerShare(new(int64(62_146_000_000)), new(int64(15_552_752_000))).StringFixed(4))
	// Output: 3.9958
}

func ExampleDebtToEquity() {
	fmt.Println(value.DebtToEquity(new(int64(111_088)), new(int64(62_146))).StringFixed(4))
	// Output: 1.7875
}

func ExampleEquityRatio() {
	fmt.Println(value.EquityRatio(new(int64(62_146)), new(int64(352_583))).StringFixed(4))
	// Output: 0.1763
}

func ExampleDebtRatio() {
	fmt.Println(value.DebtRatio(new(int64(290_437)), new(int64(352_583))).StringFixed(4))
	// Output: 0.8237
}

func ExampleCashRatio() {
	fmt.Println(value.CashRatio(new(int64(29_965)), new(int64(145_308))).StringFixed(4))
	// Output: 0.2062
}

func ExampleCurrentRatio() {
	fmt.Println(value.CurrentRatio(new(int64(143_566)), new(int64(145_308))).StringFixed(4))
	// Output: 0.9880
}

func ExampleGrossProfitMargin() {
	fmt.Println(value.GrossProfitMargin(new(int64(169_148)), new(int64(383_285))).StringFixed(4))
	// Output: 0.4413
}

func ExampleNetProfitMargin() {
	fmt.Println(value.NetProfitMargin(new(int64(96_995)), new(int64(383_285))).StringFixed(4))
	// Output: 0.2531
}

func ExampleEBITMargin() {
	fmt.Println(value.EBITMargin(new(int64(117_669)), new(int64(383_285))).StringFixed(4))
	// Output: 0.3070
}

func ExampleOperatingMargin() {
	fmt.Println(value.OperatingMargin(new(int64(114_301)), new(int64(383_285))).StringFixed(4))
	// Output: 0.2982
}

func ExampleEBITDAMargin() {
	fmt.Println(value.EBITDAMargin(new(int64(129_188)), new(int64(383_285))).StringFixed(4))
	// Output: 0.3371
}

func ExampleReturnOnEquity() {
	fmt.Println(value.ReturnOnEquity(new(int64(96_995)), new(int64(62_146))).StringFixed(4))
	// Output: 1.5608
}

func ExampleReturnOnAssets() {
	fmt.Println(value.ReturnOnAssets(new(int64(96_995)), new(int64(352_583))).StringFixed(4))
	// Output: 0.2751
}

func ExampleDebtToEBITDA() {
	fmt.Println(value.DebtToEBITDA(new(int64(111_088)), new(int64(129_188))).StringFixed(4))
	// Output: 0.8599
}

func ExampleCashReturnOnCapitalInvested() {
	crci := value.CashReturnOnCapitalInvested(new(int64(129_188)), new(int64(62_146)), new(int64(111_088)))
	fmt.Println(crci.StringFixed(4))
	// Output: 0.7457
}

func ExampleEnterpriseValue() {
	// Nothing is known of minorities.
	fmt.Println(*value.EnterpriseValue(new(int64(868_880)), new(int64(115_680)), nil, new(int64(20_289))))
	// Output: 964271
}

func ExamplePriceToEarningsRatioTTM() {
	fmt.Println(value.PriceToEarningsRatioTTM(new(int64(868_880)), new(int64(48_351))).StringFixed(4))
	// Output: 17.9703
}

func ExamplePriceToBookRatio() {
	fmt.Println(value.PriceToBookRatio(new(int64(868_880)), new(int64(134_047))).StringFixed(4))
	// Output: 6.4819
}

func ExamplePriceToTangibleBookValue() {
	fmt.Println(value.PriceToTangibleBookValue(new(int64(868_880)), new(int64(126_032))).StringFixed(4))
	// Output: 6.8941
}

func ExampleEVToRevenue() {
	fmt.Println(value.EVToRevenue(new(int64(964_271)), new(int64(229_234))).StringFixed(4))
	// Output: 4.2065
}

func ExampleEVToNetIncome() {
	fmt.Println(value.EVToNetIncome(new(int64(964_271)), new(int64(48_351))).StringFixed(4))
	// Output: 19.9431
}

func ExampleEVToEBIT() {
	fmt.Println(value.EVToEBIT(new(int64(964_271)), new(int64(66_412))).StringFixed(4))
	// Output: 14.5195
}

func ExampleEVToEBITDA() {
	fmt.Println(value.EVToEBITDA(new(int64(964_271)), new(int64(76_569))).StringFixed(4))
	// Output: 12.5935
}

func ExampleEVToAssets() {
	fmt.Println(value.EVToAssets(new(int64(964_271)), new(int64(375_319))).StringFixed(4))
	// Output: 2.5692
}

func ExampleMarketCap() {
	// In dollars and shares.
	fmt.Println(*value.MarketCap(decimal.RequireFromString("169.23"), decimal.NewFromInt(5_134_312_000)))
	// Output: 868879619760
}

func ExampleSharesOn() {
	splits := []value.Split{{EffectiveDate: date("2014-06-09"), Ratio: decimal.NewFromInt(7)}}
	count := value.ShareCount{BasisDate: date("2014-04-24"), Shares: 861_381_000}
	fmt.Println(value.SharesOn(date("2014-06-06"), count, splits), value.SharesOn(date("2014-06-09"), count, splits))
	// Output: 861381000 6029667000
}

func ExampleAdjustForSplits() {
	splits := []value.Split{
		{EffectiveDate: date("2014-06-09"), Ratio: decimal.NewFromInt(7)},
		{EffectiveDate: date("2020-08-31"), Ratio: decimal.NewFromInt(4)},
	}
	diluted := decimal.RequireFromString("44.15") // fiscal 2012, as filed that year
	fmt.Println(value.AdjustForSplits(diluted, date("2012-10-31"), splits).StringFixed(4))
	fmt.Println(value.AdjustForSplits(diluted, date("2014-06-09"), splits).StringFixed(4))
	// Output:
	// 1.5768
	// 11.0375
}

func date(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}
