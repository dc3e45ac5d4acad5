package sec

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// dividendDecimals is what an amount per share is rounded to.
const dividendDecimals = 6

// Dividends returns the dividend of each quarterly statement that has one, and of each annual one that has one while none
// of its quarters does, by period end, from what was filed on or before a day, all filings for the zero time.
func (c *CompanyFacts) Dividends(asOf time.Time) []value.Dividend {
	v := c.view(c.filedBy(asOf))
	plans := v.plans()
	var dividends []value.Dividend
	add := func(p plan, amount decimal.Decimal, basis fact, derived bool) {
		//exhaustruct:ignore the quarter may be none
		d := value.Dividend{
			FiscalYear:     p.fiscalYear,
			PeriodEnd:      p.end.time(),
			AmountPerShare: amount.Round(dividendDecimals),
			Currency:       p.pair.currency,
			PublishDate:    v.filings[p.own].filed.time(),
			Derived:        derived,
			ShareBasisDate: v.filings[basis.filing].filed.time(),
		}
		if p.period == value.Quarterly && !p.transition {
			d.FiscalQuarter = &p.quarter
		}
		if d.AmountPerShare.IsPositive() {
			dividends = append(dividends, d)
		}
	}
	for _, p := range plans {
		if p.period != value.Quarterly {
			continue
		}
		r := &reader{view: v, reading: p.reading}
		if amount, basis, derived, ok := r.dividend(); ok {
			add(p, amount, basis, derived)
		}
	}
	quarterly := dividends
	for _, p := range plans {
		within := func(d value.Dividend) bool {
			end := dayOf(d.PeriodEnd)
			return p.start <= end && end <= p.end
		}
		if p.period != value.Annual || slices.ContainsFunc(quarterly, within) {
			continue
		}
		r := &reader{view: v, reading: p.reading}
		for _, tag := range p.pair.taxonomy.dividendsPerShare {
			if f, ok := r.whole(p.pair.perShare[tag]); ok {
				add(p, f.decimal(), f, false)
				break
			}
		}
	}
	slices.SortFunc(dividends, func(a, b value.Dividend) int { return a.PeriodEnd.Compare(b.PeriodEnd) })
	return dividends
}

// dividend returns the amount per share of a quarter and the fact whose share basis it is on: of the first tag that has
// one, else of all tags as one series. A difference that is not positive is passed over: a split lies between its two
// filings.
func (r *reader) dividend() (amount decimal.Decimal, basis fact, derived, ok bool) {
	var alternatives []series
	for _, tag := range r.pair.taxonomy.dividendsPerShare {
		alternatives = append(alternatives, r.pair.perShare[tag])
	}
	positive := func(long, short fact) bool { return long.decimal().GreaterThan(short.decimal()) }
	for _, s := range append(alternatives, r.pair.dividendsPerShare) {
		if f, ok := r.whole(s); ok {
			return f.decimal(), f, false, true
		}
		longs, shorts := r.yearToDate(s)
		if long, short, ok := r.cycle(longs, shorts, positive); ok {
			return long.decimal().Sub(short.decimal()), long, true, true
		}
	}
	return decimal.Decimal{}, fact{}, false, false
}
