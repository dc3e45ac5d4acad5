package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/go-faster/errors"
)

//go:embed templates
var templates embed.FS

// mostRows is how many rows of one resource a user can have.
const mostRows = 1000

// A resource is what the templates are given.
type resource struct {
	Module       string
	Name, Plural string // in snake_case
	Type, Types  string // in Go and, but for OAS, in the contract
	OAS          string // what ogen makes of Type
	Var          string // begins names in Go
	Path         string // the first part of its paths, and its tag
	Words        string // the name for people; A has its article
	WordsPlural  string
	A            string
	Owned        bool
	Most         int // rows of one user
	Fields       []field
}

// makeResource plans all changes for a new resource. The error is errThere if it is there.
func makeResource(p *project, o options) error {
	if err := checkTypeName("resource", o.name); err != nil {
		return err
	}
	if err := checkSQLName("resource", o.name); err != nil {
		return err
	}
	r := resource{
		Module: p.module, Name: o.name, Plural: o.plural, Type: pascal(o.name), Var: camel(o.name), Owned: o.owner != "", Most: mostRows,
	}
	switch {
	case !isSingular(r.Name):
		return errors.Errorf("resource %s: a name is in the singular", r.Name)
	case o.owner != "" && o.owner != "user":
		return errors.Errorf("OWNER=%s: only a user can be an owner: OWNER=user", o.owner)
	}
	if r.Plural == "" {
		r.Plural = plural(r.Name)
	}
	switch {
	case !snake.MatchString(r.Plural):
		return errors.Errorf("PLURAL=%s: a name is in snake_case", r.Plural)
	case r.Plural == r.Name:
		return errors.Errorf("the plural of %s is %s, too: choose one for addresses and the names of Go, as in PLURAL=%s_list", r.Name, r.Name, r.Name)
	}
	r.Types, r.OAS = pascal(r.Plural), r.Type
	if slices.Contains(initialisms, r.Name) {
		r.OAS = strings.ToUpper(r.Name)
	}
	r.Path, r.Words, r.WordsPlural = strings.ReplaceAll(r.Plural, "_", "-"), words(r.Name), words(r.Plural)
	r.A = article(r.Words)

	fields, err := parseFields(o.fields)
	if err != nil {
		return err
	}
	r.Fields = withCurrency(fields)
	if err := checkFields(r.Fields); err != nil {
		return err
	}
	tables, err := p.tables()
	if err != nil {
		return err
	}
	c, err := p.contract()
	if err != nil {
		return err
	}
	_, path := c.Paths["/"+r.Path]
	if source, ok := tables[r.Name]; ok {
		if _, err := p.read("internal/app/" + r.Name + ".go"); err == nil && path {
			return errThere
		}
		return errors.Errorf("there is a table %s, in %s: choose another name", r.Name, source.path)
	}
	if err := r.resolve(p, tables); err != nil {
		return err
	}
	if err := r.free(p, c); err != nil {
		return err
	}
	return r.plan(p)
}

// A table is one of the declared schema.
type table struct{ path, columns string }

var createTable = regexp.MustCompile(`(?ms)^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?"?(\w+)"? \((.*?)^\)`)

// tables are the declared ones and those of River, by name.
func (p *project) tables() (map[string]table, error) {
	all := map[string]table{}
	if len(p.glob("schema/tables/*.sql")) == 0 {
		return nil, errors.New("schema/tables has no file: the tables are declared there")
	}
	for _, path := range p.glob("schema/*/*.sql") {
		b, err := p.read(path)
		if err != nil {
			return nil, err
		}
		for _, m := range createTable.FindAllSubmatch(b, -1) {
			all[string(m[1])] = table{path, string(m[2])}
		}
	}
	return all, nil
}

var (
	hasID   = regexp.MustCompile(`(?m)^\s*id\s+bigint\b.*\bPRIMARY KEY\b`)
	hasUser = regexp.MustCompile(`(?m)^\s*user_id\s+bigint\b`)
)

// resolve finds the tables that refs lead to, and how tests make a row of them.
func (r *resource) resolve(p *project, tables map[string]table) error {
	for i := range r.Fields {
		f := &r.Fields[i]
		f.owner = r.Type
		if len(r.Name)+len(f.Name)+len("__check") > 63 {
			return errors.Errorf("field %s: the names of %s and of the field have more than 56 characters", f.Name, r.Name)
		}
		switch f.Kind {
		case currency:
			if _, ok := tables["currency"]; !ok {
				return errors.New("money needs the table currency, which this project has not: take int")
			}
		case ref:
			to, ok := tables[f.Table]
			switch {
			case !ok:
				return errors.Errorf("field %s: there is no table %s for it to refer to: name one, as in %s:ref(user_account)", f.Base(), f.Table, f.Base())
			case !hasID.MatchString(to.columns):
				return errors.Errorf("field %s: the rows of %s have no id of their own to refer to", f.Base(), f.Table)
			}
			f.Own = r.Owned && hasUser.MatchString(to.columns)
			if err := f.resolveTests(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// resolveTests sets the expressions by which tests make a row to refer to.
func (f *field) resolveTests(p *project) error {
	switch f.Table {
	case "user_account":
		f.apiCreate, f.appID = `f.createUser(unique("user") + "@example.com")`, "u.ID"
		return nil
	// newproject:companies
	case "company":
		f.apiCreate = `f.createCompany(unique("T"))`
		f.AppCreate = fmt.Sprintf("a.CreateCompany(t.Context(), root, app.CompanyInput{\nCreateCompanyParams: db.CreateCompanyParams{Name: %q},\n"+
			"Listings: []app.ListingInput{{Ticker: fmt.Sprintf(\"T%%d\", rand.Uint32())}},\n})", "Of "+f.Base())
		return nil
		// newproject:end
	}
	name := "create" + pascal(f.Table)
	missing := func(what string) error {
		return errors.Errorf("field %s: the tests have no %s, to make %s to refer to: write it, or leave the field out", f.Base(), what, f.ATable())
	}
	_, node, _, err := p.find("internal/api/*_test.go", name, function("fixture."+name))
	if err != nil {
		return missing("method " + name + " of fixture in internal/api")
	}
	f.apiCreate = "f." + name + "()"
	if len(node.(*ast.FuncDecl).Type.Params.List) > 0 {
		f.apiCreate = "f." + name + "(%s)"
	}
	input := camel(f.Table) + "Input"
	_, node, _, err = p.find("internal/app/*_test.go", input, function(input))
	if err != nil {
		return missing("function " + input + " in internal/app")
	}
	arguments := ""
	if len(node.(*ast.FuncDecl).Type.Params.List) > 0 {
		arguments = "t, a, u"
	}
	f.AppCreate = fmt.Sprintf("a.Create%s(t.Context(), app.Actor{UserID: u.ID, Superuser: true}, %s(%s))", pascal(f.Table), input, arguments)
	return nil
}

// free says which of the names that the resource needs are taken. Those in files of Go are found when they are created.
func (r *resource) free(p *project, c contract) error {
	for address := range c.Paths {
		if address == "/"+r.Path || strings.HasPrefix(address, "/"+r.Path+"/") {
			return errors.Errorf("openapi.yaml has a path %s: choose another name, or PLURAL", address)
		}
	}
	schemas := []string{r.Type, r.Type + "Input", r.Type + "Update", r.Type + "Page"}
	for _, f := range r.Enums() {
		if slices.Contains(schemas, f.Enum()) {
			return errors.Errorf("field %s: its schema would have the name of another, %s", f.Name, f.Enum())
		}
		schemas = append(schemas, f.Enum())
	}
	for _, name := range schemas {
		if _, ok := c.Components.Schemas[name]; ok {
			return errors.Errorf("openapi.yaml has a schema %s: choose another name", name)
		}
	}
	if err := p.undeclared("gen/oas/oas_schemas_gen.go", "type", schemas...); err != nil {
		return err
	}
	if err := p.undeclared("gen/db/models.go", "type", r.Type); err != nil {
		return err
	}
	operations := c.operations()
	for _, id := range []string{"list" + r.Types, "create" + r.Type, "get" + r.Type, "replace" + r.Type, "update" + r.Type, "delete" + r.Type} {
		if slices.Contains(operations, id) {
			return errors.Errorf("openapi.yaml has an operation %s: choose another name, or PLURAL", id)
		}
	}
	return nil
}

// undeclared returns an error if generated code declares one of the names.
func (p *project) undeclared(file, keyword string, names ...string) error {
	b, err := p.read(file)
	if err != nil {
		return errors.Wrap(err, "read generated code")
	}
	for _, name := range names {
		if bytes.Contains(b, []byte("\n"+keyword+" "+name+" ")) {
			return errors.Errorf("%s declares %s: choose another name", file, name)
		}
	}
	return nil
}

func (r *resource) plan(p *project) error {
	number, err := p.nextMigration()
	if err != nil {
		return err
	}
	queries := "queries/" + r.Name + ".sql"
	for file, name := range map[string]string{
		"schema/tables/" + r.Name + ".sql":                "table.sql.tmpl",
		fmt.Sprintf("schema/%05d_%s.sql", number, r.Name): "migration.sql.tmpl",
		queries:                                 "queries.sql.tmpl",
		"internal/app/" + r.Name + ".go":        "app.go.tmpl",
		"internal/app/" + r.Name + "_test.go":   "app_test.go.tmpl",
		"internal/api/" + r.Plural + ".go":      "api.go.tmpl",
		"internal/api/" + r.Plural + "_test.go": "api_test.go.tmpl",
	} {
		text, err := render(name, r)
		if err != nil {
			return err
		}
		if err := p.create(file, text); err != nil {
			return err
		}
	}
	if err := p.collidingQueries(queries); err != nil {
		return err
	}
	paths, err := render("paths.yaml.tmpl", r)
	if err != nil {
		return err
	}
	schemas, err := render("schemas.yaml.tmpl", r)
	if err != nil {
		return err
	}
	whose := ""
	if r.Owned {
		whose = " of users"
	}
	if err := p.extend(fmt.Sprintf("  - { name: %s, description: %s%s. }\n", r.Path, capital(r.WordsPlural), whose), string(paths), string(schemas)); err != nil {
		return err
	}
	if err := r.planLines(p); err != nil {
		return err
	}
	line := fmt.Sprintf("- %s: `/%s`.", capital(r.WordsPlural), r.Path)
	if r.Owned {
		line = fmt.Sprintf("- %s, which belong to the user who makes them: `/%s`.", capital(r.WordsPlural), r.Path)
	}
	return p.edit("CHANGELOG.md", func(b []byte) ([]byte, error) { return added(b, line) })
}

// planLines adds what the resource needs in files that are there.
func (r *resource) planLines(p *project) error {
	if err := p.appendToText("internal/app/*_test.go", "unaudited", "reads", "List"+r.Types+" Get"+r.Type); err != nil {
		return err
	}
	if err := p.appendTo("internal/app/*_test.go", "resources", r.Var+"Writers,\n"); err != nil {
		return err
	}
	if err := p.appendTo("internal/api/*_test.go", "examples", "example"+r.Type+",\n"); err != nil {
		return err
	}
	targets := fmt.Sprintf("\"replace%[1]s\": a%[1]s,\n\"update%[1]s\": a%[1]s,\n", r.Type)
	if len(r.Refs()) > 0 {
		targets = fmt.Sprintf("\"create%[1]s\": new%[1]s,\n", r.Type) + targets
	}
	if err := p.appendTo("internal/api/*_test.go", "targets", targets); err != nil {
		return err
	}
	for _, f := range r.Refs() {
		line := fmt.Sprintf("\"%s_%s_fkey\": {Invalid, \"/%s\", \"must be the id of %s\", \"\"},\n", r.Name, f.Name, f.Name, f.ATable())
		if err := p.appendTo("internal/app/*.go", "constraints", line); err != nil {
			return err
		}
	}
	if r.Owned {
		if _, _, _, err := p.find("internal/app/*.go", "", function("Actor.owner")); err != nil {
			if err := p.insertAfter("internal/app/*.go", "Actor.writer", ownerMethod); err != nil {
				return err
			}
		}
	}
	if err := r.planConversions(p); err != nil {
		return err
	}
	return p.edit("docs/security.md", func(b []byte) ([]byte, error) {
		return beforeLine(b, "| `jobs.retry`", fmt.Sprintf("| `%s.created`, `.changed`, `.deleted` | %s |\n", r.Name, r.A))
	})
}

const ownerMethod = `
// owner returns an error unless the actor is a user who may change what is theirs.
func (a Actor) owner() error {
	switch {
	case a.UserID <= 0: // nobody, or the command line
		return &Error{Code: Unauthenticated, Message: "log in first"}
	case a.ReadOnly:
		return errReadOnly
	}
	return nil
}
`

// A conversion is a function of internal/api that goverter uses, by its types.
type conversion struct{ name, from, to, body string }

// The conversions that fields can need and that may not be there. Those of texts and from a bool are.
var conversions = []conversion{
	{"asNilBool", "*bool", "oas.NilBool", "toNil[oas.NilBool](v)"},
	{"asNilInt64", "*int64", "oas.NilInt64", "toNil[oas.NilInt64](v)"},
	{"asNilDecimal", "*decimal.Decimal", "oas.NilDecimal", "toNil[oas.NilDecimal](v)"},
	{"asNilDate", "*time.Time", "oas.NilDate", "toNil[oas.NilDate](v)"},
	{"asNilDateTime", "*time.Time", "oas.NilDateTime", "toNil[oas.NilDateTime](v)"},
	{"asBoolPointer", "oas.OptNilBool", "*bool", "get(o)"},
	{"asInt64Pointer", "oas.OptNilInt64", "*int64", "get(o)"},
	{"asDecimalPointer", "oas.OptNilDecimal", "*decimal.Decimal", "get(o)"},
	{"asDatePointer", "oas.OptNilDate", "*time.Time", "get(o)"},
	{"asDateTimePointer", "oas.OptNilDateTime", "*time.Time", "get(o)"},
	{"asBool", "oas.OptBool", "bool", "o.Value"},
	{"asInt64Value", "oas.OptInt64", "int64", "o.Value"},
	{"asDecimal", "oas.OptDecimal", "decimal.Decimal", "o.Value"},
	{"asDate", "oas.OptDate", "time.Time", "o.Value"},
	{"asDateTime", "oas.OptDateTime", "time.Time", "o.Value"},
	{"asCurrency", "oas.OptCurrency", "string", "string(o.Value)"},
}

// place is the function after which the conversion goes, among those of its kind, and the name of its argument.
func (c conversion) place() (after, argument string) {
	switch {
	case strings.HasPrefix(c.to, "oas."):
		return "asNilString", "v"
	case strings.HasPrefix(c.to, "*"):
		return "asStringPointer", "o"
	}
	return "asString", "o"
}

// planConversions adds those of the generic conversions that the fields need and that are not there.
func (r *resource) planConversions(p *project) error {
	for _, f := range r.Fields {
		if f.List || f.IsEnum() {
			continue
		}
		needed := []string{"oas.Opt" + f.oasType()}
		if f.Optional {
			needed = []string{"oas.OptNil" + f.oasType(), "oas.Nil" + f.oasType()}
		}
		for _, c := range conversions {
			if !slices.Contains(needed, c.from) && !slices.Contains(needed, c.to) {
				continue
			}
			if _, _, _, err := p.find("internal/api/*.go", "", converts(c.from, c.to)); err == nil {
				continue
			}
			after, argument := c.place()
			source := fmt.Sprintf("func %s(%s %s) %s { return %s }", c.name, argument, c.from, c.to, c.body)
			if err := p.insertAfter("internal/api/*.go", after, source); err != nil {
				return err
			}
		}
	}
	return nil
}

// converts is a function for goverter from one type to another.
func converts(from, to string) func(*ast.File) ast.Node {
	return func(file *ast.File) ast.Node {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "as") && f.Type.Params.NumFields() == 1 && f.Type.Results.NumFields() == 1 &&
				typeName(f.Type.Params.List[0].Type) == from && typeName(f.Type.Results.List[0].Type) == to {
				return f
			}
		}
		return nil
	}
}

func typeName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.SelectorExpr:
		return typeName(t.X) + "." + t.Sel.Name
	case *ast.StarExpr:
		return "*" + typeName(t.X)
	}
	return ""
}

// nextMigration is the number of the next one.
func (p *project) nextMigration() (int, error) {
	last := 0
	for _, file := range p.glob("schema/*.sql") {
		digits, _, _ := strings.Cut(path.Base(file), "_")
		n, err := strconv.Atoi(digits)
		if err != nil {
			return 0, errors.Errorf("%s has no number", file)
		}
		last = max(last, n)
	}
	return last + 1, nil
}

var queryName = regexp.MustCompile(`(?m)^-- name: (\w+)`)

// collidingQueries says which queries of a new file have the names of others.
func (p *project) collidingQueries(file string) error {
	b, err := p.read(file)
	if err != nil {
		return err
	}
	for _, other := range p.glob("queries/*.sql") {
		there, err := p.read(other)
		if err != nil {
			return err
		}
		for _, m := range queryName.FindAllSubmatch(b, -1) {
			for _, t := range queryName.FindAllSubmatch(there, -1) {
				if bytes.Equal(m[1], t[1]) {
					return errors.Errorf("%s has a query %s: choose another name", other, m[1])
				}
			}
		}
	}
	return nil
}

// added puts a line at the end of what is added in the unreleased part of a changelog.
func added(b []byte, line string) ([]byte, error) {
	unreleased := regexp.MustCompile(`(?ms)^## (\[)?Unreleased.*?(^## |\z)`).FindIndex(b)
	if unreleased == nil {
		return nil, errors.New(`there is no "## Unreleased"`)
	}
	part := b[unreleased[0]:unreleased[1]]
	section := regexp.MustCompile(`(?ms)^### Added\n.*?(^##|\z)`).FindSubmatchIndex(part)
	if section == nil { // the first of its kind
		i := unreleased[0] + bytes.IndexByte(part, '\n') + 1
		return slices.Concat(b[:i], []byte("\n### Added\n\n"+line+"\n"), b[i:]), nil
	}
	end := unreleased[0] + section[2]
	text := bytes.TrimRight(b[:end], "\n")
	return slices.Concat(text, []byte("\n"+line+"\n"), b[len(text)+1:]), nil
}

func render(name string, data any) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"pascal": pascal, "words": words, "wrap": wrap, "literal": literal}).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, errors.Wrap(err, "read templates")
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, errors.Wrap(err, "make "+name)
	}
	return b.Bytes(), nil
}

// wrap joins words to lines of at most 120 characters. The first begins after so many, the others are indented.
func wrap(length, indent int, items []string) string {
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
			if length += len(item) + 2; length > 118 {
				b.WriteString("\n" + strings.Repeat(" ", indent))
				length = indent + len(item)
			} else {
				b.WriteByte(' ')
			}
		} else {
			length += len(item)
		}
		b.WriteString(item)
	}
	return b.String()
}

// literal is the body of a struct in Go: on one line, or on several that gofmt indents.
func literal(fields []string) string {
	if line := strings.Join(fields, ", "); len(line) < 80 {
		return "{" + line + "}"
	}
	return "{\n" + wrap(12, 12, fields) + ",\n}"
}

// What follows is for the templates.

// Columns are the columns of the table, one a line.
func (r *resource) Columns() string {
	columns := [][2]string{{"id", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}}
	if r.Owned {
		columns = append(columns, [2]string{"user_id", "bigint NOT NULL REFERENCES user_account ON DELETE CASCADE"})
	}
	for _, f := range r.Fields {
		columns = append(columns, [2]string{f.Name, f.SQL()})
	}
	columns = append(columns, [2]string{"created_at", "timestamptz NOT NULL DEFAULT now()"}, [2]string{"updated_at", "timestamptz NOT NULL DEFAULT now()"})
	width := 0
	for _, c := range columns {
		width = max(width, len(c[0]))
	}
	lines := make([]string, len(columns))
	for i, c := range columns {
		lines[i] = fmt.Sprintf("    %-*s %s", width, c[0], c[1])
	}
	return strings.Join(lines, ",\n")
}

func (r *resource) Indexes() (all []string) {
	if r.Owned {
		all = append(all, fmt.Sprintf("CREATE INDEX %[1]s_user_idx ON %[1]s (user_id, id);", r.Name))
	}
	for _, f := range r.Refs() {
		all = append(all, fmt.Sprintf("CREATE INDEX %[1]s_%[2]s_idx ON %[1]s (%[2]s);", r.Name, f.Name))
	}
	return all
}

func (r *resource) InsertColumns() (names []string) {
	if r.Owned {
		names = append(names, "user_id")
	}
	for _, f := range r.Fields {
		names = append(names, f.Name)
	}
	return names
}

func (r *resource) InsertValues() []string {
	values := r.InsertColumns()
	for i := range values {
		values[i] = "@" + values[i]
	}
	return values
}

func (r *resource) Assignments() (all []string) {
	for _, f := range r.Fields {
		all = append(all, f.Name+" = @"+f.Name)
	}
	return all
}

// InputOfRow and RowOfInput copy the fields of a row to an input, and back.
func (r *resource) InputOfRow() (all []string) {
	if r.Owned {
		all = append(all, "UserID: before.UserID")
	}
	for _, f := range r.Fields {
		all = append(all, f.Go()+": before."+f.Go())
	}
	return all
}

func (r *resource) RowOfInput() []string {
	all := []string{"ID: id"}
	for _, f := range r.Fields {
		all = append(all, f.Go()+": in."+f.Go())
	}
	return all
}

func (r *resource) where(is func(field) bool) (some []field) {
	for _, f := range r.Fields {
		if is(f) {
			some = append(some, f)
		}
	}
	return some
}

func (r *resource) Refs() []field  { return r.where(field.IsRef) }
func (r *resource) Enums() []field { return r.where(field.IsEnum) }

// Required are the fields that an input must have, Clears those that one without them empties.
func (r *resource) Required() []field { return r.where(func(f field) bool { return !f.Optional }) }
func (r *resource) Clears() []field   { return r.where(func(f field) bool { return f.Optional }) }

// Single tells that an insertion has one value, for which sqlc makes no struct.
func (r *resource) Single() bool { return len(r.InsertColumns()) == 1 }

// Looks tells whether a check of an input asks the database, Currencies whether for a currency, OwnRefs whether for what
// belongs to the user.
func (r *resource) Looks() bool {
	return slices.ContainsFunc(r.Fields, func(f field) bool { return f.IsRef() || f.Kind == currency })
}
func (r *resource) Currencies() bool {
	return slices.ContainsFunc(r.Fields, func(f field) bool { return f.Kind == currency })
}
func (r *resource) OwnRefs() bool {
	return slices.ContainsFunc(r.Fields, func(f field) bool { return f.Own })
}

// Key are the arguments of a query for one row.
func (r *resource) Key(query string) string {
	if !r.Owned {
		return "id"
	}
	return fmt.Sprintf("db.%s%sParams{ID: id, UserID: actor.UserID}", query, r.Type)
}

func (r *resource) CheckArgs() string {
	var args []string
	if r.Looks() {
		args = append(args, "ctx")
		if r.Currencies() {
			args = append(args, "a")
		}
		args = append(args, "q")
	}
	if r.OwnRefs() {
		args = append(args, "actor")
	}
	return strings.Join(append(args, "&in"), ", ")
}

// May is the method of an actor that says whether they may write.
func (r *resource) May() string {
	if r.Owned {
		return "owner"
	}
	return "writer"
}

// Reader is the client that tests read with, Super the argument that makes a row the superuser's.
func (r *resource) Reader() string {
	if r.Owned {
		return "f.super"
	}
	return "f.anon"
}

func (r *resource) Super() string {
	if r.Owned {
		return "f.super"
	}
	return ""
}

// A wrong is a value that a field does not take.
type wrong struct{ Field, OAS, Value string }

func (r *resource) Wrongs() (all []wrong) {
	for _, f := range r.Fields {
		values := map[kind]string{
			text: `" "`, integer: "1 << 53", money: "1 << 53", number: "decimal.New(1, 50)", date: `day("1899-12-31")`, timestamp: `day("1899-12-31")`,
			ref: "9007199254740991", enum: `"no-such"`, currency: `"XYZ"`,
		}
		value, ok := values[f.Kind]
		if !ok {
			continue
		}
		name := f.Name
		switch {
		case f.List:
			name += "/1"
			value = fmt.Sprintf("append(slices.Clone(in.%s), %s)", f.OAS(), value)
			all = append(all, wrong{f.Name, f.OAS(), fmt.Sprintf("slices.Repeat(in.%s, %d)", f.OAS(), maxItems+1)})
		case f.Optional:
			value = fmt.Sprintf("oas.NewOptNil%s(%s)", f.oasType(), value)
		}
		all = append(all, wrong{name, f.OAS(), value})
		if f.Kind == text && !f.List {
			value = fmt.Sprintf(`strings.Repeat("x", %d)`, f.Max+1)
			if f.Optional {
				value = fmt.Sprintf("oas.NewOptNilString(%s)", value)
			}
			all = append(all, wrong{f.Name, f.OAS(), value})
		}
	}
	return all
}
