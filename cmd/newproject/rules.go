package main

import (
	"bytes"
	"context"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"go.yaml.in/yaml/v3"
)

// rulesFile says what is made of the template's files. Each revision has its own.
const rulesFile = "cmd/newproject/template.yaml"

type rules struct {
	Names     []name
	LeaveOut  []string          `yaml:"leave_out"`
	Generated []string          `yaml:"generated"`
	Domains   map[string]domain `yaml:"domains"`
}

// A name is replaced in the files that Only matches, or in all.
type name struct {
	Text, Word string
	As         string
	Only       []string
}

type domain struct {
	LeaveOut    []string `yaml:"leave_out"`
	Tags        []string
	Keep        []string
	FreshSchema bool `yaml:"fresh_schema"`
	Then        []string
}

// rules returns those of a commit of the template.
func (g generator) rules(ctx context.Context, commit string) (rules, error) {
	var r rules
	b, err := g.template.git(ctx, "cat-file", "blob", commit+":"+rulesFile)
	if err != nil {
		return r, errors.Errorf("%s has no %s at %.12s: it cannot be a template", g.template.dir, rulesFile, commit)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&r); err != nil {
		return r, errors.Wrap(err, rulesFile)
	}
	for _, n := range r.Names {
		if (n.Text == "") == (n.Word == "") || n.As == "" {
			return r, errors.Errorf("%s: a name has either a text or a word, and what it is replaced with: %+v", rulesFile, n)
		}
	}
	return r, nil
}

// domain returns the named one.
func (r rules) domain(name string) (domain, error) {
	d, ok := r.Domains[name]
	if !ok {
		var known []string
		for n := range r.Domains {
			known = append(known, n)
		}
		slices.Sort(known)
		return d, errors.Errorf("domain %q is unknown: there are %s", name, strings.Join(known, " and "))
	}
	return d, nil
}

// leaveOut deletes what the globs match. One that matches nothing is an error.
func leaveOut(files map[string]file, globs []string) error {
	for _, g := range globs {
		before := len(files)
		matches := glob(g)
		for name := range files {
			if matches(name) {
				delete(files, name)
			}
		}
		if len(files) == before {
			return errors.Errorf("%s: leave_out: %q matches no file", rulesFile, g)
		}
	}
	return nil
}

// glob returns whether a path matches: * and ? stand for what path.Match says, and ** for anything.
func glob(pattern string) func(path string) bool {
	before, after, ok := strings.Cut(pattern, "**")
	if !ok {
		return func(p string) bool {
			ok, err := path.Match(pattern, p)
			return err == nil && ok
		}
	}
	var re strings.Builder
	re.WriteString("^" + globExpression(before))
	for ok {
		if rest, folder := strings.CutPrefix(after, "/"); folder {
			re.WriteString("(.*/)?")
			after = rest
		} else {
			re.WriteString(".*")
		}
		before, after, ok = strings.Cut(after, "**")
		re.WriteString(globExpression(before))
	}
	return regexp.MustCompile(re.String() + "$").MatchString
}

// globExpression returns the regular expression of a glob without **.
func globExpression(g string) string {
	return strings.NewReplacer(`\*`, `[^/]*`, `\?`, `[^/]`).Replace(regexp.QuoteMeta(g))
}

func matchesAny(path string, globs []string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return glob(g)(path) })
}

// rename replaces the names in contents and paths.
func (p project) rename(files map[string]file, names []name) (map[string]file, error) {
	values := map[string]string{"SLUG": strings.ToUpper(p.vars["slug"])}
	for n, v := range p.vars {
		values[n] = v
	}
	var pairs []string // for paths and the files that no name is for alone
	replaced := make([]string, len(names))
	for i, n := range names {
		var unknown string
		replaced[i] = os.Expand(n.As, func(v string) string {
			if _, ok := values[v]; !ok {
				unknown = v
			}
			return values[v]
		})
		if unknown != "" {
			return nil, errors.Errorf("%s: there is no variable %q", rulesFile, unknown)
		}
		if n.Only == nil && n.Text != "" {
			pairs = append(pairs, n.Text, replaced[i])
		}
	}
	everywhere := strings.NewReplacer(pairs...)
	out := make(map[string]file, len(files))
	for path, f := range files {
		if !binary(f.content) {
			f.content = []byte(replacer(path, names, replaced, everywhere)(string(f.content)))
		}
		to := everywhere.Replace(path)
		if _, ok := out[to]; ok {
			return nil, errors.Errorf("%s would be there twice", to)
		}
		out[to] = f
	}
	return out, nil
}

// replacer returns what replaces names in a file: everywhere, unless some are for few files or are words.
func replacer(path string, names []name, replaced []string, everywhere *strings.Replacer) func(string) string {
	var alternatives []string
	var as []string
	special := false
	for i, n := range names {
		if n.Only != nil && !matchesAny(path, n.Only) {
			continue
		}
		special = special || n.Only != nil || n.Word != ""
		as = append(as, replaced[i])
		if n.Word != "" {
			alternatives = append(alternatives, `(\b`+regexp.QuoteMeta(n.Word)+`\b)`)
		} else {
			alternatives = append(alternatives, `(`+regexp.QuoteMeta(n.Text)+`)`)
		}
	}
	if !special {
		return everywhere.Replace
	}
	re := regexp.MustCompile(strings.Join(alternatives, "|"))
	return func(text string) string {
		var out strings.Builder
		end := 0
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			out.WriteString(text[end:m[0]])
			for group := range as {
				if m[2+2*group] >= 0 {
					out.WriteString(as[group])
				}
			}
			end = m[1]
		}
		return out.String() + text[end:]
	}
}

// binary tells whether a file's content is no text, as git does.
func binary(content []byte) bool {
	return strings.IndexByte(string(content[:min(len(content), 8000)]), 0) >= 0
}
