package metric

import (
	"math/big"
	"slices"
)

// context is where a formula is evaluated. What keeps it from having a value is collected as it goes.
type context struct {
	problem

	company *Company
	report  *Report // nil if there is none
	day     *Day    // nil for what is not of a day
	reads   *[]Read // what was read, nil if that is not asked for
}

// of returns a context with no problem yet, of another report.
func (c *context) of(r *Report) *context {
	return &context{company: c.company, report: r, day: c.day, reads: c.reads}
}

// A Read is a figure that went into a metric.
type Read struct {
	Report *Report // nil for a figure of the day
	Name   string
	Months bool     // of the twelve months
	Metric bool     // a metric that stands there by its id
	Value  *big.Rat // nil if it is not known, and left out
}

// read notes what was read.
func (c *context) read(read Read) {
	if c.reads == nil || slices.ContainsFunc(*c.reads, func(r Read) bool {
		return r.Report == read.Report && r.Name == read.Name && r.Months == read.Months
	}) {
		return
	}
	*c.reads = append(*c.reads, read)
}

// calculator is a formula in code. It returns nil for a problem that it added.
type calculator func(c *context) *big.Rat

// compute evaluates a metric.
func (c *context) compute(d *Definition) *big.Rat {
	if d.calc != nil {
		return d.calc(c)
	}
	return c.eval(&d.expr)
}

// result evaluates a metric with what belongs to it.
func (c *context) result(d *Definition) Result {
	if d.usesDebt && c.report != nil && c.report.DebtUnknown {
		return Result{Reason: DebtUnknown}
	}
	var parts []Part
	var missing []string // of all parts
	if d.serve {
		parts = make([]Part, len(d.Where))
		for i, t := range d.Where {
			part := c.of(c.report)
			var exact *big.Rat
			if t.calc != nil {
				exact = t.calc(part)
			} else {
				exact = part.eval(&d.terms[i])
			}
			parts[i] = Part{ID: t.ID, Result: part.problem.result(exact)}
			if exact == nil {
				c.merge(part.problem)
				missing = union(missing, parts[i].Missing)
			}
		}
	}
	var exact *big.Rat
	if d.isSignals {
		exact = countSignals(parts, d.least)
	} else {
		exact = c.compute(d)
	}
	r := c.problem.result(exact)
	if d.serve && (r.Reason == InsufficientHistory || r.Reason == MissingInput) {
		r.Missing = missing
	}
	r.Parts = parts
	return r
}

// countSignals is how many hold, nil if fewer than the least number are known.
func countSignals(signals []Part, least int) *big.Rat {
	var hold int64
	known := 0
	for _, s := range signals {
		if s.Exact != nil {
			known++
			hold += s.Exact.Num().Int64()
		}
	}
	if known < least {
		return nil
	}
	return big.NewRat(hold, 1)
}

// eval evaluates a part of a formula, nil for a problem. All parts are looked at, so that all that is missing is named.
func (c *context) eval(n *node) *big.Rat {
	switch n.op {
	case "number":
		return n.num
	case "figure":
		return c.figure(n)
	case "day":
		return c.dayFigure(n.name)
	case "metric":
		return c.metric(n)
	case "inside":
		return c.compute(n.inside)
	case "first":
		return c.first(n)
	case "tax_rate":
		return c.taxRate(n)
	case "sqrt":
		return c.root(&n.args[0])
	}
	a, b := c.eval(&n.args[0]), c.eval(&n.args[1])
	if n.op == "/" {
		return c.quotient(a, b)
	}
	if a == nil || b == nil {
		return nil
	}
	switch n.op {
	case "+":
		return new(big.Rat).Add(a, b)
	case "-":
		return new(big.Rat).Sub(a, b)
	case "x":
		return new(big.Rat).Mul(a, b)
	case "and":
		return truth(a.Sign() > 0 && b.Sign() > 0)
	case "or":
		return truth(a.Sign() > 0 || b.Sign() > 0)
	case "<":
		return truth(a.Cmp(b) < 0)
	case ">":
		return truth(a.Cmp(b) > 0)
	case "<=":
		return truth(a.Cmp(b) <= 0)
	case ">=":
		return truth(a.Cmp(b) >= 0)
	}
	panic("metric: unknown operator " + n.op)
}

func truth(holds bool) *big.Rat {
	if holds {
		return big.NewRat(1, 1)
	}
	return new(big.Rat)
}

// quotient is a / b. It notes what is wrong with a divisor that is not above zero.
func (c *context) quotient(a, b *big.Rat) *big.Rat {
	switch {
	case b != nil && b.Sign() < 0:
		c.add(NegativeDenominator)
		return nil
	case b != nil && b.Sign() == 0:
		c.add(ZeroDenominator)
		return nil
	case a == nil || b == nil:
		return nil
	}
	return new(big.Rat).Quo(a, b)
}

// figure reads a figure of the report or an earlier one.
func (c *context) figure(n *node) *big.Rat {
	r := c.company.ago(c.report, n.ago)
	if r != nil {
		read := r.Own
		if n.ttm {
			read = r.Months
		}
		v := read(n.name)
		if v != nil || n.opt {
			c.read(Read{Report: r, Name: n.name, Months: n.ttm, Value: v})
		}
		if v != nil {
			return v
		}
	}
	if n.opt {
		return new(big.Rat)
	}
	c.lacks(r, n)
	return nil
}

// lacks notes that a report has no value for a name, or is not there.
func (c *context) lacks(r *Report, n *node) {
	if r == nil && n.ago > 0 {
		c.add(InsufficientHistory, n.label())
	} else {
		c.add(MissingInput, n.label())
	}
}

// metric is the value of a metric that reasons name by its id.
func (c *context) metric(n *node) *big.Rat {
	r := c.company.ago(c.report, n.ago)
	if r != nil {
		if v := c.company.get(r, n.metric).Exact; v != nil {
			c.read(Read{Report: r, Name: n.name, Metric: true, Value: v})
			return v
		}
	}
	c.lacks(r, n)
	return nil
}

// first is its first argument if that is known, else its second.
func (c *context) first(n *node) *big.Rat {
	attempt := c.of(c.report)
	if v := attempt.eval(&n.args[0]); v != nil {
		return v
	}
	return c.eval(&n.args[1])
}

// taxRate is the part of a profit that taxes take: none of a loss, whatever they were.
func (c *context) taxRate(n *node) *big.Rat {
	profit := c.eval(&n.args[1])
	if profit != nil && profit.Sign() <= 0 {
		return new(big.Rat)
	}
	tax := c.eval(&n.args[0])
	if profit == nil || tax == nil {
		return nil
	}
	one := big.NewRat(1, 1)
	switch rate := new(big.Rat).Quo(tax, profit); {
	case rate.Sign() < 0:
		return new(big.Rat)
	case rate.Cmp(one) > 0:
		return one
	default:
		return rate
	}
}

// root is the square root of a product whose factors are all above zero: two losses make no gain.
func (c *context) root(n *node) *big.Rat {
	product, negative := big.NewRat(1, 1), false
	for factors := []*node{n}; len(factors) > 0; {
		f := factors[0]
		factors = factors[1:]
		if f.op == "x" {
			factors = append([]*node{&f.args[0], &f.args[1]}, factors...)
			continue
		}
		v := c.eval(f)
		switch {
		case v == nil:
			product = nil
		case v.Sign() <= 0:
			negative = true
		case product != nil:
			product.Mul(product, v)
		}
	}
	if negative {
		c.add(NegativeInput)
		return nil
	}
	if product == nil {
		return nil
	}
	return Root(product, 2)
}

// get returns the result of a metric of a report, computed once.
func (c *Company) get(r *Report, d *Definition) Result {
	k := key{r, d}
	if found, ok := c.results[k]; ok {
		return found
	}
	result := (&context{company: c, report: r}).result(d)
	c.results[k] = result
	return result
}

// Of returns a metric of a report: one of statements, or of years if the report is annual.
func (c *Company) Of(r *Report, d *Definition) Result { return c.get(r, d) }

// OnDay returns a metric of a trading day.
func (c *Company) OnDay(day *Day, d *Definition) Result {
	return (&context{company: c, report: day.Statement, day: day}).result(d)
}

// Reads returns the figures that go into a metric of a report, in the order of its formula.
func (c *Company) Reads(r *Report, d *Definition) []Read {
	var reads []Read
	(&context{company: c, report: r, reads: &reads}).result(d)
	return reads
}

// ReadsOnDay returns the figures that go into a metric of a trading day.
func (c *Company) ReadsOnDay(day *Day, d *Definition) []Read {
	var reads []Read
	(&context{company: c, report: day.Statement, day: day, reads: &reads}).result(d)
	return reads
}
