package value

// Complete fills the fields of s that are nil and follow from others. It changes no field that is set.
func Complete(s *Statement) {
	set := func(field **int64, derived *int64) {
		if *field == nil {
			*field = derived
		}
	}

	set(&s.GrossProfit, Sub(s.TotalRevenues, s.CostOfRevenue))
	set(&s.CostOfRevenue, Sub(s.TotalRevenues, s.GrossProfit))
	set(&s.ProfitBeforeTax, Add(s.NetIncome, s.TaxExpense))
	set(&s.DepreciationAndAmortization, Add(s.Depreciation, s.Amortization))
	set(&s.DepreciationAndAmortization, s.Depreciation)
	// What the business left its owners after paying for its property, plant and equipment. Source: [SEC] 102.07.
	set(&s.FreeCashFlow, Sub(s.OperatingCashFlow, s.CapitalExpenditure))
	if s.EBIT == nil {
		s.EBIT, s.EBITBasis = EBIT(s.ProfitBeforeTax, s.InterestExpense, s.OperatingIncome)
	}
	set(&s.EBITDA, Add(s.EBIT, s.DepreciationAndAmortization)) // Source: [SEC] 103.01.

	set(&s.NonCurrentAssets, Sub(s.TotalAssets, s.CurrentAssets))
	set(&s.TotalEquitiesAndLiabilities, s.TotalAssets)
	set(&s.TotalLiabilities, SubKnown(Sub(s.TotalEquitiesAndLiabilities, s.TotalEquity), s.TemporaryEquity))
	set(&s.LongTermLiabilities, Sub(s.TotalLiabilities, s.CurrentLiabilities))
	set(&s.TotalDebt, Sum(s.ShortTermDebt, s.LongTermDebt))
	set(&s.TotalEquity, SubKnown(Sub(s.TotalEquitiesAndLiabilities, s.TotalLiabilities), s.TemporaryEquity))
}
