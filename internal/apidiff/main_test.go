package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const old = `openapi: 3.1.0
info: { title: Things, version: 1.0.0 }
x-problem-types:
  not-found: { status: 404, title: Not found, description: None. }
paths:
  /things:
    get:
      operationId: listThings
      parameters:
        - { name: size, in: query, schema: { type: integer, default: 10, maximum: 100 } }
        - { name: kind, in: query, schema: { type: string, enum: [a, b] } }
      responses:
        '200':
          description: OK.
          headers:
            Link: { schema: { type: string } }
          content:
            application/json:
              schema: { type: array, items: { $ref: '#/components/schemas/Thing' } }
    post:
      operationId: createThing
      requestBody:
        required: true
        content:
          application/json:
            schema: { $ref: '#/components/schemas/ThingInput' }
      responses:
        '201':
          description: OK.
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Thing' }
  /things/old:
    get:
      operationId: listOldThings
      deprecated: true
      x-deprecated-since: '2020-01-01'
      x-sunset: '2020-06-30'
      responses:
        '204': { description: Done. }
components:
  schemas:
    Thing:
      type: object
      required: [name, state]
      properties:
        name: { type: string }
        note: { type: string }
        state: { type: string, enum: [new, used], x-closed-enum: true }
        shape: { type: string, enum: &shapes [round, flat], x-extensible-enum: *shapes }
        weight: { type: [number, 'null'] }
    ThingInput:
      type: object
      required: [name]
      properties:
        name: { type: string, maxLength: 20 }
        note: { type: string }
        kind: { type: string, enum: [a, b] }
`

// tool is where Go has built oasdiff.
var tool = sync.OnceValue(func() string {
	cmd := exec.CommandContext(context.Background(), "go", "tool", "-n", "-modfile=scripts/api/go.mod", "oasdiff")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(out))
})

// repository is one whose main has the contract old, with a project to compare it.
func repository(t *testing.T) project {
	t.Helper()
	dir := t.TempDir()
	p := project{repository: dir, module: "../..", tool: []string{tool()}}
	write(t, p, contractFile, old)
	command(t, dir, "init", "--quiet", "--initial-branch=main")
	commit(t, p)
	command(t, dir, "checkout", "--quiet", "-b", "change")
	return p
}

func write(t *testing.T, p project, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(p.repository, name), []byte(text), 0o600))
}

func command(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

func commit(t *testing.T, p project) {
	t.Helper()
	command(t, p.repository, "add", "--all")
	command(t, p.repository, "commit", "--quiet", "--message=change")
}

func run(t *testing.T, p project, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := p.run(t.Context(), args, &out)
	return out.String(), err
}

func edited(t *testing.T, from, to string) string {
	t.Helper()
	require.Contains(t, old, from)
	return strings.Replace(old, from, to, 1)
}

func TestChanges(t *testing.T) {
	t.Parallel()
	soon, later := time.Now().AddDate(0, 0, 10).Format(time.DateOnly), time.Now().AddDate(0, 0, 200).Format(time.DateOnly)
	for name, c := range map[string]struct {
		from, to string
		breaks   bool
		want     string // a kind, or how it begins
	}{
		"a required field of a response goes":   {"        name: { type: string }\n        note", "        note", true, "response-required-property-removed"},
		"an optional field of a response goes":  {"        note: { type: string }\n        state", "        state", true, "response-optional-property-removed"},
		"a field's type changes":                {"note: { type: string }\n        state", "note: { type: integer }\n        state", true, "response-property-type-changed"},
		"a field can be null":                   {"note: { type: string }\n        state", "note: { type: [string, 'null'] }\n        state", true, "response-property-became-nullable"},
		"a field need not be there":             {"[name, state]", "[name]", true, "response-property-became-optional"},
		"a response's enum grows":               {"[new, used]", "[new, used, broken]", true, "response-property-enum-value-added"},
		"a response's open enum grows":          {"[round, flat]", "[round, flat, long]", false, "response-property-enum-value-added"},
		"a response's enum becomes open":        {"enum: [new, used], x-closed-enum: true", "enum: &states [new, used, broken], x-extensible-enum: *states", true, "response-property-enum-value-added"},
		"a response's open enum shrinks":        {"[round, flat]", "[round]", false, "response-property-enum-value-removed"},
		"a parameter's enum is narrowed":        {"schema: { type: string, enum: [a, b] } }", "schema: { type: string, enum: [a] } }", true, "request-parameter-enum-value-removed"},
		"a request's enum is narrowed":          {"kind: { type: string, enum: [a, b] }", "kind: { type: string, enum: [a] }", true, "request-property-enum-value-removed"},
		"a new parameter is required":           {"      parameters:\n", "      parameters:\n        - { name: q, in: query, required: true, schema: { type: string } }\n", true, "new-required-request-parameter"},
		"a parameter becomes required":          {"name: kind, in: query,", "name: kind, in: query, required: true,", true, "request-parameter-became-required"},
		"a parameter goes":                      {"        - { name: kind, in: query, schema: { type: string, enum: [a, b] } }\n", "", true, "request-parameter-removed"},
		"a parameter's type changes":            {"type: integer, default: 10, maximum: 100", "type: boolean", true, "request-parameter-"},
		"a parameter's maximum shrinks":         {"maximum: 100", "maximum: 50", true, "request-parameter-max-decreased"},
		"a default changes":                     {"default: 10", "default: 20", true, "request-parameter-default-value-changed"},
		"a new field of a request is required":  {"required: [name]\n", "required: [name, note]\n", true, "request-property-became-required"},
		"a field of a request goes":             {"        kind: { type: string, enum: [a, b] }\n", "", true, "request-property-removed"},
		"a field of a request is shorter":       {"maxLength: 20", "maxLength: 10", true, "request-property-max-length-decreased"},
		"an operation goes":                     {old[strings.Index(old, "    post:"):strings.Index(old, "  /things/old:")], "", true, "api-removed-without-deprecation"},
		"an operation has another name":         {"operationId: listThings", "operationId: getThings", true, "api-operation-id-removed"},
		"a response has another status":         {"'201'", "'200'", true, "response-success-status-removed"},
		"a response has one more status":        {"responses:\n        '204'", "responses:\n        '200': { description: Here. }\n        '204'", true, "response-success-status-added"},
		"a header goes":                         {"          headers:\n            Link: { schema: { type: string } }\n", "", true, "optional-response-header-removed"},
		"a type of problems goes":               {"  not-found:", "  no-such-thing:", true, "problem-type-removed"},
		"a type of problems has another status": {"status: 404", "status: 410", true, "problem-type-status-changed"},
		"a sunset too soon":                     {"operationId: createThing", "operationId: createThing\n      deprecated: true\n      x-deprecated-since: '2026-01-01'\n      x-sunset: '" + soon + "'", true, "api-sunset-date-too-small"},
		"deprecated without a sunset":           {"operationId: createThing", "operationId: createThing\n      deprecated: true\n      x-deprecated-since: '2026-01-01'", true, "api-deprecated-sunset-missing"},

		"an announced sunset":                {"operationId: createThing", "operationId: createThing\n      deprecated: true\n      x-deprecated-since: '2026-01-01'\n      x-sunset: '" + later + "'", false, "endpoint-deprecated-with-sunset"},
		"an operation goes after its sunset": {old[strings.Index(old, "  /things/old:"):strings.Index(old, "components:")], "", false, ""},
		"an optional field of a response":    {"note: { type: string }\n        state", "note: { type: string }\n        size: { type: integer }\n        state", false, "response-optional-property-added"},
		"an optional field of a request":     {"        kind: { type: string, enum: [a, b] }\n", "        kind: { type: string, enum: [a, b] }\n        size: { type: integer }\n", false, "new-optional-request-property"},
		"an optional parameter":              {"      parameters:\n", "      parameters:\n        - { name: q, in: query, schema: { type: string } }\n", false, "new-optional-request-parameter"},
		"a request's enum grows":             {"kind: { type: string, enum: [a, b] }", "kind: { type: string, enum: [a, b, c] }", false, "request-property-enum-value-added"},
		"a description":                      {"description: OK.", "description: All.", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := repository(t)
			write(t, p, contractFile, edited(t, c.from, c.to))
			out, err := run(t, p)
			if c.breaks {
				require.ErrorIs(t, err, errBreaks, out)
				assert.Contains(t, out, "Breaks clients (")
				assert.Contains(t, out, "- change: ")
			} else {
				require.NoError(t, err, out)
			}
			if c.want == "" {
				assert.Contains(t, out, "Nothing that clients notice has changed.")
				return
			}
			assert.Contains(t, out, "["+c.want)
		})
	}
}

const declaration1 = `# Why
- change: response-optional-property-removed
  text: note
  reason: Nobody wrote one.
  date: 2026-11-26
`

func TestDeclared(t *testing.T) {
	t.Parallel()
	p := repository(t)
	less := edited(t, "        note: { type: string }\n        state", "        state")
	write(t, p, contractFile, less)
	write(t, p, declaredFile, declaration1)
	dir := t.TempDir()
	markdown, junit := filepath.Join(dir, "a.md"), filepath.Join(dir, "a.xml")
	out, err := run(t, p, "-github", "-markdown", markdown, "-junit", junit)
	require.NoError(t, err, out)
	assert.Contains(t, out, "Breaks clients, as declared (2):")
	assert.Contains(t, out, "2026-11-26: Nobody wrote one.")
	assert.Contains(t, out, "::warning file=openapi.yaml")
	text, err := os.ReadFile(markdown)
	require.NoError(t, err)
	assert.Contains(t, string(text), "Nobody wrote one. | 2026-11-26 |")
	assert.Zero(t, failures(t, junit))

	t.Log("what it does not name does not pass")
	write(t, p, contractFile, strings.Replace(less, "[new, used]", "[new, used, lost]", 1))
	out, err = run(t, p, "-github", "-markdown", markdown, "-junit", junit)
	require.ErrorIs(t, err, errBreaks)
	assert.Contains(t, out, "Breaks clients (2):\n  openapi.yaml:")
	assert.Contains(t, out, "::error file=openapi.yaml,line=")
	assert.Contains(t, out, "- change: response-property-enum-value-added\n  operation: GET /things\n  text: 'added the new `lost` ")
	assert.Equal(t, 2, failures(t, junit))

	t.Log("what is new in several operations is said once")
	write(t, p, contractFile, strings.NewReplacer("        '204'", "        '404': { description: None. }\n        '204'", "        '201'", "        '404': { description: None. }\n        '201'").Replace(less))
	out, err = run(t, p)
	require.NoError(t, err)
	assert.Contains(t, out, "New or changed, and breaks nothing (2):\n")
	assert.Contains(t, out, "added the non-success response with the status `404` (and of another operation) [response-non-success-status-added]\n")

	t.Log("an entry of no break is named")
	write(t, p, contractFile, old)
	out, err = run(t, p, "-junit", junit)
	require.ErrorIs(t, err, errBreaks)
	assert.Contains(t, out, "Declared, but no such break is there:\n  breaking-changes.yaml:2: response-optional-property-removed\n")
	assert.Equal(t, 1, failures(t, junit))

	t.Log("when main has the change, the entry is named, fails nothing, and lets nothing pass")
	write(t, p, contractFile, less)
	commit(t, p)
	command(t, p.repository, "checkout", "--quiet", "-B", "main")
	command(t, p.repository, "checkout", "--quiet", "-b", "next")
	out, err = run(t, p)
	require.NoError(t, err)
	assert.Contains(t, out, "can go:\n  breaking-changes.yaml:2: response-optional-property-removed\n")
	write(t, p, contractFile, strings.Replace(less, "weight:", "wight:", 1))
	_, err = run(t, p)
	require.ErrorIs(t, err, errBreaks)
}

// failures counts those in a JUnit file.
func failures(t *testing.T, path string) (n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var all suites
	require.NoError(t, xml.Unmarshal(text, &all))
	for _, s := range all.Suites {
		for _, c := range s.Cases {
			if c.Failure != nil {
				n++
			}
		}
	}
	assert.Equal(t, n, all.Failures)
	return n
}

func TestDeclarations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":       {"# none\n", ""},
		"whole":         {declaration1, ""},
		"no list":       {"change: x\n", "breaking-changes.yaml: a list of entries is expected"},
		"no mapping":    {"- x\n", "breaking-changes.yaml:1: an entry has the keys"},
		"no reason":     {strings.Replace(declaration1, "  reason: Nobody wrote one.\n", "", 1), "breaking-changes.yaml:2: the entry needs a reason"},
		"empty reason":  {strings.Replace(declaration1, "Nobody wrote one.", "", 1), "breaking-changes.yaml:2: the entry needs a reason"},
		"no date":       {strings.Replace(declaration1, "  date: 2026-11-26\n", "", 1), "breaking-changes.yaml:2: the entry needs a date"},
		"another date":  {strings.Replace(declaration1, "2026-11-26", "26.11.2026", 1), `breaking-changes.yaml:2: the date must be YYYY-MM-DD, not "26.11.2026"`},
		"no change":     {strings.Replace(declaration1, "change", "operation", 1), "breaking-changes.yaml:2: the entry needs a change"},
		"all of a kind": {strings.Replace(declaration1, "  text: note\n", "", 1), "breaking-changes.yaml:2: the entry needs an operation or a text"},
		"unknown key":   {strings.Replace(declaration1, "reason", "why", 1), `breaking-changes.yaml:4: an entry has no "why"`},
		"a list":        {strings.Replace(declaration1, "note", "[note]", 1), "breaking-changes.yaml:3: text must be text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parseDeclarations([]byte(c.text))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestCannotCompare(t *testing.T) {
	t.Parallel()
	p := repository(t)
	_, err := run(t, p, "-base", "nowhere")
	require.EqualError(t, err, `there is no revision "nowhere" here: fetch it (git fetch origin), or name another with BASE=`)
	_, err = run(t, p, "-base=--all")
	require.EqualError(t, err, `"--all" is no revision`)
	_, err = run(t, project{repository: t.TempDir(), module: p.module, tool: p.tool})
	require.EqualError(t, err, "this is no git repository, so there is nothing to compare with")

	write(t, p, contractFile, edited(t, "title: Things,", "title: Things, title: Things,"))
	_, err = run(t, p)
	require.EqualError(t, err, `the contract cannot be read: openapi.yaml:2:24: the key "title" is already on line 2`)
	commit(t, p)
	write(t, p, contractFile, old)
	_, err = run(t, p, "-base", "change")
	require.Error(t, err)
	assert.Regexp(t, `^the contract of change \([0-9a-f]{9}\) cannot be read: openapi.yaml:2:24: the key "title" is already`, err.Error())

	t.Log("a clone that ends before the branches meet")
	commit(t, p)
	command(t, p.repository, "checkout", "--quiet", "main")
	write(t, p, "other", "")
	commit(t, p)
	shallow := filepath.Join(t.TempDir(), "clone")
	command(t, p.repository, "clone", "--quiet", "--depth=1", "--no-single-branch", "--branch=change", "file://"+p.repository, shallow)
	_, err = run(t, project{repository: shallow, module: p.module, tool: p.tool}, "-base", "origin/main")
	require.EqualError(t, err, "this clone is too shallow to know where the branch left origin/main: git fetch --unshallow")
}

func TestBranchBehind(t *testing.T) {
	t.Parallel()
	p := repository(t)
	command(t, p.repository, "checkout", "--quiet", "main")
	write(t, p, contractFile, edited(t, "note: { type: string }\n        state", "note: { type: string }\n        size: { type: integer }\n        state"))
	commit(t, p)
	command(t, p.repository, "checkout", "--quiet", "change")
	out, err := run(t, p)
	require.NoError(t, err, "what main got since is not missing")
	assert.Contains(t, out, "Nothing that clients notice has changed.")
}
