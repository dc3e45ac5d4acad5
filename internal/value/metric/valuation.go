package metric

import "math/big"

// precision is that of the floating-point numbers below, in bits.
const precision = 256

// ImpliedGrowth is the reverse of a discounted cash flow: the rate at which a cash flow must grow for some years, to grow
// at the terminal rate from then on, to be worth a value at a discount rate. It is the g for which
//
//	sum over t = 1..years of CF (1+g)^t / (1+r)^t + CF (1+g)^years (1+terminal) / ((r - terminal) (1+r)^years) = value
//
// between -0.99 and 10, found to 1e-12. The rates are the caller's.
func ImpliedGrowth(worth, cashFlow, discountRate, terminalGrowth *big.Rat, years int) Result {
	var p problem
	spread := new(big.Rat).Sub(discountRate, terminalGrowth)
	if spread.Sign() <= 0 {
		p.add(NegativeDenominator)
	}
	one := big.NewRat(1, 1)
	discount := new(big.Rat).Add(one, discountRate)
	if worth.Sign() <= 0 || cashFlow.Sign() <= 0 || years < 1 || discount.Sign() <= 0 {
		p.add(NegativeInput)
	}
	if p.rank > 0 {
		return p.result(nil)
	}

	// With q = (1+g) / (1+r) and a multiple m, the sum of q^t and m q^years must be value / CF.
	float := func(r *big.Rat) *big.Float { return new(big.Float).SetPrec(precision).SetRat(r) }
	multiple := float(new(big.Rat).Quo(new(big.Rat).Add(one, terminalGrowth), spread))
	target := float(new(big.Rat).Quo(worth, cashFlow))
	worthAt := func(g *big.Rat) *big.Float {
		q := float(new(big.Rat).Quo(new(big.Rat).Add(one, g), discount))
		sum, power := new(big.Float).SetPrec(precision), float(one)
		for range years {
			power.Mul(power, q)
			sum.Add(sum, power)
		}
		return sum.Add(sum, power.Mul(power, multiple))
	}
	low, high := big.NewRat(-99, 100), big.NewRat(10, 1)
	if worthAt(low).Cmp(target) > 0 || worthAt(high).Cmp(target) < 0 {
		p.add(NegativeInput)
		return p.result(nil)
	}
	half := big.NewRat(1, 2)
	for range 60 { // from 11 to less than 1e-16
		middle := new(big.Rat).Add(low, high)
		middle.Mul(middle, half)
		if worthAt(middle).Cmp(target) > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	return p.result(low)
}
