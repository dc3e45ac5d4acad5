package telemetry

import (
	"bytes"
	"context"
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
	transport := &sentry.MockTransport{}
	client, err := sentry.NewClient(sentry.ClientOptions{Dsn: "https://key@example.com/1", Transport: transport})
	require.NoError(t, err)
	sentry.CurrentHub().BindClient(client)
	t.Cleanup(func() { sentry.CurrentHub().BindClient(nil) })

	var logged bytes.Buffer
	log := NewLogger(&logged, "json", slog.LevelInfo).With("process", "test")
	log.WarnContext(context.Background(), "not an error")
	log.ErrorContext(context.Background(), "request failed", "error", errors.New("disk full"), "request_id", "r1")
	sentry.Flush(time.Second)

	require.Len(t, transport.Events(), 1)
	event := transport.Events()[0]
	assert.Equal(t, "disk full", event.Exception[len(event.Exception)-1].Value)
	assert.Equal(t, "r1", event.Contexts["log"]["request_id"])
	assert.Contains(t, logged.String(), "disk full")
}
