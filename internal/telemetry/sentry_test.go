package telemetry

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Not parallel: Sentry's hub is the process's.
func TestErrorsAreReported(t *testing.T) {
	var logged bytes.Buffer
	log := NewLogger(&logged, "json", slog.LevelInfo).With("job_id", 7)
	log.ErrorContext(t.Context(), "before Sentry is set up")

	transport := &sentry.MockTransport{}
	client, err := sentry.NewClient(sentry.ClientOptions{Dsn: "https://key@example.com/1", Transport: transport})
	require.NoError(t, err)
	sentry.CurrentHub().BindClient(client)
	t.Cleanup(func() { sentry.CurrentHub().BindClient(nil) })
	log.WarnContext(t.Context(), "not an error")
	log.ErrorContext(t.Context(), "request failed", "error", errors.New("disk full"), "request_id", "r1")
	log.ErrorContext(t.Context(), "no error value")
	sentry.Flush(time.Second)

	require.Len(t, transport.Events(), 2)
	event := transport.Events()[0]
	assert.Equal(t, "disk full", event.Exception[len(event.Exception)-1].Value)
	assert.Equal(t, sentry.Context{"message": "request failed", "request_id": "r1", "job_id": "7"}, event.Contexts["log"])
	assert.Zero(t, event.User, "nobody is named")
	assert.Nil(t, event.Request)
	assert.Equal(t, "no error value", transport.Events()[1].Message)
	assert.Contains(t, logged.String(), "disk full")
}
