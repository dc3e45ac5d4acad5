package web

import (
	"bytes"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue"
)

// A problemPage is about one type of problems.
type problemPage struct {
	edgevalue.ProblemType
	Name, StatusText string
}

// Parts are the description's, in which code stands between backquotes: every second one.
func (p problemPage) Parts() []string { return strings.Split(p.Description, "`") }

// registerProblems adds a page for each type of problems that the specification lists, and one with all of them.
func registerProblems(handle func(path string, f *file), pages *template.Template, cfg Config) error {
	types, err := edgevalue.ProblemTypes(cfg.Spec)
	if err != nil {
		return err
	}
	var all []problemPage
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t := types[name]
		all = append(all, problemPage{t, name, http.StatusText(t.Status)})
	}
	slices.SortStableFunc(all, func(a, b problemPage) int { return a.Status - b.Status })
	add := func(path, name string, shown []problemPage) error {
		var b bytes.Buffer
		data := struct {
			Config
			Problems []problemPage
		}{cfg, shown}
		if err := pages.ExecuteTemplate(&b, name, data); err != nil {
			return errors.Wrapf(err, "page %s", path)
		}
		f := newFile(b.Bytes())
		f.contentType, f.cacheControl, f.csp = "text/html; charset=utf-8", revalidate, plainCSP
		handle(path, f)
		handle(path+"/{$}", f)
		return nil
	}
	for _, p := range all {
		if err := add("/problems/"+p.Name, "problem.html", []problemPage{p}); err != nil {
			return err
		}
	}
	return add("/problems", "problems.html", all)
}
