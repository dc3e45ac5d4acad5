package telemetry

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/go-faster/errors"
	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
)

// Config says where errors are reported, and how. Traces are configured by the OTEL_* variables.
type Config struct {
	SentryDSN   string
	Environment string
	Release     string
	Logger      *slog.Logger
}

// Start starts error reports if there is a DSN, and traces if an OTEL_* variable says where to send them. The returned
// function sends what is left and ends both.
func Start(ctx context.Context, cfg Config) (stop func(context.Context) error, err error) {
	if cfg.SentryDSN != "" {
		err := sentry.Init(sentry.ClientOptions{Dsn: cfg.SentryDSN, Environment: cfg.Environment, Release: cfg.Release})
		if err != nil {
			return nil, errors.Wrap(err, "set up Sentry")
		}
	}
	endTraces, err := startTraces(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if cfg.SentryDSN != "" {
			sentry.Flush(2 * time.Second)
		}
		return endTraces(ctx)
	}, nil
}

func startTraces(ctx context.Context, cfg Config) (func(context.Context) error, error) {
	if !tracesWanted(os.Getenv) {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, errors.Wrap(err, "set up traces")
	}
	// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME come last, and so take precedence.
	res, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("edgevalue"), semconv.ServiceVersion(cfg.Release)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, errors.Wrap(err, "describe the service")
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(res))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { cfg.Logger.Warn("traces", "error", err) }))
	return provider.Shutdown, nil
}

// tracesWanted reports whether the OTEL_* variables ask for traces; without any, none are sent.
func tracesWanted(getenv func(string) string) bool {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return getenv("OTEL_TRACES_EXPORTER") != "" || getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" ||
		getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}
