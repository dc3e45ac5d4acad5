package pg

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Replica is where reads may go instead of to the primary: one or several streaming replicas. The methods of a nil one
// do nothing: every read goes to the primary.
//
// Read answers from a replica no less than what this process knows of, and what its reader wrote:
//
//   - A process knows of a change when it has committed it, or was told of it by NOTIFY (see Changes). From that moment on
//     until a mark has found a position in the primary's log after it, known is false and reads go to the primary; then they
//     go to a replica only at that position or a later one. So an answer that was made after Changes.State was asked has all
//     that this state has, and may be kept under it.
//   - A reader's token is the position of a mark that was made after what they wrote last. It is ahead of seen until this
//     process has been told of that, and until then the reader's reads go to the primary; from then on it is known. What a
//     token says that nobody issued does no more than that.
//   - How far a replica is counts for one connection, and for snapshots that are taken after it was asked: PostgreSQL moves
//     pg_last_wal_replay_lsn when the changes before it can be seen, and it grows as long as the server runs, which ends its
//     connections when it ends. Another host or a server that was started again may be further behind, on other connections.
//   - The connection leads to a server itself, whose process number it has, and not to a pooler that changes servers below
//     it; to one that recovers, so not to an old primary; and of this database, by the system's identifier.
//
// A replica that followed an old primary, after another one took its place, is beyond what can be known here: take it out.
type Replica struct {
	// Observe is told where a read went, "replica", or why not: "behind", "busy", "failed", or "ahead", which is the reader's token or a
	// change that is not placed yet. It may be nil.
	Observe func(outcome string)

	pool     *pgxpool.Pool
	primary  *pgxpool.Pool
	changes  *Changes
	log      *slog.Logger
	identity atomic.Pointer[identity]
	usable   atomic.Bool
	resting  chan struct{} // has an element when somebody has to find out when it is usable again
}

// An identity tells a database, and its replicas, from others.
type identity struct {
	system   int64
	database uint32
}

const (
	answersWithin = time.Second           // a replica with a connection, and how far it is
	busyFor       = 20 * time.Millisecond // a connection, when all are in use
	readsWithin   = 5 * time.Second       // one read
	pauseMark     = 5 * time.Millisecond
	pauseBehind   = 20 * time.Millisecond
	pauseDown     = 500 * time.Millisecond
)

var (
	errBehind = errors.New("the replica is behind")
	replays   = "SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint WHERE pg_is_in_recovery() AND current_database() = $1"
	identify  = `SELECT pg_backend_pid(), system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()`
)

// NewReplica sends reads to the hosts of an address, which connections are spread over, while Run runs.
func NewReplica(ctx context.Context, dsn string, primary *pgxpool.Pool, changes *Changes, log *slog.Logger, tracer pgx.QueryTracer) (*Replica, error) {
	cfg, err := configure(dsn, tracer)
	if err != nil {
		return nil, err
	}
	r := &Replica{primary: primary, changes: changes, log: log, resting: make(chan struct{}, 1)}
	cfg.ConnConfig.ConnectTimeout = answersWithin
	cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsStandby
	cfg.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		beginAnywhere(c)
		return nil
	}
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		if err := r.check(ctx, c); err != nil {
			return err
		}
		return registerTypes(ctx, c)
	}
	if r.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, errors.Wrap(err, "replica's pool")
	}
	r.rest()
	return r, nil
}

// Close closes the connections.
func (r *Replica) Close() {
	if r != nil {
		r.pool.Close()
	}
}

// beginAnywhere lets a connection try a random host first, with and without TLS in the order that the address asks for.
func beginAnywhere(c *pgx.ConnConfig) {
	all := append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	first := all[rand.IntN(len(all))] //nolint:gosec // no secret
	slices.SortStableFunc(all, func(a, b *pgconn.FallbackConfig) int {
		others := func(f *pgconn.FallbackConfig) int {
			if f.Host == first.Host && f.Port == first.Port {
				return 0
			}
			return 1
		}
		return others(a) - others(b)
	})
	c.Host, c.Port, c.TLSConfig, c.Fallbacks = all[0].Host, all[0].Port, all[0].TLSConfig, all[1:]
}

// check returns an error unless a connection leads to a server of this database, without a pooler.
func (r *Replica) check(ctx context.Context, c *pgx.Conn) error {
	id := r.identity.Load()
	pid, of, err := identityOf(ctx, c)
	switch {
	case err != nil:
		return err
	case pid != c.PgConn().PID():
		return errors.New("a pooler is in front of the replica: its reads could come from any server")
	case id == nil || *id != of:
		return errors.New("this is no replica of the database")
	}
	return nil
}

func identityOf(ctx context.Context, q interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) (pid uint32, id identity, err error) {
	if err = q.QueryRow(ctx, identify).Scan(&pid, &id.system, &id.database); err != nil {
		err = errors.Wrap(err, "identify the database")
	}
	return pid, id, err
}

// SameDatabase returns an error unless two pools lead to one database.
func SameDatabase(ctx context.Context, a, b *pgxpool.Pool) error {
	_, one, err := identityOf(ctx, a)
	if err != nil {
		return err
	}
	_, other, err := identityOf(ctx, b)
	if err == nil && one != other {
		err = errors.New("it leads to another database")
	}
	return err
}

// Run places changes in the log and brings a replica that failed back, until ctx ends.
func (r *Replica) Run(ctx context.Context) {
	if r == nil {
		return
	}
	go r.comeBack(ctx)
	for {
		select {
		case <-r.changes.position.news:
		case <-ctx.Done():
			return
		}
		if _, err := r.changes.position.mark(ctx, r.primary); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "no read goes to a replica", "error", err)
			r.changes.position.again()
			pause(ctx, pauseDown)
		}
		pause(ctx, pauseMark)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// rest keeps reads from a replica until it can serve them.
func (r *Replica) rest() {
	r.usable.Store(false)
	select {
	case r.resting <- struct{}{}:
	default:
	}
}

func (r *Replica) comeBack(ctx context.Context) {
	for {
		select {
		case <-r.resting:
		case <-ctx.Done():
			return
		}
		down := false
		for ctx.Err() == nil {
			err := r.probe(ctx)
			if err == nil {
				break
			}
			if errors.Is(err, errBehind) {
				pause(ctx, pauseBehind)
				continue
			}
			if !down && ctx.Err() == nil {
				r.log.WarnContext(ctx, "a replica cannot be used: reads go to the primary", "error", err)
			}
			down = true
			pause(ctx, pauseDown)
		}
		if down && ctx.Err() == nil {
			r.log.InfoContext(ctx, "reads go to the replica again")
		}
		r.usable.Store(ctx.Err() == nil)
	}
}

// probe returns an error unless a read that has no token could go to a replica.
func (r *Replica) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	_, id, err := identityOf(ctx, r.primary) // a restored database is another one
	if err != nil {
		return err
	}
	r.identity.Store(&id)
	need, ok := r.changes.position.known()
	if !ok {
		return errBehind
	}
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return errors.Wrap(err, "connect to the replica")
	}
	defer conn.Release()
	return reached(ctx, conn, need)
}

// reached returns errBehind unless all snapshots of a connection from now on have what was committed before a position.
func reached(ctx context.Context, conn *pgxpool.Conn, need LSN) error {
	const key = "replayed"
	known := conn.Conn().PgConn().CustomData()
	if was, ok := known[key].(LSN); ok && was >= need {
		return nil
	}
	var lsn int64
	err := conn.QueryRow(ctx, replays, conn.Conn().Config().Database).Scan(&lsn)
	if errors.Is(err, pgx.ErrNoRows) { // it was promoted, or a restored database took the place of its own
		_ = conn.Conn().Close(ctx)
		return errors.New("this is no replica any more")
	} else if err != nil {
		return errors.Wrap(err, "ask how far the replica is")
	}
	if known[key] = LSN(lsn); LSN(lsn) < need {
		return errBehind
	}
	return nil
}

// Seen reports whether this process knows of all that was committed before a token was issued.
func (r *Replica) Seen(token LSN) bool {
	return r == nil || LSN(r.changes.position.seen.Load()) >= token
}

// Written returns a token for who has just written something.
func (r *Replica) Written(ctx context.Context) LSN {
	if r == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readsWithin) // it is committed, whoever has gone
	defer cancel()
	token, err := r.changes.position.mark(ctx, r.primary)
	if err != nil {
		r.log.WarnContext(ctx, "a reader is kept to the primary", "error", err)
	}
	return token
}

// Read runs f on a connection to a replica that has what this process knows of and a token promises. It returns false when
// there is none or it fails, whatever f has done: the primary has to be asked.
func (r *Replica) Read(ctx context.Context, token LSN, f func(*pgxpool.Conn) error) (done bool, err error) {
	if r == nil {
		return false, nil
	}
	outcome := "behind"
	defer func() {
		if r.Observe != nil {
			r.Observe(outcome)
		}
	}()
	if !r.usable.Load() {
		return false, nil
	}
	_, listening := r.changes.State(Data)
	seen := r.Seen(token)
	need, ok := r.changes.position.known()
	if !listening || !seen || !ok {
		outcome = "ahead"
		return false, nil
	}
	outcome = "failed"
	wait := answersWithin
	if now := r.pool.Stat(); now.AcquiredConns() == now.MaxConns() {
		wait = busyFor
	}
	soon, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := r.pool.Acquire(soon)
	if err == nil {
		defer conn.Release()
		if err = reached(soon, conn, max(need, token)); errors.Is(err, errBehind) {
			outcome = "behind"
		}
	}
	switch now := r.pool.Stat(); {
	case err == nil:
	case conn == nil && now.AcquiredConns() == now.MaxConns():
		outcome = "busy"
		return false, nil
	default:
		if ctx.Err() == nil {
			r.rest()
		}
		return false, nil // comeBack says what is wrong
	}

	line := conn.Conn().PgConn().Conn()
	late := time.AfterFunc(readsWithin, func() { _ = line.SetDeadline(time.Now()) })
	defer late.Stop()
	err = f(conn)
	if !late.Stop() {
		_ = line.Close()
	}
	var reply *pgconn.PgError
	switch lost := conn.Conn().IsClosed(); {
	case err == nil || ctx.Err() != nil:
	case lost:
		r.rest()
		return false, nil
	case errors.As(err, &reply): // such as a query that replaying had to cancel
		return false, nil
	}
	outcome = "replica"
	return true, err
}
