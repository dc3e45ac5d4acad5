package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	for format, isJSON := range map[string]bool{"json": true, "auto": true, "text": false} {
		var out bytes.Buffer
		log := NewLogger(&out, format, slog.LevelWarn)
		log.Info("quiet")
		log.Warn("loud", "n", 1)
		assert.NotContains(t, out.String(), "quiet")
		assert.Contains(t, out.String(), "loud")
		assert.Equal(t, isJSON, json.Valid(out.Bytes()), format)
	}
	file, err := os.Create(t.TempDir() + "/log")
	require.NoError(t, err)
	NewLogger(file, "auto", slog.LevelInfo).Info("to a file")
	require.NoError(t, file.Close())
	b, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.True(t, json.Valid(b), "a file is not a terminal")
}

func TestDurationsHaveUnits(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]string{
		0: "0s", 1234567 * time.Nanosecond: "1.235ms", 1234567 * time.Microsecond: "1.234567s", 90 * time.Second: "1m30s",
	} {
		for format, pattern := range map[string]string{"json": `"took":"%s"`, "text": ` took=%s`} {
			var out bytes.Buffer
			NewLogger(&out, format, slog.LevelInfo).With("took", took).Info("done", "took", took)
			assert.Equal(t, 2, strings.Count(out.String(), fmt.Sprintf(pattern, want)), out.String())
		}
	}
}

func TestTracesWanted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		vars string
		want bool
	}{
		{"", false},
		{"OTEL_SERVICE_NAME=x", false},
		{"OTEL_TRACES_EXPORTER=otlp", true},
		{"OTEL_TRACES_EXPORTER=none OTEL_EXPORTER_OTLP_ENDPOINT=http://c", false},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c", true},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c", true},
		{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://c", false},
		{"OTEL_SDK_DISABLED=true OTEL_EXPORTER_OTLP_ENDPOINT=http://c", false},
		{"OTEL_SDK_DISABLED=false OTEL_EXPORTER_OTLP_ENDPOINT=http://c", true},
	} {
		vars := map[string]string{}
		for _, v := range strings.Fields(tt.vars) {
			name, value, _ := strings.Cut(v, "=")
			vars[name] = value
		}
		assert.Equal(t, tt.want, tracesWanted(func(name string) string { return vars[name] }), tt.vars)
	}
}

// What stop has not sent is lost. The test sets the process's environment and globals.
func TestStart(t *testing.T) {
	var (
		mu   sync.Mutex
		sent = map[string]string{}
	)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		sent[r.URL.Path] += string(body)
	}))
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	ctx := context.WithoutCancel(t.Context())

	stop, err := Start(ctx, Config{
		SentryDSN:   strings.Replace(server.URL, "http://", "http://key@", 1) + "/7",
		Environment: "staging", Release: "1.2.3", Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { sentry.CurrentHub().BindClient(nil) })
	_, span := otel.Tracer("").Start(ctx, "a span of the test")
	span.End()
	sentry.CaptureException(errors.New("an error of the test"))
	require.NoError(t, stop(ctx))

	mu.Lock()
	defer mu.Unlock()
	assert.Contains(t, sent["/v1/traces"], "a span of the test")
	assert.Contains(t, sent["/v1/traces"], "edgevalue")
	assert.Contains(t, sent["/v1/traces"], "1.2.3")
	assert.Contains(t, sent["/api/7/envelope/"], "an error of the test")
	assert.Contains(t, sent["/api/7/envelope/"], "staging")
}

func TestStartNothing(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Config{SentryDSN: "no DSN"})
	require.Error(t, err)
	stop, err := startTraces(t.Context(), Config{})
	require.NoError(t, err)
	require.NoError(t, stop(t.Context()))
}
