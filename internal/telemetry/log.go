// Package telemetry is what EdgeValue tells its operators: logs, metrics, traces and error reports.
package telemetry

import (
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"
)

// NewLogger returns a logger that writes JSON, or text. Format is json, text, or auto: text on a terminal.
// Errors are reported to Sentry as well, if Start set that up.
func NewLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: withUnit}
	var h slog.Handler = slog.NewJSONHandler(w, opts)
	if f, ok := w.(*os.File); format == "text" || format != "json" && ok && term.IsTerminal(int(f.Fd())) {
		h = slog.NewTextHandler(w, opts)
	}
	return slog.New(slog.NewMultiHandler(h, reporter{}))
}

// withUnit writes a duration such as 1.234ms, which JSON would have in nanoseconds.
func withUnit(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		d := a.Value.Duration()
		if d >= time.Second {
			d = d.Round(time.Millisecond)
		} else if d >= time.Millisecond {
			d = d.Round(time.Microsecond)
		}
		a.Value = slog.StringValue(d.String())
	}
	return a
}
