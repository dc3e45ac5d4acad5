package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGenerate(t *testing.T) {
	t.Parallel()
	p := newPlace(t, small)
	p.write("template/untracked.txt", "origin")
	p.replace("template/README.md", "one", "not committed")
	head := p.git("template", "rev-parse", "HEAD")
	out := p.mustRun("--config", "book.yaml", "--output-dir", "club")
	assert.Contains(t, out, "$ cat openapi.yaml >gen/oas/oas_gen.txt\n")
	assert.Contains(t, out, "Book Club is in club")
	assert.Equal(t, []string{"book.yaml", "club", "template"}, p.left())

	assert.Equal(t, "# Book Club\n\none\ntwo\nthree\nfour\nfive\nsix\nseven\n\nSTACK_NAME=books books-prod BOOKCLUB_URL\n", p.read("club/README.md"))
	assert.Equal(t, "Copyright (c) 2027 Acme Ltd\n", p.read("club/LICENSE"))
	assert.Equal(t, "module git.acme.dev/teams/book-club\n\ngo 1.26\n", p.read("club/go.mod"))
	assert.Equal(t, "# Changelog\n\n", p.read("club/CHANGELOG.md"))
	assert.Equal(t, small["data.bin"], p.read("club/data.bin"), "it is no text")
	assert.Equal(t, "-- old\n", p.read("club/schema/00002_b.sql"))
	assert.Equal(t, small["openapi.yaml"], p.read("club/gen/oas/oas_gen.txt"), "Origin is a name in README.md alone")
	web := p.read("club/internal/web/web.go")
	assert.Contains(t, web, "\tbookclub \"git.acme.dev/teams/book-club\"\n", "the path does not say the package's name")
	assert.Contains(t, web, "\t\"io\"\n")
	assert.Contains(t, web, "fmt.Fprintln(w, bookclub.Contract)")
	assert.NotContains(t, web, "newproject:")
	assert.FileExists(t, p.path("club/cmd/bookclub/main.go"))
	assert.NoDirExists(t, p.path("club/cmd/newproject"))
	assert.NoDirExists(t, p.path("club/cmd/origin"))
	info, err := os.Stat(p.path("club/scripts/run.sh"))
	require.NoError(t, err)
	assert.Equal(t, "-rwxr-xr-x", info.Mode().String())

	made, err := readProject(p.path("club/project.yaml"))
	require.NoError(t, err)
	config, err := readProject(p.path("book.yaml"))
	require.NoError(t, err)
	assert.Equal(t, config.vars, made.vars)
	assert.Equal(t, template{"https://github.com/acme/origin", head}, made.template)
	assert.Contains(t, p.read("club/project.yaml"), "# The stacks.\nstack: books\n", "with the template's comments")

	assert.Empty(t, p.git("club", "status", "--porcelain"))
	assert.Equal(t, "Begin Book Club", p.git("club", "log", "--format=%s"))
	assert.Equal(t, "main", p.git("club", "branch", "--show-current"))
}

func TestGenerateAnotherDomain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, small)
	p.write("book.yaml", strings.ReplaceAll(bookClub, "domain: companies", "domain: item"))
	p.mustRun("--config", "book.yaml", "--output-dir", "club")
	assert.Equal(t, `package web

import (
	bookclub "git.acme.dev/teams/book-club"
)

var Origin, problem = bookclub.Contract, "kept"
`, p.read("club/internal/web/web.go"))
	assert.NoFileExists(t, p.path("club/internal/web/company.go"))
	assert.Equal(t, "export const Home = () => (\n  <main>\n  </main>\n);\n", p.read("club/web/home.tsx"))
	assert.Equal(t, `openapi: 3.1.0
info:
  title: Origin # its name
tags:
  - { name: users, description: People. }
x-problem-types:
  taken: { status: 409 }
  generic: { status: 400 }
paths:
  # The people.
  /users:
    get:
      operationId: listUsers
      tags: [users]
      description: |
        Everybody.

        # no comment
      responses: { '200': { $ref: '#/components/responses/Users' } }
components:
  securitySchemes:
    Key: { type: apiKey }
  responses:
    Users: { description: 'People', content: { a: { $ref: '#/components/schemas/User' } } }
  schemas:
    User: { type: object }
    Kept: { $ref: '#/components/schemas/KeptToo' }
    KeptToo: { type: integer }
    # Nothing names it.
    Free: { $ref: '#/components/schemas/Freed' }
    Freed: { type: integer }
`, p.read("club/openapi.yaml"))
	assert.Equal(t, `-- +goose Up

SET LOCAL lock_timeout = '5s';

CREATE TABLE org (id bigint PRIMARY KEY);

-- Touches.
-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TABLE account (
    id  bigint PRIMARY KEY,
    org bigint REFERENCES org
);
CREATE TRIGGER touch BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION touch();

-- +goose Down

DROP TABLE account;
DROP TABLE org;
DROP FUNCTION touch;
`, p.read("club/schema/00001_init.sql"))
	assert.NoFileExists(t, p.path("club/schema/00001_a.sql"))
	assert.NoFileExists(t, p.path("club/schema/00002_b.sql"))
	assert.Equal(t, "made\n", p.read("club/made.txt"))
	assert.Empty(t, p.git("club", "status", "--porcelain"))
}

func TestGenerateAtARevision(t *testing.T) {
	t.Parallel()
	p := newPlace(t, small)
	p.git("template", "tag", "v1")
	p.commit("template", map[string]string{"README.md": "# Later\n"})
	p.mustRun("--config", "book.yaml", "--output-dir", "club", "--revision", "v1")
	assert.Contains(t, p.read("club/README.md"), "Book Club")
	assert.Contains(t, p.read("club/project.yaml"), "revision: "+p.git("template", "rev-parse", "v1"))
}

// Every mistake has one sentence, and nothing is written.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to string // in the config
		files    map[string]string
		args     []string
		want     string
	}{
		"an unknown key":        {"host:", "hsot:", nil, nil, `book.yaml: line 4: unknown key "hsot": did you mean "host"?`},
		"a very unknown key":    {"host:", "weather:", nil, nil, `book.yaml: line 4: unknown key "weather"`},
		"a missing key":         {"host: books.acme.dev\n", "", nil, nil, `book.yaml: line 1: the key "host" is missing`},
		"a key twice":           {"host:", "slug: x\nhost:", nil, nil, `book.yaml: line 4: slug is in line 2, too`},
		"a key without value":   {"host: books.acme.dev", "host:", nil, nil, `book.yaml: line 4: host "" must be the name of a host`},
		"a list":                {"host: books.acme.dev", "host: [a]", nil, nil, `book.yaml: line 4: host must be one value`},
		"no YAML":               {"host: books.acme.dev", "host: 'a", nil, nil, `book.yaml: line `},
		"nothing":               {bookClub, "", nil, nil, `book.yaml: line 1: no variables`},
		"a slug with a hyphen":  {"bookclub", "book-club", nil, nil, `book.yaml: line 2: slug "book-club" is no name of a Go package`},
		"a slug with capitals":  {"bookclub", "BookClub", nil, nil, `slug "BookClub" is no name of a Go package`},
		"a slug of digits":      {"bookclub", "1book", nil, nil, `slug "1book" is no name of a Go package`},
		"a keyword":             {"bookclub", "range", nil, nil, `slug "range" is a word of Go`},
		"a type":                {"bookclub", "string", nil, nil, `slug "string" is a word of Go`},
		"a program":             {"bookclub", "main", nil, nil, `slug "main" is used for something else`},
		"a name in use":         {"bookclub", "fmt", nil, nil, `slug "fmt" is taken: internal/web/web.go has something else of this name`},
		"a name of a neighbour": {"bookclub", "taken", nil, nil, `slug "taken" is taken: internal/web/company.go has`},
		"no module":             {"git.acme.dev/teams/book-club", "Book Club", nil, nil, `book.yaml: line 3: module "Book Club" is no module path: `},
		"a module without dot":  {"git.acme.dev/teams/book-club", "bookclub", nil, nil, `module "bookclub" is no module path: missing dot in first path element`},
		"a name of YAML":        {"Book Club", "'Book: Club'", nil, nil, `book.yaml: line 1: name "Book: Club" must have letters and digits`},
		"a word of YAML":        {"Book Club", "'Null'", nil, nil, `name "Null" is no text in YAML`},
		"a slug of YAML":        {"bookclub", "null", nil, nil, `slug "null" is used for something else`},
		"a quote":               {"for readers", `for "readers"`, nil, nil, `must be one line without`},
		"no address":            {"root@acme.dev", "root", nil, nil, `first_superuser "root" must be an email address`},
		"a tag":                 {"hub.acme.dev/book/club", "hub.acme.dev/book/club:v1", nil, nil, `must be the name of an image`},
		"a long prefix":         {"key_prefix: bc", "key_prefix: bcd", nil, nil, `line 13: key_prefix "bcd" must have at most 2 bytes`},
		"an unknown domain":     {"companies", "items", nil, nil, `domain "items" is unknown: there are companies and item`},
		"no revision in it":     {"domain: companies", "domain: companies\ntemplate: {repository: x}", nil, nil, `line 15: template has no revision`},
		"an unknown revision":   {"", "", nil, []string{"--revision", "v9"}, `has no revision "v9"`},
		"an existing folder":    {"", "", nil, []string{"--output-dir", "template"}, `template exists: choose another --output-dir`},
		"no folder around":      {"", "", nil, []string{"--output-dir", "a/b"}, `/a is no folder`},
		"no config":             {"", "", nil, []string{"--config", "none.yaml"}, `none.yaml: no such file`},
		"a failing command": {"", "", map[string]string{rulesFile: strings.Replace(smallRules, "cat openapi.yaml", "echo no way; false; cat x", 1)}, nil,
			"no way\nThe command \"echo no way; false; cat x >gen/oas/oas_gen.txt\" failed in the new project (exit status 1), which is removed."},
		"no rules":            {"", "", map[string]string{rulesFile: "names: {}\n"}, nil, `cmd/newproject/template.yaml: yaml: `},
		"an unknown rule":     {"", "", map[string]string{rulesFile: smallRules + "more: []\n"}, nil, "field more not found"},
		"an unknown variable": {"", "", map[string]string{rulesFile: strings.Replace(smallRules, "${slug}", "${slog}", 1)}, nil, `there is no variable "slog"`},
		"nothing to keep":     {"domain: companies", "domain: item", map[string]string{rulesFile: strings.Replace(smallRules, "Kept]", "Keep]", 1)}, nil, `openapi.yaml: there is no component "schemas/Keep" to keep`},
		"no such tag":         {"domain: companies", "domain: item", map[string]string{rulesFile: strings.Replace(smallRules, "tags: [companies]", "tags: [company]", 1)}, nil, `openapi.yaml: no operation has the tag "company"`},
		"nothing left out":    {"", "", map[string]string{rulesFile: strings.Replace(smallRules, "cmd/newproject/**", "cmd/old/**", 1)}, nil, `leave_out: "cmd/old/**" matches no file`},
		"a part without end":  {"", "", map[string]string{"a.sh": "# newproject:companies\n"}, nil, "a.sh: line 1: newproject:companies has no end"},
		"an end of nothing":   {"", "", map[string]string{"a.sh": "\n# newproject:end\n"}, nil, "a.sh: line 2: newproject:end without a beginning"},
		"a part in a part":    {"", "", map[string]string{"a.sh": "# newproject:companies\nx # newproject:item\n"}, nil, "a.sh: line 2: newproject:item stands in the part that line 1 begins"},
		"an unknown part":     {"", "", map[string]string{"a.sh": "# newproject:companys\n"}, nil, "a.sh: line 1: newproject:companys: there is no such domain"},
		"a part of broken Go": {"", "", map[string]string{"a.go": "package a\n\nfunc x() { // newproject:template\n}\n"}, nil, "a.go: parse what is left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, with(c.files))
			p.replace("book.yaml", c.from, c.to)
			before := p.left()
			_, err := p.run(append([]string{"--config", "book.yaml", "--output-dir", "club"}, c.args...)...)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, before, p.left())
			assert.Empty(t, p.git("template", "status", "--porcelain"))
		})
	}
}

func TestConfigIsNeeded(t *testing.T) {
	t.Parallel()
	p := newPlace(t, small)
	_, err := p.run("--output-dir", "club")
	require.ErrorContains(t, err, "name a --config")
	_, err = p.run("compare")
	require.ErrorContains(t, err, "name the project.yaml of a project as --config")
}

func TestAsk(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p, err := askProject(strings.NewReader("Book Club\n\n\n\nx: y\nFor readers\n\n1999\n\n\n\n\n\n\n\n"), &out)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"name": "Book Club", "slug": "bookclub", "module": "github.com/bookclub/bookclub", "host": "example.com", "description": "For readers",
		"licence_holder": "The Book Club Authors", "licence_year": "1999", "first_superuser": "admin@example.com",
		"image": "registry.example.com/bookclub", "stack": "bookclub", "stack_staging": "stag", "stack_production": "prod",
		"key_prefix": "bc", "domain": "item",
	}, p.vars)
	assert.Contains(t, out.String(), "The name that programs read (slug) [bookclub]: ")
	assert.Contains(t, out.String(), `"x: y" must be one line without`)
	_, err = askProject(strings.NewReader("Book Club\n"), &out)
	require.Error(t, err, "the answers ended")
	for name, want := range map[string]string{"EdgeValue": "ev", "Shop": "sh", "X": "xx", "A b C": "ab"} {
		p, err = askProject(strings.NewReader(name+strings.Repeat("\n", 20)), &out)
		require.NoError(t, err, out.String())
		assert.Equal(t, want, p.vars["key_prefix"])
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for pattern, paths := range map[string]map[string]bool{
		"a/*.go":      {"a/b.go": true, "a/b/c.go": false, "x/a/b.go": false},
		"a/**":        {"a/b": true, "a/b/c": true, "ab": false},
		"a/**/*_g.go": {"a/x_g.go": true, "a/b/c/x_g.go": true, "a/x_gg.go": false},
		"**/x?.md":    {"x1.md": true, "a/x2.md": true, "a/x.md": false},
		"a.b":         {"a.b": true, "aXb": false},
	} {
		for path, want := range paths {
			assert.Equal(t, want, glob(pattern)(path), "%s %s", pattern, path)
		}
	}
}

// Who stops a generation finds nothing of it, neither files nor processes.
func TestGenerateIsStopped(t *testing.T) {
	t.Parallel()
	p := newPlace(t, with(map[string]string{
		rulesFile: strings.Replace(smallRules, "cat openapi.yaml >gen/oas/oas_gen.txt", "sleep 300 & echo $! >../../pid; wait", 1),
	}))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		config, err := readProject(p.path("book.yaml"))
		if err == nil {
			err = generator{template: p.template, log: io.Discard, filesOnly: false}.generate(ctx, config, "HEAD", p.path("club"))
		}
		done <- err
	}()
	var pid string
	require.Eventually(t, func() bool {
		b, err := os.ReadFile(p.path("pid"))
		pid = strings.TrimSpace(string(b))
		return err == nil && pid != ""
	}, time.Minute, 10*time.Millisecond)
	stop()
	require.ErrorIs(t, <-done, context.Canceled)
	assert.Equal(t, []string{"book.yaml", "pid", "template"}, p.left())
	assert.Eventually(t, func() bool {
		state, err := os.ReadFile("/proc/" + pid + "/stat")
		return err != nil || strings.Contains(string(state), ") Z ")
	}, time.Minute, 10*time.Millisecond)
}
