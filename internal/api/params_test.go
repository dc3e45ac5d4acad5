package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const paramsFile = "../../gen/oas/oas_parameters_gen.go"

// A parameter that no handler reads compiles as well.
func TestHandlersReadTheirParameters(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var sources []string
	for _, name := range files {
		if !strings.HasSuffix(name, "_test.go") {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			sources = append(sources, string(source))
		}
	}
	generated, err := os.ReadFile(paramsFile)
	require.NoError(t, err)
	unread, read := unreadParams(t, string(generated), sources...)
	assert.Empty(t, unread)
	assert.Greater(t, read, 15)
}

func TestUnreadParametersAreFound(t *testing.T) {
	t.Parallel()
	const structs = `package oas
		type ListParams struct { Name Name; From, To OptDate }
		type GetParams struct { ID int64 }
		type DeleteParams struct { ID int64 }`
	unread, read := unreadParams(t, structs, `package api
		func (h *handler) List(ctx context.Context, p oas.ListParams) error { return h.app.List(p.Name, p.From, q.To) }
		func (h *handler) Get(ctx context.Context, _ oas.GetParams) error { return nil }`,
		`package api
		func (h *handler) Delete(ctx context.Context, p oas.DeleteParams) error { return h.app.Delete(p.ID) }`)
	assert.Equal(t, []string{"GetParams.ID", "ListParams.To"}, unread)
	assert.Equal(t, 3, read)
}

// unreadParams lists the fields of the structs whose name ends in Params that no method of the sources with such an
// argument selects from it, and counts the others.
func unreadParams(t *testing.T, generated string, sources ...string) (unread []string, read int) {
	t.Helper()
	parse := func(source string) *ast.File {
		f, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
		require.NoError(t, err)
		return f
	}
	fields := map[string]bool{} // whether a handler reads it
	ast.Inspect(parse(generated), func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || !strings.HasSuffix(spec.Name.Name, "Params") {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			for _, name := range field.Names {
				fields[spec.Name.Name+"."+name.Name] = false
			}
		}
		return false
	})
	for _, source := range sources {
		for _, decl := range parse(source).Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			for _, arg := range f.Type.Params.List {
				of, ok := arg.Type.(*ast.SelectorExpr)
				if !ok || len(arg.Names) != 1 {
					continue
				}
				ast.Inspect(f.Body, func(n ast.Node) bool {
					if selected, ok := n.(*ast.SelectorExpr); ok {
						from, ok := selected.X.(*ast.Ident)
						key := of.Sel.Name + "." + selected.Sel.Name
						if _, is := fields[key]; ok && is && from.Name == arg.Names[0].Name {
							fields[key] = true
						}
					}
					return true
				})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] {
			read++
		} else {
			unread = append(unread, name)
		}
	}
	return unread, read
}
