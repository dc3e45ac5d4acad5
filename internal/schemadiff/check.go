package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-faster/errors"
	"github.com/pressly/goose/v3"
	"github.com/spf13/cobra"
)

// queriesVariable is what sqlc.yaml calls the address of the database that prepares the queries.
const queriesVariable = "EDGEVALUE_SQLC_DATABASE_URL"

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Fail unless the migrations make the declared tables, and new ones work on data and lock nothing for long",
		Long: `Fail unless the migrations make the declared tables, PostgreSQL prepares every query on them, and the migrations that are
newer than the recorded rows can be applied to these, twice where they have no transaction, taken back and applied again; and unless squawk has nothing to say
about the locks that they take.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return inWorkshop(ctx, func(w *workshop) error {
				declared, err := w.checkTables(ctx, ".")
				if err != nil {
					return err
				}
				if err := w.prepareQueries(ctx, ".", declared); err != nil {
					return err
				}
				tried, err := w.replay(ctx, ".", declared)
				if err != nil {
					return err
				}
				if err := lint(ctx, "."); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "The migrations make the declared tables. Tried on data: %s.\n", orNone(tried))
				return nil
			})
		},
	}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none, as none is new"
	}
	return strings.Join(names, ", ")
}

func newRecord() *cobra.Command {
	return &cobra.Command{
		Use:   "record DATABASE_URL",
		Short: "Take some rows of each table of a database, on which new migrations are tried",
		Long: `Write some rows of each table of a database, with the rows they refer to, into ` + rowsFile + `. Take a database
without people's data: the file is committed. Migrations up to its version count as tried from then on.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			empty, err := record(cmd.Context(), args[0], ".")
			if err == nil && len(empty) > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "Without rows: %s.\n", strings.Join(empty, ", "))
			}
			return err
		},
	}
}

// checkTables returns the name of the declared tables' database. Its error lists what differs.
func (w *workshop) checkTables(ctx context.Context, root string) (declared string, err error) {
	migrated, declared, err := w.both(ctx, root)
	if err != nil {
		return "", err
	}
	lines, err := w.differs(ctx, migrated, declared)
	if err != nil {
		return "", err
	}
	if len(lines) > 0 {
		return "", errors.Errorf("The migrations do not make the tables that schema/tables declares. What is missing"+
			" (make migration NAME=... writes it):\n%s", strings.Join(lines, "\n"))
	}
	return declared, nil
}

// prepareQueries has PostgreSQL prepare every query of root.
func (w *workshop) prepareQueries(ctx context.Context, root, declared string) error {
	room, err := w.clone(ctx, declared)
	if err != nil {
		return err
	}
	staging, err := filepath.Glob(filepath.Join(root, "schema", "staging", "*.sql"))
	if err != nil {
		return wrap(err, "list temporary tables")
	}
	err = w.do(room, func(db *sql.DB) error {
		for _, path := range staging {
			text, err := os.ReadFile(path)
			if err != nil {
				return wrap(err, "read a temporary table")
			}
			if _, err := db.ExecContext(ctx, string(text)); err != nil {
				return located(path, string(text), 0, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "tool", "sqlc", "vet", "-f", "sqlc.yaml")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), queriesVariable+"="+w.dsn(room))
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Errorf("sqlc vet finds:\n%s", bytes.TrimSpace(out))
	}
	return nil
}

// replay applies the migrations of root that are newer than the recorded rows to these, takes them back and applies them
// again, and returns their names.
func (w *workshop) replay(ctx context.Context, root, declared string) (tried []string, err error) {
	dir := os.DirFS(filepath.Join(root, "schema"))
	recorded, err := readRows(root)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return nil, wrap(err, "list migrations")
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, errors.Wrapf(err, "migration %s", name)
		}
		if version > recorded.version {
			tried = append(tried, name)
		}
	}
	if len(tried) == 0 {
		return nil, nil
	}
	room, err := w.migrated(ctx, dir, recorded.version)
	if err != nil {
		return nil, err
	}
	before, err := w.clone(ctx, room)
	if err != nil {
		return nil, err
	}
	if err := w.do(room, func(db *sql.DB) error { return recorded.load(ctx, db) }); err != nil {
		return nil, err
	}
	for _, name := range tried {
		if err := w.applyTwice(ctx, room, dir, name); err != nil {
			return nil, errors.Wrap(err, "on the recorded rows")
		}
	}
	for _, round := range []struct {
		version int64
		goal    string
		what    string
	}{
		{-1, declared, "applied"}, {recorded.version, before, "taken back"}, {-1, declared, "applied again"},
	} {
		if err := w.migrate(ctx, room, dir, round.version); err != nil {
			return nil, errors.Wrapf(err, "on the recorded rows, %s", round.what)
		}
		left, err := w.differs(ctx, room, round.goal)
		if err != nil {
			return nil, err
		}
		if len(left) > 0 {
			return nil, errors.Errorf("%s, %s to the recorded rows, leave a difference:\n%s", strings.Join(tried, ", "), round.what,
				strings.Join(left, "\n"))
		}
	}
	return tried, nil
}

// applyTwice applies the migration that follows. What it does without a transaction it does a second time, as after a run
// that failed in its last step.
func (w *workshop) applyTwice(ctx context.Context, room string, dir fs.FS, name string) error {
	version, err := goose.NumericComponent(name)
	if err != nil {
		return errors.Wrapf(err, "migration %s", name)
	}
	text, err := fs.ReadFile(dir, name)
	if err != nil {
		return wrap(err, "read a migration")
	}
	if err := w.migrate(ctx, room, dir, version); err != nil || !bytes.Contains(text, []byte("-- +goose NO TRANSACTION")) {
		return err
	}
	err = w.do(room, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "DELETE FROM "+versionsTable+" WHERE version_id = $1", version)
		return wrap(err, "forget a migration")
	})
	if err != nil {
		return err
	}
	return wrap(w.migrate(ctx, room, dir, version), "a second time, as after a run that failed half way")
}

const downMark = "-- +goose Down"

// lint has squawk read what the migrations of root do on their way up. scripts/squawk.toml says which are left out.
func lint(ctx context.Context, root string) error {
	squawk, err := filepath.Abs(filepath.Join(root, "scripts", "node_modules", ".bin", "squawk"))
	if err != nil {
		return wrap(err, "find squawk")
	}
	config, err := filepath.Abs(filepath.Join(root, "scripts", "squawk.toml"))
	if err != nil {
		return wrap(err, "find squawk's settings")
	}
	if _, err := os.Stat(squawk); err != nil {
		return errors.New("squawk is not installed: run npm ci --prefix scripts")
	}
	tmp, err := os.MkdirTemp("", "migrations-")
	if err != nil {
		return wrap(err, "make a directory")
	}
	defer os.RemoveAll(tmp)
	if err := os.Mkdir(filepath.Join(tmp, "schema"), 0o700); err != nil {
		return wrap(err, "make a directory")
	}
	paths, err := filepath.Glob(filepath.Join(root, "schema", "*.sql"))
	if err != nil {
		return wrap(err, "list migrations")
	}
	var alone, together []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return wrap(err, "read a migration")
		}
		up, _, _ := strings.Cut(string(text), downMark)
		name := filepath.Join("schema", filepath.Base(path))
		if err := os.WriteFile(filepath.Join(tmp, name), []byte(up), 0o600); err != nil {
			return wrap(err, "copy a migration")
		}
		if strings.Contains(up, "-- +goose NO TRANSACTION") {
			alone = append(alone, name)
		} else {
			together = append(together, name)
		}
	}
	var findings bytes.Buffer
	for option, names := range map[string][]string{"--no-assume-in-transaction": alone, "--assume-in-transaction": together} {
		if len(names) == 0 {
			continue
		}
		cmd := exec.CommandContext(ctx, squawk, append([]string{"--config", config, "--reporter", "tty", "--no-error-on-unmatched-pattern", option}, names...)...)
		cmd.Dir = tmp
		out, err := cmd.CombinedOutput()
		if err != nil {
			findings.Write(out)
		}
	}
	if findings.Len() > 0 {
		return errors.Errorf("squawk finds:\n%s", bytes.TrimSpace(findings.Bytes()))
	}
	return nil
}
