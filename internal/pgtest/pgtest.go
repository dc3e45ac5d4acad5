// Package pgtest gives each test a PostgreSQL database of its own, cloned from a migrated template.
//
// The server is that of EDGEVALUE_TEST_DATABASE_URL, a URL with the right to create databases, which the program run
// gives to the tests of all packages. Without it each test process starts a server of its own, which ends with that
// process, however it ends.
package pgtest

import (
	"context"
	"database/sql"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/peterldowns/pgtestdb"

	"github.com/edgevalue/edgevalue/internal/pg"
)

// Variable is the environment variable with the URL of the server.
const Variable = "EDGEVALUE_TEST_DATABASE_URL"

// New returns a pool on a migrated database, which fails the test when the program locks rows in a wrong order. Both end
// with the test; after a failure the database stays as long as its server does. The database's URL is
// pool.Config().ConnString().
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), DSN(t)+"&pool_max_conns=8", slog.Default(), watchLocks(t))
	if err != nil {
		t.Fatalf("open the test database: %+v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// DSN returns the URL of a migrated database that ends with the test.
func DSN(t testing.TB) string {
	t.Helper()
	return clone(t, migrator{})
}

// Empty returns the URL of a database without any table, which ends with the test.
func Empty(t testing.TB) string {
	t.Helper()
	return clone(t, pgtestdb.NoopMigrator{})
}

func clone(t testing.TB, m pgtestdb.Migrator) string {
	t.Helper()
	server, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL for the tests: %+v", err)
	}
	return pgtestdb.Custom(t, server, m).URL()
}

// server is the one that this process uses until its end.
var server = sync.OnceValues(func() (pgtestdb.Config, error) {
	dsn := os.Getenv(Variable)
	if dsn == "" {
		var err error
		if dsn, _, err = Serve(); err != nil {
			return pgtestdb.Config{}, err
		}
	}
	u, err := url.Parse(dsn)
	if err != nil || u.User == nil || u.Hostname() == "" {
		return pgtestdb.Config{}, errors.New(Variable + " is not like postgres://user@host:port/postgres")
	}
	query := u.Query()
	query.Set("application_name", "pgtest")
	password, _ := u.User.Password()
	cfg := pgtestdb.Config{
		DriverName: "pgx", Host: u.Hostname(), Port: u.Port(), User: url.PathEscape(u.User.Username()),
		Password: url.PathEscape(password), Database: strings.TrimPrefix(u.Path, "/"), Options: query.Encode(),
		ForceTerminateConnections: true,
	}
	if cfg.Port == "" {
		cfg.Port = strconv.Itoa(5432)
	}
	// The server's own user, as in dev; pgtestdb would make one with a known password.
	cfg.TestRole = &pgtestdb.Role{Username: cfg.User, Password: cfg.Password}
	return cfg, nil
})

// migrator makes the template with the migrations of this build.
type migrator struct{}

func (migrator) Hash() (string, error) { return pg.Fingerprint() }

func (migrator) Migrate(ctx context.Context, _ *sql.DB, template pgtestdb.Config) error {
	pool, err := pg.Open(ctx, template.URL(), slog.Default(), nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	return pg.Migrate(ctx, pool, slog.New(slog.DiscardHandler))
}
