package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// This repository, at its newest commit, becomes a project with names of its own: what is not committed is no part of it.
func TestThisRepository(t *testing.T) {
	t.Parallel()
	template, err := openRepository(t.Context(), ".")
	require.NoError(t, err)
	g := generator{template: template, log: io.Discard, filesOnly: true}
	head, err := template.commit(t.Context(), "HEAD")
	require.NoError(t, err)
	before, err := template.files(t.Context(), head)
	require.NoError(t, err)
	r, err := g.rules(t.Context(), head)
	require.NoError(t, err)
	own, err := parseProject(projectFile, before[projectFile].content)
	require.NoError(t, err)

	for _, config := range []string{
		bookClub,
		// As short as names can be, and as near to those of the template.
		"name: B\nslug: bkz\nmodule: b.io/b\nhost: b.io\ndescription: b\nlicence_holder: B\nlicence_year: 2030\nfirst_superuser: b@b.io\n" +
			"image: b\nstack: b\nstack_staging: s\nstack_production: p\nkey_prefix: bb\ndomain: companies\n",
	} {
		for domain := range r.Domains {
			p, err := parseProject("config", []byte(strings.Replace(config, "companies", domain, 1)))
			require.NoError(t, err)
			_, files, err := g.files(t.Context(), p, head)
			require.NoError(t, err, domain)
			for _, path := range slices.Sorted(maps.Keys(files)) {
				content := files[path].content
				if strings.HasSuffix(path, ".gz") {
					content = unpacked(t, content)
				}
				if path == projectFile {
					content = bytes.Replace(content, []byte("repository: https://"+own.vars["module"]), nil, 1)
				}
				assertNoTrace(t, path, own.vars["slug"], path)
				assertNoTrace(t, path, own.vars["slug"], string(content))
				if strings.HasPrefix(path, "internal/auth/") || len(r.Domains[domain].LeaveOut) > 0 && !matchesAny(path, r.Generated) {
					assert.NotRegexp(t, `(^|[^.\w])ev_`, string(content), path) // but for columns of PostgreSQL
				}
				if !strings.HasPrefix(path, "internal/web/dist/") { // whose source maps have the page's source, until it is made anew
					assertNoTrace(t, path, "newproject:", string(content))
				}
				assertNoTrace(t, path, "cmd/newproject", string(content))
				for _, name := range []string{"first_superuser", "image", "licence_holder"} {
					assertNoTrace(t, path, own.vars[name], string(content))
				}
				if strings.HasPrefix(path, "web/") {
					assertModules(t, files, path)
				}
				if strings.HasSuffix(path, ".go") {
					formatted, err := formatGo(content)
					require.NoError(t, err, path)
					assert.Equal(t, string(formatted), string(content), path)
				}
			}
			assert.Contains(t, string(files["LICENSE"].content), "Copyright (c) "+p.vars["licence_year"]+" "+p.vars["licence_holder"]+"\n")
			assert.Contains(t, string(files["internal/auth/key.go"].content), `"`+p.vars["key_prefix"]+`_"`)
			assert.NotContains(t, string(files["openapi.yaml"].content), "Bearer ev_")
			assert.NotContains(t, string(files["CHANGELOG.md"].content), "\n- ")
			assert.Contains(t, files, "cmd/"+p.vars["slug"]+"/main.go")
			if domain == own.vars["domain"] {
				assert.Contains(t, string(files["docs/metrics.md"].content), "\n#### ev_to_revenue\n", "ev is enterprise value there")
				assert.Contains(t, string(files["internal/api/days_test.go"].content), "ev_net_to_ebit")
			}
		}
	}

	for _, n := range r.Names {
		found := false
		for path, f := range before {
			found = found || (n.Only == nil || matchesAny(path, n.Only)) && path != rulesFile && strings.Contains(string(f.content), n.Text+n.Word)
		}
		assert.True(t, found, "no file has the name %q of %s", n.Text+n.Word, rulesFile)
	}
}

// relative is what a module imports of others beside it, at the beginning of a line or while it runs.
var relative = regexp.MustCompile(`(?m)(?:^(?:import|export|\}) [^"\n]*|\bimport\()"(\.[^"]+)"`)

// assertModules fails where a module of the page imports one that the project has not.
func assertModules(t *testing.T, files map[string]file, module string) {
	t.Helper()
	for _, m := range relative.FindAllSubmatch(files[module].content, -1) {
		_, ok := files[path.Join(path.Dir(module), string(m[1]))]
		assert.True(t, ok, "%s imports %s, which is not there", module, m[1])
	}
}

// assertNoTrace fails where a text has a name, in capitals or not.
func assertNoTrace(t *testing.T, path, name, text string) {
	t.Helper()
	if i := strings.Index(strings.ToLower(text), strings.ToLower(name)); i >= 0 {
		assert.Fail(t, "a trace of "+name, "%s, line %d: %s", path, 1+strings.Count(text[:i], "\n"), text[max(0, i-60):min(len(text), i+60)])
	}
}

func unpacked(t *testing.T, content []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(content))
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return b
}
