package app

import (
	"context"
	"reflect"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// A versionKey names a statement of one company.
type versionKey struct {
	period string
	end    time.Time
}

// writeHistory makes the table hold the versions of history, and leaves statements entered by hand alone.
func writeHistory(ctx context.Context, q *db.Queries, companyID int64, history []sec.Version) (c counts, err error) {
	rows, err := q.ListFinancialStatementVersionsForUpdate(ctx, companyID)
	if err != nil {
		return c, errors.Wrap(err, "list versions")
	}
	type versionDay struct {
		versionKey
		from time.Time
	}
	ids := map[versionKey]int64{}
	manual := map[versionKey]bool{}
	old := map[versionDay]*db.FinancialStatement{}
	for i := range rows {
		r := &rows[i]
		k := versionKey{r.Period, r.EndDate}
		ids[k] = r.ID
		manual[k] = manual[k] || r.Source == "manual"
		old[versionDay{k, r.KnownFrom}] = r
	}
	var missing []versionKey
	for _, v := range history {
		k := versionKey{string(v.Period), v.EndDate}
		if _, ok := ids[k]; !ok {
			ids[k] = 0
			missing = append(missing, k)
		}
	}
	fresh, err := q.NextFinancialStatementIDs(ctx, int32(len(missing)))
	if err != nil {
		return c, errors.Wrap(err, "draw ids")
	}
	for i, k := range missing {
		ids[k] = fresh[i]
	}
	var inserts []db.InsertFinancialStatementsParams
	var ends db.EndFinancialStatementsParams
	var deletes db.DeleteFinancialStatementVersionsParams
	for i := range history {
		v := &history[i]
		k := versionKey{string(v.Period), v.EndDate}
		if manual[k] {
			c.skipped++
			continue
		}
		row := statementParams(&v.Statement)
		row.ID, row.CompanyID, row.KnownFrom, row.KnownTo, row.Source = ids[k], companyID, v.KnownFrom, v.KnownTo, "sec"
		vd := versionDay{k, v.KnownFrom}
		r, ok := old[vd]
		delete(old, vd)
		if ok && sameFigures(r, row) {
			if !reflect.DeepEqual(r.KnownTo, v.KnownTo) {
				ends.Ids, ends.KnownFrom, ends.KnownTo = append(ends.Ids, r.ID), append(ends.KnownFrom, r.KnownFrom), append(ends.KnownTo, dayText(v.KnownTo))
			}
			c.unchanged++
			continue
		}
		if ok {
			deletes.Ids, deletes.KnownFrom = append(deletes.Ids, r.ID), append(deletes.KnownFrom, r.KnownFrom)
		}
		inserts = append(inserts, row)
		c.written++
	}
	for vd, r := range old { // versions that the file does not know (any more)
		if !manual[vd.versionKey] {
			deletes.Ids, deletes.KnownFrom = append(deletes.Ids, r.ID), append(deletes.KnownFrom, r.KnownFrom)
			c.written++
		}
	}
	if len(deletes.Ids) > 0 {
		if err := q.DeleteFinancialStatementVersions(ctx, deletes); err != nil {
			return c, errors.Wrap(err, "delete versions")
		}
	}
	if len(ends.Ids) > 0 {
		if err := q.EndFinancialStatements(ctx, ends); err != nil {
			return c, errors.Wrap(err, "end versions")
		}
	}
	if len(inserts) > 0 {
		if _, err := q.InsertFinancialStatements(ctx, inserts); err != nil {
			return c, errors.Wrap(err, "insert versions")
		}
	}
	return c, nil
}

func dayText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// sameFigures reports whether a row holds what an import would write, but for the version's end.
func sameFigures(r *db.FinancialStatement, p db.InsertFinancialStatementsParams) bool {
	s := statementFromRow(r)
	o := statementParams(&s)
	o.ID, o.CompanyID, o.KnownFrom, o.KnownTo, o.Source = p.ID, p.CompanyID, p.KnownFrom, p.KnownTo, p.Source
	if r.Source != p.Source || !sameDecimal(o.EarningsPerShare, p.EarningsPerShare) || !sameDecimal(o.EarningsPerShareDiluted, p.EarningsPerShareDiluted) {
		return false
	}
	o.EarningsPerShare, o.EarningsPerShareDiluted = p.EarningsPerShare, p.EarningsPerShareDiluted
	return reflect.DeepEqual(o, p)
}

func sameDecimal(a, b *decimal.Decimal) bool {
	return a == b || a != nil && b != nil && a.Equal(*b)
}
