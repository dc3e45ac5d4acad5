package value

import "github.com/shopspring/decimal"

// The formulas below take nil for what is not known and return nil when an operand they need is nil, a denominator
// is zero or money does not fit in an int64. A negative denominator is not special: readers should show such a ratio
// as "not meaningful". "If known" marks an operand that is left out when nil.
//
// Their sources:
//   - [CFA]: CFA Institute, Financial Statement Analysis (financial analysis techniques) and Equity (market-based
//     valuation: price and enterprise value multiples). Where it averages a balance sheet figure, the one at the end
//     is taken here.
//   - [Graham]: Benjamin Graham, The Intelligent Investor.
//   - [SEC]: U.S. Securities and Exchange Commission, Non-GAAP Financial Measures, Compliance & Disclosure
//     Interpretations.
//   - [CROCI]: Deutsche Bank's cash return on capital invested.

// FreeCashFlow is operating cash flow less capital expenditure, in money: what the business left its owners after
// paying for its property, plant and equipment. Source: [SEC] 102.07.
func FreeCashFlow(operatingCashFlow, capitalExpenditure *int64) *int64 {
	return Sub(operatingCashFlow, capitalExpenditure)
}

// EBIT is earnings before interest and taxes, in money, and how it was found: profit before tax plus interest
// expense, or operating income when either of these is not known. Both results are nil without operating income too.
// Source: [SEC] 103.01.
func EBIT(profitBeforeTax, interestExpense, operatingIncome *int64) (*int64, *EBITBasis) {
	if ebit := Add(profitBeforeTax, interestExpense); ebit != nil {
		return ebit, new(PretaxPlusInterest)
	}
	if operatingIncome != nil {
		return operatingIncome, new(OperatingIncome)
	}
	return nil, nil
}

// EBITDA is EBIT plus depreciation and amortization, in money. Source: [SEC] 103.01.
func EBITDA(ebit, depreciationAndAmortization *int64) *int64 {
	return Add(ebit, depreciationAndAmortization)
}

// BookValue is the equity of the parent's shareholders, in money: total equity less the minorities' part if known.
// Source: [Graham] ch. 14.
func BookValue(totalEquity, noncontrollingInterest *int64) *int64 {
	return SubKnown(totalEquity, noncontrollingInterest)
}

// TangibleBookValue is book value less goodwill and other intangible assets if known, in money: what is
// left for the shareholders if these prove worth nothing. Source: [Graham] ch. 14.
func TangibleBookValue(bookValue, goodwill, intangibleAssets *int64) *int64 {
	return SubKnown(SubKnown(bookValue, goodwill), intangibleAssets)
}

// WorkingCapital is current assets less current liabilities, in money. Source: [CFA].
func WorkingCapital(currentAssets, currentLiabilities *int64) *int64 {
	return Sub(currentAssets, currentLiabilities)
}

// TangibleBookValuePerShare is tangible book value by the number of shares, in money per share. Source: [Graham] ch.
// 14.
func TangibleBookValuePerShare(tangibleBookValue, sharesOutstanding *int64) *decimal.Decimal {
	return ratio(tangibleBookValue, sharesOutstanding)
}

// DebtToEquity is total debt by total equity, a ratio. Only borrowings are debt; operating leases are not. Source:
// [CFA].
func DebtToEquity(totalDebt, totalEquity *int64) *decimal.Decimal {
	return ratio(totalDebt, totalEquity)
}

// EquityRatio is total equity by total assets, a ratio. Source: [CFA], the inverse of financial leverage.
func EquityRatio(totalEquity, totalAssets *int64) *decimal.Decimal {
	return ratio(totalEquity, totalAssets)
}

// DebtRatio is total liabilities (not only debt) by total assets, a ratio. Source: [CFA], with all liabilities for
// debt.
func DebtRatio(totalLiabilities, totalAssets *int64) *decimal.Decimal {
	return ratio(totalLiabilities, totalAssets)
}

// CashRatio is cash and equivalents by current liabilities, a ratio: the strictest test of liquidity. Source: [CFA],
// without marketable securities.
func CashRatio(cashAndEquivalents, currentLiabilities *int64) *decimal.Decimal {
	return ratio(cashAndEquivalents, currentLiabilities)
}

// CurrentRatio is current assets by current liabilities, a ratio. Graham asked an industrial company for 2. Source:
// [CFA], [Graham] ch. 14.
func CurrentRatio(currentAssets, currentLiabilities *int64) *decimal.Decimal {
	return ratio(currentAssets, currentLiabilities)
}

// GrossProfitMargin is gross profit by total revenues of the same period, a fraction. Source: [CFA].
func GrossProfitMargin(grossProfit, totalRevenues *int64) *decimal.Decimal {
	return ratio(grossProfit, totalRevenues)
}

// NetProfitMargin is net income by total revenues of the same period, a fraction. Source: [CFA].
func NetProfitMargin(netIncome, totalRevenues *int64) *decimal.Decimal {
	return ratio(netIncome, totalRevenues)
}

// EBITMargin is EBIT by total revenues of the same period, a fraction. Source: [CFA].
func EBITMargin(ebit, totalRevenues *int64) *decimal.Decimal { return ratio(ebit, totalRevenues) }

// OperatingMargin is operating income by total revenues of the same period, a fraction. Source: [CFA].
func OperatingMargin(operatingIncome, totalRevenues *int64) *decimal.Decimal {
	return ratio(operatingIncome, totalRevenues)
}

// EBITDAMargin is EBITDA by total revenues of the same period, a fraction. Source: [CFA].
func EBITDAMargin(ebitda, totalRevenues *int64) *decimal.Decimal { return ratio(ebitda, totalRevenues) }

// ReturnOnEquity is the net income of twelve months by the book value at their end, not an average, a fraction.
// Source: [CFA].
func ReturnOnEquity(ttmNetIncome, bookValue *int64) *decimal.Decimal {
	return ratio(ttmNetIncome, bookValue)
}

// ReturnOnAssets is the net income of twelve months by the total assets at their end, not an average, a fraction.
// Source: [CFA].
func ReturnOnAssets(ttmNetIncome, totalAssets *int64) *decimal.Decimal {
	return ratio(ttmNetIncome, totalAssets)
}

// DebtToEBITDA is total debt by the EBITDA of twelve months, a ratio: years of earnings to pay off the debt. Source:
// [CFA].
func DebtToEBITDA(totalDebt, ttmEBITDA *int64) *decimal.Decimal { return ratio(totalDebt, ttmEBITDA) }

// CashReturnOnCapitalInvested is the EBITDA of twelve months by total equity plus total debt if known, a fraction.
// Source: [CROCI], with EBITDA for gross cash flow and capital at book value.
func CashReturnOnCapitalInvested(ttmEBITDA, totalEquity, totalDebt *int64) *decimal.Decimal {
	return ratio(ttmEBITDA, AddKnown(totalEquity, totalDebt))
}

// ComputeMetrics returns the value metrics of s, given the twelve months that end with it. Margins are those of the
// statement's own period; balance sheet figures are those at its end.
func ComputeMetrics(s Statement, ttm TTM) Metrics {
	bookValue := BookValue(s.TotalEquity, s.NoncontrollingInterest)
	tangibleBookValue := TangibleBookValue(bookValue, s.Goodwill, s.IntangibleAssets)
	return Metrics{
		BookValue:                   bookValue,
		TangibleBookValue:           tangibleBookValue,
		WorkingCapital:              WorkingCapital(s.CurrentAssets, s.CurrentLiabilities),
		TangibleBookValuePerShare:   TangibleBookValuePerShare(tangibleBookValue, s.SharesOutstanding),
		DebtToEquity:                DebtToEquity(s.TotalDebt, s.TotalEquity),
		EquityRatio:                 EquityRatio(s.TotalEquity, s.TotalAssets),
		DebtRatio:                   DebtRatio(s.TotalLiabilities, s.TotalAssets),
		CashRatio:                   CashRatio(s.CashAndEquivalents, s.CurrentLiabilities),
		CurrentRatio:                CurrentRatio(s.CurrentAssets, s.CurrentLiabilities),
		GrossProfitMargin:           GrossProfitMargin(s.GrossProfit, s.TotalRevenues),
		NetProfitMargin:             NetProfitMargin(s.NetIncome, s.TotalRevenues),
		EBITMargin:                  EBITMargin(s.EBIT, s.TotalRevenues),
		OperatingMargin:             OperatingMargin(s.OperatingIncome, s.TotalRevenues),
		EBITDAMargin:                EBITDAMargin(s.EBITDA, s.TotalRevenues),
		ReturnOnEquity:              ReturnOnEquity(ttm.NetIncome, bookValue),
		ReturnOnAssets:              ReturnOnAssets(ttm.NetIncome, s.TotalAssets),
		DebtToEBITDA:                DebtToEBITDA(s.TotalDebt, ttm.EBITDA),
		CashReturnOnCapitalInvested: CashReturnOnCapitalInvested(ttm.EBITDA, s.TotalEquity, s.TotalDebt),
	}
}
