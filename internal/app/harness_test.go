package app_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/mail"
)

var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func newApp(t *testing.T, pool *pgxpool.Pool) *app.App {
	t.Helper()
	hasher := auth.NewHasher(auth.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	clock := func() time.Time { return now }
	logger := slog.New(slog.DiscardHandler)
	a, err := app.New(app.Config{
		Pool: pool, Hasher: hasher, Tokens: auth.NewTokens("a secret of the tests, long enough", time.Hour, clock),
		ConsoleTokens: auth.NewConsoleTokens("a secret of the tests, long enough", time.Hour, clock),
		CookieTokens:  auth.NewCookieTokens("a secret of the tests, long enough", app.SessionLife, clock),
		Mail:          mail.Log{Logger: logger}, Logger: logger, Now: clock, RefreshTokenLife: time.Hour,
		AttemptsPerAddress: 100, AttemptsPerAccount: 100, AttemptWindow: time.Minute,
	})
	require.NoError(t, err)
	return a
}

// root is a superuser without an account, as the command line is.
var root = app.Actor{UserID: -1, Superuser: true}
