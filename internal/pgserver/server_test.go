package pgserver

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	// root holds what the tests make. Every user can reach it, unlike t.TempDir.
	root string
	// life is a pipe that nobody writes to: it ends with this process.
	life io.Closer
)

// However this process ends, its standard input to the shell then ends too, which stops what servers are left.
const cleaner = `cat
find "$0" -name postmaster.pid | while read -r file; do
	read -r pid < "$file"
	case "$(ps -ww -o args= -p "$pid")" in *cluster_name=edgevalue*) kill -QUIT "$pid";; esac
done
sleep 0.3
rm -rf "$0"
sleep 1
rm -rf "$0"`

func TestMain(m *testing.M) {
	if os.Getenv(helper) != "" {
		os.Exit(m.Run())
	}
	var err error
	if root, err = os.MkdirTemp("/tmp", "pg-"); err != nil {
		panic(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		panic(err)
	}
	sh := exec.Command("/bin/sh", "-c", cleaner, root)
	sh.Dir, sh.SysProcAttr = "/", &syscall.SysProcAttr{Setsid: true}
	if life, err = sh.StdinPipe(); err != nil {
		panic(err)
	}
	if err := sh.Start(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func config(t *testing.T) Config {
	t.Helper()
	base, err := os.MkdirTemp(root, "")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(base, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	return Config{
		Dir: filepath.Join(base, ".edgevalue", "postgres"), Ephemeral: true, Logger: slog.New(slog.DiscardHandler),
		outside: filepath.Join(base, "outside"), cache: filepath.Join(base, "cache"),
	}
}

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

func exec1(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), sql)
	require.NoError(t, err)
	texts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s string, err error) { return s, row.Scan(&s) })
	require.NoError(t, err)
	return strings.Join(texts, "\n")
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func pid(t *testing.T, s *Server) int {
	t.Helper()
	pm, err := s.postmaster()
	require.NoError(t, err)
	return pm.pid
}

// gone waits for the last moments of a process that has given up its files.
func gone(t *testing.T, pid int) {
	t.Helper()
	assert.Eventually(t, func() bool { return !alive(pid) }, 5*time.Second, time.Millisecond)
}

// A process of its own that starts a server, prints its process number and then hangs until it is killed.
const helper = "EDGEVALUE_TEST_PG_DIR"

func TestHelper(t *testing.T) {
	dir := os.Getenv(helper)
	if dir == "" {
		return // only other tests run it
	}
	go func() { // not to outlive the test process
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	s, err := Start(t.Context(), Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	fmt.Println(pid(t, s))
	select {}
}

func startHelper(t *testing.T, cfg Config) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	cmd.Env = append(os.Environ(), helper+"="+cfg.Dir)
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewReader(out)
}

func readPID(t *testing.T, out *bufio.Reader) int {
	t.Helper()
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)
	return pid
}

func TestServer(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Ephemeral = false // once as in dev
	_, err := Running(t.Context(), cfg.Dir)
	require.ErrorIs(t, err, ErrNotRunning)

	s := start(t, cfg)
	postmaster := pid(t, s)
	exec1(t, s.DSN(), "CREATE TABLE kept AS SELECT 'yes' AS value")
	assert.Equal(t, "127.0.0.1", exec1(t, s.DSN(), "SHOW listen_addresses"))
	assert.Equal(t, "scram-sha-256", exec1(t, s.DSN(),
		"SELECT DISTINCT auth_method FROM pg_hba_file_rules"), "nobody comes in without the password")
	assert.Equal(t, "UTF8", exec1(t, s.DSN(), "SHOW server_encoding"))
	assert.Equal(t, "on", exec1(t, s.DSN(), "SHOW fsync"))
	info, err := os.Stat(filepath.Join(s.home, "password"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	dsn, err := Running(t.Context(), cfg.Dir)
	require.NoError(t, err)
	assert.Equal(t, s.DSN(), dsn)

	_, err = Start(t.Context(), cfg)
	require.ErrorIs(t, err, ErrRunning)
	assert.Contains(t, err.Error(), fmt.Sprintf("process %d", os.Getpid()))

	require.NoError(t, s.Stop())
	require.NoError(t, s.Stop(), "twice is once")
	gone(t, postmaster)
	_, err = Running(t.Context(), cfg.Dir)
	require.ErrorIs(t, err, ErrNotRunning)

	again := start(t, cfg)
	assert.Equal(t, "yes", exec1(t, again.DSN(), "SELECT value FROM kept"))
	log, err := os.ReadFile(filepath.Join(s.home, "postgres.log"))
	require.NoError(t, err)
	assert.NotContains(t, string(log), "was not properly shut down")
}

func TestServerIsNobodyImportant(t *testing.T) {
	t.Parallel()
	s := start(t, config(t))
	info, err := os.Stat(s.data())
	require.NoError(t, err)
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if os.Geteuid() == 0 {
		assert.NotZero(t, owner, "root starts it as another user")
	} else {
		assert.Equal(t, os.Geteuid(), owner)
	}
	group, err := syscall.Getpgid(pid(t, s))
	require.NoError(t, err)
	assert.Equal(t, pid(t, s), group, "the terminal's Ctrl-C does not reach it")
}

func TestServerPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	cfg := config(t)
	cfg.Port = l.Addr().(*net.TCPAddr).Port
	s := start(t, cfg)
	assert.NotEqual(t, cfg.Port, s.port)
	require.NoError(t, l.Close())
	require.NoError(t, s.Stop())
	assert.Equal(t, cfg.Port, start(t, cfg).port, "the preferred port once it is free")
}

func TestServerAdoptedAfterKill(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cmd, out := startHelper(t, cfg)
	postmaster := readPID(t, out)
	_, err := Start(t.Context(), cfg)
	require.ErrorIs(t, err, ErrRunning)
	assert.Contains(t, err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid))
	dsn, err := Running(t.Context(), cfg.Dir)
	require.NoError(t, err)
	exec1(t, dsn, "CREATE TABLE kept AS SELECT 'yes' AS value")

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.True(t, alive(postmaster), "the server outlives its process")
	s := start(t, cfg)
	assert.Equal(t, postmaster, pid(t, s))
	assert.Equal(t, "yes", exec1(t, s.DSN(), "SELECT value FROM kept"))
	require.NoError(t, s.Stop())
	gone(t, postmaster)
}

func TestServerRecoversWhenAllWereKilled(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cmd, out := startHelper(t, cfg)
	postmaster := readPID(t, out)
	dsn, err := Running(t.Context(), cfg.Dir)
	require.NoError(t, err)
	exec1(t, dsn, "CREATE TABLE kept AS SELECT 'yes' AS value")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.NoError(t, syscall.Kill(postmaster, syscall.SIGKILL))
	s := start(t, cfg)
	assert.NotEqual(t, postmaster, pid(t, s))
	assert.Equal(t, "yes", exec1(t, s.DSN(), "SELECT value FROM kept"))

	require.NoError(t, syscall.Kill(pid(t, s), syscall.SIGKILL))
	require.NoError(t, s.Stop(), "nothing is left to stop")
}

// A folder that was copied while its server ran has the password and the port of another's server.
func TestServerOfAnotherFolder(t *testing.T) {
	t.Parallel()
	cfg, other := config(t), config(t)
	s := start(t, cfg)
	require.NoError(t, os.MkdirAll(filepath.Join(other.Dir, "data"), 0o755))
	for _, name := range []string{"password", "data/postmaster.pid"} {
		text, err := os.ReadFile(filepath.Join(s.home, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(other.Dir, name), text, 0o600))
	}
	_, err := Running(t.Context(), cfg.Dir)
	require.NoError(t, err)
	_, err = Running(t.Context(), other.Dir)
	require.ErrorIs(t, err, ErrNotRunning)
	require.ErrorContains(t, err, s.data())
}

func TestClient(t *testing.T) {
	t.Parallel()
	path, err := Client(t.Context(), "pg_dump", oldestMajor)
	require.NoError(t, err)
	out, err := exec.Command(path, "--version").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "pg_dump (PostgreSQL)")
	_, err = Client(t.Context(), "pg_dump", 1000)
	require.ErrorContains(t, err, "apt-get install postgresql-client")
}

// After a reboot, or in a container, the number in postmaster.pid may be another program's.
func TestServerIgnoresStrangers(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	s := start(t, cfg)
	path := filepath.Join(s.data(), "postmaster.pid")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, s.Stop())
	_, rest, _ := strings.Cut(string(text), "\n")
	for name, text := range map[string]string{
		"reused": strconv.Itoa(os.Getppid()) + "\n" + rest, "half written": strconv.Itoa(os.Getppid()), "empty": "",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		require.NoError(t, os.Chown(path, ownerOf(t, s.data()), -1))
		_, err = Running(t.Context(), cfg.Dir)
		require.ErrorIs(t, err, ErrNotRunning, name)
		again, err := Start(t.Context(), cfg)
		require.NoError(t, err, name)
		require.NoError(t, again.Stop(), name)
	}
}

func ownerOf(t *testing.T, path string) int {
	info, err := os.Stat(path)
	require.NoError(t, err)
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

func TestServerKilledInTheMiddleOfInitdb(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cmd, _ := startHelper(t, cfg)
	require.Eventually(t, func() bool {
		found, _ := filepath.Glob(filepath.Join(cfg.Dir, "init-*", "data", "base"))
		return len(found) > 0
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	_, err := os.Stat(filepath.Join(cfg.Dir, "data"))
	require.ErrorIs(t, err, os.ErrNotExist)

	s := start(t, cfg)
	assert.Equal(t, "1", exec1(t, s.DSN(), "SELECT '1'"))
	require.NoError(t, s.Stop())
	start(t, cfg)
}

func TestServerStartCancelled(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, cfg)
	require.Error(t, err)
	_, err = Running(t.Context(), cfg.Dir)
	require.ErrorIs(t, err, ErrNotRunning)
	require.NoError(t, start(t, cfg).Stop())

	// While pg_ctl starts the server, at several moments.
	log := filepath.Join(cfg.Dir, "postgres.log")
	for _, begun := range []func() bool{
		func() bool { _, err := os.Stat(log); return err == nil },
		func() bool { info, err := os.Stat(log); return err == nil && info.Size() > 0 },
		func() bool { _, err := os.Stat(filepath.Join(cfg.Dir, "data", "postmaster.pid")); return err == nil },
	} {
		require.NoError(t, os.Remove(log))
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for !begun() {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		s, err := Start(ctx, cfg)
		if err == nil { // it was faster
			err = errors.Join(context.Canceled, s.Stop())
		}
		require.ErrorIs(t, err, context.Canceled)
		assert.NoFileExists(t, filepath.Join(cfg.Dir, "data", "postmaster.pid"))
	}
	start(t, cfg)
}

// A project like /root/project, where no other user may enter.
func TestServerProjectOutOfReach(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	project := filepath.Dir(filepath.Dir(cfg.Dir))
	private := filepath.Join(project, "private")
	require.NoError(t, os.Mkdir(private, 0o700))
	cfg.Dir = filepath.Join(private, ".edgevalue", "postgres")
	var log bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))

	s := start(t, cfg)
	if os.Geteuid() != 0 {
		assert.Equal(t, cfg.Dir, s.home, "an ordinary user's server is the user's own")
		return
	}
	assert.Equal(t, cfg.outside, filepath.Dir(s.home))
	assert.Contains(t, log.String(), s.home)
	exec1(t, s.DSN(), "CREATE TABLE kept AS SELECT 'yes' AS value")
	dsn, err := Running(t.Context(), cfg.Dir)
	require.NoError(t, err)
	assert.Equal(t, s.DSN(), dsn)
	_, err = Start(t.Context(), cfg)
	require.ErrorIs(t, err, ErrRunning)
	require.NoError(t, s.Stop())
	again := start(t, cfg)
	assert.Equal(t, "yes", exec1(t, again.DSN(), "SELECT value FROM kept"))

	require.NoError(t, again.Remove())
	for _, path := range []string{again.home, cfg.Dir} {
		_, err = os.Stat(path)
		require.ErrorIs(t, err, os.ErrNotExist)
	}

	other := config(t)
	moved := start(t, other)
	require.NoError(t, moved.Stop())
	above := filepath.Dir(other.Dir)
	require.NoError(t, os.Chmod(above, 0o700))
	_, err = Start(t.Context(), other)
	require.ErrorContains(t, err, "out of the server's reach", "data that is there is not left behind")

	nowhere := config(t)
	nowhere.Dir, nowhere.outside = filepath.Join(private, "b"), filepath.Join(private, "c")
	_, err = Start(t.Context(), nowhere)
	require.ErrorContains(t, err, "no place for the data")
}

func TestServerOfAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	s := start(t, cfg)
	require.NoError(t, s.Stop())
	require.NoError(t, os.WriteFile(filepath.Join(s.data(), "PG_VERSION"), []byte("14\n"), 0o600))
	_, err := Start(t.Context(), cfg)
	require.ErrorContains(t, err, "PostgreSQL 14, which made the data directory, is not on this machine")
	require.ErrorContains(t, err, "DATABASE_URL")
}

func TestServerWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	offline := httptest.NewServer(http.NotFoundHandler())
	defer offline.Close()
	cfg := config(t)
	cfg.places, cfg.mirror = []string{"/nowhere", t.TempDir()}, offline.URL
	_, err := Start(t.Context(), cfg)
	for _, part := range []string{"apt-get install postgresql", "brew install", "DATABASE_URL", "no version found"} {
		require.ErrorContains(t, err, part)
	}
	left, _ := filepath.Glob(filepath.Join(cfg.cache, "*"))
	assert.Empty(t, left)
}

// postgresArchive is a tar.xz with bin/postgres, bin/initdb and bin/pg_ctl: scripts that say "postgres (PostgreSQL) 17.5".
const postgresArchive = `
/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Cf/ALFdADEaShsFkZA3OlG9V3Gz1uIDp1bm8aIchxrTE7TbNYw7L+EYE1wfZ61r0peauZTFqMIIf6gbrO2
+iv7SRFlSQbJf/ReZvODJpIQkKK5ZYr0uZ3/xm4wv93u4uRaa6oLSLSFxJlh3KGzn2vAptYd3e6Z4OVPNbjcvAXnZ9arrDnEn/h05ix1V9vEKoPmx3s
zuRaroHQLJ6MHpO7NKS0TNj+pQTmm0QZDzN8+Zz3Qchpy5AAAAAABTX2l0PnFmwAABzQGAUAAAjGim0rHEZ/sCAAAAAARZWg==`

func TestDownload(t *testing.T) {
	t.Parallel()
	archive, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(postgresArchive), ""))
	require.NoError(t, err)
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	w, err := z.Create("postgres-linux-x86_64.txz")
	require.NoError(t, err)
	_, err = w.Write(archive)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	requests := 0
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			sum := sha256.Sum256(jar.Bytes())
			_, _ = io.WriteString(w, hex.EncodeToString(sum[:]))
			return
		}
		_, _ = w.Write(jar.Bytes())
	}))
	defer mirror.Close()

	cfg := config(t)
	cfg.places, cfg.mirror = []string{}, mirror.URL
	who, err := serverAccount(cfg.Dir)
	require.NoError(t, err)
	for range 2 {
		dir, err := serverPrograms(t.Context(), who, 17, cfg, cfg.Logger)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(cfg.cache, "postgres-"+string(downloads[17]), "bin"), dir)
	}
	assert.Equal(t, 2, requests, "the second time it is there")
	left, _ := filepath.Glob(filepath.Join(cfg.cache, "*"))
	assert.Len(t, left, 1, "nothing else stays")
}
