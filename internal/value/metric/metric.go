// Package metric holds one definition of each metric of a value investor: what it is called, what it is made of, where
// it comes from and how it is computed. The formula that is shown is the one that is computed.
//
// A metric is a number, or it is not known for a reason. Arithmetic is exact; results are rounded to 12 decimals, half
// away from zero, when they are taken as decimals. Everything here is a pure function of its arguments.
package metric

import (
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// Scope tells what a metric is computed for.
type Scope string

const (
	OfStatement Scope = "statement" // each annual, quarterly and partial statement
	OfYear      Scope = "annual"    // annual statements, with those of the years before
	OfDay       Scope = "day"       // a trading day
)

// Group is the kind of question that a metric answers.
type Group string

const (
	Profitability Group = "profitability"
	Quality       Group = "quality"
	Efficiency    Group = "efficiency"
	Safety        Group = "safety"
	Graham        Group = "graham"
	Dividends     Group = "dividends"
	PerShare      Group = "per_share"
	Growth        Group = "growth"
	History       Group = "history"
	Valuation     Group = "valuation"
)

// Groups are all groups, in their order.
var Groups = []Group{Profitability, Quality, Efficiency, Safety, Graham, Dividends, PerShare, Growth, History, Valuation}

// Unit is what a metric is measured in.
type Unit string

const (
	Ratio         Unit = "ratio"
	Fraction      Unit = "fraction" // 0.44 is 44 %
	Money         Unit = "money"
	MoneyPerShare Unit = "money_per_share"
	Days          Unit = "days"
	Count         Unit = "count"
)

// Better tells which values of a metric are better.
type Better string

const (
	Higher  Better = "higher"
	Lower   Better = "lower"
	Neither Better = "none"
)

// Reason tells why a metric is not known.
type Reason string

const (
	SharesUnknown       Reason = "shares_unknown"
	SplitDateUnknown    Reason = "split_date_unknown"
	ADSRatioUnknown     Reason = "ads_ratio_unknown"
	CurrencyMismatch    Reason = "currency_mismatch"
	CashUnknown         Reason = "cash_unknown"
	DebtUnknown         Reason = "debt_unknown"
	InsufficientHistory Reason = "insufficient_history" // a statement of an earlier period does not exist
	MissingInput        Reason = "missing_input"
	NegativeDenominator Reason = "negative_denominator"
	ZeroDenominator     Reason = "zero_denominator"
	NegativeInput       Reason = "negative_input" // of a root or a growth rate; an equation without a solution
)

// Reasons are all reasons. Where several apply, the first is given.
var Reasons = []Reason{
	SharesUnknown, SplitDateUnknown, ADSRatioUnknown, CurrencyMismatch, CashUnknown, DebtUnknown, InsufficientHistory,
	MissingInput, NegativeDenominator, ZeroDenominator, NegativeInput,
}

// A Definition says what a metric is. Its formula is in the words of docs/metrics.md.
type Definition struct {
	ID      string
	Label   string
	Group   Group
	Unit    Unit
	Scope   Scope
	Better  Better
	Formula string
	Where   []Term // names in the formula that are its own
	// Inputs are the names in the formula as reasons give them, in their order, with those that may be unknown.
	Inputs []string
	Source string
	Caveat string
	// Years is how many years before its own a metric reads; AllYears for as many as there are.
	Years int

	serve     bool       // the terms are part of the result
	least     int        // of a count of signals: how many must be known
	expr      node       // the formula, resolved
	terms     []node     // the same of the terms
	calc      calculator // instead of expr, for what the language of formulas does not say
	usesDebt  bool       // total_debt is among the inputs, directly or not
	isSignals bool       // the terms are signals, the metric is the number that hold

	readsPrices bool // of days before
}

// Serves tells whether results have parts: signals or variables.
func (d *Definition) Serves() bool { return d.serve }

// HasSignals tells whether the parts are signals.
func (d *Definition) HasSignals() bool { return d.isSignals }

// ReadsPrices tells whether a metric of a trading day reads PriceEarnings and PricesFrom.
func (d *Definition) ReadsPrices() bool { return d.readsPrices }

// AllYears is for metrics that read as many years as there are.
const AllYears = -1

// A Term is a part of a formula: a variable, or a signal that holds or not.
type Term struct {
	ID      string
	Formula string

	calc calculator
}

// A Result is the value of a metric, or why there is none.
type Result struct {
	Exact   *big.Rat // nil if not known; roots have 40 decimals
	Reason  Reason   // empty if known
	Missing []string // inputs that are not known
	Parts   []Part   // signals or variables of a score
}

// A Part is a signal or a variable of a score: for a signal that holds Exact is 1, for one that does not 0.
type Part struct {
	ID string
	Result
}

// Decimal returns the value rounded as it is stored, nil if it is not known.
func (r Result) Decimal() *decimal.Decimal {
	if r.Exact == nil {
		return nil
	}
	return new(decimal.NewFromBigRat(r.Exact, value.Precision))
}

// Holds tells whether a signal holds, nil if that is not known.
func (p Part) Holds() *bool {
	if p.Exact == nil {
		return nil
	}
	return new(p.Exact.Sign() > 0)
}

// problem collects why something is not known.
type problem struct {
	rank    int      // one more than the place in Reasons, 0 for none
	absent  []string // inputs of statements that do not exist
	missing []string // inputs that are nil
}

// add notes a reason, with the names of what is missing.
func (p *problem) add(reason Reason, missing ...string) {
	if rank := slices.Index(Reasons, reason) + 1; p.rank == 0 || rank < p.rank {
		p.rank = rank
	}
	if reason == InsufficientHistory {
		p.absent = union(p.absent, missing)
	} else {
		p.missing = union(p.missing, missing)
	}
}

// union adds the names that are not there yet.
func union(names, others []string) []string {
	for _, name := range others {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// merge adds another problem to p.
func (p *problem) merge(q problem) {
	if q.rank > 0 {
		p.add(Reasons[q.rank-1])
		p.absent, p.missing = union(p.absent, q.absent), union(p.missing, q.missing)
	}
}

// result is that of a value, or of the problems that kept it from being known.
func (p *problem) result(exact *big.Rat) Result {
	if exact != nil {
		return Result{Exact: exact}
	}
	r := Result{Reason: Reasons[p.rank-1]}
	switch r.Reason {
	case InsufficientHistory:
		r.Missing = p.absent
	case MissingInput:
		r.Missing = p.missing
	default:
	}
	return r
}
