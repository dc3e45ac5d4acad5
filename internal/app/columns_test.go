package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/mail"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// forbid makes an update of any of a table's columns fail, except those named.
func forbid(t *testing.T, pool *pgxpool.Pool, table string, but ...string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `
		CREATE FUNCTION forbidden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'this column is another''s'; END $$`)
	require.NoError(t, err)
	var columns string
	require.NoError(t, pool.QueryRow(t.Context(), `
		SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND column_name <> ALL($2)`, table, but).Scan(&columns))
	_, err = pool.Exec(t.Context(), fmt.Sprintf(
		"CREATE TRIGGER forbidden BEFORE UPDATE OF %s ON %s FOR EACH ROW EXECUTE FUNCTION forbidden()", columns, table))
	require.NoError(t, err)
}

type outbox chan mail.Message

func (o outbox) Send(_ context.Context, m mail.Message) error {
	o <- m
	return nil
}

func TestPasswordIsSetAlone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a, mails := newApp(t, pool), make(outbox, 1)
	a.Mail, a.ResetTokenLife = mails, time.Hour
	const old, second, third = "correct horse battery", "correct horse staple", "battery staple correct"
	u, err := a.CreateUser(t.Context(), root, app.UserInput{Email: "user@example.com", Password: old, IsActive: true})
	require.NoError(t, err)
	forbid(t, pool, "user_account", "password_hash", "token_version")
	issue := func(password string) string {
		t.Helper()
		g, err := a.Login(t.Context(), u.Email, password, "")
		require.NoError(t, err)
		return g.AccessToken
	}
	ended := func(token string) {
		t.Helper()
		_, err := a.Identify(t.Context(), token)
		require.Error(t, err, "the access tokens end")
	}

	token := issue(old)
	require.NoError(t, a.ChangePassword(t.Context(), app.Actor{UserID: u.ID}, old, second))
	ended(token)
	token = issue(second)
	require.NoError(t, a.SendResetMail(t.Context(), u.Email))
	_, link, _ := strings.Cut((<-mails).Text, "#token=")
	require.NoError(t, a.ResetPassword(t.Context(), strings.Fields(link)[0], third))
	ended(token)
	issue(third)
}
