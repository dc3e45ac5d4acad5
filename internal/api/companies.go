package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:autoMap Company
	// goverter:map Listings Ticker | primaryTicker
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

func primaryTicker(listings []db.Listing) string {
	if len(listings) == 0 {
		return ""
	}
	return listings[0].Ticker
}

func (h *handler) ListCompanies(ctx context.Context, p oas.ListCompaniesParams) (*oas.CompanyPage, error) {
	return list[oas.CompanyPage](toCompany)(h.app.ListCompanies(ctx, p.Q.Or(""), get(p.Exchange), page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateCompany(ctx context.Context, req *oas.CompanyCreate) (*oas.Company, error) {
	return one(toCompany)(h.app.CreateCompany(ctx, actor(ctx), fromCompanyCreate(*req)))
}

func (h *handler) GetCompany(ctx context.Context, p oas.GetCompanyParams) (*oas.Company, error) {
	return one(toCompany)(h.app.GetCompany(ctx, string(p.Ticker)))
}

func (h *handler) UpdateCompany(ctx context.Context, req *oas.CompanyUpdate, p oas.UpdateCompanyParams) (*oas.Company, error) {
	return one(toCompany)(h.app.UpdateCompany(ctx, actor(ctx), string(p.Ticker), func(in *app.CompanyInput) {
		patchCompany(*req, &in.CreateCompanyParams)
		if req.Listings != nil {
			in.Listings = fromListings(req.Listings)
		}
	}))
}

func (h *handler) DeleteCompany(ctx context.Context, p oas.DeleteCompanyParams) error {
	return h.app.DeleteCompany(ctx, actor(ctx), string(p.Ticker))
}
