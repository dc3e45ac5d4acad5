package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ogen-go/ogen/gen"
	"github.com/ogen-go/ogen/gen/genfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is encoded is the same bytes as ogen's own code writes, whatever shape it has.
func TestEncodersWriteWhatOgenWrites(t *testing.T) {
	t.Parallel()
	contract, err := os.ReadFile("testdata/shapes.yaml")
	require.NoError(t, err)
	spec, err := parse(contract)
	require.NoError(t, err)
	g, err := gen.NewGenerator(spec, gen.Options{Generator: gen.GenerateOptions{Features: &gen.FeatureOptions{
		DisableAll: true, Enable: gen.FeatureSet{"paths/server": {}, "paths/client": {}},
	}}})
	require.NoError(t, err)
	here, err := filepath.Abs("testdata")
	require.NoError(t, err)
	overlay := map[string]map[string]string{"Replace": {}}
	for name, fs := range map[string]func(genfs.FormattedSource) gen.FileSystem{
		"plain": func(s genfs.FormattedSource) gen.FileSystem { return s },
		"ours":  func(s genfs.FormattedSource) gen.FileSystem { return source{s} },
	} {
		to := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.Mkdir(to, 0o755))
		require.NoError(t, g.WriteSource(fs(genfs.FormattedSource{Root: to}), name))
		files, err := filepath.Glob(filepath.Join(to, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			overlay["Replace"][filepath.Join(here, name, filepath.Base(file))] = file
		}
	}
	text, err := json.Marshal(overlay)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	out, err := exec.CommandContext(t.Context(), "go", "run", "-overlay", file, "./testdata/compare").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "things")
}

// A form that is not known is no reason to write nothing, or something else.
func TestOtherEncoders(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"package oas\n",
		"package oas\n\nfunc (s *A) Encode(e *jx.Encoder) { e.Null() }\n",
		"package oas\n\nfunc (s *A) encodeFields(e *jx.Encoder) {\n\tfor e.FieldStart(\"a\") {\n\t}\n}\n",
		"package oas\n\nfunc (s *A) encodeFields(e *jx.Encoder) {\n\tfail := e.FieldStart(\"a\")\n}\n",
		"package oas\n\nfunc (s *A) encodeFields(e *jx.Encoder) {\n}\n\nfunc (s *A) write(e *jx.Encoder) {\n\te.FieldStart(\"a\")\n}\n",
	} {
		_, err := appendEncoders([]byte(text))
		require.ErrorContains(t, err, "another form", text)
	}
}
