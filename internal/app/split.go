package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// ListCompanySplits returns a page of a company's splits, the newest first. Errors: Invalid, NotFound.
func (a *App) ListCompanySplits(ctx context.Context, t string, p Page) ([]db.Split, string, error) {
	var before *time.Time
	var v validator
	v.page(p, &before)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	c, err := a.GetCompany(ctx, t)
	if err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListCompanySplits(ctx, db.ListCompanySplitsParams{
		CompanyID: c.ID, BeforeDate: before, PageSize: new(p.limit()),
	})
	return cut(p, rows, err, func(s db.Split) []any { return []any{s.EffectiveDate} })
}

// CreateSplit enters a split of the company that t names for a superuser, and returns it. Errors:
// Unauthenticated, Forbidden, Invalid, NotFound, Conflict.
func (a *App) CreateSplit(ctx context.Context, actor Actor, t string, in db.CreateSplitParams) (s db.Split, err error) {
	if err := actor.writer(); err != nil {
		return s, err
	}
	var v validator
	v.date("/effective_date", &in.EffectiveDate, a.today().AddDate(2, 0, 0))
	v.check(in.Ratio.IsPositive(), "/ratio", "must be more than 0")
	v.number("/ratio", &in.Ratio)
	if err := v.err(); err != nil {
		return s, err
	}
	err = a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		c, err := lockCompany(ctx, q, t)
		if err != nil {
			return err
		}
		in.CompanyID = c.ID
		if s, err = q.CreateSplit(ctx, in); err != nil {
			return errors.Wrap(err, "create split")
		}
		return a.audit(ctx, q, actor, auditEvent{
			Action: "split.created", TargetType: "company", Target: ticker(t), Detail: changed(nil, columns(s)),
		})
	})
	return s, err
}

func listSplits(ctx context.Context, q *db.Queries, companyIDs []int64) (map[int64][]value.Split, error) {
	rows, err := q.ListSplits(ctx, companyIDs)
	if err != nil {
		return nil, errors.Wrap(err, "list splits")
	}
	out := map[int64][]value.Split{}
	for _, r := range rows {
		out[r.CompanyID] = append(out[r.CompanyID], value.Split{EffectiveDate: r.EffectiveDate, Ratio: r.Ratio})
	}
	return out, nil
}
