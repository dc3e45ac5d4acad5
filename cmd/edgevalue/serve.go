package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgserver"
	"github.com/edgevalue/edgevalue/internal/telemetry"
	"github.com/edgevalue/edgevalue/internal/web"
)

func newServe() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the pages",
		Long: `Serve the API, the pages and the job monitor at LISTEN_ADDR, and metrics and pprof at ADMIN_ADDR.
"edgevalue worker" runs the jobs. The database must have this version's migrations, or newer ones.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), parts{serve: true})
		},
	}
}

func newWorker() *cobra.Command {
	p := parts{work: true}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Run background jobs",
		Long: `Run the jobs that the API enqueues, and periodic ones. Any number of workers may run; metrics and pprof
are at ADMIN_ADDR. The database must have this version's migrations, or newer ones.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), p)
		},
	}
	cmd.Flags().BoolVar(&p.fake, "fake", false, fakeHelp) // newproject:companies
	return cmd
}

func newDev() *cobra.Command {
	p := parts{dev: true, serve: true, work: true}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything in one process, with a database of its own",
		Long: `Run the API, the pages and the job workers in one process. Unless a database is configured, it starts a
PostgreSQL server of its own, with its data in .edgevalue/ in this folder. The first start creates a
superuser, whose password is printed once. A .env file is read.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.out = cmd.OutOrStdout()
			return run(cmd.Context(), p)
		},
	}
	cmd.Flags().BoolVar(&p.quiet, "quiet", false, "print no addresses, for one who starts it behind another")
	// newproject:companies
	cmd.Long += devData
	cmd.Flags().BoolVar(&p.fake, "fake", false, fakeHelp)
	// newproject:end
	return cmd
}

// parts says what a process runs.
type parts struct {
	dev, serve, work bool
	fake             bool      // in EDGAR's place are the samples // newproject:companies
	quiet            bool      // without dev's greeting
	out              io.Writer // for it, and the first superuser's password
}

// minConns is how many connections to the database the parts need. A server needs one for those who change something
// and one for those who read.
func (c Config) minConns(p parts) (n int) {
	if p.serve {
		n += 2
	}
	if p.work {
		n += jobs.MinConns
		n += importsAtOnce + c.SyncConcurrency // and the recomputation, which MinConns has // newproject:companies
	}
	return n
}

// run runs the parts until ctx ends, then finishes requests and jobs.
func run(ctx context.Context, p parts) (err error) {
	if err := web.Environment(frontendEnv).Check(); err != nil {
		return err
	}
	purpose := forServe
	if p.dev {
		purpose = forDev
	}
	cfg, err := loadConfig(os.Environ(), ".", purpose)
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(os.Stderr, string(cfg.LogFormat), cfg.LogLevel)
	slog.SetDefault(log)
	limitMemory(log, memlimit.FromCgroup)
	if !cfg.AdminPprof { // nobody can ask for a profile, which takes 1.5 MB
		runtime.MemProfileRate = 0
	}
	// newproject:companies
	if p.fake {
		if err := fakeEDGAR(ctx, &cfg, log); err != nil {
			return err
		}
	}
	// newproject:end
	stopTelemetry, err := telemetry.Start(ctx, telemetry.Config{
		SentryDSN: string(cfg.SentryDSN), Environment: string(cfg.Environment), Release: buildVersion(), Logger: log,
	})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, stopTelemetry(ctx))
	}()

	dsn := cfg.DSN()
	if dsn == "" {
		if !p.dev {
			return errors.New("no database is configured: set DATABASE_URL or POSTGRES_SERVER")
		}
		server, err := pgserver.Start(ctx, pgserver.Config{Dir: databaseDir(), Port: 5432, Logger: log})
		if err != nil {
			return err
		}
		defer func() {
			if err := server.Stop(); err != nil {
				log.Error("the database did not stop cleanly", "error", err)
			}
		}()
		dsn = server.DSN()
	}
	d, disconnect, err := cfg.connect(ctx, dsn, p, log)
	if err != nil {
		return err
	}
	defer disconnect()
	err = steadily(ctx, log, func() error {
		if p.dev {
			return pg.Migrate(ctx, d.direct, log)
		}
		return requireCurrent(ctx, log, d.pool)
	})
	if err != nil {
		return err
	}
	var unsent mail.Sender = noMail{}
	if p.dev { // nobody else may find recovery tokens in a log
		unsent = mail.Log{Logger: log}
	}
	s, err := newServices(cfg, log, d, unsent)
	if err != nil {
		return err
	}
	if p.dev {
		if err := steadily(ctx, log, func() error { return s.firstSuperuser(ctx) }); err != nil {
			return err
		}
		defer s.showPassword(p.out) // even if the start fails
		// newproject:companies
		if err := steadily(ctx, log, func() error { return s.importSamples(ctx) }); err != nil {
			return err
		}
		// newproject:end
	}
	return p.runServices(ctx, s)
}

// startPatience is how long a step of the start is tried again, as long as opening the database is.
const startPatience = 30 * time.Second

// steadily takes a step of the start again while the database is away.
func steadily(ctx context.Context, log *slog.Logger, step func() error) error {
	for begin := time.Now(); ; {
		err := step()
		switch {
		case err == nil || !app.IsOutage(err) || time.Since(begin) > startPatience:
			return err
		case ctx.Err() != nil:
			return nil //nolint:nilerr // told to stop meanwhile
		}
		log.WarnContext(ctx, "waiting for the database", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// runServices listens, runs jobs, and ends both in order. Nothing is served before all has been set up.
func (p parts) runServices(ctx context.Context, s *services) error {
	defer context.AfterFunc(ctx, func() { s.log.Info("stopping: finishing requests and jobs") })()
	metrics := telemetry.NewMetrics(s.pool, s.countJobs)
	if s.replica != nil {
		s.replica.Observe = metrics.ReplicaRead
	}
	metrics.Sync(edgarRequests, s.syncStatus) // newproject:companies
	g, ctx := errgroup.WithContext(ctx)
	var delay time.Duration // a worker has no load balancer
	if p.serve {
		delay = s.cfg.ShutdownDelay
	}
	var start []func() error

	admin, err := listen(ctx, s.cfg.AdminAddr, p.dev)
	if err != nil {
		return err
	}
	var health *jobs.Health
	if p.work {
		health = new(jobs.Health)
		s.sayWhatIsSynced(ctx) // newproject:companies
		start = append(start, func() error { return steadily(ctx, s.log, func() error { return s.work(ctx, metrics, health) }) })
	}
	start = append(start, func() error {
		return serve(ctx, admin, nil, newServer(s.adminHandler(metrics.AdminHandler(s.cfg.AdminHosts, s.cfg.AdminPprof), health), s.log), delay, s.cfg.ShutdownTimeout)
	})
	if p.serve {
		h, err := s.handler(metrics)
		if err != nil {
			return err
		}
		public, err := listen(ctx, s.cfg.ListenAddr, false)
		if err != nil {
			return err
		}
		start = append(start, func() error {
			s.changes.Run(ctx)
			return nil
		}, func() error {
			s.replica.Run(ctx)
			return nil
		}, func() error {
			wrap := func(l net.Listener) net.Listener { return api.NewListener(l, s.log) }
			return serve(ctx, public, wrap, newServer(draining(ctx, h), s.log), delay, s.cfg.ShutdownTimeout)
		})
		s.log.Info("serving", "address", public.Addr().String(), "admin", admin.Addr().String(), "version", buildVersion())
		if p.dev {
			if !p.quiet {
				p.greet(s.cfg, public.Addr(), admin.Addr())
			}
			s.showPassword(p.out)
		}
	}
	paceGarbage(s.cached)
	for _, f := range start {
		g.Go(f)
	}
	return g.Wait()
}

// serve serves what l accepts, through wrap if that is not nil, until ctx ends and delay has passed. Then it answers whom
// the kernel has connected, and lets running requests finish until grace has passed.
func serve(ctx context.Context, l *listener, wrap func(net.Listener) net.Listener, server *http.Server, delay, grace time.Duration) error {
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		time.Sleep(delay)
		ended <- l.end()
	})
	defer stop()
	var from net.Listener = l
	if wrap != nil {
		from = wrap(l)
	}
	var coming arrivals
	coming.watch(server)
	if err := server.Serve(from); !errors.Is(err, net.ErrClosed) {
		return errors.Wrap(err, "serve")
	}
	if err := <-ended; err != nil {
		return errors.Wrap(err, "end listening")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	coming.wait(ctx, 5*time.Second)
	if err := server.Shutdown(ctx); err != nil {
		return errors.Wrap(err, "finish requests")
	}
	return nil
}

// draining sends clients elsewhere once ctx has ended: each response closes its connection, and the probes fail. Idle
// connections stay open until the server shuts down, since a request may be on its way.
func draining(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx.Err() != nil {
			w.Header().Set("Connection", "close")
			if r.URL.Path == "/livez" || r.URL.Path == "/readyz" {
				http.Error(w, "stopping", http.StatusServiceUnavailable)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (p parts) greet(cfg Config, public, admin net.Addr) {
	base := "http://" + localAddress(public)
	fmt.Fprintf(p.out, `
%s is running:
  Home page    %s/
  API          %s/api/v1
  Swagger UI   %s/docs
  ReDoc        %s/redoc
  Jobs         %s/jobs  (log in as %s)
  Metrics      http://%s/metrics

`, cfg.ProjectName, base, base, base, base, base, cfg.FirstSuperuser, localAddress(admin))
}

// localAddress is the address of a listener on this machine.
func localAddress(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() && !tcp.IP.IsLoopback() {
		return a.String()
	}
	return fmt.Sprintf("localhost:%d", tcp.Port)
}

func newHealthcheck() *cobra.Command {
	var ready, worker bool
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Check whether the server or worker on this machine is alive",
		Long: `Request /livez or, with --ready, /readyz from the server at LISTEN_ADDR or, with --worker, from the worker at
ADMIN_ADDR. The exit code is 0 if it returns 200. For containers without a shell.

Replace a process that is not alive; wait for one that is not ready, for example while the database is down. A worker
is ready while it works on jobs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _ := loadConfig(os.Environ(), ".", forTool) // the server reports mistakes
			addr, path := cfg.ListenAddr, "/livez"
			if worker {
				addr = cfg.AdminAddr
			}
			if ready {
				path = "/readyz"
			}
			return checkHealth(cmd.Context(), addr, path)
		},
	}
	cmd.Flags().BoolVar(&ready, "ready", false, "check whether it is ready")
	cmd.Flags().BoolVar(&worker, "worker", false, "check the worker")
	return cmd
}

// checkHealth returns an error unless what listens at addr returns 200.
func checkHealth(ctx context.Context, addr, path string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.Wrap(err, "parse address")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return errors.Wrap(err, "make request")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return errors.Wrap(err, "request "+path)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errors.Errorf("%s returned %s", path, resp.Status)
	}
	return nil
}
