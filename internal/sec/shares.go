package sec

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

const (
	// implausibleFactor is how many times a count of shares may be off its reference.
	implausibleFactor = 20
	// coverDays is how long ago the count may be filed that one without another reference is compared with.
	coverDays = 400
)

// readCovers keeps the counts of shares on covers that are plausible.
func (c *CompanyFacts) readCovers() {
	key := seriesKey{dei, coverShares, "shares"}
	byFiling := make([]series, len(c.filings))
	for _, f := range c.series[key] {
		byFiling[f.filing] = append(byFiling[f.filing], f)
	}
	last := none
	for i, counts := range byFiling {
		if len(counts) == 0 {
			continue
		}
		reference, found := c.reference(int32(i), noDay)
		if !found && last != none && c.filings[i].filed-c.filings[last].filed <= coverDays {
			accepted := byFiling[last]
			reference, found = accepted[len(accepted)-1].decimal(), true
		}
		byFiling[i] = slices.DeleteFunc(counts, func(f fact) bool { return found && !isPlausible(f.coef, reference) })
		if len(byFiling[i]) > 0 {
			last = int32(i)
		}
		c.covers = append(c.covers, byFiling[i]...)
	}
	slices.SortStableFunc(c.covers, compareFacts)
}

// isPlausible tells whether a count is at most 20 times above or below another.
func isPlausible(count int64, reference decimal.Decimal) bool {
	n, factor := decimal.NewFromInt(count), decimal.NewFromInt(implausibleFactor)
	return !n.GreaterThan(reference.Mul(factor)) && !n.Mul(factor).LessThan(reference)
}

// readImpliedCounts finds net income by earnings per share of the latest period in each filing that has both.
func (c *CompanyFacts) readImpliedCounts() {
	latest := make([]fact, len(c.filings)) // earnings per share
	read := make(map[*pair]bool)
	for i := range c.filings {
		p := c.filings[i].pair
		if p == nil || read[p] {
			continue
		}
		read[p] = true
		for _, tag := range p.taxonomy.eps {
			for _, eps := range p.perShare[tag] {
				f, best := &c.filings[eps.filing], latest[eps.filing]
				if f.pair != p || eps.class == instant || eps.coef == 0 ||
					f.implied != nil && (eps.end < best.end || eps.end == best.end && eps.start <= best.start) {
					continue
				}
				if income, ok := c.incomeBeside(eps, p); ok {
					latest[eps.filing] = eps
					f.implied = new(income.decimal().Div(eps.decimal()).Abs())
				}
			}
		}
	}
}

// incomeBeside returns the net income of the same filing and period as earnings per share.
func (c *CompanyFacts) incomeBeside(eps fact, p *pair) (fact, bool) {
	for _, tag := range p.taxonomy.impliedIncome {
		for _, f := range p.money[tag].endingAt(eps.end) {
			if f.filing == eps.filing && f.class != instant && f.start == eps.start {
				return f, f.coef != 0
			}
		}
	}
	return fact{}, false
}

// reference returns what counts of shares in a filing are compared with: the implied count, else the weighted average.
func (c *CompanyFacts) reference(filing int32, end day) (decimal.Decimal, bool) {
	if implied := c.filings[filing].implied; implied != nil {
		return *implied, true
	}
	average, found := c.averageShares(filing, end)
	return average.decimal(), found
}

// averageShares returns the weighted average of the shortest period that ends on a day in a filing, on the latest for
// noDay.
func (c *CompanyFacts) averageShares(filing int32, end day) (best fact, found bool) {
	of := taxonomies
	if p := c.filings[filing].pair; p != nil {
		of = []*taxonomy{p.taxonomy}
	}
	for _, t := range of {
		for _, tag := range t.averageShares {
			s := c.series[seriesKey{t.name, tag, "shares"}]
			if end != noDay {
				s = s.endingAt(end)
			}
			for _, f := range s {
				if f.filing == filing && f.class != instant &&
					(!found || f.end > best.end || f.end == best.end && f.start > best.start) {
					best, found = f, true
				}
			}
			if found {
				return best, true
			}
		}
	}
	return best, false
}

// isPlausibleAt tells whether a count of a filing for the end of a period is plausible.
func (c *CompanyFacts) isPlausibleAt(count fact, end day) bool {
	reference, found := c.reference(count.filing, end)
	return !found || isPlausible(count.coef, reference)
}

// sharesOutstanding takes the count on the cover of the period's own report, else the balance sheet's, else the weighted
// average: the first that is plausible.
func (r *reader) sharesOutstanding(s *value.Statement) {
	set := func(f fact, from value.SharesSource) {
		s.SharesSource = &from
		r.writeCount(&s.SharesOutstanding, &s.SharesOutstandingBasisDate, filedAmount(f))
	}

	// own returns the count of the latest date in the period's own report.
	own := func(s series) (latest fact, found bool) {
		for _, f := range s {
			if f.filing == r.own && (!found || f.end > latest.end) {
				latest, found = f, true
			}
		}
		return latest, found
	}
	if !r.column {
		filed, ok := own(r.series[seriesKey{dei, coverShares, "shares"}])
		if ok {
			if plausible, ok := own(r.covers); ok && plausible == filed {
				set(filed, value.Cover)
				return
			}
			r.mark(value.ImplausibleShares)
		}
	}
	for _, tag := range r.pair.taxonomy.shares {
		atEnd := instants(r.pair.shares[tag].endingAt(r.end))
		count, ok := own(atEnd)
		if !ok {
			count, ok = r.newest(atEnd, instant)
		}
		if !ok {
			continue
		}
		if r.isPlausibleAt(count, r.end) {
			set(count, value.BalanceSheet)
			return
		}
		r.mark(value.ImplausibleShares)
	}
	if average, ok := r.averageShares(r.own, r.end); ok {
		if r.isPlausibleAt(average, r.end) {
			set(average, value.WeightedAverage)
			r.mark(value.SharesFromWeightedAverage)
			return
		}
		r.mark(value.ImplausibleShares)
	}
}

func instants(s series) series {
	return slices.DeleteFunc(slices.Clone(s), func(f fact) bool { return f.class != instant })
}

// ShareCounts returns the newest known plausible number of shares on covers and on balance sheets through time, by
// KnownFrom: a new entry on each filing day on which it or its basis changed.
func (c *CompanyFacts) ShareCounts() []value.ShareCount {
	var balances series
	for _, t := range slices.Backward(taxonomies) {
		for _, tag := range t.shares {
			for _, f := range c.series[seriesKey{t.name, tag, "shares"}] {
				if f.class == instant && c.isPlausibleAt(f, f.end) {
					balances = append(balances, f)
				}
			}
		}
	}
	counts := append(c.countsThroughTime(value.Cover, c.covers), c.countsThroughTime(value.BalanceSheet, balances)...)
	slices.SortStableFunc(counts, func(a, b value.ShareCount) int { return a.KnownFrom.Compare(b.KnownFrom) })
	return counts
}

// countsThroughTime returns which of the counts was that of the latest date, the newest of these, on each filing day.
func (c *CompanyFacts) countsThroughTime(source value.SharesSource, s series) []value.ShareCount {
	byFiling := slices.Clone(s)
	slices.SortStableFunc(byFiling, func(a, b fact) int { return int(a.filing) - int(b.filing) })
	var counts []value.ShareCount
	var newest fact
	found := false
	for _, to := range c.filingDays {
		changed := false
		for len(byFiling) > 0 && byFiling[0].filing < to {
			f := byFiling[0]
			byFiling = byFiling[1:]
			if !found || f.end > newest.end || f.end == newest.end && f.filing > newest.filing {
				newest, found, changed = f, true, true
			}
		}
		if !changed {
			continue
		}
		filed := c.filings[to-1].filed.time()
		count := value.ShareCount{
			Source: source, KnownFrom: filed, BasisDate: c.filings[newest.filing].filed.time(), EndDate: newest.end.time(),
			Shares: newest.coef,
		}
		if n := len(counts); n == 0 || !sameCount(counts[n-1], count) {
			counts = append(counts, count)
		}
	}
	return counts
}

func sameCount(a, b value.ShareCount) bool {
	a.KnownFrom, b.KnownFrom = time.Time{}, time.Time{}
	return a == b
}
