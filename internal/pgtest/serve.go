package pgtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/pgserver"
)

// keep makes a process the keeper of a server: this program, run again in a session of its own. What it knows of the
// process that it serves is its standard input, which ends with that process.
const (
	keep        = "EDGEVALUE_PGTEST_KEEP"
	alone       = "1"
	withReplica = "replica"
)

func init() {
	if os.Getenv(keep) == "" {
		return
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	if err := keeper(); err != nil {
		fmt.Fprintf(os.Stdout, "%+v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func keeper() (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	dir, err := os.MkdirTemp("", "edgevalue-test-")
	if err != nil {
		return errors.Wrap(err, "make the server's directory")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // the server may run as another user
		return errors.Wrap(err, "make the server's directory")
	}
	replicated := os.Getenv(keep) == withReplica
	cfg := pgserver.Config{Dir: filepath.Join(dir, "primary"), Ephemeral: true, Replicated: replicated, Logger: slog.New(slog.DiscardHandler)}
	server, err := pgserver.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Remove()) }()
	dsn := server.DSN()
	if replicated {
		cfg.Dir = filepath.Join(dir, "replica")
		replica, err := server.Replica(ctx, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, replica.Remove()) }()
		dsn += " " + replica.DSN()
	}
	fmt.Fprintln(os.Stdout, dsn)
	<-ctx.Done()
	return nil
}

// inputs keeps the keepers' standard inputs from the garbage collector, which would close them.
var inputs struct {
	sync.Mutex
	all []io.Closer
}

// Serve starts a server that ends with this process, or when stop is called, which waits for that.
func Serve() (dsn string, stop func(), err error) { return serve(alone) }

func serve(what string) (dsn string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, errors.Wrap(err, "find this program")
	}
	cmd := exec.Command(self)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), keep+"="+what)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe() // neither output is ours: go test waits until nobody has its own
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		return "", nil, errors.Wrap(err, "start the server's keeper")
	}
	inputs.Lock()
	inputs.all = append(inputs.all, in)
	inputs.Unlock()
	reader := bufio.NewReader(out)
	dsn, _ = reader.ReadString('\n')
	if !strings.HasPrefix(dsn, "postgres://") {
		rest, _ := io.ReadAll(reader)
		return "", nil, errors.Errorf("the server did not start: %s%s", dsn, rest)
	}
	return strings.TrimSpace(dsn), func() { _, _ = in.Close(), cmd.Wait() }, nil
}
