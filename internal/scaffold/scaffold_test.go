package main

import (
	"bytes"
	"go/format"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-faster/yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// copyTree copies the files of this project that match patterns, and are not ignored, to a directory of the test's.
func copyTree(t *testing.T, patterns ...string) (root string) {
	t.Helper()
	root = t.TempDir()
	list := exec.Command("git", append([]string{"ls-files", "-co", "--exclude-standard", "-z", "--"}, patterns...)...)
	list.Dir = "../.."
	out, err := list.Output()
	require.NoError(t, err)
	for path := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		from, to := filepath.Join("../..", path), filepath.Join(root, path)
		info, err := os.Stat(from)
		if os.IsNotExist(err) { // deleted, and not committed
			continue
		}
		require.NoError(t, err)
		b, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		require.NoError(t, os.WriteFile(to, b, info.Mode()))
	}
	return root
}

// small copies what the scaffold reads.
func small(t *testing.T) (root string) {
	t.Helper()
	return copyTree(t, "go.mod", "openapi.yaml", "CHANGELOG.md", "docs/security.md", "schema", "queries", "internal/app", "internal/api", "internal/jobs",
		"gen/db/models.go", "gen/oas/oas_schemas_gen.go")
}

func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		all[filepath.ToSlash(rel)] = string(b)
		return err
	}))
	return all
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	root := small(t)
	before := contents(t, root)
	resource := func(name, fields string, more ...string) []string {
		return append([]string{"resource", "-name", name, "-fields", fields}, more...)
	}
	job := func(name, fields string) []string { return []string{"job", "-name", name, "-fields", fields} }
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "say what to write: resource or job"},
		{[]string{"table"}, `"table" is neither resource nor job`},
		{resource("gadget", "name:text", "note:text"), `"note:text" is left over`},
		{resource("", "name:text"), "the resource needs a name"},
		{resource("Gadget", "name:text"), `resource "Gadget": a name is in snake_case`},
		{resource("my-gadget", "name:text"), "snake_case"},
		{resource("gadget's", "name:text"), "snake_case"},
		{resource("_gadget", "name:text"), "snake_case"},
		{resource("2gadget", "name:text"), "snake_case"},
		{resource("../gadget", "name:text"), "snake_case"},
		{resource(strings.Repeat("x", 41), "name:text"), "at most 40 characters"},
		{resource("gadgets", "name:text"), "in the singular"},
		{resource("type", "name:text"), "keyword of Go"},
		{resource("string", "name:text"), "predeclared identifier of Go"},
		{resource("order", "name:text"), "reserved word of SQL"},
		{resource("gadget_test", "name:text"), "under certain conditions only"},
		{resource("gadget_linux", "name:text"), "under certain conditions only"},
		{resource("equipment", "name:text"), "PLURAL=equipment_list"},
		{resource("gadget", "name:text", "-plural", "Gadgets"), "PLURAL=Gadgets"},
		{resource("gadget", "name:text", "-owner", "company"), "OWNER=user"},
		{resource("session", "name:text"), "there is a table session"},
		{resource("river_job", "name:text"), "there is a table river_job"},
		{resource("problem", "name:text"), "openapi.yaml has a schema Problem"},
		{resource("login", "name:text", "-plural", "login"), "the plural of login is login"},
		{resource("gadget", "name:text", "-plural", "users"), "openapi.yaml has a path /users"},
		{resource("page", "name:text"), "is there already"},
		{resource("gadget", ""), "there are no fields"},
		{resource("gadget", strings.Repeat("x:int ", 51)), "more than 50"},
		{resource("gadget", "name"), "write it as name:type"},
		{resource("gadget", "name:text!"), "write it as name:type"},
		{resource("gadget", "name:string"), `there is no type "string": it is one of text, text(200), int,`},
		{resource("gadget", "name:"), `there is no type ""`},
		{resource("gadget", "Name:text"), "snake_case"},
		{resource("gadget", "func:text"), "keyword of Go"},
		{resource("gadget", "table:text"), "reserved word of SQL"},
		{resource("gadget", "name:text name:int"), "given twice"},
		{resource("gadget", "a_b:text ab:int"), "cannot be told from a_b"},
		{resource("gadget", "id:int"), "every resource has it"},
		{resource("gadget", "encode:text"), "a method of this name"},
		{resource("gadget", "name:text get_name:text"), "a method of this name for name"},
		{resource("gadget", "name:text(0)"), "a number from 1 to 10000"},
		{resource("gadget", "name:text(x)"), "a number from 1 to 10000"},
		{resource("gadget", "size:int(5)"), "int takes nothing in parentheses"},
		{resource("gadget", "state:enum"), "2 to 50 words"},
		{resource("gadget", "state:enum(open)"), "2 to 50 words"},
		{resource("gadget", "state:enum(open|open)"), `"open" is given twice`},
		{resource("gadget", "state:enum(open|Shut)"), `"Shut": a word of an enum`},
		{resource("gadget", "input:enum(a|b)"), "the name of another, GadgetInput"},
		{resource("gadget", "on_sale:bool[]"), "no list of bool"},
		{resource("gadget", "user_account:ref[]"), "no list of ref"},
		{resource("gadget", "maker:ref"), "no table maker for it to refer to"},
		{resource("gadget", "maker:ref(rate_limit)"), "have no id of their own"},
		{resource("gadget", "maker:ref(api_key)"), "the tests have no method createApiKey"},
		{resource(strings.Repeat("x", 39), strings.Repeat("y", 39)+":int"), "more than 56 characters"},
		{job("echo", ""), "internal/app/test_job.go has a job of the kind echo"},
		{job("reset_mail", ""), "internal/app/mail.go has a job of the kind reset_mail"},
		{job("tx", ""), "internal/app/tx.go is there already"},
		{job("tidy_up", "kind:text"), "a method of this name"},
		{job("tidy_up", "word:text word:text"), "given twice"},
		{job("tidy-up", ""), "snake_case"},
	} {
		err := run(root, c.args, io.Discard)
		if assert.Error(t, err, "%q", c.args) {
			assert.Contains(t, err.Error(), c.want, "%q", c.args)
			assert.NotContains(t, err.Error(), "\n", "%q", c.args)
		}
	}
	assert.True(t, maps.Equal(before, contents(t, root)), "nothing is written")
}

func TestBrokenContract(t *testing.T) {
	t.Parallel()
	root := small(t)
	path := filepath.Join(root, "openapi.yaml")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append([]byte("openapi: [\n"), b...), 0o644))
	before := contents(t, root)
	err = run(root, []string{"resource", "-name", "gadget", "-fields", "name:text"}, io.Discard)
	assert.ErrorContains(t, err, "openapi.yaml: yaml: line ")
	assert.True(t, maps.Equal(before, contents(t, root)))
}

// Each place that new lines go into has to be there.
func TestMissingAnchor(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct{ from, to, want string }{
		"internal/app/audit_test.go":      {"var resources", "var others", "no file internal/app/*_test.go has a variable resources"},
		"internal/api/examples_test.go":   {"var examples", "var others", "no file internal/api/*_test.go has a variable examples"},
		"internal/api/properties_test.go": {"var targets", "var others", "no file internal/api/*_test.go has a variable targets"},
		"internal/app/app.go":             {"func (a Actor) ", "func (a Other) ", "no file internal/app/*.go has a function Actor.writer"},
		"CHANGELOG.md":                    {"## Unreleased", "## 1.0", `CHANGELOG.md: there is no "## Unreleased"`},
		"docs/security.md":                {"| `jobs.retry`", "| `jobs.other`", "docs/security.md: there is no line that begins with"},
		"openapi.yaml":                    {"\n  schemas:\n", "\n  examples:\n", `openapi.yaml: there is no line "schemas:"`},
	} {
		root := small(t)
		path := filepath.Join(root, file)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(b), c.from)
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(b, []byte(c.from), []byte(c.to)), 0o644))
		before := contents(t, root)
		err = run(root, []string{"resource", "-name", "gadget", "-fields", "name:text", "-owner", "user"}, io.Discard)
		assert.ErrorContains(t, err, c.want, file)
		assert.True(t, maps.Equal(before, contents(t, root)), file)
	}
}

func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	for path, c := range map[string]struct{ text, want string }{
		"internal/app/other.go":      {"package app\n\nfunc gadgetEvent() {}\n", "the name would give internal/app a second gadgetEvent, which internal/app/other.go declares: choose another"},
		"internal/api/other_test.go": {"package api_test\n\nfunc (f *fixture) createGadget() {}\n", "the name would give internal/api a second fixture.createGadget"},
		"queries/other.sql":          {"-- name: ListGadgets :many\nSELECT 1;\n", "queries/other.sql has a query ListGadgets"},
		"schema/tables/other.sql":    {"CREATE TABLE gadget (\n    id bigint PRIMARY KEY\n);\n", "there is a table gadget, in schema/tables/other.sql"},
	} {
		root := small(t)
		require.NoError(t, os.WriteFile(filepath.Join(root, path), []byte(c.text), 0o644))
		before := contents(t, root)
		err := run(root, []string{"resource", "-name", "gadget", "-fields", "name:text"}, io.Discard)
		assert.ErrorContains(t, err, c.want, path)
		assert.True(t, maps.Equal(before, contents(t, root)), path)
	}
}

func TestSecondRunChangesNothing(t *testing.T) {
	t.Parallel()
	root := small(t)
	for _, args := range [][]string{
		{"resource", "-name", "gadget", "-fields", "name:text state:enum(open|closed)?", "-owner", "user"},
		{"job", "-name", "tidy_up", "-fields", "word:text"},
	} {
		var out bytes.Buffer
		before := contents(t, root)
		require.NoError(t, run(root, args, &out))
		after := contents(t, root)
		assert.False(t, maps.Equal(before, after))
		assert.Contains(t, out.String(), "new     internal/app/"+args[2]+".go")
		out.Reset()
		require.NoError(t, run(root, args, &out))
		assert.Equal(t, args[0]+" "+args[2]+" is there already: nothing is changed\n", out.String())
		assert.True(t, maps.Equal(after, contents(t, root)))
	}
}

// What was there stays line for line, and what comes is formatted.
func TestLinesAreOnlyAdded(t *testing.T) {
	t.Parallel()
	root := small(t)
	before := contents(t, root)
	require.NoError(t, run(root, []string{"resource", "-name", "gadget", "-fields", everyType("user_account"), "-owner", "user"}, io.Discard))
	require.NoError(t, run(root, []string{"job", "-name", "tidy_up", "-fields", "word:text"}, io.Discard))
	changed := 0
	for path, text := range contents(t, root) {
		if strings.HasSuffix(path, ".go") {
			formatted, err := format.Source([]byte(text))
			require.NoError(t, err, path)
			assert.Equal(t, string(formatted), text, path)
		}
		was, ok := before[path]
		if !ok || was == text {
			continue
		}
		changed++
		lines := slices.Collect(strings.Lines(text))
		for line := range strings.Lines(was) {
			i := slices.IndexFunc(lines, func(l string) bool { return squeezed(l) == squeezed(line) })
			if i < 0 { // the line to which names were added
				require.Contains(t, path, "audit_test.go", "%s lost %q", path, line)
				continue
			}
			lines = lines[i+1:]
		}
	}
	assert.Greater(t, changed, 6)
}

// squeezed is a line without what gofmt aligns.
func squeezed(line string) string { return strings.Join(strings.Fields(line), " ") }

func TestExamplesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	root := small(t)
	require.NoError(t, run(root, []string{"resource", "-name", "gadget", "-fields", everyType("user_account") + " on_off:enum(on|no) short:text(3)"}, io.Discard))
	b, err := os.ReadFile(filepath.Join(root, "openapi.yaml"))
	require.NoError(t, err)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Enum       []any
				Required   []string
				Properties map[string]struct {
					MaxLength int `yaml:"maxLength"`
				}
				Examples []yaml.Node
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(b, &doc))
	assert.Equal(t, []any{"on", "no"}, doc.Components.Schemas["GadgetOnOff"].Enum)
	input := doc.Components.Schemas["GadgetInput"]
	var example map[string]any
	require.NoError(t, input.Examples[0].Decode(&example))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(input.Properties)), slices.Collect(maps.Keys(example)))
	assert.Subset(t, slices.Collect(maps.Keys(example)), input.Required)
	assert.Equal(t, "777", example["short"])
	assert.Equal(t, "on", example["on_off"])
}

// everyType has fields of every type but money, which needs a table of currencies, in each form. They refer to a table.
func everyType(table string) string {
	return `title:text memo:text(50)? tags:text[] words:text[]? times:int remaining:int? counts:int[]? ratio:decimal margin:decimal? levels:decimal[]
		active:bool muted:bool? begins:date ends:date? days:date[] seen:timestamp woken:timestamp? maker:ref(` + table + `) keeper:ref(` + table + `)?
		kind:enum(high|low) state:enum(open|on-hold)? places:enum(here|there)[]`
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][4]string{
		"watchlist":   {"watchlists", "Watchlist", "watchlist", "a watchlist"},
		"price_alert": {"price_alerts", "PriceAlert", "priceAlert", "a price alert"},
		"category":    {"categories", "Category", "category", "a category"},
		"order_line":  {"order_lines", "OrderLine", "orderLine", "an order line"},
		"union_rate":  {"union_rates", "UnionRate", "unionRate", "a union rate"},
		"user_id":     {"user_ids", "UserID", "userID", "a user id"},
	} {
		assert.Equal(t, want, [4]string{plural(name), pascal(name), camel(name), article(words(name))}, name)
	}
	assert.Equal(t, "URLOfAPI", ogenName("url_of_api"))
	assert.Equal(t, "UrlOfApi", pascal("url_of_api"))
}

func TestImports(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module example.com/own\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(root, "a.go"), []byte("package a\n\nimport (\n\t\"io\"\n\n\t\"example.com/own/gen\"\n)\n\nfunc f() {}\n"), 0o644))
	p, err := readProject(root)
	require.NoError(t, err)
	require.NoError(t, p.insertAfter("*.go", "f", "func g(d decimal.Decimal, t time.Time) {}"))
	b, err := p.read("a.go")
	require.NoError(t, err)
	assert.Equal(t, "package a\n\nimport (\n\t\"io\"\n\t\"time\"\n\n\t\"github.com/shopspring/decimal\"\n\n\t\"example.com/own/gen\"\n)\n\n"+
		"func f()                               {}\nfunc g(d decimal.Decimal, t time.Time) {}\n", string(b))
}

func TestChangelog(t *testing.T) {
	t.Parallel()
	for before, want := range map[string]string{
		"# Changelog\n\n## Unreleased\n\n### Added\n\n- One.\n\n### Fixed\n\n- Two.\n":     "# Changelog\n\n## Unreleased\n\n### Added\n\n- One.\n- New.\n\n### Fixed\n\n- Two.\n",
		"## Unreleased\n\n### Added\n\n- One.\n":                                           "## Unreleased\n\n### Added\n\n- One.\n- New.\n",
		"## Unreleased\n\n## 1.0\n\n### Added\n\n- One.\n":                                 "## Unreleased\n\n### Added\n\n- New.\n\n## 1.0\n\n### Added\n\n- One.\n",
		"## [Unreleased]\n\n### Added\n\n- One.\n\n## [1.0.0] - 2026-01-01\n\n### Added\n": "## [Unreleased]\n\n### Added\n\n- One.\n- New.\n\n## [1.0.0] - 2026-01-01\n\n### Added\n",
	} {
		got, err := added([]byte(before), "- New.")
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}
