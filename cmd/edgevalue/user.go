package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
)

var passwordHelp = fmt.Sprintf("The password, %d to %d characters and not easy to guess, is asked for twice\nor, with --password-stdin, read from standard input.",
	auth.MinPasswordLength, auth.MaxPasswordLength)

func newUser() *cobra.Command {
	var (
		in        app.UserInput
		fromStdin bool
	)
	create := &cobra.Command{
		Use:   "create --email ADDRESS",
		Short: "Create an account",
		Long:  "Create an account.\n\n" + passwordHelp,
		Example: `  edgevalue user create --email ada@example.com --superuser
  edgevalue user create --email ada@example.com --password-stdin <password.txt`,
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
	create.Flags().BoolVar(&in.IsSuperuser, "superuser", false, "can write and see all users")
	password := &cobra.Command{
		Use:   "password --email ADDRESS",
		Short: "Set the password of an account",
		Long:  "Set the password of an account, and end its sessions.\n\n" + passwordHelp,
		Example: `  edgevalue user password --email ada@example.com
  edgevalue user password --email ada@example.com --password-stdin <password.txt`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if in.Password, err = readPassword(cmd, fromStdin); err != nil {
				return err
			}
			return withServices(cmd.Context(), func(s *services) error {
				u, err := s.app.SetPassword(cmd.Context(), app.System, in.Email, in.Password)
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "set the password of %s and ended its sessions\n", u.Email)
				}
				return err
			})
		},
	}
	for _, c := range []*cobra.Command{create, password} {
		c.Args = cobra.NoArgs
		c.PreRunE = func(*cobra.Command, []string) error { return checkEmail(in.Email) } // before a password is asked for
		c.Flags().StringVar(&in.Email, "email", "", "email address, with which the user logs in")
		c.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
		_ = c.MarkFlagRequired("email")
	}
	removeTOTP := &cobra.Command{
		Use:     "remove-totp --email ADDRESS",
		Short:   "Remove the second factor of an account whose owner has lost it",
		Example: "  edgevalue user remove-totp --email ada@example.com",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServices(cmd.Context(), func(s *services) error {
				err := s.app.RemoveTOTPByEmail(cmd.Context(), app.System, in.Email)
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "removed the second factor of %s\n", in.Email)
				}
				return err
			})
		},
	}
	removeTOTP.Flags().StringVar(&in.Email, "email", "", "email address, with which the user logs in")
	_ = removeTOTP.MarkFlagRequired("email")
	list := &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServices(cmd.Context(), func(s *services) error { return s.listUsers(cmd) })
		},
	}
	cmd := &cobra.Command{Use: "user", Short: "Manage the accounts"}
	cmd.AddCommand(create, list, password, removeTOTP)
	return cmd
}

func (s *services) listUsers(cmd *cobra.Command) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "EMAIL\tROLE\tSTATE\tCREATED")
	for page := (app.Page{Size: 100}); ; {
		users, next, err := s.app.ListUsers(cmd.Context(), app.System, page)
		if err != nil {
			return err
		}
		for _, u := range users {
			role, state := "user", "inactive"
			if u.IsSuperuser {
				role = "superuser"
			}
			if u.IsActive {
				state = "active"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", u.Email, role, state, u.CreatedAt.UTC().Format(time.DateOnly))
		}
		if page.Token = next; next == "" {
			return w.Flush()
		}
	}
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
		return "", errors.New("standard input is not a terminal: use --password-stdin")
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

// firstSuperuser creates the configured superuser unless there is one. A password that it generates for that is kept in s.
func (s *services) firstSuperuser(ctx context.Context) error {
	password, generated := string(s.cfg.FirstPassword), ""
	if password == "" {
		generated = auth.NewPassword()
		password = generated
	}
	created, err := s.app.EnsureSuperuser(ctx, s.cfg.FirstSuperuser, password)
	if err != nil {
		return errors.Wrap(err, "create first superuser")
	}
	if created {
		s.oneTimePassword = generated
		s.log.Info("created the first superuser", "email", s.cfg.FirstSuperuser)
	}
	return nil
}

// showPassword prints a generated password once: it is stored nowhere.
func (s *services) showPassword(w io.Writer) {
	if s.oneTimePassword == "" {
		return
	}
	rule := strings.Repeat("-", 80)
	fmt.Fprintf(w, "\n%s\nSuperuser %s was created with the password %s\n"+
		"It is not shown again; \"edgevalue user password\" sets another.\n%[1]s\n\n", rule, s.cfg.FirstSuperuser, s.oneTimePassword)
	s.oneTimePassword = ""
}
