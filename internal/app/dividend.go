package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
)

// A Dividend carries the ticker of its company's primary listing.
type Dividend struct {
	db.Dividend
	Ticker string
}

// DividendInput is a dividend entered by hand, but for its company. A zero ShareBasisDate stands for the PublishDate.
type DividendInput = db.CreateDividendParams

// goverter:variables
var (
	// goverter:ignore ID
	dividendReplacement func(DividendInput) db.ReplaceDividendParams
)

// ListCompanyDividends returns a page of a company's dividends, the newest published first.
// Errors: Invalid, NotFound.
func (a *App) ListCompanyDividends(ctx context.Context, t string, p Page) ([]Dividend, string, error) {
	var published *time.Time
	var id int64
	var v validator
	v.page(p, &published, &id)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	c, err := a.GetCompany(ctx, t)
	if err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{
		CompanyID: c.ID, BeforePublished: published, BeforeID: id, PageSize: new(p.limit()),
	})
	return pageOf(p, rows, err, func(d db.Dividend) []any { return []any{d.PublishDate, d.ID} },
		func(d db.Dividend) Dividend { return Dividend{d, c.Listings[0].Ticker} })
}

// ListDividends returns a page of all companies' dividends, the newest published first. Errors: Invalid.
func (a *App) ListDividends(ctx context.Context, fiscalYear *int32, publishedSince *time.Time, p Page) ([]Dividend, string, error) {
	params := db.ListDividendsParams{FiscalYear: fiscalYear, PublishedSince: publishedSince, PageSize: p.limit()}
	var v validator
	v.page(p, &params.BeforePublished, &params.BeforeID)
	v.date("published_since", publishedSince, farDay)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListDividends(ctx, params)
	return pageOf(p, rows, err, func(r db.ListDividendsRow) []any { return []any{r.Dividend.PublishDate, r.Dividend.ID} },
		func(r db.ListDividendsRow) Dividend { return Dividend{r.Dividend, r.Ticker} })
}

// GetDividend returns a dividend. Errors: NotFound.
func (a *App) GetDividend(ctx context.Context, id int64) (Dividend, error) {
	row, err := a.queries.GetDividend(ctx, id)
	return Dividend{row.Dividend, row.Ticker}, found(err, "dividend")
}

func (v *validator) dividend(in *DividendInput, today time.Time) {
	v.check(in.AmountPerShare.IsPositive(), "/amount_per_share", "must be more than 0")
	v.number("/amount_per_share", &in.AmountPerShare)
	v.date("/period_end", in.PeriodEnd, today.AddDate(1, 0, 0))
	v.date("/publish_date", &in.PublishDate, today)
	if !in.ShareBasisDate.IsZero() {
		v.date("/share_basis_date", &in.ShareBasisDate, today)
	}
	v.date("/declaration_date", in.DeclarationDate, today)
	v.date("/ex_dividend_date", in.ExDividendDate, today.AddDate(2, 0, 0))
	v.date("/record_date", in.RecordDate, today.AddDate(2, 0, 0))
	v.date("/payment_date", in.PaymentDate, today.AddDate(2, 0, 0))
}

// CreateDividend enters a dividend by hand for a superuser, in place of the imported one of the same period end, and
// returns it; once for an idempotency key. Errors: Unauthenticated, Forbidden, Invalid, NotFound, Conflict.
func (a *App) CreateDividend(ctx context.Context, actor Actor, t string, in DividendInput) (Dividend, error) {
	return a.enterDividend(ctx, actor, &in, ticker(t), nil, func(q *db.Queries) (int64, error) {
		c, err := lockCompany(ctx, q, t)
		if err != nil {
			return 0, err
		}
		in.CompanyID = c.ID
		id, err := q.CreateDividend(ctx, in)
		return id, wrap(err, "create dividend")
	})
}

// ReplaceDividend makes a dividend one entered by hand for a superuser, in place of the imported one of the same period
// end, too, and returns it. Errors: Unauthenticated, Forbidden, Invalid, NotFound, Conflict.
func (a *App) ReplaceDividend(ctx context.Context, actor Actor, id int64, in DividendInput) (Dividend, error) {
	var before db.Dividend
	return a.enterDividend(ctx, actor, &in, id, &before, func(q *db.Queries) (int64, error) {
		if err := lockForHand(ctx, q, q.LockCompanyOfDividend, id, "dividend"); err != nil {
			return 0, err
		}
		row, err := q.GetDividend(ctx, id)
		if err != nil { // an import deleted it meanwhile
			return 0, found(err, "dividend")
		}
		before = row.Dividend
		p := dividendReplacement(in)
		p.ID = id
		_, err = q.ReplaceDividend(ctx, p)
		return id, wrap(err, "replace dividend")
	})
}

// enterDividend checks a dividend and has it written at its place by write, which locks its company, reads what was there
// into before, if that is not nil, and returns its id.
func (a *App) enterDividend(
	ctx context.Context, actor Actor, in *DividendInput, at any, before *db.Dividend, write func(*db.Queries) (int64, error),
) (out Dividend, err error) {
	if err := actor.writer(); err != nil {
		return out, err
	}
	var v validator
	v.dividend(in, a.today())
	if err := v.currency(ctx, a.queries, "/currency", in.Currency); err != nil {
		return out, err
	}
	if err := v.err(); err != nil {
		return out, err
	}
	if in.ShareBasisDate.IsZero() {
		in.ShareBasisDate = in.PublishDate
	}
	return once(ctx, a, actor, []any{"dividend", at, in}, func(_ pgx.Tx, q *db.Queries) (Dividend, error) {
		id, err := write(q)
		if err != nil {
			return Dividend{}, err
		}
		row, err := q.GetDividend(ctx, id)
		if err != nil {
			return Dividend{}, errors.Wrap(err, "get dividend")
		}
		out := Dividend{row.Dividend, row.Ticker}
		err = q.DeleteImportedDividend(ctx, db.DeleteImportedDividendParams{CompanyID: out.CompanyID, PeriodEnd: out.PeriodEnd})
		if err != nil {
			return Dividend{}, errors.Wrap(err, "delete imported dividend")
		}
		e := dividendEvent("dividend.created", out, changed(nil, columns(out.Dividend)))
		if before != nil {
			e = dividendEvent("dividend.replaced", out, changed(columns(*before), columns(out.Dividend)))
		}
		return out, a.audit(ctx, q, actor, e)
	})
}

// DeleteDividend deletes a dividend for a superuser. Errors: Unauthenticated, Forbidden, NotFound.
func (a *App) DeleteDividend(ctx context.Context, actor Actor, id int64) error {
	if err := actor.writer(); err != nil {
		return err
	}
	return a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if err := lockForHand(ctx, q, q.LockCompanyOfDividend, id, "dividend"); err != nil {
			return err
		}
		row, err := q.GetDividend(ctx, id)
		if err != nil { // an import deleted it meanwhile
			return found(err, "dividend")
		}
		if _, err := q.DeleteDividend(ctx, id); err != nil {
			return errors.Wrap(err, "delete dividend")
		}
		return a.audit(ctx, q, actor, dividendEvent("dividend.deleted", Dividend{row.Dividend, row.Ticker}, changed(columns(row.Dividend), nil)))
	})
}

func dividendEvent(action string, d Dividend, detail map[string]any) auditEvent {
	detail["ticker"] = d.Ticker
	return auditEvent{Action: action, TargetType: "dividend", Target: idText(d.ID), Detail: detail}
}
