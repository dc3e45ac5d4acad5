package value

import (
	"cmp"
	"slices"
	"time"
)

// touchDays is how many days apart the end of one quarter and the start of the next may be to touch.
const touchDays = 7

// TrailingTwelveMonths returns the flows of the twelve months that end with s. The others are the company's
// statements as known on the same day, in any order, with or without s.
//
// A year, and the quarter that ends with a year, give the annual values. Other quarters add the four that touch, up to
// theirs, in one currency: a field is nil if one of the four statements or values is missing. EBIT and EBITDA are found
// from these parts. A partial period has the values of the quarter that ends with it.
func TrailingTwelveMonths(s Statement, others []Statement) TTM {
	ending := func(period Period) *Statement {
		i := slices.IndexFunc(others, func(o Statement) bool {
			return o.Period == period && o.EndDate.Equal(s.EndDate) && o.Currency == s.Currency
		})
		if i < 0 {
			return nil
		}
		return &others[i]
	}
	//exhaustruct:ignore nothing is known
	unknown := TTM{Marks: Marks()}
	switch s.Period {
	case Annual:
		return flows(&s)
	case Partial:
		if q := ending(Quarterly); q != nil {
			return TrailingTwelveMonths(*q, others)
		}
		return unknown
	case Quarterly:
	}
	if year := ending(Annual); year != nil {
		return flows(year)
	}

	ttm, q := flows(&s), &s
	for range 3 {
		if q = before(q, others); q == nil {
			return unknown
		}
		marks := append(slices.Clone(ttm.Marks), q.Marks...)
		ttm = add(ttm, flows(q))
		ttm.Marks = Marks(marks...)
	}
	ttm.EBIT, ttm.EBITBasis = EBIT(ttm.ProfitBeforeTax, ttm.InterestExpense, ttm.OperatingIncome, slices.Contains(ttm.Marks, Bank))
	ttm.EBITDA = Add(ttm.EBIT, ttm.DepreciationAndAmortization)
	return ttm
}

// before returns the quarterly statement that a quarterly one follows on: the closest, of those the one published last,
// of those the one that ends last.
func before(s *Statement, others []Statement) *Statement {
	if s.StartDate == nil {
		return nil
	}
	const tolerance = touchDays * 24 * time.Hour
	last := s.StartDate.AddDate(0, 0, -1)
	off := func(o *Statement) time.Duration { return o.EndDate.Sub(last).Abs() }
	var found *Statement
	for i := range others {
		o := &others[i]
		if o.Period != Quarterly || o.Currency != s.Currency || !o.EndDate.Before(s.EndDate) {
			continue
		}
		if off(o) > tolerance {
			continue
		}
		if found == nil || cmp.Or(cmp.Compare(off(found), off(o)), o.PublishDate.Compare(found.PublishDate), o.EndDate.Compare(found.EndDate)) > 0 {
			found = o
		}
	}
	return found
}
