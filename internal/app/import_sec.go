package app

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// unreadable makes an *Error of what the parser says about a bad file; other errors come back as they are.
func unreadable(err error) error {
	var format *sec.FormatError
	if errors.As(err, &format) {
		return &Error{Code: Invalid, Message: format.Error()}
	}
	return wrap(err, "read file")
}

func (a *App) readCompanies(r io.Reader) (func(context.Context, *db.Queries) (counts, error), error) {
	listings, err := sec.ParseCompanyTickers(r)
	if err != nil {
		return nil, unreadable(err)
	}
	for i := range listings {
		l := &listings[i]
		l.Ticker = ticker(l.Ticker)
		if !sec.IsTicker(l.Ticker) {
			return nil, &Error{Code: Invalid, Message: fmt.Sprintf("%.50q of CIK %d is no ticker", l.Ticker, l.CIK)}
		}
	}
	return func(ctx context.Context, q *db.Queries) (c counts, err error) {
		var all db.ListTickerConflictsParams
		for _, l := range listings {
			all.Ciks, all.Tickers = append(all.Ciks, l.CIK), append(all.Tickers, l.Ticker)
		}
		conflicts, err := q.ListTickerConflicts(ctx, all)
		if err != nil {
			return c, errors.Wrap(err, "list conflicts")
		}
		taken := map[string]bool{}
		for _, t := range conflicts {
			taken[t] = true
		}
		var companies db.ImportCompaniesParams
		var rows db.ImportListingsParams
		seen := map[int64]bool{}
		for _, l := range listings {
			if taken[l.Ticker] {
				c.skipped++
				continue
			}
			if !seen[l.CIK] {
				companies.Ciks, companies.Names = append(companies.Ciks, l.CIK), append(companies.Names, l.Name)
			}
			rows.Ciks, rows.Tickers, rows.First = append(rows.Ciks, l.CIK), append(rows.Tickers, l.Ticker), append(rows.First, !seen[l.CIK])
			seen[l.CIK] = true
		}
		renamed, err := q.ImportCompanies(ctx, companies)
		if err != nil {
			return c, errors.Wrap(err, "write companies")
		}
		added, err := q.ImportListings(ctx, rows)
		if err != nil {
			return c, errors.Wrap(err, "write listings")
		}
		c.written = renamed + added
		c.unchanged = int64(len(companies.Ciks)+len(rows.Ciks)) - c.written
		return c, nil
	}, nil
}

// readCompanyFacts computes everything that follows from one company's facts. What it returns writes the difference.
func (a *App) readCompanyFacts(r io.Reader, im db.Import) (func(context.Context, *db.Queries) (counts, error), error) {
	facts, err := sec.ParseCompanyFacts(r)
	if err != nil {
		return nil, unreadable(err)
	}
	if newest := facts.NewestFiled(); newest.After(a.today()) {
		return nil, &Error{Code: Invalid, Message: fmt.Sprintf("a fact was filed on %s, which is in the future", newest.Format(time.DateOnly))}
	}
	history := facts.History()
	for _, v := range history {
		if v.EndDate.After(v.PublishDate) {
			return nil, &Error{Code: Invalid, Message: fmt.Sprintf("a balance sheet of %s was filed on %s, before that day",
				v.EndDate.Format(time.DateOnly), v.PublishDate.Format(time.DateOnly))}
		}
	}
	dividends := facts.Dividends(time.Time{})
	shareCounts := facts.ShareCounts()
	return func(ctx context.Context, q *db.Queries) (c counts, err error) {
		company, err := importedCompany(ctx, q, facts, im)
		if err != nil {
			return c, err
		}
		switch current, err := q.GetCompanyFacts(ctx, company.ID); {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return c, errors.Wrap(err, "get company facts")
		case current.NewestFiled.After(facts.NewestFiled()):
			return counts{skipped: int64(len(history) + len(dividends))}, nil
		}
		if c, err = writeHistory(ctx, q, company.ID, history); err != nil {
			return c, err
		}
		d, err := writeDividends(ctx, q, company.ID, facts.Currency(), dividends)
		if err != nil {
			return c, err
		}
		c.written += d.written
		c.unchanged += d.unchanged
		c.skipped += d.skipped
		if err := writeShareCounts(ctx, q, company.ID, shareCounts); err != nil {
			return c, err
		}
		err = q.SetCompanyFacts(ctx, db.SetCompanyFactsParams{CompanyID: company.ID, DocumentID: *im.DocumentID, NewestFiled: facts.NewestFiled()})
		return c, wrap(err, "set company facts")
	}, nil
}

// importedCompany locks the company that the facts are about. With a ticker it is created, or given the listing, if need
// be.
func importedCompany(ctx context.Context, q *db.Queries, facts *sec.CompanyFacts, im db.Import) (db.Company, error) {
	company, err := q.GetCompanyByCIK(ctx, &facts.CIK)
	known := err == nil
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return company, errors.Wrap(err, "get company")
	}
	if im.Ticker == nil {
		if !known {
			return company, &Error{Code: NotFound, Message: fmt.Sprintf("CIK %d is not in the list of companies: name its ticker", facts.CIK)}
		}
	} else {
		listing, err := q.GetListing(ctx, *im.Ticker)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			if !known {
				name := strings.TrimSpace(facts.EntityName)
				if name == "" {
					name = *im.Ticker
				}
				if company, err = q.CreateCompany(ctx, db.CreateCompanyParams{Name: name, Cik: &facts.CIK}); err != nil {
					return company, errors.Wrap(err, "create company")
				}
			}
			in := []ListingInput{{Ticker: *im.Ticker, Exchange: im.Exchange, Primary: !known}}
			if err := q.CreateListings(ctx, listingParams(company.ID, in)); err != nil {
				return company, errors.Wrap(err, "create listing")
			}
		case err != nil:
			return company, errors.Wrap(err, "get listing")
		case known && listing.CompanyID != company.ID:
			return company, &Error{Code: Invalid, Message: fmt.Sprintf("%s is not a ticker of CIK %d", *im.Ticker, facts.CIK)}
		case !known:
			if company, err = q.LockCompany(ctx, listing.CompanyID); err != nil {
				return company, errors.Wrap(err, "get company")
			}
			if company.Cik != nil {
				return company, &Error{Code: Invalid, Message: fmt.Sprintf("%s is the company with CIK %d, but the file is about CIK %d", *im.Ticker, *company.Cik, facts.CIK)}
			}
			if company, err = q.UpdateCompany(ctx, db.UpdateCompanyParams{
				ID: company.ID, Name: company.Name, Cik: &facts.CIK, Country: company.Country, Url: company.Url,
				IpoDate: company.IpoDate, NumberOfShares: company.NumberOfShares,
			}); err != nil {
				return company, errors.Wrap(err, "set CIK")
			}
			fallthrough
		default:
			if im.Exchange != nil {
				if _, err := q.SetListingExchange(ctx, db.SetListingExchangeParams{ID: listing.ID, Exchange: im.Exchange}); err != nil {
					return company, errors.Wrap(err, "set exchange")
				}
			}
		}
	}
	company, err = q.LockCompany(ctx, company.ID)
	return company, wrap(err, "lock company")
}

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

func writeDividends(ctx context.Context, q *db.Queries, companyID int64, currency string, dividends []value.Dividend) (c counts, err error) {
	p := db.UpsertDividendsParams{CompanyID: companyID, Currency: currency}
	for _, d := range dividends {
		p.FiscalYear = append(p.FiscalYear, int32(d.FiscalYear))
		p.FiscalQuarter = append(p.FiscalQuarter, int32(d.FiscalQuarter))
		p.PeriodEnd = append(p.PeriodEnd, d.PeriodEnd)
		p.AmountPerShare = append(p.AmountPerShare, d.AmountPerShare)
		p.PublishDate = append(p.PublishDate, d.PublishDate)
		p.Derived = append(p.Derived, d.Derived)
		p.ShareBasisDate = append(p.ShareBasisDate, d.ShareBasisDate)
	}
	keep := p.PeriodEnd
	if keep == nil {
		keep = []time.Time{} // nil would send NULL
	}
	gone, err := q.DeleteOtherImportedDividends(ctx, db.DeleteOtherImportedDividendsParams{CompanyID: companyID, Keep: keep})
	if err != nil {
		return c, errors.Wrap(err, "delete dividends")
	}
	if len(dividends) == 0 {
		return counts{written: gone}, nil
	}
	if c.skipped, err = q.CountManualDividends(ctx, db.CountManualDividendsParams{CompanyID: companyID, PeriodEnds: keep}); err != nil {
		return c, errors.Wrap(err, "count dividends entered by hand")
	}
	n, err := q.UpsertDividends(ctx, p)
	c.written = gone + n
	c.unchanged = max(int64(len(dividends))-n-c.skipped, 0)
	return c, wrap(err, "write dividends")
}

func writeShareCounts(ctx context.Context, q *db.Queries, companyID int64, shareCounts []value.ShareCount) error {
	p := db.UpsertShareCountsParams{CompanyID: companyID}
	keep := []time.Time{}
	for _, s := range shareCounts {
		keep = append(keep, s.KnownFrom)
		p.BasisDate = append(p.BasisDate, s.BasisDate)
		p.EndDate = append(p.EndDate, s.EndDate)
		p.Shares = append(p.Shares, s.Shares)
	}
	p.KnownFrom = keep
	if _, err := q.DeleteOtherShareCounts(ctx, db.DeleteOtherShareCountsParams{CompanyID: companyID, Keep: keep}); err != nil {
		return errors.Wrap(err, "delete share counts")
	}
	if len(keep) == 0 {
		return nil
	}
	_, err := q.UpsertShareCounts(ctx, p)
	return wrap(err, "write share counts")
}
