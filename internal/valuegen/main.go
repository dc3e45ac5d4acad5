// Valuegen writes the structs of internal/value, and what follows from their fields, from openapi.yaml.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"
)

// schema is the part of a JSON schema that says what a Go type is like.
type schema struct {
	Ref         string     `yaml:"$ref"`
	Type        types      `yaml:"type"`
	Format      string     `yaml:"format"`
	Enum        []string   `yaml:"enum"`
	OneOf       []schema   `yaml:"oneOf"`
	Description string     `yaml:"description"`
	Properties  properties `yaml:"properties"`
}

// types are one type, or several.
type types []string

func (t *types) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = types{n.Value}
		return nil
	}
	return n.Decode((*[]string)(t))
}

// properties keep the order of the contract.
type properties []property

type property struct {
	name string
	schema
}

func (p *properties) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		one := property{name: n.Content[i].Value}
		if err := n.Content[i+1].Decode(&one.schema); err != nil {
			return errors.Wrap(err, one.name)
		}
		*p = append(*p, one)
	}
	return nil
}

type contract struct {
	Components struct {
		Schemas map[string]schema `yaml:"schemas"`
	} `yaml:"components"`
}

// A structType is one of the structs to write: a schema without the fields that are not figures.
type structType struct {
	Name, Schema string
	without      []string
	Description  string
	Fields       []field
}

type field struct{ Name, Type, JSON, Description string }

var structs = []*structType{
	{Name: "Statement", Schema: "FinancialStatement", without: []string{
		"id", "company_id", "ticker", "source", "known_from", "created_at", "updated_at",
	}},
	{Name: "TTM", Schema: "TrailingTwelveMonths"},
	{Name: "Metrics", Schema: "ValueMetrics", without: []string{
		"statement_id", "company_id", "ticker", "period", "fiscal_year", "fiscal_quarter", "end_date", "publish_date",
		"currency", "ttm",
	}},
	{Name: "DailyRatios", Schema: "DailyRatios", without: []string{"ticker"}},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: valuegen OPENAPI_YAML GO_FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "valuegen:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var c contract
	if err := yaml.Unmarshal(text, &c); err != nil {
		return errors.Wrap(err, from)
	}
	for _, s := range structs {
		if err := c.fill(s); err != nil {
			return errors.Wrap(err, s.Schema)
		}
	}
	for _, f := range structs[1].Fields {
		if !slices.ContainsFunc(structs[0].Fields, func(s field) bool { return s.Name == f.Name && s.Type == f.Type }) {
			return errors.Errorf("%s is not in %s, or of another type", f.JSON, structs[0].Schema)
		}
	}
	var out bytes.Buffer
	if err := code.Execute(&out, structs); err != nil {
		return err
	}
	formatted, err := format.Source(out.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(to, formatted, 0o644) //nolint:gosec // no secret
}

func (c *contract) fill(s *structType) error {
	s.Description = c.Components.Schemas[s.Schema].Description
	for _, p := range c.Components.Schemas[s.Schema].Properties {
		if slices.Contains(s.without, p.name) {
			continue
		}
		t, err := c.goType(p.schema)
		if err != nil {
			return errors.Wrap(err, p.name)
		}
		s.Fields = append(s.Fields, field{goName(strings.Split(p.name, "_")), t, p.name, p.Description})
	}
	if len(s.Fields) == 0 {
		return errors.New("has no properties")
	}
	return nil
}

// goType is the type of a property: a pointer if it can be null.
func (c *contract) goType(s schema) (string, error) {
	if len(s.OneOf) == 2 && slices.Contains(s.OneOf[1].Type, "null") {
		t, err := c.goType(s.OneOf[0])
		return "*" + t, err
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if s = c.Components.Schemas[name]; s.Enum != nil {
			return goName(capitalized.FindAllString(name, -1)), nil
		}
	}
	if len(s.Type) == 2 && s.Type[1] == "null" {
		t, err := c.goType(schema{Type: s.Type[:1], Format: s.Format})
		return "*" + t, err
	}
	kind := strings.Join(append(s.Type, s.Format), " ")
	t, ok := map[string]string{
		"boolean ": "bool", "string ": "string", "string date": "time.Time", "integer int32": "int",
		"integer int64": "int64", "number decimal": "decimal.Decimal",
	}[kind]
	if !ok {
		return "", errors.Errorf("no Go type for %q", kind)
	}
	return t, nil
}

var (
	capitalized = regexp.MustCompile(`[A-Z][a-z0-9]*`)
	initialisms = []string{"EBIT", "EBITDA", "EV", "TTM", "URL"}
)

func goName(words []string) (name string) {
	for _, w := range words {
		if upper := strings.ToUpper(w); slices.Contains(initialisms, upper) {
			name += upper
		} else {
			name += upper[:1] + w[1:]
		}
	}
	return name
}

// Same is Go code that compares the field of two structs a and b by value.
func (f field) Same() string {
	a, b := "a."+f.Name, "b."+f.Name
	switch f.Type {
	case "decimal.Decimal", "time.Time":
		return a + ".Equal(" + b + ")"
	case "*decimal.Decimal", "*time.Time":
		return "equal(" + a + ", " + b + ")"
	}
	if f.Type[0] == '*' {
		return "same(" + a + ", " + b + ")"
	}
	return a + " == " + b
}

var code = template.Must(template.New("").Parse(`// Code generated by valuegen from openapi.yaml. DO NOT EDIT.

package value

import (
	"time"

	"github.com/shopspring/decimal"
)
{{range .}}
// {{.Name}} holds the figures of the schema {{.Schema}}. {{.Description}}
type {{.Name}} struct {
{{- range .Fields}}
	{{.Name}} {{.Type}} ` + "`json:\"{{.JSON}}\"`" + `{{with .Description}} // {{.}}{{end}}
{{- end}}
}
{{end}}
// SameStatement reports whether two statements hold the same, whatever the exponents of their decimals.
func SameStatement(a, b *Statement) bool {
	return {{range $i, $f := (index . 0).Fields}}{{if $i}} &&
		{{end}}{{$f.Same}}{{end}}
}

// flows are the figures of a statement that trailing twelve months have, too.
func flows(s *Statement) TTM {
	return TTM{ {{range (index . 1).Fields}}
		{{.Name}}: s.{{.Name}},{{end}}
	}
}

// add adds the amounts of money.
func add(a, b TTM) TTM {
	return TTM{ {{range (index . 1).Fields}}{{if eq .Type "*int64"}}
		{{.Name}}: Add(a.{{.Name}}, b.{{.Name}}),{{end}}{{end}}
	}
}
`))
