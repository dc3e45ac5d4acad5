package app

import (
	"context"
	"time"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// A Restatement carries the ticker of its company's primary listing.
type Restatement struct {
	db.Restatement
	Ticker string
}

// A RestatementFilter narrows a list of restatements; nil does not.
type RestatementFilter struct {
	Period            *value.Period
	Kind              *value.RestatementKind
	Derived           *bool
	KnownSince, Until *time.Time
}

// restatements checks a filter and a page, and returns the key of the row before the page.
func (v *validator) restatements(f RestatementFilter, today time.Time, p Page) (before *time.Time, beforeID int64) {
	v.date("known_since", f.KnownSince, farDay)
	v.date("as_of", f.Until, today)
	v.page(p, &before, &beforeID)
	return before, beforeID
}

// ListCompanyRestatements returns a page of what later filings changed in a company's statements, the newest first. Errors:
// Invalid, NotFound.
func (a *App) ListCompanyRestatements(ctx context.Context, t string, f RestatementFilter, p Page) (page []Restatement, next string, err error) {
	var v validator
	before, id := v.restatements(f, a.today(), p)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	c, err := a.GetCompany(ctx, t)
	if err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListCompanyRestatements(ctx, db.ListCompanyRestatementsParams{
		CompanyID: c.ID, AsOf: f.Until, KnownSince: f.KnownSince, Period: (*string)(f.Period), Kind: (*string)(f.Kind), Derived: f.Derived,
		BeforeKnown: before, BeforeID: id, PageSize: new(p.limit()),
	})
	return pageOf(p, rows, err, func(r db.Restatement) []any { return []any{r.KnownFrom, r.ID} },
		func(r db.Restatement) Restatement { return Restatement{r, c.Listings[0].Ticker} })
}

// ListRestatements returns a page of what later filings changed in the statements of all companies, the newest first. Errors:
// Invalid.
func (a *App) ListRestatements(ctx context.Context, f RestatementFilter, p Page) (page []Restatement, next string, err error) {
	var v validator
	before, id := v.restatements(f, a.today(), p)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListRestatements(ctx, db.ListRestatementsParams{
		AsOf: f.Until, KnownSince: f.KnownSince, Period: (*string)(f.Period), Kind: (*string)(f.Kind), Derived: f.Derived,
		BeforeKnown: before, BeforeID: id, PageSize: p.limit(),
	})
	return pageOf(p, rows, err, func(r db.ListRestatementsRow) []any { return []any{r.Restatement.KnownFrom, r.Restatement.ID} },
		func(r db.ListRestatementsRow) Restatement { return Restatement{r.Restatement, r.Ticker} })
}
