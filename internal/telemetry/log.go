// Package telemetry is what EdgeValue tells its operators: logs, metrics, traces and error reports.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"golang.org/x/term"
)

// NewLogger returns a logger that writes JSON, or text. Format is json, text, or auto: text on a terminal.
// Errors are reported to Sentry as well, if Start set that up.
func NewLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewJSONHandler(w, opts)
	if f, ok := w.(*os.File); format == "text" || format != "json" && ok && term.IsTerminal(int(f.Fd())) {
		h = slog.NewTextHandler(w, opts)
	}
	return slog.New(slog.NewMultiHandler(units{h}, reporter{}))
}

// units writes a duration such as 1.234ms, which JSON would have in nanoseconds. HandlerOptions.ReplaceAttr could, too,
// but takes a good part of the time of a small request.
type units struct{ slog.Handler }

func (h units) Handle(ctx context.Context, r slog.Record) error {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Value.Kind() == slog.KindDuration
		return !found
	})
	if found {
		out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
		r.Attrs(func(a slog.Attr) bool {
			out.AddAttrs(withUnit(a))
			return true
		})
		r = out
	}
	return h.Handler.Handle(ctx, r)
}

func (h units) WithAttrs(attrs []slog.Attr) slog.Handler {
	attrs = slices.Clone(attrs)
	for i, a := range attrs {
		attrs[i] = withUnit(a)
	}
	return units{h.Handler.WithAttrs(attrs)}
}

func (h units) WithGroup(name string) slog.Handler { return units{h.Handler.WithGroup(name)} }

func withUnit(a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.String(a.Key, a.Value.Duration().Round(time.Microsecond).String())
}
