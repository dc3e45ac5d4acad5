package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

// goverter:variables
var (
	// goverter:update out
	// goverter:ignore Ticker AdjustedTo Explanations
	fillFinancialStatement func(row db.FinancialStatement, out *oas.FinancialStatement)

	// goverter:ignore Taxonomy Marks SharesSource Accession EBIT EBITBasis EBITDA FreeCashFlow TotalDebt
	// goverter:ignore EarningsPerShareBasisDate EarningsPerShareDilutedBasisDate SharesOutstandingBasisDate
	// goverter:ignore WeightedAverageSharesBasisDate WeightedAverageSharesDilutedBasisDate DividendsPerShareBasisDate
	fromFinancialStatement func(oas.FinancialStatementInput) value.Statement
)

// fillStatement makes the zero out a statement, in its place: it is large.
func fillStatement(s app.Statement, out *oas.FinancialStatement) {
	fillFinancialStatement(*s.FinancialStatement, out)
	out.Ticker, out.AdjustedTo = s.Ticker, asNilDate(s.AdjustedTo)
}

// statementInput is a statement entered by hand. One that was got on the share basis of a day keeps that.
func statementInput(req *oas.FinancialStatementInput) value.Statement {
	s := fromFinancialStatement(*req)
	s.SharesOutstandingBasisDate = get(req.SharesOutstandingBasisDate)
	if day := get(req.AdjustedTo); day != nil {
		s.PerShareBasisDate, s.SharesOutstandingBasisDate = day, day
	}
	return s
}

func (h *handler) ListCompanyFinancialStatements(ctx context.Context, p oas.ListCompanyFinancialStatementsParams) (*oas.FinancialStatementPage, error) {
	return fillList[oas.FinancialStatementPage](fillStatement)(
		h.app.ListCompanyStatements(ctx, string(p.Ticker), period(p.Period), pointInTime(p.AsOf, p.ShareBasis), page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateFinancialStatement(ctx context.Context, req *oas.FinancialStatementInput, p oas.CreateFinancialStatementParams) (*oas.FinancialStatement, error) {
	return tagged(ctx, fillOne(fillStatement))(h.app.CreateStatement(ctx, actor(ctx), string(p.Ticker), statementInput(req)))
}

func (h *handler) ListFinancialStatements(ctx context.Context, p oas.ListFinancialStatementsParams) (*oas.FinancialStatementPage, error) {
	f := app.StatementFilter{Period: period(p.Period), FiscalYear: get(p.FiscalYear), PublishedSince: get(p.PublishedSince), KnownSince: get(p.KnownSince)}
	return fillList[oas.FinancialStatementPage](fillStatement)(
		h.app.ListStatements(ctx, f, pointInTime(p.AsOf, p.ShareBasis), page(p.PageSize, p.PageToken)))
}

func (h *handler) GetFinancialStatement(ctx context.Context, p oas.GetFinancialStatementParams) (*oas.FinancialStatement, error) {
	at := pointInTime(p.AsOf, p.ShareBasis)
	if !p.Explain.Or(false) {
		return fillOne(fillStatement)(h.app.GetStatement(ctx, p.ID, at))
	}
	s, nodes, err := h.app.ExplainStatement(ctx, p.ID, at)
	if err != nil {
		return nil, err
	}
	return withExplanations(s, nodes), nil
}

func (h *handler) ListFinancialStatementVersions(ctx context.Context, p oas.ListFinancialStatementVersionsParams) (*oas.FinancialStatementPage, error) {
	return fillList[oas.FinancialStatementPage](fillStatement)(
		h.app.ListStatementVersions(ctx, p.ID, pointInTime(p.AsOf, p.ShareBasis), page(p.PageSize, p.PageToken)))
}

func (h *handler) ReplaceFinancialStatement(ctx context.Context, req *oas.FinancialStatementInput, p oas.ReplaceFinancialStatementParams) (*oas.FinancialStatement, error) {
	ctx = ifMatch(ctx, p.IfMatch, fillOne(fillStatement))
	return tagged(ctx, fillOne(fillStatement))(h.app.ReplaceStatement(ctx, actor(ctx), p.ID, statementInput(req)))
}

func (h *handler) DeleteFinancialStatement(ctx context.Context, p oas.DeleteFinancialStatementParams) error {
	return h.app.DeleteStatement(ifMatch(ctx, p.IfMatch, fillOne(fillStatement)), actor(ctx), p.ID)
}

func period(o oas.OptPeriod) *value.Period { return (*value.Period)(get(o)) }

func pointInTime(asOf oas.OptDate, basis oas.OptShareBasis) app.PointInTime {
	return app.PointInTime{AsOf: get(asOf), Basis: value.ShareBasis(basis.Or(oas.ShareBasisAsOf))}
}
