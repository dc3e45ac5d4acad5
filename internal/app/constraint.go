package app

import (
	"github.com/go-faster/errors"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// constraints maps the constraints that input can violate to the field and what is wrong with it. The use cases check
// most of them before they write; a request at the same time can still come in between. A conflict has a type.
var constraints = map[string]struct {
	code                 Code
	field, message, kind string
}{
	"user_account_email_key": {Conflict, "/email", isTaken, "email-taken"},
	// newproject:companies
	"company_cik_key":                   {Conflict, "/cik", isTaken, "cik-taken"},
	"company_cik_pkey":                  {Conflict, "/cik", isTaken, "cik-taken"},
	"listing_ticker_key":                {Conflict, "/listings", "have a ticker that is taken", "ticker-taken"},
	"listing_isin_key":                  {Conflict, "/listings", "have an ISIN that is taken", "isin-taken"},
	"listing_isin_check":                {Invalid, "/listings", isinRule, ""},
	"listing_currency_fkey":             {Invalid, "/listings", currencyRule, ""},
	"listing_ordinary_shares_check":     {Invalid, "/listings", ordinarySharesRule, ""},
	"listing_ticker_check":              {Invalid, "/listings", tickerRule, ""},
	"financial_statement_current_key":   {Conflict, "/end_date", "has a statement for this period", "statement-exists"},
	"financial_statement_version_key":   {Conflict, "/end_date", "has a statement for this period", "statement-exists"},
	"financial_statement_currency_fkey": {Invalid, "/currency", currencyRule, ""},
	"dividend_currency_fkey":            {Invalid, "/currency", currencyRule, ""},
	"dividend_sec_key":                  {Conflict, "/period_end", "has a dividend", "dividend-exists"},
	"split_pkey":                        {Conflict, "/effective_date", "has a split", "split-exists"},
	"company_name_check":                {Invalid, "/name", "must have 1 to 300 characters", ""},
	"company_country_check":             {Invalid, "/country", countryRule, ""},
	"dividend_manual_key":               {Conflict, "", "is entered already, with the same amount and dates", "dividend-exists"},
	// newproject:end
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
		return &Error{Code: Conflict, Type: c.kind, Message: "a value is taken", Fields: []FieldError{{Field: c.field, Message: c.message}}}
	case ok:
		return invalid(c.field, c.message)
	case pg.Code == pgerrcode.ForeignKeyViolation: // what it points to went away in the meantime
		return &Error{Code: Conflict, Message: "what this belongs to no longer exists"}
	case pg.Code == pgerrcode.CheckViolation:
		return &Error{Code: Invalid, Message: "a value breaks the rule " + pg.ConstraintName}
	case pg.Code == pgerrcode.CardinalityViolation: // one statement, two values for one row
		return &Error{Code: Invalid, Message: "the input says two different things about one record"}
	case pg.Code == pgerrcode.NumericValueOutOfRange:
		return &Error{Code: Invalid, Message: "a number is too large"}
	case pg.Code == pgerrcode.CharacterNotInRepertoire, pg.Code == pgerrcode.UntranslatableCharacter:
		return &Error{Code: Invalid, Message: "a text has characters that cannot be stored"}
	}
	return err
}

// found makes a NotFound error of a query's empty result.
func found(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return notFound(what)
	}
	return translate(err)
}
