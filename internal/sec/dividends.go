package sec

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// dividendDecimals is what an amount per share is rounded to.
const dividendDecimals = 6

// Dividends returns the dividend of each quarterly statement that has one, by period end, from what was filed on or
// before a day, all filings for the zero time.
func (c *CompanyFacts) Dividends(asOf time.Time) []value.Dividend {
	v, ok := c.view(c.filedBy(asOf))
	if !ok {
		return nil
	}
	alternatives := v.dividendSeries()
	var dividends []value.Dividend
	for _, p := range v.periods(v.reports()) {
		if p.quarter == 0 {
			continue
		}
		amount, basis, derived, ok := v.dividend(alternatives, p)
		if amount = amount.Round(dividendDecimals); !ok || !amount.IsPositive() {
			continue
		}
		if _, ok := v.statement(p); !ok {
			continue
		}
		dividends = append(dividends, value.Dividend{
			FiscalYear:     p.fiscalYear,
			FiscalQuarter:  &p.quarter,
			PeriodEnd:      p.end.time(),
			AmountPerShare: amount,
			Currency:       v.currency,
			PublishDate:    v.filings[p.filing].filed.time(),
			Derived:        derived,
			ShareBasisDate: v.filings[basis.filing].filed.time(),
		})
	}
	slices.SortFunc(dividends, func(a, b value.Dividend) int { return a.PeriodEnd.Compare(b.PeriodEnd) })
	return dividends
}

// dividendSeries returns the facts of each tag and at last those of all tags as one series, in which an earlier tag is
// the newer of two in one filing.
func (v view) dividendSeries() []series {
	var alternatives []series
	var merged series
	for _, tag := range v.taxonomy.dividendsPerShare {
		s := v.perShare(tag)
		alternatives = append(alternatives, s)
		merged = append(merged, s...)
	}
	slices.SortStableFunc(merged, compareFacts)
	return append(alternatives, merged)
}

// dividend returns the amount per share of a quarter and the fact whose share basis it is on. A difference that is not
// positive is passed over: a split lies between its two filings.
func (v view) dividend(alternatives []series, p period) (amount decimal.Decimal, basis fact, derived, ok bool) {
	positive := func(long, short fact) bool { return long.decimal().GreaterThan(short.decimal()) }
	for _, s := range alternatives {
		if f, ok := v.newest(s, p.end, quarter); ok {
			return f.decimal(), f, false, true
		}
		longs, shorts := v.yearToDate(s, p)
		if long, short, ok := v.cycle(longs, shorts, positive); ok {
			return long.decimal().Sub(short.decimal()), long, true, true
		}
	}
	return decimal.Decimal{}, fact{}, false, false
}

// ShareCounts returns the newest known number of shares through time, by KnownFrom: a new entry on each filing day on
// which it or its basis changed. The count on the cover of reports goes first; the balance sheet's stands in while
// there is none.
func (c *CompanyFacts) ShareCounts() []value.ShareCount {
	var counts []value.ShareCount
	for from, to := range c.filingDays {
		f, ok := newestCount(c.coverCounts(), to)
		if !ok {
			if v, known := c.view(to); known {
				f, ok = newestCount(v.shareCounts(), to)
			}
		}
		if !ok {
			continue
		}
		count := value.ShareCount{
			Source:    value.Cover,
			KnownFrom: c.filings[from].filed.time(),
			BasisDate: c.filings[f.filing].filed.time(),
			EndDate:   f.end.time(),
			Shares:    f.coef,
		}
		if n := len(counts); n == 0 || !sameCount(counts[n-1], count) {
			counts = append(counts, count)
		}
	}
	return counts
}

// newestCount returns the count for the latest date in the first filings, the newest of these.
func newestCount(s series, known int) (fact, bool) {
	for end := len(s); end > 0; {
		at := s.endingAt(s[end-1].end)
		for _, f := range at {
			if int(f.filing) < known && f.class == instant {
				return f, true
			}
		}
		end -= len(at)
	}
	return fact{}, false
}

func sameCount(a, b value.ShareCount) bool {
	a.KnownFrom, b.KnownFrom = time.Time{}, time.Time{}
	return a == b
}
