package sec

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// unmarked reads the figures that leave no marks: of tags that turned, or of differences that were dropped. The others,
// which they are made of, are in s.
func (r *reader) unmarked(s *value.Statement, hasBalanceSheet bool) {
	told := r.marks
	r.unmarkedFlows(s)
	if hasBalanceSheet {
		r.unmarkedBalances(s)
	}
	r.marks = told
	count := func(tags tags, eps *decimal.Decimal, field **int64, basis **time.Time) {
		for _, tag := range tags {
			if a := r.direct(r.pair.shares[tag]); a.known() && a.coef > 0 {
				if count := scaled(a, r.exactly(a), s.NetIncome, eps); count.known() {
					r.writeCount(field, basis, count)
				}
				return
			}
		}
	}
	t := r.pair.taxonomy
	count(t.averageShares, s.EarningsPerShare, &s.WeightedAverageShares, &s.WeightedAverageSharesBasisDate)
	count(t.averageSharesDiluted, s.EarningsPerShareDiluted, &s.WeightedAverageSharesDiluted, &s.WeightedAverageSharesDilutedBasisDate)
}

// writeCount sets a field and its basis date.
func (r *reader) writeCount(field **int64, date **time.Time, a *amount) {
	*field, *date = &a.coef, new(r.filings[a.filing].filed.time())
	r.fields = append(r.fields, provenance{field, a})
}

func (r *reader) unmarkedFlows(s *value.Statement) {
	t := r.pair.taxonomy
	income := func(tags tags) *amount { return r.first(incomeStatement, tags) }
	cash := func(tags tags) *amount { return r.first(cashFlowStatement, tags) }

	selling := income(t.sellingAndGeneral)
	if !selling.known() {
		selling = income(t.generalCosts).plus(income(t.sellingCosts))
	}
	r.write(
		entry{&s.SellingGeneralAdministrative, selling},
		entry{&s.ResearchAndDevelopment, income(t.research)},
		entry{&s.InterestIncome, income(t.interestIncome)},
		entry{&s.InvestingCashFlow, cash(t.investing)},
		entry{&s.FinancingCashFlow, cash(t.financing)},
		entry{&s.ExchangeRateEffect, cash(t.exchangeEffect)},
		entry{&s.NetChangeInCash, cash(t.changeInCash)},
		entry{&s.ShareRepurchases, cash(t.repurchases)},
		entry{&s.StockBasedCompensation, cash(t.stockCompensation)},
		entry{&s.Acquisitions, cash(t.acquisitions)},
		entry{&s.IncomeTaxesPaid, cash(t.taxesPaid)},
		entry{&s.InterestPaid, cash(t.interestPaid)},
	)
}

func (r *reader) unmarkedBalances(s *value.Statement) {
	t := r.pair.taxonomy
	investments := r.balance(t.shortTermInvestments)
	if !investments.known() {
		rest := r.balance(t.cashAndInvestments).minus(r.amountOf(&s.CashAndEquivalents))
		if rest.known() && rest.coef >= 0 {
			investments = rest
		}
	}
	leases := r.balance(t.leases)
	if !leases.known() {
		leases = sumOfAll(r.eachBalance(t.leaseParts)...)
	}
	r.write(
		entry{&s.RetainedEarnings, r.balance(t.retainedEarnings)},
		entry{&s.Receivables, r.balance(t.receivables)},
		entry{&s.Inventory, r.balance(t.inventory)},
		entry{&s.AccountsPayable, r.balance(t.payables)},
		entry{&s.LongTermInvestments, r.balance(t.longTermInvestments)},
		entry{&s.PropertyPlantEquipment, r.balance(t.property)},
		entry{&s.DeferredRevenueCurrent, r.balance(t.deferredRevenue)},
		entry{&s.ShortTermInvestments, investments},
		entry{&s.OperatingLeaseLiability, leases},
	)
}

var (
	// leastScalingEPS is what earnings per share must be, without their sign, to tell the scale of a count.
	leastScalingEPS = decimal.New(5, -2)
	// countScales are the powers of ten that a count is off by that was filed in thousands or millions, or the reverse.
	countScales = []int8{3, 6, -3, -6}
	// A scale is known to a tenth.
	scaleLow, scaleHigh = decimal.New(9, -1), decimal.New(11, -1)
)

// exactly is a fact as filed, such as 51.5 of millions that was rounded when it was read, if it fits.
func (r *reader) exactly(a *amount) *amount {
	if !a.inexact {
		return a
	}
	f := a.fact
	var ok bool
	if f.coef, f.decimals, ok = fit(r.asFiled(f)); !ok {
		return a
	}
	f.inexact = false
	return filedAmount(f)
}

// scaled returns a weighted average count of shares in the scale of net income by earnings per share, from what was filed
// exactly. One that is in none and off by more than 20 times is none.
func scaled(count, exact *amount, income *int64, eps *decimal.Decimal) *amount {
	if income == nil || eps == nil || eps.Abs().LessThan(leastScalingEPS) {
		return count
	}
	n := exact.decimal()
	implied, tagged := decimal.NewFromInt(*income).Abs(), eps.Abs().Mul(n) // their quotient is what the count is off by
	for _, power := range countScales {
		if at := tagged.Shift(int32(power)); !implied.LessThan(at.Mul(scaleLow)) && !implied.GreaterThan(at.Mul(scaleHigh)) {
			scaled := computedDecimal(scaledBy, n.Shift(int32(power)), exact)
			if !scaled.known() {
				return nil
			}
			scaled.power = power
			whole := scaled.decimal().Add(oneHalf).Floor()
			switch {
			case !whole.IsPositive():
				return nil
			case scaled.decimals == 0:
				return scaled
			}
			return computedDecimal(roundedWhole, whole, scaled)
		}
	}
	factor := decimal.NewFromInt(implausibleFactor)
	if implied.GreaterThan(tagged.Mul(factor)) || implied.Mul(factor).LessThan(tagged) {
		return nil
	}
	return count
}
