package value

import "github.com/shopspring/decimal"

// debtInterest is how much interest, as a part of total assets, tells of debt: one in 500.
const debtInterest = 500

// Complete fills the fields of s that are nil and follow from others, and adds the marks that do. It changes no field that
// is set.
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
		s.EBIT, s.EBITBasis = EBIT(s.ProfitBeforeTax, s.InterestExpense, s.OperatingIncome, s.Has(Bank))
	}
	set(&s.EBITDA, Add(s.EBIT, s.DepreciationAndAmortization)) // Source: [SEC] 103.01.

	set(&s.NonCurrentAssets, Sub(s.TotalAssets, s.CurrentAssets))
	set(&s.TotalEquitiesAndLiabilities, s.TotalAssets)
	set(&s.TotalLiabilities, SubKnown(Sub(s.TotalEquitiesAndLiabilities, s.TotalEquity), s.TemporaryEquity))
	set(&s.LongTermLiabilities, Sub(s.TotalLiabilities, s.CurrentLiabilities))
	set(&s.TotalEquity, SubKnown(Sub(s.TotalEquitiesAndLiabilities, s.TotalLiabilities), s.TemporaryEquity))

	if s.LongTermDebt != nil { // the short side alone is no total
		set(&s.TotalDebt, Sum(s.ShortTermDebt, s.LongTermDebt))
	}
	partial := s.TotalDebt == nil && s.ShortTermDebt != nil && *s.ShortTermDebt > 0
	if partial {
		s.Marks = append(s.Marks, PartialDebt)
	}
	if s.TotalDebt == nil && s.TotalAssets != nil && (partial || s.hasDebtInterest()) {
		s.Marks = append(s.Marks, DebtUnknown)
	}
	s.Marks = Marks(s.Marks...)
}

// hasDebtInterest tells whether the interest of a year is above a five-hundredth of total assets.
func (s *Statement) hasDebtInterest() bool {
	if s.InterestExpense == nil {
		return false
	}
	interest := decimal.NewFromInt(*s.InterestExpense)
	if s.Period == Quarterly {
		interest = interest.Mul(decimal.NewFromInt(4))
	}
	return interest.Mul(decimal.NewFromInt(debtInterest)).GreaterThan(decimal.NewFromInt(*s.TotalAssets))
}
