package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"golang.org/x/mod/modfile"
)

// A project is the tree of files at root, with changes that are not written yet.
type project struct {
	root, module string
	changed      map[string][]byte // by path, with slashes
	created      map[string]bool
	parsed       map[string]parsed
}

// parsed is a file of Go as it was when it was read last.
type parsed struct {
	source []byte
	set    *token.FileSet
	file   *ast.File
}

func (p *project) parse(path string) (parsed, error) {
	b, err := p.read(path)
	if err != nil {
		return parsed{}, err
	}
	if before, ok := p.parsed[path]; ok && bytes.Equal(before.source, b) {
		return before, nil
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, b, parser.SkipObjectResolution)
	if err != nil {
		return parsed{}, errors.Wrap(err, "parse Go")
	}
	p.parsed[path] = parsed{b, set, file}
	return p.parsed[path], nil
}

func readProject(root string) (*project, error) {
	p := &project{root: root, changed: map[string][]byte{}, created: map[string]bool{}, parsed: map[string]parsed{}}
	mod, err := p.read("go.mod")
	if err != nil {
		return nil, errors.Wrap(err, "run this in the project's folder")
	}
	if p.module = modfile.ModulePath(mod); p.module == "" {
		return nil, errors.New("go.mod names no module")
	}
	return p, nil
}

// read returns a file as it will be.
func (p *project) read(path string) ([]byte, error) {
	if b, ok := p.changed[path]; ok {
		return b, nil
	}
	return os.ReadFile(filepath.Join(p.root, filepath.FromSlash(path)))
}

// glob returns the paths of files that are there already.
func (p *project) glob(pattern string) []string {
	files, err := fs.Glob(os.DirFS(p.root), pattern)
	if err != nil {
		panic(err) // of a pattern of ours
	}
	return files
}

// create adds a file. Of one in Go the imports that it does not use are left out, and nothing that it declares may be
// there already.
func (p *project) create(path string, content []byte) error {
	if _, err := p.read(path); err == nil {
		return errors.Errorf("%s is there already", path)
	}
	if strings.HasSuffix(path, ".go") {
		var err error
		if content, err = formatted(path, content); err != nil {
			return err
		}
		if err := p.collides(path, content); err != nil {
			return err
		}
	}
	p.changed[path], p.created[path] = content, true
	return nil
}

// edit changes a file, which must be there.
func (p *project) edit(path string, change func(content []byte) ([]byte, error)) error {
	before, err := p.read(path)
	if err != nil {
		return errors.Wrap(err, "find a place for the new lines")
	}
	after, err := change(before)
	if err != nil {
		return errors.Wrap(err, path)
	}
	p.changed[path] = after
	return nil
}

// formatted is Go source without the imports that it does not use.
func formatted(path string, source []byte) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.ParseComments)
	if err != nil {
		return nil, errors.Wrap(err, "parse what was made")
	}
	lines := strings.SplitAfter(string(source), "\n")
	for _, spec := range file.Imports {
		if !uses(file, strings.Trim(spec.Path.Value, `"`)) {
			lines[set.Position(spec.Pos()).Line-1] = ""
		}
	}
	text := emptyImport.ReplaceAllString(strings.Join(lines, ""), "import (\n")
	text = blankLines.ReplaceAllString(text, "\n\n")
	out, err := format.Source([]byte(text))
	if err != nil {
		return nil, errors.Wrapf(err, "format %s", path)
	}
	return out, nil
}

// uses tells whether a file names a package, which is called as the last part of its path that is no version.
func uses(file *ast.File, path string) (used bool) {
	parts := strings.Split(path, "/")
	name := parts[len(parts)-1]
	if version.MatchString(name) {
		name = parts[len(parts)-2]
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && id.Name == name {
				used = true
			}
		}
		return !used
	})
	return used
}

var (
	version     = regexp.MustCompile(`^v[0-9]+$`)
	emptyImport = regexp.MustCompile(`import \(\n\n+`)
	blankLines  = regexp.MustCompile(`\n\n\n+`)
)

// declared are the names that a file of Go declares at its top, those of methods after their type and a dot.
func declared(file *ast.File) (names []string) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = receiver(d) + "." + name
			}
			names = append(names, name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

// receiver is the type of a method.
func receiver(f *ast.FuncDecl) string {
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// collides says what of a new file's package is declared in another one.
func (p *project) collides(path string, content []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, content, parser.SkipObjectResolution)
	if err != nil {
		return errors.Wrap(err, "parse Go")
	}
	names := declared(file)
	for _, other := range p.glob(filepath.ToSlash(filepath.Join(filepath.Dir(path), "*.go"))) {
		there, err := p.parse(other)
		if err != nil {
			return err
		}
		if there.file.Name.Name != file.Name.Name {
			continue
		}
		for _, n := range declared(there.file) {
			if n != "_" && slices.Contains(names, n) {
				return errors.Errorf("the name would give %s a second %s, which %s declares: choose another", filepath.Dir(path), n, other)
			}
		}
	}
	return nil
}

// find returns the place of a declaration in the files of Go that match a pattern.
func (p *project) find(pattern, what string, in func(*ast.File) ast.Node) (path string, node ast.Node, set *token.FileSet, err error) {
	for _, path := range p.glob(pattern) {
		f, err := p.parse(path)
		if err != nil {
			return "", nil, nil, err
		}
		if node := in(f.file); node != nil {
			return path, node, f.set, nil
		}
	}
	return "", nil, nil, errors.Errorf("no file %s has %s, which the new lines go into", pattern, what)
}

// insert puts text at a place of a file of Go.
func (p *project) insert(path string, offset int, text string) error {
	return p.edit(path, func(b []byte) ([]byte, error) {
		return format.Source(slices.Concat(b[:offset], []byte(text), b[offset:]))
	})
}

// variable is the value of a package's variable.
func variable(name string) func(*ast.File) ast.Node {
	return func(file *ast.File) ast.Node {
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && v.Names[0].Name == name && len(v.Values) == 1 {
					if literal, ok := v.Values[0].(*ast.CompositeLit); ok {
						return literal
					}
				}
			}
		}
		return nil
	}
}

// function is a function or, with a dot, a method.
func function(name string) func(*ast.File) ast.Node {
	return func(file *ast.File) ast.Node {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && (f.Recv == nil && f.Name.Name == name || f.Recv != nil && receiver(f)+"."+f.Name.Name == name) {
				return f
			}
		}
		return nil
	}
}

// appendTo adds lines to the end of the list or map that a package's variable is.
func (p *project) appendTo(pattern, name, lines string) error {
	path, node, set, err := p.find(pattern, "a variable "+name, variable(name))
	if err != nil {
		return err
	}
	literal := node.(*ast.CompositeLit)
	if set.Position(literal.Lbrace).Line == set.Position(literal.Rbrace).Line {
		lines = "\n" + lines
	}
	return p.insert(path, set.Position(literal.Rbrace).Offset, lines)
}

// appendToText adds words to the text that a map, a package's variable, has for a key.
func (p *project) appendToText(pattern, name, key, words string) error {
	path, node, set, err := p.find(pattern, "a text "+key+" in the variable "+name, func(file *ast.File) ast.Node {
		literal, ok := variable(name)(file).(*ast.CompositeLit)
		if !ok {
			return nil
		}
		for _, e := range literal.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				k, isKey := pair.Key.(*ast.BasicLit)
				v, isText := pair.Value.(*ast.BasicLit)
				if isKey && isText && k.Value == fmt.Sprintf("%q", key) {
					return v
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.insert(path, set.Position(node.End()).Offset-1, " "+words)
}

// insertAfter adds text after a function, and imports of the packages that the text alone uses.
func (p *project) insertAfter(pattern, name, text string) error {
	path, node, set, err := p.find(pattern, "a function "+name, function(name))
	if err != nil {
		return err
	}
	if err := p.insert(path, set.Position(node.End()).Offset, "\n"+text); err != nil {
		return err
	}
	for _, pkg := range []string{"time", "github.com/shopspring/decimal"} {
		if strings.Contains(text, pkg[strings.LastIndex(pkg, "/")+1:]+".") {
			if err := p.addImport(path, pkg); err != nil {
				return err
			}
		}
	}
	return nil
}

// addImport adds an import to a file of Go, in the standard library's, others' or this module's group.
func (p *project) addImport(path, pkg string) error {
	f, err := p.parse(path)
	if err != nil {
		return err
	}
	var groups [3][]string
	add := func(path, line string) {
		at := 1
		switch {
		case !strings.Contains(strings.Split(path, "/")[0], "."):
			at = 0
		case strings.HasPrefix(path, p.module+"/"):
			at = 2
		}
		groups[at] = append(groups[at], line)
	}
	for _, spec := range f.file.Imports {
		if strings.Trim(spec.Path.Value, `"`) == pkg {
			return nil
		}
		add(strings.Trim(spec.Path.Value, `"`), string(f.source[f.set.Position(spec.Pos()).Offset:f.set.Position(spec.End()).Offset]))
	}
	add(pkg, fmt.Sprintf("%q", pkg))
	decl, ok := f.file.Decls[0].(*ast.GenDecl)
	if !ok || decl.Tok != token.IMPORT {
		return errors.Errorf("%s imports nothing", path)
	}
	var blocks []string
	for _, g := range groups {
		if len(g) > 0 {
			blocks = append(blocks, strings.Join(g, "\n"))
		}
	}
	from, to := f.set.Position(decl.Pos()).Offset, f.set.Position(decl.End()).Offset
	return p.edit(path, func(b []byte) ([]byte, error) {
		return format.Source(slices.Concat(b[:from], []byte("import (\n"+strings.Join(blocks, "\n\n")+"\n)"), b[to:]))
	})
}

// write writes all changes, or none of them, and says which.
func (p *project) write(out io.Writer) (err error) {
	type step struct{ path, temporary string }
	var steps []step
	before := map[string][]byte{}
	defer func() {
		for _, s := range steps {
			_ = os.Remove(s.temporary)
		}
		if err == nil {
			return
		}
		for path, b := range before {
			if b == nil {
				_ = os.Remove(path)
			} else {
				_ = os.WriteFile(path, b, 0o644) //nolint:gosec // source
			}
		}
	}()
	for _, path := range slices.Sorted(maps.Keys(p.changed)) {
		full := filepath.Join(p.root, filepath.FromSlash(path))
		s := step{full, full + ".scaffold"}
		steps = append(steps, s)
		if err := os.WriteFile(s.temporary, p.changed[path], 0o644); err != nil { //nolint:gosec // source
			return errors.Wrap(err, "write")
		}
	}
	for _, s := range steps {
		old, err := os.ReadFile(s.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Wrap(err, "read")
		}
		before[s.path] = old
		if err := os.Rename(s.temporary, s.path); err != nil {
			return errors.Wrap(err, "write")
		}
	}
	for _, path := range slices.SortedFunc(maps.Keys(p.changed), func(a, b string) int {
		return cmp.Or(-bytes.Compare([]byte{btoi(p.created[a])}, []byte{btoi(p.created[b])}), strings.Compare(a, b))
	}) {
		fmt.Fprintln(out, map[bool]string{true: "new    ", false: "changed"}[p.created[path]], path)
	}
	fmt.Fprintln(out, "\nNext: make generate check test")
	return nil
}

func btoi(b bool) byte {
	if b {
		return 1
	}
	return 0
}
