package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// outages are the SQLSTATEs, or the beginnings of them, that say nothing about what was asked for: the same request can
// succeed later.
var outages = []struct {
	codes   []string
	message string
	retry   time.Duration
}{
	{[]string{"08", "57P", pgerrcode.TooManyConnections}, unreachable, 5 * time.Second},
	{[]string{"53", "58"}, "the database lacks space or memory", 5 * time.Second},
	{[]string{pgerrcode.ReadOnlySQLTransaction}, "the database takes no changes", 5 * time.Second},
	{[]string{pgerrcode.QueryCanceled, pgerrcode.IdleInTransactionSessionTimeout, "25P04"}, tookTooLong, 5 * time.Second},
	{[]string{pgerrcode.LockNotAvailable, pgerrcode.SerializationFailure, pgerrcode.DeadlockDetected},
		"another change of the same data is in the way", time.Second},
}

const (
	unreachable = "the database cannot be reached"
	tookTooLong = "this took too long"
)

// Explain returns what the error of any use case means to its caller, or nil when that can do nothing about it. It is
// for those who talk to the caller: a job must see an outage as what it is, and try again.
func Explain(err error) *Error {
	var e *Error
	if errors.As(translate(err), &e) {
		return e
	}
	if message, retry := outage(err); message != "" {
		return &Error{Code: Unavailable, Message: message, RetryAfter: retry}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: Unavailable, Message: tookTooLong, RetryAfter: 5 * time.Second}
	}
	return nil
}

// IsOutage reports whether an error says that the database cannot serve for now, and nothing of what was asked for.
func IsOutage(err error) bool {
	message, _ := outage(err)
	return message != ""
}

// outage returns what to tell of an error of the database that has nothing to do with what was asked for, and when to
// ask again; "" for other errors.
func outage(err error) (message string, retry time.Duration) {
	var (
		connect *pgconn.ConnectError
		broken  *net.OpError
		pg      *pgconn.PgError
	)
	switch {
	case errors.As(err, &connect):
		return unreachable, 5 * time.Second
	case errors.As(err, &pg):
		for _, o := range outages {
			if slices.ContainsFunc(o.codes, func(code string) bool { return strings.HasPrefix(pg.Code, code) }) {
				return o.message, o.retry
			}
		}
		return "", 0
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "", 0
	case errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), pgconn.SafeToRetry(err):
		return unreachable, 5 * time.Second
	}
	return "", 0
}

// undone reports whether PostgreSQL has taken back a transaction because of another one at the same time.
func undone(err error) bool {
	pg, ok := errors.Into[*pgconn.PgError](err)
	return ok && (pg.Code == pgerrcode.SerializationFailure || pg.Code == pgerrcode.DeadlockDetected)
}

// An OutageLog is a log of what goes wrong for everybody at once. It tells the first at once and then, once a second,
// how many there were since.
type OutageLog struct {
	Logger *slog.Logger

	mu    sync.Mutex
	quiet bool
	count int
	last  error
}

// Log logs an error, or counts it.
func (l *OutageLog) Log(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	l.last = err
	if !l.quiet {
		l.tell()
	}
}

func (l *OutageLog) tell() {
	if l.quiet = l.count > 0; !l.quiet {
		return
	}
	l.Logger.Error("unavailable", "error", l.last, "count", l.count)
	l.count = 0
	time.AfterFunc(time.Second, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.tell()
	})
}
