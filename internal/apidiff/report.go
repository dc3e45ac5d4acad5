package main

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/go-faster/errors"
)

// A report is what differs between two contracts.
type report struct {
	base     string
	breaks   []change // not declared
	declared []declaredChange
	news     []change       // what breaks nothing
	unused   []*declaration // that fit nothing
	served   []*declaration // of earlier changes
}

type declaredChange struct {
	change
	by *declaration
}

func newReport(base string, changes []change, declarations []*declaration) *report {
	r := &report{base: base}
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Text, b.Text))
	})
	for _, c := range changes {
		if !c.breaks() {
			r.news = append(r.news, c)
			continue
		}
		i := slices.IndexFunc(declarations, func(d *declaration) bool { return d.fits(c) })
		if i < 0 {
			r.breaks = append(r.breaks, c)
			continue
		}
		declarations[i].used = true
		r.declared = append(r.declared, declaredChange{c, declarations[i]})
	}
	for _, d := range declarations {
		switch {
		case d.old:
			r.served = append(r.served, d)
		case !d.used:
			r.unused = append(r.unused, d)
		}
	}
	return r
}

// passes reports whether no break is undeclared, and every new declaration is of one.
func (r *report) passes() bool { return len(r.breaks) == 0 && len(r.unused) == 0 }

func (r *report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s compared with %s\n", contractFile, r.base)
	if len(r.breaks) > 0 {
		fmt.Fprintf(&b, "\nBreaks clients (%d):\n", len(r.breaks))
		for _, c := range r.breaks {
			fmt.Fprintf(&b, "  %s%s [%s]\n", place(c), c, c.ID)
			if c.Comment != "" {
				fmt.Fprintf(&b, "      %s\n", c.Comment)
			}
		}
	}
	if len(r.declared) > 0 {
		fmt.Fprintf(&b, "\nBreaks clients, as declared (%d):\n", len(r.declared))
		for _, c := range r.declared {
			fmt.Fprintf(&b, "  %s%s [%s]\n      %s: %s\n", place(c.change), c, c.ID, c.by.Date, c.by.Reason)
		}
	}
	if len(r.news) > 0 {
		fmt.Fprintf(&b, "\nNew or changed, and breaks nothing (%d):\n", len(r.news))
		for _, c := range together(r.news) {
			fmt.Fprintf(&b, "  %s%s [%s]\n", place(c), c, c.ID)
		}
	}
	if len(r.breaks)+len(r.declared)+len(r.news) == 0 {
		b.WriteString("\nNothing that clients notice has changed.\n")
	}
	if len(r.unused) > 0 {
		b.WriteString("\nDeclared, but no such break is there:\n")
		for _, d := range r.unused {
			fmt.Fprintf(&b, "  %s\n", d)
		}
	}
	if len(r.served) > 0 {
		fmt.Fprintf(&b, "\nDeclared for earlier changes, which %s has; they let nothing pass any more and can go:\n", r.base)
		for _, d := range r.served {
			fmt.Fprintf(&b, "  %s\n", d)
		}
	}
	if len(r.breaks) > 0 {
		fmt.Fprintf(&b, "\nA break that is meant needs an entry in %s:\n\n%s", declaredFile, r.entries())
	}
	return b.String()
}

// together says once what is the same of several operations.
func together(changes []change) (all []change) {
	more := map[[2]string]int{}
	first := map[[2]string]int{}
	for _, c := range changes {
		key := [2]string{c.ID, c.Text}
		if _, ok := first[key]; ok {
			more[key]++
			continue
		}
		first[key] = len(all)
		all = append(all, c)
	}
	for key, n := range more {
		all[first[key]].Text += fmt.Sprintf(" (and of %d more operations)", n)
		if n == 1 {
			all[first[key]].Text = key[1] + " (and of another operation)"
		}
	}
	return all
}

// entries are the ones that would declare the breaks, without reasons and dates: one for all operations that have the same.
func (r *report) entries() string {
	var b strings.Builder
	for i, c := range r.breaks {
		same := func(o change) bool { return o.ID == c.ID && o.Text == c.Text }
		if slices.ContainsFunc(r.breaks[:i], same) {
			continue
		}
		fmt.Fprintf(&b, "- change: %s\n", c.ID)
		if e := c.endpoint(); e != "" && !slices.ContainsFunc(r.breaks[i+1:], same) {
			fmt.Fprintf(&b, "  operation: %s\n", e)
		}
		fmt.Fprintf(&b, "  text: '%s'\n  reason:\n  date:\n", strings.ReplaceAll(c.Text, "'", "''"))
	}
	return b.String()
}

// place is where the new contract has a change.
func place(c change) string {
	if c.RevisionSource.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", contractFile, c.RevisionSource.Line)
}

func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The API compared with %s\n", r.base)
	section := func(title string, changes []change) {
		if len(changes) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n| operation | change | kind |\n| --- | --- | --- |\n", title)
		for _, c := range changes {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(c.endpoint()), cell(c.Text), c.ID)
		}
	}
	section("Breaks clients", r.breaks)
	if len(r.declared) > 0 {
		b.WriteString("\n## Breaks clients, as declared\n\n| operation | change | reason | date |\n| --- | --- | --- | --- |\n")
		for _, c := range r.declared {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(c.endpoint()), cell(c.Text), cell(c.by.Reason), c.by.Date)
		}
	}
	section("New or changed, and breaks nothing", together(r.news))
	if len(r.breaks)+len(r.declared)+len(r.news) == 0 {
		b.WriteString("\nNothing that clients notice has changed.\n")
	}
	if len(r.unused) > 0 {
		b.WriteString("\n## Declared, but no such break is there\n\n")
		for _, d := range r.unused {
			fmt.Fprintf(&b, "- %s\n", d)
		}
	}
	return b.String()
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}

// annotations are GitHub's workflow commands.
func (r *report) annotations() string {
	var b strings.Builder
	annotate := func(kind, file string, line int, title, text string) {
		at := ""
		if line > 0 {
			at = fmt.Sprintf(",line=%d", line)
		}
		data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
		property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
		fmt.Fprintf(&b, "::%s file=%s%s,title=%s::%s\n", kind, file, at, property.Replace(title), data.Replace(text))
	}
	for _, c := range r.breaks {
		annotate("error", contractFile, c.RevisionSource.Line, "Breaking change", fmt.Sprintf("%s [%s]", c, c.ID))
	}
	for _, d := range r.unused {
		annotate("error", declaredFile, d.line, "No such break", "the entry declares a break that is not there")
	}
	for _, c := range r.declared {
		annotate("warning", contractFile, c.RevisionSource.Line, "Declared breaking change", fmt.Sprintf("%s (%s)", c, c.by.Reason))
	}
	return b.String()
}

type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Cases    []test `xml:"testcase"`
	}
	test struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		File    string   `xml:"file,attr,omitempty"`
		Failure *failure `xml:"failure"`
	}
	failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit has a test for each break, which fails if that is not declared, and for each declaration of none; and one that
// passes if there are no breaks.
func (r *report) junit() (string, error) {
	s := suite{Name: "api-diff"}
	add := func(class, name, file, failed string) {
		t := test{Name: name, Class: class, File: file}
		if failed != "" {
			t.Failure = &failure{Message: failed, Text: name}
			s.Failures++
		}
		s.Cases = append(s.Cases, t)
		s.Tests++
	}
	for _, c := range r.breaks {
		add(cmp.Or(c.endpoint(), contractFile), c.Text, contractFile, "breaking change: "+c.ID)
	}
	for _, c := range r.declared {
		add(cmp.Or(c.endpoint(), contractFile), c.Text, contractFile, "")
	}
	for _, d := range r.unused {
		add(declaredFile, d.String(), declaredFile, "no such break is there")
	}
	if s.Tests == 0 {
		add(contractFile, "breaks nothing of "+r.base, contractFile, "")
	}
	text, err := xml.MarshalIndent(suites{Name: s.Name, Tests: s.Tests, Failures: s.Failures, Suites: []suite{s}}, "", "  ")
	if err != nil {
		return "", errors.Wrap(err, "write JUnit")
	}
	return xml.Header + string(text) + "\n", nil
}
