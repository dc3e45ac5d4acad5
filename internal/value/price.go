package value

import (
	"math"
	"math/big"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// A Price is the close of a trading day.
type Price struct {
	Date  time.Time
	Close decimal.Decimal
}

// A PriceFault says why closes cannot be as traded.
type PriceFault struct {
	Reason PriceReason
	Date   time.Time       // the second of the two days between which it shows
	Ratio  decimal.Decimal // of the splits that it is about
}

// PriceReason is what is wrong with a series of closes.
type PriceReason string

const (
	// LooksSplitAdjusted: a split takes effect, and the close does not follow.
	LooksSplitAdjusted PriceReason = "looks_split_adjusted"
	// JumpWithoutSplit: the close jumps by the ratio of later splits, and none takes effect.
	JumpWithoutSplit PriceReason = "jump_without_split"
)

const (
	// pairDays is how far two closes may be apart to be compared.
	pairDays = 7
	// jumpTolerance is how far a jump may be from a ratio, as a difference of logarithms.
	jumpTolerance = 0.15
)

// minJump is the logarithm of the smallest ratio that is told from a day's move.
var minJump = math.Log(1.5)

// CheckPrices looks for the first day on which a listing's closes, in the order of their days, contradict the company's
// splits of which the day is known: prices adjusted for splits among prices as traded. It returns nil if there is none.
func CheckPrices(prices []Price, splits []Split) *PriceFault {
	splits = slices.DeleteFunc(slices.Clone(splits), func(s Split) bool { return !s.Exact })
	slices.SortFunc(splits, func(a, b Split) int { return a.EffectiveDate.Compare(b.EffectiveDate) })
	for i := 1; i < len(prices) && len(splits) > 0; i++ {
		before, now := prices[i-1], prices[i]
		if now.Date.After(before.Date.AddDate(0, 0, pairDays)) || !before.Close.IsPositive() || !now.Close.IsPositive() {
			continue
		}
		move := math.Log(before.Close.InexactFloat64()) - math.Log(now.Close.InexactFloat64())
		effective, ratio := false, big.NewRat(1, 1)
		for len(splits) > 0 && !splits[0].EffectiveDate.After(now.Date) {
			if splits[0].EffectiveDate.After(before.Date) {
				effective, ratio = true, ratio.Mul(ratio, splits[0].Ratio)
			}
			splits = splits[1:]
		}
		if effective {
			if jump := logOf(ratio); math.Abs(jump) >= minJump && math.Abs(move-jump) > math.Abs(jump)/2 {
				return &PriceFault{LooksSplitAdjusted, now.Date, RatioDecimal(ratio)}
			}
			continue
		}
		for _, later := range splits {
			ratio.Mul(ratio, later.Ratio)
			jump := math.Abs(logOf(ratio))
			if jump >= minJump && math.Abs(math.Abs(move)-jump) <= jumpTolerance {
				return &PriceFault{JumpWithoutSplit, now.Date, RatioDecimal(ratio)}
			}
		}
	}
	return nil
}

func logOf(ratio *big.Rat) float64 {
	near, _ := ratio.Float64()
	return math.Log(near)
}

// OrdinaryShares returns how many ordinary shares one listed share stands for: what was declared, a number or fraction
// such as "0.5" or "1/1500"; else 1. That is not known, and the result nil, for a listing of a foreign issuer, which can be
// of depositary shares.
func OrdinaryShares(declared *string, foreignIssuer bool) *big.Rat {
	switch {
	case declared != nil:
		if r, ok := new(big.Rat).SetString(*declared); ok && r.Sign() > 0 {
			return r
		}
		return nil
	case foreignIssuer:
		return nil
	}
	return big.NewRat(1, 1)
}
