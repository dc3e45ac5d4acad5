package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// A Statement is one version of a statement with the ticker of its company's primary listing.
type Statement struct {
	*db.FinancialStatement
	Ticker     string
	AdjustedTo *time.Time // the day on whose share basis it is, nil for one as filed
}

// goverter:variables
var (
	statementFromRow func(db.FinancialStatement) value.Statement

	statementsFromRows func([]db.FinancialStatement) []value.Statement

	// statementRow is the row of one version of a statement, but for what tells which version it is.
	// goverter:ignore ID CompanyID Source RulesVersion KnownFrom KnownTo SetBy Restated AcceptedAt CreatedAt UpdatedAt
	statementRow func(value.Statement) db.FinancialStatement
)

// A StatementFilter narrows a list over all companies; nil does not.
type StatementFilter struct {
	Period         *value.Period
	FiscalYear     *int32
	PublishedSince *time.Time
	KnownSince     *time.Time
}

// ListCompanyStatements returns a page of a company's statements as known on a day; the newest end date first. Errors:
// Invalid, NotFound.
func (a *App) ListCompanyStatements(ctx context.Context, t string, period *value.Period, at PointInTime, p Page) (page []Statement, next string, err error) {
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		if page, next, err = a.listCompanyStatements(ctx, q, t, period, at, p); err != nil {
			return err
		}
		return a.adjust(ctx, q, at, page)
	})
	return page, next, err
}

// listCompanyStatements returns them as filed.
func (a *App) listCompanyStatements(
	ctx context.Context, q *db.Queries, t string, period *value.Period, at PointInTime, p Page,
) ([]Statement, string, error) {
	var end *time.Time
	var id int64
	var v validator
	v.pointInTime(at, a.today())
	v.page(p, &end, &id)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	c, err := findCompany(ctx, q, t)
	if err != nil {
		return nil, "", err
	}
	rows, err := q.ListCompanyFinancialStatements(ctx, db.ListCompanyFinancialStatementsParams{
		CompanyID: c.ID, Period: periodText(period), AsOf: at.AsOf, BeforeEnd: end, BeforeID: id, PageSize: new(p.limit()),
	})
	return pageOf(p, rows, err, func(s db.FinancialStatement) []any { return []any{s.EndDate, s.ID} },
		func(s *db.FinancialStatement) Statement { return Statement{s, c.Symbol, nil} })
}

// adjust brings statements to the day and the share basis that are asked for.
func (a *App) adjust(ctx context.Context, q *db.Queries, at PointInTime, page []Statement) error {
	basis, err := a.shareBasis(ctx, q, at, companiesOf(page))
	if err != nil {
		return err
	}
	for i := range page {
		s := &page[i]
		basis.row(s.FinancialStatement)
		s.AdjustedTo, s.KnownTo = basis.on, at.known(s.KnownTo)
		if s.RulesVersion != nil {
			s.Source = fromSEC // whatever was entered by hand later
		}
	}
	return nil
}

func (a *App) adjustOne(ctx context.Context, q *db.Queries, at PointInTime, s *Statement) error {
	page := []Statement{*s}
	err := a.adjust(ctx, q, at, page)
	*s = page[0]
	return err
}

// companiesOf returns the ids of the companies that statements are of, each once.
func companiesOf(page []Statement) []int64 {
	ids := make([]int64, len(page))
	for i, s := range page {
		ids[i] = s.CompanyID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func periodText(p *value.Period) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

// ListStatements returns a page of all companies' statements as known on a day, the newest published first. Errors:
// Invalid.
func (a *App) ListStatements(ctx context.Context, f StatementFilter, at PointInTime, p Page) (page []Statement, next string, err error) {
	list := func(q *db.Queries) error {
		if page, next, err = a.listStatements(ctx, q, f, at, p); err != nil {
			return err
		}
		return a.adjust(ctx, q, at, page)
	}
	err = a.reading(f.isOpen(), at)(ctx, list)
	return page, next, err
}

// isOpen tells whether a filter lets all statements since a day pass, for which there is a query with one plan.
func (f StatementFilter) isOpen() bool {
	return f.Period == nil && f.FiscalYear == nil && f.KnownSince == nil
}

// listStatements returns them as filed.
func (a *App) listStatements(ctx context.Context, q *db.Queries, f StatementFilter, at PointInTime, p Page) ([]Statement, string, error) {
	params := db.ListFinancialStatementsParams{
		Period: (*string)(f.Period), FiscalYear: f.FiscalYear, PublishedSince: f.PublishedSince, KnownSince: f.KnownSince, PageSize: p.limit(),
	}
	var v validator
	v.page(p, &params.BeforePublished, &params.BeforeID)
	v.date("published_since", f.PublishedSince, farDay)
	v.date("known_since", f.KnownSince, farDay)
	v.pointInTime(at, a.today())
	if err := v.err(); err != nil {
		return nil, "", err
	}
	keys := func(r db.ListFinancialStatementsRow) []any {
		return []any{r.FinancialStatement.PublishDate, r.FinancialStatement.ID}
	}
	item := func(r *db.ListFinancialStatementsRow) Statement {
		return Statement{&r.FinancialStatement, r.Ticker, nil}
	}
	if at.AsOf == nil && f.isOpen() {
		all := db.ListAllFinancialStatementsParams{PublishedSince: beginning, BeforePublished: farDay, BeforeID: math.MaxInt64, PageSize: params.PageSize}
		set(&all.PublishedSince, params.PublishedSince)
		if params.BeforePublished != nil {
			all.BeforePublished, all.BeforeID = *params.BeforePublished, params.BeforeID
		}
		rows, err := q.ListAllFinancialStatements(ctx, all)
		return pageOf(p, rows, err,
			func(r db.ListAllFinancialStatementsRow) []any { return keys(db.ListFinancialStatementsRow(r)) },
			func(r *db.ListAllFinancialStatementsRow) Statement { return item((*db.ListFinancialStatementsRow)(r)) })
	}
	if at.AsOf == nil {
		rows, err := q.ListFinancialStatements(ctx, params)
		return pageOf(p, rows, err, keys, item)
	}
	rows, err := q.ListFinancialStatementsAsOf(ctx, db.ListFinancialStatementsAsOfParams{
		AsOf: *at.AsOf, Period: params.Period, FiscalYear: params.FiscalYear, PublishedSince: params.PublishedSince,
		KnownSince: params.KnownSince, BeforePublished: params.BeforePublished, BeforeID: params.BeforeID, PageSize: params.PageSize,
	})
	return pageOf(p, rows, err,
		func(r db.ListFinancialStatementsAsOfRow) []any { return keys(db.ListFinancialStatementsRow(r)) },
		func(r *db.ListFinancialStatementsAsOfRow) Statement { return item((*db.ListFinancialStatementsRow)(r)) })
}

// GetStatement returns a statement as known on a day. Errors: Invalid, NotFound.
func (a *App) GetStatement(ctx context.Context, id int64, at PointInTime) (s Statement, err error) {
	var v validator
	v.pointInTime(at, a.today())
	if err := v.err(); err != nil {
		return s, err
	}
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		row, err := q.GetFinancialStatement(ctx, db.GetFinancialStatementParams{ID: id, AsOf: at.AsOf})
		if err != nil {
			return found(err, "statement")
		}
		s = Statement{&row.FinancialStatement, row.Ticker, nil}
		return a.adjustOne(ctx, q, at, &s)
	})
	return s, err
}

// ListStatementVersions returns a page of the versions of a statement known by a day, the newest first. Errors: Invalid,
// NotFound.
func (a *App) ListStatementVersions(ctx context.Context, id int64, at PointInTime, p Page) (page []Statement, next string, err error) {
	var before *time.Time
	var v validator
	v.pointInTime(at, a.today())
	v.page(p, &before)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		rows, err := q.ListVersionsOfFinancialStatement(ctx, db.ListVersionsOfFinancialStatementParams{
			ID: id, AsOf: at.AsOf, BeforeKnown: before, PageSize: p.limit(),
		})
		page, next, err = pageOf(p, rows, err,
			func(r db.ListVersionsOfFinancialStatementRow) []any { return []any{r.FinancialStatement.KnownFrom} },
			func(r *db.ListVersionsOfFinancialStatementRow) Statement {
				return Statement{&r.FinancialStatement, r.Ticker, nil}
			})
		switch {
		case err != nil:
			return err
		case len(page) == 0 && before == nil:
			return notFound("statement")
		}
		return a.adjust(ctx, q, at, page)
	})
	return page, next, err
}

const quarterRule = "is required for a quarterly statement, and must be null for another"

func (v *validator) statement(s *value.Statement, today time.Time) {
	v.check(s.Period == value.Quarterly || s.FiscalQuarter == nil, "/fiscal_quarter", quarterRule, "/period")
	v.date("/start_date", s.StartDate, today)
	v.check(s.StartDate == nil || !s.EndDate.Before(*s.StartDate), "/start_date", "must not be after end_date", "/end_date")
	v.date("/end_date", &s.EndDate, today)
	v.date("/publish_date", &s.PublishDate, today)
	v.date("/per_share_basis_date", s.PerShareBasisDate, today)
	v.date("/shares_outstanding_basis_date", s.SharesOutstandingBasisDate, today)
	v.check(!s.PublishDate.Before(s.EndDate), "/publish_date", "must not be before end_date", "/end_date")
	v.webAddress("/url", s.URL)
	v.number("/earnings_per_share", s.EarningsPerShare)
	v.number("/earnings_per_share_diluted", s.EarningsPerShareDiluted)
	v.number("/dividends_per_share", s.DividendsPerShare)
}

// CreateStatement enters a statement by hand for a superuser, and returns it. It is known from its publish date on.
// Errors: Unauthenticated, Forbidden, Invalid, NotFound, Conflict.
func (a *App) CreateStatement(ctx context.Context, actor Actor, t string, s value.Statement) (out Statement, err error) {
	if err := actor.writer(); err != nil {
		return out, err
	}
	if err := a.checkStatement(ctx, &s, false); err != nil {
		return out, err
	}
	value.Complete(&s)
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		companyID, err := lockCompany(ctx, tx, t)
		if err != nil {
			return err
		}
		splits := askSplits(ctx, tx, companyID)
		if out, err = insertManual(ctx, tx, &s, nil, companyID, s.PublishDate, false); err != nil {
			return err
		}
		if err := a.audit(ctx, q, actor, statementEvent("statement.created", Statement{}, out)); err != nil {
			return err
		}
		return a.onBasis(ctx, splits, &out)
	})
	return out, err
}

// onBasis brings a statement that was written to the share basis of today.
func (a *App) onBasis(ctx context.Context, splits askedSplits, s *Statement) error {
	basis, err := splits.basis(ctx, a)
	basis.row(s.FinancialStatement)
	s.AdjustedTo = basis.on
	return err
}

// statementEvent is the change of a statement; the zero Statement is none.
func statementEvent(action string, before, after Statement) auditEvent {
	s, was, is := before, map[string]any(nil), map[string]any(nil)
	if before.FinancialStatement != nil {
		was = columns(*before.FinancialStatement)
	}
	if after.FinancialStatement != nil {
		s, is = after, columns(*after.FinancialStatement)
	}
	e := auditEvent{Action: action, TargetType: "statement", Target: idText(s.ID), Detail: changed(was, is)}
	e.Detail["ticker"] = s.Ticker
	return e
}

// checkStatement checks a statement entered by hand and says of which days its shares are. Of one that replaces another it
// depends on that one whether its quarter needs a number.
func (a *App) checkStatement(ctx context.Context, s *value.Statement, replaces bool) error {
	var v validator
	v.statement(s, a.today())
	v.check(s.Period != value.Quarterly || s.FiscalQuarter != nil || replaces, "/fiscal_quarter", quarterRule, "/period")
	if err := v.currency(ctx, a, a.queries, "/currency", s.Currency); err != nil {
		return err
	}
	if err := v.err(); err != nil {
		return err
	}
	if s.PerShareBasisDate == nil && (s.EarningsPerShare != nil || s.EarningsPerShareDiluted != nil) {
		s.PerShareBasisDate = &s.PublishDate
	}
	setBasisDates(s)
	return nil
}

// setBasisDates says for each figure per share and count of shares entered by hand of which day its basis is.
func setBasisDates(s *value.Statement) {
	perShare := s.PerShareBasisDate
	if perShare == nil {
		perShare = &s.PublishDate
	}
	counted := s.SharesOutstandingBasisDate
	if counted == nil {
		counted = &s.PublishDate
	}
	s.SharesOutstandingBasisDate = nil
	for _, f := range []struct {
		isGiven bool
		basis   **time.Time
		date    *time.Time
	}{
		{s.EarningsPerShare != nil, &s.EarningsPerShareBasisDate, perShare},
		{s.EarningsPerShareDiluted != nil, &s.EarningsPerShareDilutedBasisDate, perShare},
		{s.WeightedAverageShares != nil, &s.WeightedAverageSharesBasisDate, perShare},
		{s.WeightedAverageSharesDiluted != nil, &s.WeightedAverageSharesDilutedBasisDate, perShare},
		{s.DividendsPerShare != nil, &s.DividendsPerShareBasisDate, perShare},
		{s.SharesOutstanding != nil, &s.SharesOutstandingBasisDate, counted},
	} {
		if f.isGiven {
			*f.basis = f.date
		}
	}
}

// insertManual writes a version of a statement that was entered by hand, of a new one if it has no id, and returns it.
func insertManual(
	ctx context.Context, tx pgx.Tx, s *value.Statement, id *int64, companyID int64, knownFrom time.Time, restated bool,
) (out Statement, err error) {
	row := statementRow(*s)
	row.Restated = restated
	row.CompanyID, row.KnownFrom, row.Source = companyID, knownFrom, "manual"
	if row.Marks == nil {
		row.Marks = []string{}
	}
	values := copiedValues(&row)
	values[slices.Index(copiedColumns, "id")] = id
	rows, err := tx.Query(ctx, insertStatement, values...)
	if err != nil {
		return out, errors.Wrap(err, "insert statement")
	}
	type inserted struct {
		db.FinancialStatement
		Ticker string
	}
	written, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByNameLax[inserted])
	if err != nil {
		return out, errors.Wrap(err, "insert statement")
	}
	return Statement{&written.FinancialStatement, written.Ticker, nil}, nil
}

var insertStatement = func() string {
	values := make([]string, len(copiedColumns))
	for i, column := range copiedColumns {
		values[i] = fmt.Sprintf("$%d", i+1)
		if column == "id" {
			values[i] = "coalesce(" + values[i] + ", nextval('financial_statement_id_seq'))"
		}
	}
	columns := strings.Join(copiedColumns, ", ")
	return "-- name: InsertFinancialStatement :one\nINSERT INTO financial_statement (" + columns + ") VALUES (" + strings.Join(values, ", ") +
		") RETURNING " + columns + `, created_at, updated_at, coalesce(
    (SELECT l.ticker FROM listing l WHERE l.company_id = financial_statement.company_id AND l.is_primary AND l.holds_ticker),
    company_symbol(company_id)) AS ticker`
}()

// replacing returns the statement s with the marks of the one that it replaces which are about what both cover, and what
// follows from its figures.
func replacing(old db.FinancialStatement, s value.Statement) value.Statement {
	s.Marks = nil
	for _, m := range statementFromRow(old).Marks {
		if m == value.Bank || m == value.ShortPeriod || m == value.TransitionQuarter && s.FiscalQuarter == nil {
			s.Marks = append(s.Marks, m)
		}
	}
	value.Complete(&s)
	return s
}

// ReplaceStatement replaces a statement by hand for a superuser, and returns it. The new figures are known from today on;
// what was known before stays. Errors: Unauthenticated, Forbidden, Invalid, NotFound.
func (a *App) ReplaceStatement(ctx context.Context, actor Actor, id int64, s value.Statement) (out Statement, err error) {
	if err := actor.writer(); err != nil {
		return out, err
	}
	if err := a.checkStatement(ctx, &s, true); err != nil {
		return out, err
	}
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		current, err := a.lockStatement(ctx, tx, q, id)
		if err != nil {
			return err
		}
		old := current.FinancialStatement
		var v validator
		v.check(string(s.Period) == old.Period, "/period", "cannot change", "id")
		v.check(s.EndDate.Equal(old.EndDate), "/end_date", "cannot change", "id")
		v.check(s.Period != value.Quarterly || s.FiscalQuarter != nil || old.Period == string(value.Quarterly) && old.FiscalQuarter == nil,
			"/fiscal_quarter", quarterRule, "/period")
		if err := v.err(); err != nil {
			return err
		}
		today := a.today()
		if old.KnownFrom.Before(today) {
			err = q.EndFinancialStatements(ctx, db.EndFinancialStatementsParams{
				Ids: []int64{id}, KnownFrom: []time.Time{old.KnownFrom}, KnownTo: []string{today.Format(time.DateOnly)},
			})
		} else { // changed again on the same day
			err = q.DeleteFinancialStatementVersions(ctx, db.DeleteFinancialStatementVersionsParams{Ids: []int64{id}, KnownFrom: []time.Time{old.KnownFrom}})
		}
		if err != nil {
			return errors.Wrap(err, "end version")
		}
		if err := q.SetFinancialStatementSource(ctx, db.SetFinancialStatementSourceParams{ID: id, Source: "manual"}); err != nil {
			return errors.Wrap(err, "set source")
		}
		splits := askSplits(ctx, tx, old.CompanyID)
		replacement := replacing(old, s)
		if out, err = insertManual(ctx, tx, &replacement, &id, old.CompanyID, today, true); err != nil {
			return err
		}
		if err := a.audit(ctx, q, actor, statementEvent("statement.replaced", Statement{&current.FinancialStatement, current.Ticker, nil}, out)); err != nil {
			return err
		}
		return a.onBasis(ctx, splits, &out)
	})
	return out, err
}

// lockStatement returns a statement whose company it has locked for a change by hand, and which is as the change demands.
func (a *App) lockStatement(ctx context.Context, tx *pipeline, q *db.Queries, id int64) (db.GetFinancialStatementRow, error) {
	company := ask(ctx, tx, (*db.Queries).LockCompanyOfFinancialStatement, id)
	row := ask(ctx, tx, (*db.Queries).GetFinancialStatement, db.GetFinancialStatementParams{ID: id, AsOf: nil})
	if err := forHand(ctx, q, company, "statement"); err != nil {
		return db.GetFinancialStatementRow{}, err
	}
	s, err := row.get(ctx)
	if err != nil {
		return s, found(err, "statement")
	}
	return s, precondition(ctx, func() (Statement, error) {
		row := s.FinancialStatement // the change goes on from it as filed
		if row.RulesVersion != nil {
			row.Source = fromSEC // as in other answers
		}
		current := Statement{&row, s.Ticker, nil}
		err := a.onBasis(ctx, askSplits(ctx, tx, row.CompanyID), &current)
		return current, err
	})
}

// DeleteStatement deletes all versions of a statement for a superuser. Errors: Unauthenticated, Forbidden, NotFound.
func (a *App) DeleteStatement(ctx context.Context, actor Actor, id int64) error {
	if err := actor.writer(); err != nil {
		return err
	}
	return a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		row, err := a.lockStatement(ctx, tx, q, id)
		if err != nil {
			return err
		}
		if err := q.DeleteFinancialStatement(ctx, id); err != nil {
			return errors.Wrap(err, "delete statement")
		}
		if err := q.DeleteRestatementsOfStatement(ctx, id); err != nil {
			return errors.Wrap(err, "delete restatements")
		}
		return a.audit(ctx, q, actor, statementEvent("statement.deleted", Statement{&row.FinancialStatement, row.Ticker, nil}, Statement{}))
	})
}
