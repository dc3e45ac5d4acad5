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

// BasisDate returns the basis date of a figure per share or a count of shares by its name in JSON, nil for other figures: the
// publish date where the statement has none.
func (s *Statement) BasisDate(name string) *time.Time {
	var filed *time.Time
	switch name {
	case "earnings_per_share":
		filed = s.EarningsPerShareBasisDate
	case "earnings_per_share_diluted":
		filed = s.EarningsPerShareDilutedBasisDate
	case "weighted_average_shares":
		filed = s.WeightedAverageSharesBasisDate
	case "weighted_average_shares_diluted":
		filed = s.WeightedAverageSharesDilutedBasisDate
	case "dividends_per_share":
		filed = s.DividendsPerShareBasisDate
	case "shares_outstanding":
		filed = s.SharesOutstandingBasisDate
	default:
		return nil
	}
	if filed == nil {
		return &s.PublishDate
	}
	return filed
}

// OnBasis returns a statement with its figures per share and counts of shares on the basis of a day, the splits being
// those known on it. A figure without a basis date is on that of the publish date. A count is nil if it is too large.
func (s *Statement) OnBasis(on time.Time, splits []Split) Statement {
	adjusted := *s
	if len(splits) == 0 {
		return adjusted
	}
	amount := func(field **decimal.Decimal, name string) {
		if *field != nil {
			*field = new(AdjustAmount(**field, BasisRatio(*s.BasisDate(name), on, splits)))
		}
	}
	count := func(field **int64, name string) {
		if *field != nil {
			*field = AdjustCount(**field, BasisRatio(*s.BasisDate(name), on, splits))
		}
	}
	amount(&adjusted.EarningsPerShare, "earnings_per_share")
	amount(&adjusted.EarningsPerShareDiluted, "earnings_per_share_diluted")
	amount(&adjusted.DividendsPerShare, "dividends_per_share")
	count(&adjusted.WeightedAverageShares, "weighted_average_shares")
	count(&adjusted.WeightedAverageSharesDiluted, "weighted_average_shares_diluted")
	count(&adjusted.SharesOutstanding, "shares_outstanding")
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
