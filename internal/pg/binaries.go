package pg

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

const oldestMajor = 15

// downloads are the versions that embedded-postgres can fetch, by major version.
var downloads = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15, 16: embeddedpostgres.V16, 17: embeddedpostgres.V17, 18: embeddedpostgres.V18,
}

const newestDownload = 18

// binaries is a directory with PostgreSQL's programs.
type binaries struct {
	dir   string
	major int
}

// findBinaries looks for programs of the major version want, or of any supported one if want is 0, on the machine and
// then on the network.
func findBinaries(ctx context.Context, who *account, want int, cfg Config, log *slog.Logger) (binaries, error) {
	for _, dir := range cfg.search() {
		if b, err := inspect(ctx, who, dir); err == nil && (want == b.major || want == 0 && b.major >= oldestMajor) {
			return b, nil
		}
	}
	b, err := download(ctx, who, cmp.Or(want, newestDownload), cfg, log)
	if err == nil {
		return b, nil
	}
	version := "15 or newer"
	if want != 0 {
		version = strconv.Itoa(want) + ", which made the data directory,"
	}
	return binaries{}, errors.Wrapf(err, "PostgreSQL %s is not on this machine and could not be downloaded; install it"+
		" (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server postgresql-contrib;"+
		" Alpine: apk add postgresql postgresql-contrib; macOS: brew install postgresql@17)"+
		" or set DATABASE_URL to a server that you run", version)
}

// installed lists where PostgreSQL's programs may be, best first.
func installed() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
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
	slices.SortStableFunc(versioned, func(a, b string) int { return cmp.Compare(pathVersion(b), pathVersion(a)) })
	return append(append(dirs, versioned...), "/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin")
}

var lastNumber = regexp.MustCompile(`(\d+)\D*$`)

func pathVersion(path string) int {
	if m := lastNumber.FindStringSubmatch(path); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

var postgresVersion = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// inspect runs dir/postgres as the account; it also needs an initdb beside it.
func inspect(ctx context.Context, who *account, dir string) (binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, errors.Wrap(err, "no initdb")
	}
	out, err := who.command(ctx, "/", filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return binaries{}, errors.Wrapf(err, "run %s/postgres", dir)
	}
	m := postgresVersion.FindSubmatch(out)
	if m == nil {
		return binaries{}, errors.Errorf("%s/postgres has no version: %q", dir, out)
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return binaries{}, errors.Wrap(err, "version")
	}
	return binaries{dir, major}, nil
}

// download fetches PostgreSQL's programs once into the cache directory.
func download(ctx context.Context, who *account, major int, cfg Config, log *slog.Logger) (binaries, error) {
	version, ok := downloads[major]
	if !ok {
		return binaries{}, errors.Errorf("there is no download of PostgreSQL %d", major)
	}
	cache, err := cfg.cacheDir(who)
	if err != nil {
		return binaries{}, err
	}
	final := filepath.Join(cache, "postgres-"+string(version))
	if b, err := inspect(ctx, who, filepath.Join(final, "bin")); err == nil {
		return b, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return binaries{}, errors.Wrap(err, "make the cache directory")
	}
	tmp, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return binaries{}, errors.Wrap(err, "make the cache directory")
	}
	begin := time.Now().Add(-time.Second) // file times are coarse
	remove := func() {
		_ = os.RemoveAll(tmp)
		logs, _ := filepath.Glob(filepath.Join(os.TempDir(), "embedded_postgres_log*")) // the library forgets its own
		for _, name := range logs {
			if info, err := os.Stat(name); err == nil && info.Size() == 0 && info.ModTime().After(begin) {
				_ = os.Remove(name)
			}
		}
	}

	log.InfoContext(ctx, "downloading PostgreSQL", "version", version, "to", final)
	// The library fetches and unpacks only within Start. Its next step is to empty the data directory: one that cannot
	// be ends Start there.
	fetch := embeddedpostgres.DefaultConfig().Version(version).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(tmp, "archive")).BinariesPath(filepath.Join(tmp, "postgres")).
		RuntimePath(filepath.Join(tmp, "run")).DataPath(os.DevNull + "/data")
	if cfg.Mirror != "" {
		fetch = fetch.BinaryRepositoryURL(strings.TrimSuffix(cfg.Mirror, "/"))
	}
	fetched := make(chan error, 1)
	go func() { fetched <- embeddedpostgres.NewDatabase(fetch).Start() }()
	select {
	case err = <-fetched:
	case <-ctx.Done():
		go func() { <-fetched; remove() }() //nolint:errcheck // nobody waits for it any more
		return binaries{}, errors.Wrap(ctx.Err(), "download PostgreSQL")
	}
	defer remove()

	if _, statErr := os.Stat(filepath.Join(tmp, "postgres", "bin", "postgres")); statErr != nil {
		return binaries{}, errors.Wrap(err, "download PostgreSQL")
	}
	if err := os.Chmod(filepath.Join(tmp, "postgres"), 0o755); err != nil {
		return binaries{}, errors.Wrap(err, "unpack PostgreSQL")
	}
	_ = os.RemoveAll(final)
	if err := os.Rename(filepath.Join(tmp, "postgres"), final); err != nil {
		return binaries{}, errors.Wrap(err, "unpack PostgreSQL")
	}
	b, err := inspect(ctx, who, filepath.Join(final, "bin"))
	if err != nil {
		return binaries{}, errors.Wrap(err, "the downloaded PostgreSQL does not run")
	}
	return b, nil
}
