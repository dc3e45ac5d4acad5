package api_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue"
)

// problemTypes are those that the contract lists.
var problemTypes = sync.OnceValue(func() map[string]edgevalue.ProblemType {
	types, err := edgevalue.ProblemTypes(edgevalue.OpenAPI)
	if err != nil {
		panic(err)
	}
	return types
})

// undocumented says what the contract does not say about a response's problem; "" when it says all.
func undocumented(res *http.Response, body []byte) string {
	if res.Header.Get("Content-Type") != "application/problem+json" || len(body) == 0 {
		return ""
	}
	var p struct {
		Type, Title string
		Status      int
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return err.Error()
	}
	name, ok := strings.CutPrefix(p.Type, "/problems/")
	documented := problemTypes()[name]
	switch {
	case !ok || documented.Title == "":
		return "x-problem-types does not list " + p.Type
	case documented.Status != p.Status, p.Status != res.StatusCode:
		return fmt.Sprintf("status %d has the type %s of status %d", res.StatusCode, p.Type, documented.Status)
	case documented.Title != p.Title:
		return fmt.Sprintf("%s has the title %q", p.Type, p.Title)
	}
	return ""
}

// Every type that the code names is listed with its status, and every one that is listed is named somewhere.
func TestProblemTypesAreListed(t *testing.T) {
	t.Parallel()
	types := problemTypes()
	require.NotEmpty(t, types)
	for name, p := range types {
		assert.Regexp(t, `^[a-z]+(-[a-z]+)*$`, name)
		assert.NotEmpty(t, http.StatusText(p.Status), name)
		assert.NotEmpty(t, p.Title, name)
		assert.Regexp(t, `[.]$`, p.Description, name)
	}
	literals := map[string]bool{} // of the code
	named := map[string]string{}  // those that must be types, with their place
	for _, dir := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			must := func(e ast.Expr) {
				if text, ok := literal(e); ok && text != "" {
					named[text] = files.Position(e.Pos()).String()
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, ok := literal(n); ok {
						literals[text] = true
					}
				case *ast.CompositeLit:
					if !isError(n.Type) {
						break
					}
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Type" {
							must(kv.Value)
						}
					}
				case *ast.CallExpr:
					if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "taken" && len(n.Args) == 2 {
						must(n.Args[1])
					}
				case *ast.ValueSpec:
					if slices.ContainsFunc(n.Names, func(name *ast.Ident) bool { return name.Name == "constraints" }) {
						for _, e := range n.Values[0].(*ast.CompositeLit).Elts {
							c := e.(*ast.KeyValueExpr).Value.(*ast.CompositeLit).Elts
							must(c[len(c)-1])
						}
					}
				}
				return true
			})
			return nil
		})
		require.NoError(t, err)
	}
	for name, place := range named {
		assert.Contains(t, types, name, "%s names a problem type that openapi.yaml does not list", place)
	}
	assert.Greater(t, len(named), 5)
	for name := range types {
		assert.True(t, literals[name], "openapi.yaml lists %s, which no code names", name)
	}
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// isError reports whether an expression is the type app.Error, as it is named in app or elsewhere.
func isError(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Error"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Error"
	}
	return false
}

// Programs can tell conflicts apart.
func TestProblemTypesOfConflicts(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	user := fmt.Sprintf(`{"email": %q, "password": %q}`, f.userEmail, password)
	for _, c := range []struct {
		method, path, body string
		status             int
		kind               string
	}{
		{http.MethodPost, "/users", user, 409, "email-taken"},
		{http.MethodPost, "/users", "{", 400, "bad-request"},
		{http.MethodPost, "/users", "{}", 422, "invalid"},
		{http.MethodPatch, "/users/9007199254740991", "{}", 404, "not-found"},
		{http.MethodDelete, "/users/me", `{"current_password": "` + password + `"}`, 409, "last-superuser"},
	} {
		res, body := f.callJSON(f.superToken, c.method, c.path, c.body)
		requireProblem(t, res, body, c.status, c.path)
		assert.Equal(t, "/problems/"+c.kind, decodeProblem(t, body).Type, "%s %s", c.path, c.body)
	}
}
