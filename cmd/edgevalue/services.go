package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"riverqueue.com/riverui"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/jobs"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgserver"
	"github.com/edgevalue/edgevalue/internal/telemetry"
	"github.com/edgevalue/edgevalue/internal/web"
)

// stateDir holds what dev keeps between runs, in the working directory.
const stateDir = ".edgevalue"

func databaseDir() string { return filepath.Join(stateDir, "postgres") }

// jobsPath is where the job monitor is.
const jobsPath = "/jobs"

// services are the parts that most commands need.
type services struct {
	cfg Config
	log *slog.Logger
	databases
	app *app.App
	// cached is how many bytes of answers a server holds.
	cached func() uint64
	// oneTimePassword is that of the first superuser if it was generated, until it is shown.
	oneTimePassword string
}

// databases are the ways to the database.
type databases struct {
	pool   *pgxpool.Pool
	direct *pgxpool.Pool // without a pooler; pool, unless that has one
	// changes listens while something is served.
	changes *pg.Changes
	replica *pg.Replica // may be nil
}

// connect opens the database at dsn, and the other ways to it. close closes all.
func (c Config) connect(ctx context.Context, dsn string, p parts, log *slog.Logger) (d databases, closeAll func(), err error) {
	var opened []func()
	closeOpened := func() {
		for _, f := range slices.Backward(opened) {
			f()
		}
	}
	defer func() {
		if err != nil {
			closeOpened()
		}
	}()
	if d.pool, err = pg.Open(ctx, dsn, log, c.tracer(log)); err != nil {
		return d, nil, err
	}
	opened = append(opened, d.pool.Close)
	if err := pg.NeedConns(d.pool, c.minConns(p)); err != nil {
		return d, nil, err
	}
	if d.direct = d.pool; c.DatabaseDirectURL != "" && c.DSN() != "" {
		if d.direct, err = pg.Open(ctx, c.DirectDSN(), log, c.tracer(log)); err != nil {
			return d, nil, errors.Wrap(err, "DATABASE_DIRECT_URL")
		}
		opened = append(opened, d.direct.Close)
		if err := pg.NeedConns(d.direct, jobs.MinConns); err != nil {
			return d, nil, errors.Wrap(err, "DATABASE_DIRECT_URL")
		}
		if err := pg.SameDatabase(ctx, d.pool, d.direct); err != nil { // which would tell of no change
			return d, nil, errors.Wrap(err, "DATABASE_DIRECT_URL")
		}
	}
	d.changes = pg.NewChanges(d.direct, log)
	if p.serve && c.DatabaseReadURL != "" && c.DSN() != "" {
		if d.replica, err = pg.NewReplica(ctx, string(c.DatabaseReadURL), d.pool, d.changes, log, c.tracer(log)); err != nil {
			return d, nil, errors.Wrap(err, "DATABASE_READ_URL")
		}
		opened = append(opened, d.replica.Close)
	}
	return d, closeOpened, nil
}

// tracer sees every query, for traces and, if they are wanted, for the log.
func (c Config) tracer(log *slog.Logger) pgx.QueryTracer {
	if !c.LogSQL {
		return otelpgx.NewTracer()
	}
	return multitracer.New(otelpgx.NewTracer(), telemetry.SQL{Logger: log})
}

// withPool opens the database of the configuration or of a running dev. What is less important than least is not logged.
func withPool(ctx context.Context, least slog.Level, f func(Config, *slog.Logger, *pgxpool.Pool) error) error {
	cfg, err := loadConfig(os.Environ(), ".", forTool)
	if err != nil {
		return err
	}
	dsn := cfg.DirectDSN()
	if dsn == "" {
		if dsn, err = pgserver.Running(ctx, databaseDir()); err != nil {
			return explained(err, `No database is configured and "edgevalue dev" is not running in this folder: start it, or set DATABASE_URL.`)
		}
	}
	log := telemetry.NewLogger(os.Stderr, string(cfg.LogFormat), max(cfg.LogLevel, least))
	pool, err := pg.Open(ctx, dsn, log, cfg.tracer(log))
	if err != nil {
		return err
	}
	defer pool.Close()
	return f(cfg, log, pool)
}

// withServices is for commands that report what they do themselves.
func withServices(ctx context.Context, f func(*services) error) error {
	return withPool(ctx, slog.LevelWarn, func(cfg Config, log *slog.Logger, pool *pgxpool.Pool) error {
		if err := requireCurrent(ctx, log, pool); err != nil {
			return err
		}
		s, err := newServices(cfg, log, databases{pool: pool, direct: pool}, noMail{})
		if err != nil {
			return err
		}
		return f(s)
	})
}

// requireCurrent returns an error unless the database has this program's migrations.
func requireCurrent(ctx context.Context, log *slog.Logger, pool *pgxpool.Pool) error {
	newer, err := pg.Current(ctx, pool)
	if err != nil {
		return explained(err, `Run "edgevalue migrate up".`)
	}
	if newer {
		log.Warn("a newer edgevalue has migrated the database; this one continues with it", "version", buildVersion())
	}
	return nil
}

// newServices connects the parts. Without an SMTP server, mails go to unsent.
func newServices(cfg Config, log *slog.Logger, d databases, unsent mail.Sender) (*services, error) {
	sender, err := newSender(cfg, unsent)
	if err != nil {
		return nil, err
	}
	secret := string(cfg.SecretKey)
	if secret == "" {
		secret = rand.Text() // for a command that issues no tokens
	}
	// newproject:companies
	data, err := newData(cfg, log, d.pool)
	if err != nil {
		return nil, err
	}
	// newproject:end
	a, err := app.New(app.Config{
		Pool:                d.pool,
		Changes:             d.changes,
		Replica:             d.replica,
		Hasher:              auth.NewHasher(auth.DefaultParams),
		Tokens:              auth.NewTokens(secret, cfg.AccessTokenLife(), time.Now),
		TOTP:                auth.NewTOTP(secret),
		ConsoleTokens:       auth.NewConsoleTokens(secret, app.ConsoleLife, time.Now),
		CookieTokens:        auth.NewCookieTokens(secret, app.SessionLife, time.Now),
		Mail:                sender,
		Logger:              log,
		Now:                 time.Now,
		ProjectName:         cfg.ProjectName,
		PublicURL:           cfg.ServerHost,
		OpenRegistration:    cfg.OpenRegistration,
		AccessTokenLife:     cfg.AccessTokenLife(),
		RefreshTokenLife:    cfg.RefreshTokenLife(),
		RequireSuperuser2FA: cfg.RequireSuperuser2FA,
		ResetTokenLife:      cfg.ResetTokenLife(),
		AttemptsPerAddress:  100,
		AttemptsPerAccount:  10,
		AttemptWindow:       15 * time.Minute,
		AttemptDelay:        2 * time.Second,
		AuditRetentionDays:  cfg.AuditRetentionDays,
		DataConfig:          data, // newproject:companies
	})
	if err != nil {
		return nil, err
	}
	return &services{cfg: cfg, log: log, databases: d, app: a, cached: func() uint64 { return 0 }}, nil
}

func newSender(cfg Config, unsent mail.Sender) (mail.Sender, error) {
	if cfg.SMTPHost == "" {
		return unsent, nil
	}
	return mail.NewSMTP(mail.SMTPConfig{
		Host: cfg.SMTPHost, Port: int(cfg.SMTPPort), TLS: cfg.SMTPTLS, User: cfg.SMTPUser, Password: string(cfg.SMTPPassword),
		FromEmail: cfg.FromEmail, FromName: cfg.FromName,
	})
}

// noMail refuses to send: an operator sees the failed jobs, which are retried once SMTP_HOST is set.
type noMail struct{}

func (noMail) Send(context.Context, mail.Message) error { return errors.New("SMTP_HOST is not set") }

// handler is everything that is served to the public.
func (s *services) handler(metrics *telemetry.Metrics) (http.Handler, error) {
	monitor, err := s.jobMonitor()
	if err != nil {
		return nil, err
	}
	cache := api.NewCache(uint64(s.cfg.CacheSize))
	s.cached = func() uint64 { return cache.Stats().Bytes }
	metrics.Cache(func() telemetry.CacheStats { return telemetry.CacheStats(cache.Stats()) })
	cfg := api.Config{
		App:            s.app,
		Cache:          cache,
		Logger:         s.log,
		CORSOrigins:    s.cfg.CORSOrigins,
		TrustedProxies: s.cfg.TrustedProxies,
		HTTPS:          s.cfg.HTTPS(),
		Domain:         s.cfg.Domain,
		Pages:          http.NewServeMux(),
		Observe:        metrics.Observe,
		Limits: api.Limits{
			InFlight: s.cfg.MaxRequests, InFlightPerNetwork: s.cfg.MaxRequestsPerClient, ListItems: api.ListItems(runtime.GOMAXPROCS(0)),
			PerMinute: s.cfg.RateLimit, PerMinuteSite: s.cfg.RateLimitSite, Refused: metrics.Refused,
		},
	}
	metrics.SetInFlightLimit(s.cfg.MaxRequests)
	console, err := api.NewConsole(cfg)
	if err != nil {
		return nil, err
	}
	console.Register(cfg.Pages)
	protected := console.Guard(monitor)
	cfg.Pages.Handle(jobsPath, protected)
	cfg.Pages.Handle(jobsPath+"/", protected)
	cfg.Pages.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	cfg.Pages.HandleFunc("GET /readyz", s.ready)
	cfg.Missing, err = web.Register(cfg.Pages, web.Config{
		ProjectName: s.cfg.ProjectName, Version: buildVersion(), Environment: web.Environment(frontendEnv), Spec: edgevalue.OpenAPI,
	})
	if err != nil {
		return nil, err
	}
	h, err := api.New(cfg)
	if err != nil {
		return nil, err
	}
	return metrics.InFlight(h), nil
}

// ready returns 200 when the database can be reached and has this program's migrations.
func (s *services) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if _, err := pg.Current(ctx, s.pool); err != nil {
		s.log.WarnContext(ctx, "not ready", "error", err)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// jobMonitor is River UI, with a policy that keeps it from other hosts and out of frames.
func (s *services) jobMonitor() (http.Handler, error) {
	client, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{Logger: s.log})
	if err != nil {
		return nil, errors.Wrap(err, "create River client")
	}
	ui, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints[pgx.Tx](client, nil), Logger: s.log, Prefix: jobsPath,
	})
	if err != nil {
		return nil, errors.Wrap(err, "create River UI")
	}
	if err := ui.Start(context.Background()); err != nil {
		return nil, errors.Wrap(err, "start River UI")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "+
			"script-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'")
		ui.ServeHTTP(w, r)
	}), nil
}

// countJobs is for the metrics.
func (s *services) countJobs(ctx context.Context) ([]telemetry.JobCount, error) {
	rows, err := s.app.CountJobs(ctx)
	counts := make([]telemetry.JobCount, len(rows))
	for i, r := range rows {
		counts[i] = telemetry.JobCount(r)
	}
	return counts, err
}

func (s *services) work(ctx context.Context, metrics *telemetry.Metrics, health *jobs.Health) error {
	return jobs.Run(ctx, s.app, jobs.Config{
		Concurrency: s.cfg.WorkerConcurrency, Periodic: true, Grace: s.cfg.ShutdownTimeout, Logger: s.log, Pool: s.direct,
		Middleware: metrics.JobMiddleware(), Health: health,
		DataConfig: s.dataJobs(), // newproject:companies
	})
}

// adminHandler adds /readyz to what operators ask for. A worker is ready when it works on jobs, too.
func (s *services) adminHandler(h http.Handler, health *jobs.Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if health != nil {
			if err := health.Check(); err != nil {
				s.log.WarnContext(r.Context(), "not ready", "error", err)
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
		}
		s.ready(w, r)
	})
	return mux
}

// newServer bounds what a client may use; the handler itself limits bodies and the time of an operation, and gives an
// upload more.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
