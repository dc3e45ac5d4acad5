// Package pg opens EdgeValue's database, migrates it, and runs a PostgreSQL server of its own for dev and the tests.
package pg

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	decimal "github.com/jackc/pgx-shopspring-decimal"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

type options struct {
	tracer pgx.QueryTracer
	log    *slog.Logger
	wait   time.Duration
}

// An Option changes how Open and Migrate work.
type Option func(*options)

// WithTracer traces every query of the pool.
func WithTracer(t pgx.QueryTracer) Option { return func(o *options) { o.tracer = t } }

// WithLogger replaces slog.Default.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.log = l } }

// WithWait bounds the time that Open waits for a database that does not answer yet; 30 seconds without it.
func WithWait(d time.Duration) Option { return func(o *options) { o.wait = d } }

func newOptions(opts []Option) options {
	o := options{log: slog.Default(), wait: 30 * time.Second}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Open connects to the database at dsn, a URL or a keyword/value string that may carry pgxpool's pool_* parameters.
// numeric travels as decimal.Decimal, timestamptz comes back in UTC. A server that cannot be reached or is still
// starting is waited for; one that refuses the user, the password or the database is an error at once.
func Open(ctx context.Context, dsn string, opts ...Option) (*pgxpool.Pool, error) {
	o := newOptions(opts)
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
	conn.Tracer = o.tracer
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		registerTypes(c.TypeMap())
		return nil
	}

	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, errors.Wrap(err, "database pool")
	}
	if err := await(ctx, pool, o); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func registerTypes(m *pgtype.Map) {
	decimal.Register(m)
	utc := &pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	}
	m.RegisterType(utc)
	m.RegisterType(&pgtype.Type{
		Name: "_timestamptz", OID: pgtype.TimestamptzArrayOID, Codec: &pgtype.ArrayCodec{ElementType: utc},
	})
}

func await(ctx context.Context, pool *pgxpool.Pool, o options) error {
	conn := pool.Config().ConnConfig
	deadline := time.Now().Add(o.wait)
	for attempt := 0; ; attempt++ {
		err := pool.Ping(ctx)
		if err == nil {
			return nil
		}
		switch {
		case ctx.Err() != nil:
			return errors.Wrap(err, "connect to the database")
		case refused(err):
			return errors.Wrapf(err, "the database server %s:%d refuses user %q on database %q",
				conn.Host, conn.Port, conn.User, conn.Database)
		case time.Now().After(deadline):
			return errors.Wrapf(err, "the database server %s:%d does not answer after %s", conn.Host, conn.Port, o.wait)
		case attempt%10 == 0:
			o.log.WarnContext(ctx, "waiting for the database", "host", conn.Host, "port", conn.Port,
				"left", time.Until(deadline).Round(time.Second), "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(500*time.Millisecond, max(time.Until(deadline), 0))):
		}
	}
}

// refused tells an answer that waiting does not change from one of a server that is starting or full.
func refused(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) &&
		!pgerrcode.IsOperatorIntervention(answer.Code) && !pgerrcode.IsInsufficientResources(answer.Code)
}

// EnsureDatabase creates the database name on the server at dsn unless it is there.
func EnsureDatabase(ctx context.Context, dsn, name string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return errors.Wrap(err, "connect")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err != nil {
		return errors.Wrap(err, "look for the database")
	}
	if exists {
		return nil
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	var answer *pgconn.PgError
	if errors.As(err, &answer) &&
		(answer.Code == pgerrcode.DuplicateDatabase || answer.Code == pgerrcode.UniqueViolation) {
		return nil
	}
	if err != nil {
		return errors.Wrapf(err, "create database %s", name)
	}
	return nil
}
