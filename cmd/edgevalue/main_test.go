package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// TestMain is the command itself when a test runs it as one.
func TestMain(m *testing.M) {
	if os.Getenv("EDGEVALUE_TEST_COMMAND") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// project is a folder in which a test runs the command.
type project struct {
	t    *testing.T
	dir  string
	addr string
}

func newProject(t *testing.T) project {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	// Not t.TempDir, which the database's user cannot reach when root runs the tests.
	dir, err := os.MkdirTemp("", "edgevalue-dev-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return project{t, dir, l.Addr().String()}
}

func (p project) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), os.Args[0], args...)
	cmd.Dir = p.dir
	cmd.Env = []string{
		"EDGEVALUE_TEST_COMMAND=1", "LISTEN_ADDR=" + p.addr, "ADMIN_ADDR=127.0.0.1:0", "LOG_FORMAT=json",
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR"),
	}
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// run runs a command until it ends.
func (p project) run(stdin string, args ...string) (stdout, stderr string, err error) {
	cmd := p.command(args...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

func (p project) mustRun(args ...string) string {
	p.t.Helper()
	out, errOut, err := p.run("", args...)
	require.NoErrorf(p.t, err, "%v: %s", args, errOut)
	return out
}

// dev starts dev and waits until it serves. What it prints goes to the returned file.
func (p project) dev() (cmd *exec.Cmd, printed string) {
	p.t.Helper()
	printed = filepath.Join(p.t.TempDir(), "printed")
	f, err := os.Create(printed)
	require.NoError(p.t, err)
	defer func() { _ = f.Close() }()
	cmd = p.command("dev")
	cmd.Stdout, cmd.Stderr = f, f
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		if cmd.ProcessState == nil { // the test ended early
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
		if p.t.Failed() {
			b, _ := os.ReadFile(printed)
			p.t.Logf("dev printed:\n%s", b)
		}
	})
	require.Eventually(p.t, func() bool {
		_, _, err := p.run("", "healthcheck")
		return err == nil
	}, time.Minute, 50*time.Millisecond, "dev does not serve")
	return cmd, printed
}

func (p project) stop(cmd *exec.Cmd) {
	p.t.Helper()
	require.NoError(p.t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, cmd.Wait(), "dev must stop cleanly")
	assert.NoFileExists(p.t, filepath.Join(p.dir, stateDir, "postgres", "data", "postmaster.pid"), "the database must have stopped")
}

type token string

func (t token) OAuth2PasswordBearer(context.Context, oas.OperationName) (oas.OAuth2PasswordBearer, error) {
	return oas.OAuth2PasswordBearer{Token: string(t)}, nil
}

func (t token) ApiKey(context.Context, oas.OperationName) (oas.ApiKey, error) {
	return oas.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}

func (p project) client(t token) *oas.Client {
	c, err := oas.NewClient("http://"+p.addr+"/api/v1", t)
	require.NoError(p.t, err)
	return c
}

// superuser logs in with the password that dev printed.
func (p project) superuser(printed string) *oas.Client {
	p.t.Helper()
	b, err := os.ReadFile(printed)
	require.NoError(p.t, err)
	m := regexp.MustCompile(`(?s)"msg":"serving".* is running:.*\n---+\nSuperuser (\S+) was created with the password (\S+)\n.*---\n`).FindSubmatch(b)
	require.NotNil(p.t, m, "dev prints the password, after its greeting")
	got, err := p.client("").CreateAccessToken(p.t.Context(), &oas.AccessTokenForm{Username: string(m[1]), Password: string(m[2])})
	require.NoError(p.t, err)
	return p.client(token(got.AccessToken))
}

func TestDev(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	cmd, printed := p.dev()
	p.superuser(printed)

	t.Run("pages", func(t *testing.T) {
		for path, want := range map[string]string{
			"/api": `"url":"/api/v1"`, "/api/": `"url":"/api/v1"`, "/api/v1": `"docs":"/docs"`, "/api/v1/": `"docs":"/docs"`,
			"/docs/": "swagger-ui", "/redoc/": "redoc", "/livez": "ok",
		} {
			status, body, _ := p.get(path)
			assert.Equal(t, http.StatusOK, status, path)
			assert.Contains(t, body, want, path)
		}
		status, _, _ := p.get("/jobs/")
		assert.Equal(t, http.StatusUnauthorized, status)
	})
	t.Run("user", func(t *testing.T) {
		_, errOut, err := p.run("correct horse battery\n", "user", "create", "--email", "ada@example.com", "--password-stdin")
		require.NoError(t, err, errOut)
		_, err = p.client("").CreateAccessToken(t.Context(), &oas.AccessTokenForm{Username: "ada@example.com", Password: "correct horse battery"})
		require.NoError(t, err)
		_, errOut, err = p.run("short\n", "user", "create", "--email", "bob@example.com", "--password-stdin")
		require.Error(t, err)
		assert.Contains(t, errOut, "12 to 128 characters")
		for _, easy := range []string{"password1234", "bob@example.com", "edgevalue 2026 edgevalue"} {
			_, errOut, err = p.run(easy+"\n", "user", "create", "--email", "bob@example.com", "--password-stdin")
			require.Error(t, err)
			assert.Contains(t, errOut, "must be harder to guess")
		}
		_, errOut, err = p.run("", "user", "create", "--email", "bob@example.com")
		require.Error(t, err)
		assert.Contains(t, errOut, "standard input is not a terminal")
		for _, command := range []string{"create", "password"} { // no password is asked for in vain
			_, errOut, err = p.run("", "user", command, "--email", "bob")
			require.Error(t, err)
			assert.Contains(t, errOut, `"bob" is not an email address`)
			_, errOut, err = p.run("", "user", command, "--email", "bob@[192.0.2.1]")
			require.Error(t, err)
			assert.Contains(t, errOut, "is not an email address")
		}

		login := func(password string) (*oas.AccessToken, error) {
			return p.client("").CreateAccessToken(t.Context(), &oas.AccessTokenForm{Username: "ada@example.com", Password: password})
		}
		old, err := login("correct horse battery")
		require.NoError(t, err)
		out, errOut, err := p.run("another horse battery\n", "user", "password", "--email", "Ada@example.com", "--password-stdin")
		require.NoError(t, err, errOut)
		assert.Equal(t, "set the password of ada@example.com and ended its sessions\n", out)
		require.Eventually(t, func() bool {
			_, err := p.client(token(old.AccessToken)).GetCurrentUser(t.Context())
			return err != nil
		}, 10*time.Second, 10*time.Millisecond, "the old token is revoked, as soon as the server is told")
		_, err = login("correct horse battery")
		require.Error(t, err)
		_, err = login("another horse battery")
		require.NoError(t, err)
		_, errOut, err = p.run("another horse battery\n", "user", "password", "--email", "nobody@example.com", "--password-stdin")
		require.Error(t, err)
		assert.Contains(t, errOut, "user")
		_, errOut, err = p.run("short\n", "user", "password", "--email", "ada@example.com", "--password-stdin")
		require.Error(t, err)
		assert.Contains(t, errOut, "12 to 128 characters")

		_, errOut, err = p.run("", "user", "remove-totp", "--email", "ada@example.com")
		require.Error(t, err)
		assert.Contains(t, errOut, "the account has no second factor")

		assert.Regexp(t, `^EMAIL +ROLE +STATE +CREATED\n`+regexp.QuoteMeta("admin@example.com")+` +superuser +active +\d{4}-\d\d-\d\d\nada@example\.com +user +active +`,
			p.mustRun("user", "list"))
	})
	t.Run("migrate status", func(t *testing.T) {
		assert.NotRegexp(t, `(?m) pending$`, p.mustRun("migrate", "status"))
	})
	t.Run("backup and restore", func(t *testing.T) {
		p.mustRun("backup", "ev.dump")
		info, err := os.Stat(filepath.Join(p.dir, "ev.dump"))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode(), "it holds password hashes")
		_, errOut, err := p.run("", "backup", "ev.dump")
		require.Error(t, err)
		assert.Contains(t, errOut, "--force")
		p.mustRun("backup", "--force", "ev.dump")

		_, errOut, err = p.run("correct horse battery\n", "user", "create", "--email", "late@example.com", "--password-stdin")
		require.NoError(t, err, errOut)
		late := &oas.AccessTokenForm{Username: "late@example.com", Password: "correct horse battery"}
		_, err = p.client("").CreateAccessToken(t.Context(), late)
		require.NoError(t, err)
		_, errOut, err = p.run("yes\n", "restore", "ev.dump")
		require.Error(t, err)
		assert.Contains(t, errOut, "--yes")
		p.mustRun("restore", "--yes", "ev.dump")
		p.eventually("/readyz", http.StatusOK)
		require.EventuallyWithT(t, func(t *assert.CollectT) {
			_, err = p.client("").CreateAccessToken(p.t.Context(), late)
			assert.ErrorContains(t, err, "401")
		}, 30*time.Second, 50*time.Millisecond, "what the backup does not have is gone")
	})
	t.Run("second dev", func(t *testing.T) {
		_, errOut, err := p.run("", "dev")
		require.Error(t, err)
		assert.Contains(t, errOut, "in use")
	})
	p.stop(cmd)

	_, errOut, err := p.run("", "user", "list")
	require.Error(t, err)
	assert.Contains(t, errOut, "edgevalue dev")

	cmd, printed = p.dev()
	assert.Contains(t, p.mustRun("user", "list"), "\nada@example.com ", "the data is kept")
	b, err := os.ReadFile(printed)
	require.NoError(t, err)
	assert.NotContains(t, string(b), "was created with the password")
	p.stop(cmd)
}

// The password is stored nowhere else.
func TestDevShowsPasswordWhenItFails(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	l, err := net.Listen("tcp", p.addr)
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	cmd := p.command("dev")
	cmd.Env = append(cmd.Env, "DATABASE_URL="+pgtest.DSN(t))
	out, err := cmd.Output()
	require.Error(t, err)
	assert.Regexp(t, `^\n---+\nSuperuser `+regexp.QuoteMeta("admin@example.com")+` was created with the password [A-Z0-9]{26}\n.*\n---+\n\n$`, string(out))
}

func TestServeNeedsDatabase(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	cmd := p.command("serve")
	cmd.Env = append(cmd.Env, "SECRET_KEY=0123456789abcdef0123456789abcdef")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "DATABASE_URL")
}

// start starts a command with more variables. What it logs goes to the returned buffer.
func (p project) start(command string, env ...string) (*exec.Cmd, *log) {
	p.t.Helper()
	cmd, out := p.command(command), &log{}
	cmd.Env = append(cmd.Env, env...)
	cmd.Env = append(cmd.Env, "SECRET_KEY="+testKey)
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		if cmd.ProcessState == nil { // the test ended early
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if p.t.Failed() {
			p.t.Logf("%s logged:\n%s", command, out)
		}
	})
	return cmd, out
}

// get returns the status and body of a page, and whether the connection closes; status 0 if there is no response.
func (p project) get(path string) (status int, body string, closes bool) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+p.addr+path, nil)
	require.NoError(p.t, err)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error(), true
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return res.StatusCode, string(b), res.Close
}

// eventually waits until a page returns a status.
func (p project) eventually(path string, status int) {
	p.t.Helper()
	require.EventuallyWithT(p.t, func(t *assert.CollectT) {
		got, body, _ := p.get(path)
		assert.Equal(t, status, got, "%s: %s", path, body)
	}, 30*time.Second, 20*time.Millisecond)
}

// log is a bytes.Buffer that is safe for concurrent use.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// While a server waits for its load balancers, it serves everything but their probes. A second signal ends it at once.
func TestShutdownDelay(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	cmd, out := p.start("serve", "DATABASE_URL="+pgtest.DSN(t), "SHUTDOWN_DELAY=1h")
	p.eventually("/readyz", http.StatusOK)
	p.mustRun("healthcheck")
	p.mustRun("healthcheck", "--ready")
	_, _, closes := p.get("/api/v1/users/me")
	assert.False(t, closes)
	assert.NotContains(t, out.String(), "newer edgevalue")

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	p.eventually("/readyz", http.StatusServiceUnavailable)
	_, errOut, err := p.run("", "healthcheck")
	require.Error(t, err)
	assert.Contains(t, errOut, "/livez returned 503")
	for range 5 {
		for path, want := range map[string]int{
			"/api/v1/users/me": http.StatusUnauthorized, "/": http.StatusOK,
			"/livez": http.StatusServiceUnavailable, "/readyz": http.StatusServiceUnavailable,
		} {
			status, body, closes := p.get(path)
			require.Equal(t, want, status, "%s: %s", path, body)
			assert.True(t, closes, path)
			if want == http.StatusServiceUnavailable {
				assert.Equal(t, "stopping\n", body)
			}
		}
	}

	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for { // again, since the handler of the first may not have been taken off yet
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestShutdownDelayEnds(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	cmd, _ := p.start("serve", "DATABASE_URL="+pgtest.DSN(t), "SHUTDOWN_DELAY=2s")
	p.eventually("/livez", http.StatusOK)
	begin := time.Now()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	assert.GreaterOrEqual(t, time.Since(begin), 2*time.Second)
	status, _, _ := p.get("/")
	assert.Zero(t, status)
}

// A worker has no load balancer to wait for.
func TestWorkerStopsAtOnce(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	admin := "ADMIN_ADDR=" + newProject(t).addr
	cmd, out := p.start("worker", "DATABASE_URL="+pgtest.DSN(t), "SHUTDOWN_DELAY=1m", admin)
	require.Eventually(t, func() bool {
		check := p.command("healthcheck", "--worker")
		check.Env = append(check.Env, admin)
		check.Env = append(check.Env, "SMTP_PORT=no port", "ENVIRONMENT=production") // does not concern it
		return check.Run() == nil
	}, 30*time.Second, 50*time.Millisecond)
	assert.NotContains(t, out.String(), "newer edgevalue")
	begin := time.Now()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	assert.Less(t, time.Since(begin), 30*time.Second)
}

// A server whose database is away stays alive, and recovers.
func TestServeWithoutDatabase(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	role := strings.ToLower("away_" + rand.Text())
	exec := func(sql string) {
		_, err := pool.Exec(context.Background(), sql)
		assert.NoError(t, err)
	}
	exec("CREATE ROLE " + role + " LOGIN PASSWORD '" + role + "'")
	t.Cleanup(func() { exec("DROP ROLE " + role) })
	exec("GRANT pg_read_all_data, pg_write_all_data TO " + role)
	dsn, err := url.Parse(pool.Config().ConnString())
	require.NoError(t, err)
	dsn.User = url.UserPassword(role, role)
	cmd, _ := p.start("serve", "DATABASE_URL="+dsn.String())
	p.eventually("/readyz", http.StatusOK)
	login := func(status string) {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, err := p.client("").CreateAccessToken(t.Context(), &oas.AccessTokenForm{Username: "nobody@example.com", Password: testPassword})
			assert.ErrorContains(c, err, status)
		}, 30*time.Second, 20*time.Millisecond)
	}

	for range 2 {
		exec("ALTER ROLE " + role + " NOLOGIN")
		exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role + "'")
		p.eventually("/readyz", http.StatusServiceUnavailable)
		login("503")
		p.eventually("/livez", http.StatusOK)
		p.mustRun("healthcheck")
		_, errOut, err := p.run("", "healthcheck", "--ready")
		require.Error(t, err)
		assert.Contains(t, errOut, "/readyz returned 503")

		exec("ALTER ROLE " + role + " LOGIN")
		p.eventually("/readyz", http.StatusOK)
		login("401")
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}

func TestServeOnNewerDatabase(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	_, err := pool.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	require.NoError(t, err)
	database := "DATABASE_URL=" + pool.Config().ConnString()
	cmd, out := p.start("serve", database)
	p.eventually("/readyz", http.StatusOK)
	assert.Equal(t, 1, strings.Count(out.String(), "newer edgevalue"))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())

	_, err = pool.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id > 0")
	require.NoError(t, err)
	cmd, out = p.start("serve", database)
	require.Error(t, cmd.Wait())
	assert.Contains(t, out.String(), "edgevalue migrate up")
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	help := p.mustRun("--help")
	for _, name := range []string{"dev", "serve", "worker", "migrate", "backup", "restore", "user", "config", "healthcheck", "socket-proxy", "version", "completion"} {
		assert.Contains(t, help, "\n  "+name)
	}
	assert.NotEmpty(t, strings.TrimSpace(p.mustRun("version")))
	assert.Regexp(t, `\nPROJECT_NAME="?EdgeValue"?\n`, p.mustRun("config"))
}

// A link that resets a password is for its mail alone: where none can be sent, the job fails instead.
func TestRecoveryIsNotLogged(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	database := "DATABASE_URL=" + pgtest.DSN(t)
	create := p.command("user", "create", "--email", "ada@example.com", "--password-stdin")
	create.Env = append(create.Env, database)
	create.Stdin = strings.NewReader(testPassword)
	text, err := create.CombinedOutput()
	require.NoError(t, err, string(text))
	_, out := p.start("worker", database, "ENVIRONMENT=local")
	_, _ = p.start("serve", database, "ENVIRONMENT=local")
	p.eventually("/readyz", http.StatusOK)
	res, err := http.Post("http://"+p.addr+"/api/v1/password-recovery/ada@example.com", "", nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Less(t, res.StatusCode, 300)
	require.Eventually(t, func() bool {
		kinds := regexp.MustCompile(`"job_kind":"reset_mail"|"subject":"[^"]*[Pp]assword`).FindAllString(out.String(), -1)
		return len(kinds) > 0
	}, 30*time.Second, 50*time.Millisecond, "the mail is tried")
	assert.NotContains(t, out.String(), "token=")
}

// The compose files pass on what people set: a server that starts without saying where it is must not be lax.
func TestServeRefusesPlaceholders(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"serve", "worker"} {
		cmd := newProject(t).command(command)
		cmd.Env = append(cmd.Env, "DATABASE_URL="+pgtest.DSN(t), "SECRET_KEY=changethis", "ENVIRONMENT=local")
		cmd.WaitDelay = time.Second
		done := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		require.True(t, done.Stop(), "%s runs", command)
		assert.Contains(t, string(out), "SECRET_KEY: is a placeholder")
	}
}

// A page that was built for an environment that does not exist would be open to search engines, or show none.
func TestServeRefusesFrontendEnv(t *testing.T) { //nolint:paralleltest // what the linker sets is the process's
	built := frontendEnv
	t.Cleanup(func() { frontendEnv = built })
	assert.Equal(t, "production", built)
	frontendEnv = "prod"
	require.EqualError(t, run(t.Context(), parts{serve: true}), "built with FRONTEND_ENV=prod: it is production, staging or development")
}
