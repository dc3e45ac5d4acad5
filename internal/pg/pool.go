// Package pg opens EdgeValue's database and migrates it.
package pg

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Open connects to the database at dsn, a URL or a keyword/value string that may carry pgxpool's pool_* parameters.
// numeric travels as decimal.Decimal, timestamptz comes back in UTC. A server that cannot be reached or is still
// starting is waited for, 30 seconds at most; one that refuses the user, the password or the database is an error at
// once, as is a database that cannot hold every text. A tracer, which may be nil, sees every query.
func Open(ctx context.Context, dsn string, log *slog.Logger, tracer pgx.QueryTracer) (*pgxpool.Pool, error) {
	cfg, err := configure(dsn, tracer)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, errors.Wrap(err, "database pool")
	}
	if err := await(ctx, pool, log); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func configure(dsn string, tracer pgx.QueryTracer) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.Wrap(err, "database address")
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = int32(max(10, 4*runtime.GOMAXPROCS(0)))
	}
	if !strings.Contains(dsn, "pool_max_conn_lifetime_jitter") {
		cfg.MaxConnLifetimeJitter = cfg.MaxConnLifetime / 10
	}
	conn := cfg.ConnConfig
	if !strings.Contains(dsn, "connect_timeout") {
		conn.ConnectTimeout = 5 * time.Second
	}
	for name, value := range map[string]string{"timezone": "UTC", "application_name": "edgevalue"} {
		if conn.RuntimeParams[name] == "" {
			conn.RuntimeParams[name] = value
		}
	}
	conn.Tracer = tracer
	cfg.AfterConnect = registerTypes
	return cfg, nil
}

var errEncoding = errors.New("this program needs UTF8: create another database with" +
	" CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0, and restore its data there")

// checkEncoding returns an errEncoding for a database that is not UTF8.
func checkEncoding(ctx context.Context, pool *pgxpool.Pool) error {
	var database, encoding string
	err := pool.QueryRow(ctx, "SELECT current_database(), current_setting('server_encoding')").Scan(&database, &encoding)
	if err != nil {
		return errors.Wrap(err, "read the database's encoding")
	}
	if encoding != "UTF8" {
		return errors.Wrapf(errEncoding, "the database %q has the encoding %s", database, encoding)
	}
	return nil
}

func await(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	conn := pool.Config().ConnConfig
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for attempt := 0; ; attempt++ {
		err := checkEncoding(ctx, pool)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errEncoding):
			return err
		case refused(err):
			return errors.Wrapf(err, "the database server %s:%d refuses user %q on database %q",
				conn.Host, conn.Port, conn.User, conn.Database)
		case attempt%10 == 0 && ctx.Err() == nil:
			log.WarnContext(ctx, "waiting for the database", "host", conn.Host, "port", conn.Port, "error", err)
		}
		select {
		case <-ctx.Done():
			return errors.Wrapf(errors.Join(ctx.Err(), err), "the database server %s:%d does not respond", conn.Host, conn.Port)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// refused tells a reply that waiting does not change from one of a server that is starting or full.
func refused(err error) bool {
	var reply *pgconn.PgError
	return errors.As(err, &reply) &&
		!pgerrcode.IsOperatorIntervention(reply.Code) && !pgerrcode.IsInsufficientResources(reply.Code)
}

// NeedConns returns an error unless the pool may have n connections.
func NeedConns(pool *pgxpool.Pool, n int) error {
	if most := int(pool.Config().MaxConns); most < n {
		return errors.Errorf("pool_max_conns=%d is too small: this command needs at least %d connections to the database", most, n)
	}
	return nil
}
