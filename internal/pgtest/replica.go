package pgtest

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/edgevalue/edgevalue/internal/pg"
)

// Replicated are a primary, with a migrated database, and its streaming replica. They are the test's own.
type Replicated struct {
	t       testing.TB
	Primary *pgxpool.Pool
	Replica string // the URL
	control *pgxpool.Pool
}

// NewReplicated starts a primary and a replica, which end with the test.
func NewReplicated(t testing.TB) *Replicated {
	t.Helper()
	dsn, stop, err := serve(withReplica)
	if err != nil {
		t.Fatalf("PostgreSQL with a replica: %+v", err)
	}
	t.Cleanup(stop)
	primary, replica, _ := strings.Cut(dsn, " ")
	r := &Replicated{t: t, Replica: replica, Primary: openOwn(t, primary), control: openOwn(t, replica)}
	if err := pg.Migrate(t.Context(), r.Primary, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatalf("migrate: %+v", err)
	}
	return r
}

func openOwn(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), dsn+"&pool_max_conns=8", slog.Default(), nil)
	if err != nil {
		t.Fatalf("open the test database: %+v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Hold keeps the replica where it is until Go.
func (r *Replicated) Hold() {
	r.t.Helper()
	r.exec("SELECT pg_wal_replay_pause()")
	for state := ""; state != "paused"; time.Sleep(time.Millisecond) {
		if err := r.control.QueryRow(r.t.Context(), "SELECT pg_get_wal_replay_pause_state()").Scan(&state); err != nil {
			r.t.Fatalf("pause the replica: %+v", err)
		}
	}
}

// Go lets the replica go on.
func (r *Replicated) Go() {
	r.t.Helper()
	r.exec("SELECT pg_wal_replay_resume()")
}

func (r *Replicated) exec(sql string) {
	r.t.Helper()
	if _, err := r.control.Exec(r.t.Context(), sql); err != nil {
		r.t.Fatalf("%s: %+v", sql, err)
	}
}
