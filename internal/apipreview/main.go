// Apipreview shows openapi.yaml as it is edited beside that of another revision, and reloads it on save. It runs in the
// root of the repository, and builds nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/contract"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, ".", os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "api-preview:", err)
		os.Exit(1)
	}
}

// run serves the preview of a repository until ctx ends.
func run(ctx context.Context, repository string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("api-preview", flag.ContinueOnError)
	flags.SetOutput(out)
	revision := flags.String("base", "main", "the revision to show beside: where the branch left it, if it is another branch")
	address := flags.String("listen", "127.0.0.1:8091", "where to serve")
	if err := flags.Parse(args); err != nil {
		return err
	}
	base, err := contract.ReadBase(ctx, repository, *revision)
	if err != nil {
		return err
	}
	p := &preview{path: filepath.Join(repository, contract.File), out: out}
	if err := p.update(); err != nil {
		return err
	}
	pages, err := p.pages(base)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *address)
	if err != nil {
		return errors.Wrap(err, "listen")
	}
	fmt.Fprintf(out, "%s beside that of %s: http://%s\n", contract.File, base, listener.Addr())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           pages,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends the streams of events
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	go p.watch(ctx)
	select {
	case err = <-served:
		return errors.Wrap(err, "serve")
	case <-ctx.Done():
	}
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer done()
	if err := server.Shutdown(ending); err != nil {
		return errors.Wrap(err, "stop")
	}
	return nil
}
