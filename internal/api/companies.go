package api

import (
	"context"
	"time"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap Company
	// goverter:map . Ticker | companySymbol
	// goverter:map Company.NewestEndDate HasStatements | isThere
	// goverter:map . NewestStatement | newestStatement
	toCompany func(app.Company) oas.Company

	// goverter:map IsPrimary Primary
	toListing func(db.Listing) oas.Listing

	// goverter:map . CreateCompanyParams
	fromCompanyCreate func(oas.CompanyCreate) app.CompanyInput

	// goverter:update in
	// goverter:update:ignoreZeroValueField
	patchCompany func(source oas.CompanyUpdate, in *db.CreateCompanyParams)

	fromListings func([]oas.ListingInput) []app.ListingInput

	// goverter:map Primary IsPrimary
	// goverter:ignore CompanyID
	fromListing func(oas.ListingInput) app.ListingInput
)

func companySymbol(c app.Company) string { return c.Symbol() }

func isThere(day *time.Time) bool { return day != nil }

func newestStatement(c app.Company) oas.NilStatementPeriod {
	var newest *oas.StatementPeriod
	if c.NewestEndDate != nil {
		newest = &oas.StatementPeriod{Period: oas.Period(*c.NewestPeriod), EndDate: *c.NewestEndDate}
	}
	return toNil[oas.NilStatementPeriod](newest)
}

func (h *handler) ListCompanies(ctx context.Context, p oas.ListCompaniesParams) (*oas.CompanyPage, error) {
	f := app.CompanyFilter{
		Query: p.Q.Or(""), Exchange: get(p.Exchange), HasStatements: get(p.HasStatements), Order: app.CompanyOrder(p.Sort.Or("")),
	}
	return list[oas.CompanyPage](toCompany)(h.app.ListCompanies(ctx, f, page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateCompany(ctx context.Context, req *oas.CompanyCreate) (*oas.Company, error) {
	return tagged(ctx, one(toCompany))(h.app.CreateCompany(ctx, actor(ctx), fromCompanyCreate(*req)))
}

func (h *handler) GetCompany(ctx context.Context, p oas.GetCompanyParams) (*oas.Company, error) {
	return one(toCompany)(h.app.GetCompany(ctx, string(p.Ticker)))
}

func (h *handler) UpdateCompany(ctx context.Context, req *oas.CompanyUpdate, p oas.UpdateCompanyParams) (*oas.Company, error) {
	ctx = ifMatch(ctx, p.IfMatch, one(toCompany))
	return tagged(ctx, one(toCompany))(h.app.UpdateCompany(ctx, actor(ctx), string(p.Ticker), func(in *app.CompanyInput) {
		patchCompany(*req, &in.CreateCompanyParams)
		if req.Listings != nil {
			in.Listings = fromListings(req.Listings)
		}
	}))
}

func (h *handler) DeleteCompany(ctx context.Context, p oas.DeleteCompanyParams) error {
	return h.app.DeleteCompany(ifMatch(ctx, p.IfMatch, one(toCompany)), actor(ctx), string(p.Ticker))
}
