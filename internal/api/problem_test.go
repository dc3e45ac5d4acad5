package api

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
)

// Whatever makes the status 503, the client learns when to come back.
func TestUnavailableSaysWhenToRetry(t *testing.T) {
	t.Parallel()
	log := &app.OutageLog{Logger: slog.New(slog.DiscardHandler)}
	for _, err := range []error{
		&app.Error{Code: app.Unavailable, Message: "no time is said"},
		&app.Error{Code: app.Unavailable, Message: "less than a second", RetryAfter: time.Millisecond},
		&statusError{http.StatusServiceUnavailable, errors.New("of this package's own")},
		&pgconn.PgError{Code: "53100"}, &pgconn.PgError{Code: "40P01"}, &pgconn.ConnectError{},
		context.DeadlineExceeded, errors.Wrap(context.DeadlineExceeded, "query"),
	} {
		p := newProblem(t.Context(), log, err)
		require.Equal(t, http.StatusServiceUnavailable, p.StatusCode, "%v", err)
		assert.GreaterOrEqual(t, p.RetryAfter.Value, int32(1), "%v", err)
	}
}
