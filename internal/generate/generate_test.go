package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// copier writes the first letter of each line of its input to a file of that name in a folder; what it cannot read is a
// mistake, after which it has written half.
const copier = `package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := os.MkdirAll(os.Args[2], 0o755); err != nil {
		panic(err)
	}
	for i, line := range strings.Fields(string(text)) {
		if line == "broken" {
			fmt.Printf("# package db\n%s:%d:1: a mistake\n", os.Args[1], i+1)
			os.Exit(1)
		}
		if err := os.WriteFile(filepath.Join(os.Args[2], line[:1]), []byte(line), 0o644); err != nil {
			panic(err)
		}
	}
}
`

// A house is a project with two steps, of which one writes in place.
type house struct {
	*project
	t     *testing.T
	steps []step
}

// setup makes it in the working directory, which tests share.
func setup(t *testing.T) house {
	t.Helper()
	t.Chdir(t.TempDir())
	for path, text := range map[string]string{
		"go.mod": "module example.com/house\n\ngo 1.26\n", "copier/main.go": copier,
		"in": "apple berry", "types/a.go": "package types\n\nfunc A() { print(1) }\n", "out/stale": "x", "in2": "cherry",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	copier := tool{pkg: "./copier", source: []string{"copier"}}
	return house{&project{tools: "bin/tools", stamp: "bin/stamp"}, t, []step{
		{name: "whole", tool: copier, args: []string{"in", "OUT/out"}, inputs: []string{"in"}, types: []string{"types"}, outputs: []string{"out"}, clean: sqlFailure},
		{name: "place", tool: copier, args: []string{"in2", "OUT/out2"}, inputs: []string{"in2"}, outputs: []string{"out2"}, inPlace: true, clean: sqlFailure},
	}}
}

func (h house) write(path, text string) {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(path, []byte(text), 0o644))
}

// ran generates and returns the names of the steps that ran.
func (h house) ran(all bool) (string, error) {
	h.t.Helper()
	var names bytes.Buffer
	h.out = &names
	err := h.generate(context.Background(), h.steps, all)
	var ran []string
	for line := range strings.Lines(names.String()) {
		ran = append(ran, strings.Fields(line)[0])
	}
	return strings.Join(ran, " "), err
}

// old gives all files a time long ago, and young returns those that have been written since.
func (h house) old() {
	h.t.Helper()
	h.walk(func(path string, _ fs.FileInfo) {
		require.NoError(h.t, os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)))
	})
}

func (h house) young() (paths []string) {
	h.t.Helper()
	h.walk(func(path string, info fs.FileInfo) {
		if !info.ModTime().Equal(time.Unix(1e9, 0)) && strings.HasPrefix(path, "out") {
			paths = append(paths, path)
		}
	})
	return paths
}

func (h house) walk(f func(string, fs.FileInfo)) {
	require.NoError(h.t, filepath.Walk(".", func(path string, info fs.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			f(path, info)
		}
		return err
	}))
}

func TestGenerate(t *testing.T) {
	h := setup(t)
	for _, c := range []struct {
		name    string
		do      func()
		ran     string
		changed []string
	}{
		{"first", func() {}, "whole place", []string{"out/a", "out/b", "out2/c"}},
		{"nothing", func() {}, "", nil},
		{"within a function", func() { h.write("types/a.go", "package types\n\n// A does.\nfunc A() { print(2) }\n") }, "", nil},
		{"a declaration", func() { h.write("types/a.go", "package types\n\nfunc A(int) { print(2) }\n") }, "whole", nil},
		{"an input", func() { h.write("in", "apple blue") }, "whole", []string{"out/b"}},
		{"in place", func() { h.write("in2", "cherry dill") }, "place", []string{"out2/d"}},
		{"an output by hand", func() { h.write("out/a", "edited") }, "whole", []string{"out/a"}},
		{"a removed output", func() { require.NoError(t, os.Remove("out/b")) }, "whole", []string{"out/b"}},
		{"another tool", func() { h.write("copier/main.go", copier+"\nvar _ = 1\n") }, "whole place", nil},
		{"a spoilt stamp", func() { h.write("bin/stamp", "{") }, "whole place", nil},
	} {
		h.old()
		c.do()
		ran, err := h.ran(false)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.ran, ran, c.name)
		assert.Equal(t, c.changed, h.young(), c.name)
	}
	assert.NoFileExists(t, "out/stale")
	h.old()
	ran, err := h.ran(true)
	require.NoError(t, err)
	assert.Equal(t, "whole place", ran)
	assert.Empty(t, h.young())
}

func TestMistakes(t *testing.T) {
	h := setup(t)
	_, err := h.ran(false)
	require.NoError(t, err)
	for input, dir := range map[string]string{"in": "out", "in2": "out2"} {
		good, err := os.ReadFile(input)
		require.NoError(t, err)
		h.old()
		before := list(t, dir)
		h.write(input, "zebra yak broken")
		for range 2 {
			_, err = h.ran(false)
			require.EqualError(t, err, input+":3:1: a mistake")
			assert.Equal(t, before, list(t, dir))
			assert.Empty(t, h.young())
		}
		h.write(input, string(good))
		_, err = h.ran(false)
		require.NoError(t, err)
		left, err := filepath.Glob("bin/generate-*")
		require.NoError(t, err)
		assert.Empty(t, left)
	}
	h.write("copier/main.go", "package main\n\nfunc main() { nowhere() }\n")
	_, err = h.ran(false)
	require.ErrorContains(t, err, "build copier: ")
	require.ErrorContains(t, err, "undefined: nowhere")
}

// A step for Node.js, where that is missing, is no reason not to run the others.
func TestWithoutNode(t *testing.T) {
	h := setup(t)
	goTool, err := exec.LookPath("go")
	require.NoError(t, err)
	path := t.TempDir()
	require.NoError(t, os.Symlink(goTool, filepath.Join(path, "go")))
	t.Setenv("PATH", path)
	h.steps = append([]step{{
		name: "script", tool: tool{pkg: "script.mjs", source: []string{"script.mjs"}, modules: "node_modules/.package-lock.json"},
		inputs: []string{"in"}, outputs: []string{"out3"},
	}}, h.steps...)
	for _, c := range []struct{ name, ran string }{{"first", "whole place script:"}, {"again", "script:"}} {
		ran, err := h.ran(false)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.ran, ran, c.name)
	}
	ran, err := h.ran(true)
	require.EqualError(t, err, "script: skipped: Node.js 20.19 or newer, with npm, is needed (scripts/install-node.sh). "+
		"All else is generated, but out3 may be old")
	assert.Equal(t, "whole place", ran)
}

func list(t *testing.T, dir string) string {
	t.Helper()
	files, err := readTree([]string{dir})
	require.NoError(t, err)
	texts := map[string]string{}
	for path, f := range files {
		texts[path] = string(f.text)
	}
	return fmt.Sprint(texts)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "openapi.yaml:10: mapping values are not allowed in this context", contractFailure(
		"- openapi.yaml:10 -> mapping values are not allowed in this context\n\t    7 |     Money\n\ngeneration failed:\n    main.run\n"))
	assert.Equal(t, "something else", contractFailure("something else"))
	assert.Equal(t, `queries/thing.sql:10:2: syntax error at or near "SELEC"`,
		sqlFailure("# package db\nqueries/thing.sql:10:2: syntax error at or near \"SELEC\"\n"))
}

// A step that nothing waits for runs beside the others, which its mistakes do not keep from their ends.
func TestBeside(t *testing.T) {
	h := setup(t)
	beside := step{name: "beside", tool: h.steps[0].tool, args: []string{"in3", "OUT/out3"}, inputs: []string{"in3"}, outputs: []string{"out3"}, beside: true}
	h.steps = append([]step{beside}, h.steps...)
	h.write("in3", "damson")
	ran, err := h.ran(false)
	require.NoError(t, err)
	assert.Equal(t, "whole place beside", ran)
	ran, err = h.ran(false)
	require.NoError(t, err)
	assert.Empty(t, ran)

	h.write("in", "elder")
	require.NoError(t, os.Remove("in3"))
	h.steps[0].inputs = nil
	ran, err = h.ran(false)
	require.Error(t, err)
	assert.Equal(t, "whole", ran)
	h.write("in3", "damson")
	ran, err = h.ran(false)
	require.NoError(t, err)
	assert.Equal(t, "beside", ran, "it has not run to its end")

	h.write("in3", "fig")
	h.steps[0].inputs = []string{"in3"}
	require.NoError(t, os.Remove("in2"))
	h.steps[2].inputs = nil
	ran, err = h.ran(false)
	require.Error(t, err)
	assert.Equal(t, "beside", ran, "whatever becomes of the others")
}
