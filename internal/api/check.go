package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/app"
)

// Bounds of what is said about one request.
const (
	maxMistakes = 100
	maxDepth    = 32  // of a JSON document
	maxName     = 100 // bytes of an unknown field's name
)

// A checker finds all that the contract forbids in a request that the generated decoder has refused, and says it in
// words for people. What it returns beside is the request without it: a wrong value is left out where it may be, else
// another one stands in for it.
type checker struct {
	mistakes []app.FieldError
}

func (c *checker) add(field, message string) {
	if len(c.mistakes) < maxMistakes {
		c.mistakes = append(c.mistakes, app.FieldError{Field: field, Message: message})
	}
}

// concerns reports whether a field is among the wrong ones, or within one.
func (c *checker) concerns(field string) bool {
	return slices.ContainsFunc(c.mistakes, func(m app.FieldError) bool {
		return field == m.Field || strings.HasPrefix(field, m.Field+"/")
	})
}

// value checks a value of a JSON document.
func (c *checker) value(at string, s *schema, v any) (repaired any, ok bool) {
	object, isObject := v.(object)
	array, isArray := v.([]any)
	switch {
	case s.is("object") && isObject:
		return c.object(at, s, object), true
	case s.is("array") && isArray:
		return c.array(at, s, array)
	}
	if message := s.wrong(v); message != "" {
		c.add(at, message)
		return s.standIn(), false
	}
	return v, true
}

func (c *checker) object(at string, s *schema, o object) map[string]any {
	repaired := map[string]any{}
	for _, name := range o.names {
		if strings.ContainsRune(name, utf8.RuneError) { // which stands for what is not Unicode
			c.add(at, "has a field whose name is not valid Unicode")
			continue
		}
		field := at + "/" + escape(name)
		property := s.Properties[name]
		if property == nil {
			if s.AdditionalProperties != nil && !*s.AdditionalProperties {
				c.add(field, "is not a field of this request")
			}
			continue
		}
		if v, ok := c.value(field, property, o.values[name]); ok || slices.Contains(s.Required, name) {
			repaired[name] = v
		}
	}
	c.repeated(at, o)
	for _, name := range s.Required {
		if _, ok := o.values[name]; !ok {
			c.add(at+"/"+escape(name), "is required")
			repaired[name] = s.Properties[name].standIn()
		}
	}
	return repaired
}

// repeated adds the fields that an object has more than once: which one counts is not defined.
func (c *checker) repeated(at string, o object) {
	for _, name := range o.repeated {
		if field := at + "/" + escape(name); !strings.ContainsRune(name, utf8.RuneError) && !c.concerns(field) {
			c.add(field, "is given twice")
		}
	}
}

// allRepeated adds those of all objects in a value.
func (c *checker) allRepeated(at string, v any) {
	switch v := v.(type) {
	case object:
		c.repeated(at, v)
		for _, name := range v.names {
			c.allRepeated(at+"/"+escape(name), v.values[name])
		}
	case []any:
		for i := range v {
			c.allRepeated(at+"/"+strconv.Itoa(i), v[i])
		}
	}
}

func (c *checker) array(at string, s *schema, a []any) (repaired []any, ok bool) {
	if len(a) < s.MinItems {
		c.add(at, "must have at least "+count(s.MinItems, "item"))
		repaired, _ = s.standIn().([]any)
		return repaired, false
	}
	if s.MaxItems != nil && len(a) > *s.MaxItems {
		c.add(at, "must have at most "+count(*s.MaxItems, "item"))
		a = a[:*s.MaxItems]
	}
	for i, v := range a {
		v, _ = c.value(at+"/"+strconv.Itoa(i), s.Items, v)
		repaired = append(repaired, v)
	}
	return repaired, true
}

// text checks values that come as text: the parameters in the path or the query, or the fields of a form. A field's
// name begins with prefix.
func (c *checker) text(name, prefix string, s *schema, required bool, values url.Values) {
	field := prefix + name
	var message string
	switch given := values[name]; {
	case len(given) == 0 && required:
		message = "is required"
	case len(given) == 0:
		return
	case len(given) > 1:
		message = "must be given once"
	default:
		var v any = given[0]
		if !s.is("string") { // there are numbers, and no booleans
			v = json.Number(given[0])
		}
		message = s.wrong(v)
	}
	if message == "" {
		return
	}
	c.add(field, message)
	values.Del(name)
	if required {
		values.Set(name, fmt.Sprint(s.standIn()))
	}
}

// wrong says what the contract forbids about a value, "" if nothing. It leaves the insides of objects and arrays alone.
func (s *schema) wrong(v any) string {
	message := ""
	text, isText := v.(string)
	number, isNumber := v.(json.Number)
	_, isBool := v.(bool)
	switch {
	case v == nil && s.is("null"), isBool && s.is("boolean"):
	case v == nil:
		return "must not be null"
	case isText && s.is("string"):
		message = s.wrongString(text)
	case isNumber && (s.is("integer") || s.is("number")):
		message = s.wrongNumber(number.String())
	default:
		message = s.typeMessage()
	}
	if message != "" && s.Message != "" {
		return s.Message
	}
	return message
}

func (s *schema) typeMessage() string {
	switch {
	case s.is("string") && len(s.Enum) > 0:
		return "must be one of " + strings.Join(s.Enum, ", ")
	case s.is("string") && s.Format == "date":
		return "must be a date, such as 2023-09-30"
	case s.is("string") && s.Format == "date-time":
		return "must be a date and time, such as 2023-09-30T12:00:00Z"
	case s.is("string"):
		return "must be text"
	case s.is("integer"):
		return "must be a whole number"
	case s.is("number"):
		return "must be a number"
	case s.is("boolean"):
		return "must be true or false"
	case s.is("array"):
		return "must be a list"
	}
	return "must be an object"
}

func (s *schema) wrongString(v string) string {
	_, notDate := time.Parse(time.DateOnly, v)
	_, notTime := time.Parse(time.RFC3339, v)
	switch n := utf8.RuneCountInString(v); {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, v), s.Format == "date" && notDate != nil, s.Format == "date-time" && notTime != nil:
		return s.typeMessage()
	case n == 0 && s.MinLength == 1:
		return "must not be empty"
	case s.MaxLength != nil && s.MinLength == *s.MaxLength && n != s.MinLength:
		return "must have " + count(s.MinLength, "character")
	case s.MaxLength != nil && s.MinLength > 1 && (n < s.MinLength || n > *s.MaxLength):
		return fmt.Sprintf("must have %d to %d characters", s.MinLength, *s.MaxLength)
	case s.MaxLength != nil && n > *s.MaxLength:
		return "must have at most " + count(*s.MaxLength, "character")
	case n < s.MinLength:
		return "must have at least " + count(s.MinLength, "character")
	case s.Pattern != nil && !s.Pattern.MatchString(v):
		return "does not have the required form"
	}
	return ""
}

func (s *schema) wrongNumber(v string) string {
	if !s.is("integer") {
		if _, err := decimal.NewFromString(v); err != nil {
			return s.typeMessage()
		}
		return ""
	}
	bits := 64
	if s.Format == "int32" {
		bits = 32
	}
	n, err := strconv.ParseInt(v, 10, bits)
	tooLarge := errors.Is(err, strconv.ErrRange)
	switch {
	case err != nil && !tooLarge:
		return s.typeMessage()
	case s.Minimum != nil && s.Maximum != nil && (tooLarge || n < *s.Minimum || n > *s.Maximum):
		return fmt.Sprintf("must be between %d and %d", *s.Minimum, *s.Maximum)
	case s.Minimum != nil && n < *s.Minimum:
		return fmt.Sprintf("must be at least %d", *s.Minimum)
	case s.Maximum != nil && n > *s.Maximum:
		return fmt.Sprintf("must be at most %d", *s.Maximum)
	case tooLarge:
		return "has too many digits"
	}
	return ""
}

// standIn is a value that the contract allows.
func (s *schema) standIn() any {
	switch {
	case s.is("null"):
		return nil
	case s.is("object"):
		o := map[string]any{}
		for _, name := range s.Required {
			o[name] = s.Properties[name].standIn()
		}
		return o
	case s.is("array"):
		return slices.Repeat([]any{s.Items.standIn()}, s.MinItems)
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.is("boolean"):
		return false
	case s.is("integer"), s.is("number"):
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "date":
		return "1900-01-01" // before all that other days may not precede
	case s.Format == "date-time":
		return "1900-01-01T00:00:00Z"
	}
	return strings.Repeat("0", max(s.MinLength, 1))
}

func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// escape makes a field's name a part of a JSON Pointer.
func escape(name string) string {
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	return pointerEscaper.Replace(name)
}

// An object of a JSON document, in its order. Of a field that is repeated, the last value counts.
type object struct {
	names, repeated []string
	values          map[string]any
}

// decode reads a JSON document into nil, bool, json.Number, string, []any and object. Its errors go on after what the
// document is.
func decode(document []byte) (any, error) {
	if !utf8.Valid(document) {
		return nil, errors.New("is not valid UTF-8")
	}
	d := jx.DecodeBytes(document)
	v, err := decodeValue(d, 0)
	switch {
	case errors.Is(err, errTooDeep):
		return nil, errTooDeep
	case err != nil, d.Next() != jx.Invalid:
		return nil, notJSON(document)
	}
	return v, nil
}

// notJSON says where a document is not JSON, in the standard library's view, which counts.
func notJSON(document []byte) error {
	var (
		d      = json.NewDecoder(bytes.NewReader(document))
		first  json.RawMessage
		syntax *json.SyntaxError
		end    int
	)
	switch err := d.Decode(&first); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("is not JSON: it ends too early, after " + position(document))
	case errors.As(err, &syntax):
		end = int(syntax.Offset)
	default: // something follows
		end = int(d.InputOffset())
		rest := document[end:]
		end += len(rest) - len(bytes.TrimLeft(rest, " \t\r\n")) + 1
	}
	return errors.New("is not JSON at " + position(document[:min(end, len(document))]))
}

// position is that of the last character of what was read.
func position(read []byte) string {
	line := bytes.LastIndexByte(read, '\n') + 1
	return fmt.Sprintf("line %d, column %d", bytes.Count(read, []byte("\n"))+1, utf8.RuneCount(read[line:]))
}

var errTooDeep = errors.Errorf("is nested more than %d levels deep", maxDepth)

func decodeValue(d *jx.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	switch d.Next() {
	case jx.Null:
		return nil, d.Null()
	case jx.Bool:
		return d.Bool()
	case jx.String:
		return d.Str()
	case jx.Number:
		n, err := d.Num()
		return json.Number(n.String()), err
	case jx.Array:
		a := []any{}
		err := d.Arr(func(d *jx.Decoder) error {
			v, err := decodeValue(d, depth+1)
			a = append(a, v)
			return err
		})
		return a, err
	case jx.Object:
		o := object{values: map[string]any{}}
		err := d.Obj(func(d *jx.Decoder, name string) (err error) {
			if _, ok := o.values[name]; !ok {
				o.names = append(o.names, name)
			} else if !slices.Contains(o.repeated, name) {
				o.repeated = append(o.repeated, name)
			}
			o.values[name], err = decodeValue(d, depth+1)
			return err
		})
		return o, err
	}
	return nil, errors.New("is not JSON")
}
