package pgtest_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
		return // only other tests run it
	}
	fmt.Println(pgtest.Empty(t))
	_, _ = io.ReadAll(os.Stdin)
}

// private returns a directory for temporary files that the server's user can reach, too.
func private(t *testing.T) string {
	t.Helper()
	tmp, err := os.MkdirTemp("", "pgtest-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(tmp, 0o755))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(tmp)) })
	return tmp
}

// start starts a command that prints the URL of its database, once it has it.
func start(t *testing.T, tmp string, args ...string) (cmd *exec.Cmd, in io.Closer, dsn string) {
	t.Helper()
	cmd = exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), member+"=1", "TMPDIR="+tmp, pgtest.Variable+"=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a terminal would have it
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, line)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return cmd, in, strings.TrimSpace(line)
}

func assertGone(t *testing.T, tmp, dsn string) {
	t.Helper()
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		left, err := os.ReadDir(tmp)
		require.NoError(t, err)
		require.Empty(t, left)
	}, 20*time.Second, 20*time.Millisecond)
	_, err := pgx.Connect(t.Context(), dsn)
	require.ErrorContains(t, err, "connection refused")
}

func TestServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*exec.Cmd, io.Closer) error{
		"end":    func(_ *exec.Cmd, in io.Closer) error { return in.Close() },
		"Ctrl-C": func(cmd *exec.Cmd, _ io.Closer) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) },
		"kill":   func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tmp := private(t)
			cmd, in, dsn := start(t, tmp, os.Args[0], "-test.run=^TestMember$")
			require.NoError(t, end(cmd, in))
			_ = cmd.Wait()
			assertGone(t, tmp, dsn)
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	tmp := private(t)
	run := filepath.Join(t.TempDir(), "run")
	out, err := exec.Command("go", "build", "-o", run, "./run").CombinedOutput()
	require.NoError(t, err, "%s", out)

	cmd, in, dsn := start(t, tmp, run, "sh", "-c", `echo "$`+pgtest.Variable+`"; read -r line; exit 3`)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	require.NoError(t, in.Close())
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	assert.Equal(t, 3, exit.ExitCode())
	left, err := os.ReadDir(tmp)
	require.NoError(t, err)
	assert.Empty(t, left, "it waits for its server's end")

	cmd, _, dsn = start(t, tmp, run, "sh", "-c", `echo "$`+pgtest.Variable+`"; read -r line`)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	assertGone(t, tmp, dsn)
}
