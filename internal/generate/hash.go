package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go-faster/errors"
)

// goVersion is what tools are built with.
var goVersion = runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = io.WriteString(h, p+"\x00")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashInputs is of the names and the text of a step's inputs, and of the declarations in its types.
func hashInputs(s step) (string, error) {
	files, err := hashFiles(s.inputs)
	if err != nil {
		return "", err
	}
	declared, err := hashDeclarations(s.types)
	return hash(files, declared), err
}

// hashFiles is of the names and the text of the files at and below paths; one that is not there counts as such.
func hashFiles(paths []string) (string, error) {
	h := sha256.New()
	err := walk(paths, func(path string, _ fs.DirEntry) error {
		f, err := os.Open(path)
		if err != nil {
			return errors.Wrap(err, "hash")
		}
		defer func() { _ = f.Close() }()
		one := sha256.New()
		if _, err := io.Copy(one, f); err != nil {
			return errors.Wrap(err, "hash")
		}
		_, _ = io.WriteString(h, path+"\x00"+string(one.Sum(nil)))
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// walk calls f for the files at and below paths, in their order.
func walk(paths []string, f func(path string, d fs.DirEntry) error) error {
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return errors.Wrap(err, "look into "+root)
			case d.IsDir() || !d.Type().IsRegular():
				return nil
			}
			return f(path, d)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hashDeclarations is of what the Go files of the folders declare: their types, constants, variables, and the heads of
// their functions. A change within a function is none.
func hashDeclarations(dirs []string) (string, error) {
	h := sha256.New()
	err := walk(dirs, func(path string, _ fs.DirEntry) error {
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_gen.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return errors.Wrap(err, "hash")
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, path, text, parser.ParseComments)
		if err != nil { // the compiler says it better
			_, _ = h.Write(text)
			return nil //nolint:nilerr // see above
		}
		comments := parsed.Comments[:0]
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				f.Body = nil
			}
		}
		for _, c := range parsed.Comments { // goverter reads those of declarations
			if strings.Contains(c.Text()+raw(c), "goverter:") {
				comments = append(comments, c)
			}
		}
		parsed.Comments = nil
		var out bytes.Buffer
		for _, c := range comments {
			out.WriteString(raw(c))
		}
		for _, d := range parsed.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				g.Doc = nil
			} else if f, ok := d.(*ast.FuncDecl); ok {
				f.Doc = nil
			}
			if err := format.Node(&out, token.NewFileSet(), d); err != nil {
				return errors.Wrap(err, "hash "+path)
			}
			out.WriteByte('\n')
		}
		_, _ = io.WriteString(h, path+"\x00"+out.String())
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func raw(c *ast.CommentGroup) string {
	var b strings.Builder
	for _, line := range c.List {
		b.WriteString(line.Text + "\n")
	}
	return b.String()
}
