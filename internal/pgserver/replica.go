package pgserver

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
)

// Replica starts a streaming replica of a server, with its data below cfg.Dir, which must be empty. It has the server's
// users and passwords.
func (s *Server) Replica(ctx context.Context, cfg Config) (_ *Server, err error) {
	r := &Server{log: cmp.Or(cfg.Logger, slog.Default()), programs: s.programs, password: s.password}
	r.stop = sync.OnceValue(func() error {
		defer r.release()
		return r.end()
	})
	if err := r.locate(ctx, cfg); err != nil {
		return nil, err
	}
	if err := r.takeLock(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.release()
		}
	}()
	if err := s.copyTo(ctx, r.data()); err != nil {
		return nil, err
	}
	if err := r.launch(ctx, cfg); err != nil {
		return nil, err
	}
	return r, nil
}

// copyTo makes a base backup that becomes a standby, with the programs that there are: pg_basebackup may not be.
func (s *Server) copyTo(ctx context.Context, data string) error {
	conn, err := pgx.Connect(ctx, s.DSN())
	if err != nil {
		return errors.Wrap(err, "connect to the primary")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "SELECT pg_backup_start('replica', true)"); err != nil {
		return errors.Wrap(err, "begin the backup")
	}
	if err := errors.Join(os.Mkdir(data, 0o700), s.who.own(data)); err != nil {
		return errors.Wrap(err, "make the replica's data directory")
	}
	if out, err := s.who.command(ctx, "/", "cp", "-R", "-p", s.data()+"/.", data).CombinedOutput(); err != nil {
		return errors.Wrapf(err, "copy the data: %s", bytes.TrimSpace(out))
	}
	var label string
	if err := conn.QueryRow(ctx, "SELECT labelfile FROM pg_backup_stop(false)").Scan(&label); err != nil {
		return errors.Wrap(err, "end the backup")
	}
	name := func(file string) string { return filepath.Join(data, file) }
	settings, err := os.OpenFile(name("postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Wrap(err, "configure the replica")
	}
	defer settings.Close()
	_, err = settings.WriteString("primary_conninfo = '" + s.DSN() + "'\n")
	err = errors.Join(err, os.WriteFile(name("backup_label"), []byte(label), 0o600), os.WriteFile(name("standby.signal"), nil, 0o600),
		os.Remove(name("postmaster.pid")), s.who.own(name("backup_label"), name("standby.signal")))
	if err != nil {
		return errors.Wrap(err, "configure the replica")
	}
	return nil
}
