package sec

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/edgevalue/edgevalue/internal/value"
)

// A Version is a statement as it was known from one day until the day before another.
type Version struct {
	value.Statement
	KnownFrom time.Time
	KnownTo   *time.Time // nil while it still holds
}

// History returns every version of every statement, ordered by end date, period and KnownFrom. On each day the versions
// that hold are what Statements gives for it.
func (c *CompanyFacts) History() []Version {
	h := history{CompanyFacts: c, ends: c.endsByFiling(), open: make(map[statementKey]*entry)}
	for from, to := range c.filingDays {
		h.file(from, to)
	}
	slices.SortFunc(h.versions, func(a, b Version) int {
		return cmp.Or(compareStatements(a.Statement, b.Statement), a.KnownFrom.Compare(b.KnownFrom))
	})
	return h.versions
}

type statementKey struct {
	annual bool
	end    day
}

// An entry is a period as of the day last looked at.
type entry struct {
	period  period
	version int // index in versions; -1 for a fourth quarter without a statement
	seen    int // the number of filings known on that day
}

type history struct {
	*CompanyFacts
	ends [][]day // end dates in each filing, ascending

	taxonomy *taxonomy
	currency string
	reports  []report // in that taxonomy and currency
	open     map[statementKey]*entry
	versions []Version
}

// file brings the versions up to the day on which filings[from:to] were filed.
func (h *history) file(from, to int) {
	today := h.filings[from].filed.time()
	v, ok := h.view(to)
	if !ok {
		return
	}
	changed := v.taxonomy != h.taxonomy || v.currency != h.currency
	if changed {
		h.taxonomy, h.currency, h.reports = v.taxonomy, v.currency, v.reports()
	}
	for _, p := range v.periods(h.reports) {
		key := statementKey{annual: p.quarter == 0, end: p.end}
		e := h.open[key]
		switch {
		case e == nil:
			e = &entry{version: -1}
			h.open[key] = e
		case !changed && e.period == p && !h.touches(from, to, p):
			e.seen = to
			continue
		}
		e.period, e.seen = p, to
		s, ok := v.statement(p)
		if e.version >= 0 {
			if ok && reflect.DeepEqual(h.versions[e.version].Statement, s) {
				continue
			}
			h.versions[e.version].KnownTo = &today
			e.version = -1
		}
		if ok {
			e.version = len(h.versions)
			h.versions = append(h.versions, Version{Statement: s, KnownFrom: today})
		}
	}
	for key, e := range h.open {
		if e.seen != to {
			if e.version >= 0 {
				h.versions[e.version].KnownTo = &today
			}
			delete(h.open, key)
		}
	}
}

// touches tells whether filings[from:to] hold a fact that the period's statement can depend on: one that ends within
// its fiscal year up to its end.
func (h *history) touches(from, to int, p period) bool {
	for _, ends := range h.ends[from:to] {
		if i, _ := slices.BinarySearch(ends, p.start-startTolerance); i < len(ends) && ends[i] <= p.end {
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
