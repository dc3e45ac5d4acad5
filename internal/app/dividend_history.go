package app

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// writeDividends makes the table hold the versions of history, and leaves dividends entered by hand alone: these stand in
// for the filed ones of their period ends from their publish dates on.
func writeDividends(ctx context.Context, q *db.Queries, companyID int64, history []sec.DividendVersion) (c counts, err error) {
	rows, err := q.ListDividendVersionsForUpdate(ctx, companyID)
	if err != nil {
		return c, errors.Wrap(err, "list versions of dividends")
	}
	type version struct {
		end, from time.Time
	}
	old := map[version]*db.Dividend{}
	ids := map[time.Time]int64{}        // of filed dividends, by period end
	byHand := map[time.Time]time.Time{} // the publish dates of those entered by hand
	for i := range rows {
		switch r := &rows[i]; {
		case r.Source == "sec":
			old[version{*r.PeriodEnd, r.KnownFrom}] = r
			ids[*r.PeriodEnd] = r.ID
		case r.PeriodEnd != nil:
			if first, ok := byHand[*r.PeriodEnd]; !ok || r.PublishDate.Before(first) {
				byHand[*r.PeriodEnd] = r.PublishDate
			}
		}
	}
	var deletes db.DeleteDividendVersionsParams
	var ends db.EndDividendsParams
	var inserts []sec.DividendVersion
	for _, v := range history {
		if entered, ok := byHand[v.PeriodEnd]; ok {
			if !v.KnownFrom.Before(entered) {
				c.skipped++
				continue
			}
			if v.KnownTo == nil || v.KnownTo.After(entered) {
				v.KnownTo = &entered
			}
		}
		key := version{v.PeriodEnd, v.KnownFrom}
		r := old[key]
		delete(old, key)
		if r == nil || !value.SameDividend(new(dividendFromRow(*r)), &v.Dividend) {
			if r != nil {
				deletes.Ids, deletes.KnownFrom = append(deletes.Ids, r.ID), append(deletes.KnownFrom, r.KnownFrom)
			}
			inserts = append(inserts, v)
			c.written++
			continue
		}
		to := dayText(v.KnownTo)
		if to != dayText(r.KnownTo) {
			ends.Ids, ends.KnownFrom, ends.KnownTo = append(ends.Ids, r.ID), append(ends.KnownFrom, r.KnownFrom), append(ends.KnownTo, to)
		}
		if to == "" && r.KnownTo != nil { // it holds again
			c.written++
		} else {
			c.unchanged++
		}
	}
	for _, r := range old { // versions that the file does not know (any more)
		deletes.Ids, deletes.KnownFrom = append(deletes.Ids, r.ID), append(deletes.KnownFrom, r.KnownFrom)
		c.written++
	}
	if len(deletes.Ids) > 0 {
		if err := q.DeleteDividendVersions(ctx, deletes); err != nil {
			return c, errors.Wrap(err, "delete versions of dividends")
		}
	}
	if len(ends.Ids) > 0 {
		if err := q.EndDividends(ctx, ends); err != nil {
			return c, errors.Wrap(err, "end versions of dividends")
		}
	}
	return c, insertDividends(ctx, q, companyID, inserts, ids)
}

// insertDividends inserts versions of a company's filed dividends. The ids are those of the period ends that have one.
func insertDividends(ctx context.Context, q *db.Queries, companyID int64, versions []sec.DividendVersion, ids map[time.Time]int64) error {
	if len(versions) == 0 {
		return nil
	}
	var missing []time.Time
	for _, v := range versions {
		if _, ok := ids[v.PeriodEnd]; !ok {
			ids[v.PeriodEnd] = 0
			missing = append(missing, v.PeriodEnd)
		}
	}
	fresh, err := q.NextDividendIDs(ctx, int32(len(missing)))
	if err != nil {
		return errors.Wrap(err, "draw ids")
	}
	for i, end := range missing {
		ids[end] = fresh[i]
	}
	//exhaustruct:ignore the loop makes the rest
	p := db.InsertDividendsParams{CompanyID: companyID}
	for _, v := range versions {
		quarter := 0
		set(&quarter, v.FiscalQuarter)
		p.Ids, p.KnownFrom, p.KnownTo = append(p.Ids, ids[v.PeriodEnd]), append(p.KnownFrom, v.KnownFrom), append(p.KnownTo, dayText(v.KnownTo))
		p.FiscalYear, p.FiscalQuarter = append(p.FiscalYear, int32(v.FiscalYear)), append(p.FiscalQuarter, int32(quarter))
		p.PeriodEnd, p.PublishDate = append(p.PeriodEnd, v.PeriodEnd), append(p.PublishDate, v.PublishDate)
		p.AmountPerShare, p.Currency = append(p.AmountPerShare, v.AmountPerShare), append(p.Currency, v.Currency)
		p.Derived, p.ShareBasisDate = append(p.Derived, v.Derived), append(p.ShareBasisDate, v.ShareBasisDate)
	}
	return wrap(q.InsertDividends(ctx, p), "insert dividends")
}
