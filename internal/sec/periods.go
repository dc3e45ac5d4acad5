package sec

import (
	"cmp"
	"slices"

	"github.com/edgevalue/edgevalue/internal/value"
)

// Lengths of a flow that makes a report, in days.
const (
	shortestFlow = 15
	longestFlow  = 400
)

// yearEndSlack is how many days after the last of December a fiscal year may end and still count as that year's.
const yearEndSlack = 10

type kind uint8

const (
	annual kind = iota
	interim
	partial // a transition period or a short first one
)

// A report is a filing with a balance sheet and flows up to the same day.
type report struct {
	filing int32
	kind   kind
	start  day // of the fiscal year; of a partial report, its own
	end    day
	class  class // of the longest flow
}

// A period is what one or more reports are about.
type period struct {
	report         // the first, its own
	audited  int32 // the first of its filings that is of an annual form; none is larger than any
	isAnnual bool  // whether the own report is of an annual form
}

// An annualReport has columns of earlier years.
type annualReport struct {
	report
	years []span // 300 to 800 days before its end, by end
}

type span struct{ start, end day }

// none is no filing.
const none = int32(1<<31 - 1)

// readReports finds the reports among the filings and their periods.
func (c *CompanyFacts) readReports() {
	balances := make([][]day, len(c.filings))
	flows := make([][]fact, len(c.filings))
	profits := make([][]fact, len(c.filings))
	pairs := make(map[*pair]bool)
	for i := range c.filings {
		if p := c.filings[i].pair; p != nil {
			pairs[p] = true
		}
	}
	for p := range pairs {
		each := func(tags tags, yield func(fact)) {
			for _, tag := range tags {
				for _, f := range p.money[tag].series {
					if c.filings[f.filing].pair == p {
						yield(f)
					}
				}
			}
		}
		each(slices.Concat(tags{p.taxonomy.assets}, p.taxonomy.equityAndLiabilities), func(f fact) {
			if f.class == instant {
				balances[f.filing] = append(balances[f.filing], f.end)
			}
		})
		each(p.taxonomy.flows(), func(f fact) {
			if days := f.end - f.start + 1; f.class != instant && shortestFlow <= days && days <= longestFlow {
				flows[f.filing] = append(flows[f.filing], f)
			}
		})
		each(p.taxonomy.profits(), func(f fact) {
			if f.class == year {
				profits[f.filing] = append(profits[f.filing], f)
			}
		})
	}
	var periods periodFinder
	for i := range c.filings {
		r, ok := newReport(int32(i), c.filings[i].form, balances[i], flows[i])
		if !ok {
			continue
		}
		c.filings[i].isReport = true
		c.reports = append(c.reports, r)
		periods.add(r, c.filings[i].form.annual)
		if r.kind == annual {
			c.yearly = append(c.yearly, annualReport{r, earlierYears(r, profits[i])})
		}
	}
	c.periods = periods.all
}

// newReport returns what a filing reports, false if it is none.
func newReport(filing int32, form *form, balances []day, flows []fact) (report, bool) {
	r := report{filing: filing}
	found := false
	for _, f := range flows {
		if (!found || f.end > r.end) && slices.Contains(balances, f.end) {
			r.end, found = f.end, true
		}
	}
	if !found {
		return r, false
	}
	// earliest is the start of the longest flow of those that count, up to the end.
	earliest := func(counts func(class) bool) (start day, found bool) {
		for _, f := range flows {
			if f.end == r.end && counts(f.class) && (!found || f.start < start) {
				start, found = f.start, true
			}
		}
		return start, found
	}
	isYear := func(c class) bool { return c == year }
	isPart := func(c class) bool { return c == quarter || c == half || c == nineMonths }
	var ok bool
	if form.annual || form.current {
		if r.start, ok = earliest(isYear); ok {
			r.kind, r.class = annual, year
			return r, true
		}
	}
	if !form.annual {
		if r.start, ok = earliest(isPart); ok {
			r.kind, r.class = interim, classOf(r.start, r.end)
			return r, true
		}
	}
	r.kind = partial
	r.start, ok = earliest(func(c class) bool { return form.annual || c != year })
	r.class = classOf(r.start, r.end)
	return r, ok
}

// earlierYears returns the years before that of an annual report that it has a profit of.
func earlierYears(r report, profits []fact) []span {
	earliest := make(map[day]day)
	for _, f := range profits {
		if before := r.end - f.end; 300 <= before && before <= 800 {
			if start, ok := earliest[f.end]; !ok || f.start < start {
				earliest[f.end] = f.start
			}
		}
	}
	var years []span
	for end, start := range earliest {
		years = append(years, span{start, end})
	}
	slices.SortFunc(years, func(a, b span) int { return cmp.Compare(a.end, b.end) })
	return years
}

// A periodFinder brings reports to their periods, from the oldest on.
type periodFinder struct {
	all    []*period
	byKind [partial + 1][]reportEnd // by end
}

type reportEnd struct {
	end    day
	period *period
}

func (pf *periodFinder) add(r report, isAnnual bool) {
	ends := &pf.byKind[r.kind]
	byEnd := func(e reportEnd, end day) int { return cmp.Compare(e.end, end) }
	first, _ := slices.BinarySearchFunc(*ends, r.end-nearDays, byEnd)
	var p *period
	for _, e := range (*ends)[first:] {
		if e.end > r.end+nearDays {
			break
		}
		if p == nil || e.period.filing < p.filing {
			p = e.period
		}
	}
	if p == nil {
		p = &period{report: r, audited: none, isAnnual: isAnnual}
		pf.all = append(pf.all, p)
	}
	if isAnnual {
		p.audited = min(p.audited, r.filing)
	}
	at, _ := slices.BinarySearchFunc(*ends, r.end, byEnd)
	*ends = slices.Insert(*ends, at, reportEnd{r.end, p})
}

// A view is what the first filings say.
type view struct {
	*CompanyFacts
	known   int32 // filings[:known]
	figures *figureCache
}

func (c *CompanyFacts) view(known int32) view {
	return view{c, known, &figureCache{CompanyFacts: c, made: make(map[reading]*madeFigures)}}
}

// A reading is what the figures of a statement are read from.
type reading struct {
	own     int32 // the filing
	pair    *pair
	kind    kind // interim for a quarter
	start   day  // of the fiscal year that the quarter is in, or of the period
	end     day
	quarter int  // 1 to 4 of a quarter; 0 of a year or partial period
	column  bool // a comparative year
}

// A plan is a statement that is to be made.
type plan struct {
	reading
	period                  value.Period
	isAnnual                bool // of an annual form
	fiscalYear              int
	startDate               day // noDay if it is not known
	audited                 bool
	threeMonths, transition bool
}

const noDay = day(-1 << 31)

// plans returns the statements that there are, by end date and period.
func (v view) plans() []plan {
	n, _ := slices.BinarySearchFunc(v.periods, v.known, func(p *period, known int32) int { return cmp.Compare(p.filing, known) })
	yearEnds := v.yearEnds()
	var years, parts, quarters []plan
	for _, p := range v.periods[:n] {
		plan := plan{
			reading:  reading{own: p.filing, pair: v.filings[p.filing].pair, kind: p.kind, start: p.start, end: p.end},
			isAnnual: p.isAnnual, startDate: p.start, audited: p.audited < v.known,
		}
		switch p.kind {
		case annual:
			plan.period = value.Annual
			years = append(years, plan)
		case partial:
			plan.period = value.Partial
			parts = append(parts, plan)
		case interim:
			plan.period, plan.audited = value.Quarterly, false
			plan.quarter = int(p.class-quarter) + 1
			if p.class == quarter {
				if q, start := yearOf(p.start, yearEnds); q > 0 {
					plan.quarter, plan.start, plan.threeMonths = q, start, true
				}
			}
			quarters = append(quarters, plan)
		}
	}
	offset, found := v.fiscalYearOffset(years)
	if !found {
		offset, _ = v.fiscalYearOffset(quarters)
	}
	for _, plans := range [][]plan{years, parts, quarters} {
		for i := range plans {
			plans[i].fiscalYear = plans[i].closing().year() + offset
		}
	}
	for i := range quarters {
		quarters[i].joinTransition(parts)
	}
	// Half a year or nine months of which the last three months are not told are a whole.
	told := quarters[:0]
	for _, q := range quarters {
		if q.quarter == 1 || q.threeMonths || v.figures.of(q.reading, v.known).hasIncome {
			told = append(told, q)
			continue
		}
		q.period, q.kind, q.quarter = value.Partial, partial, 0
		parts = append(parts, q)
	}
	ofAnnualForms := slices.DeleteFunc(slices.Clone(parts), func(p plan) bool { return !p.isAnnual })
	parts = slices.DeleteFunc(parts, func(p plan) bool {
		return !p.isAnnual && slices.ContainsFunc(ofAnnualForms, func(other plan) bool { return other.end.isNear(p.end) })
	})
	quarters = v.withLastQuarters(told, years, parts)
	for i := range quarters {
		quarters[i].startDate = startOf(quarters[i], quarters)
	}
	years = append(years, v.columns(years, parts, offset)...)

	all := slices.Concat(years, parts, quarters)
	slices.SortStableFunc(all, comparePlans)
	return slices.CompactFunc(all, func(a, b plan) bool { return comparePlans(a, b) == 0 })
}

func comparePlans(a, b plan) int {
	return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.period, b.period))
}

// closing returns the day whose year the fiscal year is numbered by, but for an offset.
func (p *plan) closing() day {
	if p.kind == interim {
		return p.start + 364 - yearEndSlack
	}
	return p.end - yearEndSlack
}

// fiscalYearOffset returns what the company's own numbers of fiscal years are mostly off by, false if none can be used.
func (v view) fiscalYearOffset(plans []plan) (offset int, found bool) {
	var count [3]int // of -1, 0 and 1
	for i := range plans {
		if fy := v.filings[plans[i].own].fy; fy != 0 {
			if shift := fy - int64(plans[i].closing().year()); -1 <= shift && shift <= 1 {
				count[shift+1]++
			}
		}
	}
	for _, shift := range []int{-1, 1} {
		if count[shift+1] > count[offset+1] {
			offset = shift
		}
	}
	return offset, count != [3]int{}
}

// yearEnds returns the ends of the known reports on years and of partial ones of annual forms, in order.
func (v view) yearEnds() []day {
	var ends []day
	for _, r := range v.reports {
		if r.filing >= v.known {
			break
		}
		if r.kind == annual || r.kind == partial && v.filings[r.filing].form.annual {
			ends = append(ends, r.end)
		}
	}
	slices.Sort(ends)
	return ends
}

// yearOf returns the quarter that three months without figures of the year to date are, and the start of their year: by
// the end of the last year before. The quarter is 0 if it cannot be told.
func yearOf(start day, yearEnds []day) (int, day) {
	i, _ := slices.BinarySearch(yearEnds, start+nearDays+1)
	if i == 0 || yearEnds[i-1] < start-301 {
		return 0, 0
	}
	end := yearEnds[i-1]
	switch classOf(end+1, start-1) {
	case quarter:
		return 2, end + 1
	case half:
		return 3, end + 1
	case nineMonths:
		return 4, end + 1
	}
	return 0, 0
}

// joinTransition gives a quarter to the transition period that it is in, the first to end.
func (p *plan) joinTransition(parts []plan) {
	end := noDay
	for _, t := range parts {
		if t.isAnnual && p.start.isNear(t.start) && p.end <= t.end && (end == noDay || t.end < end) {
			p.fiscalYear, p.transition, end = t.fiscalYear, true, t.end
		}
	}
}

// withLastQuarters adds the quarters that end years and transition periods, in place of those of interim reports.
func (v view) withLastQuarters(quarters, years, parts []plan) []plan {
	var last []plan
	wholes := slices.Concat(years, parts)
	slices.SortStableFunc(wholes, func(a, b plan) int { return cmp.Compare(a.end, b.end) })
	for _, whole := range wholes {
		if !whole.isAnnual && whole.kind != annual {
			continue
		}
		q := whole
		q.period, q.kind, q.audited = value.Quarterly, interim, false
		switch {
		case whole.kind == annual:
			q.quarter = 4
		case quarter <= classOf(whole.start, whole.end) && classOf(whole.start, whole.end) <= nineMonths:
			q.quarter, q.transition = int(classOf(whole.start, whole.end)-quarter)+1, true
		default:
			continue
		}
		before := func(o plan) bool { return o.pair == q.pair && o.start.isNear(q.start) && o.end < q.end }
		if q.quarter > 1 && !slices.ContainsFunc(quarters, before) && !slices.ContainsFunc(last, before) {
			continue
		}
		if v.figures.of(q.reading, v.known).hasNetIncome {
			last = append(last, q)
		}
	}
	quarters = slices.DeleteFunc(slices.Clone(quarters), func(q plan) bool {
		return slices.ContainsFunc(last, func(l plan) bool { return l.end.isNear(q.end) })
	})
	return append(quarters, last...)
}

// startOf returns the first day of a quarter: that of its year, or the one after the quarter before.
func startOf(q plan, quarters []plan) day {
	if q.quarter == 1 {
		return q.start
	}
	start, newest := noDay, int32(-1)
	for _, o := range quarters {
		if o.quarter == q.quarter-1 && o.start.isNear(q.start) && o.own > newest {
			start, newest = o.end+1, o.own
		}
	}
	return start
}

// columns returns the years that only later annual reports tell of.
func (v view) columns(years, parts []plan, offset int) []plan {
	var columns []plan
	near := func(plans []plan, end day) bool {
		return slices.ContainsFunc(plans, func(p plan) bool { return (p.kind == annual || p.isAnnual) && p.end.isNear(end) })
	}
	for _, r := range v.yearly {
		if r.filing >= v.known {
			break
		}
		f := &v.filings[r.filing]
		for _, y := range r.years {
			if near(years, y.end) || near(parts, y.end) || near(columns, y.end) {
				continue
			}
			column := plan{
				reading: reading{own: r.filing, pair: f.pair, kind: annual, start: y.start, end: y.end, column: true},
				period:  value.Annual, isAnnual: f.form.annual, startDate: y.start, audited: f.form.annual,
			}
			column.fiscalYear = column.closing().year() + offset
			columns = append(columns, column)
		}
	}
	return columns
}
