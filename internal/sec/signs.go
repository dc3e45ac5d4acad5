package sec

import (
	"slices"

	"github.com/shopspring/decimal"
)

// repairSigns turns the facts that were tagged with the sign of a cash flow statement, or leaves out those of which that
// cannot be told, and returns how many these are.
func (c *CompanyFacts) repairSigns() (leftOut map[unitOfFiling]int32) {
	leftOut = make(map[unitOfFiling]int32)
	interestTurned := make(map[int32]bool)
	for key, s := range c.series {
		if !neverNegative[key.taxonomy][key.tag] {
			continue
		}
		turned := c.turnNegative(key, s, leftOut)
		if slices.Contains(usGAAP.interest, key.tag) || slices.Contains(ifrsFull.interest, key.tag) {
			for filing := range turned {
				interestTurned[filing] = true
			}
		}
	}
	c.turnTaxes(interestTurned)
	return leftOut
}

// turnNegative makes the facts of a tag that is never negative positive in each filing that has none above zero, and
// drops those below zero in the others. It returns the filings in which it turned some.
func (c *CompanyFacts) turnNegative(key seriesKey, s series, leftOut map[unitOfFiling]int32) map[int32]bool {
	if !slices.ContainsFunc(s, func(f fact) bool { return f.coef < 0 }) {
		return nil
	}
	positive, turned := make(map[int32]bool), make(map[int32]bool)
	for _, f := range s {
		if f.coef > 0 {
			positive[f.filing] = true
		}
	}
	kept := s[:0]
	for _, f := range s {
		if f.coef < 0 {
			if positive[f.filing] {
				leftOut[unitOfFiling{unit{taxonomyOf(key.taxonomy), key.unit}, f.filing}]++
				continue
			}
			f.coef, f.turned = -f.coef, true
			turned[f.filing] = true
		}
		kept = append(kept, f)
	}
	c.series[key] = kept
	return turned
}

// turnTaxes turns all taxes of a filing if one fits pre-tax profit and profit so and none as tagged, or if none can be
// checked and interest was turned.
func (c *CompanyFacts) turnTaxes(interestTurned map[int32]bool) {
	var checked, fits, fitsTurned = make(map[int32]bool), make(map[int32]bool), make(map[int32]bool)
	var taxes []series
	for key, s := range c.series {
		t := taxonomyOf(key.taxonomy)
		if t == nil || key.tag != t.signedTax {
			continue
		}
		taxes = append(taxes, s)
		for _, tax := range s {
			if tax.coef != 0 {
				c.checkTax(t, key.unit, tax, checked, fits, fitsTurned)
			}
		}
	}
	for _, s := range taxes {
		for i, tax := range s {
			f := tax.filing
			if fitsTurned[f] && !fits[f] || !checked[f] && interestTurned[f] {
				s[i].coef, s[i].turned = -tax.coef, true
			}
		}
	}
}

// checkTax notes for the filing of a tax whether there is a pre-tax profit and a profit beside it, and whether the one
// less the tax is the other within a hundredth, or else is so with the tax turned.
func (c *CompanyFacts) checkTax(t *taxonomy, unit string, tax fact, checked, fits, fitsTurned map[int32]bool) {
	beside := func(tag string) (decimal.Decimal, bool) {
		for _, f := range c.series[seriesKey{t.name, tag, unit}].endingAt(tax.end) {
			if f.filing == tax.filing && f.class == tax.class && f.start == tax.start {
				return f.decimal(), true
			}
		}
		return decimal.Decimal{}, false
	}
	var pretax decimal.Decimal
	found := false
	for _, tag := range t.pretax {
		if pretax, found = beside(tag); found {
			break
		}
	}
	if !found {
		return
	}
	tolerance := pretax.Abs().Shift(-2)
	for _, tag := range t.afterTax {
		profit, ok := beside(tag)
		if !ok {
			continue
		}
		checked[tax.filing] = true
		rest := pretax.Sub(profit)
		switch {
		case !rest.Sub(tax.decimal()).Abs().GreaterThan(tolerance):
			fits[tax.filing] = true
		case !rest.Add(tax.decimal()).Abs().GreaterThan(tolerance):
			fitsTurned[tax.filing] = true
		}
	}
}

func taxonomyOf(name string) *taxonomy {
	for _, t := range taxonomies {
		if t.name == name {
			return t
		}
	}
	return nil
}
