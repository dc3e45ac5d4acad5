package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
)

// dropUnusedImports deletes those that a Go file no longer uses.
func dropUnusedImports(name string, source []byte) ([]byte, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, errors.Wrap(err, "parse what is left")
	}
	used := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	lines := bytes.SplitAfter(source, []byte("\n"))
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.IMPORT {
			continue
		}
		left := 0
		for _, spec := range d.Specs {
			s := spec.(*ast.ImportSpec)
			if n := importName(s); n == "_" || n == "." || used[n] {
				left++
				continue
			}
			from := s.Pos()
			if s.Doc != nil {
				from = s.Doc.Pos()
			}
			for i := set.Position(from).Line; i <= set.Position(s.End()).Line; i++ {
				lines[i-1] = nil
			}
		}
		if left == 0 {
			for i := set.Position(d.Pos()).Line; i <= set.Position(d.End()).Line; i++ {
				lines[i-1] = nil
			}
		}
	}
	return bytes.Join(lines, nil), nil
}

// importName returns the name by which a file uses an import: its own or, as goimports has it, what its path suggests.
func importName(s *ast.ImportSpec) string {
	if s.Name != nil {
		return s.Name.Name
	}
	p, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return ""
	}
	return suggestedName(p)
}

var (
	majorVersion = regexp.MustCompile(`^v[0-9]+$`)
	notName      = regexp.MustCompile(`[^A-Za-z0-9_].*$`)
)

// suggestedName returns the name of the package that an import path suggests, as goimports does.
func suggestedName(importPath string) string {
	base := path.Base(importPath)
	if majorVersion.MatchString(base) && path.Dir(importPath) != "." {
		base = path.Base(path.Dir(importPath))
	}
	return notName.ReplaceAllString(strings.TrimPrefix(base, "go-"), "")
}

// nameRoot writes the name of the module's root package where it is imported, if the module's path does not suggest it.
func nameRoot(source []byte, modulePath, slug string) []byte {
	if suggestedName(modulePath) == slug {
		return source
	}
	re := regexp.MustCompile(`(?m)^(import |\t)` + regexp.QuoteMeta(strconv.Quote(modulePath)) + `$`)
	return re.ReplaceAll(source, []byte("${1}"+slug+" "+strconv.Quote(modulePath)))
}

// taken returns a Go file in which a slug, as the name of the module's root package, would stand for something else, or "".
// Such a file imports the root package and uses the name, or declares it for one in its folder that does.
func taken(files map[string]file, modulePath, slug string) (string, error) {
	imports := []byte(strconv.Quote(modulePath) + "\n")
	folders := map[string]bool{}
	for name, f := range files {
		if strings.HasSuffix(name, ".go") && bytes.Contains(f.content, imports) {
			folders[path.Dir(name)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".go") || !folders[path.Dir(name)] {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, files[name].content, parser.SkipObjectResolution)
		if err != nil {
			return "", errors.Wrap(err, "parse")
		}
		if declares(f, slug) || bytes.Contains(files[name].content, imports) && uses(f, slug) {
			return name, nil
		}
	}
	return "", nil
}

// declares tells whether a file declares a name for its whole package.
func declares(f *ast.File, name string) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		switch d := d.(type) {
		case *ast.FuncDecl:
			return d.Recv == nil && d.Name.Name == name
		case *ast.GenDecl:
			return slices.ContainsFunc(d.Specs, func(s ast.Spec) bool {
				switch s := s.(type) {
				case *ast.TypeSpec:
					return s.Name.Name == name
				case *ast.ValueSpec:
					return slices.ContainsFunc(s.Names, func(i *ast.Ident) bool { return i.Name == name })
				}
				return false
			})
		}
		return false
	})
}

// uses tells whether a file imports something by a name, or has it for something else than a field or method.
func uses(f *ast.File, name string) bool {
	if slices.ContainsFunc(f.Imports, func(s *ast.ImportSpec) bool { return importName(s) == name }) {
		return true
	}
	var found bool
	others := map[*ast.Ident]bool{f.Name: true}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			others[n.Sel] = true
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				others[key] = true
			}
		case *ast.Ident:
			found = found || n.Name == name && !others[n]
		}
		return true
	})
	return found
}

// formatGo returns the source as gofmt has it.
func formatGo(source []byte) ([]byte, error) {
	b, err := format.Source(source)
	if err != nil {
		return nil, errors.Wrap(err, "format")
	}
	return b, nil
}
