package app

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"
)

// Code says what kind of error an *Error is.
type Code int

const (
	Invalid         Code = iota // a field's value cannot be accepted
	Unauthenticated             // nobody, or not who they say
	Forbidden
	NotFound
	Conflict
	TooLarge
	RateLimited
)

// An Error is one that the caller can do something about; its texts may be shown to anybody.
type Error struct {
	Code       Code
	Message    string
	Fields     []FieldError
	RetryAfter time.Duration // for RateLimited
}

// A FieldError says what is wrong with one field of the input.
type FieldError struct{ Field, Message string }

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		b.WriteString(map[bool]string{true: ": ", false: "; "}[i == 0])
		b.WriteString(f.Field + " " + f.Message)
	}
	return b.String()
}

func notFound(what string) error { return &Error{Code: NotFound, Message: "no such " + what} }

const notCurrency = "is not an ISO 4217 currency code"

// constraints maps the constraints that input can violate to the field and what is wrong with it.
var constraints = map[string]struct {
	code           Code
	field, message string
}{
	"user_account_email_key":            {Conflict, "email", "is taken"},
	"company_cik_key":                   {Conflict, "cik", "belongs to another company"},
	"listing_ticker_key":                {Conflict, "ticker", "is listed already"},
	"listing_isin_key":                  {Conflict, "isin", "is listed already"},
	"listing_isin_check":                {Invalid, "isin", "is not an ISIN (or its check digit is wrong)"},
	"listing_ticker_check":              {Invalid, "ticker", "may hold letters, digits, dots and dashes"},
	"financial_statement_current_key":   {Conflict, "end_date", "has a statement for this period"},
	"financial_statement_version_key":   {Conflict, "end_date", "has a statement for this period"},
	"financial_statement_currency_fkey": {Invalid, "currency", notCurrency},
	"dividend_currency_fkey":            {Invalid, "currency", notCurrency},
	"dividend_sec_key":                  {Conflict, "period_end", "has a dividend"},
	"split_pkey":                        {Conflict, "effective_date", "has a split"},
	"company_name_check":                {Invalid, "name", "must have 1 to 300 characters"},
	"company_country_check":             {Invalid, "country", "is no ISO 3166 code of two letters"},
}

// translate makes an *Error of what a database says about the input; other errors come back as they are.
func translate(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	c, ok := constraints[pg.ConstraintName]
	switch {
	case ok && c.code == Conflict:
		return &Error{Code: Conflict, Message: c.field + " " + c.message, Fields: []FieldError{{c.field, c.message}}}
	case ok:
		return &Error{Code: c.code, Message: "the input has invalid fields", Fields: []FieldError{{c.field, c.message}}}
	case pg.Code == "23503": // foreign_key_violation: what it points to went away in the meantime
		return &Error{Code: Conflict, Message: "what this belongs to no longer exists"}
	case pg.Code == "23514": // check_violation
		return &Error{Code: Invalid, Message: "a value breaks the rule " + pg.ConstraintName}
	case pg.Code == "21000": // cardinality_violation: one statement, two values for one row
		return &Error{Code: Invalid, Message: "the input says two different things of one record"}
	case pg.Code == "22003": // numeric_value_out_of_range
		return &Error{Code: Invalid, Message: "a number is too large"}
	case pg.Code == "22021" || pg.Code == "22P05": // character_not_in_repertoire, untranslatable_character
		return &Error{Code: Invalid, Message: "a text has characters that cannot be stored"}
	}
	return err
}

// found makes a NotFound error of a query's empty answer.
func found(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return notFound(what)
	}
	return translate(err)
}

// A validator collects what is wrong with an input's fields.
type validator struct{ fields []FieldError }

func (v *validator) check(ok bool, field, message string) {
	if !ok {
		v.fields = append(v.fields, FieldError{field, message})
	}
}

// text checks that a string can be stored and shown on one line.
func (v *validator) text(field, s string) {
	v.check(utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) < 0,
		field, "has control characters or is not valid Unicode")
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

var firstDay = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// date checks that a day lies between 1900 and last.
func (v *validator) date(field string, day *time.Time, last time.Time) {
	if day != nil {
		v.check(!day.Before(firstDay) && !day.After(last), field,
			fmt.Sprintf("must be between 1900-01-01 and %s", last.Format(time.DateOnly)))
	}
}

// err returns an *Error with all that was found, or nil.
func (v *validator) err() error {
	if len(v.fields) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: "the input has invalid fields", Fields: v.fields}
}

// wrap is errors.Wrap for an error that may be nil.
func wrap(err error, message string) error {
	if err == nil {
		return nil
	}
	return errors.Wrap(err, message)
}
