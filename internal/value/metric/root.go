package metric

import "math/big"

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
	root := new(big.Int).Lsh(big.NewInt(1), uint(x.BitLen()/n)+1)
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
