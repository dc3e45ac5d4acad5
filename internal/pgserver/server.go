// Package pgserver runs a PostgreSQL server for dev and the tests: one that is installed, or else downloaded.
package pgserver

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	superuser = "edgevalue"
	database  = "edgevalue"
)

var (
	// ErrRunning is matched by the error of Start when another process uses the directory.
	ErrRunning = errors.New("the embedded database is in use")
	// ErrNotRunning is matched by the error of Running when no server is up.
	ErrNotRunning = errors.New("the embedded database is not running")
)

// Config describes an embedded server.
type Config struct {
	// Dir holds the data, the password and the log, or a file "location" that says where they are instead: started by
	// root, the server runs as another user, who may not be able to reach Dir.
	Dir string
	// Port is the one to try first; 0 means any free port.
	Port int
	// Logger is slog.Default when nil.
	Logger *slog.Logger
	// Ephemeral trades the data's safety for speed, for tests: nothing is synced to disk, and autovacuum is off.
	Ephemeral bool
	// Replicated lets an ephemeral server have replicas, as others may anyway.
	Replicated bool

	places  []string // searched for PostgreSQL instead of where it is usually installed
	outside string   // holds data that cannot stay in Dir, instead of /var/lib/edgevalue
	cache   string   // holds downloads, instead of the user's cache directory
	mirror  string   // the Maven repository to download from, instead of Maven Central
}

// A Server is a running PostgreSQL server, started or taken over by this process.
type Server struct {
	log      *slog.Logger
	dir      string // the real path of Config.Dir
	home     string // holds the data directory, the lock, the password and the log
	who      *account
	programs string
	password string
	port     int
	lock     *os.File
	stop     func() error
}

// Start brings up the server of cfg.Dir, making its data directory first if there is none, and takes over one that a
// killed process left running. It listens on the loopback interface only. ctx bounds the start, not the server's life.
// The error matches ErrRunning while another process holds the directory.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	s := &Server{log: cmp.Or(cfg.Logger, slog.Default())}
	s.stop = sync.OnceValue(func() error {
		defer s.release()
		return s.end()
	})
	if err := s.locate(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.takeLock(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	major, err := s.version()
	if err != nil {
		return nil, err
	}
	if s.programs, err = serverPrograms(ctx, s.who, major, cfg, s.log); err != nil {
		return nil, err
	}
	if major == 0 {
		if err := s.initialize(ctx, cfg.Ephemeral); err != nil {
			return nil, err
		}
	}
	if s.password, err = readPassword(s.home); err != nil {
		return nil, err
	}
	adopted, err := s.adopt(ctx)
	if err != nil {
		return nil, err
	}
	if !adopted {
		if err := s.launch(ctx, cfg); err != nil {
			return nil, err
		}
	}
	s.log.InfoContext(ctx, "PostgreSQL is ready", "port", s.port, "data", s.data(), "adopted", adopted)
	return s, nil
}

// DSN returns the URL of the server's database, with the superuser's password in it.
func (s *Server) DSN() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Stop ends the server, rolling back what is not committed, and returns when it is gone.
func (s *Server) Stop() error { return s.stop() }

// Remove stops the server and deletes all that Start made, wherever it is.
func (s *Server) Remove() error {
	if err := s.Stop(); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(s.home), os.RemoveAll(s.dir)); err != nil {
		return errors.Wrap(err, "remove the embedded database")
	}
	return nil
}

// Running returns the URL of the database of a server that Start brought up in dir. The error matches ErrNotRunning
// when there is none.
func Running(ctx context.Context, dir string) (string, error) {
	dir, home, err := resolve(dir)
	s := &Server{home: home}
	var pm postmaster
	if err == nil {
		pm, err = s.postmaster()
	}
	if errors.Is(err, fs.ErrPermission) {
		return "", err
	} else if err != nil {
		return "", errors.Wrapf(ErrNotRunning, "no server in %s", dir)
	}
	if s.password, err = readPassword(s.home); err != nil {
		return "", err
	}
	s.port = pm.port
	if err := s.greet(ctx); err != nil {
		return "", errors.Wrapf(ErrNotRunning, "no server in %s: %v", dir, err)
	}
	return s.DSN(), nil
}

func (s *Server) data() string { return filepath.Join(s.home, "data") }

// resolve returns the real path of a directory and that of what belongs to it.
func resolve(dir string) (path, home string, err error) {
	if path, err = filepath.Abs(dir); err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return dir, dir, errors.Wrap(err, "database directory")
	}
	text, _ := os.ReadFile(filepath.Join(path, "location"))
	if home = strings.TrimSpace(string(text)); filepath.IsAbs(home) {
		return path, home, nil
	}
	return path, path, nil
}

// locate decides where the data lives and who runs the server.
func (s *Server) locate(ctx context.Context, cfg Config) error {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o755
	}
	err := os.MkdirAll(cfg.Dir, mode)
	if err == nil {
		s.dir, s.home, err = resolve(cfg.Dir)
	}
	if err == nil {
		err = os.MkdirAll(s.home, mode)
	}
	if err != nil {
		return errors.Wrap(err, "make the database directory")
	}
	if s.who, err = serverAccount(s.data()); err != nil {
		return err
	}
	problem := s.who.checkWork(ctx, s.home)
	if problem == nil {
		return nil
	}
	if _, err := os.Stat(s.data()); err == nil {
		return errors.Wrapf(problem, "the data in %s is out of the server's reach", s.data())
	}
	sum := sha256.Sum256([]byte(s.dir))
	s.home = filepath.Join(cmp.Or(cfg.outside, "/var/lib/edgevalue"), hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(s.home, mode); err != nil {
		return errors.Wrap(err, "make the database directory")
	}
	if s.who.checkWork(ctx, s.home) != nil {
		return errors.Wrapf(problem, "no place for the data: %s and %s are out of the server's reach", s.dir, s.home)
	}
	s.log.WarnContext(ctx, "the database's user cannot reach the project: the data is kept elsewhere",
		"user", s.who.Uid, "project", s.dir, "data", s.home)
	if err := os.WriteFile(filepath.Join(s.dir, "location"), []byte(s.home+"\n"), 0o644); err != nil { //nolint:gosec // no secret
		return errors.Wrap(err, "note the data's location")
	}
	return nil
}

// takeLock holds the directory until release or the end of this process.
func (s *Server) takeLock() error {
	f, err := os.OpenFile(filepath.Join(s.home, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return errors.Wrap(err, "open the lock of the database directory")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return errors.Wrap(err, "lock the database directory")
		}
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		return errors.Wrapf(ErrRunning, "another edgevalue, process %s, holds %s", bytes.TrimSpace(holder), s.home)
	}
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	s.lock = f
	return nil
}

// release unlocks before it closes: a child of ours that is between fork and exec still has the file open.
func (s *Server) release() {
	_ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN)
	_ = s.lock.Close()
}

// version is the major version that made the data directory, or 0 when there is none.
func (s *Server) version() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	major := 0
	if err == nil {
		major, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if err != nil {
		return 0, errors.Wrap(err, "read the data directory's version")
	}
	return major, nil
}

// initialize makes the data directory in a temporary place and moves it in when it is whole.
func (s *Server) initialize(ctx context.Context, ephemeral bool) error {
	left, _ := filepath.Glob(filepath.Join(s.home, "init-*"))
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
	tmp, err := os.MkdirTemp(s.home, "init-")
	if err != nil {
		return errors.Wrap(err, "make the data directory")
	}
	defer os.RemoveAll(tmp)
	password, pwfile, data := []byte(rand.Text()+"\n"), filepath.Join(tmp, "password"), filepath.Join(tmp, "data")
	if err := errors.Join(os.WriteFile(filepath.Join(s.home, "password"), password, 0o600),
		os.WriteFile(pwfile, password, 0o600), s.who.own(tmp, pwfile)); err != nil {
		return errors.Wrap(err, "make the data directory")
	}

	s.log.InfoContext(ctx, "making a database", "data", s.data(), "programs", s.programs)
	var out []byte
	args := []string{
		"--pgdata=" + data, "--username=" + superuser, "--pwfile=" + pwfile, "--auth=scram-sha-256",
		"--encoding=UTF8", "--no-instructions",
	}
	if ephemeral {
		args = append(args, "--no-sync")
	}
	for _, locale := range []string{"--locale=C.UTF-8", "--locale=en_US.UTF-8", "--no-locale"} {
		cmd := s.who.command(ctx, tmp, filepath.Join(s.programs, "initdb"), append(args, locale)...)
		cmd.WaitDelay = 5 * time.Second
		if out, err = cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("invalid locale")) {
			break
		}
	}
	if err != nil {
		return errors.Wrapf(err, "initdb wrote: %s\nerror", bytes.TrimSpace(out))
	}
	cmd := s.who.command(ctx, tmp, filepath.Join(s.programs, "postgres"), "--single", "-D", data,
		"-c", "fsync="+strconv.FormatBool(!ephemeral), "-c", "exit_on_error=on", "postgres")
	cmd.Stdin = strings.NewReader("CREATE DATABASE " + database + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Wrapf(err, "create database: postgres wrote: %s\nerror", bytes.TrimSpace(out))
	}
	if err := os.Rename(data, s.data()); err != nil {
		return errors.Wrap(err, "move the data directory in")
	}
	return nil
}

// adopt tells whether a server of this directory is up already. One that is on its way up or down is waited for.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	for begin := time.Now(); ; {
		pm, err := s.postmaster()
		if err != nil {
			return false, nil //nolint:nilerr // without it there is none
		}
		s.port = pm.port
		err = s.greet(ctx)
		var refusal *pgconn.PgError
		switch {
		case err == nil:
			return true, nil
		case errors.As(err, &refusal) && refusal.Code == pgerrcode.CannotConnectNow:
		case pm.ready || time.Since(begin) > 2*time.Second || errors.Is(syscall.Kill(pm.pid, 0), syscall.ESRCH):
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, errors.Wrap(ctx.Err(), "wait for the running PostgreSQL")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// greet connects to the server of this directory: nobody else's knows the password, except that of a folder that this
// one is a copy of.
func (s *Server) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN())
	if err != nil {
		return errors.Wrap(err, "connect")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var data string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&data); err != nil {
		return errors.Wrap(err, "ask for the data directory")
	}
	if data != s.data() {
		return errors.Errorf("on port %d is the server of %s", s.port, data)
	}
	return nil
}

// launch starts a server of our own.
func (s *Server) launch(ctx context.Context, cfg Config) error {
	if err := s.forgetStranger(); err != nil {
		return err
	}
	deadline := time.Now().Add(15 * time.Second)
	for s.port = cfg.Port; ; {
		if s.port == 0 {
			var err error
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		output, err := s.run(ctx, cfg)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil || time.Now().After(deadline):
		case bytes.Contains(output, []byte("could not bind")):
			s.log.InfoContext(ctx, "the port is taken, using a free one", "port", s.port)
			s.port = 0
			continue
		case bytes.Contains(output, []byte("shared memory block")): // of a killed server's last processes
			time.Sleep(200 * time.Millisecond)
			continue
		}
		return errors.Wrapf(err, "PostgreSQL did not start; it wrote: %s\nerror", bytes.TrimSpace(output))
	}
}

// run starts the server and waits until it takes connections, after a crash also for its recovery. Unless it does, run
// stops it and returns what it wrote.
func (s *Server) run(ctx context.Context, cfg Config) (output []byte, err error) {
	settings := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories=''"+
		" -c cluster_name=edgevalue -c logging_collector=off -c log_destination=stderr", s.port)
	if cfg.Ephemeral {
		settings += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c shared_buffers=64MB" +
			" -c max_connections=300 -c max_wal_size=2GB -c checkpoint_timeout=1h"
		if !cfg.Replicated {
			settings += " -c wal_level=minimal -c max_wal_senders=0"
		}
	}
	name := filepath.Join(s.home, "postgres.log")
	if info, err := os.Stat(name); err == nil && info.Size() > 8<<20 {
		_ = os.Rename(name, name+".old")
	}
	log, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, errors.Wrap(err, "open PostgreSQL's log")
	}
	defer log.Close()
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Wrap(err, "open PostgreSQL's log")
	}

	cmd := s.control(ctx, "start", "-s", "-w", "-t", "86400", "-o", settings)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { // pg_ctl ends with the server, whose postmaster.pid may not be there yet
		for cmd.Process.Signal(syscall.Signal(0)) == nil {
			_ = s.control(context.Background(), "stop", "-s", "-m", "immediate").Run()
			time.Sleep(50 * time.Millisecond)
		}
		return os.ErrProcessDone
	}
	err = cmd.Run()
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err, s.end())
	}
	if err != nil {
		output, _ = io.ReadAll(io.NewSectionReader(log, begin, 16<<10))
		return output, errors.Wrap(err, "pg_ctl start")
	}
	return nil, nil
}

// control prepares pg_ctl, which gets the data directory in a way that no shell reads.
func (s *Server) control(ctx context.Context, args ...string) *exec.Cmd {
	cmd := s.who.command(ctx, "/", filepath.Join(s.programs, "pg_ctl"), args...)
	cmd.Env = append(cmd.Env, "PGDATA="+s.data())
	return cmd
}

// end stops the server fast, and immediately if that takes too long.
func (s *Server) end() error {
	var out []byte
	var err error
	for _, mode := range []string{"fast", "immediate"} {
		out, err = s.control(context.Background(), "stop", "-s", "-w", "-t", "60", "-m", mode).CombinedOutput()
		if err == nil {
			s.log.Info("PostgreSQL has stopped", "port", s.port)
			return nil
		}
	}
	const notRunning = 3
	var status *exec.ExitError
	if errors.As(s.control(context.Background(), "status").Run(), &status) && status.ExitCode() == notRunning {
		return nil
	}
	return errors.Wrapf(err, "PostgreSQL does not stop; pg_ctl wrote: %s\nerror", bytes.TrimSpace(out))
}

// A postmaster is what a server tells about itself in postmaster.pid.
type postmaster struct {
	pid, port int
	ready     bool
}

func (s *Server) postmaster() (pm postmaster, err error) {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return pm, errors.Wrap(err, "read postmaster.pid")
	}
	// Process, data directory, start time, port, socket directory, address, shared memory, state.
	lines := strings.Split(string(text), "\n")
	if len(lines) < 5 {
		return pm, errors.New("postmaster.pid was written by halves")
	}
	pm.pid, _ = strconv.Atoi(lines[0])
	pm.port, _ = strconv.Atoi(lines[3])
	pm.ready = len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return pm, nil
}

// forgetStranger makes postmaster.pid stale, whose number may belong to another program by now: after a reboot, or in a
// container. The rest of the file stays: postgres finds in it whether processes of the old server still use the data.
func (s *Server) forgetStranger() error {
	path := filepath.Join(s.data(), "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, rest, _ := strings.Cut(string(text), "\n"); err == nil && rest != "" {
		const nobody = "2147483646" // above any system's limit
		err = os.WriteFile(path, []byte(nobody+"\n"+rest), 0o600)
	} else if err == nil { // written by halves: no server came so far as to use the data
		err = os.Remove(path)
	}
	if err != nil {
		return errors.Wrap(err, "forget the last server")
	}
	return nil
}

func readPassword(home string) (string, error) {
	text, err := os.ReadFile(filepath.Join(home, "password"))
	if err != nil {
		return "", errors.Wrap(err, "read the embedded database's password")
	}
	return strings.TrimSpace(string(text)), nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, errors.Wrap(err, "find a free port")
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
