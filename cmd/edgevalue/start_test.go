package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// Several that migrate an empty database at once all succeed, and there is one superuser.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	for range 3 {
		dsn := pgtest.Empty(t)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				cmd := p.command("migrate", "up")
				cmd.Env = append(cmd.Env, "DATABASE_URL="+dsn, "SECRET_KEY="+testKey, "FIRST_SUPERUSER=first@example.com",
					"FIRST_SUPERUSER_PASSWORD=seven tulips eat a cat")
				out, err := cmd.CombinedOutput()
				assert.NoError(t, err, "%s", out)
			})
		}
		all.Wait()
	}
}

// A worker that finds the database and then loses it for some seconds, at whatever step of its start, waits for it.
func TestDatabaseGoesAwayDuringTheStart(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 2, 4, 8, 16} { // messages of the worker
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(pgtest.DSN(t))
			require.NoError(t, err)
			var sent atomic.Int64
			var back atomic.Int64 // when the database comes back, once it is away
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.Close() })
			database := u.Host
			away := func() bool { b := back.Load(); return b != 0 && time.Now().UnixNano() < b }
			pass := func(c net.Conn) {
				defer func() { _ = c.Close() }()
				if away() {
					return
				}
				var d net.Dialer
				server, err := d.DialContext(context.WithoutCancel(t.Context()), "tcp", database)
				if err != nil {
					return
				}
				defer func() { _ = server.Close() }()
				go func() { _, _ = io.Copy(c, server) }()
				buf := make([]byte, 64<<10)
				for !away() {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if sent.Add(1) == int64(after)+3 { // after the greeting
						back.Store(time.Now().Add(2 * time.Second).UnixNano())
						return
					}
					if _, err := server.Write(buf[:n]); err != nil {
						return
					}
				}
			}
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go pass(c)
				}
			}()
			u.Host = l.Addr().String()
			p := newProject(t)
			cmd, _ := newProject(t).start("worker", "DATABASE_URL="+u.String(), "ADMIN_ADDR="+p.addr)
			p.eventually("/readyz", 200)
			assert.NotZero(t, back.Load(), "the database was away")
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
		})
	}
}

// Whom the kernel has connected is answered, also while the server ends.
func TestEndAnswersEveryConnection(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }
	unanswered, connected := 0, 0
	for range 30 {
		l, err := listen(t.Context(), "127.0.0.1:0", false)
		require.NoError(t, err)
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- serve(ctx, l, nil, newServer(draining(ctx, http.HandlerFunc(answer)), slog.New(slog.DiscardHandler)), 0, 10*time.Second)
		}()
		var (
			mu      sync.Mutex
			clients sync.WaitGroup
			stop    atomic.Bool
		)
		for range 16 {
			clients.Go(func() {
				for !stop.Load() {
					var d net.Dialer
					c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
					if err != nil {
						continue
					}
					_ = c.SetDeadline(time.Now().Add(10 * time.Second))
					_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
					b, _ := io.ReadAll(io.LimitReader(c, 12))
					_ = c.Close()
					mu.Lock()
					if connected++; !strings.HasPrefix(string(b), "HTTP/1.1 200") {
						unanswered++
					}
					mu.Unlock()
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		end()
		require.NoError(t, <-ended)
		stop.Store(true)
		clients.Wait()
	}
	t.Logf("%d connections", connected)
	// Between the last look at the queue and its end the kernel can connect one more; without the look it is hundreds.
	assert.LessOrEqual(t, unanswered, 3, "connections without an answer")
}
