package sec

import (
	"cmp"
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
		if !amount.IsPositive() {
			return
		}
		//exhaustruct:ignore the quarter may be none
		d := value.Dividend{
			FiscalYear:     p.fiscalYear,
			PeriodEnd:      p.end.time(),
			AmountPerShare: amount,
			Currency:       p.pair.currency,
			PublishDate:    v.filings[p.own].filed.time(),
			Derived:        derived,
			ShareBasisDate: v.filings[basis.filing].filed.time(),
		}
		if p.period == value.Quarterly && !p.transition {
			d.FiscalQuarter = &p.quarter
		}
		dividends = append(dividends, d)
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
		if f, ok := r.filedDividend(); ok {
			add(p, f.decimal().Round(dividendDecimals), f, false)
		}
	}
	slices.SortFunc(dividends, func(a, b value.Dividend) int { return a.PeriodEnd.Compare(b.PeriodEnd) })
	return dividends
}

// filedDividend returns the fact of the first tag that has one about all of the period.
func (r *reader) filedDividend() (fact, bool) {
	for _, tag := range r.pair.taxonomy.dividendsPerShare {
		if f, ok := r.whole(r.pair.perShare[tag]); ok {
			return f, true
		}
	}
	return fact{}, false
}

// dividendsPerShare reads the dividend of a quarter, or what was filed for a year.
func (r *reader) dividendsPerShare(s *value.Statement) {
	set := func(amount decimal.Decimal, basis fact) {
		s.DividendsPerShare, s.DividendsPerShareBasisDate = &amount, new(r.filings[basis.filing].filed.time())
	}
	switch r.kind {
	case interim:
		if amount, basis, _, ok := r.dividend(); ok && amount.IsPositive() {
			set(amount, basis)
		}
	case annual:
		if f, ok := r.filedDividend(); ok {
			set(f.decimal(), f)
		}
	case partial:
	}
}

// dividend returns the rounded amount per share of a quarter and the fact whose share basis it is on: of the first tag that has
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
			return f.decimal().Round(dividendDecimals), f, false, true
		}
		longs, shorts := r.yearToDate(s)
		if long, short, ok := r.cycle(longs, shorts, positive); ok {
			return long.decimal().Sub(short.decimal()).Round(dividendDecimals), long, true, true
		}
	}
	return decimal.Decimal{}, fact{}, false, false
}

// A yearDividend is the dividend per share of the four quarters of a year, on the newest of their bases.
type yearDividend struct {
	amount decimal.Decimal
	basis  day
}

func (d *yearDividend) equal(other *yearDividend) bool {
	return d == other || d != nil && other != nil && d.basis == other.basis && d.amount.Equal(other.amount)
}

// yearDividends returns for each of the plans, which are by end date, the sum of its quarters' dividends: nil if it is no
// year, or not all of the four quarters that touch have one.
func (v view) yearDividends(plans []plan, splits []value.Split) []*yearDividend {
	sums := make([]*yearDividend, len(plans))
	for i, p := range plans {
		if p.period != value.Annual {
			continue
		}
		q := quarterEnding(plans, p)
		var quarters []yearDividend
		for q != nil {
			s := &v.figures.of(q.reading, v.known).statement
			if s.DividendsPerShare == nil {
				break
			}
			quarters = append(quarters, yearDividend{*s.DividendsPerShare, dayOf(*s.DividendsPerShareBasisDate)})
			if len(quarters) == quartersOfYear {
				sums[i] = sumOnOneBasis(quarters, splits)
				break
			}
			q = quarterBefore(plans, *q)
		}
	}
	return sums
}

const quartersOfYear = 4

// sumOnOneBasis adds amounts, each brought to the newest of their bases.
func sumOnOneBasis(amounts []yearDividend, splits []value.Split) *yearDividend {
	all := yearDividend{decimal.Decimal{}, noDay}
	for _, a := range amounts {
		all.basis = max(all.basis, a.basis)
	}
	on := all.basis.time()
	for _, a := range amounts {
		ratio := value.BasisRatio(a.basis.time(), on, value.KnownSplits(splits, on))
		all.amount = all.amount.Add(value.AdjustAmount(a.amount, ratio))
	}
	return &all
}

// plansEnding returns those of the plans, which are by end date, that end on or after one day and before another.
func plansEnding(plans []plan, from, to day) []plan {
	byEnd := func(p plan, end day) int { return cmp.Compare(p.end, end) }
	i, _ := slices.BinarySearchFunc(plans, from, byEnd)
	n, _ := slices.BinarySearchFunc(plans[i:], to, byEnd)
	return plans[i : i+n]
}

// quarterEnding returns the quarterly one of the plans that ends with a year, in its currency.
func quarterEnding(plans []plan, year plan) *plan {
	ending := plansEnding(plans, year.end, year.end+1)
	for i := range ending {
		if q := &ending[i]; q.period == value.Quarterly && q.pair.currency == year.pair.currency {
			return q
		}
	}
	return nil
}

// quarterBefore returns the quarterly one of the plans that a quarter follows on in its currency, the closest if there are
// two: the same as for trailing twelve months.
func quarterBefore(plans []plan, quarter plan) *plan {
	if quarter.startDate == noDay {
		return nil
	}
	last := quarter.startDate - 1
	var found *plan
	closest := day(nearDays + 1)
	near := plansEnding(plans, last-nearDays, min(last+nearDays+1, quarter.end))
	for i := range near {
		q := &near[i]
		if off := max(q.end-last, last-q.end); q.period == value.Quarterly && q.pair.currency == quarter.pair.currency && off < closest {
			found, closest = q, off
		}
	}
	return found
}
