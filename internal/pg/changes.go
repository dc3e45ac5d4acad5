package pg

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Topic is what a part of the tables is about. Their triggers tell of each change of it when that is committed.
type Topic int

// The topics. A table has at most one.
const (
	Data     Topic = iota // what public answers are made of
	Accounts              // whom a token, a cookie or an API key stands for, and what that user may do
	topics
)

// channel is what the triggers notify, with the topic's name.
const channel = "changes"

var topicNames = [topics]string{Data: "data", Accounts: "accounts"}

// Changes follows what is committed to a database, by topic, over a connection of its own. The methods of a nil one do
// nothing: it never listens. It is safe for concurrent use.
type Changes struct {
	conn      *pgx.ConnConfig
	log       *slog.Logger
	listening atomic.Bool
	states    [topics]atomic.Uint64
	position  position
}

// NewChanges follows the changes of a pool's database while Run runs.
func NewChanges(pool *pgxpool.Pool, log *slog.Logger) *Changes {
	c := &Changes{conn: pool.Config().ConnConfig, log: log, position: position{news: make(chan struct{}, 1)}}
	c.conn.Tracer = nil // of signs of life
	c.conn.OnNotification = c.notified
	return c
}

// State is the state of a topic. What was read from the database after a state was, and belongs to no transaction of
// before, is current as long as the state is the same. When ok is false nobody listens, and nothing is known to be current.
//
// A change that another process commits moves the state some milliseconds later, which the network and PostgreSQL take.
func (c *Changes) State(t Topic) (state uint64, ok bool) {
	if c == nil || !c.listening.Load() {
		return 0, false
	}
	return c.states[t].Load(), true
}

// Wrote moves the state of a topic for a transaction of this process, before anybody is told that it was committed.
func (c *Changes) Wrote(t Topic) {
	if c != nil {
		c.move(t)
	}
}

func (c *Changes) move(t Topic) {
	if t == Data {
		c.position.hear()
	}
	c.states[t].Add(1)
}

func (c *Changes) notified(_ *pgconn.PgConn, n *pgconn.Notification) {
	for t, name := range topicNames {
		if n.Payload == name {
			c.move(Topic(t))
		}
	}
	c.position.told(n.Payload)
}

// How long a connection may say nothing before it is asked for a sign of life, and how long that may take: a network can
// lose a connection without a word.
const (
	quiet  = time.Second
	answer = 2 * time.Second

	shortestBreak, longestBreak = 50 * time.Millisecond, 5 * time.Second
)

// Run listens until ctx ends, and connects again whenever the connection is lost.
func (c *Changes) Run(ctx context.Context) {
	wait := shortestBreak
	for {
		err := c.listen(ctx, func() { wait = shortestBreak })
		if ctx.Err() != nil {
			return
		}
		c.log.WarnContext(ctx, "not following the database's changes: nothing is taken from the cache", "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, longestBreak)
	}
}

func (c *Changes) listen(ctx context.Context, connected func()) error {
	conn, err := pgx.ConnectConfig(ctx, c.conn)
	if err != nil {
		return errors.Wrap(err, "connect to the database")
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answer)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	listening, err := ask(ctx, conn, "LISTEN "+channel+"; SELECT pg_backend_pid()")
	if err != nil {
		return errors.Wrap(err, "listen")
	}
	if pid := strconv.FormatUint(uint64(conn.PgConn().PID()), 10); string(listening[1].Rows[0][0]) != pid {
		return errors.New("a pooler is in front of the database, which need not pass on what is told")
	}
	for t := range topics { // it may have changed meanwhile
		c.move(t)
	}
	c.listening.Store(true)
	defer c.listening.Store(false) // before the connection is closed
	connected()
	c.log.InfoContext(ctx, "following the database's changes")
	for {
		if err := c.hear(ctx, conn); err != nil {
			return err
		}
	}
}

// hear takes in notifications until there is none for a while, and the sign of life after it.
func (c *Changes) hear(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	err := conn.PgConn().WaitForNotification(waiting)
	switch {
	case err == nil:
		return nil
	case waiting.Err() == nil || ctx.Err() != nil:
		return errors.Wrap(err, "wait for a change")
	}
	if _, err := ask(ctx, conn, "SELECT"); err != nil {
		return errors.Wrap(err, "ask for a sign of life")
	}
	return nil
}

func ask(ctx context.Context, conn *pgx.Conn, sql string) ([]*pgconn.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return conn.PgConn().Exec(ctx, sql).ReadAll()
}
