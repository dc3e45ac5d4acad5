package value

import (
	"slices"

	"github.com/shopspring/decimal"
)

// debtInterest is how much interest, as a part of total assets, tells of debt: one in 500.
const debtInterest = 500

// A Derivation is a field that Complete filled, and the fields that it follows from.
type Derivation struct {
	Field **int64
	Op    Op // OpSum, OpSubtract, or none for the value of the other field itself
	From  []**int64
}

type derivations []Derivation

// set fills a field that is nil. The pointers of from must be those of known fields.
func (d *derivations) set(field **int64, op Op, derived *int64, from ...**int64) {
	if *field == nil && derived != nil {
		*field = derived
		*d = append(*d, Derivation{field, op, slices.Clone(from)})
	}
}

func (d *derivations) take(field, from **int64) { d.set(field, "", *from, from) }

func (d *derivations) add(field, a, b **int64) { d.set(field, OpSum, Add(*a, *b), a, b) }

// subtract takes b off a, and c if it is known.
func (d *derivations) subtract(field, a, b **int64, c ...**int64) {
	difference, from := Sub(*a, *b), []**int64{a, b}
	for _, known := range c {
		if *known != nil {
			difference, from = Sub(difference, *known), append(from, known)
		}
	}
	d.set(field, OpSubtract, difference, from...)
}

// Complete fills the fields of s that are nil and follow from others, adds the marks that do, and says what it filled. It
// changes no field that is set.
func Complete(s *Statement) []Derivation {
	var d derivations
	d.subtract(&s.GrossProfit, &s.TotalRevenues, &s.CostOfRevenue)
	d.subtract(&s.CostOfRevenue, &s.TotalRevenues, &s.GrossProfit)
	d.add(&s.ProfitBeforeTax, &s.NetIncome, &s.TaxExpense)
	d.add(&s.DepreciationAndAmortization, &s.Depreciation, &s.Amortization)
	d.take(&s.DepreciationAndAmortization, &s.Depreciation)
	// What the business left its owners after paying for its property, plant and equipment. Source: [SEC] 102.07.
	d.subtract(&s.FreeCashFlow, &s.OperatingCashFlow, &s.CapitalExpenditure)
	if s.EBIT == nil {
		ebit, basis := EBIT(s.ProfitBeforeTax, s.InterestExpense, s.OperatingIncome, s.Has(Bank))
		if s.EBITBasis = basis; basis != nil && *basis == OperatingIncome {
			d.take(&s.EBIT, &s.OperatingIncome)
		} else {
			d.set(&s.EBIT, OpSum, ebit, &s.ProfitBeforeTax, &s.InterestExpense)
		}
	}
	d.add(&s.EBITDA, &s.EBIT, &s.DepreciationAndAmortization) // Source: [SEC] 103.01.

	d.subtract(&s.NonCurrentAssets, &s.TotalAssets, &s.CurrentAssets)
	d.take(&s.TotalEquitiesAndLiabilities, &s.TotalAssets)
	d.subtract(&s.TotalLiabilities, &s.TotalEquitiesAndLiabilities, &s.TotalEquity, &s.TemporaryEquity)
	d.subtract(&s.LongTermLiabilities, &s.TotalLiabilities, &s.CurrentLiabilities)
	d.subtract(&s.TotalEquity, &s.TotalEquitiesAndLiabilities, &s.TotalLiabilities, &s.TemporaryEquity)

	switch {
	case s.LongTermDebt == nil: // the short side alone is no total
	case s.ShortTermDebt == nil:
		d.take(&s.TotalDebt, &s.LongTermDebt)
	default:
		d.add(&s.TotalDebt, &s.ShortTermDebt, &s.LongTermDebt)
	}
	partial := s.TotalDebt == nil && s.ShortTermDebt != nil && *s.ShortTermDebt > 0
	if partial {
		s.Marks = append(s.Marks, PartialDebt)
	}
	if s.TotalDebt == nil && s.TotalAssets != nil && (partial || s.hasDebtInterest()) {
		s.Marks = append(s.Marks, DebtUnknown)
	}
	s.Marks = Marks(s.Marks...)
	return d
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
