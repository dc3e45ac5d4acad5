package pg_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

func follow(t *testing.T, pool *pgxpool.Pool) *pg.Changes {
	t.Helper()
	c := pg.NewChanges(pool, slog.New(slog.DiscardHandler))
	_, ok := c.State(pg.Data)
	require.False(t, ok, "before Run")
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	listening(t, c)
	return c
}

func listening(t *testing.T, c *pg.Changes) {
	t.Helper()
	require.Eventually(t, func() bool { _, ok := c.State(pg.Data); return ok }, 30*time.Second, time.Millisecond)
}

func state(t *testing.T, c *pg.Changes, topic pg.Topic) uint64 {
	t.Helper()
	s, ok := c.State(topic)
	require.True(t, ok)
	return s
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql)
	require.NoError(t, err)
}

// moved waits until the state of a topic is another one, and requires that the one of the other topic is not.
func moved(t *testing.T, c *pg.Changes, topic pg.Topic, change func()) {
	t.Helper()
	other := pg.Data + pg.Accounts - topic
	before, otherBefore := state(t, c, topic), state(t, c, other)
	change()
	require.Eventually(t, func() bool { return state(t, c, topic) != before }, 30*time.Second, time.Millisecond)
	assert.Equal(t, otherBefore, state(t, c, other))
}

func TestChangesOfOtherProcesses(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	c := follow(t, pool)
	const user = "INSERT INTO user_account (email, password_hash) VALUES ('a@example.com', 'x')"
	before := state(t, c, pg.Accounts)
	exec(t, pool, user)
	exec(t, pool, "UPDATE user_account SET password_hash = 'y'")
	moved(t, c, pg.Accounts, func() { exec(t, pool, "UPDATE user_account SET is_active = false") })
	assert.Equal(t, before+1, state(t, c, pg.Accounts), "only what says who somebody is")
	moved(t, c, pg.Accounts, func() { exec(t, pool, "TRUNCATE session CASCADE") })

	// One that is not committed yet tells nothing.
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "DELETE FROM api_key")
	require.NoError(t, err)
	moved(t, c, pg.Accounts, func() { exec(t, pool, "DELETE FROM user_account") })
	moved(t, c, pg.Accounts, func() { require.NoError(t, tx.Commit(t.Context())) })
}

func TestChangesOfThisProcess(t *testing.T) {
	t.Parallel()
	c := follow(t, pgtest.New(t))
	before := state(t, c, pg.Data)
	c.Wrote(pg.Data)
	assert.Equal(t, before+1, state(t, c, pg.Data))

	var none *pg.Changes
	none.Wrote(pg.Data)
	_, ok := none.State(pg.Data)
	assert.False(t, ok)
}

// What is missed while the connection is lost may be anything.
func TestChangesAfterALostConnection(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	c := follow(t, pool)
	for range 3 {
		data, accounts := state(t, c, pg.Data), state(t, c, pg.Accounts)
		tag, err := pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query = 'SELECT')`)
		require.NoError(t, err)
		require.EqualValues(t, 1, tag.RowsAffected())
		require.Eventually(t, func() bool { s, ok := c.State(pg.Data); return ok && s > data }, 30*time.Second, time.Millisecond)
		assert.Greater(t, state(t, c, pg.Accounts), accounts)
	}
}

// A table is of a topic, or here.
func TestTopicsOfTables(t *testing.T) {
	t.Parallel()
	without := []string{
		"audit_event", "idempotency_key", "password_reset", "rate_limit", "recovery_code", "refresh_token", "registration",
		"unasked_mail", "worker", // nothing public, nobody's rights
		"goose_db_version",
		// newproject:companies
		"currency",                           // migrations alone write it
		"document", "upload", "upload_piece", // what has an id stays the same
		"import", "sync", "sync_company", "edgar_file", "edgar_pace", // not public
		// newproject:end
	}
	rows, err := pgtest.New(t).Query(t.Context(), `SELECT c.relname FROM pg_class c
		WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE 'river_%'
			AND NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
				WHERE t.tgrelid = c.oid AND p.proname = 'tell_of_change')`)
	require.NoError(t, err)
	have, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	slices.Sort(have)
	slices.Sort(without)
	assert.Equal(t, without, have)
}
