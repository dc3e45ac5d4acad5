package metric

import (
	"fmt"
	"slices"
)

var (
	definitions []*Definition
	index       = map[string]*Definition{}
)

// All returns the definitions of all metrics: those of statements, of years and of days.
func All() []*Definition { return slices.Clone(definitions) }

// Find returns the definition of a metric, nil if there is none.
func Find(id string) *Definition { return index[id] }

func init() {
	for _, of := range []struct {
		scope   Scope
		metrics []Definition
	}{{OfStatement, ofStatement}, {OfStatement, scores}, {OfYear, ofYear()}, {OfDay, ofDay()}} {
		for _, d := range of.metrics {
			d.Scope = of.scope
			index[d.ID] = &d
			definitions = append(definitions, &d)
		}
	}
	for _, d := range definitions {
		if err := d.resolve(); err != nil {
			panic(fmt.Sprintf("metric: %v", err))
		}
	}
}

// resolve reads the formula of a metric, and what follows from it.
func (d *Definition) resolve() (err error) {
	sc := scope{definition: d, terms: d.Where, days: d.Scope == OfDay}
	var nodes []*node
	if d.calc == nil && !d.isSignals {
		if d.expr, err = sc.compile(d.Formula, 0); err != nil {
			return err
		}
		nodes = append(nodes, &d.expr)
	}
	d.terms = make([]node, len(d.Where))
	for i, t := range d.Where {
		if t.calc != nil {
			continue
		}
		if d.terms[i], err = sc.compile(t.Formula, 0); err != nil {
			return err
		}
		nodes = append(nodes, &d.terms[i])
	}
	given := d.Inputs != nil
	for _, n := range nodes {
		if !given {
			d.Inputs = n.inputs(d.Inputs)
		}
		d.Years = max(d.Years, n.years())
	}
	d.usesDebt = d.Scope == OfStatement && slices.Contains(d.Inputs, "total_debt")
	return nil
}
