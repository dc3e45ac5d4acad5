// Package servertest runs the program itself for tests of its clients.
package servertest

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-faster/errors"
)

// patience is how long the program has to serve and to have imported the samples, on a busy machine.
const patience = 3 * time.Minute

// A Server is a running "edgevalue dev" with a database of its own.
type Server struct {
	URL       string // without a trailing slash; the API is at URL + "/api/v1"
	Superuser string // the email address of the first superuser
	Password  string // theirs

	dir   string
	cmd   *exec.Cmd
	alive io.Closer
	token token // newproject:companies
}

// whileAlive runs a program until standard input ends, because it is told to or nobody is left, and removes its folder.
const whileAlive = `"$0" "$@" </dev/null & child=$!; read -r _; kill "$child"; wait "$child"; rm -rf "$PWD"`

// Start builds the program and starts it at a free address, with the variables of env ("NAME=value") beside its own. It
// returns once the program serves and has imported its samples. The server ends with Stop, or with this process.
func Start(ctx context.Context, env ...string) (_ *Server, err error) {
	// Not below a test's folder, which the database's user cannot reach when root runs the tests.
	dir, err := os.MkdirTemp("", "edgevalue-server-")
	if err != nil {
		return nil, errors.Wrap(err, "make the server's folder")
	}
	s := &Server{Superuser: "admin@example.com", Password: "seven tulips eat a cat", dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(errors.Wrapf(err, "the server wrote %s", s.Log()), s.Stop())
		}
	}()
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, errors.Wrap(err, "open the server's folder")
	}
	program := filepath.Join(dir, "program")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/edgevalue/edgevalue/cmd/edgevalue")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.Wrapf(err, "build: %s", out)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s.URL = "http://" + address
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), "sh", "-c", whileAlive, program, "dev", "--quiet")
	log, err := os.Create(s.logFile()) // not a pipe, whose end would kill the server before it has stopped its database
	if err != nil {
		return nil, errors.Wrap(err, "create the log")
	}
	defer func() { _ = log.Close() }()
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, log, log
	s.cmd.Env = append([]string{
		"LISTEN_ADDR=" + address, "SERVER_HOST=" + s.URL, "ADMIN_ADDR=127.0.0.1:0", "LOG_FORMAT=json", "FIRST_SUPERUSER=" + s.Superuser,
		"FIRST_SUPERUSER_PASSWORD=" + s.Password, "RATE_LIMIT_PER_MINUTE=0", "RATE_LIMIT_SITE_PER_MINUTE=0",
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR"),
	}, env...)
	if s.alive, err = s.cmd.StdinPipe(); err != nil {
		return nil, errors.Wrap(err, "pipe")
	}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Wrap(err, "start")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s, s.await(ctx)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it has no name to look up
	if err != nil {
		return "", errors.Wrap(err, "find a free address")
	}
	return l.Addr().String(), l.Close()
}

// await returns when the server is ready, and has done the jobs it began with.
func (s *Server) await(ctx context.Context) error {
	for {
		err := s.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Wrap(err, "the server is not ready")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *Server) ready(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	// newproject:companies
	if err := s.imported(ctx); err != nil {
		return err
	}
	// newproject:end
	return nil
}

// Stop ends the server and removes what it stored.
func (s *Server) Stop() error {
	var errs []error
	if s.alive != nil {
		errs = append(errs, s.alive.Close())
	}
	if s.cmd != nil && s.cmd.Process != nil {
		if err := s.cmd.Wait(); err != nil && !strings.Contains(err.Error(), "exit status") {
			errs = append(errs, errors.Wrap(err, "wait"))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// Log is what the program wrote, at the end of it.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-20_000):])
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }
