package pg_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// A node is what a server knows.
type node struct {
	t       *testing.T
	changes *pg.Changes
	*pg.Replica
	mu       sync.Mutex
	outcomes map[string]int
}

func newNode(t *testing.T, primary *pgxpool.Pool, replica string) *node {
	t.Helper()
	n := &node{t: t, changes: pg.NewChanges(primary, quiet), outcomes: map[string]int{}}
	var err error
	n.Replica, err = pg.NewReplica(t.Context(), replica, primary, n.changes, quiet, nil)
	require.NoError(t, err)
	n.Observe = func(outcome string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.outcomes[outcome]++
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { n.changes.Run(ctx) })
	running.Go(func() { n.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		n.Close()
	})
	n.replica(0)
	return n
}

// newReplicated are servers with a table to write to.
func newReplicated(t *testing.T) *pgtest.Replicated {
	t.Helper()
	servers := pgtest.NewReplicated(t)
	_, err := servers.Primary.Exec(t.Context(), "CREATE TABLE written (n integer)")
	require.NoError(t, err)
	return servers
}

// read returns how many rows there are on the replica, if a reader with a token may ask that.
func (n *node) read(token pg.LSN) (count int, done bool) {
	n.t.Helper()
	done, err := n.Read(n.t.Context(), token, func(c *pgxpool.Conn) error {
		var recovers bool
		err := c.QueryRow(n.t.Context(), "SELECT count(*), pg_is_in_recovery() FROM written").Scan(&count, &recovers)
		assert.True(n.t, recovers)
		return err
	})
	require.NoError(n.t, err)
	return count, done
}

// replica waits until a reader is answered by the replica.
func (n *node) replica(token pg.LSN) (count int) {
	n.t.Helper()
	require.Eventually(n.t, func() (done bool) { count, done = n.read(token); return done }, 20*time.Second, 5*time.Millisecond)
	return count
}

func (n *node) primary(token pg.LSN) {
	n.t.Helper()
	_, done := n.read(token)
	assert.False(n.t, done)
}

func TestReplica(t *testing.T) {
	t.Parallel()
	servers := newReplicated(t)
	a, b := newNode(t, servers.Primary, servers.Replica), newNode(t, servers.Primary, servers.Replica)
	write := func(n *node) pg.LSN {
		_, err := servers.Primary.Exec(t.Context(), "INSERT INTO written VALUES (1)")
		require.NoError(t, err)
		n.changes.Wrote(pg.Data)
		return n.Written(t.Context())
	}
	for i := range 20 {
		token := write(a)
		assert.Equal(t, i+1, a.replica(token))
		assert.Equal(t, i+1, b.replica(token))
	}

	servers.Hold()
	token := write(a)
	for range 10 {
		a.primary(token)
		a.primary(0) // it knows of the change, whoever asks
		b.primary(token)
	}
	servers.Go()
	assert.Equal(t, 21, a.replica(token))
	assert.Equal(t, 21, b.replica(token))

	before := token
	for _, forged := range []pg.LSN{pg.LastLSN, token + 1<<40} {
		a.primary(forged)
		assert.Equal(t, 21, a.replica(0), "it is nobody else's")
	}
	assert.Equal(t, 21, a.replica(before))
	assert.Positive(t, a.outcomes["ahead"])
	assert.Positive(t, a.outcomes["behind"])
}

// A change that another process made counts from when this one is told of it.
func TestReplicaOfWhatOthersWrote(t *testing.T) {
	t.Parallel()
	servers := newReplicated(t)
	n := newNode(t, servers.Primary, servers.Replica)
	servers.Hold()
	state, ok := n.changes.State(pg.Data)
	require.True(t, ok)
	_, err := servers.Primary.Exec(t.Context(), "WITH w AS (INSERT INTO written VALUES (1)) SELECT pg_notify('changes', 'data')")
	require.NoError(t, err)
	require.Eventually(t, func() bool { now, _ := n.changes.State(pg.Data); return now != state }, 20*time.Second, time.Millisecond)
	for range 100 {
		n.primary(0)
	}
	servers.Go()
	assert.Equal(t, 1, n.replica(0))
}

func TestReplicaFails(t *testing.T) {
	t.Parallel()
	servers := newReplicated(t)
	l := newLine(t, servers.Replica)
	n := newNode(t, servers.Primary, l.url)

	calls := 0
	own := errors.New("not the replica's")
	done, err := n.Read(t.Context(), 0, func(*pgxpool.Conn) error { calls++; return own })
	assert.True(t, done)
	require.ErrorIs(t, err, own)
	done, err = n.Read(t.Context(), 0, func(c *pgxpool.Conn) error {
		calls++
		_, err := c.Exec(t.Context(), "SELECT 1/0")
		return errors.Wrap(err, "divide")
	})
	assert.False(t, done, "the primary has to say so")
	require.NoError(t, err)
	assert.Equal(t, 2, calls)
	n.replica(0)

	for name, fail := range map[string]func(){"cut": l.cut, "halt": l.halt} {
		done, err = n.Read(t.Context(), 0, func(c *pgxpool.Conn) error {
			fail()
			_, err := c.Exec(t.Context(), "SELECT 1")
			return errors.Wrap(err, "select")
		})
		assert.False(t, done, name)
		require.NoError(t, err)
		n.primary(0)
		l.mend()
		n.replica(0)
	}
	assert.Positive(t, n.outcomes["failed"])
}

func TestReplicaOfAnother(t *testing.T) {
	t.Parallel()
	primary := open(t, pgtest.DSN(t))
	changes := pg.NewChanges(primary, quiet)
	run := func(dsn, why string) {
		var log logged
		r, err := pg.NewReplica(t.Context(), dsn, primary, changes, slog.New(slog.NewTextHandler(&log, nil)), nil)
		require.NoError(t, err)
		defer r.Close()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go changes.Run(ctx)
		go r.Run(ctx)
		require.Eventually(t, func() bool { return log.has(why) }, 20*time.Second, 10*time.Millisecond)
		done, err := r.Read(t.Context(), 0, func(*pgxpool.Conn) error { return nil })
		require.NoError(t, err)
		assert.False(t, done)
	}
	run(primary.Config().ConnString(), "standby")
	run(pgtest.NewReplicated(t).Replica, "this is no replica of the database")
	_, err := pg.NewReplica(t.Context(), "postgres://h/d?sslmode=perhaps", primary, changes, quiet, nil)
	require.ErrorContains(t, err, "sslmode")
}

func TestLSN(t *testing.T) {
	t.Parallel()
	for _, l := range []pg.LSN{0, 1, 0xabcdef0123, pg.LastLSN} {
		back, err := pg.ParseLSN(l.String())
		require.NoError(t, err)
		assert.Equal(t, l, back)
	}
	for _, s := range []string{"", "-1", "+1", "0x1", "1/2", "g", "00000000000000001", " 1", "1_0", "ffffffffffffffff0"} {
		_, err := pg.ParseLSN(s)
		require.Error(t, err, s)
	}
}

type logged struct {
	mu   sync.Mutex
	text []byte
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *logged) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.text, []byte(s))
}

// A line to a server, which can fail.
type line struct {
	url  string
	mu   sync.Mutex
	cuts []net.Conn
	down bool
	gate sync.RWMutex // is locked while nothing gets through
}

func newLine(t *testing.T, dsn string) *line {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	server := u.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	u.Host = listener.Addr().String()
	l := &line{url: u.String()}
	t.Cleanup(func() { _ = listener.Close() })
	pass := func(from, to net.Conn) {
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			l.gate.RLock()
			l.gate.RUnlock() //nolint:staticcheck // waits
			if n > 0 {
				_, _ = to.Write(buf[:n])
			}
			if err != nil {
				_ = to.Close()
				return
			}
		}
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			backend, err := net.Dial("tcp", server)
			l.mu.Lock()
			if l.down || err != nil {
				_ = client.Close()
			} else {
				l.cuts = append(l.cuts, client, backend)
				go pass(client, backend)
				go pass(backend, client)
			}
			l.mu.Unlock()
		}
	}()
	return l
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for _, c := range l.cuts {
		_ = c.Close()
	}
	l.cuts = nil
}

func (l *line) halt() { l.gate.Lock() }

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.down {
		l.gate.Unlock()
	}
	l.down = false
}

func TestSameDatabase(t *testing.T) {
	t.Parallel()
	one, other := pgtest.New(t), pgtest.New(t)
	again, err := pgxpool.NewWithConfig(t.Context(), one.Config())
	require.NoError(t, err)
	t.Cleanup(again.Close)
	require.NoError(t, pg.SameDatabase(t.Context(), one, again))
	assert.ErrorContains(t, pg.SameDatabase(t.Context(), one, other), "another database")
}
