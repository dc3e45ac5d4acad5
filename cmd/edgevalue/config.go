package main

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caarlos0/env/v11"
	"github.com/getsentry/sentry-go"
	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/joho/godotenv"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// Config is the whole configuration, from the environment variables that the tags name. An empty variable counts as
// unset. A Secret can also come from a file, whose path is in the variable NAME_FILE.
type Config struct {
	// Environment is production by default, and local for dev and for the tools that find dev's database.
	Environment Environment `env:"ENVIRONMENT"`
	ProjectName string      `env:"PROJECT_NAME" envDefault:"EdgeValue"`
	Domain      string      `env:"DOMAIN" envDefault:"localhost"`
	// ServerHost is the public base URL, without a trailing slash: by default https:// and the domain; in local,
	// http://localhost and the port of ListenAddr.
	ServerHost string `env:"SERVER_HOST"`

	// ListenAddr is :8080 by default, for dev 127.0.0.1:8080.
	ListenAddr string `env:"LISTEN_ADDR"`
	// AdminAddr serves metrics and profiles, which are not for the public.
	AdminAddr string `env:"ADMIN_ADDR" envDefault:"127.0.0.1:8081"`
	// AdminHosts are the names by which AdminAddr may be asked, beside localhost and IP addresses.
	AdminHosts names `env:"ADMIN_HOSTS"`
	// AdminPprof serves profiles at AdminAddr; dev does by default.
	AdminPprof bool `env:"ADMIN_PPROF"`
	// MaxRequests is how many requests are served at a time; by default 128 for each processor.
	MaxRequests int `env:"MAX_REQUESTS"`
	// MaxRequestsPerClient is how many of them one client's network has: half by default.
	MaxRequestsPerClient int `env:"MAX_REQUESTS_PER_CLIENT"`
	// RateLimit is how many requests a minute a client or API key has, RateLimitSite all clients of a /24 or /48. 0 is
	// no limit.
	RateLimit     int `env:"RATE_LIMIT_PER_MINUTE" envDefault:"600"`
	RateLimitSite int `env:"RATE_LIMIT_SITE_PER_MINUTE" envDefault:"3000"`
	// CacheSize is how many bytes of answers one server keeps. 0 is no cache.
	CacheSize byteSize `env:"CACHE_SIZE" envDefault:"64MiB"`
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies prefixes `env:"TRUSTED_PROXIES"`
	// CORSOrigins are those whose pages may call the API; by default none, and in local mode those of this machine.
	CORSOrigins origins `env:"BACKEND_CORS_ORIGINS"`
	// ShutdownDelay is how long a server that was told to stop keeps serving while its probes fail, so that load
	// balancers stop sending requests.
	ShutdownDelay time.Duration `env:"SHUTDOWN_DELAY" envDefault:"0s"`
	// ShutdownTimeout is how long requests and jobs then have to finish.
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"20s"`
	// WorkerConcurrency is how many jobs one process runs at a time.
	WorkerConcurrency int        `env:"WORKER_CONCURRENCY" envDefault:"4"`
	LogLevel          slog.Level `env:"LOG_LEVEL" envDefault:"INFO"`
	LogFormat         logFormat  `env:"LOG_FORMAT" envDefault:"auto"`
	// LogSQL logs each statement with its name, without the text of its arguments.
	LogSQL    bool   `env:"LOG_SQL" envDefault:"false"`
	SentryDSN Secret `env:"SENTRY_DSN"`

	DataConfig // newproject:companies

	// SecretKey signs access tokens. In local, dev generates and keeps one.
	SecretKey Secret `env:"SECRET_KEY"`
	// FirstSuperuser is the email of the account to create when there is none; in local, admin@example.com by default.
	FirstSuperuser string `env:"FIRST_SUPERUSER"`
	// FirstPassword may be empty: dev then generates one, and migrate creates no superuser. Nothing else needs it.
	FirstPassword      Secret `env:"FIRST_SUPERUSER_PASSWORD"`
	OpenRegistration   bool   `env:"USERS_OPEN_REGISTRATION" envDefault:"false"`
	AccessTokenMinutes int    `env:"ACCESS_TOKEN_EXPIRE_MINUTES" envDefault:"60"`
	// RefreshTokenDays is after how many days without use a login ends.
	RefreshTokenDays int `env:"REFRESH_TOKEN_EXPIRE_DAYS" envDefault:"30"`
	// RequireSuperuser2FA keeps a superuser's rights from those who have no second factor.
	RequireSuperuser2FA bool `env:"REQUIRE_SUPERUSER_2FA" envDefault:"false"`
	ResetTokenHours     int  `env:"EMAIL_RESET_TOKEN_EXPIRE_HOURS" envDefault:"48"`
	// AuditRetentionDays is how long the audit trail is kept.
	AuditRetentionDays int `env:"AUDIT_RETENTION_DAYS" envDefault:"400"`

	// SMTPHost is empty when no email is to be sent.
	SMTPHost     string `env:"SMTP_HOST"`
	SMTPPort     uint16 `env:"SMTP_PORT" envDefault:"587"`
	SMTPTLS      bool   `env:"SMTP_TLS" envDefault:"true"`
	SMTPUser     string `env:"SMTP_USER"`
	SMTPPassword Secret `env:"SMTP_PASSWORD"`
	FromEmail    string `env:"EMAILS_FROM_EMAIL"`
	// FromName is the project's name by default.
	FromName string `env:"EMAILS_FROM_NAME"`

	// The database: one URL or the five parts. Both may be set if they agree. In local, dev and the tools use the parts
	// only when the server is among them.
	DatabaseURL Secret `env:"DATABASE_URL"`
	// PostgresServer is a host, or the directory of a socket.
	PostgresServer   string `env:"POSTGRES_SERVER"`
	PostgresPort     uint16 `env:"POSTGRES_PORT" envDefault:"5432"`
	PostgresUser     string `env:"POSTGRES_USER"`
	PostgresPassword Secret `env:"POSTGRES_PASSWORD"`
	PostgresDB       string `env:"POSTGRES_DB"`
	// DatabaseDirectURL is the database's own address where the one above is that of a pooler, such as PgBouncer, that gives a
	// connection to each transaction: for what needs a connection of its own.
	DatabaseDirectURL Secret `env:"DATABASE_DIRECT_URL"`
	// DatabaseReadURL is the address of streaming replicas of the database, for reads; it may have several hosts.
	DatabaseReadURL Secret `env:"DATABASE_READ_URL"`
}

// purpose is what the configuration is loaded for.
type purpose int

const (
	forTool  purpose = iota // a command that neither serves nor runs jobs, and so needs no secret key
	forServe                // serve and worker
	forDev                  // dev: local only, on loopback, with the file .env and a secret key of its own
)

const (
	secretKeyFile   = ".edgevalue/secret_key"
	minSecretKey    = 32 // bytes, as many as the signing key has
	masked          = "******"
	maxTokenMinutes = 365 * 24 * 60
	maxResetHours   = 30 * 24
	maxAuditDays    = 10_000
)

var placeholders = []string{"changethis", "changeit", "changeme", "placeholder"}

// loadConfig reads the environment, "NAME=value" each, and checks it as a whole. dir is the project's directory, which
// has .env and .edgevalue. The error is a configError; what could be read is returned with it.
func loadConfig(environ []string, dir string, p purpose) (Config, error) {
	var (
		c        Config
		mistakes configError
		vars     = env.ToMap(environ)
	)
	maps.DeleteFunc(vars, func(_, value string) bool { return value == "" })
	if p != forServe { // the other commands find what dev was told
		mistakes.add(".env", readDotEnv(filepath.Join(dir, ".env"), vars))
	}
	mistakes.readSecretFiles(vars)
	mistakes.parse(&c, vars)

	c.setDefaults(vars, p)
	if c.SecretKey == "" && c.Environment == local && vars["SECRET_KEY_FILE"] == "" {
		var err error
		c.SecretKey, err = localSecretKey(filepath.Join(dir, secretKeyFile), p == forDev)
		mistakes.add("SECRET_KEY", err)
	}
	mistakes.check(c, vars, p)
	if len(mistakes) > 0 {
		slices.Sort(mistakes)
		return c, slices.Compact(mistakes)
	}
	return c, nil
}

func (c *Config) setDefaults(vars map[string]string, p purpose) {
	listen, host := ":8080", "https://"+c.Domain
	environment := production
	if p == forDev {
		listen = "127.0.0.1:8080"
	}
	if p == forDev || p == forTool && c.DSN() == "" {
		environment = local
	}
	c.Environment = cmp.Or(c.Environment, environment)
	c.ListenAddr = cmp.Or(c.ListenAddr, listen)
	if c.Environment == local {
		_, port, _ := net.SplitHostPort(c.ListenAddr)
		host = "http://localhost:" + port
		c.FirstSuperuser = cmp.Or(c.FirstSuperuser, "admin@example.com")
		if vars["BACKEND_CORS_ORIGINS"] == "" {
			c.CORSOrigins = slices.Clone(localOrigins)
		}
	}
	c.ServerHost = strings.TrimRight(cmp.Or(c.ServerHost, host), "/")
	c.FromName = cmp.Or(c.FromName, c.ProjectName)
	c.MaxRequests = cmp.Or(c.MaxRequests, api.DefaultInFlight(runtime.GOMAXPROCS(0)))
	c.MaxRequestsPerClient = cmp.Or(c.MaxRequestsPerClient, max(1, c.MaxRequests/2))
	if vars["ADMIN_PPROF"] == "" {
		c.AdminPprof = p == forDev
	}
	c.setDataDefaults(p) // newproject:companies
}

// DSN returns the URL of the configured database, with its password, or "" when none is configured.
func (c Config) DSN() string {
	if c.DatabaseURL != "" || c.PostgresServer == "" {
		return string(c.DatabaseURL)
	}
	u := url.URL{Scheme: "postgres", User: url.User(c.PostgresUser), Path: "/" + c.PostgresDB}
	if c.PostgresPassword != "" {
		u.User = url.UserPassword(c.PostgresUser, string(c.PostgresPassword))
	}
	port := strconv.Itoa(int(c.PostgresPort))
	if strings.HasPrefix(c.PostgresServer, "/") {
		u.RawQuery = url.Values{"host": {c.PostgresServer}, "port": {port}}.Encode()
	} else {
		u.Host = net.JoinHostPort(strings.Trim(c.PostgresServer, "[]"), port)
	}
	return u.String()
}

// DirectDSN is DSN for what needs a connection of its own, and not one for each transaction.
func (c Config) DirectDSN() string {
	if dsn := c.DSN(); dsn == "" || c.DatabaseDirectURL == "" {
		return dsn
	}
	return string(c.DatabaseDirectURL)
}

// HTTPS reports whether the public address is encrypted.
func (c Config) HTTPS() bool { return strings.HasPrefix(c.ServerHost, "https://") }

// RefreshTokenLife is how long a login lasts without use.
func (c Config) RefreshTokenLife() time.Duration {
	return time.Duration(c.RefreshTokenDays) * 24 * time.Hour
}

// AccessTokenLife is how long an access token lasts.
func (c Config) AccessTokenLife() time.Duration {
	return time.Duration(c.AccessTokenMinutes) * time.Minute
}

// ResetTokenLife is how long the link in a password email works.
func (c Config) ResetTokenLife() time.Duration { return time.Duration(c.ResetTokenHours) * time.Hour }

// Print writes every variable and its effective value as a line of a .env file, with secrets masked.
func (c Config) Print(w io.Writer) error {
	for field, value := range fields(&c) {
		text := fmt.Sprint(value.Interface())
		if s, ok := value.Interface().(Secret); ok && strings.HasPrefix(variable(field), "DATABASE_") {
			text = maskURL(string(s))
		}
		if strings.ContainsAny(text, " \t#\"'`$\\\n") {
			text = strconv.Quote(text)
		}
		if _, err := fmt.Fprintf(w, "%s=%s\n", variable(field), text); err != nil {
			return errors.Wrap(err, "print configuration")
		}
	}
	return nil
}

// maskURL masks the passwords in a URL, and the whole of what is not one.
func maskURL(s string) string {
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme == "" || u.Host == "") {
		return masked
	} else if s == "" {
		return ""
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(name, "pass") {
			q.Set(name, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return strings.ReplaceAll(u.Redacted(), "xxxxx", masked)
}

// Secret is a string that no log, error or format verb shows. string(s) is its value.
type Secret string

// Format covers every verb, unlike String, which %d and %#v do not call.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write(s.mask()) }

// MarshalText is for JSON and for slog's handlers.
func (s Secret) MarshalText() ([]byte, error) { return s.mask(), nil }

func (s Secret) mask() []byte {
	if s == "" {
		return nil
	}
	return []byte(masked)
}

// Environment is the kind of installation.
type Environment string

const (
	local      Environment = "local"
	staging    Environment = "staging"
	production Environment = "production"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Environment) UnmarshalText(b []byte) error {
	if err := oneOf(Environment(b), local, staging, production); err != nil {
		return err
	}
	*e = Environment(b)
	return nil
}

type logFormat string

func (f *logFormat) UnmarshalText(b []byte) error {
	*f = logFormat(b)
	return oneOf(*f, "auto", "json", "text")
}

func oneOf[T ~string](value T, allowed ...T) error {
	if !slices.Contains(allowed, value) {
		return errors.Errorf("is %q, not one of %q", value, allowed)
	}
	return nil
}

// byteSize is a number of bytes, also as KiB, MiB or GiB.
type byteSize uint64

var byteUnits = []struct {
	name  string
	bytes byteSize
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

func (b *byteSize) UnmarshalText(text []byte) error {
	number, unit := string(text), byteSize(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 33)
	if err != nil {
		return errors.Errorf("%q is not a number of bytes such as 64MiB", text)
	}
	*b = byteSize(n) * unit
	return nil
}

func (b byteSize) String() string {
	for _, u := range byteUnits {
		if b > 0 && b%u.bytes == 0 {
			return strconv.FormatUint(uint64(b/u.bytes), 10) + u.name
		}
	}
	return "0"
}

// prefixes are networks in CIDR notation, or single addresses, separated by commas.
type prefixes []netip.Prefix

func (p *prefixes) UnmarshalText(b []byte) error {
	*p = nil
	for s := range strings.SplitSeq(string(b), ",") {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		if a, err := netip.ParseAddr(s); err == nil {
			*p = append(*p, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(s)
		if err != nil {
			return errors.Errorf("%q is neither an IP address nor a network such as 10.0.0.0/8", s)
		}
		*p = append(*p, n.Masked())
	}
	return nil
}

func (p prefixes) String() string {
	s := make([]string, len(p))
	for i, n := range p {
		s[i] = n.String()
	}
	return strings.Join(s, ",")
}

// names are host names without a port, separated by commas.
type names []string

func (n *names) UnmarshalText(b []byte) error {
	*n = nil
	for s := range strings.SplitSeq(string(b), ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if u, err := url.Parse("//" + s); err != nil || u.Hostname() != s {
			return errors.Errorf("%q is not a host name without a port", s)
		}
		*n = append(*n, s)
	}
	return nil
}

func (n names) String() string { return strings.Join(n, ",") }

// origins are of the form scheme://host[:port], or the single "*" for all.
type origins []string

// localOrigins are those of the development servers of frontends, which listen on this machine at any port.
var localOrigins = origins{"http://localhost", "http://localhost:*", "http://127.0.0.1", "http://127.0.0.1:*", "http://[::1]", "http://[::1]:*"}

func (o *origins) UnmarshalText(b []byte) error {
	var list []string
	if text := strings.TrimSpace(string(b)); strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return errors.Wrap(err, "is not a JSON list of strings")
		}
	} else {
		list = strings.Split(text, ",")
	}
	*o = nil
	for _, s := range list {
		s = strings.TrimRight(strings.TrimSpace(s), "/")
		if s == "" {
			continue
		}
		if s != "*" {
			if err := checkBaseURL(strings.TrimSuffix(s, ":*")); err != nil {
				return err
			}
		}
		*o = append(*o, strings.ToLower(s))
	}
	return nil
}

func (o origins) String() string { return strings.Join(o, ",") }

// readDotEnv adds the variables of a file that are not set yet. A variable that is set also hides its NAME_FILE, and vice
// versa. A missing file is not an error.
func readDotEnv(path string, vars map[string]string) error {
	file, err := godotenv.Read(path)
	var unread *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.As(err, &unread):
		return unread
	case err != nil:
		return errors.New("is not a file of NAME=value lines") // godotenv's text quotes the file, with its secrets
	}
	set := maps.Clone(vars)
	for name, value := range file {
		_, same := set[name]
		_, inFile := set[name+"_FILE"]
		_, direct := set[strings.TrimSuffix(name, "_FILE")]
		if !same && !inFile && !direct && value != "" {
			vars[name] = value
		}
	}
	return nil
}

// localSecretKey reads the key and, if create allows it, creates a missing one.
func localSecretKey(path string, create bool) (Secret, error) {
	b, err := os.ReadFile(path)
	if absent := errors.Is(err, fs.ErrNotExist); err == nil || absent && !create {
		return Secret(strings.TrimSpace(string(b))), nil
	} else if !absent {
		return "", errors.Wrap(err, "read the generated one")
	}
	key := rand.Text() + rand.Text()
	if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
		err = os.WriteFile(path, []byte(key+"\n"), 0o600)
	}
	if err != nil {
		return "", errors.Wrap(err, "keep a generated one")
	}
	return Secret(key), nil
}

// configError lists every mistake in a configuration, each beginning with its variable.
type configError []string

func (e configError) Error() string {
	return "the configuration has mistakes:\n  " + strings.Join(e, "\n  ")
}

// add adds an error, if there is one; it must not show a secret.
func (e *configError) add(variable string, err error) {
	if err != nil {
		*e = append(*e, variable+": "+err.Error())
	}
}

func (e *configError) addf(variable, format string, args ...any) {
	*e = append(*e, variable+": "+fmt.Sprintf(format, args...))
}

// addIf adds a mistake if wrong holds.
func (e *configError) addIf(wrong bool, variable, format string, args ...any) {
	if wrong {
		e.addf(variable, format, args...)
	}
}

// readSecretFiles sets NAME from each NAME_FILE of a secret.
func (e *configError) readSecretFiles(vars map[string]string) {
	for field, value := range fields(&Config{}) {
		name := variable(field)
		path := vars[name+"_FILE"]
		if _, ok := value.Interface().(Secret); !ok || path == "" {
			continue
		}
		if vars[name] != "" {
			e.addf(name+"_FILE", "is set together with %s; choose one", name)
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			e.add(name+"_FILE", err)
			continue
		}
		if vars[name] = strings.TrimRight(string(b), "\r\n"); vars[name] == "" {
			e.addf(name+"_FILE", "%s is empty", path)
		}
	}
}

// parse leaves the default where a value is invalid.
func (e *configError) parse(c *Config, vars map[string]string) {
	var all env.AggregateError
	if err := env.ParseWithOptions(c, env.Options{Environment: vars}); !errors.As(err, &all) {
		return
	}
	for _, err := range all.Errors {
		var p env.ParseError
		if !errors.As(err, &p) {
			panic(err) // a wrong tag
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(p.Name)
		name := variable(field)
		switch field.Type.Kind() {
		case reflect.Bool:
			e.addf(name, "is %q, neither true nor false", vars[name])
		case reflect.Uint16:
			e.addf(name, "is %q, not a port", vars[name])
		case reflect.Int:
			e.addf(name, "is %q, not a whole number", vars[name])
		default:
			e.add(name, p.Err)
		}
		delete(vars, name)
	}
	env.Must(c, env.ParseWithOptions(c, env.Options{Environment: vars})) // panics at a wrong default
}

// check finds what is wrong with the values that could be parsed, individually and together.
func (e *configError) check(c Config, vars map[string]string, p purpose) {
	e.checkServer(c, vars)
	e.checkAccounts(c, p)
	e.checkMail(c)
	e.checkDatabase(c, vars, p)
	e.checkData(c) // newproject:companies

	e.addIf(p == forDev && c.Environment != local, "ENVIRONMENT", "is %q; dev is for local, use serve and worker", c.Environment)
	for field, value := range fields(&c) {
		if s, ok := value.Interface().(Secret); ok && isPlaceholder(s) {
			e.addf(variable(field), "is a placeholder, known to everybody")
		}
	}
}

// isPlaceholder finds the values that examples have where a secret belongs, such as "changethis" and "Change-Me".
func isPlaceholder(s Secret) bool {
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.!", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, string(s))
	return slices.Contains(placeholders, letters)
}

func (e *configError) checkServer(c Config, vars map[string]string) {
	if vars["SERVER_HOST"] != "" {
		e.add("SERVER_HOST", checkBaseURL(c.ServerHost))
	}
	if u, err := url.Parse("//" + c.Domain); err != nil || u.Hostname() == "" || u.Host != c.Domain {
		e.addf("DOMAIN", "%q is not a host name", c.Domain)
	}
	e.add("LISTEN_ADDR", checkAddr(c.ListenAddr))
	e.add("ADMIN_ADDR", checkAddr(c.AdminAddr))
	if _, port, _ := net.SplitHostPort(c.AdminAddr); c.ListenAddr == c.AdminAddr && port != "0" {
		e.addf("ADMIN_ADDR", "is the same as LISTEN_ADDR")
	}
	if len(c.CORSOrigins) > 1 && slices.Contains(c.CORSOrigins, "*") {
		e.addf("BACKEND_CORS_ORIGINS", `has "*" alongside other origins`)
	}
	e.addIf(c.ShutdownDelay < 0, "SHUTDOWN_DELAY", "is less than 0s")
	e.addIf(c.ShutdownTimeout <= 0, "SHUTDOWN_TIMEOUT", "must be more than 0s")
	e.between("WORKER_CONCURRENCY", c.WorkerConcurrency, 1, 1000)
	e.between("MAX_REQUESTS", c.MaxRequests, 1, 100_000)
	e.between("MAX_REQUESTS_PER_CLIENT", c.MaxRequestsPerClient, 1, max(1, c.MaxRequests))
	e.between("RATE_LIMIT_PER_MINUTE", c.RateLimit, 0, 1_000_000)
	e.between("RATE_LIMIT_SITE_PER_MINUTE", c.RateLimitSite, 0, 1_000_000)
	if c.SentryDSN != "" && !isPlaceholder(c.SentryDSN) {
		if _, err := sentry.NewDsn(string(c.SentryDSN)); err != nil {
			e.addf("SENTRY_DSN", "is not a Sentry DSN, such as https://key@host/project")
		}
	}
}

func (e *configError) checkAccounts(c Config, p purpose) {
	e.between("ACCESS_TOKEN_EXPIRE_MINUTES", c.AccessTokenMinutes, 1, maxTokenMinutes)
	if last := int(app.SessionLife / (24 * time.Hour)); c.RefreshTokenDays < 1 || c.RefreshTokenDays > last {
		e.addf("REFRESH_TOKEN_EXPIRE_DAYS", "is %d, not from 1 to %d", c.RefreshTokenDays, last)
	}
	e.between("EMAIL_RESET_TOKEN_EXPIRE_HOURS", c.ResetTokenHours, 1, maxResetHours)
	e.between("AUDIT_RETENTION_DAYS", c.AuditRetentionDays, 7, maxAuditDays)
	if c.FirstSuperuser != "" {
		e.add("FIRST_SUPERUSER", checkEmail(c.FirstSuperuser))
	}
	if c.FirstPassword != "" && !isPlaceholder(c.FirstPassword) {
		e.add("FIRST_SUPERUSER_PASSWORD", auth.CheckPassword(string(c.FirstPassword), c.FirstSuperuser, c.ProjectName))
	}
	e.addIf(c.SecretKey == "" && p == forServe, "SECRET_KEY", "is missing (openssl rand -base64 32 generates one)")
	e.addIf(c.FirstPassword != "" && c.FirstSuperuser == "", "FIRST_SUPERUSER", "is missing")
	if n := len(c.SecretKey); n > 0 && n < minSecretKey && !isPlaceholder(c.SecretKey) {
		e.addf("SECRET_KEY", "has %d bytes, fewer than %d (openssl rand -base64 32 generates one)", n, minSecretKey)
	}
}

func (e *configError) checkMail(c Config) {
	if c.FromEmail != "" {
		e.add("EMAILS_FROM_EMAIL", checkEmail(c.FromEmail))
	}
	e.addIf(strings.ContainsAny(c.FromName, "\r\n"), "EMAILS_FROM_NAME", "has more than one line")
	e.addIf(c.SMTPPort == 0, "SMTP_PORT", "is 0")
	if c.SMTPHost != "" {
		e.require("EMAILS_FROM_EMAIL", c.FromEmail)
	} else if c.SMTPUser != "" || c.SMTPPassword != "" {
		e.addf("SMTP_HOST", "is missing, but SMTP_USER or SMTP_PASSWORD is set")
	}
	if c.SMTPUser != "" {
		e.require("SMTP_PASSWORD", string(c.SMTPPassword))
	} else if c.SMTPPassword != "" {
		e.require("SMTP_USER", c.SMTPUser)
	}
}

func (e *configError) checkDatabase(c Config, vars map[string]string, p purpose) {
	e.addIf(c.PostgresPort == 0, "POSTGRES_PORT", "is 0")
	e.database("DATABASE_DIRECT_URL", c.DatabaseDirectURL)
	e.database("DATABASE_READ_URL", c.DatabaseReadURL)
	// A stack's .env has the other parts, for its containers.
	noParts := c.PostgresServer == "" && p != forServe && (c.Environment == local || vars["ENVIRONMENT"] == "")
	if c.DatabaseURL == "" {
		parts := c.PostgresServer + c.PostgresUser + string(c.PostgresPassword) + c.PostgresDB
		if noParts || parts == "" && c.Environment == local {
			return
		} else if parts == "" {
			e.addf("DATABASE_URL", "is missing, and so is POSTGRES_SERVER")
			return
		}
		e.require("POSTGRES_SERVER", c.PostgresServer)
		e.require("POSTGRES_USER", c.PostgresUser)
		e.require("POSTGRES_DB", c.PostgresDB)
		e.addIf(c.Environment != local && c.PostgresPassword == "", "POSTGRES_PASSWORD", "is missing")
		return
	}
	d := e.database("DATABASE_URL", c.DatabaseURL)
	if d == nil || noParts {
		return
	}
	for _, part := range []struct{ name, inURL string }{
		{"POSTGRES_SERVER", d.Host},
		{"POSTGRES_PORT", strconv.Itoa(int(d.Port))},
		{"POSTGRES_USER", d.User},
		{"POSTGRES_PASSWORD", d.Password},
		{"POSTGRES_DB", d.Database},
	} {
		if v := vars[part.name]; v != "" && v != part.inURL {
			e.addf(part.name, "differs from DATABASE_URL; leave one of them out")
		}
	}
}

// database parses the address of a database. It returns nil when there is none, or a mistake in it.
func (e *configError) database(variable string, address Secret) *pgconn.Config {
	if address == "" || isPlaceholder(address) {
		return nil
	}
	const form = "is not a URL such as postgres://user:password@host:5432/database"
	dsn := string(address)
	isURL := strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
	if _, err := url.Parse(dsn); isURL && err != nil {
		e.addf(variable, form)
		return nil
	}
	d, err := pgconn.ParseConfig(dsn)
	if cause := errors.Unwrap(err); isURL && cause != nil {
		e.add(variable, cause) // of one parameter; the outer text and those of other forms can show the password
		return nil
	} else if err != nil {
		e.addf(variable, form)
		return nil
	}
	e.addIf(isPlaceholder(Secret(d.Password)), variable, "has a placeholder as its password")
	return d
}

func (e *configError) require(variable, value string) {
	e.addIf(value == "", variable, "is missing")
}

func (e *configError) between(variable string, n, low, high int) {
	e.addIf(n < low || n > high, variable, "is %d, not from %d to %d", n, low, high)
}

func checkEmail(s string) error {
	if _, err := app.Email(s); err != nil {
		return errors.Errorf("%q is not an email address", s)
	}
	return nil
}

func checkBaseURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		checkPort(cmp.Or(u.Port(), "0")) != nil {
		return errors.Errorf("%q is not a URL such as https://example.com", maskURL(s))
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.Errorf("%q has more than scheme, host and port", maskURL(s))
	}
	return nil
}

// checkAddr checks an address to listen on.
func checkAddr(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return errors.Errorf("%q is not an address such as 127.0.0.1:8080 or :8080", s)
	}
	return checkPort(port)
}

func checkPort(s string) error {
	if _, err := strconv.ParseUint(s, 10, 16); err != nil {
		return errors.Errorf("%q is not a port", s)
	}
	return nil
}

// fields are those of a configuration in their order, with those of structs that it embeds, and their values.
func fields(c *Config) iter.Seq2[reflect.StructField, reflect.Value] {
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
			if !f.Anonymous && !yield(f, reflect.ValueOf(c).Elem().FieldByIndex(f.Index)) {
				return
			}
		}
	}
}

func variable(f reflect.StructField) string { return f.Tag.Get("env") }
