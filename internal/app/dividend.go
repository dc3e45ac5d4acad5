package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
)

// A Dividend carries the ticker of its company's primary listing.
type Dividend struct {
	db.Dividend
	Ticker string
}

// DividendInput is a dividend entered by hand.
type DividendInput struct {
	FiscalYear      *int32
	FiscalQuarter   *int32
	PeriodEnd       *time.Time
	AmountPerShare  decimal.Decimal
	Currency        string
	PublishDate     time.Time
	ShareBasisDate  *time.Time // default: PublishDate
	DeclarationDate *time.Time
	ExDividendDate  *time.Time
	RecordDate      *time.Time
	PaymentDate     *time.Time
}

// ListCompanyDividends answers a page of a company's dividends, the newest published first.
func (a *App) ListCompanyDividends(ctx context.Context, t string, p Page) ([]Dividend, string, error) {
	c, err := a.GetCompany(ctx, t)
	if err != nil {
		return nil, "", err
	}
	limit := p.limit()
	params := db.ListCompanyDividendsParams{CompanyID: c.ID, PageSize: &limit}
	var published time.Time
	if more, err := p.after(&published, &params.BeforeID); err != nil {
		return nil, "", err
	} else if more {
		params.BeforePublished = &published
	}
	rows, err := a.queries.ListCompanyDividends(ctx, params)
	if err != nil {
		return nil, "", errors.Wrap(err, "list dividends")
	}
	rows, next, err := cut(rows, p, func(d db.Dividend) []any { return []any{d.PublishDate, d.ID} })
	if err != nil {
		return nil, "", err
	}
	out := make([]Dividend, len(rows))
	for i, r := range rows {
		out[i] = Dividend{r, c.Listings[0].Ticker}
	}
	return out, next, nil
}

// ListDividends answers a page of all companies' dividends, the newest published first.
func (a *App) ListDividends(ctx context.Context, fiscalYear *int32, publishedSince *time.Time, p Page) ([]Dividend, string, error) {
	params := db.ListDividendsParams{FiscalYear: fiscalYear, PublishedSince: publishedSince, PageSize: p.limit()}
	var published time.Time
	var v validator
	if v.page(p, &published, &params.BeforeID) {
		params.BeforePublished = &published
	}
	v.date("published_since", publishedSince, farDay)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListDividends(ctx, params)
	if err != nil {
		return nil, "", errors.Wrap(err, "list dividends")
	}
	rows, next, err := cut(rows, p, func(r db.ListDividendsRow) []any { return []any{r.Dividend.PublishDate, r.Dividend.ID} })
	if err != nil {
		return nil, "", err
	}
	out := make([]Dividend, len(rows))
	for i, r := range rows {
		out[i] = Dividend{r.Dividend, r.Ticker}
	}
	return out, next, nil
}

// GetDividend answers a dividend.
func (a *App) GetDividend(ctx context.Context, id int64) (Dividend, error) {
	row, err := a.queries.GetDividend(ctx, id)
	return Dividend{row.Dividend, row.Ticker}, found(err, "dividend")
}

func (v *validator) dividend(in *DividendInput, today time.Time) {
	v.check(in.AmountPerShare.IsPositive(), "/amount_per_share", "must be more than 0")
	v.number("/amount_per_share", &in.AmountPerShare)
	v.date("/period_end", in.PeriodEnd, today.AddDate(1, 0, 0))
	v.date("/publish_date", &in.PublishDate, today)
	v.date("/share_basis_date", in.ShareBasisDate, today)
	v.date("/declaration_date", in.DeclarationDate, today)
	v.date("/ex_dividend_date", in.ExDividendDate, today.AddDate(2, 0, 0))
	v.date("/record_date", in.RecordDate, today.AddDate(2, 0, 0))
	v.date("/payment_date", in.PaymentDate, today.AddDate(2, 0, 0))
	if in.ShareBasisDate == nil {
		in.ShareBasisDate = &in.PublishDate
	}
}

// CreateDividend enters a dividend by hand for a superuser, in place of the imported one of the same period end.
func (a *App) CreateDividend(ctx context.Context, actor Actor, t string, in DividendInput) (out Dividend, err error) {
	if err := actor.superuser(); err != nil {
		return out, err
	}
	var v validator
	v.dividend(&in, a.today())
	if err := v.currency(ctx, a.queries, "/currency", in.Currency); err != nil {
		return out, err
	}
	if err := v.err(); err != nil {
		return out, err
	}
	err = a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		c, err := q.LockCompanyByTicker(ctx, ticker(t))
		if err != nil {
			return found(err, "company")
		}
		if in.PeriodEnd != nil {
			if err := q.DeleteImportedDividend(ctx, db.DeleteImportedDividendParams{CompanyID: c.ID, PeriodEnd: in.PeriodEnd}); err != nil {
				return errors.Wrap(err, "delete imported dividend")
			}
		}
		created, err := q.CreateDividend(ctx, db.CreateDividendParams{
			CompanyID: c.ID, FiscalYear: in.FiscalYear, FiscalQuarter: in.FiscalQuarter, PeriodEnd: in.PeriodEnd,
			AmountPerShare: in.AmountPerShare, Currency: in.Currency, PublishDate: in.PublishDate,
			ShareBasisDate: *in.ShareBasisDate, DeclarationDate: in.DeclarationDate, ExDividendDate: in.ExDividendDate,
			RecordDate: in.RecordDate, PaymentDate: in.PaymentDate,
		})
		if err != nil {
			return errors.Wrap(err, "create dividend")
		}
		row, err := q.GetDividend(ctx, created.ID)
		out = Dividend{row.Dividend, row.Ticker}
		return wrap(err, "get dividend")
	})
	return out, err
}

// ReplaceDividend replaces a dividend by hand for a superuser, in place of the imported one of the same period end, too.
func (a *App) ReplaceDividend(ctx context.Context, actor Actor, id int64, in DividendInput) (out Dividend, err error) {
	if err := actor.superuser(); err != nil {
		return out, err
	}
	var v validator
	v.dividend(&in, a.today())
	if err := v.currency(ctx, a.queries, "/currency", in.Currency); err != nil {
		return out, err
	}
	if err := v.err(); err != nil {
		return out, err
	}
	err = a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		n, err := q.ReplaceDividend(ctx, db.ReplaceDividendParams{
			ID: id, FiscalYear: in.FiscalYear, FiscalQuarter: in.FiscalQuarter, PeriodEnd: in.PeriodEnd,
			AmountPerShare: in.AmountPerShare, Currency: in.Currency, PublishDate: in.PublishDate,
			ShareBasisDate: *in.ShareBasisDate, DeclarationDate: in.DeclarationDate, ExDividendDate: in.ExDividendDate,
			RecordDate: in.RecordDate, PaymentDate: in.PaymentDate,
		})
		if err != nil {
			return errors.Wrap(err, "replace dividend")
		}
		if n == 0 {
			return notFound("dividend")
		}
		row, err := q.GetDividend(ctx, id)
		if err != nil {
			return errors.Wrap(err, "get dividend")
		}
		out = Dividend{row.Dividend, row.Ticker}
		if in.PeriodEnd == nil {
			return nil
		}
		err = q.DeleteImportedDividend(ctx, db.DeleteImportedDividendParams{CompanyID: row.Dividend.CompanyID, PeriodEnd: in.PeriodEnd})
		return wrap(err, "delete imported dividend")
	})
	return out, err
}

// DeleteDividend deletes a dividend for a superuser.
func (a *App) DeleteDividend(ctx context.Context, actor Actor, id int64) error {
	if err := actor.superuser(); err != nil {
		return err
	}
	n, err := a.queries.DeleteDividend(ctx, id)
	if err == nil && n == 0 {
		return notFound("dividend")
	}
	return wrap(err, "delete dividend")
}
