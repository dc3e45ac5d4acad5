package value

import (
	"cmp"
	"slices"
	"time"
)

// touchDays is how many days apart the end of one quarter and the start of the next may be to touch.
const touchDays = 7

// TwelveMonths returns the statements whose flows make the twelve months that end with s, the newest first, none if one is
// missing. The others are the company's statements as known on the same day, in any order, with or without s.
//
// A year, and the quarter that ends with a year, give the year. Other quarters give the four that touch, up to theirs, in
// one currency. A partial period gives those of the quarter that ends with it.
func TwelveMonths(s *Statement, others []Statement) []*Statement {
	ending := func(period Period) *Statement {
		i := slices.IndexFunc(others, func(o Statement) bool {
			return o.Period == period && o.EndDate.Equal(s.EndDate) && o.Currency == s.Currency
		})
		if i < 0 {
			return nil
		}
		return &others[i]
	}
	switch s.Period {
	case Annual:
		return []*Statement{s}
	case Partial:
		if q := ending(Quarterly); q != nil {
			return TwelveMonths(q, others)
		}
		return nil
	case Quarterly:
	}
	if year := ending(Annual); year != nil {
		return []*Statement{year}
	}
	quarters := []*Statement{s}
	for q := s; len(quarters) < 4; quarters = append(quarters, q) {
		if q = before(q, others); q == nil {
			return nil
		}
	}
	return quarters
}

// TrailingTwelveMonths returns the flows of the twelve months that end with s: the sums over TwelveMonths. A field is nil if
// one of the statements or values is missing. EBIT and EBITDA of four quarters are found from these sums.
func TrailingTwelveMonths(s Statement, others []Statement) TTM {
	parts := TwelveMonths(&s, others)
	if parts == nil {
		//exhaustruct:ignore nothing is known
		return TTM{Marks: Marks()}
	}
	ttm := flows(parts[0])
	if len(parts) == 1 {
		return ttm
	}
	marks := slices.Clone(parts[0].Marks)
	for _, q := range parts[1:] {
		marks = append(marks, q.Marks...)
		ttm = add(ttm, flows(q))
	}
	ttm.Marks = Marks(marks...)
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
