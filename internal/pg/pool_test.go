package pg_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

var quiet = slog.New(slog.DiscardHandler)

func open(t *testing.T, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), dsn, quiet, nil)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func TestOpenTypes(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))

	for _, text := range []string{"0", "1.10", "-383285000000", "12345678901234567890.000000000000000000012345", "1e30"} {
		in := decimal.RequireFromString(text)
		var out decimal.Decimal
		var pointer, null *decimal.Decimal
		require.NoError(t, pool.QueryRow(ctx, "SELECT $1::numeric, $2::numeric, $3::numeric", in, &in, null).
			Scan(&out, &pointer, &null))
		assert.True(t, in.Equal(out), "%s came back as %s", in, out)
		require.NotNil(t, pointer)
		assert.True(t, in.Equal(*pointer))
		assert.Nil(t, null)
	}

	day, word, number, small := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "a", int64(1)<<40, int32(7)
	gotDay, gotWord, gotNumber, gotSmall := new(time.Time), new(string), new(int64), new(int32)
	scan := func(args ...any) {
		require.NoError(t, pool.QueryRow(ctx, "SELECT $1::date, $2::text, $3::bigint, $4::integer", args...).
			Scan(&gotDay, &gotWord, &gotNumber, &gotSmall))
	}
	scan(nil, nil, nil, nil)
	assert.Equal(t, []any{(*time.Time)(nil), (*string)(nil), (*int64)(nil), (*int32)(nil)}, []any{gotDay, gotWord, gotNumber, gotSmall})
	scan(day, word, number, small)
	assert.Equal(t, []any{&day, &word, &number, &small}, []any{gotDay, gotWord, gotNumber, gotSmall})

	in := []decimal.Decimal{decimal.RequireFromString("1.5"), decimal.RequireFromString("-2")}
	var list []decimal.Decimal
	require.NoError(t, pool.QueryRow(ctx, "SELECT $1::numeric[]", in).Scan(&list))
	require.Len(t, list, 2)
	assert.Equal(t, "1.5 -2", list[0].String()+" "+list[1].String())

	_, err := pool.Exec(ctx, "CREATE TABLE n (plain numeric, nullable numeric)")
	require.NoError(t, err)
	_, err = pool.CopyFrom(ctx, pgx.Identifier{"n"}, []string{"plain", "nullable"},
		pgx.CopyFromRows([][]any{{in[0], &in[1]}, {in[1], (*decimal.Decimal)(nil)}}))
	require.NoError(t, err)
	var sum decimal.Decimal
	var missing int
	require.NoError(t, pool.QueryRow(ctx, "SELECT sum(plain), count(*) FILTER (WHERE nullable IS NULL) FROM n").
		Scan(&sum, &missing))
	assert.Equal(t, "-0.5", sum.String())
	assert.Equal(t, 1, missing)

	instant := time.Date(2023, 11, 3, 12, 30, 0, 0, time.FixedZone("", 3600))
	var at time.Time
	var several []time.Time
	var zone, name string
	require.NoError(t, pool.QueryRow(ctx, `SELECT $1::timestamptz, ARRAY[$1::timestamptz],
		current_setting('timezone'), current_setting('application_name')`, instant).Scan(&at, &several, &zone, &name))
	assert.Equal(t, instant.UTC(), at)
	assert.Equal(t, []time.Time{instant.UTC()}, several)
	assert.Equal(t, "UTC", zone)
	assert.Equal(t, "pgtest", name, "what the address says stays")
}

func TestOpenPool(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Empty(t)
	assert.GreaterOrEqual(t, open(t, dsn).Config().MaxConns, int32(10))
	assert.EqualValues(t, 3, open(t, dsn+"&pool_max_conns=3").Config().MaxConns)

	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.RawQuery = "sslmode=disable"
	var name string
	require.NoError(t, open(t, u.String()).QueryRow(t.Context(), "SELECT current_setting('application_name')").Scan(&name))
	assert.Equal(t, "edgevalue", name)
}

type tracer struct{ queries chan string }

func (tr tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	select {
	case tr.queries <- q.SQL:
	default:
	}
	return ctx
}

func (tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestOpenTracer(t *testing.T) {
	t.Parallel()
	tr := tracer{make(chan string, 10)}
	pool, err := pg.Open(t.Context(), pgtest.Empty(t), quiet, tr)
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(), "SELECT 42")
	require.NoError(t, err)
	var seen []string
	for len(tr.queries) > 0 {
		seen = append(seen, <-tr.queries)
	}
	assert.Contains(t, seen, "SELECT 42")
}

func TestOpenRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*url.URL)
		want   string
	}{
		"password": {func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wrong-secret") },
			"password authentication failed"},
		"database": {func(u *url.URL) { u.Path = "/nowhere" }, `database "nowhere" does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(pgtest.Empty(t))
			require.NoError(t, err)
			tt.change(u)
			begin := time.Now()
			_, err = pg.Open(t.Context(), u.String(), quiet, nil)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "refuses user")
			assert.NotContains(t, err.Error(), "wrong-secret")
			assert.Less(t, time.Since(begin), 5*time.Second)
		})
	}
	_, err := pg.Open(t.Context(), "postgres://u:hunter2@h:port/db", quiet, nil)
	require.ErrorContains(t, err, "database address")
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestOpenRefusesOtherEncodings(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.Empty(t))
	require.NoError(t, err)
	pool := open(t, u.String())
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		name := "other_" + strings.ToLower(encoding) + "_" + strings.ToLower(rand.Text())
		_, err := pool.Exec(t.Context(), "CREATE DATABASE "+name+" ENCODING '"+encoding+"' LOCALE 'C' TEMPLATE template0")
		require.NoError(t, err)
		defer func() {
			_, err := pool.Exec(t.Context(), "DROP DATABASE "+name)
			assert.NoError(t, err)
		}()
		other := *u
		other.Path = "/" + name
		_, err = pg.Open(t.Context(), other.String(), quiet, nil)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, encoding+": this program needs UTF8")
	}
}

// A port that nobody listens on, then a relay to the server on it.
func TestOpenWaits(t *testing.T) {
	t.Parallel()
	dsn, err := url.Parse(pgtest.Empty(t))
	require.NoError(t, err)
	server := dsn.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dsn.Host = l.Addr().String()
	require.NoError(t, l.Close())

	var log bytes.Buffer
	logged := slog.New(slog.NewTextHandler(&log, nil))
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = pg.Open(short, dsn.String(), logged, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "does not respond")
	assert.Contains(t, log.String(), "waiting for the database")
	assert.Contains(t, log.String(), "connection refused")

	lines, waiting := io.Pipe()
	opened := make(chan error, 1)
	go func() {
		pool, err := pg.Open(t.Context(), dsn.String(), slog.New(slog.NewTextHandler(waiting, nil)), nil)
		if err == nil {
			pool.Close()
		}
		opened <- err
	}()
	line, err := bufio.NewReader(lines).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "waiting for the database")
	require.NoError(t, lines.Close()) // what is logged later is dropped
	l, err = net.Listen("tcp", dsn.Host)
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				upstream, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				defer upstream.Close()
				go func() { _, _ = io.Copy(upstream, client) }()
				_, _ = io.Copy(client, upstream)
			}()
		}
	}()
	require.NoError(t, <-opened)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = pg.Open(ctx, "postgres://nobody@127.0.0.1:1/x", quiet, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))

	current := func() error {
		newer, err := pg.Current(ctx, pool)
		assert.False(t, newer)
		return err
	}
	require.ErrorIs(t, current(), pg.ErrNotCurrent)
	list, err := pg.MigrationStatus(ctx, pool)
	require.NoError(t, err)
	applied, all := count(list)
	assert.Equal(t, map[string]int{}, applied)
	require.Positive(t, all["edgevalue"])
	require.Positive(t, all["river"])

	var g errgroup.Group // several processes at their first start
	for range 3 {
		other := open(t, pool.Config().ConnString())
		g.Go(func() error { return pg.Migrate(ctx, other, quiet) })
	}
	require.NoError(t, g.Wait())
	require.NoError(t, current())
	list, err = pg.MigrationStatus(ctx, pool)
	require.NoError(t, err)
	applied, _ = count(list)
	assert.Equal(t, all, applied)

	down, err := pg.MigrateDown(ctx, pool)
	require.NoError(t, err)
	newest := list[all["edgevalue"]-1] // River's come after
	assert.Equal(t, []any{newest.Version, newest.Name}, []any{down.Version, down.Name})
	assert.Contains(t, down.Name, ".sql")
	err = current()
	require.ErrorIs(t, err, pg.ErrNotCurrent)
	require.ErrorContains(t, err, "migrate up")
	for range all["edgevalue"] - 1 {
		_, err = pg.MigrateDown(ctx, pool)
		require.NoError(t, err)
	}
	_, err = pg.MigrateDown(ctx, pool)
	require.ErrorIs(t, err, goose.ErrNoNextVersion)
	list, err = pg.MigrationStatus(ctx, pool)
	require.NoError(t, err)
	applied, _ = count(list)
	assert.Equal(t, map[string]int{"river": all["river"]}, applied)

	require.NoError(t, pg.Migrate(ctx, pool, quiet), "what went down comes up again")
	require.NoError(t, pg.Migrate(ctx, pool, quiet), "a second time changes nothing")
	require.NoError(t, current())
}

// A newer program has migrated: this one goes on with the tables, and its own migrations change nothing.
func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	for name, insert := range map[string]string{
		"edgevalue": "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)",
		"river":     "INSERT INTO river_migration (line, version) VALUES ('main', 999)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, pool := t.Context(), pgtest.New(t)
			versions := func() (versions string) {
				require.NoError(t, pool.QueryRow(ctx, `SELECT (SELECT string_agg(v::text, ';' ORDER BY id) FROM goose_db_version v)
					|| (SELECT string_agg(m::text, ';' ORDER BY line, version) FROM river_migration m)`).Scan(&versions))
				return versions
			}
			_, err := pool.Exec(ctx, insert)
			require.NoError(t, err)
			before := versions()

			newer, err := pg.Current(ctx, pool)
			require.NoError(t, err)
			assert.True(t, newer)
			require.NoError(t, pg.Migrate(ctx, pool, quiet))
			assert.Equal(t, before, versions())
			_, err = pg.MigrationStatus(ctx, pool)
			require.NoError(t, err)
		})
	}

	// One that is behind in one of the two and ahead in the other is not current.
	ctx, pool := t.Context(), pgtest.New(t)
	_, err := pool.Exec(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	require.NoError(t, err)
	_, err = pool.Exec(ctx, "DELETE FROM river_migration WHERE version = (SELECT max(version) FROM river_migration)")
	require.NoError(t, err)
	_, err = pg.Current(ctx, pool)
	require.ErrorIs(t, err, pg.ErrNotCurrent)
}

func count(list []pg.Migration) (applied, all map[string]int) {
	applied, all = map[string]int{}, map[string]int{}
	for _, m := range list {
		all[m.Source]++
		if m.Applied {
			applied[m.Source]++
		}
	}
	return applied, all
}

func TestCreateMigration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, tt := range []struct{ name, want string }{
		{"Add the table!", "00001_add_the_table.sql"},
		{"../escape", "00002_escape.sql"},
	} {
		path, err := pg.CreateMigration(dir, tt.name)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, tt.want), path)
	}
	_, err := pg.CreateMigration(dir, "---")
	require.Error(t, err)

	db := stdlib.OpenDBFromPool(open(t, pgtest.Empty(t)))
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS(dir))
	require.NoError(t, err)
	up, err := p.Up(t.Context())
	require.NoError(t, err)
	assert.Len(t, up, 2)
	_, err = p.Down(t.Context())
	require.NoError(t, err)
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	a, err := pg.Fingerprint()
	require.NoError(t, err)
	b, err := pg.Fingerprint()
	require.NoError(t, err)
	assert.Equal(t, a, b)
	assert.Len(t, a, 64)
}
