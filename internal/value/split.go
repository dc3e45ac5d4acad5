package value

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// SplitSource tells where the day of a split comes from.
type SplitSource string

const (
	SplitImport  SplitSource = "import"  // a splits file, the API, or a price file
	SplitPrices  SplitSource = "prices"  // found in filings, and its day in the closes
	SplitFilings SplitSource = "filings" // found in filings alone
)

// A Split multiplies the number of shares by Ratio, above zero, on EffectiveDate, the first trading day on the new
// basis.
type Split struct {
	EffectiveDate time.Time
	Ratio         *big.Rat // new shares for an old one
	Source        SplitSource
	Exact         bool      // whether EffectiveDate is that day, and not only a later one
	KnownFrom     time.Time // nobody knew of the split before
	Found         *FoundSplit
}

// A FoundSplit is a split that filings show: one restates what earlier ones said per share.
type FoundSplit struct {
	Ratio          *big.Rat
	EffectiveAfter time.Time // figures filed by then are on the old basis
	EffectiveBy    time.Time // figures filed from then on are on the new one
	KnownFrom      time.Time // the day of the filing that shows it
	Accession      string    // of that filing
	Support        int       // pairs of facts whose change is this ratio
	Contradict     int       // pairs whose change is not
	Noted          bool      // a filing states the ratio
	Accepted       bool      // if not, it is for people to look at, and is never applied
	TradedOn       *time.Time
}

// An ImportedSplit comes from outside of the filings.
type ImportedSplit struct {
	EffectiveDate time.Time
	Ratio         *big.Rat
	// FromPrices says that a price file tells of it, which another import corrects.
	FromPrices bool
	Written    time.Time
}

// IsOld tells whether what was filed on a day is on the basis from before the split. What the filings do decides, since
// some companies restate before the day of trading, and some late.
func (s Split) IsOld(basis time.Time) bool {
	if f := s.Found; f != nil {
		switch {
		case !basis.After(f.EffectiveAfter):
			return true
		case !basis.Before(f.EffectiveBy):
			return false
		}
	}
	return basis.Before(s.EffectiveDate)
}

// IsOpenOn tells whether a day is one of those on which it is not known whether the split had taken effect.
func (s Split) IsOpenOn(day time.Time) bool {
	return !s.Exact && s.Found != nil && day.After(s.Found.EffectiveAfter) && day.Before(s.Found.EffectiveBy)
}

// IsOpenBetween tells whether it is not known if the split took effect after one day and not after another.
func (s Split) IsOpenBetween(after, until time.Time) bool {
	if s.Exact || s.Found == nil || !after.Before(until) || !after.Before(s.Found.EffectiveBy) || !until.After(s.Found.EffectiveAfter) {
		return false
	}
	return after.After(s.Found.EffectiveAfter) || until.Before(s.Found.EffectiveBy)
}

// BasisRatio is what a number of shares that was filed on a day is multiplied by, and an amount per share divided by, to
// be on the basis of another day.
func BasisRatio(basis, on time.Time, splits []Split) *big.Rat {
	ratio := big.NewRat(1, 1)
	for _, s := range BasisSplits(basis, on, splits) {
		ratio.Mul(ratio, s.Ratio)
	}
	return ratio
}

// BasisSplits returns the splits that what was filed on one day does not hold, and that took effect by another.
func BasisSplits(basis, on time.Time, splits []Split) []Split {
	var since []Split
	for _, s := range splits {
		if s.IsOld(basis) && !s.EffectiveDate.After(on) {
			since = append(since, s)
		}
	}
	return since
}

// AdjustAmount brings an amount per share to the basis that a ratio leads to, rounded to 12 decimals if it changes.
func AdjustAmount(amount decimal.Decimal, ratio *big.Rat) decimal.Decimal {
	if ratio.Cmp(one) == 0 {
		return amount
	}
	return decimal.NewFromBigRat(new(big.Rat).Quo(amount.Rat(), ratio), Precision)
}

// AdjustCount does the same for a number of shares, rounded half up. It is nil if the number is too large.
func AdjustCount(count int64, ratio *big.Rat) *int64 {
	return wholeRat(new(big.Rat).Mul(big.NewRat(count, 1), ratio))
}

var one = big.NewRat(1, 1)

// KnownSplits returns the splits that had taken effect by a day and were known on it.
func KnownSplits(splits []Split, day time.Time) []Split {
	var known []Split
	for _, s := range splits {
		if !s.EffectiveDate.After(day) && !s.KnownFrom.After(day) {
			known = append(known, s)
		}
	}
	return known
}

// SplitRatio is the product of the ratios of the splits that took effect after one day and not after another: how many
// shares at the end one share at the beginning has become.
func SplitRatio(after, until time.Time, splits []Split) *big.Rat {
	ratio := big.NewRat(1, 1)
	for _, s := range splits {
		if s.EffectiveDate.After(after) && !s.EffectiveDate.After(until) {
			ratio.Mul(ratio, s.Ratio)
		}
	}
	return ratio
}

const (
	importSlack  = 120 // days that an imported split may be outside of the interval of one that was found
	repeatedDays = 7   // by which two imports of one split may differ
)

// MergeSplits returns the splits that were imported or found and accepted, each once, by day: an import takes the place
// of what was found of the same ratio at about the same time, and keeps its interval.
func MergeSplits(imported []ImportedSplit, found []FoundSplit) []Split {
	imported = slices.Clone(imported)
	slices.SortFunc(imported, func(a, b ImportedSplit) int { return a.EffectiveDate.Compare(b.EffectiveDate) })
	var splits []Split
	for i, in := range imported {
		if isRepeated(i, imported) {
			continue
		}
		splits = append(splits, Split{
			EffectiveDate: in.EffectiveDate, Ratio: in.Ratio, Source: SplitImport, Exact: true, KnownFrom: in.EffectiveDate, Found: nil,
		})
	}
	replace(splits, found)
	taken := make(map[*FoundSplit]bool)
	for _, s := range splits {
		taken[s.Found] = true
	}
	for i := range found {
		f := &found[i]
		if !f.Accepted || taken[f] {
			continue
		}
		splits = append(splits, Candidate(f))
	}
	slices.SortStableFunc(splits, func(a, b Split) int { return a.EffectiveDate.Compare(b.EffectiveDate) })
	return splits
}

// Candidate is what was found, accepted or not, as a split.
func Candidate(f *FoundSplit) Split {
	s := Split{EffectiveDate: f.EffectiveBy, Ratio: f.Ratio, Source: SplitFilings, Exact: false, KnownFrom: f.KnownFrom, Found: f}
	if f.TradedOn != nil {
		s.EffectiveDate, s.Source, s.Exact = *f.TradedOn, SplitPrices, true
	}
	return s
}

// isRepeated tells whether another import says the same split better: a few days apart, by a splits file or the API if this
// one is from a price file, else written later.
func isRepeated(i int, imported []ImportedSplit) bool {
	in := imported[i]
	for j, other := range imported {
		if j == i || other.Ratio.Cmp(in.Ratio) != 0 || daysBetween(in.EffectiveDate, other.EffectiveDate) > repeatedDays {
			continue
		}
		better := cmp.Or(other.Written.Compare(in.Written), cmp.Compare(i, j)) > 0
		if in.FromPrices != other.FromPrices {
			better = in.FromPrices
		}
		if better {
			return true
		}
	}
	return false
}

// replace gives the imported splits what was found of them, the closest first.
func replace(imported []Split, found []FoundSplit) {
	type match struct {
		split, found, off int
	}
	var matches []match
	for i, s := range imported {
		for j, f := range found {
			if off := f.off(s.EffectiveDate); f.Accepted && off <= importSlack && sameRatio(s.Ratio, f.Ratio) {
				matches = append(matches, match{i, j, off})
			}
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(a.off, b.off) })
	taken := make(map[int]bool)
	for _, m := range matches {
		if s := &imported[m.split]; s.Found == nil && !taken[m.found] {
			s.Found, s.Ratio = &found[m.found], found[m.found].Ratio // which is exact
			taken[m.found] = true
		}
	}
}

// off is how many days a day is outside of the interval.
func (f *FoundSplit) off(day time.Time) int {
	switch {
	case day.Before(f.EffectiveAfter):
		return daysBetween(day, f.EffectiveAfter)
	case day.After(f.EffectiveBy):
		return daysBetween(f.EffectiveBy, day)
	}
	return 0
}

func daysBetween(a, b time.Time) int {
	const day = 24 * time.Hour
	return int(max(a.Sub(b), b.Sub(a)) / day)
}

// sameRatio tells whether an imported ratio is that which was found. A fraction that no decimals write, such as 1/3, can be
// imported as a number of at least three digits.
func sameRatio(imported, found *big.Rat) bool {
	if imported.Cmp(found) == 0 {
		return true
	}
	if _, finite := found.FloatPrec(); finite {
		return false
	}
	decimals, finite := imported.FloatPrec()
	if !finite || decimals > maxRatioDecimals {
		return false
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	digits := new(big.Rat).Mul(imported, new(big.Rat).SetInt(unit))
	off := new(big.Rat).Mul(found, new(big.Rat).SetInt(unit))
	off.Sub(off, digits).Abs(off)
	return digits.Cmp(big.NewRat(100, 1)) >= 0 && off.Cmp(big.NewRat(1, 1)) < 0
}

const maxRatioDecimals = 30

// RatioDecimal writes a ratio as a number of 12 decimals.
func RatioDecimal(r *big.Rat) decimal.Decimal { return decimal.NewFromBigRat(r, Precision) }

// Scale returns d times a ratio: exact if decimals write it, else rounded to 12 decimals.
func Scale(d decimal.Decimal, r *big.Rat) decimal.Decimal {
	product := new(big.Rat).Mul(d.Rat(), r)
	if n, finite := product.FloatPrec(); finite {
		return decimal.NewFromBigRat(product, int32(n))
	}
	return decimal.NewFromBigRat(product, Precision)
}

// tradedOn returns the trading days within the interval of a split on which the closes of a listing, in the order of their
// days, follow it.
func (f *FoundSplit) tradedOn(prices []Price) (days []time.Time) {
	jump := logOf(f.Ratio)
	if f.Ratio.Cmp(big.NewRat(3, 2)) < 0 && f.Ratio.Cmp(big.NewRat(2, 3)) > 0 { //nolint:mnd // what is told from a day's move
		return nil
	}
	for i := 1; i < len(prices); i++ {
		before, now := prices[i-1], prices[i]
		if !now.Date.After(f.EffectiveAfter) || now.Date.After(f.EffectiveBy) || daysBetween(before.Date, now.Date) > pairDays ||
			!before.Close.IsPositive() || !now.Close.IsPositive() {
			continue
		}
		move := math.Log(before.Close.InexactFloat64()) - math.Log(now.Close.InexactFloat64())
		if math.Abs(move-jump) <= jumpTolerance {
			days = append(days, now.Date)
		}
	}
	return days
}

// DateSplit returns the day on which a split that was found took effect, if the closes of the company's listings, each in
// the order of its days, show exactly one; else nil.
func DateSplit(f FoundSplit, listings [][]Price) *time.Time {
	var day *time.Time
	if !f.Accepted {
		return nil
	}
	for _, prices := range listings {
		for _, d := range f.tradedOn(prices) {
			if day != nil && !day.Equal(d) {
				return nil
			}
			day = &d
		}
	}
	return day
}
