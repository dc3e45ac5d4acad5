package app

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// What a value must be. The contract says the same beside its patterns.
const (
	countryRule  = "must be an ISO 3166 country code of two capital letters, such as US"
	currencyRule = "must be an ISO 4217 currency code, such as USD"
	emailRule    = "must be an email address"
	isinRule     = "must be an ISIN with a correct check digit"
	isTaken      = "is taken"
	pageRule     = "must be the next_page_token of a page of this list"
	tickerRule   = "must be a ticker: letters, digits, dots, dashes and slashes, beginning with a letter or digit, at most 20"
	isRepeated   = "is given twice"

	ordinarySharesRule = "must be a number above 0, such as 5, 0.5 or 1/1500"
)

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

func (v *validator) webAddress(field string, address *string) {
	if address != nil {
		u, err := url.Parse(*address)
		v.check(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", field,
			"must be an http or https address, such as https://example.com")
		v.text(field, *address)
	}
}

func (v *validator) ticker(field, t string) bool { return v.check(sec.IsTicker(t), field, tickerRule) }

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

func (v *validator) country(field string, code *string) {
	v.check(code == nil || countryForm.MatchString(*code), field, countryRule)
}

var ordinarySharesForm = regexp.MustCompile(`^(0\.[0-9]*[1-9][0-9]*|[1-9][0-9]{0,8}(\.[0-9]{1,9}|/[1-9][0-9]{0,8})?)$`)

// isOrdinaryShares tells whether a text has the form in which the number of ordinary shares is declared, which is exact.
func isOrdinaryShares(s string) bool { return len(s) <= 20 && ordinarySharesForm.MatchString(s) }

func (v *validator) ordinaryShares(field string, s *string) {
	v.check(s == nil || isOrdinaryShares(*s), field, ordinarySharesRule)
}

// defaultCurrency is that of a listing which declares none.
const defaultCurrency = "USD"

// currency asks the database, which knows the codes.
func (v *validator) currency(ctx context.Context, q *db.Queries, field, code string) error {
	if !v.text(field, code) {
		return nil
	}
	ok, err := q.HasCurrency(ctx, code)
	v.check(ok || err != nil, field, currencyRule)
	return wrap(err, "look up currency")
}

var isinForm = regexp.MustCompile(`^[A-Z]{2}[A-Z0-9]{9}[0-9]$`)

// isISIN checks the check digit, too: letters become 10 to 35, then Luhn from the right.
func isISIN(code string) bool {
	if !isinForm.MatchString(code) {
		return false
	}
	var digits []int
	for _, c := range code {
		if c >= 'A' {
			digits = append(digits, int(c-'A'+10)/10, int(c-'A'+10)%10)
		} else {
			digits = append(digits, int(c-'0'))
		}
	}
	sum := 0
	for i, d := range digits {
		if (len(digits)-i)%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
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
