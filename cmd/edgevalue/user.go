package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/telemetry"
)

func newUser() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Manage the accounts"}
	var in app.UserInput
	var fromStdin bool
	create := &cobra.Command{
		Use:   "create --email ADDRESS",
		Short: "Create an account",
		Long:  "Create an account. The password, 12 to 128 characters, is asked for twice, or read from standard input.",
		Example: `  edgevalue user create --email ada@example.com --superuser
  edgevalue user create --email ada@example.com --password-stdin <password.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if in.Password, err = readPassword(cmd, fromStdin); err != nil {
				return err
			}
			in.IsActive = true
			return withServices(cmd.Context(), func(s *services) error {
				u, err := s.app.CreateUser(cmd.Context(), app.System, in)
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "created %s\n", u.Email)
				}
				return err
			})
		},
	}
	create.Flags().StringVar(&in.Email, "email", "", "mail address, the name to log in with")
	create.Flags().BoolVar(&in.IsSuperuser, "superuser", false, "may write, and sees all users")
	create.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	_ = create.MarkFlagRequired("email")
	cmd.AddCommand(create)
	return cmd
}

func readPassword(cmd *cobra.Command, fromStdin bool) (string, error) {
	if fromStdin {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", errors.Wrap(err, "read password")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", errors.New("this is no terminal to ask for the password: use --password-stdin")
	}
	var entered [2]string
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", errors.Wrap(err, "read password")
		}
		entered[i] = string(b)
	}
	if entered[0] != entered[1] {
		return "", errors.New("the two passwords differ")
	}
	return entered[0], nil
}

// withServices opens the services over the database that the configuration or a running dev names.
func withServices(ctx context.Context, f func(*services) error) error {
	cfg, err := loadConfig(os.Environ(), ".", forTool)
	if err != nil {
		return err
	}
	dsn, err := findDSN(cfg)
	if err != nil {
		return err
	}
	// The command says itself what it does.
	log := telemetry.NewLogger(os.Stderr, string(cfg.LogFormat), max(cfg.LogLevel, slog.LevelWarn))
	s, err := openServices(ctx, cfg, log, dsn)
	if err != nil {
		return err
	}
	defer s.pool.Close()
	return f(s)
}

// firstSuperuser creates the configured superuser unless there is one. It answers the password if it made one up.
func (s *services) firstSuperuser(ctx context.Context) (string, error) {
	password, random := string(s.cfg.FirstPassword), ""
	if password == "" {
		random = auth.NewPassword()
		password = random
	}
	created, err := s.app.EnsureSuperuser(ctx, s.cfg.FirstSuperuser, password)
	if err != nil {
		return "", errors.Wrap(err, "create first superuser")
	}
	if !created {
		return "", nil
	}
	s.log.Info("created the first superuser", "email", s.cfg.FirstSuperuser)
	return random, nil
}
