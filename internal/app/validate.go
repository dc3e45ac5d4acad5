package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/auth"
)

// What a value must be. The contract says the same beside its patterns.
const (
	emailRule = "must be an email address"
	isTaken   = "is taken"
	pageRule  = "must be the next_page_token of a page of this list"
)

// MaxFileSize is the size in bytes that a file may have, when unpacked, whose rows or records are read into memory.
const MaxFileSize = 64 << 20

// A validator collects what is wrong with the fields of an input.
type validator struct {
	fields []FieldError
	wrong  bool     // more than taken
	types  []string // the problem types of what is taken
}

// check adds the message unless ok, which it returns. The message may depend on other fields, too.
func (v *validator) check(ok bool, field, message string, with ...string) bool {
	if !ok {
		v.fields = append(v.fields, FieldError{field, message, with})
		v.wrong = true
	}
	return ok
}

// taken adds that a value belongs to another; kind is the problem's type if that is all.
func (v *validator) taken(field, kind string) {
	v.types = append(v.types, kind)
	v.fields = append(v.fields, FieldError{Field: field, Message: isTaken})
}

// err returns an *Error with everything found, or nil: a Conflict when all that is wrong with the values is that they
// are taken.
func (v *validator) err() error {
	switch {
	case v.wrong:
		return &Error{Code: Invalid, Message: "the request has invalid values", Fields: v.fields}
	case len(v.fields) > 0:
		kind := v.types[0]
		if len(slices.Compact(v.types)) > 1 {
			kind = "" // no single one
		}
		return &Error{Code: Conflict, Type: kind, Message: "a value is taken", Fields: v.fields}
	}
	return nil
}

// isText tells whether a string can be stored and shown on one line.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) < 0
}

func (v *validator) text(field, s string) bool {
	return v.check(isText(s), field, "must be valid Unicode without control characters")
}

// line trims a text, if there is one, and checks that something is left which can be shown on one line.
func (v *validator) line(field string, s *string) {
	if s != nil {
		*s = strings.TrimSpace(*s)
		v.check(*s != "", field, "must not be empty")
		v.text(field, *s)
	}
}

func (v *validator) optionalText(field string, s *string) {
	if s != nil {
		v.text(field, *s)
	}
}

// number checks that a decimal can be stored and written out at a reasonable length.
func (v *validator) number(field string, d *decimal.Decimal) {
	v.check(d == nil || plain(*d), field, "has too many digits")
}

func plain(d decimal.Decimal) bool {
	return d.Exponent() > -20 && d.Exponent() < 20 && d.NumDigits() <= 40
}

var (
	firstDay = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	farDay   = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) // the last that a filter takes
)

// date checks that a day lies between 1900 and last.
func (v *validator) date(field string, day *time.Time, last time.Time) {
	if day != nil {
		v.check(!day.Before(firstDay) && !day.After(last), field,
			fmt.Sprintf("must be between 1900-01-01 and %s", last.Format(time.DateOnly)))
	}
}

// email checks an address and brings it into the form in which it is kept.
func (v *validator) email(field string, address *string) bool {
	form, err := Email(*address)
	if err == nil {
		*address = form
	}
	return v.check(err == nil, field, emailRule)
}

// password checks a new password. The context has what its user's would be guessed from.
func (v *validator) password(field, password string, context ...string) {
	if err := auth.CheckPassword(password, context...); err != nil {
		v.check(false, field, err.Error())
	}
}

type rehearsalKey struct{}

// Rehearse returns a context under which a use case says what is wrong with its input and changes nothing: it ends
// where it would count an attempt or hash a password, and takes back what it wrote.
func Rehearse(ctx context.Context) context.Context {
	return context.WithValue(ctx, rehearsalKey{}, true)
}

var errRehearsed = errors.New("rehearsed")

// rehearsed returns errRehearsed in a rehearsal.
func rehearsed(ctx context.Context) error {
	if ctx.Value(rehearsalKey{}) != nil {
		return errRehearsed
	}
	return nil
}
