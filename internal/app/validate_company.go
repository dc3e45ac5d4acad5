package app

import (
	"context"
	"net/url"
	"regexp"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// What a value of a company must be. The contract says the same beside its patterns.
const (
	countryRule        = "must be an ISO 3166 country code of two capital letters, such as US"
	currencyRule       = "must be an ISO 4217 currency code, such as USD"
	isinRule           = "must be an ISIN with a correct check digit"
	tickerRule         = "must be a ticker: letters, digits, dots, dashes and slashes, beginning with a letter or digit, at most 20"
	isRepeated         = "is given twice"
	ordinarySharesRule = "must be a number above 0, such as 5, 0.5 or 1/1500"
)

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

// currency asks the database, which knows the codes and loses none, for each once.
func (v *validator) currency(ctx context.Context, a *App, q *db.Queries, field, code string) error {
	if !v.text(field, code) {
		return nil
	}
	if _, ok := a.currencies.Load(code); ok {
		return nil
	}
	ok, err := q.HasCurrency(ctx, code)
	if ok {
		a.currencies.Store(code, true)
	}
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

// set assigns *src, if there is one.
func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}
