package metric

import (
	"math"
	"math/big"
)

// rootDecimals is the number of decimals of a root.
const rootDecimals = 40

// Root returns the n-th root of x, both above zero, to 40 decimals, rounded down.
func Root(x *big.Rat, n int) *big.Rat {
	// The root of x times 10^(40 n), in whole numbers.
	scaled := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(rootDecimals*n)), nil)
	scaled.Mul(scaled, x.Num())
	scaled.Quo(scaled, x.Denom())
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(rootDecimals), nil)
	return new(big.Rat).SetFrac(wholeRoot(scaled, n), unit)
}

// wholeRoot returns the largest whole number whose n-th power is not above x. It is Newton's method, from above.
func wholeRoot(x *big.Int, n int) *big.Int {
	switch {
	case n == 1 || x.Sign() == 0:
		return new(big.Int).Set(x)
	case n == 2:
		return new(big.Int).Sqrt(x)
	}
	less := big.NewInt(int64(n - 1))
	root := aboveRoot(x, n)
	for {
		next := new(big.Int).Exp(root, less, nil)
		next.Quo(x, next)
		next.Add(next, new(big.Int).Mul(root, less))
		next.Quo(next, big.NewInt(int64(n)))
		if next.Cmp(root) >= 0 {
			return root
		}
		root = next
	}
}

// aboveRoot is a little more than the n-th root of x, by the floats.
func aboveRoot(x *big.Int, n int) *big.Int {
	mantissa := new(big.Float)
	exponent := new(big.Float).SetInt(x).MantExp(mantissa) // x is mantissa times 2^exponent
	m, _ := mantissa.Float64()
	rest := exponent % n
	near := new(big.Float).SetFloat64(math.Pow(math.Ldexp(m, rest), 1/float64(n)) * (1 + 1e-12))
	root, _ := near.SetMantExp(near, exponent/n).Int(nil)
	return root.Add(root, big.NewInt(1))
}
