package pgtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/pg"
)

// The shared server belongs to a supervisor: a test binary that ran itself again, in a session of its own. What the
// processes know of each other is in the locks of one directory, which the kernel releases when a process dies:
//
//	users       shared by every test process for its life; the supervisor takes it alone before it stops the server
//	start       held while a process looks for the supervisor or starts one
//	supervisor  held by the supervisor for its life
//
// runs/ holds the numbers of the go commands that run the tests, so that the server also lives between two packages.
const supervise = "EDGEVALUE_PGTEST_SUPERVISE"

func init() {
	dir := os.Getenv(supervise)
	if dir == "" {
		return
	}
	if err := supervisor(dir); err != nil {
		fmt.Fprintf(os.Stderr, "%+v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// user keeps this process's share of the lock users open.
var user *os.File //nolint:unused // held for its lock

// share returns the URL of the shared server, which now lives at least as long as this process.
func share() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("edgevalue-test-%d", os.Getuid()))
	if err := makePrivate(filepath.Join(dir, "runs")); err != nil {
		return "", err
	}
	var err error
	if user, err = flock(filepath.Join(dir, "users"), syscall.LOCK_SH); err != nil {
		return "", err
	}
	if parent := os.Getppid(); isGo(parent) {
		if err := os.WriteFile(filepath.Join(dir, "runs", strconv.Itoa(parent)), nil, 0o600); err != nil {
			return "", errors.Wrap(err, "register the go command")
		}
	}
	start, err := flock(filepath.Join(dir, "start"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer unlock(start)
	free, err := flock(filepath.Join(dir, "supervisor"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		unlock(free)
		err = spawn(dir)
	} else if errors.Is(err, syscall.EWOULDBLOCK) {
		err = nil
	}
	if err != nil {
		return "", err
	}
	dsn, err := os.ReadFile(filepath.Join(dir, "dsn"))
	if err != nil {
		return "", errors.Wrap(err, "read the server's address")
	}
	return string(dsn), nil
}

// spawn starts a supervisor and waits for its server.
func spawn(dir string) error {
	dsn, logName := filepath.Join(dir, "dsn"), filepath.Join(dir, "log")
	if err := os.Remove(dsn); err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.Wrap(err, "forget the last server")
	}
	self, err := os.Executable()
	if err != nil {
		return errors.Wrap(err, "find the test binary")
	}
	log, err := os.OpenFile(logName, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return errors.Wrap(err, "open the supervisor's log")
	}
	defer log.Close()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), supervise+"="+dir)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log // nothing of the test's: go test waits for its output to be closed
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return errors.Wrap(err, "start the supervisor")
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	for {
		if _, err := os.Stat(dsn); err == nil {
			return nil
		}
		select {
		case <-exited:
			text, _ := os.ReadFile(logName)
			return errors.Errorf("the server did not start: %s", strings.TrimSpace(string(text)))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// supervisor runs the server until nobody uses it, then removes it.
func supervisor(dir string) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	lock, err := flock(filepath.Join(dir, "supervisor"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return err
	}
	defer unlock(lock)
	server, err := pg.Start(ctx, pg.Config{
		Dir: filepath.Join(dir, "server"), Ephemeral: true, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	dsn := filepath.Join(dir, "dsn")
	err = os.WriteFile(dsn+".new", []byte(server.DSN()), 0o600)
	if err == nil {
		err = os.Rename(dsn+".new", dsn)
	}
	if err == nil {
		if users := awaitIdle(ctx, dir); users != nil {
			defer unlock(users)
		}
	}
	return errors.Join(err, server.Remove(), os.Remove(dsn))
}

// awaitIdle returns with the lock users held alone, so that nobody joins a server that is going down; after SIGTERM it
// returns without, as nil.
func awaitIdle(ctx context.Context, dir string) *os.File {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if goRuns(dir) {
			continue
		}
		users, err := flock(filepath.Join(dir, "users"), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil {
			continue
		}
		if !goRuns(dir) { // one may have come and left its number since
			return users
		}
		unlock(users)
	}
}

// goRuns tells whether a go command that ran tests is still there, and forgets those that are not.
func goRuns(dir string) bool {
	found := false
	runs, _ := filepath.Glob(filepath.Join(dir, "runs", "*"))
	for _, path := range runs {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err == nil && isGo(pid) {
			found = true
		} else {
			_ = os.Remove(path)
		}
	}
	return found
}

// isGo tells whether the process is a go command, which runs one package's test binary after the other.
func isGo(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		if _, err := os.Stat("/proc/self/comm"); err == nil {
			return false
		}
		name, _ = exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	}
	return filepath.Base(strings.TrimSpace(string(name))) == "go"
}

func flock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Wrap(err, "open lock")
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, errors.Wrapf(err, "lock %s", path)
	}
	return f, nil
}

// unlock does not leave it to Close: a child between fork and exec still has the file open.
func unlock(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	_ = f.Close()
}

// makePrivate makes path and the directory above it, which others may pass through but neither read nor write: the
// server may run as another user. A directory of somebody else's is refused.
func makePrivate(path string) error {
	for _, dir := range []string{filepath.Dir(path), path} {
		if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
			return errors.Wrap(err, "make the tests' directory")
		}
		info, err := os.Lstat(dir)
		if err != nil {
			return errors.Wrap(err, "the tests' directory")
		}
		if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(st.Uid) != os.Getuid() {
			return errors.Errorf("%s is not a directory of this user's", dir)
		}
	}
	return nil
}
