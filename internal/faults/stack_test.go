//go:build faults

package faults

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/pgserver"
)

const (
	superuser = "admin@example.com"
	password  = "seven tulips eat a cat"
)

// program is the path of the built command.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "edgevalue-faults-")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		program = filepath.Join(dir, "edgevalue")
		build := exec.CommandContext(context.Background(), "go", "build", "-o", program, "../../cmd/edgevalue")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// A stack is a database, a server and workers, all of which can be disturbed.
type stack struct {
	t        *testing.T
	dir      string
	db       pgserver.Config
	server   *pgserver.Server
	dsn      string
	address  string
	running  []*process
	messages *safeBuffer // what the processes wrote
}

// A process of the program that is started again when it was killed.
type process struct {
	args []string
	cmd  *exec.Cmd
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newStack starts a stack whose database lives below parent, which is a new directory unless it is given.
func newStack(t *testing.T, parent string) *stack {
	if parent == "" {
		var err error
		parent, err = os.MkdirTemp("", "edgevalue-faults-db-") // not t.TempDir, which the database's user cannot reach
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, os.RemoveAll(parent)) })
	}
	require.NoError(t, os.Chmod(parent, 0o755))
	s := &stack{
		t: t, dir: t.TempDir(), address: freeAddress(t), messages: &safeBuffer{},
		db: pgserver.Config{Dir: filepath.Join(parent, "postgres"), Logger: slog.New(slog.DiscardHandler)},
	}
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	_, err = fmt.Sscan(port, &s.db.Port)
	require.NoError(t, err)
	s.startDatabase()
	t.Cleanup(func() {
		assert.NoError(t, s.server.Remove())
		if t.Failed() {
			text := s.messages.String()
			t.Logf("the processes wrote, at the end:\n%s", text[max(0, len(text)-20_000):])
		}
	})
	s.run("migrate", "up")
	for _, args := range [][]string{{"serve"}, {"worker"}, {"worker"}} {
		p := &process{args: args}
		s.running = append(s.running, p)
		s.start(p)
		t.Cleanup(func() { s.signal(p, syscall.SIGTERM) })
	}
	s.awaitServer()
	return s
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (s *stack) startDatabase() {
	s.t.Helper()
	server, err := pgserver.Start(s.t.Context(), s.db)
	require.NoError(s.t, err)
	if s.dsn == "" {
		s.dsn = server.DSN()
	}
	require.Equal(s.t, s.dsn, server.DSN(), "the database must come back at its address")
	s.server = server
}

// crashDatabase ends the database as a crash does: nothing is written any more, and the next start recovers.
func (s *stack) crashDatabase() {
	s.t.Helper()
	c, err := pgx.Connect(s.t.Context(), s.dsn)
	require.NoError(s.t, err)
	defer func() { _ = c.Close(context.WithoutCancel(s.t.Context())) }()
	var pid int
	require.NoError(s.t, c.QueryRow(s.t.Context(), `SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)::integer`).Scan(&pid))
	require.NoError(s.t, syscall.Kill(pid, syscall.SIGQUIT))
	require.NoError(s.t, s.server.Stop())
}

// exec runs a statement beside the program.
func (s *stack) exec(sql string, args ...any) {
	s.t.Helper()
	c, err := pgx.Connect(s.t.Context(), s.dsn)
	require.NoError(s.t, err)
	defer func() { _ = c.Close(context.WithoutCancel(s.t.Context())) }()
	_, err = c.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

func (s *stack) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), program, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{
		"ENVIRONMENT=staging", "SERVER_HOST=http://" + s.address, "DATABASE_URL=" + s.dsn,
		"SECRET_KEY=" + strings.Repeat("0123456789abcdef", 4), "FIRST_SUPERUSER=" + superuser,
		"FIRST_SUPERUSER_PASSWORD=" + password, "LISTEN_ADDR=" + s.address, "ADMIN_ADDR=127.0.0.1:0", "LOG_FORMAT=json",
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR"),
	}
	return cmd
}

// run runs a command of the program to its end and returns what it printed.
func (s *stack) run(args ...string) string {
	s.t.Helper()
	out, err := s.try(args...)
	require.NoErrorf(s.t, err, "%v: %s", args, out)
	return out
}

func (s *stack) try(args ...string) (string, error) {
	out, err := s.command(args...).CombinedOutput()
	return string(out), err
}

func (s *stack) start(p *process) {
	s.t.Helper()
	p.cmd = s.command(p.args...)
	p.cmd.Stdout, p.cmd.Stderr = s.messages, s.messages
	require.NoError(s.t, p.cmd.Start())
}

// signal ends a process and returns its exit code.
func (s *stack) signal(p *process, sig os.Signal) int {
	_ = p.cmd.Process.Signal(sig)
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

func (s *stack) awaitServer() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.address+"/readyz", nil)
		if err != nil {
			return false
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond, "the server is not ready")
}

type token string

func (t token) OAuth2PasswordBearer(context.Context, oas.OperationName) (oas.OAuth2PasswordBearer, error) {
	return oas.OAuth2PasswordBearer{Token: string(t)}, nil
}

func (t token) ApiKey(context.Context, oas.OperationName) (oas.ApiKey, error) {
	return oas.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}

// client is a superuser's. Its calls end after some seconds, whatever becomes of the server.
func (s *stack) client() *oas.Client {
	s.t.Helper()
	h := &http.Client{Timeout: 20 * time.Second}
	anonymous, err := oas.NewClient("http://"+s.address+"/api/v1", token(""), oas.WithClient(h))
	require.NoError(s.t, err)
	var got *oas.AccessToken
	require.Eventually(s.t, func() bool {
		got, err = anonymous.CreateAccessToken(s.t.Context(), &oas.AccessTokenForm{Username: superuser, Password: password})
		return err == nil
	}, time.Minute, 200*time.Millisecond, "cannot log in")
	c, err := oas.NewClient("http://"+s.address+"/api/v1", token(got.AccessToken), oas.WithClient(h))
	require.NoError(s.t, err)
	return c
}
