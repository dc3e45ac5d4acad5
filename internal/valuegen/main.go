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
	Ref         string    `yaml:"$ref"`
	Type        any       `yaml:"type"` // one, or one and null
	Format      string    `yaml:"format"`
	Enum        []string  `yaml:"enum"`
	OneOf       []schema  `yaml:"oneOf"`
	Items       *schema   `yaml:"items"`
	Description string    `yaml:"description"`
	Properties  yaml.Node `yaml:"properties"` // in their order
}

// A structType is one of the structs to write: a schema without the properties that are not figures.
type structType struct {
	Name, Schema, without string
	Description           string
	Fields                []field
}

type field struct{ Name, Type, JSON, Description string }

var structs = []*structType{
	{Name: "Statement", Schema: "FinancialStatement", without: "id company_id ticker source known_from known_to restated set_by accepted_at rules_version adjusted_to explanations created_at updated_at"},
	{Name: "TTM", Schema: "TrailingTwelveMonths"},
	{Name: "Metrics", Schema: "ValueMetrics", without: "statement_id company_id ticker period fiscal_year fiscal_quarter " +
		"end_date publish_date currency marks metrics reasons signals variables adjusted_to ttm"},
	{Name: "DailyRatios", Schema: "DailyRatios", without: "ticker adjusted_close adjusted_shares_outstanding adjusted_to metrics metric_reasons signals"},
}

func main() {
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
	var contract struct {
		Components struct{ Schemas map[string]schema }
	}
	if err := yaml.Unmarshal(text, &contract); err != nil {
		return errors.Wrap(err, from)
	}
	for _, s := range structs {
		if err := s.fill(contract.Components.Schemas); err != nil {
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

func (s *structType) fill(schemas map[string]schema) error {
	whole := schemas[s.Schema]
	s.Description = whole.Description
	for i := 0; i < len(whole.Properties.Content); i += 2 {
		name := whole.Properties.Content[i].Value
		if slices.Contains(strings.Fields(s.without), name) {
			continue
		}
		var p schema
		if err := whole.Properties.Content[i+1].Decode(&p); err != nil {
			return errors.Wrap(err, name)
		}
		t, err := goType(schemas, p)
		if err != nil {
			return errors.Wrap(err, name)
		}
		s.Fields = append(s.Fields, field{goName(strings.Split(name, "_")), t, name, p.Description})
	}
	return nil
}

var goTypes = map[string]string{
	"boolean ": "bool", "string ": "string", "string date": "time.Time", "integer int32": "int", "integer int64": "int64",
	"number decimal": "decimal.Decimal",
}

// goType is the type of a property: a pointer if it can be null.
func goType(schemas map[string]schema, s schema) (string, error) {
	pointer := ""
	if len(s.OneOf) == 2 && s.OneOf[1].Type == "null" {
		pointer, s = "*", s.OneOf[0]
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if s = schemas[name]; s.Enum != nil {
			return pointer + goName(capitalized.FindAllString(name, -1)), nil
		}
	}
	if s.Items != nil {
		t, err := goType(schemas, *s.Items)
		return "[]" + t, err
	}
	kind := fmt.Sprint(s.Type)
	if one, ok := strings.CutSuffix(kind, " null]"); ok {
		pointer, kind = "*", one[1:]
	}
	t, ok := goTypes[kind+" "+s.Format]
	if !ok {
		return "", errors.Errorf("no Go type for %s %s", kind, s.Format)
	}
	return pointer + t, nil
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

// same compares a field of a and b.
func same(f field) string {
	switch {
	case strings.HasPrefix(f.Type, "[]"):
		return fmt.Sprintf("slices.Equal(a.%[1]s, b.%[1]s)", f.Name)
	case f.Type == "*time.Time" || f.Type == "*decimal.Decimal":
		return fmt.Sprintf("equal(a.%[1]s, b.%[1]s)", f.Name)
	case f.Type == "time.Time":
		return fmt.Sprintf("a.%[1]s.Equal(b.%[1]s)", f.Name)
	case f.Type[0] == '*':
		return fmt.Sprintf("same(a.%[1]s, b.%[1]s)", f.Name)
	}
	return fmt.Sprintf("a.%[1]s == b.%[1]s", f.Name)
}

var code = template.Must(template.New("").Funcs(template.FuncMap{"same": same}).Parse(`// Code generated by valuegen from openapi.yaml. DO NOT EDIT.

package value

import (
	"slices"
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
		{{end}}{{same $f}}{{end}}
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
