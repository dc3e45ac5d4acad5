package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/edgevalue/edgevalue/internal/pg"
)

// versions is where goose notes the migrations of a scratch database, in a schema of its own, which no plan looks at.
const (
	versionsSchema = "schemadiff"
	versionsTable  = versionsSchema + ".goose_db_version"
)

// A workshop makes scratch databases on one server.
type workshop struct {
	server url.URL
	id     string
	rooms  atomic.Int32
	river  string // the name of a database with River's tables

	mu   sync.Mutex
	made map[[32]byte]string // by what it was made of
}

// newWorkshop makes a workshop on the server at dsn, a URL with the right to create databases.
func newWorkshop(ctx context.Context, dsn string) (*workshop, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.New("the server's address is no URL")
	}
	w := &workshop{server: *u, id: strings.ToLower(rand.Text()[:8]), made: map[[32]byte]string{}} //nolint:exhaustruct // no room yet
	if w.river, err = w.clone(ctx, "template1"); err != nil {
		return nil, err
	}
	pool, err := pg.Open(ctx, w.dsn(w.river), slog.Default(), nil)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if err := pg.MigrateRiver(ctx, pool, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, "CREATE SCHEMA "+versionsSchema)
	return w, wrap(err, "make a scratch database")
}

func (w *workshop) dsn(name string) string {
	u := w.server
	u.Path = "/" + name
	return u.String()
}

func (w *workshop) open(name string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(w.dsn(name))
	if err != nil {
		return nil, wrap(err, "address of a scratch database")
	}
	cfg.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(5) //nolint:mnd // the planner reads several catalogs at a time
	return db, nil
}

// clone makes a database like the named one, to which nobody may be connected.
func (w *workshop) clone(ctx context.Context, name string) (string, error) {
	db, err := w.open(strings.TrimPrefix(w.server.Path, "/"))
	if err != nil {
		return "", err
	}
	defer db.Close()
	room := w.room(w.rooms.Add(1))
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+room+" TEMPLATE "+name) //nolint:gosec // names of ours
	return room, wrap(err, "make a scratch database")
}

// room is the name of the n-th database. Several workshops may share a server.
func (w *workshop) room(n int32) string { return fmt.Sprintf("schemadiff_%s_%d", w.id, n) }

// do connects to the named database for f.
func (w *workshop) do(name string, f func(*sql.DB) error) error {
	db, err := w.open(name)
	if err != nil {
		return err
	}
	defer db.Close()
	return f(db)
}

// like returns a copy of the database that f makes of the SQL files of dir, without those that skip, when it is not nil,
// tells. It makes it once.
func (w *workshop) like(ctx context.Context, dir fs.FS, what string, skip func(file string) bool, f func(name string) error) (string, error) {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return "", wrap(err, "list SQL files")
	}
	h := sha256.New()
	fmt.Fprint(h, what)
	for _, name := range names {
		if skip != nil && skip(name) {
			continue
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return "", wrap(err, "read an SQL file")
		}
		fmt.Fprintf(h, "\x00%s\x00%d\x00%s", name, len(text), text)
	}
	key := [32]byte(h.Sum(nil))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.made[key] == "" {
		name, err := w.clone(ctx, w.river)
		if err != nil {
			return "", err
		}
		if err := f(name); err != nil {
			return "", err
		}
		w.made[key] = name
	}
	return w.clone(ctx, w.made[key])
}

// migrated makes a database by River's migrations and by those of dir up to version, or all of them with version < 0.
func (w *workshop) migrated(ctx context.Context, dir fs.FS, version int64) (string, error) {
	later := func(file string) bool {
		v, err := goose.NumericComponent(file)
		return version >= 0 && err == nil && v > version
	}
	return w.like(ctx, dir, fmt.Sprint("migrated", version), later, func(name string) error { return w.migrate(ctx, name, dir, version) })
}

// migrate leads the named database up or down to a version of the migrations of dir, or up to the newest with
// version < 0.
func (w *workshop) migrate(ctx context.Context, name string, dir fs.FS, version int64) error {
	return w.do(name, func(db *sql.DB) error {
		p, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithDisableGlobalRegistry(true),
			goose.WithLogger(goose.NopLogger()), goose.WithTableName(versionsTable))
		if errors.Is(err, goose.ErrNoMigrations) {
			return nil
		}
		if err != nil {
			return wrap(err, "load migrations")
		}
		current, err := p.GetDBVersion(ctx)
		if err != nil {
			return wrap(err, "version of a scratch database")
		}
		switch {
		case version == current:
		case version < 0:
			_, err = p.Up(ctx)
		case version < current:
			_, err = p.DownTo(ctx, version)
		default:
			_, err = p.UpTo(ctx, version)
		}
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			return errors.Wrapf(plain(partial.Err), "schema/%s %s", partial.Failed.Source.Path, partial.Failed.Direction)
		}
		return wrap(err, "migrate")
	})
}

// declared makes a database with River's tables and those that the files of dir declare. A file that needs what another
// one makes waits for it.
func (w *workshop) declared(ctx context.Context, dir fs.FS) (string, error) {
	return w.like(ctx, dir, "declared", nil, func(name string) error { return w.declare(ctx, name, dir) })
}

func (w *workshop) declare(ctx context.Context, room string, dir fs.FS) error {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return wrap(err, "list the declared tables")
	}
	if len(names) == 0 {
		return errors.New("schema/tables has no .sql file")
	}
	return w.do(room, func(db *sql.DB) error {
		for len(names) > 0 {
			var waiting []string
			var missing error
			for _, name := range names {
				text, err := fs.ReadFile(dir, name)
				if err != nil {
					return wrap(err, "read the declared tables")
				}
				// One transaction, and functions may speak of what comes later.
				_, err = db.ExecContext(ctx, "SET check_function_bodies = off;"+string(text))
				if err == nil {
					continue
				}
				err = located("schema/tables/"+name, string(text), len("SET check_function_bodies = off;"), err)
				if !isMissing(err) {
					return nearest(ctx, db, "schema/tables/"+name, string(text), err)
				}
				waiting, missing = append(waiting, name), errors.Join(missing, err)
			}
			if len(waiting) == len(names) {
				return missing
			}
			names = waiting
		}
		return nil
	})
}

// nearest says which statement of a file fails where PostgreSQL does not say it.
func nearest(ctx context.Context, db *sql.DB, file, text string, err error) error {
	var reply *pgconn.PgError
	if !errors.As(err, &reply) || reply.Position > 0 {
		return err
	}
	for _, s := range statements(text) {
		if _, err := db.ExecContext(ctx, s.sql); errors.As(err, &reply) {
			before, _, _ := strings.Cut(text, s.sql)
			return &mistake{where: fmt.Sprintf("%s:%d", file, strings.Count(before, "\n")+1), reply: reply}
		}
	}
	return err
}

func isMissing(err error) bool {
	var reply *pgconn.PgError
	return errors.As(err, &reply) && slices.Contains([]string{
		pgerrcode.UndefinedTable, pgerrcode.UndefinedFunction, pgerrcode.UndefinedObject,
	}, reply.Code)
}

// A mistake is PostgreSQL's reply in one line.
type mistake struct {
	where string
	reply *pgconn.PgError
}

func (m *mistake) Error() string {
	text := m.reply.Message
	if m.reply.Detail != "" {
		text += " (" + m.reply.Detail + ")"
	}
	if m.where == "" {
		return text
	}
	return m.where + ": " + text
}

func (m *mistake) Unwrap() error { return m.reply }

// plain keeps of an error what PostgreSQL replied.
func plain(err error) error {
	var reply *pgconn.PgError
	if errors.As(err, &reply) {
		return &mistake{where: "", reply: reply}
	}
	return err
}

// located says where in a file PostgreSQL found a mistake. The text was sent after prefix bytes of other statements.
func located(file, text string, prefix int, err error) error {
	var reply *pgconn.PgError
	if !errors.As(err, &reply) {
		return wrap(err, file)
	}
	if at := int(reply.Position) - 1 - prefix; at >= 0 { // in characters
		if runes := []rune(text); at <= len(runes) {
			before := string(runes[:at])
			line := strings.Count(before, "\n")
			column := len([]rune(before[strings.LastIndex(before, "\n")+1:]))
			file = fmt.Sprintf("%s:%d:%d", file, line+1, column+1)
		}
	}
	return &mistake{where: file, reply: reply}
}

// wrap is errors.Wrap that leaves nil as it is.
func wrap(err error, text string) error {
	if err == nil {
		return nil
	}
	return errors.Wrap(err, text)
}

// close removes what the workshop made.
func (w *workshop) close() {
	db, err := w.open(strings.TrimPrefix(w.server.Path, "/"))
	if err != nil {
		return
	}
	defer db.Close()
	for n := range w.rooms.Load() {
		_, _ = db.ExecContext(context.Background(), fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", w.room(n+1))) //nolint:gosec // names of ours
	}
}
