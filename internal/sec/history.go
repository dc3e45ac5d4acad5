package sec

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgevalue/edgevalue/internal/value"
)

// A Version is a statement as it was known from one day until the day before another.
type Version struct {
	value.Statement
	SetBy     *value.Filing // the newest of the own report and of those that set a fact of one of its fields
	KnownFrom time.Time
	KnownTo   *time.Time // nil while it still holds

	figures *figures
	ofYear  *yearDividend
}

// History returns every version of every statement, ordered by end date, period and KnownFrom. On each day the versions
// that hold are what Statements gives for it.
func (c *CompanyFacts) History() []Version {
	history, _ := c.Histories()
	return history
}

// Histories returns both History and DividendHistory.
func (c *CompanyFacts) Histories() ([]Version, []DividendVersion) {
	cache := &figureCache{CompanyFacts: c, made: make(map[reading]*madeFigures), ends: c.endsByFiling()}
	type statementKey struct {
		period value.Period
		end    day
	}
	type held struct {
		plan    plan
		figures *figures
		ofYear  *yearDividend
		version int   // index in versions
		seen    int32 // the number of filings known on the day last looked at
	}
	open := make(map[statementKey]*held)
	var versions []Version
	var dividends dividendHistory
	splits := c.splitHistory()
	for from, to := range c.filingDays {
		today := c.filings[from].filed.time()
		v := view{c, to, cache}
		plans := v.plans()
		dividends.add(today, v, plans)
		ofYears := v.yearDividends(plans, splitsOn(today, splits))
		for i, p := range plans {
			key := statementKey{p.period, p.end}
			f := cache.of(p.reading, to)
			e := open[key]
			switch {
			case e == nil:
				e = new(held)
				open[key] = e
			case e.plan == p && e.figures == f && e.ofYear.equal(ofYears[i]):
				e.seen = to
				continue
			default:
				versions[e.version].KnownTo = &today
			}
			*e = held{p, f, ofYears[i], len(versions), to}
			versions = append(versions, Version{v.statement(p, ofYears[i]), v.setBy(p, ofYears[i]), today, nil, f, ofYears[i]})
		}
		for key, e := range open {
			if e.seen != to {
				versions[e.version].KnownTo = &today
				delete(open, key)
			}
		}
	}
	slices.SortFunc(versions, func(a, b Version) int {
		return cmp.Or(a.EndDate.Compare(b.EndDate), cmp.Compare(a.Period, b.Period), a.KnownFrom.Compare(b.KnownFrom))
	})
	return versions, dividends.ordered()
}

// A figureCache makes figures, and makes them again when something was filed that they can depend on.
type figureCache struct {
	*CompanyFacts
	made map[reading]*madeFigures
	ends [][]day // end dates in each filing, ascending; nil if only one state of knowledge is looked at
}

type madeFigures struct {
	*figures
	known int32 // the number of filings known
}

// of returns the figures read from the first filings: the same pointer while nothing changes them. The number of filings
// must not fall.
func (c *figureCache) of(from reading, known int32) *figures {
	m := c.made[from]
	if m == nil {
		m = new(madeFigures)
		c.made[from] = m
	} else if m.known == known || !c.touch(m.known, known, from) {
		m.known = known
		return m.figures
	}
	f := view{c.CompanyFacts, known, c}.read(from)
	m.known = known
	if m.figures == nil || !m.equal(f) {
		m.figures = f
	}
	m.derivedDividend = f.derivedDividend
	return m.figures
}

func (f *figures) equal(other *figures) bool {
	return f.hasNetIncome == other.hasNetIncome && f.hasIncome == other.hasIncome &&
		value.SameStatement(&f.statement, &other.statement) && f.set == other.set &&
		(f.dividend == nil || f.dividend.set == other.dividend.set)
}

// touch tells whether filings[from:to] hold a fact that figures can depend on: one that ends with them or, where they can
// be a difference, within their fiscal year up to their end.
func (c *figureCache) touch(from, to int32, r reading) bool {
	first := r.end
	if r.quarter > 1 {
		first = r.start - nearDays
	}
	for _, ends := range c.ends[from:to] {
		if i, _ := slices.BinarySearch(ends, first); i < len(ends) && ends[i] <= r.end {
			return true
		}
	}
	return false
}

func (c *CompanyFacts) endsByFiling() [][]day {
	ends := make([][]day, len(c.filings))
	for _, s := range c.series {
		for i, f := range s {
			if i == 0 || s[i-1].filing != f.filing || s[i-1].end != f.end {
				ends[f.filing] = append(ends[f.filing], f.end)
			}
		}
	}
	for i := range ends {
		slices.Sort(ends[i])
		ends[i] = slices.Compact(ends[i])
	}
	return ends
}
