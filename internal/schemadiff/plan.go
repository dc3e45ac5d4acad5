package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/pg"
)

// A part is what one file of a migration does.
type part struct {
	online bool // its statements are not in one transaction
	up     []step
	down   []step
}

// plan writes the files that lead from the migrations of root/schema to root/schema/tables, after it has applied them,
// taken them back and applied them again, and returns their paths: none when nothing differs. After an error nothing is
// written.
func (w *workshop) plan(ctx context.Context, root, name string, d decider) (paths []string, err error) {
	dir := os.DirFS(filepath.Join(root, "schema"))
	first, err := pg.NextMigration(dir, name)
	if err != nil {
		return nil, err
	}
	before, after, err := w.both(ctx, root)
	if err != nil {
		return nil, err
	}
	if same, err := w.same(ctx, before, after); err != nil {
		return nil, err
	} else if same && len(d.renames) == 0 {
		hand, err := w.byHand(ctx, before, after)
		if err != nil || len(hand) == 0 {
			return nil, err
		}
	}
	parts, err := w.parts(ctx, before, after, os.DirFS(filepath.Join(root, "schema", "tables")), d)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		hand, err := w.byHand(ctx, before, after)
		if err == nil && len(hand) > 0 {
			err = errors.Errorf("the planner cannot write this change: write its migration by hand (edgevalue migrate create):\n%s",
				strings.Join(hand, "\n"))
		}
		return nil, err
	}
	files := fstest.MapFS{}
	if err := copyFiles(files, dir); err != nil {
		return nil, err
	}
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = first
		if i > 0 {
			if names[i], err = pg.NextMigration(files, fmt.Sprintf("%s_%d", name, i+1)); err != nil {
				return nil, err
			}
		}
		files[names[i]] = &fstest.MapFile{Data: p.file()}
	}
	if err := w.try(ctx, files, before, after); err != nil {
		return nil, err
	}
	for _, name := range names {
		path := filepath.Join(root, "schema", name)
		if err := os.WriteFile(path, files[name].Data, 0o644); err != nil { //nolint:gosec // source
			for _, written := range paths {
				_ = os.Remove(written)
			}
			return nil, wrap(err, "write the migration")
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// both makes the database of the migrations and that of the declared tables.
func (w *workshop) both(ctx context.Context, root string) (migrated, declared string, err error) {
	if migrated, err = w.migrated(ctx, os.DirFS(filepath.Join(root, "schema")), -1); err != nil {
		return "", "", err
	}
	declared, err = w.declared(ctx, os.DirFS(filepath.Join(root, "schema", "tables")))
	return migrated, declared, err
}

func copyFiles(to fstest.MapFS, dir fs.FS) error {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return wrap(err, "list migrations")
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return wrap(err, "read a migration")
		}
		to[name] = &fstest.MapFile{Data: text}
	}
	return nil
}

// try applies files to a database of before, takes them back and applies them again, and compares what is there.
func (w *workshop) try(ctx context.Context, files fs.FS, before, after string) error {
	room, err := w.clone(ctx, before)
	if err != nil {
		return err
	}
	version, err := w.version(ctx, room)
	if err != nil {
		return err
	}
	for _, round := range []struct {
		version int64
		goal    string
		what    string
	}{
		{-1, after, "after its Up"}, {version, before, "after its Down"}, {-1, after, "after its second Up"},
	} {
		if err := w.migrate(ctx, room, files, round.version); err != nil {
			return err
		}
		left, err := w.differs(ctx, room, round.goal)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return errors.Errorf("the planner cannot write all of this change: write its migration by hand (edgevalue migrate create)."+
				" What differs %s:\n%s", round.what, strings.Join(left, "\n"))
		}
	}
	return nil
}

// differs lists what leads from one database to another, a line each.
func (w *workshop) differs(ctx context.Context, from, to string) (lines []string, err error) {
	steps, err := w.difference(ctx, from, to, true)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		lines = append(lines, s.sql+";")
	}
	hand, err := w.byHand(ctx, from, to)
	return append(lines, hand...), err
}

func (w *workshop) version(ctx context.Context, name string) (version int64, err error) {
	return version, w.do(name, func(db *sql.DB) error {
		var table sql.NullString
		err := db.QueryRowContext(ctx, "SELECT to_regclass($1)::text", versionsTable).Scan(&table)
		if err == nil && table.Valid {
			err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+versionsTable).Scan(&version)
		}
		return wrap(err, "version of a scratch database")
	})
}

// parts plans the files from before to after, which declared makes.
func (w *workshop) parts(ctx context.Context, before, after string, declared fs.FS, d decider) (parts []part, err error) {
	var from, to columns
	if err := w.do(before, func(db *sql.DB) (err error) { from, err = readColumns(ctx, db); return err }); err != nil {
		return nil, err
	}
	if err := w.do(after, func(db *sql.DB) (err error) { to, err = readColumns(ctx, db); return err }); err != nil {
		return nil, err
	}
	renames, err := d.decide(from, to)
	if err != nil {
		return nil, err
	}
	at, err := w.clone(ctx, before)
	if err != nil {
		return nil, err
	}
	up, down, err := w.carryOut(ctx, at, renames)
	if err != nil {
		return nil, err
	}
	names, back, err := w.renameParts(ctx, at, after)
	if err != nil {
		return nil, err
	}
	if up = append(up, names...); len(up) > 0 {
		parts = append(parts, part{online: false, up: up, down: append(back, down...)})
	}
	added := slices.DeleteFunc(only(to, from), func(table string) bool {
		return slices.ContainsFunc(renames, func(r rename) bool { return r.to == table })
	})
	with := at
	var steps []step
	if len(added) > 0 {
		if with, err = w.clone(ctx, at); err != nil {
			return nil, err
		}
		if steps, err = w.asDeclared(ctx, with, declared, added); err != nil {
			return nil, err
		}
	}
	planned, err := w.difference(ctx, with, after, true)
	if err != nil {
		return nil, err
	}
	planned, err = replaced(planned, declared)
	if err != nil {
		return nil, err
	}
	steps = append(steps, planned...)
	for _, p := range split(steps) {
		next, err := w.clone(ctx, at)
		if err != nil {
			return nil, err
		}
		if err := w.run(ctx, next, p.up); err != nil {
			return nil, err
		}
		if p.down, err = w.difference(ctx, next, at, p.online); err != nil {
			return nil, err
		}
		if p.online {
			p.up, p.down = repeatable(p.up), repeatable(p.down)
		}
		parts, at = append(parts, p), next
	}
	return parts, nil
}

var (
	// outside are statements that are no use, or not allowed, in a transaction with others.
	outside = regexp.MustCompile(`^(CREATE (UNIQUE )?INDEX CONCURRENTLY|DROP INDEX CONCURRENTLY|ALTER TABLE \S+ VALIDATE CONSTRAINT)`)
	// either are statements that can be alone, since they can be repeated.
	either = regexp.MustCompile(`(?s)^ALTER TABLE \S+ (ADD CONSTRAINT .* NOT VALID$|DROP CONSTRAINT|ALTER COLUMN \S+ (SET|DROP) (NOT NULL|DEFAULT))`)
)

// split parts steps, in their order, into those of files with and without a transaction.
func split(steps []step) (parts []part) {
	var loose []step // since the last that is certain
	put := func(online bool, steps ...step) {
		if n := len(parts); n > 0 && parts[n-1].online == online {
			parts[n-1].up = append(parts[n-1].up, steps...)
			return
		}
		parts = append(parts, part{online: online, up: steps, down: nil})
	}
	for _, s := range steps {
		switch {
		case outside.MatchString(s.sql):
			put(true, append(loose, s)...)
			loose = nil
		case either.MatchString(s.sql):
			loose = append(loose, s)
		default:
			put(len(parts) > 0 && parts[len(parts)-1].online && len(loose) > 0, loose...)
			put(false, s)
			loose = nil
		}
	}
	if len(loose) > 0 {
		put(len(parts) > 0 && parts[len(parts)-1].online, loose...)
	}
	return slices.DeleteFunc(parts, func(p part) bool { return len(p.up) == 0 })
}

var (
	createIndex   = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\S+) `)
	dropIndex     = regexp.MustCompile(`^DROP INDEX CONCURRENTLY `)
	addConstraint = regexp.MustCompile(`^ALTER TABLE (\S+) ADD CONSTRAINT (\S+) `)
	dropThis      = regexp.MustCompile(`^(ALTER TABLE \S+ DROP CONSTRAINT|DROP TABLE|DROP TRIGGER|DROP FUNCTION|DROP SEQUENCE) `)
	column        = regexp.MustCompile(`^ALTER TABLE \S+ (ADD|DROP) COLUMN `)
)

// repeatable makes steps that are not in one transaction such that a second run completes a first that failed.
func repeatable(steps []step) (again []step) {
	for _, s := range steps {
		switch {
		case createIndex.MatchString(s.sql):
			index := createIndex.FindStringSubmatch(s.sql)[1]
			again = append(again, step{about: "", sql: "DROP INDEX CONCURRENTLY IF EXISTS " + index, hazards: []string{
				"A run that failed half way has left an index that is invalid.",
			}})
		case dropIndex.MatchString(s.sql):
			s.sql = dropIndex.ReplaceAllString(s.sql, "${0}IF EXISTS ")
		case addConstraint.MatchString(s.sql):
			s.sql = addConstraint.ReplaceAllString(s.sql, "ALTER TABLE $1 DROP CONSTRAINT IF EXISTS $2,\n    ADD CONSTRAINT $2 ")
		case dropThis.MatchString(s.sql):
			s.sql = dropThis.ReplaceAllString(s.sql, "${0}IF EXISTS ")
		case column.MatchString(s.sql):
			exists := map[bool]string{true: "IF NOT EXISTS ", false: "IF EXISTS "}[strings.Contains(s.sql, " ADD COLUMN ")]
			s.sql = column.ReplaceAllString(s.sql, "${0}"+exists)
		}
		again = append(again, s)
	}
	return again
}

// file writes a part as goose reads it.
func (p part) file() []byte {
	var b bytes.Buffer
	if p.online {
		b.WriteString("-- +goose NO TRANSACTION\n")
	}
	b.WriteString("-- +goose Up\n\n")
	p.write(&b, p.up, true)
	b.WriteString("\n-- +goose Down\n\n")
	p.write(&b, p.down, false)
	return b.Bytes()
}

func (p part) write(b *bytes.Buffer, steps []step, up bool) {
	if up && !p.online {
		b.WriteString("SET LOCAL lock_timeout = '5s';\n\n")
	}
	timeout := ""
	for i, s := range steps {
		if i > 0 && len(s.hazards) > 0 {
			b.WriteByte('\n')
		}
		if p.online {
			// What is done online waits for all transactions that are open, for as long as they take, and nobody for it.
			is := "'5s'"
			if strings.Contains(s.sql, "INDEX CONCURRENTLY") {
				is = "0"
			}
			if is != timeout {
				fmt.Fprintf(b, "SET lock_timeout = %s;\n", is)
			}
			timeout = is
		}
		for _, h := range s.hazards {
			comment(b, h)
		}
		if strings.Contains(s.sql, "FUNCTION") && strings.Contains(s.sql, "$") {
			fmt.Fprintf(b, "%s-- +goose StatementBegin\n%s;\n-- +goose StatementEnd\n", s.about, s.sql)
		} else {
			fmt.Fprintf(b, "%s%s;\n", s.about, s.sql)
		}
	}
	if timeout != "" {
		b.WriteString("RESET lock_timeout;\n")
	}
}

// comment writes text in lines of at most 120 characters.
func comment(b *bytes.Buffer, text string) {
	line := "--"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 120 { //nolint:mnd // as above
			b.WriteString(line + "\n")
			line = "--"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
