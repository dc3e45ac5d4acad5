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
		var a *amount
		var basis fact
		if p.period == value.Quarterly {
			a, basis = r.dividend()
		} else if a = r.filedDividend(); a.known() {
			basis = a.fact
		}
		if !a.known() {
			return d, false
		}
		return declared{a.decimal(), r.filings[basis.filing].filed.time(), a.difference}, true
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

// filedDividend returns the amount of the first tag that has one about all of the period.
func (r *reader) filedDividend() *amount {
	for _, tag := range r.pair.taxonomy.dividendsPerShare {
		if a := r.direct(r.pair.perShare[tag]); a.known() {
			return a
		}
	}
	return nil
}

// dividendsPerShare reads the dividend of a quarter, or what was filed for a year, and returns it.
func (r *reader) dividendsPerShare(s *value.Statement) *amount {
	var a *amount
	var basis fact
	switch r.kind {
	case interim:
		if a, basis = r.dividend(); a.known() && a.coef <= 0 {
			a = nil
		}
	case annual:
		if a = r.filedDividend(); a.known() {
			basis = a.fact
		}
	case partial:
	}
	if a.known() {
		r.writePerShare(&s.DividendsPerShare, &s.DividendsPerShareBasisDate, a, basis)
	}
	return a
}

// dividend returns the rounded amount per share of a quarter and the fact whose share basis it is on: of the first tag that has
// one, else of all tags as one series. A difference that is not positive is passed over: a split lies between its two
// filings.
func (r *reader) dividend() (a *amount, basis fact) {
	var alternatives []series
	for _, tag := range r.pair.taxonomy.dividendsPerShare {
		alternatives = append(alternatives, r.pair.perShare[tag])
	}
	positive := func(long, short fact) bool { return long.decimal().GreaterThan(short.decimal()) }
	for _, s := range append(alternatives, r.pair.dividendsPerShare) {
		if a := r.direct(s); a.known() {
			return roundedToDividend(a), a.fact
		}
		longs, shorts := r.yearToDate(s)
		if long, short, ok := r.cycle(longs, shorts, positive); ok {
			rest := computedDecimal(lessCycle, long.decimal().Sub(short.decimal()), filedAmount(long), filedAmount(short))
			return roundedToDividend(rest), long
		}
	}
	return nil, fact{} //nolint:exhaustruct // none
}

func roundedToDividend(a *amount) *amount {
	if !a.known() || a.decimals <= dividendDecimals {
		return a
	}
	return computedDecimal(roundedDividend, a.decimal().Round(dividendDecimals), a)
}

// A yearDividend is the dividend per share of the four quarters of a year, on the newest of their bases.
type yearDividend struct {
	amount      decimal.Decimal
	basis       day
	filing, set int32          // the newest of its facts, and of those that set them
	quarters    []quarterShare // the last one first
}

// A quarterShare is the dividend per share of a quarter within that of a year.
type quarterShare struct {
	end    day
	filed  *amount
	basis  day
	amount decimal.Decimal // on the basis of the year
	splits []value.Split   // in it, and not in what was filed
}

func (d *yearDividend) equal(other *yearDividend) bool {
	return d == other || d != nil && other != nil && d.basis == other.basis && d.set == other.set && d.amount.Equal(other.amount)
}

// yearDividends returns for each of the plans, which are by end date, the sum of its quarters' dividends: nil if it is no
// year, or not all of the four quarters that touch have one.
func (v view) yearDividends(plans []plan, splits []value.Split) []*yearDividend {
	sums := make([]*yearDividend, len(plans))
	for i, p := range plans {
		if p.period == value.Annual {
			sums[i] = v.yearDividend(plans, p, splits)
		}
	}
	return sums
}

func (v view) yearDividend(plans []plan, year plan, splits []value.Split) *yearDividend {
	var quarters [quartersOfYear]quarterShare
	q := quarterEnding(plans, year)
	for i := range quarters {
		if q == nil {
			return nil
		}
		f := v.figures.of(q.reading, v.known)
		if f.dividend == nil {
			return nil
		}
		quarters[i] = quarterShare{q.end, f.dividend, dayOf(*f.statement.DividendsPerShareBasisDate), decimal.Decimal{}, nil}
		q = quarterBefore(plans, *q)
	}
	return sumOnOneBasis(quarters[:], splits)
}

const quartersOfYear = 4

// sumOnOneBasis adds dividends, each brought to the newest of their bases.
func sumOnOneBasis(quarters []quarterShare, splits []value.Split) *yearDividend {
	all := &yearDividend{decimal.Decimal{}, noDay, 0, 0, slices.Clone(quarters)}
	for _, q := range quarters {
		all.basis = max(all.basis, q.basis)
		all.filing, all.set = max(all.filing, q.filed.filing), max(all.set, q.filed.set)
	}
	on := all.basis.time()
	known := value.KnownSplits(splits, on)
	for i := range all.quarters {
		q := &all.quarters[i]
		q.amount = q.filed.decimal()
		if since := value.BasisSplits(q.basis.time(), on, known); len(since) > 0 {
			adjusted := value.AdjustAmount(q.amount, value.BasisRatio(q.basis.time(), on, known))
			if !adjusted.Equal(q.amount) {
				q.amount, q.splits = adjusted, since
			}
		}
		all.amount = all.amount.Add(q.amount)
	}
	return all
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

// quarterBefore returns the quarterly one of the plans that a quarter follows on in its currency: the same as for trailing
// twelve months.
func quarterBefore(plans []plan, quarter plan) *plan {
	if quarter.startDate == noDay {
		return nil
	}
	last := quarter.startDate - 1
	off := func(q *plan) day { return max(q.end-last, last-q.end) }
	var found *plan
	near := plansEnding(plans, last-nearDays, min(last+nearDays+1, quarter.end))
	for i := range near {
		q := &near[i]
		if q.period != value.Quarterly || q.pair.currency != quarter.pair.currency {
			continue
		}
		// Published later is filed later, and plans are by end date.
		if found == nil || cmp.Or(cmp.Compare(off(found), off(q)), cmp.Compare(q.own, found.own)) >= 0 {
			found = q
		}
	}
	return found
}
