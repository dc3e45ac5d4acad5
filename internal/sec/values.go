package sec

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

const (
	// cycleDays is how many days before a report the one that it is compared with may be filed.
	cycleDays = 200
	// quarterDays is how many days before the end of a year its third quarter ends at least.
	quarterDays = 60
)

func (a *amount) known() bool { return a != nil }

func (a *amount) is(n int64) bool { return a.known() && a.coef == n }

func computedMoney(op operation, n *int64, inputs ...*amount) *amount {
	if n == nil { // it does not fit
		return nil
	}
	return computed(op, *n, inputs...)
}

// minus is unknown unless both are known; then it takes off those of the others that are, too.
func (a *amount) minus(b *amount, others ...*amount) *amount {
	if !a.known() || !b.known() {
		return nil
	}
	n, inputs := value.Sub(&a.coef, &b.coef), []*amount{a, b}
	for _, other := range others {
		if other.known() {
			n, inputs = value.Sub(n, &other.coef), append(inputs, other)
		}
	}
	return computedMoney(subtracted, n, inputs...)
}

// plus is unknown unless both are known.
func (a *amount) plus(b *amount) *amount { return sumOfAll(a, b) }

// plusKnown adds b if it is known.
func (a *amount) plusKnown(b *amount) *amount {
	if !b.known() {
		return a
	}
	return a.plus(b)
}

// sum adds those that are known; it is unknown if none is, or if the sum does not fit in an int64.
func sum(amounts ...*amount) *amount {
	var known []*amount
	for _, a := range amounts {
		if a.known() {
			known = append(known, a)
		}
	}
	if len(known) == 1 { // is a sum all the same
		return computedMoney(added, &known[0].coef, known[0])
	}
	return sumOfAll(known...)
}

// sumOfAll is unknown unless all are known. The sum of one is itself.
func sumOfAll(amounts ...*amount) *amount {
	if len(amounts) == 0 || slices.Contains(amounts, nil) {
		return nil
	}
	if len(amounts) == 1 {
		return amounts[0]
	}
	n := &amounts[0].coef
	for _, a := range amounts[1:] {
		n = value.Add(n, &a.coef)
	}
	return computedMoney(added, n, amounts...)
}

// largest returns the first of the largest of those that are known.
func largest(amounts ...*amount) *amount {
	var most *amount
	for _, a := range amounts {
		if a.known() && (!most.known() || a.coef > most.coef) {
			most = a
		}
	}
	return most
}

// exceeds tells whether the known a is more than percent hundredths of the known b.
func exceeds(a, b *amount, percent int64) bool {
	return a.known() && b.known() && times(a, 100).GreaterThan(times(b, percent))
}

// times is exact where the product does not fit in an int64.
func times(a *amount, n int64) decimal.Decimal {
	return decimal.NewFromInt(a.coef).Mul(decimal.NewFromInt(n))
}

// A reader reads the values of one statement and gathers its marks.
type reader struct {
	view
	reading
	marks  []value.Mark
	fields []provenance
}

func (r *reader) mark(m value.Mark) { r.marks = append(r.marks, m) }

// newest returns the newest known fact of a class at the end of the period.
func (r *reader) newest(s series, class class) (fact, bool) {
	for _, f := range s.endingAt(r.end) {
		if f.filing < r.known && f.class == class {
			return f, true
		}
	}
	return fact{}, false
}

// whole returns the newest known fact about all of a year, or of a partial period, or about the three months of a quarter.
func (r *reader) whole(s series) (fact, bool) {
	switch r.kind {
	case annual:
		return r.newest(s, year)
	case interim:
		return r.newest(s, quarter)
	}
	for _, f := range s.endingAt(r.end) {
		if f.filing < r.known && f.class != instant && f.start.isNear(r.start) {
			return f, true
		}
	}
	return fact{}, false
}

// direct returns the amount of a fact about all of the period.
func (r *reader) direct(s series) *amount {
	if f, ok := r.whole(s); ok {
		return filedAmount(f)
	}
	return nil
}

// yearToDateLess returns what the last quarter adds to a year to date: unknown for others and first quarters.
func (r *reader) yearToDateLess(s series) *amount {
	longs, shorts := r.yearToDate(s)
	if len(longs) == 0 {
		return nil
	}
	anyPair := func(fact, fact) bool { return true }
	op := lessCycle
	long, short, ok := r.cycle(longs, shorts, anyPair)
	switch {
	case ok:
	case len(shorts) > 0:
		op, long, short = lessNewest, longs[0], shorts[0]
	case r.quarter == 4:
		return r.lessThreeQuarters(s, longs[0])
	default:
		return nil
	}
	return computedMoney(op, value.Sub(&long.coef, &short.coef), filedAmount(long), filedAmount(short))
}

// lessThreeQuarters takes three quarters off a year, if there are exactly three.
func (r *reader) lessThreeQuarters(s series, whole fact) *amount {
	rest, inputs, last := &whole.coef, []*amount{filedAmount(whole)}, noDay
	for _, f := range s.endingIn(r.start, r.end-quarterDays) {
		if f.filing < r.known && f.class == quarter && f.start >= r.start-nearDays && f.end != last {
			rest, last = value.Sub(rest, &f.coef), f.end
			inputs = append(inputs, filedAmount(f))
		}
	}
	if len(inputs) != 1+3 {
		return nil
	}
	return computedMoney(lessQuarters, rest, inputs...)
}

// yearToDate returns the facts from the start of the fiscal year to the end of the quarter, and to the end of the quarter
// before, the newest first.
func (r *reader) yearToDate(s series) (longs, shorts []fact) {
	if r.quarter < 2 {
		return nil, nil
	}
	short := quarter + class(r.quarter-2)
	match := func(f fact, class class) bool {
		return f.filing < r.known && f.class == class && f.start.isNear(r.start)
	}
	for _, f := range s.endingAt(r.end) {
		if match(f, short+1) {
			longs = append(longs, f)
		}
	}
	if longs == nil {
		return nil, nil
	}
	for _, f := range s.endingIn(r.start, r.end) {
		if match(f, short) {
			shorts = append(shorts, f)
		}
	}
	slices.SortStableFunc(shorts, func(a, b fact) int { return cmp.Compare(b.filing, a.filing) })
	return longs, shorts
}

// cycle returns the newest long fact that has a short one of the same reporting cycle, and the newest such short one,
// passing over pairs that are not accepted. A year restated later must not meet nine months that never were.
func (r *reader) cycle(longs, shorts []fact, accept func(long, short fact) bool) (long, short fact, ok bool) {
	for _, long := range longs {
		filed := r.filings[long.filing].filed
		for _, short := range shorts {
			before := filed - r.filings[short.filing].filed
			if before < 0 {
				continue
			}
			if before <= cycleDays && accept(long, short) {
				return long, short, true
			}
			break
		}
	}
	return fact{}, fact{}, false
}

// A statementOf is the statement that an item stands on, which decides how a quarter's value is found.
type statementOf uint8

const (
	incomeStatement   statementOf = iota // as filed, else a difference
	cashFlowStatement                    // filed for the year to date: a difference, else as filed
)

// read returns the value of a series. A difference below zero of what is never negative is none.
func (r *reader) read(of statementOf, s series, never bool) *amount {
	if len(s) == 0 {
		return nil
	}
	difference := func() *amount {
		a := r.yearToDateLess(s)
		if never && a.known() && a.coef < 0 {
			r.mark(value.NegativeDifference)
			return nil
		}
		return a
	}
	if of == incomeStatement {
		if a := r.direct(s); a.known() {
			return a
		}
		return difference()
	}
	if a := difference(); a.known() {
		return a
	}
	return r.direct(s)
}

func (r *reader) tag(of statementOf, tag string) *amount {
	m := r.pair.money[tag]
	return r.read(of, m.series, m.neverNegative)
}

// first returns the value of the first of the tags with one.
func (r *reader) first(of statementOf, tags tags) *amount {
	for _, tag := range tags {
		if a := r.tag(of, tag); a.known() {
			return a
		}
	}
	return nil
}

// each returns the values of all of the tags.
func (r *reader) each(of statementOf, tags tags) []*amount {
	all := make([]*amount, len(tags))
	for i, tag := range tags {
		all[i] = r.tag(of, tag)
	}
	return all
}

// mixed reads tags as one series, in a quarter of which no tag alone has a value.
func (r *reader) mixed(of statementOf, s series, never bool) *amount {
	if r.kind != interim {
		return nil
	}
	a := r.read(of, s, never)
	if a.known() {
		r.mark(value.MixedTags)
	}
	return a
}

// balance returns the value of the first of the tags with one at the end of the period.
func (r *reader) balance(tags tags) *amount {
	for _, tag := range tags {
		if f, ok := r.newest(r.pair.money[tag].series, instant); ok {
			return filedAmount(f)
		}
	}
	return nil
}

// eachBalance returns the values of all of the tags.
func (r *reader) eachBalance(list tags) []*amount {
	all := make([]*amount, len(list))
	for i, tag := range list {
		all[i] = r.balance(tags{tag})
	}
	return all
}

// balanceOf returns the first value of each of several lists.
func (r *reader) balanceOf(lists []tags) []*amount {
	all := make([]*amount, len(lists))
	for i, list := range lists {
		all[i] = r.balance(list)
	}
	return all
}
