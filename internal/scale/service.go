package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/internal/pgserver"
)

// A database is one that nobody else uses, until its remove is called.
type database struct {
	dsn    string
	remove func() error
}

// newDatabase makes a database on the server of url or, if that is empty, on one of its own whose data is in dir.
func newDatabase(ctx context.Context, serverURL, dir string) (database, error) {
	if serverURL == "" {
		server, err := pgserver.Start(ctx, pgserver.Config{Dir: filepath.Join(dir, "postgres"), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return database{}, err
		}
		return database{server.DSN(), server.Remove}, nil
	}
	u, err := url.Parse(serverURL)
	if err != nil || u.Scheme == "" {
		return database{}, errors.New("DATABASE_URL is not a URL")
	}
	name := "edgevalue_scale_" + strings.ToLower(rand.Text()[:8])
	onServer := func(ctx context.Context, sql string) error {
		conn, err := pgx.Connect(ctx, serverURL)
		if err != nil {
			return errors.Wrap(err, "connect")
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		if _, err = conn.Exec(ctx, sql); err != nil {
			return errors.Wrap(err, sql)
		}
		return nil
	}
	if err := onServer(ctx, "CREATE DATABASE "+name+" ENCODING 'UTF8' TEMPLATE template0"); err != nil {
		return database{}, err
	}
	u.Path = "/" + name
	return database{u.String(), func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return onServer(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	}}, nil
}

// query calls f with each row of a query, and scans it into the pointers of into.
func (d database) query(ctx context.Context, sql string, into []any, f func() error) error {
	conn, err := pgx.Connect(ctx, d.dsn)
	if err != nil {
		return errors.Wrap(err, "connect")
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, sql)
	if err == nil {
		_, err = pgx.ForEachRow(rows, into, f)
	}
	if err != nil {
		return errors.Wrap(err, sql)
	}
	return nil
}

// text returns the only value of a query.
func (d database) text(ctx context.Context, sql string) (value string, err error) {
	err = d.query(ctx, sql, []any{&value}, func() error { return nil })
	return value, err
}

// A tableSize is how much a table, its indexes and what is stored beside it take.
type tableSize struct {
	rows, bytes int64
}

// vacuum vacuums and analyzes all tables, and returns how long that took and how large they are then.
func (d database) vacuum(ctx context.Context) (took time.Duration, sizes map[string]tableSize, err error) {
	begin := time.Now()
	conn, err := pgx.Connect(ctx, d.dsn)
	if err != nil {
		return 0, nil, errors.Wrap(err, "connect")
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return 0, nil, errors.Wrap(err, "vacuum")
	}
	took = time.Since(begin)
	sizes = map[string]tableSize{}
	var name string
	var s tableSize
	err = d.query(ctx, `SELECT relname, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid)
		FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
		[]any{&name, &s.rows, &s.bytes}, func() error { sizes[name] = s; return nil })
	return took, sizes, err
}

// A program is the built command with its environment.
type program struct {
	path, dir string
	env       []string
}

// build builds the command into a directory.
func build(ctx context.Context, dir string) (program, error) {
	p := program{path: filepath.Join(dir, "edgevalue"), dir: dir}
	out, err := exec.CommandContext(ctx, "go", "build", "-o", p.path, "github.com/edgevalue/edgevalue/cmd/edgevalue").CombinedOutput()
	if err != nil {
		return p, errors.Wrapf(err, "go build wrote: %s\nerror", bytes.TrimSpace(out))
	}
	return p, nil
}

// workers is how many companies are read at a time.
const workers = 2

// configure gives the program its database, and no limit on requests.
func (p *program) configure(dsn string) {
	p.env = []string{
		"ENVIRONMENT=staging", "SERVER_HOST=http://127.0.0.1", "LISTEN_ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0", "LOG_FORMAT=json",
		"SECRET_KEY=" + rand.Text() + rand.Text(), "FIRST_SUPERUSER=admin@example.com", "DATABASE_URL=" + dsn,
		"RATE_LIMIT_PER_MINUTE=0", "RATE_LIMIT_SITE_PER_MINUTE=0", fmt.Sprint("SYNC_CONCURRENCY=", workers),
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GOMEMLIMIT", "GOGC", "GOMAXPROCS"} {
		if v := os.Getenv(name); v != "" {
			p.env = append(p.env, name+"="+v)
		}
	}
}

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// A usage is what a process took; peak is the most memory that was resident, in bytes.
type usage struct {
	elapsed, cpu time.Duration
	peak         int64
}

// run runs the program to its end.
func (p *program) run(ctx context.Context, args ...string) (u usage, err error) {
	cmd := p.command(ctx, args...)
	output := &tail{}
	cmd.Stdout, cmd.Stderr = output, output
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return u, errors.Wrap(err, "start")
	}
	watch := watchMemory(cmd.Process.Pid)
	err = cmd.Wait()
	u = usage{time.Since(begin), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), watch()}
	if rusage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && u.peak == 0 {
		u.peak = rusage.Maxrss
		if runtime.GOOS != "darwin" {
			u.peak <<= 10
		}
	}
	if ctx.Err() != nil {
		return u, ctx.Err()
	}
	if err != nil {
		return u, errors.Wrapf(err, "edgevalue %s wrote: %s\nerror", strings.Join(args, " "), output.b)
	}
	return u, nil
}

// A tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if n := len(t.b); n > 8<<10 {
		t.b = append(t.b[:0], t.b[n-4<<10:]...)
	}
	return len(p), nil
}

var vmHWM = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// watchMemory watches a process until the returned function is called, which returns the peak of its resident memory in
// bytes: 0 where the system does not tell. What the kernel says at its end also counts memory of this process.
func watchMemory(pid int) (stop func() int64) {
	quit, peak := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		most := int64(0)
		for {
			select {
			case <-tick.C:
				status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
				if m := vmHWM.FindSubmatch(status); m != nil {
					kb, _ := strconv.ParseInt(string(m[1]), 10, 64)
					most = max(most, kb<<10)
				}
			case <-quit:
				peak <- most
				return
			}
		}
	}()
	return func() int64 { close(quit); return <-peak }
}

// serve starts the server, and returns its address. The context's end or stop ends it.
func (p *program) serve(ctx context.Context) (address string, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := p.command(ctx, "serve")
	r, w := io.Pipe()
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		cancel()
		return "", nil, errors.Wrap(err, "start")
	}
	found := make(chan string, 1)
	last := &tail{}
	go func() {
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadBytes('\n')
			_, _ = last.Write(line)
			var message struct{ Msg, Address string }
			if json.Unmarshal(line, &message) == nil && message.Msg == "serving" {
				found <- message.Address
				_, _ = io.Copy(io.Discard, lines)
			}
			if err != nil {
				close(found)
				return
			}
		}
	}()
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = w.Close()
		ended <- err
	}()
	stop = func() error {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			return errors.Wrap(err, "edgevalue serve")
		}
		return nil
	}
	address, ok := <-found
	if !ok {
		return "", nil, errors.Wrapf(errors.Join(stop(), errors.New("no address")), "edgevalue serve wrote: %s\nerror", last.b)
	}
	return address, stop, nil
}
