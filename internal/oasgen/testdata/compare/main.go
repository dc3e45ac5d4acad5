// Command compare encodes random things with ogen's code as it is (plain) and as oasgen writes it (ours), and fails where
// the bytes are not the same.
package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"reflect"
	"time"

	"github.com/go-faster/jx"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/oasgen/testdata/ours"
	"github.com/edgevalue/edgevalue/internal/oasgen/testdata/plain"
)

const rounds = 3000

func main() {
	set := map[string]bool{}
	for n := range uint64(rounds) {
		random := source{rand.New(rand.NewPCG(n, 0)), set}
		var thing plain.Thing
		random.fill(reflect.ValueOf(&thing).Elem(), 0)
		var e jx.Encoder
		thing.Encode(&e)
		var same ours.Thing
		if err := same.Decode(jx.DecodeBytes(e.Bytes())); err != nil {
			fail("%v: %s", err, e.Bytes())
		}
		var e2 jx.Encoder
		same.Encode(&e2)
		if !bytes.Equal(e.Bytes(), e2.Bytes()) {
			fail("ogen writes\n%s, we write\n%s", e.Bytes(), e2.Bytes())
		}
		// Among other values of an encoder.
		var two, two2 jx.Encoder
		two.Obj(func(e *jx.Encoder) {
			e.Field("a", func(e *jx.Encoder) {
				e.Arr(func(e *jx.Encoder) { thing.Encode(e); thing.Optional.Encode(e); e.Int(1) })
			})
			e.Field("b", thing.Shape.Encode)
		})
		two2.Obj(func(e *jx.Encoder) {
			e.Field("a", func(e *jx.Encoder) { e.Arr(func(e *jx.Encoder) { same.Encode(e); same.Optional.Encode(e); e.Int(1) }) })
			e.Field("b", same.Shape.Encode)
		})
		if !bytes.Equal(two.Bytes(), two2.Bytes()) {
			fail("among others ogen writes\n%s, we write\n%s", two.Bytes(), two2.Bytes())
		}
	}
	var e jx.Encoder
	ours.Prices{"b": decimal.New(2, 0), "c": decimal.New(3, 0), "a": decimal.New(1, 0)}.Encode(&e)
	if e.String() != `{"a":1,"b":2,"c":3}` {
		fail("keys are not in order: %s", e.String())
	}
	for _, what := range []string{"plain.OptDate", "plain.Circle", "plain.Square", "plain.NilDecimal", "plain.Prices", "plain.OptShape", "decimal.Decimal"} {
		if !set[what] {
			fail("no %s was ever encoded", what)
		}
	}
	fmt.Println(rounds, "things")
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

type source struct {
	*rand.Rand
	set map[string]bool // the types with a value
}

var texts = []string{"", "a", "red", `"`, `\`, "\n\t\r\x00\x1f", "<&>", "é€𝄞", "\u2028", "{", "[", "a,b", `{"a":1}`}

// fill sets a value at random. What is optional or null becomes so now and then, always when it is deep.
func (r source) fill(v reflect.Value, depth int) {
	often := r.IntN(3) > 0 && depth < 6
	r.set[v.Type().String()] = true
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(r.Int64N(250_000_000_000), 0).UTC() // until the year 9892
		return
	case *decimal.Decimal:
		*x = decimal.New(r.Int64()>>r.IntN(64)*int64(1-2*r.IntN(2)), r.Int32N(30)-20)
		return
	case *jx.Raw:
		*x = jx.Raw(`{"any":[1,"x"]}`)
		return
	case *url.URL:
		*x = url.URL{Scheme: "https", Host: "example.com", Path: "/é", RawQuery: `a="b"`}
		return
	case *plain.Shape:
		if often {
			*x = plain.NewCircleShape(plain.Circle{Radius: r.Int()})
			r.set["plain.Circle"] = true
			return
		}
		var square plain.Square
		r.fill(reflect.ValueOf(&square).Elem(), depth+1)
		*x = plain.NewSquareShape(square)
		return
	case *plain.TextOrNumber:
		if often {
			*x = plain.NewStringTextOrNumber("t")
			return
		}
		*x = plain.NewIntTextOrNumber(r.Int())
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(often)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> r.IntN(64))
	case reflect.Float64:
		v.SetFloat(math.Trunc(r.NormFloat64()*1e6) / 64)
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Array:
		for i := range v.Len() {
			r.fill(v.Index(i), depth+1)
		}
	case reflect.Slice:
		n := 0
		if often {
			n = r.IntN(4)
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			r.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if often { // not two, of which ogen writes either first
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			r.fill(key, depth+1)
			r.fill(elem, depth+1)
			v.SetMapIndex(key, elem)
		}
	case reflect.Pointer:
		if often && depth < 3 {
			v.Set(reflect.New(v.Type().Elem()))
			r.fill(v.Elem(), depth+1)
		}
	case reflect.Struct:
		r.fillStruct(v, often, depth)
	}
}

func (r source) fillStruct(v reflect.Value, often bool, depth int) {
	if null := v.FieldByName("Null"); null.IsValid() {
		if set := v.FieldByName("Set"); set.IsValid() {
			set.SetBool(r.IntN(3) > 0)
			often = often && set.Bool()
		}
		null.SetBool(!often)
		if set := v.FieldByName("Set"); set.IsValid() && !set.Bool() {
			null.SetBool(false)
		}
		if often {
			r.fill(v.FieldByName("Value"), depth+1)
		}
		return
	}
	if set := v.FieldByName("Set"); set.IsValid() {
		set.SetBool(often)
		if often {
			r.fill(v.FieldByName("Value"), depth+1)
		}
		return
	}
	for i := range v.NumField() {
		r.fill(v.Field(i), depth+1)
	}
}
