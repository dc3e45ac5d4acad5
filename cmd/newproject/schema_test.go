package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// One migration makes of this repository's declared tables what its own migrations make, and takes it back.
func TestFreshSchema(t *testing.T) {
	t.Parallel()
	files := map[string]file{}
	for _, pattern := range []string{"tables/*.sql", "[0-9]*.sql"} {
		paths, err := filepath.Glob("../../schema/" + pattern)
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		for _, path := range paths {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			name, err := filepath.Rel("../..", path)
			require.NoError(t, err)
			files[filepath.ToSlash(name)] = file{b, 0o644}
		}
	}
	require.NoError(t, freshSchema(files))
	migrations := fstest.MapFS{}
	for name, f := range files {
		if glob(migrationsGlob)(name) {
			migrations[filepath.Base(name)] = &fstest.MapFile{Data: f.content}
		}
	}
	require.Len(t, migrations, 1)

	pool, err := pgxpool.New(t.Context(), pgtest.Empty(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	require.NoError(t, err)
	_, err = river.Migrate(t.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(t, err)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { _ = db.Close() })
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations)
	require.NoError(t, err)
	before := catalog(t, pool)
	_, err = p.Up(t.Context())
	require.NoError(t, err, string(migrations["00001_init.sql"].Data))
	want := catalog(t, pgtest.New(t))
	require.Greater(t, len(want), 300)
	assert.Equal(t, want, catalog(t, pool))
	_, err = p.Down(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, catalog(t, pool))
	_, err = p.Up(t.Context())
	require.NoError(t, err)
}

// catalog lists what a database has, but for extensions and goose's own table.
func catalog(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `
		SELECT what FROM (
			SELECT format('column %s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)) AS what
				FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
				WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
				FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
			UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
			UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p
				WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
					AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
		) AS all_of_them WHERE what !~ 'goose_db_version' ORDER BY what COLLATE "C"`)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return list
}
