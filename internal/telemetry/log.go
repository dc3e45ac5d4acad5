// Package telemetry is what EdgeValue tells its operators: logs, metrics, traces and error reports.
package telemetry

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// NewLogger returns a logger that writes JSON, or text. Format is json, text, or auto: text on a terminal.
// Errors are reported to Sentry as well, if Start set that up.
func NewLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if f, ok := w.(*os.File); format == "text" || format != "json" && ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(reporter{slog.NewTextHandler(w, opts)})
	}
	return slog.New(reporter{slog.NewJSONHandler(w, opts)})
}
