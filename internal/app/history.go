package app

import (
	"context"
	"reflect"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// A versionKey names a statement of one company.
type versionKey struct {
	period string
	end    time.Time
}

// writeHistory makes the table hold the versions of history, and leaves statements entered by hand alone. A version that
// other rules made the same is unchanged.
func writeHistory(ctx context.Context, tx pgx.Tx, q *db.Queries, companyID int64, history []sec.Version) (c counts, err error) {
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
	otherRules := false // made a version that stays
	var inserts []db.FinancialStatement
	var ends db.EndFinancialStatementsParams
	var deletes db.DeleteFinancialStatementVersionsParams
	for i := range history {
		v := &history[i]
		k := versionKey{string(v.Period), v.EndDate}
		if manual[k] {
			c.skipped++
			continue
		}
		row := statementRow(v.Statement)
		row.ID, row.CompanyID, row.KnownFrom, row.KnownTo, row.Source = ids[k], companyID, v.KnownFrom, v.KnownTo, "sec"
		row.RulesVersion = new(int32(sec.RulesVersion))
		vd := versionDay{k, v.KnownFrom}
		r, ok := old[vd]
		delete(old, vd)
		if ok && r.Source == row.Source && isOf(r, &v.Statement) {
			if !reflect.DeepEqual(r.KnownTo, v.KnownTo) {
				ends.Ids, ends.KnownFrom, ends.KnownTo = append(ends.Ids, r.ID), append(ends.KnownFrom, r.KnownFrom), append(ends.KnownTo, dayText(v.KnownTo))
			}
			otherRules = otherRules || r.RulesVersion == nil || *r.RulesVersion != sec.RulesVersion
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
	if err := insertStatements(ctx, tx, inserts); err != nil {
		return c, err
	}
	if !otherRules {
		return c, nil
	}
	err = q.SetRulesVersion(ctx, db.SetRulesVersionParams{CompanyID: companyID, RulesVersion: sec.RulesVersion})
	return c, wrap(err, "set the version of the rules")
}

// isOf tells whether a row holds a statement.
func isOf(r *db.FinancialStatement, s *value.Statement) bool {
	held := statementFromRow(*r)
	return value.SameStatement(&held, s)
}

func dayText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// copied are the fields of a statement's row that PostgreSQL does not fill by itself, and their columns.
var copied, copiedColumns = func() (fields []int, columns []string) {
	for f := range reflect.TypeFor[db.FinancialStatement]().Fields() {
		if column := f.Tag.Get("db"); column != "created_at" && column != "updated_at" {
			fields, columns = append(fields, f.Index[0]), append(columns, column)
		}
	}
	return fields, columns
}()

func insertStatements(ctx context.Context, tx pgx.Tx, rows []db.FinancialStatement) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"financial_statement"}, copiedColumns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
		row := reflect.ValueOf(&rows[i]).Elem()
		values := make([]any, len(copied))
		for j, field := range copied {
			values[j] = row.Field(field).Interface()
		}
		return values, nil
	}))
	return wrap(err, "insert statements")
}
