package app

import (
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/mail"
)

// Code says what kind of error an *Error is.
type Code int

const (
	Invalid         Code = iota // a value cannot be accepted
	Unauthenticated             // nobody, or not who they say
	Forbidden
	NotFound
	Conflict // with what is there
	TooLarge
	RateLimited
	Unavailable // the database, for now
)

// An Error is one that the caller can do something about; its texts may be shown to anybody.
type Error struct {
	Code       Code
	Type       string // the problem type's name under /problems/, if it is not the code's
	Message    string
	Fields     []FieldError
	RetryAfter time.Duration // for RateLimited and Unavailable
}

// A FieldError says what is wrong with one value of the input.
type FieldError struct {
	Field   string   // the JSON Pointer of a value in the body, or the name of a parameter
	Message string   // goes on after the field's name: "is required"
	With    []string // the other fields that the message depends on
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		if f.Field == "" {
			continue // of the whole, which the message is about
		}
		b.WriteString(map[bool]string{true: ": ", false: "; "}[i == 0])
		b.WriteString(strings.TrimPrefix(f.Field, "/") + " " + f.Message)
	}
	return b.String()
}

// Permanent reports whether no retry can heal the error of a job. A conflict is with another job at the same time, which
// the next attempt sees.
func Permanent(err error) bool {
	e, ok := errors.Into[*Error](err)
	return ok && e.Code != Conflict || mail.Permanent(err)
}

func notFound(what string) error { return &Error{Code: NotFound, Message: "no such " + what} }

// invalid makes an Invalid error of what is wrong with one field.
func invalid(field, message string) error {
	var v validator
	v.check(false, field, message)
	return v.err()
}

// wrap is errors.Wrap for an error that may be nil.
func wrap(err error, message string) error {
	if err == nil {
		return nil
	}
	return errors.Wrap(err, message)
}
