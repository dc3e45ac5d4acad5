package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"github.com/go-faster/errors"
)

// A job is what the templates are given.
type job struct {
	Module string
	Name   string // in snake_case
	Type   string
	Words  string
	Fields []field
}

// makeJob plans all changes for a new background job. The error is errThere if it is there.
func makeJob(p *project, o options) error {
	if err := checkTypeName("job", o.name); err != nil {
		return err
	}
	j := job{Module: p.module, Name: o.name, Type: pascal(o.name), Words: words(o.name)}
	if o.fields != "" {
		fields, err := parseFields(o.fields)
		if err != nil {
			return err
		}
		j.Fields = fields
	}
	for i, f := range j.Fields {
		if slices.ContainsFunc(j.Fields[:i], func(other field) bool { return other.Go() == f.Go() }) {
			return errors.Errorf("field %s: is given twice", f.Name)
		}
		if f.Go() == "Kind" || f.Go() == "InsertOpts" {
			return errors.Errorf("field %s: the arguments of a job have a method of this name", f.Name)
		}
		if f.Kind == ref { // which is checked nowhere: the job finds out
			j.Fields[i].appID = "7"
		}
	}
	kind, err := p.jobKind(j.Name)
	switch {
	case err != nil:
		return err
	case kind == "internal/app/"+j.Name+".go":
		return errThere
	case kind != "":
		return errors.Errorf("%s has a job of the kind %s: choose another name", kind, j.Name)
	}
	for file, name := range map[string]string{
		"internal/app/" + j.Name + ".go":       "job.go.tmpl",
		"internal/app/" + j.Name + "_test.go":  "job_app_test.go.tmpl",
		"internal/jobs/" + j.Name + "_test.go": "job_test.go.tmpl",
	} {
		text, err := render(name, &j)
		if err != nil {
			return err
		}
		if err := p.create(file, text); err != nil {
			return err
		}
	}
	if err := p.appendTo("internal/app/*_test.go", "resources", camel(j.Name)+"Writers,\n"); err != nil {
		return err
	}
	if err := p.appendToText("internal/app/*_test.go", "unaudited", "is done by jobs", "Run"+j.Type); err != nil {
		return err
	}
	path, node, set, err := p.find("internal/jobs/*.go", "a function workers that ends by returning them", func(file *ast.File) ast.Node {
		f, ok := function("workers")(file).(*ast.FuncDecl)
		if !ok {
			return nil
		}
		last, ok := f.Body.List[len(f.Body.List)-1].(*ast.ReturnStmt)
		if !ok {
			return nil
		}
		return last
	})
	if err != nil {
		return err
	}
	worker := fmt.Sprintf("river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[app.%[1]sArgs]) error {\nreturn a.Run%[1]s(ctx, job.Args)\n}))\n", j.Type)
	if err := p.insert(path, set.Position(node.Pos()).Offset, worker); err != nil {
		return err
	}
	if err := p.edit("docs/security.md", func(b []byte) ([]byte, error) {
		return beforeLine(b, "| `jobs.retry`", fmt.Sprintf("| `%s.started` | the job %s |\n", j.Name, j.Name))
	}); err != nil {
		return err
	}
	line := fmt.Sprintf("- A background job, `%s`.", j.Name)
	return p.edit("CHANGELOG.md", func(b []byte) ([]byte, error) { return added(b, line) })
}

// jobKind returns the file that has a kind of jobs, "" if none has.
func (p *project) jobKind(name string) (string, error) {
	for _, path := range p.glob("internal/app/*.go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		b, err := p.read(path)
		if err != nil {
			return "", err
		}
		if bytes.Contains(b, fmt.Appendf(nil, "Kind() string { return %q }", name)) {
			return path, nil
		}
	}
	return "", nil
}

// beforeLine puts text before the line that begins with start.
func beforeLine(b []byte, start, text string) ([]byte, error) {
	i := bytes.Index(b, []byte("\n"+start))
	if i < 0 {
		return nil, errors.Errorf("there is no line that begins with %q, before which the new one goes", start)
	}
	return slices.Concat(b[:i+1], []byte(text), b[i+1:]), nil
}

// ID is the identifier in Go of a name.
func (j *job) Var() string { return camel(j.Name) }

// Texts are the fields that are checked, beside those that have any value.
func (j *job) Checks() (lines []string) {
	for _, f := range j.Fields {
		lines = append(lines, f.Checks()...)
		if f.Kind == enum {
			lines = append(lines, f.wordsCheck()...)
		}
	}
	return lines
}

// wordsCheck are the statements that check an enum that no contract checks.
func (f field) wordsCheck() []string {
	check := func(value, at string) string {
		return fmt.Sprintf("v.check(slices.Contains([]string{%s}, %s), %s, \"must be one of %s\")",
			`"`+strings.Join(f.Words, `", "`)+`"`, value, at, strings.Join(f.Words, ", "))
	}
	value, at := "in."+f.Go(), fmt.Sprintf("%q", "/"+f.Name)
	switch {
	case f.List:
		return []string{"for i, word := range " + value + " {", check("word", fmt.Sprintf(`fmt.Sprintf("/%s/%%d", i)`, f.Name)), "}"}
	case f.Optional:
		return []string{"if " + value + " != nil {", check("*"+value, at), "}"}
	}
	return []string{check(value, at)}
}
