package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

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
	Period           *value.Period
	Kind             *value.RestatementKind
	Derived          *bool
	KnownSince, AsOf *time.Time
}

// restatements checks a filter and a page, and returns the key of the row before the page.
func (v *validator) restatements(f RestatementFilter, today time.Time, p Page) (before *time.Time, beforeID int64) {
	v.date("known_since", f.KnownSince, farDay)
	v.date("as_of", f.AsOf, today)
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
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		c, err := findCompany(ctx, q, t)
		if err != nil {
			return err
		}
		rows, err := q.ListCompanyRestatements(ctx, db.ListCompanyRestatementsParams{
			CompanyID: c.ID, AsOf: f.AsOf, KnownSince: f.KnownSince, Period: (*string)(f.Period), Kind: (*string)(f.Kind), Derived: f.Derived,
			BeforeKnown: before, BeforeID: id, PageSize: new(p.limit()),
		})
		page, next, err = pageOf(p, rows, err, func(r db.Restatement) []any { return []any{r.KnownFrom, r.ID} },
			func(r *db.Restatement) Restatement { return Restatement{*r, c.Symbol} })
		return err
	})
	return page, next, err
}

// ListRestatements returns a page of what later filings changed in the statements of all companies, the newest first. Errors:
// Invalid.
func (a *App) ListRestatements(ctx context.Context, f RestatementFilter, p Page) (page []Restatement, next string, err error) {
	var v validator
	before, id := v.restatements(f, a.today(), p)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.read(ctx, func(q *db.Queries) error {
		rows, err := q.ListRestatements(ctx, db.ListRestatementsParams{
			AsOf: f.AsOf, KnownSince: f.KnownSince, Period: (*string)(f.Period), Kind: (*string)(f.Kind), Derived: f.Derived,
			BeforeKnown: before, BeforeID: id, PageSize: p.limit(),
		})
		page, next, err = pageOf(p, rows, err, func(r db.ListRestatementsRow) []any { return []any{r.Restatement.KnownFrom, r.Restatement.ID} },
			func(r *db.ListRestatementsRow) Restatement { return Restatement{r.Restatement, r.Ticker} })
		return err
	})
	return page, next, err
}

// A Difference is what was known of a statement on one day and not on an earlier one.
type Difference struct {
	Statement // as known on the later day
	Gone      bool
	IsNew     bool // there was none on the earlier day
	Changes   []Change
}

// A Change is a figure that differs, both on the share basis of the later day.
type Change struct {
	Field       string
	Old, New    *decimal.Decimal
	Restatement *db.Restatement // the last; nil where no filing restated the figure
}

// Diff returns the statements of a company of which more or something else was known on one day than on an earlier one, by
// end date. Errors: Invalid, NotFound.
func (a *App) Diff(ctx context.Context, t string, from, to time.Time) (differences []Difference, err error) {
	var v validator
	v.date("to", &to, a.today())
	v.check(from.Before(to), "from", "must be before to", "to")
	if err := v.err(); err != nil {
		return nil, err
	}
	err = a.read(ctx, func(q *db.Queries) error {
		c, err := findCompany(ctx, q, t)
		if err != nil {
			return err
		}
		basis, err := a.shareBasis(ctx, q, PointInTime{AsOf: &to, Basis: value.AsOf}, []int64{c.ID})
		if err != nil {
			return err
		}
		known := func(on time.Time) (map[int64]db.FinancialStatement, error) {
			rows, err := q.ListCompanyFinancialStatements(ctx, db.ListCompanyFinancialStatementsParams{CompanyID: c.ID, AsOf: &on})
			byID := map[int64]db.FinancialStatement{}
			for _, r := range rows {
				basis.row(&r)
				byID[r.ID] = r
			}
			return byID, wrap(err, "list statements")
		}
		before, err := known(from)
		if err != nil {
			return err
		}
		after, err := known(to)
		if err != nil {
			return err
		}
		//exhaustruct:ignore of all kinds
		restatements, err := q.ListCompanyRestatements(ctx, db.ListCompanyRestatementsParams{
			CompanyID: c.ID, AsOf: &to, KnownSince: new(from.AddDate(0, 0, 1)),
		})
		if err != nil {
			return errors.Wrap(err, "list restatements")
		}
		differences = nil
		for id, now := range after {
			old, ok := before[id]
			d := Difference{Statement: Statement{&now, c.Symbol, basis.on}, IsNew: !ok}
			if ok {
				d.Changes = changes(old, now, restatements)
			}
			if d.IsNew || len(d.Changes) > 0 {
				differences = append(differences, d)
			}
		}
		for id, old := range before {
			if _, ok := after[id]; !ok {
				differences = append(differences, Difference{Statement: Statement{&old, c.Symbol, basis.on}, Gone: true})
			}
		}
		return nil
	})
	slices.SortFunc(differences, func(a, b Difference) int {
		return cmp.Or(a.EndDate.Compare(b.EndDate), cmp.Compare(a.Period, b.Period), cmp.Compare(a.ID, b.ID))
	})
	return differences, err
}

// changes returns the figures in which two versions of a statement differ.
func changes(before, after db.FinancialStatement, restatements []db.Restatement) (all []Change) {
	old, now := statementFromRow(before), statementFromRow(after)
	for _, name := range figureNames {
		a, _ := figure(&old, name)
		b, _ := figure(&now, name)
		if a == b || a != nil && b != nil && a.Equal(*b) {
			continue
		}
		c := Change{Field: name, Old: a, New: b}
		// The newest comes first.
		if i := slices.IndexFunc(restatements, func(r db.Restatement) bool { return r.StatementID == after.ID && r.Field == name }); i >= 0 {
			c.Restatement = &restatements[i]
		}
		if c.Restatement != nil && c.Restatement.Kind == string(value.SplitChanged) {
			continue // on one share basis it differs by rounding
		}
		all = append(all, c)
	}
	return all
}
