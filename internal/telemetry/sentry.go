package telemetry

import (
	"context"
	"log/slog"
	"slices"

	"github.com/getsentry/sentry-go"
)

// reporter reports logged errors to Sentry, once that is set up. Sentry's own slog handler sends only log entries, which
// raise no issue.
type reporter struct{ attrs []slog.Attr }

func (reporter) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError && sentry.CurrentHub().Client().IsEnabled()
}

func (r reporter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return reporter{append(slices.Clip(r.attrs), attrs...)}
}

func (r reporter) WithGroup(string) slog.Handler { return r }

// Handle reports the first attribute that is an error; the others, such as the request's or job's id, are its context.
func (r reporter) Handle(_ context.Context, record slog.Record) error {
	var err error
	details := sentry.Context{"message": record.Message}
	add := func(a slog.Attr) bool {
		if e, ok := a.Value.Any().(error); ok && err == nil {
			err = e
		} else {
			details[a.Key] = a.Value.String()
		}
		return true
	}
	for _, a := range r.attrs {
		add(a)
	}
	record.Attrs(add)
	hub := sentry.CurrentHub().Clone()
	hub.Scope().SetContext("log", details)
	if err != nil {
		hub.CaptureException(err)
	} else {
		hub.CaptureMessage(record.Message)
	}
	return nil
}
