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
	set(&s.DepreciationAndAmortization, first(Add(s.Depreciation, s.Amortization), s.Depreciation))
	set(&s.FreeCashFlow, FreeCashFlow(s.OperatingCashFlow, s.CapitalExpenditure))
	if s.EBIT == nil {
		s.EBIT, s.EBITBasis = EBIT(s.ProfitBeforeTax, s.InterestExpense, s.OperatingIncome)
	}
	set(&s.EBITDA, EBITDA(s.EBIT, s.DepreciationAndAmortization))

	set(&s.NonCurrentAssets, Sub(s.TotalAssets, s.CurrentAssets))
	set(&s.TotalEquitiesAndLiabilities, s.TotalAssets)
	set(&s.TotalLiabilities, SubKnown(Sub(s.TotalEquitiesAndLiabilities, s.TotalEquity), s.TemporaryEquity))
	set(&s.LongTermLiabilities, Sub(s.TotalLiabilities, s.CurrentLiabilities))
	set(&s.TotalDebt, Sum(s.ShortTermDebt, s.LongTermDebt))
	set(&s.TotalEquity, SubKnown(Sub(s.TotalEquitiesAndLiabilities, s.TotalLiabilities), s.TemporaryEquity))
}
