package metric

import (
	"math/big"
	"slices"
	"strconv"

	"github.com/go-faster/errors"
)

// node is a part of a formula whose names are resolved.
type node struct {
	op   string
	args []node
	num  *big.Rat
	text string

	ago    int
	ttm    bool
	opt    bool
	name   string // of a figure or metric
	metric *Definition
	inside *Definition // a metric that stands here with its own formula
}

// label is how reasons name a figure.
func (n *node) label() string {
	label := n.name
	if n.ttm {
		label = "ttm." + label
	}
	if n.ago > 0 {
		label = "-" + strconv.Itoa(n.ago) + "." + label
	}
	return label
}

// scope resolves the names of a formula.
type scope struct {
	definition *Definition
	terms      []Term // the formula's own
	days       bool   // it is of a trading day
}

// compile resolves the formula of a metric or term as of some years ago.
func (sc scope) compile(formula string, ago int) (node, error) {
	s, err := parse(formula)
	if err != nil {
		return node{}, err
	}
	return sc.resolve(s, ago)
}

func (sc scope) resolve(s syntax, ago int) (node, error) {
	if s.op == "name" {
		return sc.name(s, ago+s.ago)
	}
	if s.op == "avg" {
		var sum node
		for _, years := range []int{0, 1} {
			n, err := sc.resolve(s.args[0], ago+years)
			if err != nil {
				return sum, err
			}
			sum.args = append(sum.args, n)
		}
		sum.op = "+"
		return node{op: "/", args: []node{sum, {op: "number", num: big.NewRat(2, 1), text: "2"}}}, nil
	}
	n := node{op: s.op, num: s.num, text: s.text}
	for _, arg := range s.args {
		a, err := sc.resolve(arg, ago)
		if err != nil {
			return n, err
		}
		n.args = append(n.args, a)
	}
	return n, nil
}

// name resolves a name: a term, a figure or another metric.
func (sc scope) name(s syntax, ago int) (node, error) {
	if !s.ttm {
		for _, terms := range [][]Term{sc.terms, Terms} {
			if i := slices.IndexFunc(terms, func(t Term) bool { return t.ID == s.name }); i >= 0 {
				return sc.compile(terms[i].Formula, ago)
			}
		}
	}
	figure := node{op: "figure", name: s.name, ago: ago, ttm: s.ttm, opt: s.opt}
	switch {
	case s.ttm && slices.Contains(monthsFields, s.name), !s.ttm && slices.Contains(statementFields, s.name):
		return figure, nil
	case s.ttm:
	case sc.days && ago == 0 && slices.Contains(dayFigures, s.name):
		figure.op = "day"
		return figure, nil
	case slices.Contains(byID, s.name):
		figure.op, figure.metric = "metric", Find(s.name)
		return figure, nil
	default:
		d := Find(s.name)
		if d == nil || d == sc.definition {
			break
		}
		if d.calc != nil {
			return node{op: "inside", name: s.name, inside: d, ago: ago}, nil
		}
		return scope{definition: d, terms: d.Where, days: d.Scope == OfDay}.compile(d.Formula, ago)
	}
	return figure, errors.Errorf("%s: unknown input %s", sc.definition.ID, figure.label())
}

// inputs adds the names of a formula's figures to those of a list.
func (n *node) inputs(names []string) []string {
	switch n.op {
	case "figure", "day", "metric":
		if label := n.label(); !slices.Contains(names, label) {
			names = append(names, label)
		}
	case "inside":
		for _, name := range n.inside.Inputs {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for i := range n.args {
		names = n.args[i].inputs(names)
	}
	return names
}

// years is how many years ago the oldest figure of a formula is.
func (n *node) years() int {
	most := n.ago
	if n.inside != nil {
		most = n.inside.Years
	}
	for i := range n.args {
		most = max(most, n.args[i].years())
	}
	return most
}
