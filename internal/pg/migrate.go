package pg

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/edgevalue/edgevalue/schema"
)

// ErrNotCurrent is matched by the errors of Current that Migrate heals.
var ErrNotCurrent = errors.New("the database's migrations are not current")

// A Migration is one step of the schema and whether the database has it.
type Migration struct {
	Source  string // "edgevalue" or "river"
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the database to the newest schema: River's migrations, then EdgeValue's, which may refer to River's
// tables. Processes that migrate at the same time wait for each other. A database that a newer program has migrated
// stays as it is. It needs two connections of the pool.
func Migrate(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	return locked(ctx, pool, func(p *goose.Provider) error {
		if err := MigrateRiver(ctx, pool, log); err != nil {
			return err
		}
		done, err := p.Up(ctx)
		if err != nil {
			return errors.Wrap(err, "migrate up")
		}
		for _, m := range done {
			log.InfoContext(ctx, "migrated", "migration", filepath.Base(m.Source.Path), "took", m.Duration)
		}
		return nil
	})
}

// MigrateRiver brings River's tables to the newest schema, and no others.
func MigrateRiver(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	river, err := riverMigrator(pool)
	if err != nil {
		return err
	}
	res, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return errors.Wrap(err, "migrate river up")
	}
	if n := len(res.Versions); n > 0 {
		log.InfoContext(ctx, "migrated river", "version", res.Versions[n-1].Version)
	}
	return nil
}

// MigrateDown rolls back EdgeValue's newest applied migration and returns it. River's stay as they are.
// The error matches goose.ErrNoNextVersion when there is none.
func MigrateDown(ctx context.Context, pool *pgxpool.Pool) (Migration, error) {
	var m Migration
	err := locked(ctx, pool, func(p *goose.Provider) error {
		res, err := p.Down(ctx)
		if err != nil {
			return errors.Wrap(err, "migrate down")
		}
		m = Migration{Source: "edgevalue", Version: res.Source.Version, Name: filepath.Base(res.Source.Path)}
		return nil
	})
	return m, err
}

// MigrationStatus lists the migrations that this program knows, EdgeValue's, then River's, each in ascending order.
func MigrationStatus(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	p, err := provider(db)
	if err != nil {
		return nil, err
	}
	own, err := p.Status(ctx)
	if err != nil {
		return nil, errors.Wrap(err, "migration status")
	}
	var list []Migration
	for _, m := range own {
		list = append(list, Migration{
			Source: "edgevalue", Version: m.Source.Version, Name: filepath.Base(m.Source.Path),
			Applied: m.State == goose.StateApplied,
		})
	}
	river, err := riverMigrator(pool)
	if err != nil {
		return nil, err
	}
	applied, err := riverApplied(ctx, pool)
	if err != nil {
		return nil, errors.Wrap(err, "river's migration status")
	}
	for _, m := range river.AllVersions() {
		list = append(list, Migration{
			Source: "river", Version: int64(m.Version), Name: m.Name, Applied: slices.Contains(applied, m.Version),
		})
	}
	return list, nil
}

// riverApplied lists River's applied migrations. River's own list of them refuses a newer River's.
func riverApplied(ctx context.Context, pool *pgxpool.Pool) ([]int, error) {
	rows, _ := pool.Query(ctx, "SELECT version FROM river_migration WHERE line = 'main'") // CollectRows has its error
	versions, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if hasCode(err, pgerrcode.UndefinedTable) {
		return nil, nil
	}
	return versions, err
}

func hasCode(err error, code string) bool {
	var reply *pgconn.PgError
	return errors.As(err, &reply) && reply.Code == code
}

// Current finds out in one query whether the database has this program's migrations; its error, which matches
// ErrNotCurrent, says what is missing.
// A newer database is current too, because migrations expand first and contract later: the version before goes on while
// the next one is rolled out, and can be rolled back to.
func Current(ctx context.Context, pool *pgxpool.Pool) (newer bool, err error) {
	want, wantRiver, err := newest()
	if err != nil {
		return false, err
	}
	var have, haveRiver int64
	err = pool.QueryRow(ctx, `SELECT
		(SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied),
		(SELECT coalesce(max(version), 0) FROM river_migration WHERE line = 'main')`).Scan(&have, &haveRiver)
	if hasCode(err, pgerrcode.UndefinedTable) {
		return false, errors.Wrap(ErrNotCurrent, "the database was never migrated (edgevalue migrate up)")
	}
	if err != nil {
		return false, errors.Wrap(err, "read the migrations' versions")
	}
	if have < want || haveRiver < wantRiver {
		return false, errors.Wrapf(ErrNotCurrent, "the database is at version %d (river %d), this program needs %d (river %d):"+
			" run edgevalue migrate up", have, haveRiver, want, wantRiver)
	}
	return have > want || haveRiver > wantRiver, nil
}

// Fingerprint identifies the schema that Migrate makes: a hash of every migration, River's too.
func Fingerprint() (string, error) {
	h := sha256.New()
	files, err := fs.Glob(schema.FS, "*.sql")
	if err != nil {
		return "", errors.Wrap(err, "list migrations")
	}
	for _, name := range files {
		text, err := fs.ReadFile(schema.FS, name)
		if err != nil {
			return "", errors.Wrap(err, "read migration")
		}
		fmt.Fprintf(h, "%s\x00%d\x00%s", name, len(text), text)
	}
	river, err := riverMigrator(nil)
	if err != nil {
		return "", err
	}
	for _, m := range river.AllVersions() {
		fmt.Fprintf(h, "%d\x00%d\x00%s", m.Version, len(m.SQLUp), m.SQLUp)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

var notWord = regexp.MustCompile(`[^a-z0-9]+`)

// CreateMigration writes an empty migration with the next number into dir and returns its path. It takes effect when
// the program is built again.
func CreateMigration(dir, name string) (string, error) {
	file, err := NextMigration(os.DirFS(dir), name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, file)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", errors.Wrap(err, "create migration")
	}
	_, err = f.WriteString("-- +goose Up\n\n-- +goose Down\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return "", errors.Wrap(err, "write migration")
	}
	return path, nil
}

// NextMigration is the name of the file of a migration that follows those of dir.
func NextMigration(dir fs.FS, name string) (string, error) {
	name = strings.Trim(notWord.ReplaceAllString(strings.ToLower(name), "_"), "_")
	if name == "" {
		return "", errors.New("a migration's name needs a letter or a digit")
	}
	last, err := newestFile(dir)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%05d_%s.sql", last+1, name), nil
}

// locked calls f while no other process migrates this database.
func locked(ctx context.Context, pool *pgxpool.Pool, f func(*goose.Provider) error) (err error) {
	if err := NeedConns(pool, 2); err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	p, err := provider(db)
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return errors.Wrap(err, "migration lock")
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Wrap(err, "connect to the database")
	}
	defer conn.Close()
	if err := locker.SessionLock(ctx, conn); err != nil {
		return errors.Wrap(err, "lock the migrations")
	}
	defer func() {
		if e := locker.SessionUnlock(context.WithoutCancel(ctx), conn); e != nil && err == nil {
			err = errors.Wrap(e, "unlock the migrations")
		}
	}()
	return f(p)
}

func provider(db *sql.DB) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectPostgres, db, schema.FS,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, errors.Wrap(err, "load migrations")
	}
	return p, nil
}

// riverMigrator lists River's migrations also without a pool.
func riverMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Wrap(err, "load river's migrations")
	}
	return m, nil
}

// newest returns the versions that Migrate leads to, EdgeValue's and River's.
func newest() (own, river int64, err error) {
	if own, err = newestFile(schema.FS); err != nil {
		return 0, 0, err
	}
	m, err := riverMigrator(nil)
	if err != nil {
		return 0, 0, err
	}
	all := m.AllVersions()
	return own, int64(all[len(all)-1].Version), nil
}

func newestFile(dir fs.FS) (version int64, err error) {
	files, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return 0, errors.Wrap(err, "list migrations")
	}
	for _, name := range files {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, errors.Wrapf(err, "migration %s", name)
		}
		version = max(version, v)
	}
	return version, nil
}
