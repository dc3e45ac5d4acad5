// Package api says what EdgeValue's use cases are in HTTP: handlers that convert, call the use case and convert back,
// access tokens, and problems.
package api

import (
	"context"
	"io"
	"log/slog"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// handler serves every operation of openapi.yaml.
type handler struct {
	app *app.App
	log *slog.Logger
}

var (
	_ oas.Handler         = (*handler)(nil)
	_ oas.SecurityHandler = (*handler)(nil)
)

// Login

func (h *handler) CreateAccessToken(ctx context.Context, req *oas.AccessTokenForm) (*oas.AccessToken, error) {
	token, life, err := h.app.Login(ctx, ClientIP(ctx), req.Username, req.Password)
	if err != nil {
		return nil, err
	}
	return &oas.AccessToken{AccessToken: token, TokenType: oas.AccessTokenTokenTypeBearer, ExpiresIn: int64(life.Seconds())}, nil
}

func (h *handler) TestAccessToken(ctx context.Context) (*oas.User, error) {
	return h.GetCurrentUser(ctx)
}

func (h *handler) RecoverPassword(ctx context.Context, p oas.RecoverPasswordParams) (*oas.Message, error) {
	if err := h.app.RecoverPassword(ctx, ClientIP(ctx), string(p.Email)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "If the address belongs to an account, a mail is on its way."}, nil
}

func (h *handler) ResetPassword(ctx context.Context, req *oas.PasswordReset) (*oas.Message, error) {
	if err := h.app.ResetPassword(ctx, ClientIP(ctx), req.Token, string(req.NewPassword)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "The password is changed."}, nil
}

// Users

func user(u db.UserAccount, err error) (*oas.User, error) {
	if err != nil {
		return nil, err
	}
	out := toUser(&u)
	return &out, nil
}

func (h *handler) ListUsers(ctx context.Context, p oas.ListUsersParams) (*oas.UserPage, error) {
	rows, next, err := h.app.ListUsers(ctx, actor(ctx), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.UserPage{Items: toItems(rows, toUser), NextPageToken: nextPage(next)}, nil
}

func (h *handler) CreateUser(ctx context.Context, req *oas.UserCreate) (*oas.User, error) {
	return user(h.app.CreateUser(ctx, actor(ctx), app.NewUser{
		Email: string(req.Email), Password: string(req.Password), FullName: fullName(req.FullName),
		Active: req.IsActive.Or(true), Superuser: req.IsSuperuser.Or(false),
	}))
}

func (h *handler) RegisterUser(ctx context.Context, req *oas.UserRegister) (*oas.User, error) {
	return user(h.app.RegisterUser(ctx, ClientIP(ctx), app.NewUser{
		Email: string(req.Email), Password: string(req.Password), FullName: fullName(req.FullName),
	}))
}

func (h *handler) GetCurrentUser(ctx context.Context) (*oas.User, error) {
	return user(h.app.GetUser(ctx, actor(ctx), actor(ctx).UserID))
}

func (h *handler) UpdateCurrentUser(ctx context.Context, req *oas.UserUpdateMe) (*oas.User, error) {
	return user(h.app.UpdateCurrentUser(ctx, actor(ctx), (*string)(get(req.Email)), fullNameChange(req.FullName)))
}

func (h *handler) DeleteCurrentUser(ctx context.Context) error {
	return h.app.DeleteCurrentUser(ctx, actor(ctx))
}

func (h *handler) UpdateCurrentUserPassword(ctx context.Context, req *oas.PasswordChange) error {
	return h.app.ChangePassword(ctx, actor(ctx), ClientIP(ctx), req.CurrentPassword, string(req.NewPassword))
}

func (h *handler) GetUser(ctx context.Context, p oas.GetUserParams) (*oas.User, error) {
	return user(h.app.GetUser(ctx, actor(ctx), p.UserID))
}

func (h *handler) UpdateUser(ctx context.Context, req *oas.UserUpdate, p oas.UpdateUserParams) (*oas.User, error) {
	return user(h.app.UpdateUser(ctx, actor(ctx), p.UserID, app.UserChange{
		Email: (*string)(get(req.Email)), Password: (*string)(get(req.Password)), FullName: fullNameChange(req.FullName),
		Active: get(req.IsActive), Superuser: get(req.IsSuperuser),
	}))
}

func (h *handler) DeleteUser(ctx context.Context, p oas.DeleteUserParams) error {
	return h.app.DeleteUser(ctx, actor(ctx), p.UserID)
}

// Utils

func (h *handler) SendTestEmail(ctx context.Context, req *oas.TestEmail) (*oas.Message, error) {
	if err := h.app.StartTestMail(ctx, actor(ctx), string(req.EmailTo)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "The test mail is on its way."}, nil
}

func (h *handler) StartTestJob(ctx context.Context, req *oas.TestJob) (*oas.Job, error) {
	id, err := h.app.StartTestJob(ctx, actor(ctx), req.Word)
	return &oas.Job{ID: id}, err
}

// Companies

func company(c app.Company, err error) (*oas.Company, error) {
	if err != nil {
		return nil, err
	}
	out := toCompany(&c)
	return &out, nil
}

func (h *handler) ListCompanies(ctx context.Context, p oas.ListCompaniesParams) (*oas.CompanyPage, error) {
	rows, next, err := h.app.ListCompanies(ctx, p.Q.Or(""), get(p.Exchange), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.CompanyPage{Items: toItems(rows, toCompany), NextPageToken: nextPage(next)}, nil
}

func (h *handler) CreateCompany(ctx context.Context, req *oas.CompanyCreate) (*oas.Company, error) {
	return company(h.app.CreateCompany(ctx, actor(ctx), app.CompanyInput{
		Name: req.Name, CIK: get(req.Cik), Country: get(req.Country), URL: get(req.URL), IPODate: get(req.IpoDate),
		NumberOfShares: get(req.NumberOfShares), Listings: fromListingInputs(req.Listings),
	}))
}

func (h *handler) GetCompany(ctx context.Context, p oas.GetCompanyParams) (*oas.Company, error) {
	return company(h.app.GetCompany(ctx, string(p.Ticker)))
}

func (h *handler) UpdateCompany(ctx context.Context, req *oas.CompanyUpdate, p oas.UpdateCompanyParams) (*oas.Company, error) {
	return company(h.app.UpdateCompany(ctx, actor(ctx), string(p.Ticker), app.CompanyChange{
		Name: get(req.Name), CIK: change(req.Cik), Country: change(req.Country), URL: change(req.URL),
		IPODate: change(req.IpoDate), NumberOfShares: change(req.NumberOfShares), Listings: fromListingInputs(req.Listings),
	}))
}

func (h *handler) DeleteCompany(ctx context.Context, p oas.DeleteCompanyParams) error {
	return h.app.DeleteCompany(ctx, actor(ctx), string(p.Ticker))
}

// Statements and metrics

func statement(s app.Statement, err error) (*oas.FinancialStatement, error) {
	if err != nil {
		return nil, err
	}
	out := toFinancialStatement(&s)
	return &out, nil
}

func (h *handler) ListCompanyFinancialStatements(ctx context.Context, p oas.ListCompanyFinancialStatementsParams) (*oas.FinancialStatementPage, error) {
	rows, next, err := h.app.ListCompanyStatements(ctx, string(p.Ticker), period(p.Period), get(p.AsOf), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.FinancialStatementPage{Items: toItems(rows, toFinancialStatement), NextPageToken: nextPage(next)}, nil
}

func (h *handler) CreateFinancialStatement(ctx context.Context, req *oas.FinancialStatementInput, p oas.CreateFinancialStatementParams) (*oas.FinancialStatement, error) {
	return statement(h.app.CreateStatement(ctx, actor(ctx), string(p.Ticker), fromFinancialStatementInput(req)))
}

func (h *handler) ListFinancialStatements(ctx context.Context, p oas.ListFinancialStatementsParams) (*oas.FinancialStatementPage, error) {
	f := app.StatementFilter{Period: period(p.Period), FiscalYear: get(p.FiscalYear), PublishedSince: get(p.PublishedSince)}
	rows, next, err := h.app.ListStatements(ctx, f, page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.FinancialStatementPage{Items: toItems(rows, toFinancialStatement), NextPageToken: nextPage(next)}, nil
}

func (h *handler) GetFinancialStatement(ctx context.Context, p oas.GetFinancialStatementParams) (*oas.FinancialStatement, error) {
	return statement(h.app.GetStatement(ctx, p.ID, get(p.AsOf)))
}

func (h *handler) ReplaceFinancialStatement(ctx context.Context, req *oas.FinancialStatementInput, p oas.ReplaceFinancialStatementParams) (*oas.FinancialStatement, error) {
	return statement(h.app.ReplaceStatement(ctx, actor(ctx), p.ID, fromFinancialStatementInput(req)))
}

func (h *handler) DeleteFinancialStatement(ctx context.Context, p oas.DeleteFinancialStatementParams) error {
	return h.app.DeleteStatement(ctx, actor(ctx), p.ID)
}

func (h *handler) ListCompanyValueMetrics(ctx context.Context, p oas.ListCompanyValueMetricsParams) (*oas.ValueMetricsPage, error) {
	rows, next, err := h.app.ListCompanyMetrics(ctx, string(p.Ticker), period(p.Period), get(p.AsOf), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.ValueMetricsPage{Items: toItems(rows, toValueMetrics), NextPageToken: nextPage(next)}, nil
}

func (h *handler) ListValueMetrics(ctx context.Context, p oas.ListValueMetricsParams) (*oas.ValueMetricsPage, error) {
	f := app.StatementFilter{Period: period(p.Period), FiscalYear: get(p.FiscalYear), PublishedSince: get(p.PublishedSince)}
	rows, next, err := h.app.ListMetrics(ctx, f, page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.ValueMetricsPage{Items: toItems(rows, toValueMetrics), NextPageToken: nextPage(next)}, nil
}

// Dividends

func dividend(d app.Dividend, err error) (*oas.Dividend, error) {
	if err != nil {
		return nil, err
	}
	out := toDividend(&d)
	return &out, nil
}

func (h *handler) ListCompanyDividends(ctx context.Context, p oas.ListCompanyDividendsParams) (*oas.DividendPage, error) {
	rows, next, err := h.app.ListCompanyDividends(ctx, string(p.Ticker), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.DividendPage{Items: toItems(rows, toDividend), NextPageToken: nextPage(next)}, nil
}

func (h *handler) CreateDividend(ctx context.Context, req *oas.DividendInput, p oas.CreateDividendParams) (*oas.Dividend, error) {
	return dividend(h.app.CreateDividend(ctx, actor(ctx), string(p.Ticker), fromDividendInput(req)))
}

func (h *handler) ListDividends(ctx context.Context, p oas.ListDividendsParams) (*oas.DividendPage, error) {
	rows, next, err := h.app.ListDividends(ctx, get(p.FiscalYear), get(p.PublishedSince), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.DividendPage{Items: toItems(rows, toDividend), NextPageToken: nextPage(next)}, nil
}

func (h *handler) GetDividend(ctx context.Context, p oas.GetDividendParams) (*oas.Dividend, error) {
	return dividend(h.app.GetDividend(ctx, p.ID))
}

func (h *handler) ReplaceDividend(ctx context.Context, req *oas.DividendInput, p oas.ReplaceDividendParams) (*oas.Dividend, error) {
	return dividend(h.app.ReplaceDividend(ctx, actor(ctx), p.ID, fromDividendInput(req)))
}

func (h *handler) DeleteDividend(ctx context.Context, p oas.DeleteDividendParams) error {
	return h.app.DeleteDividend(ctx, actor(ctx), p.ID)
}

// Splits, prices, daily ratios

func (h *handler) ListCompanySplits(ctx context.Context, p oas.ListCompanySplitsParams) (*oas.SplitPage, error) {
	rows, next, err := h.app.ListCompanySplits(ctx, string(p.Ticker), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.SplitPage{Items: toItems(rows, toSplit), NextPageToken: nextPage(next)}, nil
}

func (h *handler) CreateSplit(ctx context.Context, req *oas.SplitInput, p oas.CreateSplitParams) (*oas.Split, error) {
	s, err := h.app.CreateSplit(ctx, actor(ctx), string(p.Ticker), req.EffectiveDate, req.Ratio)
	if err != nil {
		return nil, err
	}
	out := toSplit(&s)
	return &out, nil
}

func (h *handler) ListCompanyPrices(ctx context.Context, p oas.ListCompanyPricesParams) (*oas.PricePage, error) {
	rows, next, err := h.app.ListPrices(ctx, string(p.Ticker), get(p.From), get(p.To), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.PricePage{Items: toItems(rows, toPrice), NextPageToken: nextPage(next)}, nil
}

func (h *handler) ListCompanyDailyRatios(ctx context.Context, p oas.ListCompanyDailyRatiosParams) (*oas.DailyRatiosPage, error) {
	rows, next, err := h.app.ListCompanyDailyRatios(ctx, string(p.Ticker), get(p.From), get(p.To), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.DailyRatiosPage{Items: toItems(rows, toDailyRatios), NextPageToken: nextPage(next)}, nil
}

func (h *handler) ListDailyRatios(ctx context.Context, p oas.ListDailyRatiosParams) (*oas.DailyRatiosPage, error) {
	rows, next, err := h.app.ListDailyRatios(ctx, p.Date, page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.DailyRatiosPage{Items: toItems(rows, toDailyRatios), NextPageToken: nextPage(next)}, nil
}

// Imports

func (h *handler) startImport(ctx context.Context, kind app.ImportKind, ticker, exchange *string, file io.Reader) (*oas.Import, error) {
	return importAnswer(h.app.StartImport(ctx, actor(ctx), app.ImportRequest{Kind: kind, Ticker: ticker, Exchange: exchange, File: file}))
}

func importAnswer(im db.Import, err error) (*oas.Import, error) {
	if err != nil {
		return nil, err
	}
	out := toImport(&im)
	return &out, nil
}

func (h *handler) ImportCompanies(ctx context.Context, req *oas.ImportCompaniesReqWithContentType) (*oas.Import, error) {
	return h.startImport(ctx, app.ImportCompanies, nil, nil, req.Content)
}

func (h *handler) ImportSecCompanyFacts(ctx context.Context, req *oas.ImportSecCompanyFactsReqWithContentType, p oas.ImportSecCompanyFactsParams) (*oas.Import, error) {
	return h.startImport(ctx, app.ImportSECCompanyFacts, (*string)(get(p.Ticker)), get(p.Exchange), req.Content)
}

func (h *handler) ImportPrices(ctx context.Context, req *oas.ImportPricesReqWithContentType, p oas.ImportPricesParams) (*oas.Import, error) {
	ticker := string(p.Ticker)
	return h.startImport(ctx, app.ImportPrices, &ticker, nil, req.Content)
}

func (h *handler) ImportSplits(ctx context.Context, req *oas.ImportSplitsReqWithContentType) (*oas.Import, error) {
	return h.startImport(ctx, app.ImportSplits, nil, nil, req.Content)
}

func (h *handler) ListImports(ctx context.Context, p oas.ListImportsParams) (*oas.ImportPage, error) {
	rows, next, err := h.app.ListImports(ctx, actor(ctx), page(p.PageSize, p.PageToken))
	if err != nil {
		return nil, err
	}
	return &oas.ImportPage{Items: toItems(rows, toImport), NextPageToken: nextPage(next)}, nil
}

func (h *handler) GetImport(ctx context.Context, p oas.GetImportParams) (*oas.Import, error) {
	return importAnswer(h.app.GetImport(ctx, actor(ctx), p.ID))
}

func (h *handler) CancelImport(ctx context.Context, p oas.CancelImportParams) (*oas.Import, error) {
	return importAnswer(h.app.CancelImport(ctx, actor(ctx), p.ID))
}
