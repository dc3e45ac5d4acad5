package sec

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// unmarked reads the figures that leave no marks: of tags that turned, or of differences that were dropped. The others,
// which they are made of, are in s.
func (r *reader) unmarked(s *value.Statement, hasBalanceSheet bool) {
	quiet := &reader{view: r.view, reading: r.reading}
	quiet.unmarkedFlows(s)
	if hasBalanceSheet {
		quiet.unmarkedBalances(s)
	}
	t := r.pair.taxonomy
	s.WeightedAverageShares, s.WeightedAverageSharesBasisDate = r.weightedShares(t.averageShares, s.NetIncome, s.EarningsPerShare)
	s.WeightedAverageSharesDiluted, s.WeightedAverageSharesDilutedBasisDate =
		r.weightedShares(t.averageSharesDiluted, s.NetIncome, s.EarningsPerShareDiluted)
}

func (r *reader) unmarkedFlows(s *value.Statement) {
	t := r.pair.taxonomy
	income := func(tags tags) *int64 { return r.first(incomeStatement, tags).int64 }
	cash := func(tags tags) *int64 { return r.first(cashFlowStatement, tags).int64 }

	if s.SellingGeneralAdministrative = income(t.sellingAndGeneral); s.SellingGeneralAdministrative == nil {
		s.SellingGeneralAdministrative = value.Add(income(t.generalCosts), income(t.sellingCosts))
	}
	s.ResearchAndDevelopment = income(t.research)
	s.InterestIncome = income(t.interestIncome)
	s.InvestingCashFlow = cash(t.investing)
	s.FinancingCashFlow = cash(t.financing)
	s.ExchangeRateEffect = cash(t.exchangeEffect)
	s.NetChangeInCash = cash(t.changeInCash)
	s.ShareRepurchases = cash(t.repurchases)
	s.StockBasedCompensation = cash(t.stockCompensation)
	s.Acquisitions = cash(t.acquisitions)
	s.IncomeTaxesPaid = cash(t.taxesPaid)
	s.InterestPaid = cash(t.interestPaid)
}

func (r *reader) unmarkedBalances(s *value.Statement) {
	t := r.pair.taxonomy
	s.RetainedEarnings = r.balance(t.retainedEarnings).int64
	s.Receivables = r.balance(t.receivables).int64
	s.Inventory = r.balance(t.inventory).int64
	s.AccountsPayable = r.balance(t.payables).int64
	s.LongTermInvestments = r.balance(t.longTermInvestments).int64
	s.PropertyPlantEquipment = r.balance(t.property).int64
	s.DeferredRevenueCurrent = r.balance(t.deferredRevenue).int64
	if s.ShortTermInvestments = r.balance(t.shortTermInvestments).int64; s.ShortTermInvestments == nil {
		rest := value.Sub(r.balance(t.cashAndInvestments).int64, s.CashAndEquivalents)
		if rest != nil && *rest >= 0 {
			s.ShortTermInvestments = rest
		}
	}
	if s.OperatingLeaseLiability = r.balance(t.leases).int64; s.OperatingLeaseLiability == nil {
		parts := amount{new(int64), false, false}
		for _, part := range r.eachBalance(t.leaseParts) {
			parts = parts.plus(part)
		}
		s.OperatingLeaseLiability = parts.int64
	}
}

// weightedShares returns the weighted average count of shares of the period, brought to the scale that net income by
// earnings per share has, and the day on which it was filed. One that is off by more than 20 times is none.
func (r *reader) weightedShares(tags tags, income *int64, eps *decimal.Decimal) (*int64, *time.Time) {
	for _, tag := range tags {
		if f, ok := r.whole(r.pair.shares[tag]); ok && f.coef > 0 {
			if count := scaled(f.coef, income, eps); count != nil {
				return count, new(r.filings[f.filing].filed.time())
			}
			return nil, nil
		}
	}
	return nil, nil
}

var (
	// leastScalingEPS is what earnings per share must be, without their sign, to tell the scale of a count.
	leastScalingEPS = decimal.New(5, -2)
	// countScales are what a count is off by that was filed in thousands or millions, or the reverse.
	countScales = []decimal.Decimal{decimal.New(1, 3), decimal.New(1, 6), decimal.New(1, -3), decimal.New(1, -6)}
	// A scale is known to a tenth.
	scaleLow, scaleHigh = decimal.New(9, -1), decimal.New(11, -1)
)

// scaled returns a count of shares in the scale of net income by earnings per share, nil if it is in none.
func scaled(count int64, income *int64, eps *decimal.Decimal) *int64 {
	if income == nil || eps == nil || eps.Abs().LessThan(leastScalingEPS) {
		return &count
	}
	n := decimal.NewFromInt(count)
	implied, tagged := decimal.NewFromInt(*income).Abs(), eps.Abs().Mul(n) // their quotient is what the count is off by
	for _, s := range countScales {
		if at := tagged.Mul(s); !implied.LessThan(at.Mul(scaleLow)) && !implied.GreaterThan(at.Mul(scaleHigh)) {
			whole := n.Mul(s).Add(oneHalf).Floor()
			if whole.IsPositive() && whole.BigInt().IsInt64() {
				return new(whole.IntPart())
			}
			return nil
		}
	}
	factor := decimal.NewFromInt(implausibleFactor)
	if implied.GreaterThan(tagged.Mul(factor)) || implied.Mul(factor).LessThan(tagged) {
		return nil
	}
	return &count
}
