package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgserver"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// on runs a command for a database.
func (p project) on(pool *pgxpool.Pool, args ...string) (output string, err error) {
	cmd := p.command(args...)
	cmd.Env = append(cmd.Env, "DATABASE_URL="+pool.Config().ConnString(), "PATH="+p.dir+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p project) files() (names []string) {
	p.t.Helper()
	entries, err := os.ReadDir(p.dir)
	require.NoError(p.t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestBackupWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	var version int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int / 10000").Scan(&version))
	real, err := pgserver.Client(t.Context(), "pg_dump", version)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "ev.dump"), []byte("older"), 0o600))

	// One that shows its arguments and environment and fails after it has written everything.
	u, err := url.Parse(pool.Config().ConnString())
	require.NoError(t, err)
	password, _ := u.User.Password()
	fake := filepath.Join(p.dir, "pg_dump")
	require.NoError(t, os.WriteFile(fake, fmt.Appendf(nil, `#!/bin/sh
[ "$1" = --version ] && exec %[1]q --version
%[1]q "$@"
echo "arguments $*" >&2
[ -n "$PGPASSWORD" ] && echo "with a password" >&2
exit 1
`, real), 0o755))
	out, err := p.on(pool, "backup", "--force", "ev.dump")
	require.Error(t, err)
	assert.Contains(t, out, "arguments --format=custom")
	assert.Contains(t, out, "with a password")
	assert.NotContains(t, out, password)
	assert.Equal(t, []string{"ev.dump", "pg_dump"}, p.files())
	text, err := os.ReadFile(filepath.Join(p.dir, "ev.dump"))
	require.NoError(t, err)
	assert.Equal(t, "older", string(text))

	require.NoError(t, os.Remove(fake))
	_, err = p.on(pool, "backup", "--force", "ev.dump")
	require.NoError(t, err)
	assert.Equal(t, []string{"ev.dump"}, p.files())
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	p, source, target := newProject(t), pgtest.New(t), pgtest.New(t)
	_, err := target.Exec(t.Context(), "CREATE TABLE kept ()")
	require.NoError(t, err)
	_, err = source.Exec(t.Context(), "CREATE TABLE long AS SELECT md5(n::text) FROM generate_series(1, 10000) n")
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "text.dump"), []byte("no backup"), 0o600))
	out, err := p.on(source, "backup", "whole.dump")
	require.NoError(t, err, out)
	whole, err := os.ReadFile(filepath.Join(p.dir, "whole.dump"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "half.dump"), whole[:len(whole)*3/4], 0o600))
	_, err = source.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	require.NoError(t, err)
	out, err = p.on(source, "backup", "newer.dump")
	require.NoError(t, err, out)
	_, err = source.Exec(t.Context(), "DROP TABLE goose_db_version")
	require.NoError(t, err)
	out, err = p.on(source, "backup", "other.dump")
	require.NoError(t, err, out)

	for name, want := range map[string]string{
		"text.dump":   "text.dump is not a backup",
		"half.dump":   "the database is as it was",
		"newer.dump":  "was made by a newer edgevalue",
		"other.dump":  "not a backup of EdgeValue",
		"absent.dump": "no such file",
	} {
		out, err := p.on(target, "restore", "--yes", name)
		require.Error(t, err, name)
		assert.Contains(t, out, want)
	}
	var there bool
	var left int
	require.NoError(t, target.QueryRow(t.Context(), `SELECT to_regclass('kept') IS NOT NULL,
		(SELECT count(*) FROM pg_database WHERE starts_with(datname, left(current_database(), 50)) AND datname ~ '_re(stor|plac)ed?$')`).
		Scan(&there, &left))
	assert.True(t, there)
	assert.Zero(t, left, "nothing stays of what was refused")
}

// A backup of an older version is restored as this one needs it, in place of everything.
func TestRestoreOlder(t *testing.T) {
	t.Parallel()
	p, source, target := newProject(t), pgtest.New(t), pgtest.New(t)
	_, err := pg.MigrateDown(t.Context(), source)
	require.NoError(t, err)
	out, err := p.on(source, "backup", "older.dump")
	require.NoError(t, err, out)
	_, err = target.Exec(t.Context(), "CREATE TABLE extra ()")
	require.NoError(t, err)

	out, err = p.on(target, "restore", "--yes", "older.dump")
	require.NoError(t, err, out)
	target.Reset()
	newer, err := pg.Current(t.Context(), target)
	require.NoError(t, err)
	assert.False(t, newer)
	var extra *string
	require.NoError(t, target.QueryRow(t.Context(), "SELECT to_regclass('extra')::text").Scan(&extra))
	assert.Nil(t, extra)
}
