package app

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
)

// A Dividend is one version of a dividend with the ticker of its company's primary listing.
type Dividend struct {
	db.Dividend
	Ticker     string
	AdjustedTo *time.Time // the day on whose share basis the amount is; nil as filed
}

// A DividendFilter narrows a list over all companies; nil does not.
type DividendFilter struct {
	FiscalYear                 *int32
	PublishedSince, KnownSince *time.Time
}

// isOpen tells whether a filter lets all dividends since a day pass.
func (f DividendFilter) isOpen() bool { return f.FiscalYear == nil && f.KnownSince == nil }

// DividendInput is a dividend entered by hand, but for its company. A zero ShareBasisDate stands for the PublishDate.
type DividendInput = db.CreateDividendParams

// goverter:variables
var (
	// goverter:ignore ID CreatedAt
	dividendReplacement func(DividendInput) db.ReplaceDividendParams
)

// ListCompanyDividends returns a page of a company's dividends as known on a day, the newest published first. Errors:
// Invalid, NotFound.
func (a *App) ListCompanyDividends(ctx context.Context, t string, at PointInTime, p Page) (page []Dividend, next string, err error) {
	var published *time.Time
	var id int64
	var v validator
	v.pointInTime(at, a.today())
	v.page(p, &published, &id)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		c, err := findCompany(ctx, q, t)
		if err != nil {
			return err
		}
		rows, err := q.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{
			CompanyID: c.ID, AsOf: at.AsOf, BeforePublished: published, BeforeID: id, PageSize: new(p.limit()),
		})
		page, next, err = pageOf(p, rows, err, func(d db.Dividend) []any { return []any{d.PublishDate, d.ID} },
			func(d *db.Dividend) Dividend { return Dividend{*d, c.Symbol, nil} })
		if err != nil {
			return err
		}
		return a.adjustDividends(ctx, q, at, page)
	})
	return page, next, err
}

// ListDividends returns a page of all companies' dividends as known on a day, the newest published first. Errors: Invalid.
func (a *App) ListDividends(ctx context.Context, f DividendFilter, at PointInTime, p Page) (page []Dividend, next string, err error) {
	params := db.ListDividendsParams{
		AsOf: at.AsOf, FiscalYear: f.FiscalYear, PublishedSince: f.PublishedSince, KnownSince: f.KnownSince, PageSize: p.limit(),
	}
	var v validator
	v.pointInTime(at, a.today())
	v.page(p, &params.BeforePublished, &params.BeforeID)
	v.date("published_since", f.PublishedSince, farDay)
	v.date("known_since", f.KnownSince, farDay)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	list := func(q *db.Queries) error {
		if page, next, err = listDividends(ctx, q, f, params, p); err != nil {
			return err
		}
		return a.adjustDividends(ctx, q, at, page)
	}
	err = a.reading(f.isOpen(), at)(ctx, list)
	return page, next, err
}

func listDividends(ctx context.Context, q *db.Queries, f DividendFilter, params db.ListDividendsParams, p Page) ([]Dividend, string, error) {
	keys := func(r db.ListDividendsRow) []any { return []any{r.Dividend.PublishDate, r.Dividend.ID} }
	item := func(r *db.ListDividendsRow) Dividend { return Dividend{r.Dividend, r.Ticker, nil} }
	if params.AsOf != nil || !f.isOpen() {
		rows, err := q.ListDividends(ctx, params)
		return pageOf(p, rows, err, keys, item)
	}
	all := db.ListAllDividendsParams{PublishedSince: beginning, BeforePublished: farDay, BeforeID: math.MaxInt64, PageSize: params.PageSize}
	set(&all.PublishedSince, params.PublishedSince)
	if params.BeforePublished != nil {
		all.BeforePublished, all.BeforeID = *params.BeforePublished, params.BeforeID
	}
	rows, err := q.ListAllDividends(ctx, all)
	return pageOf(p, rows, err,
		func(r db.ListAllDividendsRow) []any { return keys(db.ListDividendsRow(r)) },
		func(r *db.ListAllDividendsRow) Dividend { return item((*db.ListDividendsRow)(r)) })
}

// GetDividend returns a dividend as known on a day. Errors: Invalid, NotFound.
func (a *App) GetDividend(ctx context.Context, id int64, at PointInTime) (d Dividend, err error) {
	var v validator
	v.pointInTime(at, a.today())
	if err := v.err(); err != nil {
		return d, err
	}
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		row, err := q.GetDividend(ctx, db.GetDividendParams{ID: id, AsOf: at.AsOf})
		if err != nil {
			return found(err, "dividend")
		}
		page := []Dividend{{row.Dividend, row.Ticker, nil}}
		err = a.adjustDividends(ctx, q, at, page)
		d = page[0]
		return err
	})
	return d, err
}

// adjustDividends brings dividends to the day and the share basis that are asked for.
func (a *App) adjustDividends(ctx context.Context, q *db.Queries, at PointInTime, page []Dividend) error {
	ids := make([]int64, len(page))
	for i, d := range page {
		ids[i] = d.CompanyID
	}
	slices.Sort(ids)
	basis, err := a.shareBasis(ctx, q, at, slices.Compact(ids))
	if err != nil {
		return err
	}
	for i := range page {
		d := &page[i]
		basis.dividend(&d.Dividend)
		d.AdjustedTo, d.KnownTo = basis.on, at.known(d.KnownTo)
	}
	return nil
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

// CreateDividend enters a dividend by hand for a superuser, from its publish date on in place of the filed one of the same
// period end, and returns it; once for an idempotency key. Errors: Unauthenticated, Forbidden, Invalid, NotFound, Conflict.
func (a *App) CreateDividend(ctx context.Context, actor Actor, t string, in DividendInput) (Dividend, error) {
	return a.enterDividend(ctx, actor, &in, ticker(t), func(tx *pipeline, q *db.Queries) (before *db.Dividend, after *answer[Dividend], err error) {
		if in.CompanyID, err = lockCompany(ctx, tx, t); err != nil {
			return nil, nil, err
		}
		return nil, ask(ctx, tx, createDividend, in), nil
	})
}

// ReplaceDividend makes a dividend one entered by hand for a superuser, from its publish date on in place of the filed one
// of the same period end, too, and returns it. What was filed under its id before has another id from now on. Errors: Unauthenticated, Forbidden, Invalid, NotFound, Conflict.
func (a *App) ReplaceDividend(ctx context.Context, actor Actor, id int64, in DividendInput) (Dividend, error) {
	return a.enterDividend(ctx, actor, &in, id, func(tx *pipeline, q *db.Queries) (*db.Dividend, *answer[Dividend], error) {
		old, err := a.lockDividend(ctx, tx, q, id)
		if err != nil {
			return nil, nil, err
		}
		before := old.Dividend
		if err := moveFiled(ctx, q, before, in.PublishDate); err != nil {
			return nil, nil, err
		}
		if err := q.DeleteDividend(ctx, id); err != nil {
			return nil, nil, errors.Wrap(err, "delete dividend")
		}
		in.CompanyID = before.CompanyID
		p := dividendReplacement(in)
		p.ID, p.CreatedAt = id, before.CreatedAt
		return &before, ask(ctx, tx, replaceDividend, p), nil
	})
}

func createDividend(q *db.Queries, ctx context.Context, in DividendInput) (Dividend, error) { //nolint:revive // as methods of q
	row, err := q.CreateDividend(ctx, in)
	return Dividend{row.Dividend, row.Ticker, nil}, err
}

func replaceDividend(q *db.Queries, ctx context.Context, in db.ReplaceDividendParams) (Dividend, error) { //nolint:revive // as methods of q
	row, err := q.ReplaceDividend(ctx, in)
	return Dividend{row.Dividend, row.Ticker, nil}, err
}

// lockDividend returns a dividend whose company it has locked for a change by hand, and which is as the change demands.
func (a *App) lockDividend(ctx context.Context, tx *pipeline, q *db.Queries, id int64) (db.GetDividendRow, error) {
	company := ask(ctx, tx, (*db.Queries).LockCompanyOfDividend, id)
	row := ask(ctx, tx, (*db.Queries).GetDividend, db.GetDividendParams{ID: id, AsOf: nil})
	if err := forHand(ctx, q, company, "dividend"); err != nil {
		return db.GetDividendRow{}, err
	}
	d, err := row.get(ctx) // which an import can have deleted meanwhile
	if err != nil {
		return d, found(err, "dividend")
	}
	return d, precondition(ctx, func() (Dividend, error) {
		return a.dividendToday(ctx, askSplits(ctx, tx, d.Dividend.CompanyID), Dividend{d.Dividend, d.Ticker, nil})
	})
}

// dividendToday brings a dividend to the share basis of today.
func (a *App) dividendToday(ctx context.Context, splits askedSplits, d Dividend) (Dividend, error) {
	basis, err := splits.basis(ctx, a)
	basis.dividend(&d.Dividend)
	d.AdjustedTo = basis.on
	return d, err
}

// moveFiled gives the versions of a dividend another id and has them end on a day, if it was filed.
func moveFiled(ctx context.Context, q *db.Queries, d db.Dividend, day time.Time) error {
	if d.Source != "sec" {
		return nil
	}
	if err := q.MoveDividend(ctx, d.ID); err != nil {
		return errors.Wrap(err, "move dividend")
	}
	return endFiled(ctx, q, d.CompanyID, d.PeriodEnd, day)
}

// endFiled has the versions of the filed dividend of a period end end on a day.
func endFiled(ctx context.Context, q *db.Queries, companyID int64, periodEnd *time.Time, day time.Time) error {
	if periodEnd == nil {
		return nil
	}
	err := q.EndFiledDividends(ctx, db.EndFiledDividendsParams{CompanyID: companyID, PeriodEnd: periodEnd, Day: day})
	return wrap(err, "end filed dividends")
}

// enterDividend checks a dividend and has it written at its place by write, which locks its company, notes that in the input,
// and returns what was there before, if anything, and what it has asked for.
func (a *App) enterDividend(
	ctx context.Context, actor Actor, in *DividendInput, at any,
	write func(*pipeline, *db.Queries) (before *db.Dividend, after *answer[Dividend], err error),
) (out Dividend, err error) {
	if err := actor.writer(); err != nil {
		return out, err
	}
	var v validator
	v.dividend(in, a.today())
	if err := v.currency(ctx, a, a.queries, "/currency", in.Currency); err != nil {
		return out, err
	}
	if err := v.err(); err != nil {
		return out, err
	}
	if in.ShareBasisDate.IsZero() {
		in.ShareBasisDate = in.PublishDate
	}
	return once(ctx, a, actor, []any{"dividend", at, *in}, func(tx *pipeline, q *db.Queries) (Dividend, error) {
		before, after, err := write(tx, q)
		if err != nil {
			return Dividend{}, err
		}
		if err := endFiled(ctx, q, in.CompanyID, in.PeriodEnd, in.PublishDate); err != nil {
			return Dividend{}, err
		}
		splits := askSplits(ctx, tx, in.CompanyID)
		out, err := after.get(ctx)
		if err != nil {
			return Dividend{}, errors.Wrap(err, "write dividend")
		}
		e := dividendEvent("dividend.created", out, changed(nil, columns(out.Dividend)))
		if before != nil {
			e = dividendEvent("dividend.replaced", out, changed(columns(*before), columns(out.Dividend)))
		}
		if err := a.audit(ctx, q, actor, e); err != nil {
			return Dividend{}, err
		}
		return a.dividendToday(ctx, splits, out)
	})
}

// DeleteDividend deletes a dividend for a superuser. Errors: Unauthenticated, Forbidden, NotFound.
func (a *App) DeleteDividend(ctx context.Context, actor Actor, id int64) error {
	if err := actor.writer(); err != nil {
		return err
	}
	return a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		row, err := a.lockDividend(ctx, tx, q, id)
		if err != nil {
			return err
		}
		if err := q.DeleteDividend(ctx, id); err != nil {
			return errors.Wrap(err, "delete dividend")
		}
		return a.audit(ctx, q, actor, dividendEvent("dividend.deleted", Dividend{row.Dividend, row.Ticker, nil}, changed(columns(row.Dividend), nil)))
	})
}

func dividendEvent(action string, d Dividend, detail map[string]any) auditEvent {
	detail["ticker"] = d.Ticker
	return auditEvent{Action: action, TargetType: "dividend", Target: idText(d.ID), Detail: detail}
}
