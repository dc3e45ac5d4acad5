package value

import (
	"math/big"
	"time"

	"github.com/shopspring/decimal"
)

// A ShareBasis says which splits are in figures per share and in counts of shares.
type ShareBasis string

const (
	AsOf  ShareBasis = "as_of" // all that had taken effect and were known on the day that is asked for
	Filed ShareBasis = "filed" // as each filing has it: those that were in it on its basis date
)

// OnBasis returns a statement with its figures per share and counts of shares on the basis of a day, the splits being
// those known on it. A figure without a basis date is on that of the publish date. A count is nil if it is too large.
func (s *Statement) OnBasis(on time.Time, splits []Split) Statement {
	adjusted := *s
	if len(splits) == 0 {
		return adjusted
	}
	basis := func(filed *time.Time) time.Time {
		if filed == nil {
			return s.PublishDate
		}
		return *filed
	}
	amount := func(field **decimal.Decimal, filed *time.Time) {
		if *field != nil {
			*field = new(AdjustAmount(**field, BasisRatio(basis(filed), on, splits)))
		}
	}
	count := func(field **int64, filed *time.Time) {
		if *field != nil {
			*field = AdjustCount(**field, BasisRatio(basis(filed), on, splits))
		}
	}
	amount(&adjusted.EarningsPerShare, s.EarningsPerShareBasisDate)
	amount(&adjusted.EarningsPerShareDiluted, s.EarningsPerShareDilutedBasisDate)
	amount(&adjusted.DividendsPerShare, s.DividendsPerShareBasisDate)
	count(&adjusted.WeightedAverageShares, s.WeightedAverageSharesBasisDate)
	count(&adjusted.WeightedAverageSharesDiluted, s.WeightedAverageSharesDilutedBasisDate)
	count(&adjusted.SharesOutstanding, s.SharesOutstandingBasisDate)
	return adjusted
}

// OnBasis returns a dividend on the share basis of a day, the splits being those known on it.
func (d Dividend) OnBasis(on time.Time, splits []Split) Dividend {
	d.AmountPerShare = AdjustAmount(d.AmountPerShare, BasisRatio(d.ShareBasisDate, on, splits))
	return d
}

// RatioSince is what a close of a day is divided by, and a count of shares that is valid on it multiplied by, to be on the share
// basis of a later day, the splits being those known on that one. It is nil if it is not known whether a split had taken
// effect on the day.
func RatioSince(day, on time.Time, splits []Split) *big.Rat {
	for _, s := range splits {
		if s.IsOpenOn(day) {
			return nil
		}
	}
	return SplitRatio(day, on, splits)
}
