package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooled returns the URL of a database behind a PgBouncer in transaction mode, which has few connections to it and ends with
// the test. Without the program the test is skipped, and says so.
func Pooled(t testing.TB, dsn string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; exec.Command(program, "--version").Run() != nil {
			t.Skip("PgBouncer is not on this machine: nothing is tested with it")
		}
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("the database's URL: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(address)
	password, _ := u.User.Password()

	dir, err := os.MkdirTemp("", "edgevalue-pgbouncer-") // which the user of the program can reach
	if err != nil {
		t.Fatalf("make a directory: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
`, u.Hostname(), u.Port(), u.User.Username(), password, port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil { //nolint:gosec // the password of a test
		t.Fatalf("configure PgBouncer: %v", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatalf("configure PgBouncer: %v", err)
	}
	args := []string{"-q", config}
	if os.Geteuid() == 0 {
		args = append(args, "-u", "nobody")
	}
	// However this process ends, the shell's standard input does, too.
	shell := exec.Command("/bin/sh", append([]string{"-c", `"$@" </dev/null & cat; kill $!; wait`, "sh", program}, args...)...)
	life, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		t.Fatalf("start PgBouncer: %v", err)
	}
	t.Cleanup(func() {
		_ = life.Close()
		_ = shell.Wait()
	})
	query := u.Query()
	query.Del("pool_max_conns")
	// What it prepares on one connection this PgBouncer would run on another: descriptions of statements are kept instead.
	query.Set("default_query_exec_mode", "cache_describe")
	u.Host, u.RawQuery = address, query.Encode()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		conn, err := pgx.Connect(ctx, u.String())
		if err == nil {
			_ = conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return u.String()
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("PgBouncer at %s: %v", strconv.Quote(address), err)
		}
	}
}
