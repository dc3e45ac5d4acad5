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
	return v.dividends(v.plans(), func(p plan) (d declared, ok bool) {
		r := &reader{view: v, reading: p.reading}
		var basis fact
		if p.period == value.Quarterly {
			d.amount, basis, d.derived, ok = r.dividend()
		} else if basis, ok = r.filedDividend(); ok {
			d.amount = basis.decimal()
		}
		if ok {
			d.basis = r.filings[basis.filing].filed.time()
		}
		return d, ok
	})
}

// A declared dividend is that of a statement.
type declared struct {
	amount  decimal.Decimal
	basis   time.Time
	derived bool
}

// dividends returns the dividends of the plans, by period end, each of which read tells.
func (v view) dividends(plans []plan, read func(plan) (declared, bool)) []value.Dividend {
	var dividends []value.Dividend
	add := func(p plan) {
		from, ok := read(p)
		if ok && -from.amount.Exponent() > dividendDecimals {
			from.amount = from.amount.Round(dividendDecimals)
		}
		if !ok || !from.amount.IsPositive() {
			return
		}
		//exhaustruct:ignore the quarter may be none
		d := value.Dividend{
			FiscalYear:     p.fiscalYear,
			PeriodEnd:      p.end.time(),
			AmountPerShare: from.amount,
			Currency:       p.pair.currency,
			PublishDate:    v.filings[p.own].filed.time(),
			Derived:        from.derived,
			ShareBasisDate: from.basis,
		}
		if p.period == value.Quarterly && !p.transition {
			d.FiscalQuarter = new(p.quarter)
		}
		dividends = append(dividends, d)
	}
	for _, p := range plans {
		if p.period == value.Quarterly {
			add(p)
		}
	}
	quarterly := dividends
	for _, p := range plans {
		within := func(d value.Dividend) bool {
			end := dayOf(d.PeriodEnd)
			return p.start <= end && end <= p.end
		}
		if p.period == value.Annual && !slices.ContainsFunc(quarterly, within) {
			add(p)
		}
	}
	slices.SortFunc(dividends, func(a, b value.Dividend) int { return a.PeriodEnd.Compare(b.PeriodEnd) })
	return dividends
}

// A DividendVersion is a dividend as it was known from one day until the day before another.
type DividendVersion struct {
	value.Dividend
	KnownFrom time.Time
	KnownTo   *time.Time // nil while it still holds
}

// DividendHistory returns every version of every dividend, ordered by period end and KnownFrom. On each day the versions
// that hold are what Dividends gives for it. Histories gives both histories at the price of one.
func (c *CompanyFacts) DividendHistory() []DividendVersion {
	_, dividends := c.Histories()
	return dividends
}

// A dividendHistory grows by filing day.
type dividendHistory struct {
	versions []DividendVersion
	held     []int // those of the day last added, by period end
}

// add adds what was known on a day, after all that was known before. The dividends are those of the statements' figures.
func (h *dividendHistory) add(today time.Time, v view, plans []plan) {
	dividends := v.dividends(plans, func(p plan) (declared, bool) {
		f := v.figures.of(p.reading, v.known)
		s := &f.statement
		if s.DividendsPerShare == nil {
			return declared{}, false
		}
		return declared{*s.DividendsPerShare, *s.DividendsPerShareBasisDate, f.derivedDividend}, true
	})
	before := h.held
	h.held = make([]int, 0, len(dividends))
	end := func() {
		h.versions[before[0]].KnownTo = &today
		before = before[1:]
	}
	for _, d := range dividends {
		for len(before) > 0 && h.versions[before[0]].PeriodEnd.Before(d.PeriodEnd) {
			end()
		}
		if len(before) > 0 && h.versions[before[0]].PeriodEnd.Equal(d.PeriodEnd) {
			if value.SameDividend(&h.versions[before[0]].Dividend, &d) {
				h.held = append(h.held, before[0])
				before = before[1:]
				continue
			}
			end()
		}
		h.held = append(h.held, len(h.versions))
		h.versions = append(h.versions, DividendVersion{Dividend: d, KnownFrom: today, KnownTo: nil})
	}
	for len(before) > 0 {
		end()
	}
}

// ordered returns the versions by period end and KnownFrom.
func (h *dividendHistory) ordered() []DividendVersion {
	slices.SortFunc(h.versions, func(a, b DividendVersion) int {
		return cmp.Or(a.PeriodEnd.Compare(b.PeriodEnd), a.KnownFrom.Compare(b.KnownFrom))
	})
	return h.versions
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

// dividendsPerShare reads the dividend of a quarter, or what was filed for a year, and tells whether it is a difference.
func (r *reader) dividendsPerShare(s *value.Statement) (isDerived bool) {
	set := func(amount decimal.Decimal, basis fact) {
		s.DividendsPerShare, s.DividendsPerShareBasisDate = &amount, new(r.filings[basis.filing].filed.time())
	}
	switch r.kind {
	case interim:
		if amount, basis, derived, ok := r.dividend(); ok && amount.IsPositive() {
			set(amount, basis)
			isDerived = derived
		}
	case annual:
		if f, ok := r.filedDividend(); ok {
			set(f.decimal(), f)
		}
	case partial:
	}
	return isDerived
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
