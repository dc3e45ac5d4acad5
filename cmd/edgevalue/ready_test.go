package main

import (
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// A process whose pool is too small does not start, and says how many connections it needs. The least suffices.
func TestPoolIsLargeEnough(t *testing.T) {
	t.Parallel()
	needs := map[string]int{"serve": 2, "worker": 4, "dev": 6, "migrate up": 2}
	// newproject:companies
	needs["worker"], needs["dev"], needs["import companies no.file"] = 8, 10, 4
	// newproject:end
	for command, least := range needs {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			p, dsn := newProject(t), pgtest.DSN(t)
			start := func(conns int) *exec.Cmd {
				cmd := p.command(strings.Fields(command)...)
				cmd.Env = append(cmd.Env, "SECRET_KEY="+testKey, fmt.Sprintf("DATABASE_URL=%s&pool_max_conns=%d", dsn, conns))
				return cmd
			}
			for conns := 1; conns < least; conns++ {
				cmd := start(conns)
				cut := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
				out, err := cmd.CombinedOutput()
				cut.Stop()
				require.Error(t, err)
				assert.Contains(t, string(out), fmt.Sprintf("pool_max_conns=%d is too small: this command needs at least %d connections", conns, least))
			}
			if command != "worker" {
				return
			}
			cmd := start(least)
			admin := newProject(t)
			cmd.Env = append(cmd.Env, "ADMIN_ADDR="+admin.addr)
			require.NoError(t, cmd.Start())
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
			admin.eventually("/readyz", 200)
			// More jobs at a time than the pool has connections.
			pool, err := pg.Open(t.Context(), dsn, slog.Default(), nil)
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			_, err = pool.Exec(t.Context(), `INSERT INTO river_job (kind, args, queue, max_attempts, state)
				SELECT 'echo', '{"word":"hello"}', 'default', 1, 'available' FROM generate_series(1, 200)`)
			require.NoError(t, err)
			require.EventuallyWithT(t, func(t *assert.CollectT) {
				var n int
				assert.NoError(t, pool.QueryRow(p.t.Context(), "SELECT count(*) FROM river_job WHERE kind = 'echo' AND state = 'completed'").Scan(&n))
				assert.Equal(t, 200, n)
			}, time.Minute, 100*time.Millisecond)
		})
	}
}

// A worker that does not work on jobs is alive, but not ready.
func TestWorkerReadiness(t *testing.T) {
	t.Parallel()
	p, probed, pool := newProject(t), newProject(t), pgtest.New(t)
	admin := "ADMIN_ADDR=" + probed.addr
	cmd, out := p.start("worker", "DATABASE_URL="+pool.Config().ConnString(), admin)
	check := func() (string, error) {
		check := p.command("healthcheck", "--worker", "--ready")
		check.Env = append(check.Env, admin)
		out, err := check.CombinedOutput()
		return string(out), err
	}
	probed.eventually("/readyz", 200)
	_, err := check()
	require.NoError(t, err)

	lock, err := pool.Begin(t.Context()) // as if the database were halted
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), "LOCK TABLE worker")
	require.NoError(t, err)
	probed.eventually("/readyz", 503)
	_, body, _ := probed.get("/readyz")
	assert.Contains(t, body, "no sign of life")
	said, err := check()
	require.Error(t, err)
	assert.Contains(t, said, "/readyz returned 503")
	status, _, _ := probed.get("/livez")
	assert.Equal(t, 200, status)
	require.NoError(t, lock.Rollback(t.Context()))
	probed.eventually("/readyz", 200)

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	assert.True(t, strings.Contains(out.String(), "not ready"))
}
