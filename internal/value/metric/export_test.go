package metric

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Worked is the formula of a metric with the figures in it, empty for one that is not in the language of formulas.
func (c *Company) Worked(r *Report, day *Day, d *Definition) string {
	if d.calc != nil || d.isSignals {
		return ""
	}
	return (&context{company: c, report: r, day: day}).worked(&d.expr, 0)
}

// WorkedParts is the same of the signals or variables of a score.
func (c *Company) WorkedParts(r *Report, day *Day, d *Definition) []string {
	parts := make([]string, len(d.Where))
	for i, t := range d.Where {
		if t.calc == nil {
			parts[i] = (&context{company: c, report: r, day: day}).worked(&d.terms[i], 0)
		}
	}
	return parts
}

// worked writes a part of a formula; what binds less than a level is in brackets.
func (c *context) worked(n *node, level int) string {
	switch n.op {
	case "number":
		return n.text
	case "figure", "metric", "day":
		return Amount(c.of(c.report).eval(n))
	case "inside":
		return Amount(c.of(c.report).eval(n))
	case "first":
		return Amount(c.of(c.report).eval(n))
	case "tax_rate":
		return fmt.Sprintf("%s / %s", c.worked(&n.args[0], 9), c.worked(&n.args[1], 9))
	case "sqrt":
		return "sqrt(" + c.worked(&n.args[0], 0) + ")"
	}
	own := slices.IndexFunc(levels, func(ops []string) bool { return slices.Contains(ops, n.op) })
	text := c.worked(&n.args[0], own) + " " + n.op + " " + c.worked(&n.args[1], own+1)
	if own < level {
		return "(" + text + ")"
	}
	return text
}

// Amount writes a figure, in millions if it is large.
func Amount(v *big.Rat) string {
	if v == nil {
		return "?"
	}
	million, unit := big.NewRat(1_000_000, 1), ""
	if new(big.Rat).Abs(v).Cmp(million) >= 0 {
		v, unit = new(big.Rat).Quo(v, million), " M"
	}
	whole, part, _ := strings.Cut(v.FloatString(6), ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if part = strings.TrimRight(part, "0"); part != "" {
		whole += "." + part
	}
	return whole + unit
}

// Known tells whether reasons and definitions may give a name as that of an input, as in ttm.net_income and -1.total_assets.
func Known(input string) bool {
	s, err := parse(input)
	switch {
	case err != nil || s.op != "name":
		return false
	case s.ttm:
		return slices.Contains(monthsFields, s.name)
	}
	return slices.Contains(statementFields, s.name) || s.ago == 0 && slices.Contains(dayFigures, s.name) || Find(s.name) != nil
}
