package value

import (
	"cmp"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// Exchange is all of one company's figures in the form that they are handed to others and compared in.
type Exchange struct {
	Statements     []ExchangeStatement
	Dividends      []Dividend
	DailyRatios    []DailyRatios
	Splits         []ExchangeSplit
	RejectedSplits []ExchangeSplit
	Restatements   []Restatement
	DailyMetrics   []map[string]any // date, metrics by their ids, graham_defensive_signals, reasons
	Import         *ImportReport    // of the imported facts; nil for a day in the past, and where none were imported
}

// ExchangeStatement is a statement with what is computed from it.
type ExchangeStatement struct {
	Statement
	TTM     TTM                         `json:"ttm"`
	Metrics map[string]*decimal.Decimal `json:"metrics"` // by their ids
	*ExchangeDetails
}

// ExchangeDetails say more of a statement, and why.
type ExchangeDetails struct {
	SetBy            *Filing                     `json:"set_by"`
	Adjusted         map[string]any              `json:"adjusted"` // figures per share and counts of shares on the basis of the day
	Reasons          map[string]ExchangeNull     `json:"reasons"`  // of metrics that are nil
	PiotroskiSignals map[string]*bool            `json:"piotroski_signals"`
	BeneishVariables map[string]*decimal.Decimal `json:"beneish_variables"`
	Explanations     map[string]*Explanation     `json:"explanations"` // of figures, nil for those that are
}

// ExchangeNull says why a metric is null.
type ExchangeNull struct {
	Reason        string   `json:"reason"`
	MissingInputs []string `json:"missing_inputs"`
}

// ExchangeSplit is a split. What is not known of one that was imported is nil.
type ExchangeSplit struct {
	EffectiveDate  time.Time       `json:"effective_date"`
	Ratio          decimal.Decimal `json:"ratio"`
	Source         SplitSource     `json:"source"`
	Exact          bool            `json:"exact"`
	KnownFrom      time.Time       `json:"known_from"`
	EffectiveAfter *time.Time      `json:"effective_after"`
	EffectiveBy    *time.Time      `json:"effective_by"`
	Accession      *string         `json:"accession"`
	Support        *int            `json:"support"`
	Contradict     *int            `json:"contradict"`
	Noted          *bool           `json:"noted"`
}

// NewExchangeSplit describes a split.
func NewExchangeSplit(s Split) ExchangeSplit {
	//exhaustruct:ignore what is not known
	x := ExchangeSplit{
		EffectiveDate: s.EffectiveDate, Ratio: RatioDecimal(s.Ratio), Source: s.Source, Exact: s.Exact, KnownFrom: s.KnownFrom,
	}
	if f := s.Found; f != nil {
		x.EffectiveAfter, x.EffectiveBy, x.Accession = &f.EffectiveAfter, &f.EffectiveBy, &f.Accession
		x.Support, x.Contradict, x.Noted = &f.Support, &f.Contradict, &f.Noted
	}
	return x
}

// NewExchange returns the statements, which are those of one company as known on one day, with their trailing twelve
// months and the metrics of Metrics.
func NewExchange(statements []Statement, dividends []Dividend, dailyRatios []DailyRatios) Exchange {
	computed := make([]ExchangeStatement, len(statements))
	for i, s := range statements {
		ttm := TrailingTwelveMonths(s, statements)
		metrics := map[string]*decimal.Decimal{}
		for field, v := range reflect.ValueOf(ComputeMetrics(s, ttm)).Fields() {
			switch x := v.Interface().(type) {
			case *decimal.Decimal:
				metrics[field.Tag.Get("json")] = x
			case *int64:
				metrics[field.Tag.Get("json")] = nil
				if x != nil {
					metrics[field.Tag.Get("json")] = new(decimal.NewFromInt(*x))
				}
			}
		}
		computed[i] = ExchangeStatement{s, ttm, metrics, nil}
	}
	//exhaustruct:ignore the rest is not of statements
	return Exchange{Statements: computed, Dividends: dividends, DailyRatios: dailyRatios}
}

// Encode writes e as one JSON object with one element per line: dates as YYYY-MM-DD, money and decimals as JSON
// numbers, null written out. Lists that may be missing are left out if they are nil.
func (e Exchange) Encode(w io.Writer) error {
	b := appendLines([]byte{'{'}, "statements", e.Statements)
	b = appendLines(append(b, ','), "dividends", e.Dividends)
	b = appendLines(append(b, ','), "daily_ratios", e.DailyRatios)
	if e.Splits != nil {
		b = appendLines(append(b, ','), "splits", e.Splits)
		b = appendLines(append(b, ','), "rejected_splits", e.RejectedSplits)
	}
	if e.Restatements != nil {
		b = appendLines(append(b, ','), "restatements", e.Restatements)
	}
	if e.DailyMetrics != nil {
		b = appendLines(append(b, ','), "daily_metrics", e.DailyMetrics)
	}
	if e.Import != nil {
		b = appendJSON(append(b, `,"import":`...), reflect.ValueOf(*e.Import))
	}
	_, err := w.Write(append(b, "}\n"...))
	return err
}

func appendLines[T any](b []byte, name string, elements []T) []byte {
	b = append(strconv.AppendQuote(b, name), ":[\n"...)
	for i, element := range elements {
		b = appendJSON(b, reflect.ValueOf(element))
		if i < len(elements)-1 {
			b = append(b, ',')
		}
		b = append(b, '\n')
	}
	return append(b, ']')
}

// appendJSON is encoding/json for the types of this package, but for dates and decimals. The keys of maps are in order.
func appendJSON(b []byte, v reflect.Value) []byte {
	switch x := v.Interface().(type) {
	case time.Time:
		return x.AppendFormat(b, `"`+time.DateOnly+`"`)
	case decimal.Decimal:
		return append(b, x.String()...)
	case *Explanation:
		if x != nil {
			return x.appendJSON(b)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendJSON(b, v.Elem())
	case reflect.Interface:
		return appendJSON(b, v.Elem())
	case reflect.Map:
		b = append(b, '{')
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		for i, key := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(append(strconv.AppendQuote(b, key.String()), ':'), v.MapIndex(key))
		}
		return append(b, '}')
	case reflect.Struct:
		b = appendFields(append(b, '{'), v)
		b[len(b)-1] = '}'
		return b
	case reflect.Int, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	default:
		text, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err) // a string or a bool always marshals
		}
		return append(b, text...)
	}
}

// appendFields appends each field of a struct with a comma after it, those of embedded structs in place.
func appendFields(b []byte, v reflect.Value) []byte {
	for field, value := range v.Fields() {
		if field.Anonymous {
			if value.Kind() != reflect.Pointer {
				b = appendFields(b, value)
			} else if !value.IsNil() {
				b = appendFields(b, value.Elem())
			}
			continue
		}
		b = append(strconv.AppendQuote(b, field.Tag.Get("json")), ':')
		b = append(appendJSON(b, value), ',')
	}
	return b
}
