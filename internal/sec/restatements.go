package sec

import (
	"math/big"
	"reflect"
	"time"

	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/value"
)

// A figureField is a field of a statement that holds a figure.
type figureField struct {
	index int
	name  string       // in JSON
	basis int          // index of its basis date; none without one
	of    reflect.Type // *int64 or *decimal.Decimal
}

const noBasis = -1

var (
	countType  = reflect.TypeFor[*int64]()
	amountType = reflect.TypeFor[*decimal.Decimal]()

	figureFields = func() (all []figureField) {
		statement := reflect.TypeFor[value.Statement]()
		for i := range statement.NumField() {
			f := statement.Field(i)
			if f.Type != countType && f.Type != amountType {
				continue
			}
			of := figureField{i, f.Tag.Get("json"), noBasis, f.Type}
			if basis, ok := statement.FieldByName(f.Name + "BasisDate"); ok {
				of.basis = basis.Index[0]
			}
			all = append(all, of)
		}
		return all
	}()
)

// Restatements returns each field that differs between two versions of a statement that follow each other in the history, in
// its order.
func (c *CompanyFacts) Restatements(history []Version) []value.Restatement {
	var restatements []value.Restatement
	splits := c.splitHistory()
	for i := 1; i < len(history); i++ {
		old, now := &history[i-1], &history[i]
		if old.Period != now.Period || !old.EndDate.Equal(now.EndDate) {
			continue
		}
		before, after := reflect.ValueOf(&old.Statement).Elem(), reflect.ValueOf(&now.Statement).Elem()
		for _, f := range figureFields {
			a, b := before.Field(f.index), after.Field(f.index)
			if f.isSame(a, b) {
				continue
			}
			was, is := f.decimal(a), f.decimal(b)
			filing, derived := c.restatedBy(f, now)
			restatements = append(restatements, value.Restatement{
				Period: now.Period, EndDate: now.EndDate, Field: f.name,
				Kind: f.kindOf(was, is, before, after, func() []value.Split { return splitsOn(now.KnownFrom, splits) }),
				Old:  was, New: is, KnownFrom: now.KnownFrom, Filing: *filing, Derived: derived,
			})
		}
	}
	return restatements
}

func (f figureField) isSame(a, b reflect.Value) bool {
	switch {
	case a.UnsafePointer() == b.UnsafePointer():
		return true
	case a.IsNil() || b.IsNil():
		return false
	case f.of == countType:
		return a.Elem().Int() == b.Elem().Int()
	}
	return f.decimal(a).Equal(*f.decimal(b))
}

// decimal returns the value of a field, nil if it has none.
func (f figureField) decimal(v reflect.Value) *decimal.Decimal {
	if v.IsNil() {
		return nil
	}
	if f.of == countType {
		return new(decimal.NewFromInt(v.Elem().Int()))
	}
	return v.Interface().(*decimal.Decimal)
}

// restatedBy returns the newest of the filings that set a fact of a field, if that is what made the version, else the one that
// set the statement; and whether the field is computed.
func (c *CompanyFacts) restatedBy(f figureField, now *Version) (filing *value.Filing, derived bool) {
	newest := none
	derived = true // of a field that is nil now
	field := reflect.ValueOf(&now.figures.statement).Elem().Field(f.index).Addr().Interface()
	for _, p := range now.figures.fields {
		if p.field == field {
			newest, derived = p.amount.set, p.amount.op != ofFact || p.amount.turned || p.amount.inexact
		}
	}
	if now.ofYear != nil && f.name == dividendsPerShare {
		newest, derived = now.ofYear.set, true
	}
	if newest != none && c.filings[newest].filed == dayOf(now.KnownFrom) {
		return c.filingOf(newest), derived
	}
	return now.SetBy, derived
}

// kindOf tells how a field changed between two statements.
func (f figureField) kindOf(was, is *decimal.Decimal, before, after reflect.Value, splits func() []value.Split) value.RestatementKind {
	switch {
	case was == nil:
		return value.Added
	case is == nil:
		return value.Removed
	case f.basis == noBasis:
		return value.Changed
	}
	from, to := before.Field(f.basis).Interface().(*time.Time), after.Field(f.basis).Interface().(*time.Time)
	ratio := ratioBetween(*from, *to, splits())
	if ratio.Cmp(unity.exact) == 0 {
		return value.Changed
	}
	a, ok := factOf(*was)
	b, okay := factOf(*is)
	if !ok || !okay {
		return value.Changed
	}
	parts := int64(1)
	if f.name == dividendsPerShare {
		parts = quartersOfYear
	}
	var p splitPair
	if p.change(f.of == amountType, parts, a, b) && p.contains(newRatio(ratio), unity) {
		return value.SplitChanged
	}
	return value.Changed
}

// ratioBetween is what one share on the basis of one day is on that of another, which may be earlier.
func ratioBetween(from, to time.Time, splits []value.Split) *big.Rat {
	if to.Before(from) {
		return new(big.Rat).Inv(ratioBetween(to, from, splits))
	}
	return value.BasisRatio(from, to, value.KnownSplits(splits, to))
}

func factOf(d decimal.Decimal) (f fact, ok bool) {
	f.coef, f.decimals, ok = fit(d)
	return f, ok
}
