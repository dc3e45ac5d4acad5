package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// errFiledInFuture says that a clock is wrong.
var errFiledInFuture = errors.New("filed in the future")

// unreadable makes an *Error of what the parser says about a bad file; other errors come back as they are.
func unreadable(err error) error {
	var format *sec.FormatError
	if errors.As(err, &format) {
		return &Error{Code: Invalid, Message: format.Error()}
	}
	return wrap(err, "read file")
}

// A factsFile is a document of company facts with what is said of its company.
type factsFile struct {
	documentID                 int64
	ticker, exchange, otherCIK *string
	cik                        int64 // that it must be about; 0 for any
	creates                    bool  // the company, also without a ticker
	log                        *slog.Logger
}

func (a *App) factsOf(im db.Import) factsFile {
	return factsFile{
		documentID: *im.DocumentID, ticker: im.Ticker, exchange: im.Exchange, otherCIK: im.OtherCik, cik: 0, creates: false,
		log: a.Logger.With("import", im.ID),
	}
}

// readCompanyFacts computes everything that follows from one company's facts: those of the file, and of the documents of
// its other CIKs. What it returns writes the difference.
func (a *App) readCompanyFacts(ctx context.Context, r io.Reader, from factsFile) (writer, error) {
	facts, err := sec.ParseCompanyFacts(r)
	if err != nil {
		return nil, unreadable(err)
	}
	if newest := facts.NewestFiled(); newest.After(a.today()) {
		return nil, errors.Join(errFiledInFuture,
			&Error{Code: Invalid, Message: fmt.Sprintf("a fact was filed on %s, which is in the future", newest.Format(time.DateOnly))})
	}
	if from.cik != 0 && from.cik != facts.CIK {
		return nil, &Error{Code: Invalid, Message: fmt.Sprintf("the document is about CIK %d, not %d as its name says", facts.CIK, from.cik)}
	}
	file := document{Cik: facts.CIK, DocumentID: from.documentID, NewestFiled: facts.NewestFiled()}
	name := strings.TrimSpace(facts.EntityName)
	report := facts.Report()
	logReport(ctx, from.log.With("cik", file.Cik), report, facts.SkippedFacts())
	documents, err := a.documentsWith(ctx, file, from)
	if err != nil {
		return nil, err
	}
	all := report
	if len(documents) > 1 {
		if facts, err = readDocuments(ctx, a.queries, documents); err != nil {
			return nil, err
		}
		all = facts.Report()
	}
	f := figuresOf(facts, all)
	return func(ctx context.Context, tx pgx.Tx, q *db.Queries) (c counts, err error) {
		company, err := importedCompany(ctx, q, file.Cik, name, from)
		if err != nil {
			return c, err
		}
		stored, err := q.ListDocuments(ctx, company.ID)
		if err != nil {
			return c, errors.Wrap(err, "list documents")
		}
		if !slices.EqualFunc(with(company, stored, file), documents, sameDocument) {
			return c, errOtherDocuments
		}
		for _, d := range stored {
			if d.Cik == file.Cik && d.NewestFiled.After(file.NewestFiled) {
				c = counts{skipped: int64(len(f.history) + len(f.dividends)), report: &report}
				c.warning = fmt.Sprintf("nothing was taken: the newest fact of the file was filed on %s, that of a file which was imported before on %s",
					file.NewestFiled.Format(time.DateOnly), d.NewestFiled.Format(time.DateOnly))
				return c, nil
			}
		}
		if name != "" && company.Cik != nil && *company.Cik == file.Cik {
			if err := q.SetNameFromFacts(ctx, db.SetNameFromFactsParams{ID: company.ID, Name: name}); err != nil {
				return c, errors.Wrap(err, "set name")
			}
		}
		c, err = writeFigures(ctx, tx, q, company.ID, documents, f)
		c.warning = cmp.Or(nothingRead(&report), c.warning)
		return c, err
	}, nil
}

// documentsWith returns the documents that are read as one with that of an import, which is among them.
func (a *App) documentsWith(ctx context.Context, file document, from factsFile) ([]document, error) {
	company, err := a.queries.GetCompanyByCIK(ctx, file.Cik)
	if errors.Is(err, pgx.ErrNoRows) && from.ticker != nil {
		var l db.Listing
		if l, err = a.queries.GetListing(ctx, *from.ticker); err == nil {
			company, err = a.queries.GetCompany(ctx, l.CompanyID)
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return []document{file}, nil
	} else if err != nil {
		return nil, errors.Wrap(err, "get company")
	}
	if company, err = withCIK(company, file.Cik, from); err != nil {
		return nil, err
	}
	stored, err := a.queries.ListDocuments(ctx, company.ID)
	return with(company, stored, file), wrap(err, "list documents")
}

// withCIK returns the company with the CIK that a file is about, if it can have it.
func withCIK(c db.Company, cik int64, from factsFile) (db.Company, error) {
	switch other := from.otherCIK; {
	case slices.Contains(ciks(c), cik):
	case other != nil && *other == string(FormerCIK):
		c.FormerCiks = append(slices.Clone(c.FormerCiks), cik)
	case c.Cik == nil:
		c.Cik = &cik
	case other != nil && *other == string(NewCIK):
		c.FormerCiks, c.Cik = append(slices.Clone(c.FormerCiks), *c.Cik), &cik
	default:
		return c, &Error{Code: Invalid, Message: fmt.Sprintf("%s is the company with CIK %d, but the file is about CIK %d: if it is the same company, "+
			"say that it has taken on this CIK (other_cik=new) or had it before (other_cik=former), or add it to the company's former_ciks", *from.ticker, *c.Cik, cik)}
	}
	return c, nil
}

// importedCompany locks the company that the file is about. With a ticker it is created, or given the listing or the CIK,
// if need be.
func importedCompany(ctx context.Context, q *db.Queries, cik int64, name string, from factsFile) (db.Company, error) {
	company, err := q.LockCompanyByCIK(ctx, cik)
	known := err == nil
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return company, errors.Wrap(err, "lock company")
	}
	switch {
	case from.ticker == nil && known:
		return company, nil
	case from.ticker == nil && !from.creates:
		return company, foundCIK(err, cik)
	case from.ticker == nil:
		if err := q.EnsureFilers(ctx, db.EnsureFilersParams{Ciks: []int64{cik}, Names: []string{cmp.Or(name, sec.CIKName(cik))}}); err != nil {
			return company, errors.Wrap(err, "create company")
		}
		company, err = q.LockCompanyByCIK(ctx, cik)
		return company, wrap(err, "lock company")
	}
	listing, err := q.GetListing(ctx, *from.ticker)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if !known {
			company.FormerCiks = []int64{}
			if company, err = withCIK(company, cik, from); err != nil {
				return company, err
			}
			err := q.EnsureCompany(ctx, db.EnsureCompanyParams{Name: cmp.Or(name, *from.ticker), Cik: company.Cik, FormerCiks: company.FormerCiks})
			if err != nil {
				return company, errors.Wrap(err, "create company")
			}
			return importedCompany(ctx, q, cik, name, from) // with its listings, if an import of companies was faster
		}
		primary, err := q.HasNoListing(ctx, company.ID)
		if err != nil {
			return company, errors.Wrap(err, "look for listings")
		}
		//exhaustruct:ignore the import tells no more
		in := []ListingInput{{Ticker: *from.ticker, Exchange: from.exchange, Currency: defaultCurrency, IsPrimary: primary}}
		return company, createListings(ctx, q, company.ID, in)
	case err != nil:
		return company, errors.Wrap(err, "get listing")
	case known && listing.CompanyID != company.ID:
		return company, &Error{Code: Invalid, Message: fmt.Sprintf("%s is not a ticker of CIK %d", *from.ticker, cik)}
	case !known:
		if company, err = q.LockCompany(ctx, listing.CompanyID); err != nil {
			return company, errors.Wrap(err, "lock company")
		}
		if company, err = withCIK(company, cik, from); err != nil {
			return company, err
		}
		if err := q.SetCompanyCIKs(ctx, db.SetCompanyCIKsParams{ID: company.ID, Cik: company.Cik, FormerCiks: company.FormerCiks}); err != nil {
			return company, errors.Wrap(err, "set CIK")
		}
	}
	if from.exchange != nil {
		_, err = q.SetListingExchange(ctx, db.SetListingExchangeParams{ID: listing.ID, Exchange: from.exchange})
	}
	return company, wrap(err, "set exchange")
}

func writeShareCounts(ctx context.Context, q *db.Queries, companyID int64, shareCounts []value.ShareCount) error {
	n := len(shareCounts)
	p := db.UpsertShareCountsParams{
		CompanyID: companyID, Source: make([]string, 0, n), KnownFrom: make([]time.Time, 0, n), BasisDate: make([]time.Time, 0, n),
		EndDate: make([]time.Time, 0, n), Shares: make([]int64, 0, n),
	}
	for _, s := range shareCounts {
		p.Source = append(p.Source, string(s.Source))
		p.KnownFrom = append(p.KnownFrom, s.KnownFrom)
		p.BasisDate = append(p.BasisDate, s.BasisDate)
		p.EndDate = append(p.EndDate, s.EndDate)
		p.Shares = append(p.Shares, s.Shares)
	}
	if _, err := q.DeleteOtherShareCounts(ctx, db.DeleteOtherShareCountsParams{CompanyID: companyID, Source: p.Source, KnownFrom: p.KnownFrom}); err != nil {
		return errors.Wrap(err, "delete share counts")
	}
	if n == 0 {
		return nil
	}
	_, err := q.UpsertShareCounts(ctx, p)
	return wrap(err, "write share counts")
}

func writeAnnualForms(ctx context.Context, q *db.Queries, companyID int64, forms []sec.AnnualForm) error {
	p := db.CreateAnnualFormsParams{CompanyID: companyID, KnownFrom: make([]time.Time, 0, len(forms)), ForeignIssuer: make([]bool, 0, len(forms))}
	for _, f := range forms {
		p.KnownFrom, p.ForeignIssuer = append(p.KnownFrom, f.KnownFrom), append(p.ForeignIssuer, f.Foreign)
	}
	if err := q.DeleteAnnualForms(ctx, companyID); err != nil {
		return errors.Wrap(err, "delete annual forms")
	}
	return wrap(q.CreateAnnualForms(ctx, p), "write annual forms")
}
