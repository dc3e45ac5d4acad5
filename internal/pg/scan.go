package pg

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"time"

	"github.com/go-faster/errors"
	numeric "github.com/jackc/pgx-shopspring-decimal"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"
)

// registerTypes has a connection read what rows are mostly made of without reflection, and without an allocation a value:
// a page of statements has 10,000 of them.
func registerTypes(_ context.Context, c *pgx.Conn) error {
	m := c.TypeMap()
	numeric.Register(m)
	utc := &pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	}
	m.RegisterType(&pgtype.Type{
		Name: "_timestamptz", OID: pgtype.TimestamptzArrayOID, Codec: &pgtype.ArrayCodec{ElementType: utc},
	})
	long := numeric.NumericCodec{}.PlanScan(m, pgtype.NumericOID, pgtype.BinaryFormatCode, new(numeric.Decimal))
	scan[int32](m, "int4", pgtype.Int4OID, pgtype.Int4Codec{}, decodeInt4)
	scan[int64](m, "int8", pgtype.Int8OID, pgtype.Int8Codec{}, decodeInt8)
	scan[string](m, "text", pgtype.TextOID, pgtype.TextCodec{}, decodeText)
	scan[time.Time](m, "date", pgtype.DateOID, pgtype.DateCodec{}, decodeDate)
	scan[time.Time](m, utc.Name, utc.OID, utc.Codec, decodeInstant)
	scan[decimal.Decimal](m, "numeric", pgtype.NumericOID, numeric.NumericCodec{}, func(src []byte) (d decimal.Decimal, err error) {
		if d, ok := decodeShort(src); ok {
			return d, nil
		}
		err = long.Scan(src, (*numeric.Decimal)(&d))
		return d, err
	})
	scanList[int64](m, "_int8", pgtype.Int8ArrayOID, decodeInt8)
	scanList[string](m, "_text", pgtype.TextArrayOID, decodeText)
	m.RegisterType(&pgtype.Type{
		Name: "jsonb", OID: pgtype.JSONBOID,
		Codec: &pgtype.JSONBCodec{Marshal: json.Marshal, Unmarshal: decodeJSON},
	})
	return nil
}

// scan registers a type whose values decode makes of their binary form, which has no NULL.
func scan[T any](m *pgtype.Map, name string, oid uint32, of pgtype.Codec, decode func([]byte) (T, error)) {
	m.RegisterType(&pgtype.Type{Name: name, OID: oid, Codec: &codec[T]{Codec: of, plain: plain[T]{decode}, nullable: nullable[T]{decode: decode}}})
}

type codec[T any] struct {
	pgtype.Codec
	plain    plain[T]
	nullable nullable[T]
}

// scanList registers the arrays of a type.
func scanList[T any](m *pgtype.Map, name string, oid uint32, decode func([]byte) (T, error)) {
	old, _ := m.TypeForOID(oid)
	m.RegisterType(&pgtype.Type{Name: name, OID: oid, Codec: &listCodec[T]{Codec: old.Codec, decode: decode}})
}

type listCodec[T any] struct {
	pgtype.Codec
	decode func([]byte) (T, error)
}

// PlanScan implements pgtype.Codec.
func (c *listCodec[T]) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, ok := target.(*[]T); ok && format == pgtype.BinaryFormatCode {
		return c
	}
	return c.Codec.PlanScan(m, oid, format, target)
}

// Scan implements pgtype.ScanPlan for a list without NULL.
func (c *listCodec[T]) Scan(src []byte, dst any) (err error) {
	to, ok := dst.(*[]T)
	if !ok {
		return errors.Errorf("cannot scan into %T", dst)
	}
	*to = nil
	if src == nil {
		return nil
	}
	const header, dimension = 12, 8 // bytes
	if len(src) < header {
		return errLength
	}
	dimensions := binary.BigEndian.Uint32(src)
	if dimensions == 0 {
		*to = []T{}
		return nil
	}
	if dimensions > 1 || len(src) < header+dimension {
		return errors.Errorf("cannot scan %d dimensions into %T", dimensions, dst)
	}
	list := make([]T, binary.BigEndian.Uint32(src[header:]))
	src = src[header+dimension:]
	for i := range list {
		if len(src) < 4 { //nolint:mnd // bytes
			return errLength
		}
		length := int64(int32(binary.BigEndian.Uint32(src)))
		src = src[4:]
		if length < 0 || length > int64(len(src)) {
			return errors.Errorf("cannot scan NULL into the items of %T", dst)
		}
		if list[i], err = c.decode(src[:length]); err != nil {
			return err
		}
		src = src[length:]
	}
	*to = list
	return nil
}

// PlanScan implements pgtype.Codec.
func (c *codec[T]) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if format == pgtype.BinaryFormatCode || oid == pgtype.TextOID {
		switch target.(type) {
		case *T:
			return &c.plain
		case **T:
			return &c.nullable
		}
	}
	return c.Codec.PlanScan(m, oid, format, target)
}

type plain[T any] struct{ decode func([]byte) (T, error) }

// Scan implements pgtype.ScanPlan.
func (p *plain[T]) Scan(src []byte, dst any) (err error) {
	to, ok := dst.(*T)
	if !ok || src == nil {
		return errors.Errorf("cannot scan into %T", dst)
	}
	*to, err = p.decode(src)
	return err
}

// A nullable plan scans into a pointer, which is nil for NULL. The pointers of a connection lead into blocks, which no two
// goroutines fill at a time.
type nullable[T any] struct {
	decode func([]byte) (T, error)
	free   []T
}

const block = 64

// Scan implements pgtype.ScanPlan.
func (p *nullable[T]) Scan(src []byte, dst any) (err error) {
	to, ok := dst.(**T)
	if !ok {
		return errors.Errorf("cannot scan into %T", dst)
	}
	if src == nil {
		*to = nil
		return nil
	}
	if len(p.free) == 0 {
		p.free = make([]T, block)
	}
	*to, p.free = &p.free[0], p.free[1:]
	**to, err = p.decode(src)
	return err
}

var errLength = errors.New("a value has a wrong length")

func decodeInt4(src []byte) (int32, error) {
	if len(src) != 4 { //nolint:mnd // bytes
		return 0, errLength
	}
	return int32(binary.BigEndian.Uint32(src)), nil
}

func decodeInt8(src []byte) (int64, error) {
	if len(src) != 8 { //nolint:mnd // bytes
		return 0, errLength
	}
	return int64(binary.BigEndian.Uint64(src)), nil
}

func decodeText(src []byte) (string, error) { return string(src), nil }

// epoch is PostgreSQL's.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func decodeDate(src []byte) (time.Time, error) {
	days, err := decodeInt4(src)
	if err == nil && (days == math.MaxInt32 || days == math.MinInt32) {
		err = errors.New("an infinite date")
	}
	return time.Unix(epoch.Unix()+int64(days)*24*60*60, 0).UTC(), err
}

func decodeInstant(src []byte) (time.Time, error) {
	microseconds, err := decodeInt8(src)
	if err == nil && (microseconds == math.MaxInt64 || microseconds == math.MinInt64) {
		err = errors.New("an infinite time")
	}
	return time.UnixMicro(epoch.UnixMicro() + microseconds).UTC(), err
}

// decodeShort decodes a number of at most 16 digits, as pgtype.Numeric has it: with the decimals that it was given, and a whole
// one without zeros at its end.
func decodeShort(src []byte) (d decimal.Decimal, ok bool) {
	const header, base, mostGroups = 8, 10000, 4
	if len(src) < header {
		return d, false
	}
	groups, sign := int(binary.BigEndian.Uint16(src)), binary.BigEndian.Uint16(src[4:])
	weight, scale := int(int16(binary.BigEndian.Uint16(src[2:]))), int(binary.BigEndian.Uint16(src[6:]))
	if groups == 0 || groups > mostGroups || len(src) != header+2*groups || sign != 0 && sign != 0x4000 {
		return d, false
	}
	var n int64
	for i := range groups {
		n = n*base + int64(binary.BigEndian.Uint16(src[header+2*i:]))
	}
	exp := 4 * (weight - groups + 1) //nolint:mnd // digits a group
	for ; scale > 0 && exp > -scale; exp-- {
		if n > math.MaxInt64/10 {
			return d, false
		}
		n *= 10
	}
	for ; scale > 0 && exp < -scale; exp++ {
		n /= 10
	}
	for ; exp >= 0 && n%10 == 0 && n != 0; exp++ {
		n /= 10
	}
	if sign != 0 {
		n = -n
	}
	return decimal.New(n, int32(exp)), true
}

// decodeJSON is json.Unmarshal, but for what need not be checked and read twice, and for an empty list.
func decodeJSON(src []byte, dst any) error {
	if own, ok := dst.(json.Unmarshaler); ok {
		return own.UnmarshalJSON(src)
	}
	if v := reflect.ValueOf(dst); string(src) == "[]" && v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Slice {
		v.Elem().Set(reflect.MakeSlice(v.Elem().Type(), 0, 0))
		return nil
	}
	return json.Unmarshal(src, dst) //nolint:wrapcheck // pgx wraps it
}
