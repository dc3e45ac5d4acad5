package telemetry

import (
	"context"
	"log/slog"

	"github.com/getsentry/sentry-go"
)

// reporter sends the errors that are logged to Sentry, too, once that is set up. The log has their request or job.
type reporter struct{ slog.Handler }

func (r reporter) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelError {
		report(record)
	}
	return r.Handler.Handle(ctx, record)
}

func (r reporter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return reporter{r.Handler.WithAttrs(attrs)}
}
func (r reporter) WithGroup(name string) slog.Handler { return reporter{r.Handler.WithGroup(name)} }

func report(record slog.Record) {
	hub := sentry.CurrentHub().Clone()
	if hub.Client() == nil {
		return
	}
	var err error
	hub.ConfigureScope(func(scope *sentry.Scope) {
		details := sentry.Context{"message": record.Message}
		for a := range record.Attrs {
			if e, ok := a.Value.Any().(error); ok && err == nil {
				err = e
			} else {
				details[a.Key] = a.Value.String()
			}
		}
		scope.SetContext("log", details)
	})
	if err != nil {
		hub.CaptureException(err)
	} else {
		hub.CaptureMessage(record.Message)
	}
}
