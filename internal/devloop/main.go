// Command devloop runs EdgeValue from its source: a save generates, builds and restarts what it must. The server before
// answers until the new one is ready, and also after a mistake, which the terminal and the next page that is opened show.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-faster/errors"
	"github.com/joho/godotenv"
	"golang.org/x/term"

	"github.com/edgevalue/edgevalue/internal/pgserver"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "devloop:", err)
		os.Exit(1)
	}
}

type options struct {
	binary   string
	generate bool
	args     []string // of edgevalue
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("devloop", flag.ContinueOnError)
	flags.StringVar(&o.binary, "o", filepath.Join("bin", "dev", "edgevalue"), "the `file` to build")
	flags.BoolVar(&o.generate, "generate", true, "generate code; false where another devloop does, over the same files")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), `usage: devloop [flags] [dev|serve|worker [argument ...]]

Runs "edgevalue dev", or another of its commands, from the source in this folder, at LISTEN_ADDR and ADMIN_ADDR. dev has
a database of its own unless one is configured, the same as "make run".

`)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, errors.Wrap(err, "arguments")
	}
	if o.args = flags.Args(); len(o.args) == 0 {
		o.args = []string{"dev"}
	}
	if !slices.Contains([]string{"dev", "serve", "worker"}, o.args[0]) {
		return o, errors.Errorf("%q is not dev, serve or worker", o.args[0])
	}
	return o, nil
}

func run(args []string) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if _, err := os.Stat("cmd/edgevalue"); err != nil {
		return errors.New("this is not the project's folder: there is no cmd/edgevalue")
	}
	ctx, hard, stop := signals()
	defer stop()

	env := map[string]string{}
	vars, err := variables(o.args[0] == "dev")
	if err != nil {
		return err
	}
	trusted, err := prefixes(vars["TRUSTED_PROXIES"])
	if err != nil {
		return err
	}
	env["TRUSTED_PROXIES"] = strings.TrimPrefix(vars["TRUSTED_PROXIES"]+",127.0.0.1", ",")
	listen := cmp.Or(vars["LISTEN_ADDR"], map[bool]string{true: "127.0.0.1:8080", false: ":8080"}[o.args[0] == "dev"])
	front := newFront(trusted)
	var public string
	if o.args[0] != "worker" {
		addr, stop, err := serve(listen, front.public())
		if err != nil {
			return err
		}
		defer stop()
		_, port, _ := net.SplitHostPort(addr)
		public = "http://localhost:" + port
		if vars["SERVER_HOST"] == "" && o.args[0] == "dev" {
			env["SERVER_HOST"] = public
		}
	}
	admin, stopAdmin, err := serve(cmp.Or(vars["ADMIN_ADDR"], "127.0.0.1:8081"), front.admin())
	if err != nil && o.args[0] == "dev" && vars["ADMIN_ADDR"] == "" {
		admin, stopAdmin, err = serve("127.0.0.1:0", front.admin())
	}
	if err != nil {
		return err
	}
	defer stopAdmin()

	if o.args[0] == "dev" && vars["DATABASE_URL"] == "" && vars["DATABASE_URL_FILE"] == "" && vars["POSTGRES_SERVER"] == "" {
		log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{AddSource: false, Level: slog.LevelWarn, ReplaceAttr: nil}))
		server, err := pgserver.Start(ctx, pgserver.Config{Dir: filepath.Join(".edgevalue", "postgres"), Port: 5432, Logger: log})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		env["DATABASE_URL"] = server.DSN()
	}

	p, err := o.program(ctx, env)
	if err != nil {
		return err
	}
	l := &loop{
		program: p, front: front, out: os.Stderr, hard: hard, crashed: make(chan *child, 16),
	}
	if vars["LOG_FORMAT"] == "" && term.IsTerminal(int(os.Stderr.Fd())) {
		env["LOG_FORMAT"] = "text" // the server's own output is a pipe
	}
	if public != "" {
		fmt.Fprintf(l.out, `devloop: building; the first time that takes minutes
  Home page    %[1]s/
  API          %[1]s/api/v1
  Swagger UI   %[1]s/docs
  ReDoc        %[1]s/redoc
  Jobs         %[1]s/jobs
  Metrics      http://%[2]s/metrics

`, public, admin)
	}
	return l.watch(ctx)
}

// program is EdgeValue, with the generator built.
func (o options) program(ctx context.Context, env map[string]string) (program, error) {
	p := program{
		sources: []string{"openapi.yaml", "openapi.go", "go.mod", "go.sum", "cmd/edgevalue", "internal", "schema", "queries"},
		made:    func(path string) bool { return strings.HasSuffix(path, "_test.go") },
		// Neither external linking, nor debug information, nor optimisation: for a quick build.
		build: []string{
			"env", "CGO_ENABLED=0", "go", "build", "-buildvcs=false", "-gcflags=./...=-N -l",
			"-ldflags=-w -X main.frontendEnv=" + cmp.Or(os.Getenv("FRONTEND_ENV"), "development"), "-o", o.binary, "./cmd/edgevalue",
		},
		run:      append([]string{o.binary}, o.args...),
		generate: nil, migrate: nil, migrates: "schema/*.sql",
		env: env, admin: o.args[0] == "worker", grace: 5 * time.Second, patience: time.Minute,
	}
	if o.args[0] == "dev" {
		p.run = append(p.run, "--quiet")
	}
	if o.args[0] == "serve" {
		p.migrate = []string{o.binary, "migrate", "up"}
	}
	if !o.generate {
		p.sources = append(p.sources, "gen")
		return p, nil
	}
	p.sources = append(p.sources, "sqlc.yaml", "gen/ogen.yml")
	p.made = func(path string) bool {
		return strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_gen.go")
	}
	generator := filepath.Join(cmp.Or(os.Getenv("TOOLS_DIR"), filepath.Join("bin", "tools")), "generate")
	if out, err := runCommand(ctx, []string{"go", "build", "-buildvcs=false", "-o", generator, "./internal/generate"}, os.Environ()); err != nil {
		return p, errors.Errorf("build the generator: %s", cmp.Or(out, err.Error()))
	}
	generator, err := filepath.Abs(generator)
	if err != nil {
		return p, errors.Wrap(err, "find the generator")
	}
	p.generate = []string{generator}
	return p, nil
}

// signals returns a context that ends with the first signal to stop, and one that ends with the second.
func signals() (ctx, hard context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	hard, cancelHard := context.WithCancel(context.Background())
	c := make(chan os.Signal, 4)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		fmt.Fprintf(os.Stderr, "devloop: %s: ending the server\n", <-c)
		cancel()
		<-c
		cancelHard()
	}()
	return ctx, hard, func() { signal.Stop(c); cancel(); cancelHard() }
}

// variables are the environment's, with those of .env for what is not set, as "edgevalue dev" reads it.
func variables(dotEnv bool) (map[string]string, error) {
	vars := map[string]string{}
	if dotEnv {
		file, err := godotenv.Read(".env")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.New(".env is not a list of NAME=value")
		}
		maps.Copy(vars, file)
	}
	for _, entry := range os.Environ() {
		if name, value, ok := strings.Cut(entry, "="); ok && value != "" {
			vars[name] = value
		}
	}
	return vars, nil
}

// prefixes are addresses and networks, separated by commas.
func prefixes(text string) ([]netip.Prefix, error) {
	var found []netip.Prefix
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if a, err := netip.ParseAddr(s); err == nil {
			found = append(found, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, errors.Errorf("TRUSTED_PROXIES: %q is neither an IP address nor a network such as 10.0.0.0/8", s)
		}
		found = append(found, p.Masked())
	}
	return found, nil
}
