package value

import (
	"encoding/json"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// Exchange is all of one company's figures in the form that they are handed to others and compared in.
type Exchange struct {
	Statements  []ExchangeStatement
	Dividends   []Dividend
	DailyRatios []DailyRatios
	Import      *ImportReport // of the imported facts; nil for a day in the past, and where none were imported
}

// ExchangeStatement is a statement with what is computed from it.
type ExchangeStatement struct {
	Statement
	TTM     TTM     `json:"ttm"`
	Metrics Metrics `json:"metrics"`
}

// NewExchange returns the statements, which are those of one company as known on one day, with their trailing twelve
// months and metrics.
func NewExchange(statements []Statement, dividends []Dividend, dailyRatios []DailyRatios) Exchange {
	computed := make([]ExchangeStatement, len(statements))
	for i, s := range statements {
		ttm := TrailingTwelveMonths(s, statements)
		computed[i] = ExchangeStatement{s, ttm, ComputeMetrics(s, ttm)}
	}
	return Exchange{Statements: computed, Dividends: dividends, DailyRatios: dailyRatios, Import: nil}
}

// Encode writes e as one JSON object with one element per line: dates as YYYY-MM-DD, money and decimals as JSON
// numbers, null written out.
func (e Exchange) Encode(w io.Writer) error {
	b := appendLines(nil, `{"statements":[`, e.Statements)
	b = appendLines(b, `],"dividends":[`, e.Dividends)
	b = appendLines(b, `],"daily_ratios":[`, e.DailyRatios)
	b = append(b, ']')
	if e.Import != nil {
		b = appendJSON(append(b, `,"import":`...), reflect.ValueOf(*e.Import))
	}
	_, err := w.Write(append(b, "}\n"...))
	return err
}

func appendLines[T any](b []byte, opening string, elements []T) []byte {
	b = append(append(b, opening...), '\n')
	for i, element := range elements {
		b = appendJSON(b, reflect.ValueOf(element))
		if i < len(elements)-1 {
			b = append(b, ',')
		}
		b = append(b, '\n')
	}
	return b
}

// appendJSON is encoding/json for the types of this package, but for dates and decimals.
func appendJSON(b []byte, v reflect.Value) []byte {
	switch x := v.Interface().(type) {
	case time.Time:
		return x.AppendFormat(b, `"`+time.DateOnly+`"`)
	case decimal.Decimal:
		return append(b, x.String()...)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return appendJSON(b, v.Elem())
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
			b = appendFields(b, value)
			continue
		}
		b = append(strconv.AppendQuote(b, field.Tag.Get("json")), ':')
		b = append(appendJSON(b, value), ',')
	}
	return b
}
