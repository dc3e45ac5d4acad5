// Command run runs a command, such as go test, whose tests share one server, and exits as the command does.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return 2, errors.New("usage: run COMMAND [ARGUMENT...]")
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if os.Getenv(pgtest.Variable) == "" {
		dsn, stop, err := pgtest.Serve()
		if err != nil {
			return 1, err
		}
		defer stop()
		cmd.Env = append(os.Environ(), pgtest.Variable+"="+dsn)
	}
	if err := cmd.Start(); err != nil {
		return 1, errors.Wrap(err, "start")
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	if code := cmd.ProcessState.ExitCode(); code > 0 {
		return code, nil
	}
	return 0, err
}
