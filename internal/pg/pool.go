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
	decimal "github.com/jackc/pgx-shopspring-decimal"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

type options struct {
	tracer pgx.QueryTracer
	log    *slog.Logger
}

// An Option changes how Open and Migrate work.
type Option func(*options)

// WithTracer traces every query of the pool.
func WithTracer(t pgx.QueryTracer) Option { return func(o *options) { o.tracer = t } }

// WithLogger replaces slog.Default.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.log = l } }

func newOptions(opts []Option) options {
	o := options{log: slog.Default()}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Open connects to the database at dsn, a URL or a keyword/value string that may carry pgxpool's pool_* parameters.
// numeric travels as decimal.Decimal, timestamptz comes back in UTC. A server that cannot be reached or is still
// starting is waited for, 30 seconds at most; one that refuses the user, the password or the database is an error at
// once.
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
	if err := await(ctx, pool, o.log); err != nil {
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

func await(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	conn := pool.Config().ConnConfig
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for attempt := 0; ; attempt++ {
		err := pool.Ping(ctx)
		switch {
		case err == nil:
			return nil
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
