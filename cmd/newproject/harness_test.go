package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bookClub is the config of the projects that the tests make.
const bookClub = `name: Book Club
slug: bookclub
module: git.acme.dev/teams/book-club
host: books.acme.dev
description: A service for readers
licence_holder: Acme Ltd
licence_year: 2027
first_superuser: root@acme.dev
image: hub.acme.dev/book/club
stack: books
stack_staging: books-stag
stack_production: books-prod
key_prefix: bc
domain: companies
`

// A place is a folder with a template, a config and the projects that are made of them.
type place struct {
	t        *testing.T
	dir      string
	template repository
}

// small is a template with a file of each kind.
var small = map[string]string{
	"project.yaml":                 own,
	"cmd/newproject/template.yaml": smallRules,
	"go.mod":                       "module github.com/acme/origin\n\ngo 1.26\n",
	"origin.go":                    "// Package origin is Origin.\npackage origin\n\nvar Contract = \"origin\"\n",
	"internal/web/web.go": `package web

import (
	"fmt"
	"io" // newproject:companies

	"github.com/acme/origin"
)

// newproject:companies

// Company prints one.
func Company(w io.Writer) { fmt.Fprintln(w, origin.Contract) }

// newproject:end

var Origin, problem = origin.Contract, "kept"
`,
	"internal/web/company.go": "package web\n\nconst taken = \"company-taken\"\n",
	"gen/oas/oas_gen.go":      "package oas\n",
	"web/home.tsx": "import { Search } from \"./Search.tsx\"; // newproject:companies\n\nexport const Home = () => (\n  <main>\n" +
		"    {/* newproject:companies */}\n    <Search />\n    {/* newproject:end */}\n  </main>\n);\n",
	"openapi.yaml":       smallContract,
	"README.md":          "# Origin\n\none\ntwo\nthree\nfour\nfive\nsix\nseven\n\nSTACK_NAME=origin prod ORIGIN_URL\n",
	"LICENSE":            "Copyright (c) 2026 The Origin Authors\n",
	"CHANGELOG.md":       "# Changelog\n\n<!-- newproject:template -->\n- All of it\n<!-- newproject:end -->\n",
	"cmd/origin/main.go": "package main\n\nfunc main() {}\n",
	"scripts/run.sh":     "#!/bin/sh\necho origin\n",
	"data.bin":           "origin\x00\x01",
	"schema/00001_a.sql": "-- old\n",
	"schema/00002_b.sql": "-- old\n",
	"schema/schema.go":   "package schema\n",
	"schema/tables/account.sql": "CREATE TABLE account (\n    id  bigint PRIMARY KEY,\n    org bigint REFERENCES org\n);\n" +
		"CREATE TRIGGER touch BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION touch();\n",
	"schema/tables/zone.sql": "-- Touches.\nCREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    RETURN NEW;\nEND\n$$;\n",
	"schema/tables/org.sql":  "CREATE TABLE org (id bigint PRIMARY KEY);\n",
}

const own = `# The name.
name: Origin
slug: origin
module: github.com/acme/origin
host: example.com
description: A service for all
licence_holder: The Origin Authors
licence_year: 2026
first_superuser: admin@example.com
image: registry.example.com/origin
# The stacks.
stack: origin
stack_staging: stag
stack_production: prod
key_prefix: or
domain: companies
`

const smallRules = `names:
  - { text: github.com/acme/origin, as: '${module}' }
  - { text: 2026 The Origin Authors, as: '${licence_year} ${licence_holder}', only: [LICENSE] }
  - { word: prod, as: '${stack_production}', only: [README.md] }
  - { text: STACK_NAME=origin, as: 'STACK_NAME=${stack}' }
  - { text: ORIGIN, as: '${SLUG}' }
  - { text: Origin, as: '${name}', only: [README.md] }
  - { text: origin, as: '${slug}' }
leave_out: [cmd/newproject/**]
generated: [gen/oas/**]
domains:
  companies:
    then: ["cat openapi.yaml >gen/oas/oas_gen.txt"]
  item:
    leave_out: [internal/**/company.go]
    tags: [companies]
    keep: [schemas/Kept]
    fresh_schema: true
    then: ["echo made >made.txt", "git add made.txt && git ls-files | wc -l >count.txt"]
`

const smallContract = `openapi: 3.1.0
info:
  title: Origin # its name
tags:
  - { name: users, description: People. }
  # About companies.
  - name: companies
    description: Issuers.
x-problem-types:
  taken: { status: 409 }
  company-taken: { status: 409 }
  # Only a description names it.
  company-gone: { status: 404 }
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
    # Adds a company's user.
    post:
      tags: [companies]
      responses: { '200': { $ref: '#/components/responses/Company' } }
  # The companies.
  /companies:
    parameters: [{ $ref: '#/components/parameters/Page' }]
    get:
      tags: [companies]
      description: 'No company (` + "`company-gone`" + `).'
      security: [{ Key: [] }]
      responses: { '200': { $ref: '#/components/responses/Company' } }
components:
  securitySchemes:
    Key: { type: apiKey }
  parameters:
    Page: { name: page, in: query }
  responses:
    Users: { description: 'People', content: { a: { $ref: '#/components/schemas/User' } } }
    # One of them.
    Company:
      description: |
        Has a user.
      content: { a: { $ref: '#/components/schemas/Company' } }
  schemas:
    User: { type: object }
    # Of a company.
    Company:
      type: object
      properties:
        parent: { $ref: '#/components/schemas/Company' }
        user: { $ref: '#/components/schemas/User' }
        figure: { $ref: '#/components/schemas/Figure' }
        kept: { $ref: '#/components/schemas/Kept' }
    Figure: { type: integer }
    Kept: { $ref: '#/components/schemas/KeptToo' }
    KeptToo: { type: integer }
    # Nothing names it.
    Free: { $ref: '#/components/schemas/Freed' }
    Freed: { type: integer }
`

// newPlace returns one with a template of the given files and others.
func newPlace(t *testing.T, files map[string]string) *place {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	p := &place{t, dir, repository{dir: filepath.Join(dir, "template"), env: nil}}
	require.NoError(t, os.Mkdir(p.template.dir, 0o755))
	p.git("template", "init", "--quiet", "--initial-branch=main")
	p.commit("template", files)
	p.write("book.yaml", bookClub)
	return p
}

func (p *place) git(dir string, args ...string) string {
	p.t.Helper()
	who := []string{"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com"}
	out, err := repository{dir: p.path(dir), env: who}.git(p.t.Context(), args...)
	require.NoError(p.t, err)
	return strings.TrimSpace(string(out))
}

func (p *place) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p *place) write(name, content string) {
	p.t.Helper()
	require.NoError(p.t, os.MkdirAll(filepath.Dir(p.path(name)), 0o755))
	mode := os.FileMode(0o644)
	if strings.HasSuffix(name, ".sh") {
		mode = 0o755
	}
	require.NoError(p.t, os.WriteFile(p.path(name), []byte(content), mode))
}

func (p *place) read(name string) string {
	p.t.Helper()
	b, err := os.ReadFile(p.path(name))
	require.NoError(p.t, err)
	return string(b)
}

// replace changes a text in a file.
func (p *place) replace(name, from, to string) {
	p.t.Helper()
	text := p.read(name)
	require.Contains(p.t, text, from)
	p.write(name, strings.Replace(text, from, to, 1))
}

// commit writes files into a repository, and commits all.
func (p *place) commit(dir string, files map[string]string) {
	p.t.Helper()
	for name, content := range files {
		p.write(dir+"/"+name, content)
	}
	p.git(dir, "add", "--all")
	p.git(dir, "commit", "--quiet", "--message", "change")
}

// run runs newproject in the place, and returns what it printed, errors last.
func (p *place) run(args ...string) (string, error) {
	p.t.Helper()
	var out bytes.Buffer
	cmd := newRoot()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	for i, a := range args {
		if i > 0 && (args[i-1] == "--config" || args[i-1] == "--output-dir") {
			args[i] = p.path(a)
		}
	}
	cmd.SetArgs(append(args, "--template", p.template.dir))
	err := cmd.ExecuteContext(p.t.Context())
	return strings.ReplaceAll(out.String(), p.dir+"/", ""), err
}

// mustRun is run without an error.
func (p *place) mustRun(args ...string) string {
	p.t.Helper()
	out, err := p.run(args...)
	require.NoError(p.t, err, out)
	return out
}

// left returns what is in the place.
func (p *place) left() []string {
	p.t.Helper()
	entries, err := os.ReadDir(p.dir)
	require.NoError(p.t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// with returns the files of small with others.
func with(others map[string]string) map[string]string {
	files := maps.Clone(small)
	maps.Copy(files, others)
	return files
}

// mustRunError is run with an error, which it returns.
func (p *place) mustRunError(args ...string) string {
	p.t.Helper()
	_, err := p.run(args...)
	require.Error(p.t, err)
	return err.Error()
}
