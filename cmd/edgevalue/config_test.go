package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/joho/godotenv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

const (
	testKey      = "0123456789abcdef0123456789abcdef"
	testPassword = "correct horse battery"
)

// inProduction is the minimum that production needs, and more variables.
func inProduction(more ...string) []string {
	return append([]string{
		"ENVIRONMENT=production",
		"DOMAIN=value.example.com",
		"SECRET_KEY=" + testKey,
		"FIRST_SUPERUSER=root@example.com",
		"FIRST_SUPERUSER_PASSWORD=" + testPassword,
		"DATABASE_URL=postgres://edge:hunter2hunter2@db:5433/value?sslmode=disable",
		"DATABASE_DIRECT_URL=postgres://edge:hunter2hunter2@direct/value", "DATABASE_READ_URL=postgres://edge:hunter2hunter2@a,b/value",
	}, more...)
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(nil, t.TempDir(), forTool)
	require.NoError(t, err)
	want := Config{
		Environment: local, ProjectName: "EdgeValue", Domain: "localhost", ServerHost: "http://localhost:8080",
		ListenAddr: ":8080", AdminAddr: "127.0.0.1:8081", ShutdownTimeout: 20 * time.Second, WorkerConcurrency: 4,
		LogLevel: slog.LevelInfo, LogFormat: "auto", FirstSuperuser: "admin@example.com",
		AccessTokenMinutes: 60, RefreshTokenDays: 30, ResetTokenHours: 48, AuditRetentionDays: 400, SMTPPort: 587, SMTPTLS: true, FromName: "EdgeValue",
		PostgresPort: 5432, MaxRequests: 128 * runtime.GOMAXPROCS(0), MaxRequestsPerClient: 64 * runtime.GOMAXPROCS(0),
		RateLimit: 600, RateLimitSite: 3000, CacheSize: 64 << 20, CORSOrigins: localOrigins,
		DataConfig: c.DataConfig, // newproject:companies
	}
	assert.Equal(t, want, c)
	assert.Empty(t, c.DSN())
	assert.Equal(t, time.Hour, c.AccessTokenLife())
	assert.Equal(t, 30*24*time.Hour, c.RefreshTokenLife())
	assert.Equal(t, 48*time.Hour, c.ResetTokenLife())

	c, err = loadConfig(inProduction(), t.TempDir(), forServe)
	require.NoError(t, err)
	assert.Equal(t, "https://value.example.com", c.ServerHost)
	assert.True(t, c.HTTPS())
	assert.Equal(t, "postgres://edge:hunter2hunter2@db:5433/value?sslmode=disable", c.DSN())
}

func TestConfigValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		vars []string
		get  func(Config) any
		want any
	}{
		{"origins as JSON", []string{`BACKEND_CORS_ORIGINS=["http://localhost", "https://a.example/"]`},
			func(c Config) any { return c.CORSOrigins }, origins{"http://localhost", "https://a.example"}},
		{"origins by commas", []string{"BACKEND_CORS_ORIGINS=http://localhost:3000, https://A.example,"},
			func(c Config) any { return c.CORSOrigins }, origins{"http://localhost:3000", "https://a.example"}},
		{"origins at any port", []string{"BACKEND_CORS_ORIGINS=" + localOrigins.String()},
			func(c Config) any { return c.CORSOrigins }, localOrigins},
		{"all origins", []string{"BACKEND_CORS_ORIGINS=*"},
			func(c Config) any { return c.CORSOrigins }, origins{"*"}},
		{"proxies", []string{"TRUSTED_PROXIES=10.1.2.3/8, ::1"},
			func(c Config) any { return c.TrustedProxies },
			prefixes{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}},
		{"names by commas", []string{"ADMIN_HOSTS=backend, worker,"},
			func(c Config) any { return c.AdminHosts }, names{"backend", "worker"}},
		{"half of the requests", []string{"MAX_REQUESTS=10"}, func(c Config) any { return c.MaxRequestsPerClient }, 5},
		{"a size", []string{"CACHE_SIZE=1GiB"}, func(c Config) any { return c.CacheSize }, byteSize(1 << 30)},
		{"a size in bytes", []string{"CACHE_SIZE=1500"}, func(c Config) any { return c.CacheSize.String() }, "1500B"},
		{"no cache", []string{"CACHE_SIZE=0"}, func(c Config) any { return c.CacheSize.String() }, "0"},
		{"no rate limit", []string{"RATE_LIMIT_PER_MINUTE=0"}, func(c Config) any { return c.RateLimit }, 0},
		{"empty is not set", []string{"SMTP_PORT=", "SMTP_TLS=", "PROJECT_NAME="},
			func(c Config) any { return fmt.Sprint(c.SMTPPort, " ", c.SMTPTLS, " ", c.ProjectName) }, "587 true EdgeValue"},
		{"public URL", []string{"SERVER_HOST=https://value.example.com/"},
			func(c Config) any { return c.ServerHost }, "https://value.example.com"},
		{"port of the public URL", []string{"LISTEN_ADDR=127.0.0.1:9000"},
			func(c Config) any { return c.ServerHost }, "http://localhost:9000"},
		{"log", []string{"LOG_LEVEL=debug", "LOG_FORMAT=json"},
			func(c Config) any { return fmt.Sprint(c.LogLevel, " ", c.LogFormat) }, "DEBUG json"},
		{"sender", []string{"PROJECT_NAME=Values"}, func(c Config) any { return c.FromName }, "Values"},
		{"parts of the database", []string{"POSTGRES_SERVER=db", "POSTGRES_USER=u", "POSTGRES_PASSWORD=p@/:", "POSTGRES_DB=d"},
			Config.dsn, "postgres://u:p%40%2F%3A@db:5432/d"},
		{"IPv6", []string{"ENVIRONMENT=local", "POSTGRES_SERVER=::1", "POSTGRES_USER=u", "POSTGRES_DB=d", "POSTGRES_PORT=5433"},
			Config.dsn, "postgres://u@[::1]:5433/d"},
		{"socket", []string{"ENVIRONMENT=local", "POSTGRES_SERVER=/run/postgresql", "POSTGRES_USER=u", "POSTGRES_DB=d"},
			Config.dsn, "postgres://u@/d?host=%2Frun%2Fpostgresql&port=5432"},
		{"URL and parts agree", []string{"DATABASE_URL=postgres://u:p@db/d", "POSTGRES_SERVER=db", "POSTGRES_PORT=5432",
			"POSTGRES_USER=u", "POSTGRES_PASSWORD=p", "POSTGRES_DB=d"}, Config.dsn, "postgres://u:p@db/d"},
		{"keywords", []string{"DATABASE_URL=host=db user=u password=p dbname=d"},
			Config.dsn, "host=db user=u password=p dbname=d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(tt.vars, t.TempDir(), forTool)
			require.NoError(t, err)
			assert.Equal(t, tt.want, tt.get(c))
		})
	}
}

func (c Config) dsn() any { return c.DSN() }

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		vars    []string
		purpose purpose
		want    []string // what the lines begin with
	}{
		{"environment", []string{"ENVIRONMENT=test"}, forTool, []string{`ENVIRONMENT: is "test", not one of`}},
		{"base URL", []string{"SERVER_HOST=value.example.com"}, forTool, []string{"SERVER_HOST: "}},
		{"base URL with a path", []string{"SERVER_HOST=https://a.example/x"}, forTool, []string{"SERVER_HOST: "}},
		{"domain", []string{"DOMAIN=https://a.example"}, forTool, []string{"DOMAIN: "}},
		{"address", []string{"LISTEN_ADDR=8080"}, forTool, []string{"LISTEN_ADDR: "}},
		{"port", []string{"LISTEN_ADDR=:99999"}, forTool, []string{"LISTEN_ADDR: "}},
		{"one address for two", []string{"LISTEN_ADDR=127.0.0.1:8081"}, forTool, []string{"ADMIN_ADDR: "}},
		{"proxies", []string{"TRUSTED_PROXIES=10.0.0.0/8,proxy"}, forTool, []string{`TRUSTED_PROXIES: "proxy"`}},
		{"origin", []string{"BACKEND_CORS_ORIGINS=a.example"}, forTool, []string{"BACKEND_CORS_ORIGINS: "}},
		{"origin with a path", []string{`BACKEND_CORS_ORIGINS=["https://a.example/x"]`}, forTool, []string{"BACKEND_CORS_ORIGINS: "}},
		{"origins are not JSON", []string{`BACKEND_CORS_ORIGINS=["https://a.example"`}, forTool, []string{"BACKEND_CORS_ORIGINS: "}},
		{"all origins and one", []string{"BACKEND_CORS_ORIGINS=*,https://a.example"}, forTool, []string{"BACKEND_CORS_ORIGINS: "}},
		{"bool", []string{"USERS_OPEN_REGISTRATION=perhaps"}, forTool, []string{`USERS_OPEN_REGISTRATION: is "perhaps"`}},
		{"number", []string{"WORKER_CONCURRENCY=many"}, forTool, []string{`WORKER_CONCURRENCY: is "many"`}},
		{"range", []string{"ACCESS_TOKEN_EXPIRE_MINUTES=0", "REFRESH_TOKEN_EXPIRE_DAYS=181", "EMAIL_RESET_TOKEN_EXPIRE_HOURS=-1", "AUDIT_RETENTION_DAYS=0", "WORKER_CONCURRENCY=-1"}, forTool,
			[]string{"ACCESS_TOKEN_EXPIRE_MINUTES: ", "AUDIT_RETENTION_DAYS: ", "EMAIL_RESET_TOKEN_EXPIRE_HOURS: ", "REFRESH_TOKEN_EXPIRE_DAYS: ", "WORKER_CONCURRENCY: "}},
		{"host with a port", []string{"ADMIN_HOSTS=backend:8081"}, forTool, []string{`ADMIN_HOSTS: "backend:8081"`}},
		{"a size", []string{"CACHE_SIZE=64MB"}, forTool, []string{`CACHE_SIZE: "64MB" is not a number of bytes such as 64MiB`}},
		{"a size below 0", []string{"CACHE_SIZE=-1"}, forTool, []string{"CACHE_SIZE: "}},
		{"limits", []string{"MAX_REQUESTS=-1", "RATE_LIMIT_PER_MINUTE=-1", "RATE_LIMIT_SITE_PER_MINUTE=some"}, forTool,
			[]string{"MAX_REQUESTS: ", "RATE_LIMIT_PER_MINUTE: ", "RATE_LIMIT_SITE_PER_MINUTE: "}},
		{"more for one than for all", []string{"MAX_REQUESTS=10", "MAX_REQUESTS_PER_CLIENT=11"}, forTool,
			[]string{"MAX_REQUESTS_PER_CLIENT: "}},
		{"duration", []string{"SHUTDOWN_TIMEOUT=20"}, forTool, []string{"SHUTDOWN_TIMEOUT: "}},
		{"negative delay", []string{"SHUTDOWN_DELAY=-1s"}, forTool, []string{"SHUTDOWN_DELAY: is less than 0s"}},
		{"no time", []string{"SHUTDOWN_TIMEOUT=0s"}, forTool, []string{"SHUTDOWN_TIMEOUT: "}},
		{"log", []string{"LOG_LEVEL=loud", "LOG_FORMAT=xml"}, forTool, []string{"LOG_FORMAT: ", "LOG_LEVEL: "}},
		{"e-mail", []string{"FIRST_SUPERUSER=admin", "EMAILS_FROM_EMAIL=A <a@example.com>"}, forTool,
			[]string{"EMAILS_FROM_EMAIL: ", "FIRST_SUPERUSER: "}},
		{"no such domain", []string{"FIRST_SUPERUSER=root@[192.0.2.1]", "EMAILS_FROM_EMAIL=a@exa_mple.com"}, forTool,
			[]string{"EMAILS_FROM_EMAIL: ", "FIRST_SUPERUSER: "}},
		{"password", []string{"FIRST_SUPERUSER_PASSWORD=changethis"}, forTool, []string{"FIRST_SUPERUSER_PASSWORD: "}},
		{"common password", []string{"FIRST_SUPERUSER_PASSWORD=password1234"}, forTool, []string{"FIRST_SUPERUSER_PASSWORD: must be harder"}},
		{"password of the context", []string{"FIRST_SUPERUSER=grace@hopper.example", "FIRST_SUPERUSER_PASSWORD=grace@hopper"}, forTool,
			[]string{"FIRST_SUPERUSER_PASSWORD: must be harder"}},
		{"no sender", []string{"SMTP_HOST=mail"}, forTool, []string{"EMAILS_FROM_EMAIL: is missing"}},
		{"no mail server", []string{"SMTP_USER=u", "SMTP_PASSWORD=p"}, forTool, []string{"SMTP_HOST: is missing"}},
		{"half a login", []string{"SMTP_HOST=mail", "EMAILS_FROM_EMAIL=a@example.com", "SMTP_USER=u"}, forTool,
			[]string{"SMTP_PASSWORD: is missing"}},
		{"the other half", []string{"SMTP_HOST=mail", "EMAILS_FROM_EMAIL=a@example.com", "SMTP_PASSWORD=p"}, forTool,
			[]string{"SMTP_USER: is missing"}},
		{"ports", []string{"SMTP_PORT=0", "POSTGRES_PORT=70000"}, forTool,
			[]string{`POSTGRES_PORT: is "70000", not a port`, "SMTP_PORT: is 0"}},
		{"Sentry", []string{"SENTRY_DSN=https://sentry.example.com/1"}, forTool, []string{"SENTRY_DSN: "}},
		{"nothing", nil, forServe, []string{"DATABASE_URL: is missing", "SECRET_KEY: is missing"}},
		{"no secret key", []string{"ENVIRONMENT=local"}, forServe, []string{"SECRET_KEY: is missing"}},
		{"half a database", []string{"POSTGRES_SERVER=db"}, forTool,
			[]string{"POSTGRES_DB: is missing", "POSTGRES_PASSWORD: is missing", "POSTGRES_USER: is missing"}},
		{"no database server", []string{"SECRET_KEY=" + testKey, "POSTGRES_USER=u", "POSTGRES_PASSWORD=p", "POSTGRES_DB=d"}, forServe,
			[]string{"POSTGRES_SERVER: is missing"}},
		{"no database server in production", inProduction("DATABASE_URL=", "POSTGRES_USER=u", "POSTGRES_PASSWORD=p", "POSTGRES_DB=d"), forTool,
			[]string{"POSTGRES_SERVER: is missing"}},
		{"database URL", []string{"DATABASE_URL=mysql://db/d"}, forTool, []string{"DATABASE_URL: is not a URL"}},
		{"database parameter", []string{"DATABASE_URL=postgres://u:p@db/d?sslmode=perhaps"}, forTool, []string{"DATABASE_URL: sslmode"}},
		{"read URL", []string{"DATABASE_URL=postgres://u:p@db/d", "DATABASE_READ_URL=mysql://db/d"}, forTool, []string{"DATABASE_READ_URL: is not a URL"}},
		{"direct URL", []string{"DATABASE_URL=postgres://u:p@db/d", "DATABASE_DIRECT_URL=postgres://u:changethis@db/d"}, forTool,
			[]string{"DATABASE_DIRECT_URL: has a placeholder"}},
		{"two databases", []string{"DATABASE_URL=postgres://u:p@db/d", "POSTGRES_SERVER=other", "POSTGRES_PASSWORD=q"}, forTool,
			[]string{"POSTGRES_PASSWORD: differs", "POSTGRES_SERVER: differs"}},
		{"secret file", []string{"SMTP_PASSWORD_FILE=/nowhere"}, forTool, []string{"SMTP_PASSWORD_FILE: open /nowhere"}},
		{"nothing in production", []string{"ENVIRONMENT=production", "POSTGRES_SERVER=db", "POSTGRES_USER=u", "POSTGRES_DB=d"}, forServe,
			[]string{"POSTGRES_PASSWORD: is missing", "SECRET_KEY: is missing"}},
		{"superuser in production", inProduction("FIRST_SUPERUSER="), forTool, []string{"FIRST_SUPERUSER: is missing"}},
		{"no database in staging", []string{"ENVIRONMENT=staging", "SECRET_KEY=" + testKey, "FIRST_SUPERUSER=a@example.com",
			"FIRST_SUPERUSER_PASSWORD=" + testPassword}, forTool, []string{"DATABASE_URL: is missing"}},
		{"short key in production", inProduction("SECRET_KEY=short"), forTool, []string{"SECRET_KEY: has 5 bytes"}},
		{"placeholders in production", inProduction("SECRET_KEY=changethis", "FIRST_SUPERUSER_PASSWORD=changethis",
			"SENTRY_DSN=changethis", "SMTP_HOST=mail", "SMTP_USER=u", "SMTP_PASSWORD=changethis",
			"EMAILS_FROM_EMAIL=a@example.com", "DATABASE_URL=postgres://u:changethis@db/d"), forServe,
			[]string{"DATABASE_URL: has a placeholder", "FIRST_SUPERUSER_PASSWORD: is a placeholder",
				"SECRET_KEY: is a placeholder", "SENTRY_DSN: is a placeholder", "SMTP_PASSWORD: is a placeholder"}},
		{"dev in production", inProduction(), forDev, []string{"ENVIRONMENT: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := loadConfig(tt.vars, t.TempDir(), tt.purpose)
			var mistakes configError
			require.ErrorAs(t, err, &mistakes)
			require.Len(t, mistakes, len(tt.want), "%v", err)
			for i, want := range tt.want {
				assert.True(t, strings.HasPrefix(mistakes[i], want), "%q, want %q", mistakes[i], want)
			}
		})
	}
}

// Only what cannot be reached from elsewhere is local when nobody says so.
func TestConfigEnvironment(t *testing.T) {
	t.Parallel()
	database := "DATABASE_URL=postgres://u:p@db/d"
	for _, tt := range []struct {
		purpose purpose
		vars    []string
		want    Environment
	}{
		{forDev, nil, local},
		{forTool, nil, local}, // of a running dev
		{forTool, []string{database}, production},
		{forServe, []string{database, "SECRET_KEY=" + testKey}, production},
		{forServe, []string{database, "SECRET_KEY=" + testKey, "ENVIRONMENT="}, production},
		{forServe, []string{database, "SECRET_KEY=" + testKey, "ENVIRONMENT=local"}, local},
	} {
		c, err := loadConfig(tt.vars, t.TempDir(), tt.purpose)
		require.NoError(t, err)
		assert.Equal(t, tt.want, c.Environment, "%d %v", tt.purpose, tt.vars)
	}
}

// Pages that a developer serves from their own machine may call the API in local mode, and no page elsewhere or in
// production may unless it is named.
func TestOriginsOfPages(t *testing.T) {
	t.Parallel()
	const named = "BACKEND_CORS_ORIGINS=https://app.example"
	mine := []string{
		"http://localhost", "http://localhost:5173", "http://localhost:80", "http://127.0.0.1", "http://127.0.0.1:3000", "http://[::1]", "http://[::1]:8000",
	}
	others := []string{
		"http://localhost.evil.example", "http://localhost.evil.example:5173", "http://evil.localhost:5173", "https://localhost", "https://localhost:5173",
		"http://127.0.0.1.evil.example", "http://127.0.0.11:80", "http://10.0.0.1", "https://evil.example", "null",
	}
	for _, tt := range []struct {
		vars             []string
		allowed, refused []string
	}{
		{[]string{"ENVIRONMENT=local"}, mine, append([]string{"https://app.example"}, others...)},
		{[]string{"ENVIRONMENT=local", "BACKEND_CORS_ORIGINS="}, mine, others},
		{[]string{"ENVIRONMENT=local", named}, []string{"https://app.example"}, append(mine, others...)},
		{[]string{"ENVIRONMENT=local", "BACKEND_CORS_ORIGINS=,"}, nil, append(mine, others...)},
		{inProduction(), nil, append(mine, others...)},
		{inProduction("ENVIRONMENT=staging"), nil, append(mine, others...)},
		{inProduction(named), []string{"https://app.example"}, append(mine, others...)},
	} {
		c, err := loadConfig(tt.vars, t.TempDir(), forTool)
		require.NoError(t, err)
		h, err := api.New(api.Config{
			App: &app.App{Config: app.Config{PublicURL: c.ServerHost}}, Logger: slog.New(slog.DiscardHandler), CORSOrigins: c.CORSOrigins,
		})
		require.NoError(t, err)
		preflight := func(origin string) string {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, api.Prefix+"/users/me", nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", http.MethodPatch)
			r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Header().Get("Access-Control-Allow-Origin")
		}
		for _, origin := range tt.allowed {
			assert.Equal(t, origin, preflight(origin), "%v", tt.vars)
		}
		for _, origin := range tt.refused {
			assert.Empty(t, preflight(origin), "%v: %s", tt.vars, origin)
		}
	}
}

// No process takes a secret that everybody knows, or a key that can be guessed, wherever it runs.
func TestConfigWeakSecrets(t *testing.T) {
	t.Parallel()
	database := "DATABASE_URL=postgres://u:p@db/d"
	for _, p := range []purpose{forTool, forServe, forDev} {
		for _, environment := range []string{"", "ENVIRONMENT=local", "ENVIRONMENT=staging", "ENVIRONMENT=production"} {
			for _, tt := range []struct {
				vars []string
				want string
			}{
				{[]string{database, "SECRET_KEY=changethis"}, "SECRET_KEY: is a placeholder"},
				{[]string{database, "SECRET_KEY=Change-Me"}, "SECRET_KEY: is a placeholder"},
				{[]string{database, "SECRET_KEY=0123456789abcdef"}, "SECRET_KEY: has 16 bytes"},
				{[]string{database, "FIRST_SUPERUSER_PASSWORD=changethis"}, "FIRST_SUPERUSER_PASSWORD: is a placeholder"},
				{[]string{"POSTGRES_SERVER=db", "POSTGRES_PASSWORD=changethis"}, "POSTGRES_PASSWORD: is a placeholder"},
				{[]string{"POSTGRES_PASSWORD=changethis"}, "POSTGRES_PASSWORD: is a placeholder"},
				{[]string{"DATABASE_URL=postgres://u:changethis@db/d"}, "DATABASE_URL: has a placeholder"},
				{[]string{"DATABASE_URL=host=db user=u password=changethis"}, "DATABASE_URL: has a placeholder"},
				{[]string{"DATABASE_URL=changethis"}, "DATABASE_URL: is a placeholder"},
				{[]string{database, "SENTRY_DSN=changethis"}, "SENTRY_DSN: is a placeholder"},
				{[]string{database, "SMTP_PASSWORD=changethis"}, "SMTP_PASSWORD: is a placeholder"},
			} {
				_, err := loadConfig(append(tt.vars, environment), t.TempDir(), p)
				assert.ErrorContains(t, err, tt.want, "%d %s", p, environment)
			}
		}
	}
}

// Whatever is wrong with the rest, no message shows a secret.
func TestConfigMistakesHideSecrets(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:s3cr3t@db:port/d", "postgres://u:s3cr3t@db/d?sslmode=x", "postgres://u:s3cr3t@[::1/d", "u:s3cr3t@db",
		"host=db password=s3cr3t port=x", "host=db password='s3cr3t", "postgres://u:s3cr3t%zz@db/d", "mysql://u:s3cr3t@db/d",
		"postgresql://u:s3cr3t@db/d?connect_timeout=x", "postgres://u:s3cr3t/x@db/d",
	} {
		_, err := loadConfig([]string{
			"ENVIRONMENT=production", "DATABASE_URL=" + url, "SECRET_KEY=s3cr3t", "SENTRY_DSN=https://s3cr3t/",
			"FIRST_SUPERUSER_PASSWORD=s3cr3t", "SMTP_PASSWORD=s3cr3t", "POSTGRES_PASSWORD=s3cr3t2",
			"SERVER_HOST=https://u:s3cr3t@example.com",
		}, t.TempDir(), forServe)
		require.ErrorContains(t, err, "DATABASE_URL: ", url)
		assert.NotContains(t, err.Error(), "s3cr3t", url)
	}
}

func TestConfigSecretFiles(t *testing.T) {
	t.Parallel()
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	for _, name := range []string{
		"SECRET_KEY", "FIRST_SUPERUSER_PASSWORD", "SMTP_PASSWORD", "POSTGRES_PASSWORD", "DATABASE_URL", "SENTRY_DSN",
		"DATABASE_DIRECT_URL", "DATABASE_READ_URL",
	} {
		_, err := loadConfig([]string{name + "=a", name + "_FILE=" + file("b\n")}, t.TempDir(), forTool)
		require.ErrorContains(t, err, name+"_FILE: is set together with "+name)
		_, err = loadConfig([]string{name + "_FILE=" + file("\n")}, t.TempDir(), forTool)
		require.ErrorContains(t, err, "is empty")
	}
	c, err := loadConfig([]string{
		"SECRET_KEY_FILE=" + file(" "+testKey+"\r\n"), "DATABASE_URL_FILE=" + file("postgres://u:p@db/d\n"),
	}, t.TempDir(), forServe)
	require.NoError(t, err)
	assert.Equal(t, " "+testKey, string(c.SecretKey))
	assert.Equal(t, "postgres://u:p@db/d", c.DSN())
}

func TestConfigDotEnv(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"), []byte(content), 0o600))
	}
	write("PROJECT_NAME=from the file\nDOMAIN=file.example\nSECRET_KEY=" + testKey + "\nSMTP_PASSWORD_FILE=/nowhere\n")
	vars := []string{"DOMAIN=real.example", "SECRET_KEY_FILE=" + filepath.Join(dir, "key"),
		"SMTP_PASSWORD=p", "SMTP_USER=u", "SMTP_HOST=h", "EMAILS_FROM_EMAIL=a@example.com"}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), []byte(testKey+"real"), 0o600))

	c, err := loadConfig(vars, dir, forDev)
	require.NoError(t, err)
	assert.Equal(t, "from the file", c.ProjectName)
	assert.Equal(t, "real.example", c.Domain)
	assert.Equal(t, testKey+"real", string(c.SecretKey))
	assert.Equal(t, "p", string(c.SMTPPassword))

	c, err = loadConfig(append(vars, "DATABASE_URL=postgres://u:p@db/d"), dir, forServe)
	require.NoError(t, err)
	assert.Equal(t, "EdgeValue", c.ProjectName, "only dev reads .env")

	write("SECRET_KEY='s3cr3t\n")
	_, err = loadConfig(nil, dir, forDev)
	require.ErrorContains(t, err, ".env: ")
	assert.NotContains(t, err.Error(), "s3cr3t")
}

// The stack's .env has the parts of its database but for the server, which only its containers can reach.
func TestConfigDotEnvOfTheStack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".env"),
		[]byte("POSTGRES_USER=edgevalue\nPOSTGRES_PASSWORD=made-by-make-env\nPOSTGRES_DB=edgevalue\n"), 0o600))
	for _, p := range []purpose{forDev, forTool} {
		c, err := loadConfig(nil, dir, p)
		require.NoError(t, err)
		assert.Empty(t, c.DSN(), "dev has a database of its own, which the tools find")
		c, err = loadConfig([]string{"DATABASE_URL=postgres://u:p@db/d"}, dir, p)
		require.NoError(t, err)
		assert.Equal(t, "postgres://u:p@db/d", c.DSN())
		c, err = loadConfig([]string{"POSTGRES_SERVER=db"}, dir, p)
		require.NoError(t, err)
		assert.Equal(t, "postgres://edgevalue:made-by-make-env@db:5432/edgevalue", c.DSN())
	}
}

func TestConfigLocalSecretKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dev, err := loadConfig(nil, dir, forDev)
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8080", dev.ListenAddr)
	assert.GreaterOrEqual(t, len(dev.SecretKey), minSecretKey)
	info, err := os.Stat(filepath.Join(dir, secretKeyFile))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	for _, p := range []purpose{forDev, forServe, forTool} {
		again, err := loadConfig([]string{"ENVIRONMENT=local"}, dir, p)
		require.NoError(t, err)
		assert.Equal(t, string(dev.SecretKey), string(again.SecretKey))
	}
	_, err = loadConfig(nil, dir, forServe)
	require.ErrorContains(t, err, "SECRET_KEY: is missing", "the generated key is for local")
}

func TestConfigPrint(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(inProduction("PROJECT_NAME=Edge Value", "SMTP_HOST=mail", "SMTP_USER=u", "SMTP_PASSWORD=s3cr3t",
		"EMAILS_FROM_EMAIL=a@example.com", `BACKEND_CORS_ORIGINS=["https://a.example","https://b.example"]`,
		"SENTRY_DSN=https://s3cr3t@sentry.example.com/1", "TRUSTED_PROXIES=10.0.0.0/8", "ADMIN_HOSTS=backend,worker", "MAX_REQUESTS=200",
		"SYNC_DIR=/data/sync", // newproject:companies
	), t.TempDir(), forServe)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, c.Print(&out))
	assert.Equal(t, `ENVIRONMENT=production
PROJECT_NAME="Edge Value"
DOMAIN=value.example.com
SERVER_HOST=https://value.example.com
LISTEN_ADDR=:8080
ADMIN_ADDR=127.0.0.1:8081
ADMIN_HOSTS=backend,worker
ADMIN_PPROF=false
MAX_REQUESTS=200
MAX_REQUESTS_PER_CLIENT=100
RATE_LIMIT_PER_MINUTE=600
RATE_LIMIT_SITE_PER_MINUTE=3000
CACHE_SIZE=64MiB
TRUSTED_PROXIES=10.0.0.0/8
BACKEND_CORS_ORIGINS=https://a.example,https://b.example
SHUTDOWN_DELAY=0s
SHUTDOWN_TIMEOUT=20s
WORKER_CONCURRENCY=4
LOG_LEVEL=INFO
LOG_FORMAT=auto
LOG_SQL=false
SENTRY_DSN=******
`+
		printedData+ // newproject:companies
		`SECRET_KEY=******
FIRST_SUPERUSER=root@example.com
FIRST_SUPERUSER_PASSWORD=******
USERS_OPEN_REGISTRATION=false
ACCESS_TOKEN_EXPIRE_MINUTES=60
REFRESH_TOKEN_EXPIRE_DAYS=30
REQUIRE_SUPERUSER_2FA=false
EMAIL_RESET_TOKEN_EXPIRE_HOURS=48
AUDIT_RETENTION_DAYS=400
SMTP_HOST=mail
SMTP_PORT=587
SMTP_TLS=true
SMTP_USER=u
SMTP_PASSWORD=******
EMAILS_FROM_EMAIL=a@example.com
EMAILS_FROM_NAME="Edge Value"
DATABASE_URL=postgres://edge:******@db:5433/value?sslmode=disable
POSTGRES_SERVER=
POSTGRES_PORT=5432
POSTGRES_USER=
POSTGRES_PASSWORD=
POSTGRES_DB=
DATABASE_DIRECT_URL=postgres://edge:******@direct/value
DATABASE_READ_URL=postgres://edge:******@a,b/value
`, out.String())
}

func TestMaskURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                     "",
		"postgres://u@db/d":                    "postgres://u@db/d",
		"postgres://u:s3cr3t@db/d":             "postgres://u:******@db/d",
		"postgres://db/d?password=s3cr3t&a=b":  "postgres://db/d?a=b&password=******",
		"postgres://db/d?sslpassword=s3cr3t":   "postgres://db/d?sslpassword=******",
		"host=db password=s3cr3t":              "******",
		"postgres://u:s3cr3t%zz@db/d":          "******",
		"postgres:///d?host=/run&user=u":       "******",
		"postgres://u:s3cr3t@db/d?sslmode=off": "postgres://u:******@db/d?sslmode=off",
	} {
		assert.Equal(t, want, maskURL(in), in)
	}
}

func TestSecretNeverShown(t *testing.T) {
	t.Parallel()
	c := Config{SecretKey: "s3cr3t", DatabaseURL: "postgres://u:s3cr3t@db/d"}
	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, format, c)
		fmt.Fprintf(&out, format, &c)
		fmt.Fprintf(&out, format, c.SecretKey)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "config", c, "key", c.SecretKey)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "config", c, "key", c.SecretKey)
	require.NoError(t, json.NewEncoder(&out).Encode(c))
	assert.NotContains(t, out.String(), "s3cr3t")
	assert.NotContains(t, out.String(), fmt.Sprintf("%x", "s3cr3t"))
	assert.Contains(t, out.String(), `"SecretKey":"******"`)
}

// .env.example is where people look for what can be set.
func TestEnvExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../../.env.example")
	require.NoError(t, err)
	explained, err := godotenv.UnmarshalBytes(example)
	require.NoError(t, err)
	for field := range fields(&Config{}) {
		assert.Contains(t, explained, variable(field))
	}
	reference := regexp.MustCompile(`\$\{([A-Z_]+)`)
	for _, name := range []string{"compose.yaml", "compose.override.yaml", "compose.swarm.yaml"} {
		text, err := os.ReadFile("../../compose/" + name)
		require.NoError(t, err)
		for _, m := range reference.FindAllStringSubmatch(string(text), -1) {
			assert.Contains(t, explained, m[1], name)
		}
	}
}
