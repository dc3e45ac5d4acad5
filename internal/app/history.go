package app

import (
	"context"
	"reflect"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// A versionKey names a statement of one company.
type versionKey struct {
	period string
	end    time.Time
}

// fromSEC is the source of what was made of filings.
const fromSEC = "sec"

// byHand is from when on a statement is as somebody entered it. Before, it is as filed if filings made some of it.
type byHand struct {
	from   time.Time
	isMade bool
}

// keeps tells whether an import leaves what is known from a day on alone.
func (h *byHand) keeps(day time.Time) bool { return h != nil && (!h.isMade || !day.Before(h.from)) }

// writeHistory makes the table hold the versions of history, and leaves what was entered by hand alone, from the day on that
// it is known. A version that other rules made the same is unchanged.
func writeHistory(
	ctx context.Context, tx pgx.Tx, q *db.Queries, companyID int64, history []sec.Version, restatements []value.Restatement,
) (c counts, err error) {
	rows, err := q.ListFinancialStatementVersionsForUpdate(ctx, companyID)
	if err != nil {
		return c, errors.Wrap(err, "list versions")
	}
	type versionDay struct {
		versionKey
		from time.Time
	}
	ids := map[versionKey]int64{}
	manual := map[versionKey]*byHand{}
	made := map[versionKey]bool{}
	old := map[versionDay]*db.FinancialStatement{}
	for i := range rows {
		r := &rows[i]
		k := versionKey{r.Period, r.EndDate}
		ids[k] = r.ID
		if r.RulesVersion == nil { // the oldest comes first
			if manual[k] == nil {
				manual[k] = &byHand{from: r.KnownFrom, isMade: made[k]}
			}
			continue
		}
		made[k] = true
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
	accepted, err := acceptance(ctx, q, companyID)
	if err != nil {
		return c, err
	}
	changed := firstChanges(restatements)
	otherRules := false // made a version that stays
	var inserts []db.FinancialStatement
	var ends db.EndFinancialStatementsParams
	var deletes db.DeleteFinancialStatementVersionsParams
	for i := range history {
		v := &history[i]
		k := versionKey{string(v.Period), v.EndDate}
		if manual[k].keeps(v.KnownFrom) {
			c.skipped++
			continue
		}
		row := statementRow(v.Statement)
		row.ID, row.CompanyID, row.KnownFrom, row.KnownTo, row.Source = ids[k], companyID, v.KnownFrom, v.KnownTo, fromSEC
		if h := manual[k]; h != nil {
			row.Source = "manual" // as all versions of what was replaced
			if row.KnownTo == nil || row.KnownTo.After(h.from) {
				row.KnownTo = &h.from
			}
		}
		row.RulesVersion, row.SetBy = new(int32(sec.RulesVersion)), v.SetBy
		if v.SetBy != nil {
			row.AcceptedAt = accepted[v.SetBy.Accession]
		}
		if day, ok := changed[k]; ok {
			row.Restated = !v.KnownFrom.Before(day)
		}
		vd := versionDay{k, v.KnownFrom}
		r, ok := old[vd]
		delete(old, vd)
		if ok && r.Source == row.Source && isOf(r, &v.Statement) && sameFiling(r.SetBy, row.SetBy) && r.Restated == row.Restated {
			if !reflect.DeepEqual(r.KnownTo, row.KnownTo) {
				ends.Ids, ends.KnownFrom, ends.KnownTo = append(ends.Ids, r.ID), append(ends.KnownFrom, r.KnownFrom), append(ends.KnownTo, dayText(row.KnownTo))
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
		if !manual[vd.versionKey].keeps(vd.from) {
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
	if err := writeRestatements(ctx, tx, q, companyID, restatements, ids, manual); err != nil {
		return c, err
	}
	if !otherRules {
		return c, nil
	}
	err = q.SetRulesVersion(ctx, db.SetRulesVersionParams{CompanyID: companyID, RulesVersion: sec.RulesVersion})
	return c, wrap(err, "set the version of the rules")
}

// acceptance returns when filings of a company were accepted, by their accession numbers.
func acceptance(ctx context.Context, q *db.Queries, companyID int64) (map[string]*time.Time, error) {
	filings, err := q.ListFilings(ctx, companyID)
	accepted := make(map[string]*time.Time, len(filings))
	for _, f := range filings {
		accepted[f.Accession] = &f.AcceptedAt
	}
	return accepted, wrap(err, "list filings")
}

// firstChanges returns the day on which a figure of each statement first changed, splits apart.
func firstChanges(restatements []value.Restatement) map[versionKey]time.Time {
	first := map[versionKey]time.Time{}
	for _, r := range restatements {
		k := versionKey{string(r.Period), r.EndDate}
		if day, ok := first[k]; r.Kind != value.SplitChanged && (!ok || r.KnownFrom.Before(day)) {
			first[k] = r.KnownFrom
		}
	}
	return first
}

func sameFiling(a, b *value.Filing) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Accession == b.Accession && a.Form == b.Form && a.Filed.Equal(b.Filed) && a.URL == b.URL
}

// writeRestatements makes the table hold a company's restatements, but for what filings changed in statements that were as
// entered by hand by then.
func writeRestatements(
	ctx context.Context, tx pgx.Tx, q *db.Queries, companyID int64, restatements []value.Restatement, ids map[versionKey]int64,
	manual map[versionKey]*byHand,
) error {
	//exhaustruct:ignore all of them
	stored, err := q.ListCompanyRestatements(ctx, db.ListCompanyRestatementsParams{CompanyID: companyID})
	if err != nil {
		return errors.Wrap(err, "list restatements")
	}
	type key struct {
		versionKey
		from  time.Time
		field string
	}
	old := map[key]*db.Restatement{}
	for i := range stored {
		r := &stored[i]
		old[key{versionKey{r.Period, r.EndDate}, r.KnownFrom, r.Field}] = r
	}
	sameNumber := func(a, b *decimal.Decimal) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
	var inserts []value.Restatement
	for _, r := range restatements {
		k := versionKey{string(r.Period), r.EndDate}
		if manual[k].keeps(r.KnownFrom) {
			continue
		}
		at := key{k, r.KnownFrom, r.Field}
		if s := old[at]; s != nil && s.Kind == string(r.Kind) && sameNumber(s.Old, r.Old) && sameNumber(s.New, r.New) &&
			sameFiling(&s.Filing, &r.Filing) && s.Derived == r.Derived && s.StatementID == ids[k] {
			delete(old, at)
			continue
		}
		inserts = append(inserts, r)
	}
	var deletes []int64
	for _, r := range old {
		deletes = append(deletes, r.ID)
	}
	if len(deletes) > 0 {
		if err := q.DeleteRestatements(ctx, deletes); err != nil {
			return errors.Wrap(err, "delete restatements")
		}
	}
	if len(inserts) == 0 {
		return nil
	}
	columns := []string{"company_id", "statement_id", "period", "end_date", "field", "kind", "old", "new", "known_from", "filing", "derived"}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"restatement"}, columns, pgx.CopyFromSlice(len(inserts), func(i int) ([]any, error) {
		r := &inserts[i]
		return []any{
			companyID, ids[versionKey{string(r.Period), r.EndDate}], string(r.Period), r.EndDate, r.Field, string(r.Kind), r.Old, r.New,
			r.KnownFrom, r.Filing, r.Derived,
		}, nil
	}))
	return wrap(err, "insert restatements")
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
		return copiedValues(&rows[i]), nil
	}))
	return wrap(err, "insert statements")
}

// copiedValues are those of the columns of a statement's row that are copied.
func copiedValues(row *db.FinancialStatement) []any {
	of := reflect.ValueOf(row).Elem()
	values := make([]any, len(copied))
	for i, field := range copied {
		values[i] = of.Field(field).Interface()
	}
	return values
}
