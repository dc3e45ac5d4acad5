package pg

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-faster/errors"
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
	// Mirror is the Maven repository that PostgreSQL is downloaded from; Maven Central when empty.
	Mirror string

	places  []string // searched for PostgreSQL instead of installed()
	outside []string // bases for data that cannot stay in Dir, instead of outsideDirs
	cache   string   // holds downloads, instead of the user's cache directory
}

var outsideDirs = []string{"/var/lib/edgevalue", "/var/tmp/edgevalue"}

func (c Config) search() []string {
	if c.places != nil {
		return c.places
	}
	return installed()
}

func (c Config) cacheDir(who *account) (string, error) {
	switch {
	case c.cache != "":
		return c.cache, nil
	case who != nil:
		return "/var/cache/edgevalue", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", errors.Wrap(err, "find the cache directory")
	}
	return filepath.Join(dir, "edgevalue"), nil
}

// A Server is a running PostgreSQL server, started or taken over by this process.
type Server struct {
	log      *slog.Logger
	dir      string // Config.Dir
	home     string // holds the data directory, the lock, the password and the log
	password string
	port     int
	pid      int
	exited   chan struct{} // closed when the postmaster is gone
	lock     *os.File

	stop    sync.Once
	stopErr error
}

// Start brings up the server of cfg.Dir, making its data directory first if there is none, and takes over one that a
// killed process left running. It listens on the loopback interface only. ctx bounds the start, not the server's life.
// The error matches ErrRunning while another process holds the directory.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	s := &Server{log: cmp.Or(cfg.Logger, slog.Default())}
	home, who, err := locate(ctx, cfg, s.log)
	if err != nil {
		return nil, err
	}
	s.dir, s.home = cfg.Dir, home
	if s.lock, err = takeLock(filepath.Join(home, "lock")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			release(s.lock)
		}
	}()

	adopted, err := s.adopt(ctx)
	if err != nil {
		return nil, err
	}
	if !adopted {
		if err := s.launch(ctx, who, cfg); err != nil {
			return nil, err
		}
	}
	if err := EnsureDatabase(ctx, s.url("postgres"), database); err != nil {
		_ = s.Stop()
		return nil, errors.Wrapf(err, "the embedded database (its data is in %s)", s.data())
	}
	s.log.InfoContext(ctx, "PostgreSQL is ready", "port", s.port, "pid", s.pid, "data", s.data(), "adopted", adopted)
	return s, nil
}

// DSN returns the URL of the server's database, with the superuser's password in it.
func (s *Server) DSN() string { return s.url(database) }

// Stop ends the server, rolling back what is not committed, and returns when it is gone.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		if s.stopErr = s.end(); s.stopErr == nil {
			s.log.Info("PostgreSQL has stopped", "pid", s.pid)
		}
		release(s.lock)
	})
	return s.stopErr
}

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
func Running(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", errors.Wrap(err, "database directory")
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	s := &Server{home: dir}
	if elsewhere, ok := readLocation(dir); ok {
		s.home = elsewhere
	}
	pm, alive := s.postmaster()
	if _, err := readPostmaster(s.data()); errors.Is(err, os.ErrPermission) {
		return "", err
	}
	if !alive || !pm.ready {
		return "", errors.Wrapf(ErrNotRunning, "no server in %s", dir)
	}
	s.port = pm.port
	if s.password, err = readPassword(s.home); err != nil {
		return "", err
	}
	return s.DSN(), nil
}

func (s *Server) data() string { return filepath.Join(s.home, "data") }

func (s *Server) url(name string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: name, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// locate decides where the data lives and who runs the server.
func locate(ctx context.Context, cfg Config, log *slog.Logger) (string, *account, error) {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o755
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return "", nil, errors.Wrap(err, "database directory")
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return "", nil, errors.Wrap(err, "make the database directory")
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", nil, errors.Wrap(err, "database directory")
	}
	if home, ok := readLocation(dir); ok {
		if err := os.MkdirAll(home, mode); err != nil {
			return "", nil, errors.Wrapf(err, "make the database directory that %s/location names", dir)
		}
		who, err := serverAccount(filepath.Join(home, "data"))
		return home, who, err
	}
	data := filepath.Join(dir, "data")
	who, err := serverAccount(data)
	if err != nil {
		return "", nil, err
	}
	problem := who.checkWork(ctx, dir)
	if problem == nil {
		return dir, who, nil
	}
	if _, err := os.Stat(data); err == nil {
		return "", nil, errors.Wrapf(problem, "the data in %s is out of the server's reach", data)
	}

	sum := sha256.Sum256([]byte(dir))
	bases := cfg.outside
	if bases == nil {
		bases = outsideDirs
	}
	for _, base := range bases {
		home := filepath.Join(base, hex.EncodeToString(sum[:6]))
		if makeOwned(base) != nil || makeOwned(home) != nil || who.checkWork(ctx, home) != nil {
			continue
		}
		if err := writeFile(filepath.Join(dir, "location"), home+"\n", 0o644); err != nil {
			return "", nil, err
		}
		log.WarnContext(ctx, "the database's user cannot reach the project: the data is kept elsewhere",
			"user", who.name, "project", dir, "data", home)
		return home, who, nil
	}
	return "", nil, errors.Wrapf(problem, "no place for the data: %s and %s are out of the server's reach",
		dir, strings.Join(bases, ", "))
}

func readLocation(dir string) (home string, ok bool) {
	text, err := os.ReadFile(filepath.Join(dir, "location"))
	home = strings.TrimSpace(string(text))
	return home, err == nil && filepath.IsAbs(home)
}

// makeOwned makes a directory, and refuses one of somebody else's in its place.
func makeOwned(path string) error {
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return errors.Wrap(err, "make directory")
	}
	info, err := os.Lstat(path)
	if err != nil {
		return errors.Wrap(err, "directory")
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(st.Uid) != os.Geteuid() {
		return errors.Errorf("%s is not a directory of ours", path)
	}
	return nil
}

// takeLock holds path until release or the end of the process.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, errors.Wrap(err, "open the lock of the database directory")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Wrap(err, "lock the database directory")
		}
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		return nil, errors.Wrapf(ErrRunning, "another edgevalue, process %s, holds %s",
			bytes.TrimSpace(holder), filepath.Dir(path))
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return f, nil
}

// release unlocks before it closes: a child of ours that is between fork and exec still has the file open.
func release(lock *os.File) {
	_ = syscall.Flock(int(lock.Fd()), syscall.LOCK_UN)
	_ = lock.Close()
}

// adopt takes over a server that is up already. One that is going down is waited for.
func (s *Server) adopt(ctx context.Context) (bool, error) {
	pm, alive := s.postmaster()
	if !alive {
		return false, nil
	}
	var err error
	if s.password, err = readPassword(s.home); err != nil {
		return false, err
	}
	s.pid, s.exited = pm.pid, make(chan struct{})
	go func() {
		defer close(s.exited)
		for {
			if now, alive := s.postmaster(); !alive || now.pid != pm.pid {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	err = s.await(ctx)
	if errors.Is(err, errExited) {
		return false, nil
	}
	if err != nil {
		return false, errors.Wrap(err, "take over the running PostgreSQL")
	}
	return true, nil
}

// launch starts a server of our own.
func (s *Server) launch(ctx context.Context, who *account, cfg Config) error {
	want := 0
	if text, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION")); err == nil {
		if want, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			return errors.Wrap(err, "the data directory's PG_VERSION")
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return errors.Wrap(err, "the data directory cannot be read by this user")
	} else if _, err := os.Stat(s.data()); err == nil {
		return errors.Errorf("%s is not a PostgreSQL data directory: move it away", s.data())
	}
	bin, err := findBinaries(ctx, who, want, cfg, s.log)
	if err != nil {
		return err
	}
	if want == 0 {
		if err := s.initialize(ctx, bin, who, cfg.Ephemeral); err != nil {
			return err
		}
	}
	if s.password, err = readPassword(s.home); err != nil {
		return err
	}
	if err := s.forgetStrangers(); err != nil {
		return err
	}

	deadline := time.Now().Add(15 * time.Second)
	for port := cfg.Port; ; {
		if port != 0 && taken(port) {
			s.log.InfoContext(ctx, "the port is taken, using a free one", "port", port)
			port = 0
		}
		if port == 0 {
			if port, err = freePort(); err != nil {
				return err
			}
		}
		output, err := s.run(ctx, bin, who, port, cfg.Ephemeral)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, errExited) || time.Now().After(deadline):
		case bytes.Contains(output, []byte("could not bind")):
			port = 0
			continue
		case bytes.Contains(output, []byte("shared memory block")): // of a killed server's last processes
			time.Sleep(200 * time.Millisecond)
			continue
		}
		return errors.Wrapf(err, "PostgreSQL did not start; it wrote: %s\nerror", bytes.TrimSpace(output))
	}
}

// initialize makes the data directory in a temporary place and moves it in when it is whole.
func (s *Server) initialize(ctx context.Context, bin binaries, who *account, ephemeral bool) error {
	left, _ := filepath.Glob(filepath.Join(s.home, "init-*"))
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
	password := rand.Text()
	if err := writeFile(filepath.Join(s.home, "password"), password+"\n", 0o600); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(s.home, "init-")
	if err != nil {
		return errors.Wrap(err, "make the data directory")
	}
	defer os.RemoveAll(tmp)
	pwfile, data := filepath.Join(tmp, "password"), filepath.Join(tmp, "data")
	if err := writeFile(pwfile, password+"\n", 0o600); err != nil {
		return err
	}
	if err := errors.Join(who.own(tmp), who.own(pwfile)); err != nil {
		return err
	}

	s.log.InfoContext(ctx, "making a database", "data", s.data(), "version", bin.major, "programs", bin.dir)
	var out []byte
	for _, locale := range []string{"--locale=C.UTF-8", "--locale=en_US.UTF-8", "--no-locale"} {
		args := []string{
			"--pgdata=" + data, "--username=" + superuser, "--pwfile=" + pwfile, "--auth=scram-sha-256",
			"--encoding=UTF8", "--no-instructions", locale,
		}
		if ephemeral {
			args = append(args, "--no-sync")
		}
		cmd := who.command(ctx, tmp, filepath.Join(bin.dir, "initdb"), args...)
		cmd.WaitDelay = 5 * time.Second
		if out, err = cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("invalid locale")) {
			break
		}
	}
	if err != nil {
		return errors.Wrapf(err, "initdb wrote: %s\nerror", bytes.TrimSpace(out))
	}
	if err := os.Rename(data, s.data()); err != nil {
		return errors.Wrap(err, "move the data directory in")
	}
	return nil
}

// run starts postgres and waits until it is ready. When it is not, run stops it and returns what it wrote.
func (s *Server) run(
	ctx context.Context, bin binaries, who *account, port int, ephemeral bool,
) (output []byte, err error) {
	settings := map[string]string{
		"listen_addresses": "127.0.0.1", "port": strconv.Itoa(port), "unix_socket_directories": "",
		"cluster_name": "edgevalue", "logging_collector": "off", "log_destination": "stderr",
	}
	if ephemeral {
		for name, value := range map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal",
			"max_wal_senders": "0", "autovacuum": "off", "shared_buffers": "64MB", "max_connections": "300",
			"max_wal_size": "2GB", "checkpoint_timeout": "1h",
		} {
			settings[name] = value
		}
	}
	args := []string{"-D", s.data()}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
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

	cmd := who.command(context.WithoutCancel(ctx), s.data(), filepath.Join(bin.dir, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, errors.Wrap(err, "start PostgreSQL")
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	s.pid, s.exited = cmd.Process.Pid, exited
	if err = s.await(ctx); err == nil {
		return nil, nil
	}
	_ = s.end()
	output, _ = io.ReadAll(io.NewSectionReader(log, begin, 16<<10))
	return output, err
}

var errExited = errors.New("PostgreSQL exited")

// await waits until the postmaster says that it takes connections, after a crash also for the recovery.
func (s *Server) await(ctx context.Context) error {
	begin, told := time.Now(), false
	for {
		if pm, err := readPostmaster(s.data()); err == nil && pm.pid == s.pid && pm.ready {
			s.port = pm.port
			return nil
		}
		if !told && time.Since(begin) > 3*time.Second {
			s.log.InfoContext(ctx, "waiting for PostgreSQL to be ready", "pid", s.pid)
			told = true
		}
		select {
		case <-s.exited:
			return errExited
		case <-ctx.Done():
			return errors.Wrap(ctx.Err(), "wait for PostgreSQL to be ready")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// end asks the postmaster for a fast shutdown, and for an immediate one if that takes too long.
func (s *Server) end() error {
	for _, try := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, time.Minute}, {syscall.SIGQUIT, 10 * time.Second}} {
		select {
		case <-s.exited:
			return nil
		default:
		}
		if err := syscall.Kill(s.pid, try.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return errors.Wrap(err, "stop PostgreSQL")
		}
		select {
		case <-s.exited:
			return nil
		case <-time.After(try.wait):
		}
	}
	return errors.Errorf("PostgreSQL, process %d, does not stop", s.pid)
}

// A postmaster is what a server tells about itself in postmaster.pid.
type postmaster struct {
	pid, port int
	ready     bool
}

func readPostmaster(data string) (pm postmaster, err error) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pm, errors.Wrap(err, "read postmaster.pid")
	}
	// Process, data directory, start time, port, socket directory, address, shared memory, state.
	lines := strings.Split(string(text), "\n")
	if pm.pid, err = strconv.Atoi(lines[0]); err != nil || pm.pid <= 0 {
		return pm, errors.Errorf("postmaster.pid names no process: %q", lines[0])
	}
	if len(lines) > 7 {
		pm.port, err = strconv.Atoi(lines[3])
		pm.ready = err == nil && strings.TrimSpace(lines[7]) == "ready"
	}
	return pm, nil
}

// postmaster reads postmaster.pid and tells whether its process lives and is a server of this data directory.
func (s *Server) postmaster() (pm postmaster, alive bool) {
	pm, err := readPostmaster(s.data())
	if err != nil {
		return pm, false
	}
	line := commandLine(pm.pid)
	return pm, isPostgres(line) && strings.Contains(line, s.data())
}

func isPostgres(commandLine string) bool {
	program, _, _ := strings.Cut(strings.ReplaceAll(commandLine, "\x00", " "), " -")
	return strings.HasPrefix(filepath.Base(program), "postgres")
}

// commandLine returns the program and arguments of a process, or nothing.
func commandLine(pid int) string {
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return string(text)
	}
	if _, err := os.Stat("/proc/self/cmdline"); err == nil {
		return ""
	}
	var self *account
	out, _ := self.command(context.Background(), "/", "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return string(out)
}

// forgetStrangers lets a postmaster.pid whose number now belongs to another program pass for stale. The rest of the
// file stays: postgres finds in it whether processes of the old server still use the data.
func (s *Server) forgetStrangers() error {
	path := filepath.Join(s.data(), "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errors.Wrap(err, "read postmaster.pid")
	}
	if pm, err := readPostmaster(s.data()); err == nil && isPostgres(commandLine(pm.pid)) {
		return nil // perhaps a server that somebody started by hand: postgres refuses, and says why
	}
	const nobody = "2147483646" // above any system's limit
	_, rest, _ := strings.Cut(string(text), "\n")
	if rest == "" { // written by halves: no server came so far as to use the data
		if err := os.Remove(path); err != nil {
			return errors.Wrap(err, "remove postmaster.pid")
		}
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return errors.Wrap(err, "write postmaster.pid")
	}
	_, err = f.WriteString(nobody + "\n" + rest)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Wrap(err, "write postmaster.pid")
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

// writeFile replaces path as a whole or not at all.
func writeFile(path, text string, mode os.FileMode) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(text), mode); err != nil {
		return errors.Wrap(err, "write file")
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Wrap(err, "write file")
	}
	return nil
}

func taken(port int) bool {
	if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
		return l.Close() != nil
	}
	return true
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, errors.Wrap(err, "find a free port")
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
