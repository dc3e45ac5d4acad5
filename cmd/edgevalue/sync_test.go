package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/edgar/edgartest"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/sample"
)

func TestSyncCommand(t *testing.T) {
	t.Parallel()
	server := edgartest.New(sample.FS)
	edgar := httptest.NewServer(server)
	t.Cleanup(edgar.Close)
	dsn := pgtest.New(t).Config().ConnString()
	p := newProject(t)
	run := func(env []string, args ...string) (string, error) {
		cmd := p.command(args...)
		cmd.Env = append(append(cmd.Env, "DATABASE_URL="+dsn, "ENVIRONMENT=local"), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run(nil, "sync")
	require.Error(t, err)
	assert.Contains(t, out, `Set EDGAR_USER_AGENT`)

	env := []string{"EDGAR_USER_AGENT=Test test@example.com", "EDGAR_DATA_URL=" + edgar.URL, "EDGAR_FILES_URL=" + edgar.URL, "SYNC_DIR=" + filepath.Join(p.dir, "edgar")}
	out, err = run(env, "sync", "SNOW")
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, `(?m)^companies: 1 updated, 0 unchanged, 0 failed, in `, out)
	out, err = run(env, "export", "--out", "synced", "SNOW")
	require.NoError(t, err, "%s", out)

	other := pgtest.New(t).Config().ConnString()
	file := filepath.Join(p.dir, "snow.json.gz")
	content, err := sample.FS.ReadFile("companyfacts-CIK0001640147.json.gz")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	for _, args := range [][]string{{"import", "sec", "--ticker", "SNOW", file}, {"export", "--out", "imported", "SNOW"}} {
		cmd := p.command(args...)
		cmd.Env = append(cmd.Env, "DATABASE_URL="+other)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	assert.Equal(t, p.read("imported/SNOW.json"), p.read("synced/SNOW.json"))

	server.Forget()
	out, err = run(env, "sync", "SNOW")
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, `(?m)^companies: 0 updated, 1 unchanged, 0 failed, in `, out)
	for r := range server.Requests() {
		assert.NotEqual(t, 200, r.Status, r.Path)
	}

	out, err = run(env, "sync", "NOSUCHX")
	require.Error(t, err)
	assert.Contains(t, out, "NOSUCHX: EDGAR lists no company with this ticker")
	out, err = run(env, "sync")
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, `(?m)^companies: 2 updated, 1 unchanged, 0 failed, in `, out)
	left, err := os.ReadDir(filepath.Join(p.dir, "edgar"))
	require.NoError(t, err)
	assert.Empty(t, left, "the bulk files are gone")
}

// With EDGAR_USER_AGENT, dev goes on to all companies after the samples.
func TestDevSyncs(t *testing.T) {
	t.Parallel()
	server := edgartest.New(sample.FS)
	extra := yearly(77, 2019, 2020)
	server.Set("companyfacts-CIK0000000077.json", []byte(extra))
	edgar := httptest.NewServer(server)
	t.Cleanup(edgar.Close)
	p := newProject(t)
	env := "EDGAR_USER_AGENT=\"Test test@example.com\"\nEDGAR_DATA_URL=" + edgar.URL + "\nEDGAR_FILES_URL=" + edgar.URL + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, ".env"), []byte(env), 0o600))
	cmd, printed := p.dev()
	defer p.stop(cmd)
	super := p.superuser(printed)
	p.imported(super)
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		page, err := super.ListSyncs(p.t.Context(), oas.ListSyncsParams{})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		s := page.Items[0]
		require.Equal(t, oas.SyncStateSucceeded, s.State)
		assert.EqualValues(t, 4, s.Total)
		assert.EqualValues(t, 1, s.Updated, "the samples are here")
	}, time.Minute, 100*time.Millisecond)
	c, err := super.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: "CIK0000000077"})
	require.NoError(t, err)
	assert.True(t, c.HasStatements)
}

func (p project) read(name string) string {
	p.t.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	require.NoError(p.t, err)
	return string(b)
}

// bulkFile writes a companyfacts.zip of n companies with some years each.
func (p project) bulkFile(n int) string {
	p.t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name, content string) {
		w, err := z.Create(name)
		require.NoError(p.t, err)
		_, err = w.Write([]byte(content))
		require.NoError(p.t, err)
	}
	for i := 1; i <= n; i++ {
		add(fmt.Sprintf("CIK%010d.json", i), yearly(i, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021))
	}
	add("../outside.json", "{}")
	add("readme.txt", "no company")
	add(fmt.Sprintf("CIK%010d.json", n+1), yearly(n+2, 2019))
	add(fmt.Sprintf("CIK%010d.json", n+3), `{"cik":`)
	require.NoError(p.t, z.Close())
	path := filepath.Join(p.dir, "companyfacts.zip")
	require.NoError(p.t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

// An import of a bulk file that is killed at any time goes on where it was, and what comes of it is what comes of one that
// was left alone.
func TestKilledBulkImport(t *testing.T) {
	t.Parallel()
	const n = 120
	p := newProject(t)
	zipped := p.bulkFile(n)
	type database struct{ dsn string }
	run := func(d database, args ...string) (string, error) {
		cmd := p.command(args...)
		cmd.Env = append(cmd.Env, "DATABASE_URL="+d.dsn)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	dump := func(d database, folder string) map[string]string {
		var names []string
		for i := 1; i <= n; i++ {
			names = append(names, fmt.Sprintf("CIK%010d", i))
		}
		out, err := run(d, append([]string{"export", "--out", folder}, names...)...)
		require.NoError(t, err, "%s", out)
		all := map[string]string{}
		for _, name := range names {
			all[name] = p.read(filepath.Join(folder, name+".json"))
		}
		return all
	}
	const failures = "4 of 124 companies failed"
	alone := database{pgtest.New(t).Config().ConnString()}
	out, err := run(alone, "import", "sec-bulk", zipped)
	require.Error(t, err)
	assert.Contains(t, out, failures)
	assert.Contains(t, out, "CIK0000000121: the document is about CIK 122, not 121 as its name says")
	assert.Contains(t, out, `its name is not that of a company's document`)

	pool := pgtest.New(t)
	killed := database{pool.Config().ConnString()}
	random := rand.New(rand.NewPCG(9, 9))
	done := func() (n int) {
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM company_facts").Scan(&n))
		return n
	}
	for i := range 5 {
		cmd := p.command("import", "sec-bulk", zipped)
		cmd.Env = append(cmd.Env, "DATABASE_URL="+killed.dsn)
		require.NoError(t, cmd.Start())
		at := i*n/6 + random.IntN(n/12)
		require.Eventually(t, func() bool { return done() > at }, time.Minute, time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		t.Logf("killed with %d companies", done())
		require.Less(t, done(), n)
	}
	out, err = run(killed, "import", "sec-bulk", zipped)
	require.Error(t, err)
	assert.Contains(t, out, failures)
	assert.Equal(t, dump(alone, "alone"), dump(killed, "killed"))

	out, err = run(killed, "import", "sec-bulk", zipped)
	require.Error(t, err)
	assert.Regexp(t, `(?m)^companies: 0 updated, 120 unchanged, 4 failed, in `, out)
}

func TestBadBulkFile(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	dsn := pgtest.New(t).Config().ConnString()
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "page.zip"), []byte("<html>"), 0o600))
	whole, err := os.ReadFile(p.bulkFile(3))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "cut.zip"), whole[:len(whole)/2], 0o600))
	for _, name := range []string{"page.zip", "cut.zip"} {
		cmd := p.command("import", "sec-bulk", name)
		cmd.Env = append(cmd.Env, "DATABASE_URL="+dsn)
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), name+" is not a zip file, or not a complete one")
	}
}
