package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// root is that of the source tree.
const root = "../.."

// shop is the tests' own.
var shop = sync.OnceValues(func() (*workshop, error) {
	dsn := os.Getenv(pgtest.Variable)
	if dsn == "" {
		var err error
		if dsn, _, err = pgtest.Serve(); err != nil {
			return nil, err
		}
	}
	return newWorkshop(context.Background(), dsn)
})

// tree copies the sources that a plan reads into a directory of the test's own.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"schema", "schema/tables"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, part), 0o755))
		paths, err := filepath.Glob(filepath.Join(root, part, "*.sql"))
		require.NoError(t, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, part, filepath.Base(path)), text, 0o644))
		}
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(rowsFile)), 0o755))
	require.NoError(t, os.Symlink(must(filepath.Abs("rows.jsonl")), filepath.Join(dir, rowsFile)))
	for _, name := range []string{"node_modules", "squawk.toml"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "scripts"), 0o755))
		require.NoError(t, os.Symlink(must(filepath.Abs(filepath.Join(root, "scripts", name))), filepath.Join(dir, "scripts", name)))
	}
	return dir
}

func must(path string, err error) string {
	if err != nil {
		panic(err)
	}
	return path
}

// edit replaces text of a declared file, which must be there.
func edit(t *testing.T, dir, file, was, is string) {
	t.Helper()
	path := filepath.Join(dir, "schema", "tables", file)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), was)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), was, is, 1)), 0o644))
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		edits  [][3]string // file, text, replacement
		decide decider
		want   []string // in this order, in the files one after another
	}{
		{
			name:  "a nullable column",
			edits: [][3]string{{"company.sql", "    ipo_date         date,", "    ipo_date         date,\n    lei              text,"}},
			want: []string{
				"-- +goose Up\n\nSET LOCAL lock_timeout = '5s';\n\n-- Acquires access exclusive lock: nobody uses company for a moment.\n" +
					"ALTER TABLE company ADD COLUMN lei text;\n", "-- +goose Down\n",
				"-- Deletes data: ", "ALTER TABLE company DROP COLUMN lei;\n",
			},
		},
		{
			name:  "a NOT NULL column with a default",
			edits: [][3]string{{"price.sql", "    volume      bigint", "    adjusted    boolean NOT NULL DEFAULT false,\n    volume      bigint"}},
			want: []string{
				"SET LOCAL lock_timeout = '5s';\n", "ALTER TABLE price ADD COLUMN adjusted boolean DEFAULT false NOT NULL;\n", "-- +goose Down\n",
				"ALTER TABLE price DROP COLUMN adjusted;\n",
			},
		},
		{
			name: "an index",
			edits: [][3]string{{
				"company.sql", "CREATE INDEX company_name_id_idx", "CREATE INDEX company_country_idx ON company (country);\nCREATE INDEX company_name_id_idx",
			}},
			want: []string{
				"-- +goose NO TRANSACTION\n-- +goose Up\n", "DROP INDEX CONCURRENTLY IF EXISTS company_country_idx;\n", "-- Index build: ",
				"CREATE INDEX CONCURRENTLY company_country_idx ON company (country);\n", "-- +goose Down\n", "-- Index dropped: ",
				"DROP INDEX CONCURRENTLY IF EXISTS company_country_idx;\n",
			},
		},
		{
			name:  "a foreign key",
			edits: [][3]string{{"company_facts.sql", "    cik               bigint,", "    cik               bigint REFERENCES company_cik,"}},
			want: []string{
				"-- +goose NO TRANSACTION\n-- +goose Up\n", "SET lock_timeout = '5s';\n", "share row exclusive lock", "ALTER TABLE company_facts DROP CONSTRAINT IF EXISTS company_facts_cik_fkey,\n" +
					"    ADD CONSTRAINT company_facts_cik_fkey FOREIGN KEY (cik) REFERENCES company_cik(cik) NOT VALID;\n",
				"ALTER TABLE company_facts VALIDATE CONSTRAINT company_facts_cik_fkey;\n", "RESET lock_timeout;\n", "-- +goose Down\n",
				"ALTER TABLE company_facts DROP CONSTRAINT IF EXISTS company_facts_cik_fkey;\n",
			},
		},
		{
			name:  "a check",
			edits: [][3]string{{"company.sql", "    ipo_date         date,", "    ipo_date         date CHECK (ipo_date > '1600-01-01'),"}},
			want: []string{
				"-- +goose NO TRANSACTION\n-- +goose Up\n", "ADD CONSTRAINT company_ipo_date_check CHECK (", " NOT VALID;\n",
				"ALTER TABLE company VALIDATE CONSTRAINT company_ipo_date_check;\n", "-- +goose Down\n",
				"ALTER TABLE company DROP CONSTRAINT IF EXISTS company_ipo_date_check;\n",
			},
		},
		{
			name: "a renamed column",
			edits: [][3]string{
				{"company.sql", "    url              text CHECK (length(url) <= 2000),", "    website          text CHECK (length(website) <= 2000),"},
			},
			decide: decider{renames: []string{"company.url=website"}, drops: nil, ask: nil},
			want: []string{
				"SET LOCAL lock_timeout = '5s';\n", "-- Breaks the version that runs: ", "ALTER TABLE company RENAME COLUMN url TO website;\n",
				"ALTER TABLE company RENAME CONSTRAINT company_url_check TO company_website_check;\n", "-- +goose Down\n",
				"RENAME CONSTRAINT company_website_check TO company_url_check;\n", "ALTER TABLE company RENAME COLUMN website TO url;\n",
			},
		},
		{
			name: "a dropped table",
			edits: [][3]string{{"company_facts.sql", `
-- When the SEC accepted a periodic filing.
CREATE TABLE filing (
    company_id  bigint NOT NULL REFERENCES company ON DELETE CASCADE,
    accession   text NOT NULL CHECK (length(accession) <= 25),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (company_id, accession)
);
CREATE TRIGGER filing_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON filing
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_change('data');
`, ""}},
			want: []string{"-- Deletes data: ", "DROP TABLE filing;\n", "-- +goose Down\n", "CREATE TABLE filing (", "ADD CONSTRAINT filing_pkey PRIMARY KEY USING INDEX filing_pkey;\n"},
		},
		{
			name: "a renamed table",
			edits: [][3]string{
				{"currency.sql", "CREATE TABLE exchange_rate (", "CREATE TABLE reference_rate ("},
				{"currency.sql", "CREATE TRIGGER exchange_rate_updated_at BEFORE UPDATE ON exchange_rate", "CREATE TRIGGER exchange_rate_updated_at BEFORE UPDATE ON reference_rate"},
				{"currency.sql", "TRUNCATE ON exchange_rate", "TRUNCATE ON reference_rate"},
			},
			decide: decider{renames: []string{"exchange_rate=reference_rate"}, drops: nil, ask: nil},
			want: []string{
				"ALTER TABLE exchange_rate RENAME TO reference_rate;\n", "RENAME CONSTRAINT exchange_rate_pkey TO reference_rate_pkey;\n",
				"-- +goose Down\n", "ALTER TABLE reference_rate RENAME TO exchange_rate;\n",
			},
		},
		{
			name: "a function, a trigger and a check that calls a function",
			edits: [][3]string{
				{"listing.sql", "CONSTRAINT listing_isin_check CHECK (is_isin(isin))", "CONSTRAINT listing_isin_check CHECK (isin <> '' AND is_isin(isin))"},
				{"listing.sql", "translate(upper(ticker), '-/', '..')", "translate(upper(ticker), '-/ ', '...')"},
				{"session.sql", "-- Each works once.", "CREATE TRIGGER session_ended AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION set_updated_at();\n\n-- Each works once."},
			},
			want: []string{
				"ALTER TABLE listing DROP CONSTRAINT", "-- The form in which tickers are compared: ",
				"-- +goose StatementBegin\nCREATE OR REPLACE FUNCTION ticker_key(ticker text) RETURNS text LANGUAGE sql IMMUTABLE", "'-/ ', '...'",
				"-- +goose StatementEnd\n", "ALTER TABLE listing VALIDATE CONSTRAINT listing_isin_check;\n",
			},
		},
		{
			name: "a new table, a column that becomes NOT NULL, and an index",
			edits: [][3]string{
				{"company_facts.sql", "    report            jsonb,", "    report            jsonb NOT NULL DEFAULT '{}',"},
				{"company_facts.sql", "CREATE INDEX company_facts_document_id_idx", "CREATE INDEX company_facts_newest_idx ON company_facts (newest_filed);\nCREATE INDEX company_facts_document_id_idx"},
				{"rate_limit.sql", "-- When an address", "-- What is watched.\nCREATE TABLE watched (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n" +
					"    listing_id bigint NOT NULL REFERENCES listing ON DELETE CASCADE,\n    note bytea\n);\nALTER TABLE watched ALTER COLUMN note SET STORAGE EXTERNAL;\n" +
					"CREATE INDEX watched_listing_id_idx ON watched (listing_id);\n\n-- When an address"},
			},
			want: []string{
				"SET LOCAL lock_timeout = '5s';\n", "-- What is watched.\nCREATE TABLE watched (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n",
				"ALTER TABLE watched ALTER COLUMN note SET STORAGE EXTERNAL;\n", "CREATE INDEX watched_listing_id_idx ON watched (listing_id);\n",
				"-- +goose Down\n", "DROP TABLE watched;\n", "-- +goose NO TRANSACTION\n", "becomes_not_null CHECK (report IS NOT NULL) NOT VALID;\n",
				"ALTER TABLE company_facts ALTER COLUMN report SET NOT NULL;\n", "CREATE INDEX CONCURRENTLY company_facts_newest_idx",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, err := shop()
			require.NoError(t, err)
			dir := tree(t)
			for _, e := range tc.edits {
				edit(t, dir, e[0], e[1], e[2])
			}
			_, err = w.checkTables(t.Context(), dir)
			require.ErrorContains(t, err, "The migrations do not make the tables", "red before")

			paths, err := w.plan(t.Context(), dir, "Change It", tc.decide)
			require.NoError(t, err)
			require.NotEmpty(t, paths)
			var text string
			for _, path := range paths {
				part, err := os.ReadFile(path)
				require.NoError(t, err)
				text += string(part)
			}
			t.Log(text)
			assert.Regexp(t, regexp.MustCompile(`schema/\d{5}_change_it\.sql$`), paths[0])
			at := 0
			for _, want := range tc.want {
				found := strings.Index(text[at:], want)
				if !assert.GreaterOrEqual(t, found, 0, "%q, in this place", want) {
					break
				}
				at += found + len(want)
			}

			declared, err := w.checkTables(t.Context(), dir)
			require.NoError(t, err, "green after")
			tried, err := w.replay(t.Context(), dir, declared)
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(tried), len(paths))
			for i, path := range paths { // after those that are newer than the rows
				assert.Equal(t, filepath.Base(path), tried[len(tried)-len(paths)+i])
			}
			if _, err := os.Stat(filepath.Join(dir, "scripts", "node_modules")); err == nil { // make check installs it
				require.NoError(t, lint(t.Context(), dir))
			}
			again, err := w.plan(t.Context(), dir, "again", decider{renames: nil, drops: nil, ask: nil})
			require.NoError(t, err)
			assert.Empty(t, again, "nothing is left")
		})
	}
}

// A table that another file's table refers to can come after it, and hand-made drift shows.
func TestCheckTables(t *testing.T) {
	t.Parallel()
	w, err := shop()
	require.NoError(t, err)
	declared, err := w.checkTables(t.Context(), root)
	require.NoError(t, err)
	for name, drift := range map[string][2]string{
		"column":  {"ALTER TABLE company ADD COLUMN by_hand text", "ALTER TABLE company DROP COLUMN by_hand;"},
		"index":   {"DROP INDEX price_date_idx", "price_date_idx"},
		"check":   {"ALTER TABLE price DROP CONSTRAINT price_open_check", "price_open_check"},
		"trigger": {"DROP TRIGGER follow_import_job ON river_job", "follow_import_job"},
		"storage": {"ALTER TABLE document ALTER COLUMN content SET STORAGE EXTENDED", "SET STORAGE EXTERNAL"},
		"option":  {"ALTER TABLE price SET (fillfactor = 50)", "fillfactor"},
		"default": {"ALTER TABLE price ALTER COLUMN split_ratio SET DEFAULT 2", "SET DEFAULT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			room, err := w.clone(t.Context(), declared)
			require.NoError(t, err)
			require.NoError(t, w.do(room, func(db *sql.DB) error {
				_, err := db.ExecContext(t.Context(), drift[0])
				return err
			}))
			goal, err := w.clone(t.Context(), declared)
			require.NoError(t, err)
			lines, err := w.differs(t.Context(), room, goal)
			require.NoError(t, err)
			assert.Contains(t, strings.Join(lines, "\n"), drift[1])
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	none := decider{renames: nil, drops: nil, ask: nil}
	for name, tc := range map[string]struct {
		edit   [3]string
		decide decider
		want   string
	}{
		"no SQL": {
			edit: [3]string{"company.sql", "    ipo_date         date,", "    ipo_date         date;"}, decide: none,
			want: `schema/tables/company.sql:8:26: syntax error at or near ";"`,
		},
		"an unknown type": {
			edit: [3]string{"company.sql", "    ipo_date         date,", "    ipo_date         dat,"}, decide: none,
			want: `schema/tables/company.sql:8:22: type "dat" does not exist`,
		},
		"an index on no column": {
			edit: [3]string{"company.sql", "company_name_id_idx ON company (name, id)", "company_name_id_idx ON company (nam, id)"}, decide: none,
			want: `schema/tables/company.sql:31: column "nam" does not exist`,
		},
		"a rename that nobody has decided": {
			edit: [3]string{"price.sql", "    volume      bigint CHECK (volume >= 0)", "    traded      bigint CHECK (traded >= 0)"}, decide: none,
			want: "the column price.volume goes and traded comes: say --rename price.volume=price.traded if that is the same with its data," +
				" or --drop price.volume to lose the data",
		},
		"a rename of what is not there": {
			edit:   [3]string{"price.sql", "    volume      bigint CHECK (volume >= 0)", "    traded      bigint CHECK (traded >= 0)"},
			decide: decider{renames: []string{"price.amount=traded"}, drops: nil, ask: nil},
			want:   "--rename price.amount=price.traded: the column amount must be gone from the declared table price and traded be new in it",
		},
		"no rename": {
			edit: [3]string{"price.sql", "-- As traded", "-- As they were traded"}, decide: decider{renames: []string{"price"}, drops: nil, ask: nil},
			want: "--rename price is not like old_table=new_table or table.old_column=table.new_column",
		},
		"what the planner does not know": {
			edit: [3]string{"price.sql", "CREATE INDEX price_date_idx", "ALTER TABLE price SET (fillfactor = 50);\nCREATE INDEX price_date_idx"}, decide: none,
			want: "write its migration by hand (edgevalue migrate create)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := shop()
			require.NoError(t, err)
			dir := tree(t)
			edit(t, dir, tc.edit[0], tc.edit[1], tc.edit[2])
			before, err := os.ReadDir(filepath.Join(dir, "schema"))
			require.NoError(t, err)
			_, err = w.plan(t.Context(), dir, "change", tc.decide)
			require.ErrorContains(t, err, tc.want)
			after, err := os.ReadDir(filepath.Join(dir, "schema"))
			require.NoError(t, err)
			assert.Len(t, after, len(before), "nothing written")
		})
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	from := columns{"price": {"day": "date", "volume": "bigint"}}
	to := columns{"price": {"day": "date", "traded": "bigint"}}
	for _, yes := range []bool{true, false} {
		asked := 0
		d := decider{renames: nil, drops: nil, ask: func(question string) (bool, error) {
			asked++
			assert.Equal(t, "Is the column price.volume called traded from now on, with its data? If not, the data is lost.", question)
			return yes, nil
		}}
		renames, err := d.decide(from, to)
		require.NoError(t, err)
		assert.Equal(t, 1, asked)
		assert.Equal(t, yes, len(renames) == 1)
	}
	renames, err := decider{renames: nil, drops: []string{"price.volume"}, ask: nil}.decide(from, to)
	require.NoError(t, err)
	assert.Empty(t, renames)
}

// A second run completes a first one that failed half way.
func TestRepeatable(t *testing.T) {
	t.Parallel()
	w, err := shop()
	require.NoError(t, err)
	dir := tree(t)
	edit(t, dir, "company.sql", "CREATE INDEX company_name_id_idx",
		"CREATE INDEX company_country_idx ON company (country);\nCREATE UNIQUE INDEX company_url_key ON company (url);\nCREATE INDEX company_name_id_idx")
	_, err = w.plan(t.Context(), dir, "unique", decider{renames: nil, drops: nil, ask: nil})
	require.NoError(t, err)
	room, err := w.migrated(t.Context(), os.DirFS(filepath.Join(root, "schema")), -1)
	require.NoError(t, err)
	do := func(statement string) {
		require.NoError(t, w.do(room, func(db *sql.DB) error {
			_, err := db.ExecContext(t.Context(), statement)
			return err
		}))
	}
	do("INSERT INTO company (name, url) VALUES ('A', 'https://example.com'), ('B', 'https://example.com')")
	require.ErrorContains(t, w.migrate(t.Context(), room, os.DirFS(filepath.Join(dir, "schema")), -1), "could not create unique index")
	do("DELETE FROM company WHERE name = 'B'")
	require.NoError(t, w.migrate(t.Context(), room, os.DirFS(filepath.Join(dir, "schema")), -1))
	declared, err := w.declared(t.Context(), os.DirFS(filepath.Join(dir, "schema", "tables")))
	require.NoError(t, err)
	lines, err := w.differs(t.Context(), room, declared)
	require.NoError(t, err)
	assert.Empty(t, lines)
}

// The planner's names of indexes on their way out are no longer than 63 characters, of which 22 say nothing.
func TestTidy(t *testing.T) {
	t.Parallel()
	for statement, tidied := range map[string]string{
		`ALTER INDEX "public"."session_hash_key" RENAME TO "pgschemadiff_tmpidx_session_hash_key_BQUFBQUFRQWFBQUFBQUFBQ";`: `ALTER INDEX session_hash_key RENAME TO session_hash_key_old`,
		`DROP INDEX CONCURRENTLY "public"."pgschemadiff_tmpidx_a_much_longer_name_i_BQUFBQUFRQWFBQUFBQUFBQ"`:               `DROP INDEX CONCURRENTLY a_much_longer_name_i_old`,
		`ALTER TABLE "public"."order" ADD CONSTRAINT "pgschemadiff_tmpnn_BQUFBQUFRQWFBQUFBQUFBQ" CHECK("a" IS NOT NULL)`:   `ALTER TABLE "order" ADD CONSTRAINT becomes_not_null CHECK (a IS NOT NULL)`,
	} {
		assert.Equal(t, tidied, tidy(statement, map[string]bool{"order": true}))
	}
}
