package metric

import (
	"math/big"
	"slices"
)

var one = big.NewRat(1, 1)

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
	discount := new(big.Rat).Add(one, discountRate)
	if worth.Sign() <= 0 || cashFlow.Sign() <= 0 || years < 1 || discount.Sign() <= 0 {
		p.add(NegativeInput)
	}
	if p.rank > 0 {
		return p.result(nil)
	}

	target := float(new(big.Rat).Quo(worth, cashFlow))
	worthAt := func(g *big.Rat) *big.Float { return multipleOf(g, discount, terminalGrowth, spread, years) }
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

func float(r *big.Rat) *big.Float { return new(big.Float).SetPrec(precision).SetRat(r) }

// multipleOf is what a cash flow of 1 is worth that grows at a rate g for some years. With q = (1+g) / (1+r) and a multiple m
// it is the sum of q^t, and m q^years.
func multipleOf(g, discount, terminalGrowth, spread *big.Rat, years int) *big.Float {
	multiple := float(new(big.Rat).Quo(new(big.Rat).Add(one, terminalGrowth), spread))
	q := float(new(big.Rat).Quo(new(big.Rat).Add(one, g), discount))
	sum, power := new(big.Float).SetPrec(precision), float(one)
	for range years {
		power.Mul(power, q)
		sum.Add(sum, power)
	}
	return sum.Add(sum, power.Mul(power, multiple))
}

// DiscountedCashFlow is what a cash flow is worth at a discount rate that grows at one rate for some years, and at the terminal
// rate from then on:
//
//	sum over t = 1..years of CF (1+g)^t / (1+r)^t + CF (1+g)^years (1+terminal) / ((r - terminal) (1+r)^years)
//
// The rates are the caller's.
func DiscountedCashFlow(cashFlow, growth, discountRate, terminalGrowth *big.Rat, years int) Result {
	var p problem
	spread := new(big.Rat).Sub(discountRate, terminalGrowth)
	if spread.Sign() <= 0 {
		p.add(NegativeDenominator)
	}
	discount := new(big.Rat).Add(one, discountRate)
	if cashFlow.Sign() <= 0 || years < 1 || discount.Sign() <= 0 || new(big.Rat).Add(one, growth).Sign() <= 0 {
		p.add(NegativeInput)
	}
	if p.rank > 0 {
		return p.result(nil)
	}
	multiple, _ := multipleOf(growth, discount, terminalGrowth, spread, years).Rat(nil)
	return p.result(multiple.Mul(multiple, cashFlow))
}

// Rates are what a valuation supposes of the future. They are the caller's.
type Rates struct {
	Discount, TerminalGrowth *big.Rat
	Growth                   *big.Rat // of the years before, nil if none is supposed
	Years                    int
}

// What a business can be valued by: all of its worth, of which each is an id of Appraisals.
const (
	ByEVN           = "enterprise_value_net_of_investments"
	ByMarketCap     = "market_cap"
	ByFreeCashFlow  = "free_cash_flow"
	ByOwnerEarnings = "owner_earnings"
)

// A Business is what valuations are made of.
type Business struct {
	Value    Result // what it costs
	Cap      Result // what all shares cost
	CashFlow Result // of twelve months
	NOPAT    Result // after tax, of twelve months
	NetDebt  Result
	Price    Result // of one ordinary share, in the currency of the statement
	Shares   Result
}

// NoBusiness is that of a company whose shares have no price.
func NoBusiness() Business {
	none := Result{Exact: nil, Reason: InsufficientHistory, Missing: []string{Price}, Parts: nil}
	return Business{none, none, none, none, none, none, none}
}

var freeCashFlowNode = node{op: "figure", name: "free_cash_flow", ttm: true}

// BusinessOn returns a company's business on a trading day, by one of ByEVN and ByMarketCap and one of ByFreeCashFlow and
// ByOwnerEarnings.
func (c *Company) BusinessOn(day *Day, by, cashFlow string) Business {
	here := func(read func(*context) *big.Rat) Result {
		in := &context{company: c, report: day.Statement, day: day}
		return in.problem.result(read(in))
	}
	inDay := func(name string) Result {
		return here(func(in *context) *big.Rat { return in.dayFigure(name) })
	}
	b := Business{
		Value: c.OnDay(day, Find(ByEVN)), Cap: inDay(Cap), CashFlow: c.get(day.Statement, Find(ByOwnerEarnings)),
		NOPAT: c.get(day.Statement, Find("nopat")), NetDebt: c.get(day.Statement, Find("net_debt")), Price: inDay(Price),
		Shares: here(func(in *context) *big.Rat { return in.orBecause(number(day.Shares), "shares_outstanding", noShares) }),
	}
	if by == ByMarketCap {
		b.Value = b.Cap
	}
	if cashFlow == ByFreeCashFlow {
		b.CashFlow = here(func(in *context) *big.Rat { return in.eval(&freeCashFlowNode) })
	}
	return b
}

// An Appraisal describes one of the figures that Valuate returns.
type Appraisal struct{ ID, Unit, Formula, Source, Caveat string }

const (
	greenwald  = "Greenwald et al., Value Investing (2001), earnings power value"
	mcKinseyTV = "McKinsey, Valuation (7th ed. 2020), enterprise discounted cash flow"
)

// Appraisals are the figures that Valuate returns, in their order.
var Appraisals = []Appraisal{
	{"price", "money per share", "close / ordinary_shares x exchange_rate", arithmetic, "of one ordinary share, in the currency of the statement"},
	{"shares_outstanding", "count", "the shares of the day", arithmetic, ""},
	{"market_cap", "money", "cap", arithmetic, "in the currency of the statement"},
	{"value", "money", "EVN, or cap: the parameter value", arithmetic, ""},
	{"cash_flow", "money", "ttm.free_cash_flow, or owner_earnings: the parameter cash_flow", arithmetic, ""},
	{"implied_growth", "fraction", "the g for which dcf_value is value", "the reverse of dcf_value",
		"from -0.99 to 10, found to 12 decimals; growth is not read"},
	{"dcf_value", "money", "sum over t = 1 to years of cash_flow (1 + growth)^t / (1 + r)^t + " +
		"cash_flow (1 + growth)^years (1 + terminal) / ((r - terminal) (1 + r)^years)", mcKinseyTV, "null, missing_input, without growth"},
	{"dcf_value_per_share", "money per share", "(dcf_value - (value - cap)) / shares_outstanding", mcKinseyTV,
		"value - cap is what the business has to pay before the shareholders, less the securities that it holds; 0 where value is cap"},
	{"margin_of_safety", "fraction", "1 - price / dcf_value_per_share", "Graham, The Intelligent Investor (1973) ch. 20", "below 0 where the price is above the value"},
	{"earnings_power_value", "money", "nopat / r", greenwald,
		"what the business is worth if the operating profit after tax of the twelve months lasts and never grows; nothing is adjusted for the business cycle"},
	{"earnings_power_value_per_share", "money per share", "(earnings_power_value - net_debt) / shares_outstanding", greenwald,
		"securities are not added, minorities and preferred stock not deducted"},
	{"earnings_power_margin_of_safety", "fraction", "1 - price / earnings_power_value_per_share", greenwald + "; Graham, The Intelligent Investor (1973) ch. 20", ""},
}

// take returns the values of results. It adds the problems of those that are not known, and is then nil.
func (p *problem) take(results ...Result) []*big.Rat {
	values := make([]*big.Rat, len(results))
	for i, r := range results {
		if r.Exact == nil {
			p.add(r.Reason, r.Missing...)
		}
		values[i] = r.Exact
	}
	if p.rank > 0 {
		return nil
	}
	return values
}

// from computes a figure from others.
func from(compute func(c *context, values []*big.Rat) *big.Rat, results ...Result) Result {
	//exhaustruct:ignore it reads nothing else
	c := &context{}
	values := c.take(results...)
	if values == nil {
		return c.problem.result(nil)
	}
	return c.problem.result(compute(c, values))
}

// Valuate returns Appraisals of a business at rates of the caller's.
func (b Business) Valuate(r Rates) []Part {
	f := b.discounted(r)
	epv := from(func(c *context, v []*big.Rat) *big.Rat { return c.quotient(v[0], r.Discount) }, b.NOPAT)
	epvPerShare := from(func(c *context, v []*big.Rat) *big.Rat {
		return c.quotient(new(big.Rat).Sub(v[0], v[1]), v[2])
	}, epv, b.NetDebt, b.Shares)
	results := []Result{
		b.Price, b.Shares, b.Cap, b.Value, b.CashFlow, b.impliedGrowth(r), f.value, f.perShare, f.margin, epv, epvPerShare,
		b.marginOfSafety(epvPerShare),
	}
	parts := make([]Part, len(results))
	for i, result := range results {
		parts[i] = Part{ID: Appraisals[i].ID, Result: result}
	}
	return parts
}

func (b Business) impliedGrowth(r Rates) Result {
	var p problem
	v := p.take(b.Value, b.CashFlow)
	if v == nil {
		return p.result(nil)
	}
	return ImpliedGrowth(v[0], v[1], r.Discount, r.TerminalGrowth, r.Years)
}

// discounted is a business valued by its cash flow.
type discounted struct{ value, perShare, margin Result }

func (b Business) discounted(r Rates) (d discounted) {
	var p problem
	v := p.take(b.CashFlow)
	if r.Growth == nil {
		p.add(MissingInput, "growth")
	}
	if p.rank > 0 {
		d.value = p.result(nil)
	} else {
		d.value = DiscountedCashFlow(v[0], r.Growth, r.Discount, r.TerminalGrowth, r.Years)
	}
	d.perShare = from(func(c *context, v []*big.Rat) *big.Rat {
		before := new(big.Rat).Sub(v[1], v[2]) // who come before the shareholders
		return c.quotient(before.Sub(v[0], before), v[3])
	}, d.value, b.Value, b.Cap, b.Shares)
	d.margin = b.marginOfSafety(d.perShare)
	return d
}

// marginOfSafety is how much less than what it is worth a share costs, as a fraction of that.
func (b Business) marginOfSafety(worth Result) Result {
	return from(func(c *context, v []*big.Rat) *big.Rat {
		part := c.quotient(v[0], v[1])
		if part == nil {
			return nil
		}
		return part.Sub(one, part)
	}, b.Price, worth)
}

// A Cell is a valuation at rates near those of the caller.
type Cell struct {
	Rates
	Parts []Part
}

// Sensitivity returns valuations of a business at discount rates up to two points lower and higher, each with growth rates up
// to two points lower and higher: dcf_value_per_share and margin_of_safety by growth, or without growth implied_growth by
// terminal growth.
func (b Business) Sensitivity(r Rates) (cells []Cell) {
	const steps = 2
	moved := func(rate *big.Rat, points int) *big.Rat {
		return new(big.Rat).Add(rate, big.NewRat(int64(points), 100)) //nolint:mnd // a point is a hundredth
	}
	for i := -steps; i <= steps; i++ {
		for j := -steps; j <= steps; j++ {
			at := Rates{Discount: moved(r.Discount, i), TerminalGrowth: r.TerminalGrowth, Growth: nil, Years: r.Years}
			if r.Growth == nil {
				at.TerminalGrowth = moved(r.TerminalGrowth, j)
				cells = append(cells, Cell{at, []Part{{"implied_growth", b.impliedGrowth(at)}}})
				continue
			}
			at.Growth = moved(r.Growth, j)
			d := b.discounted(at)
			cells = append(cells, Cell{at, []Part{{"dcf_value_per_share", d.perShare}, {"margin_of_safety", d.margin}}})
		}
	}
	return slices.Clip(cells)
}
