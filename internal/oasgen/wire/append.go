package wire

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-faster/jx"
	"github.com/shopspring/decimal"
)

// Comma appends the comma before a field of an object or an element of an array, but for the first.
func Comma(b []byte) []byte {
	if last := b[len(b)-1]; last == '{' || last == '[' {
		return b
	}
	return append(b, ',')
}

// Keys are those of an object, in order.
func Keys[M ~map[K]V, K cmp.Ordered, V any](m M) []K { return slices.Sorted(maps.Keys(m)) }

// String appends a string as jx writes it.
func String(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			w := jx.Writer{Buf: b}
			w.Str(s)
			return w.Buf
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// Bool appends a boolean.
func Bool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// Int appends an integer.
func Int[T ~int | ~int8 | ~int16 | ~int32 | ~int64](b []byte, v T) []byte {
	return strconv.AppendInt(b, int64(v), 10)
}

// Date appends the day of an instant.
func Date(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return append(t.AppendFormat(append(b, '"'), time.DateOnly), '"')
	}
	return append(b, '"', digit(year/1000), digit(year/100), digit(year/10), digit(year),
		'-', digit(int(month)/10), digit(int(month)), '-', digit(day/10), digit(day), '"')
}

func digit(n int) byte { return byte('0' + n%10) }

// DateTime appends an instant, to the second.
func DateTime(b []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(b, '"'), time.RFC3339), '"')
}

// Decimal appends a number as its String method writes it.
func Decimal(b []byte, d decimal.Decimal) []byte {
	const most = 18 // digits that an int64 always holds
	exp := d.Exponent()
	if exp < -most || exp > most || d.NumDigits() > most {
		return append(b, d.String()...)
	}
	v := d.CoefficientInt64()
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	for ; exp < 0 && v%10 == 0; exp++ { // a zero ends at no places
		v /= 10
	}
	if exp >= 0 {
		b = strconv.AppendInt(b, v, 10)
		for ; exp > 0 && v > 0; exp-- {
			b = append(b, '0')
		}
		return b
	}
	whole := int64(1)
	for range -exp {
		whole *= 10
	}
	b = strconv.AppendInt(b, v/whole, 10)
	point := len(b)
	b = strconv.AppendInt(b, whole+v%whole, 10) // with a one before the zeros that the rest may begin with
	b[point] = '.'
	return b
}

// Encoded appends the value that a function encodes.
func Encoded(b []byte, encode func(*jx.Encoder)) []byte {
	var e jx.Encoder
	e.SetBytes(b)
	encode(&e)
	return e.Bytes()
}
