package value

import (
	"math"
	"math/big"

	"github.com/shopspring/decimal"
)

// Precision is the number of decimals that quotients are rounded to, half away from zero.
const Precision = 12

// Add returns a + b, nil if either is nil or the sum does not fit in an int64.
func Add(a, b *int64) *int64 {
	if a == nil || b == nil || *b > 0 && *a > math.MaxInt64-*b || *b < 0 && *a < math.MinInt64-*b {
		return nil
	}
	return new(*a + *b)
}

// Sub returns a - b, nil if either is nil or the difference does not fit in an int64.
func Sub(a, b *int64) *int64 {
	if a == nil || b == nil || *b < 0 && *a > math.MaxInt64+*b || *b > 0 && *a < math.MinInt64+*b {
		return nil
	}
	return new(*a - *b)
}

// AddKnown returns a, plus b if that is known.
func AddKnown(a, b *int64) *int64 { return Add(a, known(b)) }

// SubKnown returns a, less b if that is known.
func SubKnown(a, b *int64) *int64 { return Sub(a, known(b)) }

func known(a *int64) *int64 {
	if a == nil {
		return new(int64)
	}
	return a
}

// ratio is a / b, nil if either is nil or b is not above zero.
func ratio(a, b *int64) *decimal.Decimal {
	if a == nil || b == nil || *b <= 0 {
		return nil
	}
	return new(decimal.NewFromInt(*a).DivRound(decimal.NewFromInt(*b), Precision))
}

// wholeRat rounds half up to whole units, nil if that does not fit in an int64.
func wholeRat(r *big.Rat) *int64 {
	// floor((2n + d) / 2d)
	n := new(big.Int).Add(new(big.Int).Lsh(r.Num(), 1), r.Denom())
	n.Div(n, new(big.Int).Lsh(r.Denom(), 1))
	if !n.IsInt64() {
		return nil
	}
	return new(n.Int64())
}
