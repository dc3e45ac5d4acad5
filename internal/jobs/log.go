package jobs

import (
	"context"
	"log/slog"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/app"
)

// riverLog is River's log. The errors of River itself, all of them about the database, become one a second.
type riverLog struct {
	slog.Handler
	outages *app.OutageLog
}

func newRiverLog(log *slog.Logger) *slog.Logger {
	return slog.New(riverLog{log.Handler(), &app.OutageLog{Logger: log}})
}

func (l riverLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelError {
		return l.Handler.Handle(ctx, r)
	}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" || a.Key == "error" {
			text += ": " + a.Value.String()
		}
		return true
	})
	l.outages.Log(errors.New(text))
	return nil
}

func (l riverLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return riverLog{l.Handler.WithAttrs(attrs), l.outages}
}

func (l riverLog) WithGroup(name string) slog.Handler {
	return riverLog{l.Handler.WithGroup(name), l.outages}
}
