package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made returns a place with a project, and its own lines in README.md.
func made(t *testing.T) *place {
	t.Helper()
	p := newPlace(t, small)
	p.mustRun("--config", "book.yaml", "--output-dir", "club")
	return p
}

func TestCompare(t *testing.T) {
	t.Parallel()
	p := made(t)
	before := p.git("club", "rev-parse", "HEAD")
	compare := func(copied string) (string, error) {
		return p.run("compare", "--config", "club/project.yaml", "--output-dir", copied)
	}
	out, err := compare("same")
	require.NoError(t, err)
	assert.Contains(t, out, "No difference to same, which the template makes at "+p.git("template", "rev-parse", "HEAD")[:12])

	// What make generate makes is not compared, and what git ignores is not there.
	p.write("club/gen/oas/oas_gen.go", "package oas // other\n")
	p.write("club/.git/info/exclude", "*.log\n")
	_, err = compare("same2")
	require.NoError(t, err)

	p.replace("club/README.md", "three\n", "three and a half\n")
	p.write("club/notes.txt", "new\n")
	p.git("club", "mv", "scripts/run.sh", "scripts/start.sh")
	p.git("club", "rm", "--quiet", "LICENSE")
	status := p.git("club", "status", "--porcelain")
	out, err = compare("copy")
	require.ErrorContains(t, err, "4 files differ from "+p.path("copy"))
	for _, want := range []string{
		"-three\n+three and a half\n", "+++ b/notes.txt\n@@ -0,0 +1 @@\n+new\n", "rename from scripts/run.sh\nrename to scripts/start.sh\n", "deleted file mode 100644\n",
	} {
		assert.Contains(t, out, want)
	}
	assert.Contains(t, p.read("copy/README.md"), "\nthree\n")
	assert.Equal(t, status, p.git("club", "status", "--porcelain"), "the project is as it was")
	assert.Equal(t, before, p.git("club", "rev-parse", "HEAD"))

	_, err = compare("copy")
	require.ErrorContains(t, err, "copy exists")
	_, err = compare("club/copy")
	require.ErrorContains(t, err, "is in the project")
	assert.NotContains(t, p.mustRunError("compare", "--config", "club/project.yaml"), "exists")
	assert.DirExists(t, p.path("club-template"))

	// A later revision differs in what it changed, too.
	p.git("club", "checkout", "--quiet", "--force", "HEAD")
	p.commit("template", map[string]string{"README.md": strings.Replace(small["README.md"], "five", "5", 1)})
	out, err = p.run("compare", "--config", "club/project.yaml", "--output-dir", "later")
	require.Error(t, err)
	assert.Contains(t, out, "-5\n+five\n")
	_, err = p.run("compare", "--config", "club/project.yaml", "--output-dir", "first", "--revision", "HEAD~1")
	require.ErrorContains(t, err, "1 file differs", "notes.txt")
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	p := made(t)
	out := p.mustRun("update", "--config", "club/project.yaml")
	assert.Contains(t, out, "Book Club has all that the template has")

	// The project's own: a line, a file, a file that went, generated code.
	p.commit("club", map[string]string{
		"README.md":          strings.Replace(p.read("club/README.md"), "two\n", "two of ours\n", 1),
		"notes.txt":          "ours\n",
		"gen/oas/oas_gen.go": "package oas // ours\n",
	})
	p.git("club", "rm", "--quiet", "internal/web/company.go")
	p.git("club", "mv", "scripts/run.sh", "scripts/start.sh")
	p.git("club", "commit", "--quiet", "--message", "ours")

	// The template's: another line, a file, one that went, one that moved, a mode, a name in a new place.
	p.git("template", "rm", "--quiet", "data.bin")
	p.git("template", "mv", "origin.go", "root.go")
	p.commit("template", map[string]string{
		"README.md":                    strings.Replace(small["README.md"], "six\n", "six of origin\n", 1) + "More of Origin\n",
		"gen/oas/oas_gen.go":           "package oas // theirs\n",
		"gen/oas/oas_new_gen.go":       "package oas\n",
		"scripts/run.sh":               "#!/bin/sh\necho origin\necho later\n",
		"scripts/origin.sh":            "#!/bin/sh\n",
		"cmd/newproject/template.yaml": smallRules + "    # later\n",
	})
	now := p.git("template", "rev-parse", "HEAD")
	before := p.git("club", "rev-parse", "HEAD")
	out = p.mustRun("update", "--config", "club/project.yaml")
	assert.Contains(t, out, "to "+now[:12]+": ")
	assert.Contains(t, out, `then "make generate web check test" and commit`)
	readme := p.read("club/README.md")
	assert.Contains(t, readme, "two of ours\n")
	assert.Contains(t, readme, "six of bookclub\n")
	assert.Contains(t, readme, "More of Book Club\n")
	assert.Equal(t, "#!/bin/sh\necho bookclub\necho later\n", p.read("club/scripts/start.sh"), "git follows the file")
	assert.Equal(t, "ours\n", p.read("club/notes.txt"))
	assert.Equal(t, "package oas // ours\n", p.read("club/gen/oas/oas_gen.go"), "make generate makes it")
	assert.NoFileExists(t, p.path("club/gen/oas/oas_new_gen.go"))
	assert.NoFileExists(t, p.path("club/internal/web/company.go"))
	assert.NoFileExists(t, p.path("club/data.bin"))
	assert.NoFileExists(t, p.path("club/bookclub.go"))
	assert.FileExists(t, p.path("club/root.go"))
	assert.FileExists(t, p.path("club/scripts/bookclub.sh"))
	assert.Contains(t, p.read("club/project.yaml"), "revision: "+now+"\n")
	assert.Equal(t, before, p.git("club", "rev-parse", "HEAD"), "nothing is committed")
	assert.Equal(t, "main", p.git("club", "branch", "--show-current"))
	assert.Equal(t, []string{"book.yaml", "club", "template"}, p.left())

	_, err := p.run("update", "--config", "club/project.yaml")
	require.ErrorContains(t, err, "has changes that are not committed")
	p.git("club", "commit", "--quiet", "--message", "Update")
	assert.Contains(t, p.mustRun("update", "--config", "club/project.yaml"), "has all that the template has")
}

// A revision from before a variable was there can still be brought up to date, once the project names the variable.
func TestUpdateBringsAVariable(t *testing.T) {
	t.Parallel()
	p := newPlace(t, with(map[string]string{"project.yaml": strings.Replace(own, "host: example.com\n", "", 1)}))
	p.mustRun("--config", "book.yaml", "--output-dir", "club")
	p.commit("template", map[string]string{"project.yaml": own})
	assert.Contains(t, p.mustRunError("update", "--config", "club/project.yaml"), `the key "host" is missing`)
	p.replace("club/project.yaml", "description:", "host: books.acme.dev\ndescription:")
	p.commit("club", nil)
	p.mustRun("update", "--config", "club/project.yaml")
	made, err := readProject(p.path("club/project.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "books.acme.dev", made.vars["host"])
	assert.Equal(t, p.git("template", "rev-parse", "HEAD"), made.template.Revision)
}

func TestUpdateConflicts(t *testing.T) {
	t.Parallel()
	p := made(t)
	p.git("club", "rm", "--quiet", "LICENSE")
	p.commit("club", map[string]string{"README.md": strings.Replace(p.read("club/README.md"), "four\n", "four of ours\n", 1)})
	p.commit("template", map[string]string{
		"README.md": strings.Replace(strings.Replace(small["README.md"], "four\n", "four of Origin\n", 1), "one\n", "1\n", 1),
		"LICENSE":   "Copyright (c) 2026 The Origin Authors\nAll rights\n",
	})
	_, err := p.run("update", "--config", "club/project.yaml")
	require.ErrorContains(t, err, "2 files were changed on both sides")
	require.ErrorContains(t, err, "\n  LICENSE\n  README.md")
	readme := p.read("club/README.md")
	assert.Regexp(t, `\n1\ntwo\nthree\n<<<<<<< HEAD\nfour of ours\n=======\nfour of Book Club\n>>>>>>> [0-9a-f]+.*\(the template at [0-9a-f]{12}\)\nfive\n`, readme)
	assert.Equal(t, "Copyright (c) 2027 Acme Ltd\nAll rights\n", p.read("club/LICENSE"), "what one side changed and the other deleted stays")
	assert.Contains(t, p.git("club", "status", "--porcelain"), "UU README.md")

	// All can be taken back.
	p.git("club", "reset", "--quiet", "--hard")
	assert.Empty(t, p.git("club", "status", "--porcelain"))
	assert.NoFileExists(t, p.path("club/LICENSE"))
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	p := made(t)
	p.commit("template", map[string]string{"new.txt": "theirs\n"})
	update := func(config string) error {
		_, err := p.run("update", "--config", config)
		return err
	}
	p.write("club/new.txt", "ours, and in no commit\n")
	require.ErrorContains(t, update("club/project.yaml"), "has changes that are not committed: commit or stash them first")
	assert.Equal(t, "ours, and in no commit\n", p.read("club/new.txt"))

	// Where git ignores it, it would be overwritten.
	p.write("club/.git/info/exclude", "new.txt\n")
	require.ErrorContains(t, update("club/project.yaml"), "new.txt is in the way, which git ignores")
	assert.Equal(t, "ours, and in no commit\n", p.read("club/new.txt"))
	assert.Empty(t, p.git("club", "status", "--porcelain"))
	p.write("club/.git/info/exclude", "")
	p.git("club", "clean", "--quiet", "--force")

	// That git ignores a file here or for this person is nothing to the template.
	p.write("club/.git/info/exclude", "new.txt\n")
	p.mustRun("update", "--config", "club/project.yaml")
	assert.Equal(t, "theirs\n", p.read("club/new.txt"))
	p.git("club", "reset", "--quiet", "--hard")

	require.ErrorContains(t, update("book.yaml"), "book.yaml does not say of which revision of a template its project was made")
	p.write("project.yaml", p.read("club/project.yaml"))
	require.ErrorContains(t, update("project.yaml"), "is in no git repository")
	p.write("club/sub/project.yaml", p.read("club/project.yaml"))
	p.commit("club", nil)
	require.ErrorContains(t, update("club/sub/project.yaml"), "is not the top of its git repository")

	revision := p.git("template", "rev-parse", "HEAD~1")
	p.replace("club/project.yaml", revision, strings.Repeat("1", 40))
	p.commit("club", nil)
	require.ErrorContains(t, update("club/project.yaml"), "fetch the template's history first")
	text, _, _ := strings.Cut(p.read("club/project.yaml"), "template:")
	p.commit("club", map[string]string{"project.yaml": text})
	require.ErrorContains(t, update("club/project.yaml"), "project.yaml does not say of which revision of a template its project was made")
	assert.Empty(t, p.git("club", "status", "--porcelain"))
}
