package pgtest_test

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

func TestNewIsMigratedAndAlone(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			pool := pgtest.New(t)
			t.Logf("ready after %s", time.Since(begin))
			_, err := pg.Current(t.Context(), pool)
			require.NoError(t, err)
			assert.EqualValues(t, 8, pool.Config().MaxConns)
			_, err = pool.Exec(t.Context(), "CREATE TABLE only_here ()")
			require.NoError(t, err)
		})
	}
}

func TestDatabaseEndsWithItsTest(t *testing.T) {
	t.Parallel()
	var dsn string
	require.True(t, t.Run("inner", func(t *testing.T) { dsn = pgtest.Empty(t) }))
	_, err := pgx.Connect(t.Context(), dsn)
	require.ErrorContains(t, err, "does not exist")
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), pgtest.Empty(t))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var n int
	require.NoError(t, conn.QueryRow(t.Context(),
		"SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").Scan(&n))
	assert.Zero(t, n)
}

// The processes below have a server of their own, under another TMPDIR.
const member = "EDGEVALUE_TEST_MEMBER"

func TestMember(t *testing.T) {
	if os.Getenv(member) == "" {
		return // only TestSharedServer runs it
	}
	fmt.Println(pgtest.Empty(t))
	_, _ = io.ReadAll(os.Stdin)
}

func TestSharedServer(t *testing.T) {
	t.Parallel()
	tmp, err := os.MkdirTemp("/tmp", "pgtest-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(tmp, 0o755))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(tmp)) })

	start := func() (*exec.Cmd, io.Closer, *url.URL) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMember$")
		cmd.Env = append(os.Environ(), member+"=1", "TMPDIR="+tmp, "EDGEVALUE_TEST_DATABASE_URL=")
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err, line)
		dsn, err := url.Parse(line[:len(line)-1])
		require.NoError(t, err, line)
		go func() { _, _ = io.Copy(io.Discard, out) }()
		return cmd, in, dsn
	}
	first, _, a := start()
	second, in, b := start()
	assert.Equal(t, a.Host, b.Host, "one server for all")
	assert.NotEqual(t, a.Path, b.Path, "a database each")

	require.NoError(t, first.Process.Kill())
	_ = first.Wait()
	time.Sleep(300 * time.Millisecond)
	conn, err := pgx.Connect(t.Context(), b.String())
	require.NoError(t, err, "the server outlives the process that started it")
	require.NoError(t, conn.Close(t.Context()))

	require.NoError(t, in.Close())
	require.NoError(t, second.Wait())
	data := filepath.Join(tmp, fmt.Sprintf("edgevalue-test-%d", os.Getuid()), "server")
	require.Eventually(t, func() bool {
		_, err := os.Stat(data)
		return os.IsNotExist(err)
	}, 10*time.Second, 20*time.Millisecond, "the data goes with the last process")
	_, err = pgx.Connect(t.Context(), b.String())
	require.ErrorContains(t, err, "connection refused")
}
