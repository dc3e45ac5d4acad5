package value

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// A Filing is a document that a company filed with the SEC.
type Filing struct {
	Accession string    `json:"accession"`
	Form      string    `json:"form"`
	Filed     time.Time `json:"filed"`
	URL       string    `json:"url"`
}

// UnmarshalJSON implements json.Unmarshaler. A page of statements has a hundred filings, so that what they are stored as is
// read without reflection.
func (f *Filing) UnmarshalJSON(text []byte) error {
	var filing Filing
	ok := plainObject(text, func(name, value string) bool {
		switch name {
		case "accession":
			filing.Accession = value
		case "form":
			filing.Form = value
		case "filed":
			var err error
			filing.Filed, err = time.Parse(time.RFC3339, value)
			return err == nil
		case "url":
			filing.URL = value
		default:
			return false
		}
		return true
	})
	if !ok {
		type plain Filing
		return json.Unmarshal(text, (*plain)(f))
	}
	*f = filing
	return nil
}

// plainObject calls field for each of a JSON object whose values are texts without escapes. It returns false for others, and
// when field does.
func plainObject(text []byte, field func(name, value string) bool) bool {
	rest, ok := strings.CutPrefix(string(text), "{")
	for ok {
		var name, value string
		if name, rest, ok = plainText(rest); !ok {
			break
		}
		if rest, ok = strings.CutPrefix(rest, ":"); !ok {
			break
		}
		if value, rest, ok = plainText(rest); !ok || !field(name, value) {
			break
		}
		if rest == "}" {
			return true
		}
		rest, ok = strings.CutPrefix(rest, ",")
	}
	return false
}

// plainText cuts a JSON text without escapes, and the space before it.
func plainText(s string) (text, rest string, ok bool) {
	if s, ok = strings.CutPrefix(strings.TrimPrefix(s, " "), `"`); !ok {
		return "", "", false
	}
	i := strings.IndexAny(s, "\"\\")
	if i < 0 || s[i] == '\\' {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

// Op says how a value of an explanation follows from its inputs.
type Op string

const (
	OpFact            Op = "fact"     // as filed, without inputs
	OpSum             Op = "sum"      // the sum of the inputs
	OpTurn            Op = "turn"     // minus the input, which was tagged with the wrong sign
	OpSubtract        Op = "subtract" // the first input less all others
	OpRound           Op = "round"    // the input rounded, to a whole number half up
	OpScale           Op = "scale"    // the input times a factor
	OpFormula         Op = "formula"  // that of a metric
	OpField           Op = "field"    // a field of a statement
	OpAdjustForSplits Op = "adjust_for_splits"
	OpEntered         Op = "entered" // by hand, without inputs
)

// An Explanation is a value and how it follows from others, down to the facts as filed. It holds what belongs to its
// Op; the rest is zero.
type Explanation struct {
	Op    Op
	Value decimal.Decimal

	// Of a fact.
	Tag        string     // with its taxonomy, such as "us-gaap:Assets"
	Unit       string     // such as "USD"
	Start      *time.Time // nil for an instant
	End        time.Time
	SetBy      *Filing // the first of the filings in a row that have the fact unchanged
	RepeatedBy *Filing // the last of them, nil if it is the first

	Rule      string           // of a subtraction, if it is not a formula
	Factor    *decimal.Decimal // of OpScale
	Decimals  *int             // of OpRound; nil for a whole number
	Metric    string           // its id, of OpFormula
	Field     string           // of OpField, as in the statement's JSON
	Statement *StatementKey    // of OpField
	Splits    []Split          // of OpAdjustForSplits
	Inputs    []*Explanation
}

// A StatementKey tells the statements of a company apart.
type StatementKey struct {
	Period  Period    `json:"period"`
	EndDate time.Time `json:"end_date"`
}

// ExplainField is the explanation of a figure that is a field of a statement, given that of the field.
func ExplainField(of StatementKey, field string, e *Explanation) *Explanation {
	//exhaustruct:ignore nothing else belongs to it
	return &Explanation{Op: OpField, Value: e.Value, Field: field, Statement: &of, Inputs: []*Explanation{e}}
}

// MarshalJSON writes what belongs to the operation: dates as YYYY-MM-DD, numbers exactly, null and no inputs written out.
func (e *Explanation) MarshalJSON() ([]byte, error) { return e.appendJSON(nil), nil }

func (e *Explanation) appendJSON(b []byte) []byte {
	b = append(b, '{')
	add := func(name string, x any) {
		b = append(b, `"`+name+`":`...)
		b = append(appendJSON(b, reflect.ValueOf(x)), ',')
	}
	add("op", e.Op)
	add("value", e.Value)
	type filing struct {
		Accession string    `json:"accession"`
		Form      string    `json:"form"`
		Filed     time.Time `json:"filed"`
	}
	switch {
	case e.Op == OpFact:
		add("tag", e.Tag)
		add("unit", e.Unit)
		add("start", e.Start)
		add("end", e.End)
		add("accession", e.SetBy.Accession)
		add("form", e.SetBy.Form)
		add("filed", e.SetBy.Filed)
		var repeated *filing
		if r := e.RepeatedBy; r != nil {
			repeated = &filing{r.Accession, r.Form, r.Filed}
		}
		add("repeated_by", repeated)
	case e.Op == OpSubtract && e.Rule != "":
		add("rule", e.Rule)
	case e.Op == OpScale:
		add("factor", e.Factor)
	case e.Op == OpRound && e.Decimals != nil:
		add("decimals", e.Decimals)
	case e.Op == OpFormula:
		add("metric", e.Metric)
	case e.Op == OpField:
		add("field", e.Field)
		add("statement", e.Statement)
	case e.Op == OpAdjustForSplits:
		type split struct {
			EffectiveDate time.Time       `json:"effective_date"`
			Ratio         decimal.Decimal `json:"ratio"`
			RatioFraction string          `json:"ratio_fraction"`
			Source        SplitSource     `json:"source"`
		}
		b = append(b, `"splits":[`...)
		for i, s := range e.Splits {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, reflect.ValueOf(split{s.EffectiveDate, RatioDecimal(s.Ratio), s.Ratio.RatString(), s.Source}))
		}
		b = append(b, "],"...)
	}
	b = append(b, `"inputs":[`...)
	for i, in := range e.Inputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = in.appendJSON(b)
	}
	return append(b, "]}"...)
}

// RestatementKind says how a field changed.
type RestatementKind string

const (
	Added        RestatementKind = "added"   // it was nil
	Removed      RestatementKind = "removed" // it is nil
	SplitChanged RestatementKind = "split"   // by the ratio of the splits between the two basis dates
	Changed      RestatementKind = "changed"
)

// A Restatement is a field of a statement that differs between two versions that follow each other.
type Restatement struct {
	Period    Period           `json:"period"`
	EndDate   time.Time        `json:"end_date"`
	Field     string           `json:"field"` // as in the statement's JSON
	Kind      RestatementKind  `json:"kind"`
	Old       *decimal.Decimal `json:"old"`
	New       *decimal.Decimal `json:"new"`
	KnownFrom time.Time        `json:"known_from"` // of the newer version
	Filing    Filing           `json:"filing"`     // that changed it
	Derived   bool             `json:"derived"`    // the new value is no fact of a filing, but follows from some, or is nil
}

// A FormerName is one that a company had until a day; nil for a day that is not known.
type FormerName struct {
	Name string     `json:"name"`
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}
