package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
	"github.com/jinzhu/inflection"
)

// A kind is the type of a field.
type kind string

const (
	text      kind = "text"      // of one line
	integer   kind = "int"       // of 53 bits, which JavaScript has
	number    kind = "decimal"   // exact
	money     kind = "money"     // in whole units of the resource's currency
	boolean   kind = "bool"      //
	date      kind = "date"      //
	timestamp kind = "timestamp" // with a time zone
	ref       kind = "ref"       // the id of a row of another table
	enum      kind = "enum"      // one of some words
	currency  kind = "currency"  // what money adds
)

const (
	maxFields = 50
	maxItems  = 100   // of a list
	maxText   = 500   // characters, unless the field says another number
	mostText  = 10000 // that it can say
	maxWords  = 50    // of an enum
)

const types = "text, text(200), int, decimal, money, bool, date, timestamp, ref, ref(table) or enum(one|other)"

// A field is one of a resource or of a job's arguments.
type field struct {
	Name     string // of the column and in JSON
	Kind     kind
	Optional bool // or null; of a list: or empty
	List     bool
	Max      int      // characters of a text
	Words    []string // of an enum
	Table    string   // that a ref leads to
	Own      bool     // whose rows belong to users as those of the resource do
	owner    string   // the name of the resource, in Go

	// What makes a row to refer to, in tests of the API and of the use cases.
	apiCreate, AppCreate string
	appID                string // its id, if AppCreate is empty
}

var fieldForm = regexp.MustCompile(`^([^:]*):([a-z]*)(\(([^()]*)\))?(\[\])?(\?)?$`)

// parseFields reads "name:type" words. A type can be followed by [] for a list and by ? for what may be left out.
func parseFields(s string) (fields []field, err error) {
	for _, word := range strings.Fields(s) {
		f, err := parseField(word)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	switch {
	case len(fields) == 0:
		return nil, errors.New("there are no fields: give them as in FIELDS='name:text note:text?'")
	case len(fields) > maxFields:
		return nil, errors.Errorf("there are %d fields, more than %d", len(fields), maxFields)
	}
	return fields, nil
}

func parseField(word string) (f field, err error) {
	m := fieldForm.FindStringSubmatch(word)
	if m == nil {
		return f, errors.Errorf("field %q: write it as name:type, where the type is %s, and can be followed by [] (a list) and ? (optional)", word, types)
	}
	f = field{Name: m[1], Kind: kind(m[2]), List: m[5] != "", Optional: m[6] != "", Max: maxText}
	if err := checkName("field", f.Name); err != nil {
		return f, err
	}
	argument, has := m[4], m[3] != ""
	switch f.Kind {
	case text:
		if has {
			f.Max, err = strconv.Atoi(argument)
			if err != nil || f.Max < 1 || f.Max > mostText {
				return f, errors.Errorf("field %s: text(%s): the most characters are a number from 1 to %d", f.Name, argument, mostText)
			}
		}
	case ref:
		f.Table = f.Name
		if has {
			f.Table = argument
		}
		f.Name += "_id"
	case enum:
		if err := f.parseWords(argument); err != nil {
			return f, err
		}
	case integer, number, money, boolean, date, timestamp:
		if has {
			return f, errors.Errorf("field %s: %s takes nothing in parentheses", f.Name, f.Kind)
		}
	default:
		return f, errors.Errorf("field %s: there is no type %q: it is one of %s", f.Name, m[2], types)
	}
	if f.List && !slices.Contains([]kind{text, integer, number, date, enum}, f.Kind) {
		return f, errors.Errorf("field %s: there is no list of %s: that needs a table of its own", f.Name, f.Kind)
	}
	return f, nil
}

var enumWord = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,49}$`)

func (f *field) parseWords(argument string) error {
	f.Words = strings.Split(argument, "|")
	if len(f.Words) < 2 || len(f.Words) > maxWords {
		return errors.Errorf("field %s: an enum has 2 to %d words, as in enum(open|closed)", f.Name, maxWords)
	}
	for i, w := range f.Words {
		if !enumWord.MatchString(w) {
			return errors.Errorf("field %s: %q: a word of an enum has small letters, digits, _ and -, and begins with a letter", f.Name, w)
		}
		if slices.Contains(f.Words[:i], w) {
			return errors.Errorf("field %s: %q is given twice", f.Name, w)
		}
	}
	return nil
}

// methods are the fields that would have the names of methods that ogen generates.
var methods = []string{"encode", "decode", "validate", "marshal_json", "unmarshal_json"}

// checkFields says which fields cannot stand in a resource, or not side by side.
func checkFields(fields []field) error {
	seen := map[string]string{}
	for _, f := range fields {
		if err := checkSQLName("field", f.Name); err != nil {
			return err
		}
		switch key := strings.ReplaceAll(f.Name, "_", ""); {
		case slices.Contains([]string{"id", "user_id", "created_at", "updated_at"}, f.Name):
			return errors.Errorf("field %s: every resource has it, or can have it, of itself", f.Name)
		case slices.Contains(methods, f.Name):
			return errors.Errorf("field %s: the generated code has a method of this name", f.Name)
		case seen[key] == "currency" || seen[key] != "" && f.Kind == currency:
			return errors.New("field currency: the type money brings it")
		case seen[key] != "":
			return errors.Errorf("field %s: is given twice, or cannot be told from %s", f.Name, seen[key])
		default:
			seen[key] = f.Name
		}
	}
	for _, f := range fields {
		for _, prefix := range []string{"get", "set"} {
			if other := seen[prefix+strings.ReplaceAll(f.Name, "_", "")]; other != "" {
				return errors.Errorf("field %s: the generated code has a method of this name for %s", other, f.Name)
			}
		}
	}
	return nil
}

// withCurrency adds the currency after the first amount of money.
func withCurrency(fields []field) []field {
	if i := slices.IndexFunc(fields, func(f field) bool { return f.Kind == money }); i >= 0 {
		fields = slices.Insert(fields, i+1, field{Name: "currency", Kind: currency})
	}
	return fields
}

// Go is the name of the field in rows, OAS in the types of the API.
func (f field) Go() string  { return pascal(f.Name) }
func (f field) OAS() string { return ogenName(f.Name) }

// Enum is the name of the schema of an enum, and EnumType that of its Go type.
func (f field) Enum() string     { return f.owner + pascal(f.Name) }
func (f field) EnumType() string { return f.owner + pascal(f.Name) }

func (f field) IsEnum() bool { return f.Kind == enum }
func (f field) IsRef() bool  { return f.Kind == ref }

// SQL is the type of the column with its constraints.
func (f field) SQL() string {
	column := map[kind]string{
		text: "text", integer: "bigint", number: "numeric", money: "bigint", boolean: "boolean", date: "date",
		timestamp: "timestamptz", ref: "bigint", enum: "text", currency: "text",
	}[f.Kind]
	if f.List {
		least := 1
		if f.Optional {
			least = 0
		}
		check := fmt.Sprintf("cardinality(%[1]s) BETWEEN %[2]d AND %[3]d AND array_position(%[1]s, NULL) IS NULL", f.Name, least, maxItems)
		if f.Kind == enum {
			check += fmt.Sprintf(" AND %s <@ ARRAY[%s]", f.Name, quoted(f.Words))
		}
		return fmt.Sprintf("%s[] NOT NULL CHECK (%s)", column, check)
	}
	if !f.Optional {
		column += " NOT NULL"
	}
	switch f.Kind {
	case text:
		column += fmt.Sprintf(" CHECK (char_length(%s) BETWEEN 1 AND %d)", f.Name, f.Max)
	case number:
		column += fmt.Sprintf(" CHECK (%s NOT IN ('NaN', 'Infinity', '-Infinity'))", f.Name)
	case enum:
		column += fmt.Sprintf(" CHECK (%s IN (%s))", f.Name, quoted(f.Words))
	case ref:
		column += " REFERENCES " + f.Table + map[bool]string{true: " ON DELETE SET NULL", false: " ON DELETE CASCADE"}[f.Optional]
	case currency:
		column += " REFERENCES currency"
	}
	return column
}

func quoted(words []string) string { return "'" + strings.Join(words, "', '") + "'" }

// Answer and Input are the field's schemas in the contract.
func (f field) Answer() string { return f.schema(false) }
func (f field) Input() string  { return f.schema(true) }

func (f field) schema(input bool) string {
	if f.List {
		item := f
		item.List, item.Optional = false, false
		if !input {
			return fmt.Sprintf("{ type: array, items: %s }", item.schema(false))
		}
		least := ""
		if !f.Optional {
			least = "minItems: 1, "
		}
		return fmt.Sprintf("{ type: array, %smaxItems: %d, items: %s }", least, maxItems, item.schema(true))
	}
	switch f.Kind {
	case enum:
		schema := fmt.Sprintf("{ $ref: '#/components/schemas/%s' }", f.Enum())
		if f.Optional {
			schema = fmt.Sprintf("{ oneOf: [%s, { type: 'null' }] }", schema)
		}
		return schema
	case currency:
		return "{ $ref: '#/components/schemas/Currency' }"
	}
	typ := map[kind]string{text: "string", number: "number", boolean: "boolean", date: "string", timestamp: "string"}[f.Kind]
	if typ == "" {
		typ = "integer"
	}
	schema := "type: " + typ
	if f.Optional {
		schema = fmt.Sprintf("type: [%s, 'null']", typ)
	}
	if format := map[kind]string{integer: "int64", money: "int64", ref: "int64", number: "decimal", date: "date", timestamp: "date-time"}[f.Kind]; format != "" {
		schema += ", format: " + format
	}
	if input {
		schema += map[kind]string{
			text: fmt.Sprintf(", minLength: 1, maxLength: %d", f.Max), ref: ", minimum: 1, maximum: 9007199254740991",
			integer: ", minimum: -9007199254740991, maximum: 9007199254740991", money: ", minimum: -9007199254740991, maximum: 9007199254740991",
		}[f.Kind]
	}
	switch f.Kind {
	case money:
		schema += ", description: In whole units of currency."
	case ref:
		schema += ", description: The id of " + f.ATable() + "."
	}
	return "{ " + schema + " }"
}

// Example is a value in YAML.
func (f field) Example() string {
	if f.List {
		return "[" + f.scalar() + "]"
	}
	return f.scalar()
}

func (f field) scalar() string {
	switch f.Kind {
	case text:
		name := words(f.Name)
		if f.List {
			name = inflection.Singular(name)
		}
		if example := capital(article(name)); len(example) <= f.Max {
			return example
		}
		return "'" + strings.Repeat("7", f.Max) + "'"
	case enum:
		return yamlWord(f.Words[0])
	}
	return map[kind]string{
		integer: "7", number: "0.25", money: "1000000", boolean: "true", ref: "1", currency: "USD",
		date: "'2026-01-30'", timestamp: "'2026-01-30T12:00:00Z'",
	}[f.Kind]
}

// yamlWord quotes a word that YAML may take for something else.
func yamlWord(w string) string {
	if slices.Contains(strings.Fields("y n yes no on off true false null"), w) {
		return "'" + w + "'"
	}
	return w
}

// EnumSchema is the schema of an enum.
func (f field) EnumSchema() string {
	all := make([]string, len(f.Words))
	for i, w := range f.Words {
		all[i] = yamlWord(w)
	}
	anchor := strings.ToLower(f.Enum()[:1]) + f.Enum()[1:] + "Values"
	return fmt.Sprintf("{ type: string, enum: &%[1]s [%[2]s], x-extensible-enum: *%[1]s, examples: [%[3]s] }", anchor, strings.Join(all, ", "), all[0])
}

// Checks are the statements that check the field of an input, for what the contract does not say.
func (f field) Checks() (lines []string) {
	value, pointer := "in."+f.Go(), "&in."+f.Go()
	if f.Optional && !f.List {
		pointer = value
	}
	at := fmt.Sprintf("%q", "/"+f.Name)
	if f.List {
		pointer = value + "[i]"
		at = fmt.Sprintf(`fmt.Sprintf("/%s/%%d", i)`, f.Name)
		pointer = "&" + pointer
	}
	check := map[kind]string{
		text: "v.line(%s, %s)", number: "v.number(%s, %s)", date: "v.date(%s, %s, farDay)", timestamp: "v.date(%s, %s, farDay)",
	}[f.Kind]
	if check == "" && !(f.List && f.Optional) {
		return nil
	}
	if f.List && f.Optional {
		empty := map[kind]string{text: "string", enum: "string", integer: "int64", number: "decimal.Decimal", date: "time.Time"}[f.Kind]
		lines = append(lines, fmt.Sprintf("if %s == nil {", value), fmt.Sprintf("%s = []%s{}", value, empty), "}")
	}
	if check == "" {
		return lines
	}
	check = fmt.Sprintf(check, at, pointer)
	if f.List {
		return append(lines, fmt.Sprintf("for i := range %s {", value), check, "}")
	}
	return append(lines, check)
}

// APIValue is a value in the types of the API's client, made with client where it belongs to a user.
func (f field) APIValue(client string) string {
	item := f.literal()
	switch f.Kind {
	case date:
		item = `day("2026-01-30")`
	case ref:
		item = f.APICreate(client) + ".ID"
	}
	switch {
	case f.List && f.Kind == enum:
		return fmt.Sprintf("[]oas.%s{%s}", f.EnumType(), item)
	case f.List:
		return fmt.Sprintf("[]%s{%s}", f.element(), item)
	case f.Optional:
		return fmt.Sprintf("oas.NewOptNil%s(%s)", f.oasType(), item)
	}
	return item
}

// RowValue is a value in the types of rows.
func (f field) RowValue() string {
	item := f.literal()
	if f.Kind == ref {
		if item = f.appID; item == "" {
			item = f.RefVar() + ".ID"
		}
	}
	switch {
	case f.List:
		return fmt.Sprintf("[]%s{%s}", f.element(), item)
	case f.Optional && (f.Kind == integer || f.Kind == money):
		return fmt.Sprintf("new(int64(%s))", item)
	case f.Optional:
		return fmt.Sprintf("new(%s)", item)
	}
	return item
}

// literal is an item of the field in Go.
func (f field) literal() string {
	switch f.Kind {
	case text:
		return fmt.Sprintf("%q", strings.Trim(f.scalar(), "'"))
	case enum:
		return fmt.Sprintf("%q", f.Words[0])
	}
	return map[kind]string{
		integer: "7", number: "decimal.New(25, -2)", money: "1_000_000", boolean: "true", currency: `"USD"`,
		date: "time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)", timestamp: "time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC)",
	}[f.Kind]
}

// element is the type of an item in Go.
func (f field) element() string {
	return map[kind]string{
		text: "string", enum: "string", currency: "string", integer: "int64", money: "int64", ref: "int64", number: "decimal.Decimal",
		date: "time.Time", timestamp: "time.Time", boolean: "bool",
	}[f.Kind]
}

// GoType is the type of the field in rows.
func (f field) GoType() string {
	switch {
	case f.List:
		return "[]" + f.element()
	case f.Optional:
		return "*" + f.element()
	}
	return f.element()
}

// Base is the name that the field was given.
func (f field) Base() string {
	if f.Kind == ref {
		return strings.TrimSuffix(f.Name, "_id")
	}
	return f.Name
}

// ATable names the table that a ref leads to for people.
func (f field) ATable() string {
	if f.Table == "user_account" {
		return "a user"
	}
	return article(words(f.Table))
}

// APICreate makes a row to refer to in a test of the API, which belongs to client's user if rows do.
func (f field) APICreate(client string) string {
	if !f.Own {
		client = "f.super"
	}
	return strings.ReplaceAll(f.apiCreate, "%s", client)
}

// HasArg is the argument of the query for what a ref leads to.
func (f field) HasArg(r *resource) string {
	id := "in." + f.Go()
	if f.Optional {
		id = "*" + id
	}
	if f.Own {
		return fmt.Sprintf("db.Has%sOf%sParams{ID: %s, UserID: actor.UserID}", pascal(f.Base()), r.Type, id)
	}
	return id
}

// RefVar is the variable of a test that has the id of the row that the field leads to.
func (f field) RefVar() string { return camel(f.Base()) }

// oasType is what ogen calls the type after Opt and Nil.
func (f field) oasType() string {
	return map[kind]string{
		text: "String", integer: "Int64", money: "Int64", ref: "Int64", number: "Decimal", boolean: "Bool", date: "Date",
		timestamp: "DateTime", enum: f.Enum(), currency: "Currency",
	}[f.Kind]
}
