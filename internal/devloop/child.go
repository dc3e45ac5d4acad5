package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-faster/errors"
)

// A child is a server that the loop has started.
type child struct {
	cmd     *exec.Cmd
	last    *tail
	backend *backend      // once it is ready
	ended   chan struct{} // closed when it has, with err
	err     error
}

// startChild runs command in a process group of its own, which a terminal's Ctrl-C does not reach.
func startChild(command, env []string, stdout, stderr io.Writer) (*child, error) {
	c := &child{cmd: exec.Command(command[0], command[1:]...), last: &tail{}, backend: nil, ended: make(chan struct{}), err: nil} //nolint:noctx // it outlives the turn
	c.cmd.Env = env
	c.cmd.Stdout, c.cmd.Stderr = io.MultiWriter(stdout, c.last), io.MultiWriter(stderr, c.last)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Wrap(err, "start")
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// ready waits until url answers 200.
func (c *child) ready(ctx context.Context, url string, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.Errorf("it was not ready after %s", patience))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return errors.Wrap(err, "ask")
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-c.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// stop asks the child to end, and ends it and what it has started after grace or when hard ends.
func (c *child) stop(hard context.Context, grace time.Duration) {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-hard.Done():
	case <-time.After(grace):
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.ended
}

// runCommand runs a command to its end, or until ctx ends, and returns what it said: on failure, what it
// said of that, if anything. Nothing that it started is left.
func runCommand(ctx context.Context, command, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var out, mistakes bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &mistakes, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	err := cmd.Run()
	if err != nil && cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if err != nil && mistakes.Len() > 0 {
		return strings.TrimSpace(mistakes.String()), err
	}
	return strings.TrimSpace(out.String()), err
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4000

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if extra := len(t.text) - tailSize; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}

// freeAddress is one on this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // at once
	if err != nil {
		return "", errors.Wrap(err, "find a free port")
	}
	return l.Addr().String(), errors.Join(l.Close())
}

// environment is this process's with the given variables.
func environment(vars map[string]string) []string {
	env := os.Environ()
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	return env
}
