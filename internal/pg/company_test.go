package pg_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// Dividends that were entered twice before stay, and count as one for the rule that they are entered once.
func TestDoubledDividendsStay(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
	for version := int64(0); version != 9; {
		down, err := pg.MigrateDown(ctx, pool)
		require.NoError(t, err)
		version = down.Version
	}
	_, err := pool.Exec(ctx, `INSERT INTO company (name) VALUES ('Apple')`)
	require.NoError(t, err)
	enter := `INSERT INTO dividend (company_id, source, amount_per_share, currency, publish_date, derived, share_basis_date)
		SELECT id, 'manual', $1::numeric, 'USD', '2024-02-01', false, '2024-02-01' FROM company`
	for _, amount := range []string{"0.5", "0.50", "0.5", "0.7"} {
		_, err := pool.Exec(ctx, enter, amount)
		require.NoError(t, err)
	}
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
	rows, _ := pool.Query(ctx, "SELECT doubled FROM dividend ORDER BY id")
	doubled, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	require.NoError(t, err)
	assert.Equal(t, []bool{false, true, true, false}, doubled)
	_, err = pool.Exec(ctx, strings.NewReplacer("source,", "source, known_from,", "'manual',", "'manual', '2024-02-01',").Replace(enter), "0.7")
	require.ErrorContains(t, err, "dividend_manual_key")
}

// Dividends become versions, and what is known today is left when that is taken back.
func TestVersionsOfDividends(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
	down := func() {
		for version := int64(0); version != 18; {
			m, err := pg.MigrateDown(ctx, pool)
			require.NoError(t, err)
			version = m.Version
		}
	}
	down()
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(ctx, sql)
		require.NoError(t, err)
	}
	rows := func(columns string) []string {
		t.Helper()
		rows, _ := pool.Query(ctx, "SELECT concat_ws(' ', "+columns+") FROM dividend ORDER BY id, publish_date")
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return all
	}
	const columns = "company_id, source, fiscal_year, period_end, amount_per_share, currency, publish_date, derived, share_basis_date"
	exec(`INSERT INTO company (name) VALUES ('Apple')`)
	exec(`INSERT INTO document (sha256, size, content) VALUES (sha256('x'), 1, 'x')`)
	exec(`INSERT INTO company_facts (company_id, document_id, newest_filed, rules_version)
		SELECT c.id, d.id, '2021-10-29', 3 FROM company c, document d`)
	exec(`INSERT INTO dividend (` + columns + `)
		SELECT id, 'sec', 2020, '2020-09-26'::date, 0.205, 'USD', '2020-10-30'::date, true, '2021-10-29'::date FROM company
		UNION ALL SELECT id, 'manual', 2021, '2021-09-25', 0.22, 'USD', '2021-10-29', false, '2021-10-29' FROM company`)
	before := rows("id, " + columns)
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
	assert.Equal(t, before, rows("id, "+columns))
	assert.Equal(t, []string{"2020-10-30 t", "2021-10-29 t"}, rows("known_from, known_to IS NULL"))
	var version int
	require.NoError(t, pool.QueryRow(ctx, "SELECT rules_version FROM company_facts").Scan(&version))
	assert.Zero(t, version, "the documents are read again")

	// An earlier version with the same id.
	exec(`INSERT INTO dividend (id, known_from, known_to, ` + columns + `)
		SELECT id, '2020-10-01', '2020-10-30', company_id, source, fiscal_year, period_end, 0.82, currency, '2020-10-01', false, '2020-10-01'
		FROM dividend WHERE source = 'sec'`)
	down()
	assert.Equal(t, before, rows("id, "+columns))
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
}

// Listings whose tickers are alike become one with the prices of both; those of two companies have to be parted first.
func TestAlikeTickersBecomeOne(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
	for version := int64(0); version != 12; {
		down, err := pg.MigrateDown(ctx, pool)
		require.NoError(t, err)
		version = down.Version
	}
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(ctx, sql)
		require.NoError(t, err)
	}
	exec(`INSERT INTO company (name) VALUES ('Berkshire'), ('Other');
		INSERT INTO listing (company_id, ticker, isin, is_primary) VALUES
			(1, 'BRK-B', 'US0846707026', false), (1, 'BRK.B', NULL, true), (2, 'OTHER', NULL, true), (2, 'BRK.A', NULL, false), (1, 'BRK-A', NULL, false);
		INSERT INTO price (listing_id, date, close) VALUES (1, '2020-01-02', 1), (1, '2020-01-03', 2), (2, '2020-01-03', 3)`)
	require.ErrorContains(t, pg.Migrate(ctx, pool, quiet), "BRK.A and BRK-A are one ticker from now on, and belong to two companies")
	exec("DELETE FROM listing WHERE ticker = 'BRK.A'")
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
	rows, _ := pool.Query(ctx, "SELECT l.ticker || ' ' || coalesce(l.isin, '-') || coalesce(' ' || p.date || ' ' || p.close, '') FROM listing l LEFT JOIN price p ON p.listing_id = l.id ORDER BY 1")
	listings, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	assert.Equal(t, []string{"BRK-A -", "BRK.B US0846707026 2020-01-02 1", "BRK.B US0846707026 2020-01-03 3", "OTHER -"}, listings)
	_, err = pool.Exec(ctx, "INSERT INTO listing (company_id, ticker, is_primary) VALUES (2, 'BRK-B', false)")
	require.ErrorContains(t, err, "listing_ticker_key")
}

// Where a migration that is rolled back takes figures away, the program that brings its tables back reads documents again.
func TestRolledBackFiguresAreMadeAgain(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))
	require.NoError(t, pg.Migrate(ctx, pool, quiet))
	_, err := pool.Exec(ctx, `INSERT INTO company (name) VALUES ('Apple');
		INSERT INTO document (sha256, size, content) VALUES (sha256('x'), 1, 'x');
		INSERT INTO company_facts (company_id, document_id, newest_filed, rules_version) SELECT c.id, d.id, '2020-01-02', 3 FROM company c, document d`)
	require.NoError(t, err)
	for version := int64(0); version != 12; {
		_, err := pool.Exec(ctx, "UPDATE company_facts SET rules_version = 3")
		require.NoError(t, err)
		down, err := pg.MigrateDown(ctx, pool)
		require.NoError(t, err)
		if version = down.Version; version <= 14 {
			var rules int
			require.NoError(t, pool.QueryRow(ctx, "SELECT rules_version FROM company_facts").Scan(&rules))
			assert.Zero(t, rules, down.Name)
		}
	}
}
