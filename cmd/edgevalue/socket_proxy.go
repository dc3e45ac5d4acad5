package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"regexp"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"

	"github.com/edgevalue/edgevalue/internal/telemetry"
)

func newSocketProxy() *cobra.Command {
	var socket string
	cmd := &cobra.Command{
		Use:   "socket-proxy",
		Short: "Show a proxy which containers there are, and let it do nothing to them",
		Long: `Serve at LISTEN_ADDR the part of the Docker engine's API with which Traefik finds services: it lists and
reads containers, services, tasks, networks and nodes, and follows events. Everything else is refused with 403, so that who
takes over a proxy does not have the machine.

It can read the environment of containers. Only the proxy may reach LISTEN_ADDR.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _ := loadConfig(os.Environ(), ".", forTool) // it has no database and no secrets
			log := telemetry.NewLogger(os.Stderr, string(cfg.LogFormat), cfg.LogLevel)
			l, err := listen(cmd.Context(), cfg.ListenAddr, false)
			if err != nil {
				return err
			}
			log.Info("serving", "address", l.Addr().String(), "socket", socket)
			server := newServer(socketProxy(socket, log), log)
			// Events have no end, until this process has.
			server.ReadTimeout, server.WriteTimeout = 0, 0
			server.BaseContext = func(net.Listener) context.Context { return cmd.Context() }
			return serve(cmd.Context(), l, nil, server, 0, cfg.ShutdownTimeout)
		},
	}
	cmd.Flags().StringVar(&socket, "socket", "/var/run/docker.sock", "the engine's socket")
	return cmd
}

// What Traefik's providers for Docker and for a Swarm read.
var readOfEngine = regexp.MustCompile(`^(/v1\.\d{1,3})?/(_ping|version|events|containers/json|containers/[0-9a-f]{64}/json|services|tasks|networks|nodes/[0-9a-z]{25})$`)

// socketProxy is the part of the API of the engine at a socket that only reads. It is alive when the engine is.
func socketProxy(socket string, log *slog.Logger) http.Handler {
	engine := &httputil.ReverseProxy{
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", "docker", "docker"
			if r.In.URL.Path == "/livez" {
				r.Out.URL.Path = "/_ping"
			}
			r.Out.Body, r.Out.ContentLength = http.NoBody, 0
			r.Out.Header = http.Header{"User-Agent": r.In.Header["User-Agent"]} // no upgrade, no registry login
		},
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.WarnContext(r.Context(), "the engine did not answer", "path", r.URL.Path, "error", errors.Wrap(err, "engine"))
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !read || r.URL.RawPath != "" || r.URL.Path != "/livez" && !readOfEngine.MatchString(r.URL.Path) {
			log.WarnContext(r.Context(), "refused", "method", r.Method, "path", r.URL.Path, "client", r.RemoteAddr)
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		engine.ServeHTTP(w, r)
	})
}
