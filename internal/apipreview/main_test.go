package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const old = `openapi: 3.1.0
info: { title: Things, version: 1.0.0 }
paths:
  /things:
    get:
      operationId: listThings
      responses:
        '204': { description: Done. }
`

// repository is one whose main has the contract old.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	save(t, dir, old)
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "--all"},
		{"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=old"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return dir
}

// save puts another file in the contract's place, as many editors do.
func save(t *testing.T, dir, text string) {
	t.Helper()
	path := filepath.Join(dir, "openapi.yaml")
	require.NoError(t, os.WriteFile(path+"~", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+"~", path))
}

func TestPreview(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, dir, []string{"-listen", "127.0.0.1:0"}, writer)
		writer.Close()
	}()
	terminal := bufio.NewScanner(reader)
	said := func(pattern string) []string {
		t.Helper()
		require.True(t, terminal.Scan())
		require.Regexp(t, pattern, terminal.Text())
		return regexp.MustCompile(pattern).FindStringSubmatch(terminal.Text())
	}
	said(`^\d\d:\d\d:\d\d shown$`)
	url := said(`^openapi\.yaml beside that of main \([0-9a-f]{9}\): (http://127\.0\.0\.1:\d+)$`)[1]
	get := func(path string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, http.NoBody)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(text)
	}
	for path, want := range map[string]string{
		"/": "openapi.yaml, as it is edited", "/pane?of=base": "redoc.standalone.js", "/pane.js": "Redoc.init", "/preview.js": "EventSource",
		"/preview.css": "iframe", "/docs.css": "margin", "/favicon.svg": "<svg", "/redoc.standalone.js": "Redoc",
	} {
		status, text := get(path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Contains(t, text, want, path)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/events", http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	next := func() (now state) {
		t.Helper()
		for events.Scan() {
			if text, ok := strings.CutPrefix(events.Text(), "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(text), &now))
				return now
			}
		}
		require.FailNow(t, "no event", "%v", events.Err())
		return now
	}
	now := next()
	assert.Equal(t, 1, now.Version)
	assert.Empty(t, now.Mistakes)

	save(t, dir, strings.Replace(old, "title: Things", "title: Better things", 1))
	said(`^\d\d:\d\d:\d\d shown$`)
	assert.Equal(t, 2, next().Version)
	_, text := get("/openapi.json?of=draft")
	assert.Contains(t, text, `"title":"Better things"`)
	_, text = get("/openapi.json?of=base")
	assert.Contains(t, text, `"title":"Things"`)

	save(t, dir, strings.Replace(old, "responses:", "replies:", 1))
	said(`^\d\d:\d\d:\d\d openapi.yaml:7:7: OpenAPI knows no key "replies" here$`)
	now = next()
	assert.Equal(t, 2, now.Version, "the last good one is shown")
	assert.Equal(t, []string{`openapi.yaml:7:7: OpenAPI knows no key "replies" here`}, now.Mistakes)
	_, text = get("/openapi.json?of=draft")
	assert.Contains(t, text, `"title":"Better things"`)

	require.NoError(t, os.Remove(filepath.Join(dir, "openapi.yaml")))
	time.Sleep(300 * time.Millisecond)
	save(t, dir, old)
	said(`^\d\d:\d\d:\d\d shown$`)
	now = next()
	assert.Equal(t, 3, now.Version)
	assert.Empty(t, now.Mistakes)

	stop()
	require.NoError(t, <-ended)
}

func TestBeginsWithMistakes(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	save(t, dir, "openapi: 3.1.0\nopenapi: 3.1.0\n")
	p := &preview{path: filepath.Join(dir, "openapi.yaml"), out: io.Discard}
	require.NoError(t, p.update())
	now, _ := p.current()
	assert.Equal(t, state{Mistakes: []string{`openapi.yaml:2:1: the key "openapi" is already on line 1`}}, now)
}

func TestCannotPreview(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	err := run(t.Context(), dir, []string{"-base", "nowhere"}, io.Discard)
	require.EqualError(t, err, `there is no revision "nowhere" here: fetch it (git fetch origin), or name another with BASE=`)
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	err = run(t.Context(), dir, []string{"-listen", taken.Addr().String()}, io.Discard)
	require.ErrorContains(t, err, "address already in use")
}
