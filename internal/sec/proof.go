package sec

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// An operation says how an amount was computed.
type operation uint8

const (
	ofFact operation = iota
	added
	subtracted
	lessCycle    // year to date less year to date, of one reporting cycle
	lessNewest   // year to date less year to date, where no two are of one cycle
	lessQuarters // year less three quarters
	scaledBy
	roundedWhole
	roundedDividend
)

var operations = [...]struct {
	op   value.Op
	rule string
}{
	ofFact:          {value.OpFact, ""},
	added:           {value.OpSum, ""},
	subtracted:      {value.OpSubtract, ""},
	lessCycle:       {value.OpSubtract, "year to date less year to date, one cycle"},
	lessNewest:      {value.OpSubtract, "year to date less year to date, newest"},
	lessQuarters:    {value.OpSubtract, "year less three quarters"},
	scaledBy:        {value.OpScale, ""},
	roundedWhole:    {value.OpRound, ""},
	roundedDividend: {value.OpRound, ""},
}

// An amount is a value on its way to a field, and how it was found; nil if it is not known.
type amount struct {
	// The fact or, of a computed amount: its value, the newest of the filings of its facts and of those that set them, and
	// whether one of the facts was turned.
	fact
	op         operation
	power      int8 // of ten, of scaledBy
	difference bool // it is or holds a year to date less another
	inputs     []*amount
}

func filedAmount(f fact) *amount {
	return &amount{fact: f, op: ofFact, power: 0, difference: false, inputs: nil}
}

// computed returns an amount of money, or a count, that was made of others.
func computed(op operation, n int64, inputs ...*amount) *amount {
	//exhaustruct:ignore the rest is of facts
	a := &amount{fact: fact{coef: n}, op: op, difference: op == lessCycle || op == lessNewest || op == lessQuarters, inputs: inputs}
	for _, in := range inputs {
		a.filing, a.set = max(a.filing, in.filing), max(a.set, in.set)
		a.turned, a.difference = a.turned || in.turned, a.difference || in.difference
	}
	return a
}

// computedDecimal is not known if the decimal does not fit.
func computedDecimal(op operation, d decimal.Decimal, inputs ...*amount) *amount {
	n, decimals, ok := fit(d)
	if !ok || !d.Equal(decimal.New(n, -int32(decimals))) {
		return nil
	}
	a := computed(op, n, inputs...)
	a.decimals = decimals
	return a
}

// A provenance is the amount that a field was set to. The field is a pointer to that of a statement.
type provenance struct {
	field  any
	amount *amount
}

// An exactKey finds the value of a fact that was rounded when it was read.
type exactKey struct {
	seriesKey
	filing     int32
	start, end day
	coef       int64 // as rounded
}

// asFiled returns the value of a fact before it was rounded and turned.
func (c *CompanyFacts) asFiled(f fact) decimal.Decimal {
	if f.turned {
		f.coef = -f.coef
	}
	if f.inexact {
		return c.exact[exactKey{c.keys[f.source], f.filing, f.start, f.end, f.coef}]
	}
	return f.decimal()
}

func (c *CompanyFacts) sameAsFiled(a, b *fact) bool {
	if a.turned != b.turned || a.inexact || b.inexact {
		return c.asFiled(*a).Equal(c.asFiled(*b))
	}
	return a.coef == b.coef && a.decimals == b.decimals
}

// readRuns finds of each fact the series, and the filing that set it: the oldest of those that have it unchanged, one after
// the other. Of several in one filing the first counts, as for figures.
func (c *CompanyFacts) readRuns() {
	type history struct {
		start          day
		newest, before *fact // of different filings
	}
	var spans []history // of one end date, by start
	for key, s := range c.series {
		source := int32(len(c.keys))
		c.keys = append(c.keys, key)
		for i := len(s) - 1; i >= 0; i-- {
			f := &s[i]
			if i == len(s)-1 || s[i+1].end != f.end {
				spans = spans[:0]
			}
			at := slices.IndexFunc(spans, func(p history) bool { return p.start == f.start })
			if at < 0 {
				at = len(spans)
				spans = append(spans, history{f.start, f, nil})
			}
			p := &spans[at]
			if p.newest.filing < f.filing {
				p.before = p.newest
			}
			p.newest = f
			f.source, f.set = source, f.filing
			if p.before != nil && c.sameAsFiled(p.before, f) {
				f.set = p.before.set
			}
		}
	}
}

// filingOf describes a filing.
func (c *CompanyFacts) filingOf(i int32) *value.Filing {
	f := &c.filings[i]
	return &value.Filing{
		Accession: f.accession, Form: f.form.name, Filed: f.filed.time(),
		URL: fmt.Sprintf("https://www.sec.gov/Archives/edgar/data/%d/%s/%s-index.htm",
			f.cik, strings.ReplaceAll(f.accession, "-", ""), f.accession),
	}
}

// Explain returns how each field of a statement follows from the facts that were filed on or before a day, all for the zero
// time, by the field's name in JSON. Fields that are nil have none. It is false if there is no such statement.
func (c *CompanyFacts) Explain(asOf time.Time, period value.Period, end time.Time) (map[string]*value.Explanation, bool) {
	v := c.view(c.filedBy(asOf))
	plans := v.plans()
	for _, p := range plansEnding(plans, dayOf(end), dayOf(end)+1) {
		if p.period == period {
			var ofYear *yearDividend
			if period == value.Annual {
				ofYear = v.yearDividend(plans, p, c.acceptedSplits(asOf))
			}
			return v.explainFigures(v.figures.of(p.reading, v.known), ofYear), true
		}
	}
	return nil, false
}

func (c *CompanyFacts) explainFigures(f *figures, ofYear *yearDividend) map[string]*value.Explanation {
	names := make(map[any]string)
	for field, v := range reflect.ValueOf(&f.statement).Elem().Fields() {
		names[v.Addr().Interface()] = field.Tag.Get("json")
	}
	explanations := make(map[string]*value.Explanation, len(f.fields))
	for _, p := range f.fields {
		explanations[names[p.field]] = c.explain(p.amount)
	}
	if ofYear != nil {
		explanations[dividendsPerShare] = c.explainYearDividend(ofYear)
	}
	return explanations
}

const dividendsPerShare = "dividends_per_share"

// explain makes the explanation of an amount.
func (c *CompanyFacts) explain(a *amount) *value.Explanation {
	if a.op == ofFact {
		return c.explainFact(a.fact)
	}
	//exhaustruct:ignore nothing else belongs to it
	e := &value.Explanation{Op: operations[a.op].op, Value: a.decimal(), Rule: operations[a.op].rule}
	for _, in := range a.inputs {
		e.Inputs = append(e.Inputs, c.explain(in))
	}
	switch a.op {
	case scaledBy:
		e.Factor = new(decimal.New(1, int32(a.power)))
	case roundedDividend:
		e.Decimals = new(dividendDecimals)
	default:
	}
	return e
}

func (c *CompanyFacts) explainFact(f fact) *value.Explanation {
	key := c.keys[f.source]
	//exhaustruct:ignore nothing else belongs to it
	e := &value.Explanation{
		Op: value.OpFact, Value: c.asFiled(f), Tag: key.taxonomy + ":" + key.tag, Unit: key.unit, End: f.end.time(),
		SetBy: c.filingOf(f.set),
	}
	if f.class != instant {
		e.Start = new(f.start.time())
	}
	if f.set != f.filing {
		e.RepeatedBy = c.filingOf(f.filing)
	}
	counted := f.decimal()
	if f.turned {
		counted = counted.Neg()
	}
	if f.inexact {
		//exhaustruct:ignore nothing else belongs to it
		e = &value.Explanation{Op: value.OpRound, Value: counted, Inputs: []*value.Explanation{e}}
		if key.hasFractions() {
			e.Decimals = new(int(f.decimals))
		}
	}
	if f.turned {
		//exhaustruct:ignore nothing else belongs to it
		e = &value.Explanation{Op: value.OpTurn, Value: f.decimal(), Inputs: []*value.Explanation{e}}
	}
	return e
}

func (c *CompanyFacts) explainYearDividend(d *yearDividend) *value.Explanation {
	//exhaustruct:ignore nothing else belongs to it
	e := &value.Explanation{Op: value.OpSum, Value: d.amount}
	for _, q := range d.quarters {
		in := value.ExplainField(value.StatementKey{Period: value.Quarterly, EndDate: q.end.time()}, dividendsPerShare, c.explain(q.filed))
		if len(q.splits) > 0 {
			//exhaustruct:ignore nothing else belongs to it
			in = &value.Explanation{Op: value.OpAdjustForSplits, Value: q.amount, Splits: q.splits, Inputs: []*value.Explanation{in}}
		}
		e.Inputs = append(e.Inputs, in)
	}
	return e
}

// ExplainShareCount returns the fact that a count of shares is, nil if it is none of these documents.
func (c *CompanyFacts) ExplainShareCount(count value.ShareCount) *value.Explanation {
	is := func(f fact) bool {
		return f.coef == count.Shares && f.end == dayOf(count.EndDate) && c.filings[f.filing].filed == dayOf(count.BasisDate)
	}
	find := func(s series) *value.Explanation {
		if i := slices.IndexFunc(s, is); i >= 0 {
			return c.explainFact(s[i])
		}
		return nil
	}
	if count.Source == value.Cover {
		return find(c.covers)
	}
	for _, t := range taxonomies {
		for _, tag := range t.shares {
			if e := find(c.series[seriesKey{t.name, tag, "shares"}]); e != nil {
				return e
			}
		}
	}
	return nil
}
