package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"path/filepath"

	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgserver"
)

func newBackup() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the whole database to a file",
		Long: `Write the whole database, of a running dev or the configured one, to a file in PostgreSQL's custom format.
Servers and workers can go on meanwhile. The file is written whole or not at all, and read back in full before it is
reported as done. It holds the password hashes of the users. Needs PostgreSQL's programs pg_dump and pg_restore.`,
		Example: "  edgevalue backup edgevalue.dump",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), func(c *client) error {
				if err := c.backup(cmd.Context(), args[0], force); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", args[0])
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	return cmd
}

func newRestore() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Replace the whole database by a backup",
		Long: `Replace the whole database, of a running dev or the configured one, by a backup. The backup is restored into a
new database beside it, brought up to date by the migrations, and takes its place in one transaction. Whatever fails
before that, or an interruption, leaves the database as it was. Files that are not
backups of EdgeValue are refused, and so are backups whose newest migration is newer than this program's.

Servers and workers may run: their connections are closed when the databases are exchanged, and they connect again. What
they wrote meanwhile is lost, like everything else that is not in the backup. The user of the database needs the right to
create databases, and the settings and privileges of the database itself are not kept. Needs PostgreSQL's program
pg_restore.`,
		Example: "  edgevalue restore edgevalue.dump",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withClient(cmd.Context(), func(c *client) error {
				if err := c.check(cmd.Context(), args[0]); err != nil {
					return err
				}
				if !yes {
					if err := c.confirm(cmd, args[0]); err != nil {
						return err
					}
				}
				if err := c.restore(cmd.Context(), args[0]); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "restored %s\n", args[0])
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	return cmd
}

// A client runs PostgreSQL's client programs for a database.
type client struct {
	log     *slog.Logger
	pool    *pgxpool.Config
	conn    *pgx.ConnConfig
	version int // of the server, major
}

// withClient runs f with a client of the database of the configuration or of a running dev.
func withClient(ctx context.Context, f func(*client) error) error {
	return withPool(ctx, slog.LevelWarn, func(_ Config, log *slog.Logger, pool *pgxpool.Pool) error {
		c := &client{log: log, pool: pool.Config(), conn: pool.Config().ConnConfig}
		err := pool.QueryRow(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&c.version)
		if err != nil {
			return errors.Wrap(err, "read the server's version")
		}
		pool.Close() // a restore ends all connections
		return f(c)
	})
}

var tlsParameter = regexp.MustCompile(`\b(sslmode|sslrootcert|sslcert|sslkey)\s*=\s*'?([^&'\s]*)`)

// run runs a program on a database; with none, on files alone. The password travels in the environment.
func (c *client) run(ctx context.Context, database, name string, args ...string) ([]byte, error) {
	cmd, err := c.command(ctx, database, name, args...)
	if err != nil {
		return nil, err
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); ctx.Err() != nil {
		return nil, errors.Wrap(ctx.Err(), name)
	} else if err != nil {
		return nil, errors.Wrapf(err, "%s wrote: %s\nerror", cmd.Path, bytes.TrimSpace(errOut.Bytes()))
	}
	return out.Bytes(), nil
}

func (c *client) command(ctx context.Context, database, name string, args ...string) (*exec.Cmd, error) {
	path, err := pgserver.Client(ctx, name, c.version)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if database != "" {
		cmd.Args = append(cmd.Args, "--no-password", "--host="+c.conn.Host, "--port="+strconv.Itoa(int(c.conn.Port)),
			"--username="+c.conn.User, "--dbname="+database)
		if c.conn.Password != "" {
			cmd.Env = append(cmd.Env, "PGPASSWORD="+c.conn.Password)
		}
		for _, m := range tlsParameter.FindAllStringSubmatch(c.conn.ConnString(), -1) {
			value, err := url.QueryUnescape(m[2])
			if err != nil {
				return nil, errors.Wrap(err, m[1])
			}
			cmd.Env = append(cmd.Env, "PG"+strings.ToUpper(m[1])+"="+value)
		}
	}
	return cmd, nil
}

func (c *client) backup(ctx context.Context, path string, force bool) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return errors.Errorf("%s exists; --force replaces it", path)
	}
	return writeWhole(path, func(f *os.File) error {
		if _, err := c.run(ctx, c.conn.Database, "pg_dump", "--format=custom", "--file="+f.Name()); err != nil {
			return err
		}
		if _, err := c.run(ctx, "", "pg_restore", "--file="+os.DevNull, f.Name()); err != nil {
			return errors.Wrap(err, "read the backup back")
		}
		return nil
	})
}

// check refuses a file that is not a backup of EdgeValue.
func (c *client) check(ctx context.Context, path string) error {
	if f, err := os.Open(path); err != nil {
		return err
	} else if err := f.Close(); err != nil {
		return err
	}
	list, err := c.run(ctx, "", "pg_restore", "--list", path)
	if err != nil {
		return errors.Wrapf(err, "%s is not a backup", path)
	}
	if !bytes.Contains(list, []byte(" TABLE DATA public goose_db_version ")) {
		return errors.Errorf("%s is not a backup of EdgeValue: it has no migrations", path)
	}
	return nil
}

func (c *client) confirm(cmd *cobra.Command, path string) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return errors.New("standard input is not a terminal to ask for confirmation on: use --yes")
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Everything in database %q on %s:%d will be replaced by %s. Type yes to go on: ",
		c.conn.Database, c.conn.Host, c.conn.Port, path)
	if answer, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n'); strings.TrimSpace(answer) != "yes" {
		return errors.New("not confirmed; the database is as it was")
	}
	return nil
}

func (c *client) restore(ctx context.Context, path string) (err error) {
	live := c.conn.Database
	base := live[:min(len(live), 50)] // PostgreSQL cuts names after 63 bytes
	next, previous := base+"_restore", base+"_replaced"
	cfg := c.conn.Copy()
	if cfg.Database = "postgres"; live == "postgres" {
		cfg.Database = "template1"
	}
	admin, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return errors.Wrap(err, "connect")
	}
	defer func() { _ = admin.Close(context.WithoutCancel(ctx)) }()
	var alone bool
	err = admin.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext('edgevalue restore ' || $1))", live).Scan(&alone)
	if err != nil {
		return errors.Wrap(err, "lock the database")
	} else if !alone {
		return errors.Errorf("another restore of database %s is running", live)
	}
	drop := func(name string) error {
		sql := "DROP DATABASE IF EXISTS " + pgx.Identifier{name}.Sanitize() + " WITH (FORCE)"
		if _, err := admin.Exec(context.WithoutCancel(ctx), sql); err != nil {
			return errors.Wrapf(err, "drop database %s", name)
		}
		return nil
	}
	if err := errors.Join(drop(next), drop(previous)); err != nil { // of a restore that was killed
		return err
	}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{next}.Sanitize()+" TEMPLATE template0"); err != nil {
		return errors.Wrap(err, "create a database to restore into")
	}
	err = errors.Join(c.fill(ctx, next, path), ctx.Err())
	if err == nil {
		err = swap(context.WithoutCancel(ctx), admin, live, next, previous)
	}
	if err != nil {
		return errors.Wrap(errors.Join(err, drop(next)), "the database is as it was")
	}
	if err := drop(previous); err != nil {
		return errors.Wrap(err, "the backup is restored, but what it replaced is still there")
	}
	return nil
}

// swap renames live to previous and next to live at once. New connections wait for the first renaming, and it waits for
// old ones to end; one that came between is ended at the next try.
func swap(ctx context.Context, admin *pgx.Conn, live, next, previous string) error {
	rename := func(from, to string) string {
		return "ALTER DATABASE " + pgx.Identifier{from}.Sanitize() + " RENAME TO " + pgx.Identifier{to}.Sanitize() + ";"
	}
	for try := 1; ; try++ {
		_, err := admin.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY ($1)",
			[]string{live, next})
		if err == nil { // statements without arguments are sent as one, and are one transaction
			_, err = admin.Exec(ctx, rename(live, previous)+rename(next, live))
		}
		var reply *pgconn.PgError
		if errors.As(err, &reply) && reply.Code == pgerrcode.ObjectInUse && try < 5 {
			continue
		}
		if err != nil {
			return errors.Wrap(err, "exchange the databases")
		}
		return nil
	}
}

// fill restores a backup into an empty database and migrates it.
func (c *client) fill(ctx context.Context, database, path string) error {
	if _, err := c.run(ctx, database, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction",
		"--exit-on-error", path); err != nil {
		return err
	}
	cfg := c.pool.Copy()
	cfg.ConnConfig.Database = database
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return errors.Wrap(err, "database pool")
	}
	defer pool.Close()
	newer, err := pg.Current(ctx, pool)
	if newer {
		return errors.Errorf("%s was made by a newer edgevalue than this one (%s)", path, buildVersion())
	}
	if errors.Is(err, pg.ErrNotCurrent) {
		err = pg.Migrate(ctx, pool, c.log)
	}
	if err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "ANALYZE"); err != nil {
		return errors.Wrap(err, "analyze")
	}
	return nil
}

// writeWhole writes a file whole or not at all.
func writeWhole(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return errors.Wrap(err, "create file")
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Wrap(err, "rename file")
	}
	return nil
}
