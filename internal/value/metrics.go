package value

// The formulas below take nil for what is not known and are nil when an operand they need is nil, a denominator is not
// above zero (a loss divided by negative equity is no return) or money does not fit in an int64. "If known" marks an
// operand that is left out when nil.
//
// Their sources:
//   - [CFA]: CFA Institute, Financial Statement Analysis (financial analysis techniques) and Equity (market-based
//     valuation: price and enterprise value multiples). Where it averages a balance sheet figure, the one at the end
//     is taken here.
//   - [Graham]: Benjamin Graham, The Intelligent Investor.
//   - [SEC]: U.S. Securities and Exchange Commission, Non-GAAP Financial Measures, Compliance & Disclosure
//     Interpretations.
//   - [CROCI]: Deutsche Bank's cash return on capital invested.

// EBIT is earnings before interest and taxes, in money, and how it was found: profit before tax plus interest
// expense, or operating income when either of these is not known. Both results are nil without operating income too, and
// for a bank, whose interest is its cost of sales. Source: [SEC] 103.01.
func EBIT(profitBeforeTax, interestExpense, operatingIncome *int64, isBank bool) (*int64, *EBITBasis) {
	if isBank {
		return nil, nil
	}
	if ebit := Add(profitBeforeTax, interestExpense); ebit != nil {
		return ebit, new(PretaxPlusInterest)
	}
	if operatingIncome != nil {
		return operatingIncome, new(OperatingIncome)
	}
	return nil, nil
}

// bookValues returns the equity of the common shareholders: total equity less the minorities' part and preferred stock,
// each if known; and without goodwill and other intangible assets, each if known: what is left for the shareholders if
// these prove worth nothing. Both in money. Source: [Graham] ch. 14.
func bookValues(s *Statement) (book, tangible *int64) {
	book = SubKnown(SubKnown(s.TotalEquity, s.NoncontrollingInterest), s.PreferredStock)
	return book, SubKnown(SubKnown(book, s.Goodwill), s.IntangibleAssets)
}

// toCommon is the net income of the common shareholders, in money: without preferred dividends, if known.
func (t *TTM) toCommon() *int64 { return SubKnown(t.NetIncome, t.PreferredDividends) }

// ComputeMetrics returns the value metrics of s, given the twelve months that end with it. Margins are those of the
// statement's own period; balance sheet figures are those at its end.
func ComputeMetrics(s Statement, ttm TTM) Metrics {
	bookValue, tangibleBookValue := bookValues(&s)
	var capital *int64
	if !s.Has(DebtUnknown) {
		capital = AddKnown(s.TotalEquity, s.TotalDebt)
	}
	return Metrics{
		BookValue:         bookValue,
		TangibleBookValue: tangibleBookValue,
		// Source: [CFA].
		WorkingCapital: Sub(s.CurrentAssets, s.CurrentLiabilities),
		// Source: [Graham] ch. 14.
		TangibleBookValuePerShare: ratio(tangibleBookValue, s.SharesOutstanding),
		// Only borrowings are debt; operating leases are not. Source: [CFA].
		DebtToEquity: ratio(s.TotalDebt, s.TotalEquity),
		// Source: [CFA], the inverse of financial leverage.
		EquityRatio: ratio(s.TotalEquity, s.TotalAssets),
		// Source: [CFA], with all liabilities for debt.
		DebtRatio: ratio(s.TotalLiabilities, s.TotalAssets),
		// The strictest test of liquidity. Source: [CFA], without marketable securities.
		CashRatio: ratio(s.CashAndEquivalents, s.CurrentLiabilities),
		// Graham asked an industrial company for 2. Source: [CFA], [Graham] ch. 14.
		CurrentRatio: ratio(s.CurrentAssets, s.CurrentLiabilities),
		// Source of the margins: [CFA].
		GrossProfitMargin: ratio(s.GrossProfit, s.TotalRevenues),
		NetProfitMargin:   ratio(s.NetIncome, s.TotalRevenues),
		EBITMargin:        ratio(s.EBIT, s.TotalRevenues),
		OperatingMargin:   ratio(s.OperatingIncome, s.TotalRevenues),
		EBITDAMargin:      ratio(s.EBITDA, s.TotalRevenues),
		// Source of the returns: [CFA], by the balance sheet at the end, not an average.
		ReturnOnEquity: ratio(ttm.toCommon(), bookValue),
		ReturnOnAssets: ratio(ttm.NetIncome, s.TotalAssets),
		// Years of earnings to pay off the debt. Source: [CFA].
		DebtToEBITDA: ratio(s.TotalDebt, ttm.EBITDA),
		// Total debt counts if known; nil where there must be some. Source: [CROCI], with EBITDA for gross cash flow and
		// capital at book value.
		CashReturnOnCapitalInvested: ratio(ttm.EBITDA, capital),
	}
}
