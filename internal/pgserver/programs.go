package pgserver

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/go-faster/errors"
)

const (
	oldestMajor    = 15
	newestDownload = 18
)

// downloads are the versions that embedded-postgres can fetch, by major version.
var downloads = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15, 16: embeddedpostgres.V16, 17: embeddedpostgres.V17, 18: embeddedpostgres.V18,
}

// serverPrograms returns the directory of a server's programs: of the major version want, or of any supported one if
// want is 0, on the machine or else downloaded.
func serverPrograms(ctx context.Context, who *account, want int, cfg Config, log *slog.Logger) (string, error) {
	places := cfg.places
	if places == nil {
		places = installed("postgres")
	}
	for _, dir := range places {
		if major := serverVersion(ctx, who, dir); major >= oldestMajor && (want == 0 || want == major) {
			return dir, nil
		}
	}
	dir, err := download(ctx, who, cmp.Or(want, newestDownload), cfg, log)
	if err == nil {
		return dir, nil
	}
	version := "15 or newer"
	if want != 0 {
		version = strconv.Itoa(want) + ", which made the data directory,"
	}
	return "", errors.Wrapf(err, "PostgreSQL %s is not on this machine and could not be downloaded; install it"+
		" (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server postgresql-contrib;"+
		" Alpine: apk add postgresql postgresql-contrib; macOS: brew install postgresql@17)"+
		" or set DATABASE_URL to a server that you run", version)
}

// Client returns the path of a client program, such as pg_dump, for a server of a major version: one of that version,
// else the oldest newer one on this machine.
func Client(ctx context.Context, name string, server int) (string, error) {
	best, path := 0, ""
	for _, dir := range installed(name) {
		candidate := filepath.Join(dir, name)
		if major := programVersion(ctx, nil, candidate); major >= server && (best == 0 || major < best) {
			best, path = major, candidate
		}
	}
	if best > 0 {
		return path, nil
	}
	return "", errors.Errorf("%s %d or newer is not on this machine; install PostgreSQL's client programs (Debian,"+
		" Ubuntu: apt-get install postgresql-client; Fedora: dnf install postgresql; Alpine: apk add postgresql-client;"+
		" macOS: brew install libpq)", name, server)
}

// installed lists where a program may be, best first.
func installed(program string) []string {
	var dirs []string
	if path, err := exec.LookPath(program); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	var versioned []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, _ := filepath.Glob(pattern)
		versioned = append(versioned, found...)
	}
	slices.SortStableFunc(versioned, func(a, b string) int { return cmp.Compare(lastNumber(b), lastNumber(a)) })
	return append(append(dirs, versioned...), "/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/libpq/bin", "/usr/local/opt/libpq/bin")
}

func lastNumber(path string) (n int) {
	if m := regexp.MustCompile(`(\d+)\D*$`).FindStringSubmatch(path); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return n
}

// serverVersion is the major version of the server in dir, or 0 where one of the programs that we use is missing.
func serverVersion(ctx context.Context, who *account, dir string) int {
	for _, name := range []string{"initdb", "pg_ctl"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return 0
		}
	}
	return programVersion(ctx, who, filepath.Join(dir, "postgres"))
}

var versionLine = regexp.MustCompile(`^\w+ \(PostgreSQL\) (\d+)`)

// programVersion is the major version that a program of PostgreSQL prints, or 0.
func programVersion(ctx context.Context, who *account, path string) (major int) {
	out, _ := who.command(ctx, "/", path, "--version").Output()
	if m := versionLine.FindSubmatch(out); m != nil {
		major, _ = strconv.Atoi(string(m[1]))
	}
	return major
}

// download fetches a server's programs once into the cache directory and returns theirs.
func download(ctx context.Context, who *account, major int, cfg Config, log *slog.Logger) (string, error) {
	version, ok := downloads[major]
	if !ok {
		return "", errors.Errorf("there is no download of PostgreSQL %d", major)
	}
	cache := cfg.cache
	if cache == "" && who != nil {
		cache = "/var/cache/edgevalue"
	} else if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", errors.Wrap(err, "find the cache directory")
		}
		cache = filepath.Join(dir, "edgevalue")
	}
	final := filepath.Join(cache, "postgres-"+string(version))
	if bin := filepath.Join(final, "bin"); serverVersion(ctx, who, bin) == major {
		return bin, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", errors.Wrap(err, "make the cache directory")
	}
	tmp, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return "", errors.Wrap(err, "make the cache directory")
	}
	begin := time.Now().Add(-time.Second) // file times are coarse
	defer func() {
		_ = os.RemoveAll(tmp)
		logs, _ := filepath.Glob(filepath.Join(os.TempDir(), "embedded_postgres_log*")) // the library forgets its own
		for _, name := range logs {
			if info, err := os.Stat(name); err == nil && info.Size() == 0 && info.ModTime().After(begin) {
				_ = os.Remove(name)
			}
		}
	}()

	log.InfoContext(ctx, "downloading PostgreSQL", "version", version, "to", final)
	unpacked := filepath.Join(tmp, "postgres")
	// The library fetches and unpacks only within Start. Its next step is to empty the data directory: one that cannot
	// be ends Start there.
	fetch := embeddedpostgres.DefaultConfig().Version(version).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(tmp, "archive")).BinariesPath(unpacked).
		RuntimePath(filepath.Join(tmp, "run")).DataPath(os.DevNull + "/data")
	if cfg.mirror != "" {
		fetch = fetch.BinaryRepositoryURL(cfg.mirror)
	}
	fetched := make(chan error, 1)
	go func() { fetched <- embeddedpostgres.NewDatabase(fetch).Start() }()
	select {
	case err = <-fetched:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if _, missing := os.Stat(filepath.Join(unpacked, "bin", "postgres")); missing != nil || ctx.Err() != nil {
		return "", errors.Wrap(err, "download PostgreSQL")
	}
	_ = os.RemoveAll(final)
	if err := errors.Join(os.Chmod(unpacked, 0o755), os.Rename(unpacked, final)); err != nil {
		return "", errors.Wrap(err, "unpack PostgreSQL")
	}
	if serverVersion(ctx, who, filepath.Join(final, "bin")) != major {
		return "", errors.New("the downloaded PostgreSQL does not run")
	}
	return filepath.Join(final, "bin"), nil
}
