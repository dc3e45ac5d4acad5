package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// A Company is an issuer with its listings, the primary one first, and its CIKs, the oldest first.
type Company struct {
	db.Company
	Listings    []db.Listing
	CIKs        []db.CompanyCik
	FactsReadAt *time.Time
}

// Symbol names the company in addresses: the ticker of its primary listing or, if it has none, its CIK.
func (c Company) Symbol() string {
	switch {
	case len(c.Listings) > 0 && c.Listings[0].IsPrimary && c.Listings[0].HoldsTicker:
		return c.Listings[0].Ticker
	case c.Cik != nil:
		return sec.CIKName(*c.Cik)
	}
	return ""
}

// CompanyInput is what a company is made of.
type CompanyInput struct {
	db.CreateCompanyParams
	Listings []ListingInput
}

// ListingInput is what a listing is made of, but for its company. If none of a company's is primary, its first is. No
// currency is defaultCurrency.
type ListingInput = db.CreateListingParams

// goverter:variables
var (
	// goverter:map Company CreateCompanyParams
	companyInput func(Company) CompanyInput

	// goverter:ignore ID
	companyUpdate func(db.CreateCompanyParams) db.UpdateCompanyParams

	// goverter:ignore ID
	listingUpdate func(ListingInput) db.UpdateListingParams

	// What no answer has of a company is not read for a list.
	// goverter:ignore NameFromFacts RegistrantName Size
	listedCompany func(db.ListCompaniesRow) db.Company

	// goverter:map ListingID ID
	// goverter:map ID CompanyID
	// goverter:map ListingFirstDay FirstDay
	// goverter:map ListingLastDay LastDay
	// goverter:ignore CreatedAt UpdatedAt ByEdgar
	listedListing func(db.ListCompaniesRow) db.Listing
)

// ticker is the form in which tickers are stored.
func ticker(t string) string { return sec.NormalTicker(t) }

// tickerKey is the form in which tickers are compared: BRK-B is BRK.B. The database has a function of this name.
func tickerKey(t string) string { return sec.TickerKey(t) }

// CompanyOrder is that of a list of companies.
type CompanyOrder string

const (
	ByName      CompanyOrder = "name"
	ByRelevance CompanyOrder = "relevance" // the one whose ticker, ISIN or CIK is asked for, then the largest
)

// CompanyFilter says which companies a list has. An empty Query is none, an empty Order that of relevance with a query,
// by name without.
type CompanyFilter struct {
	Query         string
	Exchange      *string
	HasStatements *bool
	Order         CompanyOrder
}

// ListCompanies returns a page of the companies that match a filter. Errors: Invalid.
func (a *App) ListCompanies(ctx context.Context, f CompanyFilter, p Page) (companies []Company, next string, err error) {
	var v validator
	v.text("q", f.Query)
	v.optionalText("exchange", f.Exchange)
	f.Query = strings.TrimSpace(f.Query)
	if f.Query == "" && f.Order != ByRelevance && f.Exchange == nil && f.HasStatements == nil {
		return a.allCompanies(ctx, v, p)
	}
	list := companiesByName
	switch {
	case f.Query != "":
		list = searchCompanies
	case f.Order == ByRelevance:
		list = largestCompanies
	}
	err = a.read(ctx, func(q *db.Queries) error {
		var rows []db.Company
		if rows, next, err = list(ctx, q, v, f, p); err != nil {
			return err
		}
		companies, err = withListings(ctx, q, rows)
		return err
	})
	return companies, next, err
}

// allCompanies lists those of no filter by name.
func (a *App) allCompanies(ctx context.Context, v validator, p Page) ([]Company, string, error) {
	q := db.ListCompaniesParams{AfterName: "", AfterID: 0, PageSize: p.limit()}
	v.page(p, &q.AfterName, &q.AfterID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	var rows []db.ListCompaniesRow
	err := a.one(ctx, func(queries *db.Queries) (err error) {
		rows, err = queries.ListCompanies(ctx, q)
		return err
	})
	if err != nil {
		return nil, "", errors.Wrap(err, "list companies")
	}
	return cut(p, groupCompanies(rows), nil, func(c Company) []any { return []any{c.Name, c.ID} })
}

// A grouping makes companies of rows, of which a company has one for each of its listings and CIKs, one after the other.
type grouping struct {
	companies []Company
	listings  []db.Listing // of all companies, as are the CIKs
	ciks      []db.CompanyCik
}

func newGrouping(rows int) *grouping {
	return &grouping{companies: make([]Company, 0, rows), listings: make([]db.Listing, 0, rows), ciks: make([]db.CompanyCik, 0, rows)}
}

func (g *grouping) last() *Company { return &g.companies[len(g.companies)-1] }

func (g *grouping) isNew(id int64) bool { return len(g.companies) == 0 || g.last().ID != id }

func (g *grouping) add(c db.Company, factsReadAt *time.Time) {
	g.companies = append(g.companies, Company{
		Company: c, Listings: g.listings[len(g.listings):], CIKs: g.ciks[len(g.ciks):], FactsReadAt: factsReadAt,
	})
}

// listing adds one that the rows before do not have.
func (g *grouping) listing(l db.Listing) {
	c := g.last()
	if n := len(c.Listings); n == 0 || c.Listings[n-1].ID != l.ID {
		c.Listings = append(c.Listings, l)
		g.listings = g.listings[:len(g.listings)+1]
	}
}

// filer adds a CIK that the rows before do not have, where it belongs.
func (g *grouping) filer(cik int64, firstDay, lastDay *time.Time) {
	c := g.last()
	if slices.ContainsFunc(c.CIKs, func(k db.CompanyCik) bool { return k.Cik == cik }) {
		return
	}
	c.CIKs = append(c.CIKs, db.CompanyCik{Cik: cik, CompanyID: c.ID, FirstDay: firstDay, LastDay: lastDay})
	g.ciks = g.ciks[:len(g.ciks)+1]
	if len(c.CIKs) > 1 {
		c.sortCIKs()
	}
}

func (c *Company) sortCIKs() {
	order := ciks(c.Company)
	slices.SortFunc(c.CIKs, func(a, b db.CompanyCik) int {
		return cmp.Compare(slices.Index(order, a.Cik), slices.Index(order, b.Cik))
	})
}

// groupCompanies makes companies of rows, in which those of one follow each other.
func groupCompanies(rows []db.ListCompaniesRow) []Company {
	g := newGrouping(len(rows))
	for i := range rows {
		r := &rows[i]
		if g.isNew(r.ID) {
			g.add(listedCompany(*r), nil)
			if !r.ReadAt.IsZero() {
				g.last().FactsReadAt = &r.ReadAt
			}
		}
		if r.ListingID != 0 {
			g.listing(listedListing(*r))
		}
		if r.FilerCik != 0 {
			g.filer(r.FilerCik, r.FilerFirstDay, r.FilerLastDay)
		}
	}
	return g.companies
}

func companiesByName(ctx context.Context, queries *db.Queries, v validator, f CompanyFilter, p Page) ([]db.Company, string, error) {
	q := db.ListCompaniesByNameParams{AfterName: "", AfterID: 0, Exchange: f.Exchange, HasStatements: f.HasStatements, PageSize: p.limit()}
	v.page(p, &q.AfterName, &q.AfterID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := queries.ListCompaniesByName(ctx, q)
	return cut(p, rows, err, func(c db.Company) []any { return []any{c.Name, c.ID} })
}

func largestCompanies(ctx context.Context, queries *db.Queries, v validator, f CompanyFilter, p Page) ([]db.Company, string, error) {
	q := db.ListCompaniesBySizeParams{AfterSize: firstPlace, AfterID: 0, Exchange: f.Exchange, HasStatements: f.HasStatements, PageSize: p.limit()}
	v.page(p, &q.AfterSize, &q.AfterID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := queries.ListCompaniesBySize(ctx, q)
	return cut(p, rows, err, func(c db.Company) []any { return []any{place(c), c.ID} })
}

var (
	noSize = decimal.NewFromInt(-1)
	// firstPlace is before the largest company's.
	firstPlace = noSize.Shift(30)
)

// place is where a company stands in the order of size.
func place(c db.Company) decimal.Decimal {
	if c.Size == nil {
		return noSize.Neg()
	}
	return c.Size.Neg()
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func searchCompanies(ctx context.Context, q *db.Queries, v validator, f CompanyFilter, page Page) ([]db.Company, string, error) {
	part, code := likeEscaper.Replace(f.Query), tickerKey(f.Query)
	cik := strings.TrimLeft(strings.TrimPrefix(code, "CIK"), "0")
	cikPrefix := "" // matches nothing
	if cik != "" && strings.Trim(cik, "0123456789") == "" {
		cikPrefix = cik + "%"
	}
	if f.Order == ByName {
		p := db.SearchCompaniesByNameParams{
			CodePrefix: likeEscaper.Replace(code) + "%", CikPrefix: cikPrefix, Part: "%" + part + "%",
			Exchange: f.Exchange, HasStatements: f.HasStatements, AfterName: "", AfterID: 0, PageSize: page.limit(),
		}
		v.page(page, &p.AfterName, &p.AfterID)
		if err := v.err(); err != nil {
			return nil, "", err
		}
		rows, err := q.SearchCompaniesByName(ctx, p)
		return cut(page, rows, err, func(c db.Company) []any { return []any{c.Name, c.ID} })
	}
	p := db.SearchCompaniesParams{
		Code: code, CodePrefix: likeEscaper.Replace(code) + "%", Cik: cik, CikPrefix: cikPrefix,
		Prefix: part + "%", Part: "%" + part + "%", Exchange: f.Exchange, HasStatements: f.HasStatements, PlaceFrom: firstPlace,
		AfterInexact: -1, AfterPlace: decimal.Zero, AfterRank: -1, AfterName: "", AfterID: math.MinInt64, PageSize: page.limit(),
	}
	v.page(page, &p.AfterInexact, &p.AfterPlace, &p.AfterRank, &p.AfterName, &p.AfterID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	if p.AfterInexact > 0 {
		p.PlaceFrom = p.AfterPlace
	}
	rows, err := q.SearchCompanies(ctx, p)
	return pageOf(page, rows, err, func(r db.SearchCompaniesRow) []any {
		return []any{min(r.Rank, 1), r.Place, r.Rank, r.Company.Name, r.Company.ID}
	}, func(r *db.SearchCompaniesRow) db.Company { return r.Company })
}

func withListings(ctx context.Context, q *db.Queries, rows []db.Company) ([]Company, error) {
	ids := make([]int64, len(rows))
	companies := make([]Company, len(rows))
	at := make(map[int64]*Company, len(rows))
	for i, c := range rows {
		ids[i], companies[i], at[c.ID] = c.ID, Company{Company: c, Listings: []db.Listing{}, CIKs: []db.CompanyCik{}, FactsReadAt: nil}, &companies[i]
	}
	listings, err := q.ListListings(ctx, ids)
	if err != nil {
		return nil, errors.Wrap(err, "list listings")
	}
	for _, l := range listings {
		at[l.CompanyID].Listings = append(at[l.CompanyID].Listings, l)
	}
	return companies, withCIKs(ctx, q, at)
}

// withCIKs adds the CIKs of companies by their ids.
func withCIKs(ctx context.Context, q *db.Queries, companies map[int64]*Company) error {
	rows, err := q.ListCIKs(ctx, slices.Collect(maps.Keys(companies)))
	if err != nil {
		return errors.Wrap(err, "list CIKs")
	}
	for _, r := range rows {
		c := companies[r.CompanyCik.CompanyID]
		c.CIKs, c.FactsReadAt = append(c.CIKs, r.CompanyCik), r.ReadAt
	}
	for _, c := range companies {
		c.sortCIKs()
	}
	return nil
}

func withListing(ctx context.Context, q *db.Queries, c db.Company) (Company, error) {
	companies, err := withListings(ctx, q, []db.Company{c})
	if err != nil {
		return Company{}, err
	}
	return companies[0], nil
}

// GetCompany returns the company that one of its tickers names, or one of its CIKs as in CIK0000320193. Errors: NotFound.
func (a *App) GetCompany(ctx context.Context, t string) (Company, error) {
	c, ok, err := a.companies.get(ctx, tickerKey(t))
	if err != nil || ok {
		return c, wrap(err, "get company")
	}
	cik, ok := sec.CIKFromName(ticker(t))
	if !ok {
		return c, notFound("company")
	}
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		row, err := q.GetCompanyByCIK(ctx, cik)
		if err == nil {
			c, err = withListing(ctx, q, row)
		}
		return found(err, "company")
	})
	return c, err
}

// companiesByTicker returns the companies that hold tickers, by the keys of all their tickers.
func (a *App) companiesByTicker(ctx context.Context, keys []string) (map[string]Company, error) {
	var named []db.ListCompaniesByTickerRow
	err := a.one(ctx, func(q *db.Queries) (err error) {
		named, err = q.ListCompaniesByTicker(ctx, keys)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows := make([]db.ListCompaniesRow, len(named))
	for i := range named {
		rows[i] = db.ListCompaniesRow(named[i])
	}
	companies := make(map[string]Company, len(keys))
	for _, c := range groupCompanies(rows) {
		for _, l := range c.Listings {
			if l.HoldsTicker {
				companies[tickerKey(l.Ticker)] = c
			}
		}
	}
	return companies, nil
}

// companyOf makes a company of its rows, one at least.
func companyOf(rows []db.GetCompanyWithListingsRow) Company {
	g := newGrouping(len(rows))
	g.add(rows[0].Company, rows[0].ReadAt)
	for i := range rows {
		r := &rows[i]
		g.listing(r.Listing)
		if r.FilerCik != nil {
			g.filer(*r.FilerCik, r.FilerFirstDay, r.FilerLastDay)
		}
	}
	return g.companies[0]
}

// findCompany returns the id of the company that a ticker or CIK names, and its symbol.
func findCompany(ctx context.Context, q *db.Queries, t string) (db.FindCompanyRow, error) {
	p := db.FindCompanyParams{Ticker: ticker(t), Cik: nil}
	if cik, ok := sec.CIKFromName(p.Ticker); ok {
		p.Cik = &cik
	}
	c, err := q.FindCompany(ctx, p)
	return c, found(err, "company")
}

func (v *validator) company(in *CompanyInput, today time.Time) {
	v.line("/name", &in.Name)
	v.country("/country", in.Country)
	v.webAddress("/url", in.Url)
	v.date("/ipo_date", in.IpoDate, today.AddDate(2, 0, 0))
	v.date("/last_day", in.LastDay, today)
	seen := map[int64]string{}
	if in.Cik != nil {
		seen[*in.Cik] = "/cik"
	}
	for i, cik := range in.FormerCiks {
		field := inFormerCIKs(i)
		v.check(seen[cik] == "", field, isRepeated, seen[cik])
		seen[cik] = field
	}
	if in.FormerCiks == nil {
		in.FormerCiks = []int64{}
	}
}

// inFormerCIKs is the JSON Pointer of a former CIK.
func inFormerCIKs(i int) string { return fmt.Sprintf("/former_ciks/%d", i) }

// inListing is the JSON Pointer of a field of a listing.
func inListing(i int, field string) string { return fmt.Sprintf("/listings/%d/%s", i, field) }

// listings checks the listings of one company and makes the first the primary one if none is.
func (v *validator) listings(listings []ListingInput, today time.Time) {
	v.check(len(listings) > 0, "/listings", "must have at least one item")
	tickers, isins := map[string]string{}, map[string]string{} // to the field that has it
	primary := ""
	once := func(seen map[string]string, code, field string) {
		v.check(seen[code] == "", field, isRepeated, seen[code])
		seen[code] = field
	}
	for i := range listings {
		l := &listings[i]
		l.Ticker = ticker(l.Ticker)
		if field := inListing(i, "ticker"); v.ticker(field, l.Ticker) {
			once(tickers, tickerKey(l.Ticker)+" "+dayText(l.LastDay), field) // it can have had the ticker before
		}
		if field := inListing(i, "isin"); l.Isin != nil && v.check(isISIN(*l.Isin), field, isinRule) {
			once(isins, *l.Isin, field)
		}
		v.optionalText(inListing(i, "exchange"), l.Exchange)
		v.optionalText(inListing(i, "share_class"), l.ShareClass)
		v.ordinaryShares(inListing(i, "ordinary_shares"), l.OrdinaryShares)
		v.date(inListing(i, "first_day"), l.FirstDay, today)
		v.date(inListing(i, "last_day"), l.LastDay, today)
		v.check(l.FirstDay == nil || l.LastDay == nil || !l.LastDay.Before(*l.FirstDay), inListing(i, "last_day"), "is before first_day", inListing(i, "first_day"))
		if l.Currency == "" {
			l.Currency = defaultCurrency
		}
		if l.IsPrimary {
			field := inListing(i, "primary")
			v.check(primary == "", field, "must be true for one listing only", primary)
			primary = field
		}
	}
	if primary == "" && len(listings) > 0 {
		first := max(0, slices.IndexFunc(listings, func(l ListingInput) bool { return l.LastDay == nil }))
		listings[first].IsPrimary = true
	}
}

// identifiers checks that those of a company do not belong to another, and that there are its currencies; a new one has
// the id 0.
func (v *validator) identifiers(ctx context.Context, a *App, tx *pipeline, q *db.Queries, id int64, in *CompanyInput) (func() error, error) {
	params := db.ListTakenParams{CompanyID: id, Ciks: slices.Clone(in.FormerCiks), Tickers: []string{}, Isins: []string{}}
	fields := map[string][]string{}
	for i, cik := range in.FormerCiks {
		code := "cik " + idText(cik)
		fields[code] = append(fields[code], inFormerCIKs(i))
	}
	if in.Cik != nil {
		params.Ciks = append(params.Ciks, *in.Cik)
		code := "cik " + idText(*in.Cik)
		fields[code] = append(fields[code], "/cik")
	}
	for i, l := range in.Listings {
		if err := v.currency(ctx, a, q, inListing(i, "currency"), l.Currency); err != nil {
			return nil, err
		}
		if sec.IsTicker(l.Ticker) {
			params.Tickers = append(params.Tickers, l.Ticker)
			fields["ticker "+l.Ticker] = append(fields["ticker "+l.Ticker], inListing(i, "ticker"))
		}
		if l.Isin != nil && isISIN(*l.Isin) {
			params.Isins = append(params.Isins, *l.Isin)
			fields["isin "+*l.Isin] = append(fields["isin "+*l.Isin], inListing(i, "isin"))
		}
	}
	taken := ask(ctx, tx, (*db.Queries).ListTaken, params)
	return func() error {
		rows, err := taken.get(ctx)
		if err != nil {
			return errors.Wrap(err, "look up identifiers")
		}
		for _, t := range rows {
			for _, field := range fields[t.Kind+" "+t.Code] {
				v.taken(field, t.Kind+"-taken")
			}
		}
		return v.err()
	}, nil
}

// CreateCompany adds a company with its listings for a superuser. Errors: Unauthenticated, Forbidden, Invalid, Conflict.
func (a *App) CreateCompany(ctx context.Context, actor Actor, in CompanyInput) (c Company, err error) {
	if err := actor.writer(); err != nil {
		return c, err
	}
	var v validator
	v.company(&in, a.today())
	v.listings(in.Listings, a.today())
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		v := v
		check, err := v.identifiers(ctx, a, tx, q, 0, &in)
		if err != nil {
			return err
		}
		if v.wrong {
			return check()
		}
		row, err := ask(ctx, tx, (*db.Queries).CreateCompany, in.CreateCompanyParams).get(ctx)
		if err := check(); err != nil {
			return err
		}
		if err != nil {
			return errors.Wrap(err, "create company")
		}
		if err := createListings(ctx, q, row.ID, in.Listings); err != nil {
			return err
		}
		if c, err = askListings(ctx, tx, row.ID).of(ctx, row); err != nil {
			return err
		}
		return a.audit(ctx, q, actor, companyEvent("company.created", in.Listings[0].Ticker, nil, companyColumns(c)))
	})
	return c, err
}

// companyColumns are those of a company and its listings, for the audit trail.
func companyColumns(c Company) map[string]any {
	out := columns(c.Company)
	for _, l := range c.Listings {
		out["listing "+l.Ticker] = columns(l)
	}
	return out
}

func companyEvent(action, t string, before, after map[string]any) auditEvent {
	return auditEvent{Action: action, TargetType: "company", Target: ticker(t), Detail: changed(before, after)}
}

// createListings adds listings to a company. Of those with one ticker the older ones give it up to the newer, as do ended ones
// of other companies.
func createListings(ctx context.Context, q *db.Queries, companyID int64, listings []ListingInput) error {
	rows := slices.Clone(listings)
	for i := range rows {
		rows[i].CompanyID = companyID
	}
	slices.SortFunc(rows, func(a, b ListingInput) int { // all in one order
		return cmp.Or(strings.Compare(cmp.Or(dayText(a.LastDay), "now"), cmp.Or(dayText(b.LastDay), "now")), strings.Compare(a.Ticker, b.Ticker))
	})
	for len(rows) > 0 {
		var turn, later []ListingInput
		var tickers []string
		for _, l := range rows {
			if slices.ContainsFunc(turn, func(t ListingInput) bool { return tickerKey(t.Ticker) == tickerKey(l.Ticker) }) {
				later = append(later, l)
				continue
			}
			turn, tickers = append(turn, l), append(tickers, l.Ticker)
		}
		if err := q.ReleaseTickers(ctx, tickers); err != nil {
			return errors.Wrap(err, "release tickers")
		}
		for _, l := range turn {
			if err := q.CreateListing(ctx, l); err != nil {
				return errors.Wrap(err, "create listing")
			}
		}
		rows = later
	}
	return wrap(q.EnsurePrimaryListings(ctx), "choose primary listings")
}

// UpdateCompany has change alter a company for a superuser. Listings whose ticker stays, in whatever form, keep their
// prices. Errors:
// Unauthenticated, Forbidden, NotFound, Invalid, Conflict.
func (a *App) UpdateCompany(ctx context.Context, actor Actor, t string, change func(*CompanyInput)) (c Company, err error) {
	if err := actor.writer(); err != nil {
		return c, err
	}
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		if c, err = lockedCompany(ctx, tx, q, t); err != nil {
			return err
		}
		if err := precondition(ctx, func() (Company, error) { return c, nil }); err != nil {
			return err
		}
		before := companyColumns(c)
		in := companyInput(c)
		listings := slices.Clone(in.Listings)
		change(&in)
		var v validator
		v.company(&in, a.today())
		if !slices.Equal(in.Listings, listings) {
			in.Listings = slices.Clone(in.Listings)
			v.listings(in.Listings, a.today())
		}
		check, err := v.identifiers(ctx, a, tx, q, c.ID, &in)
		if err != nil {
			return err
		}
		if v.wrong {
			return check()
		}
		p := companyUpdate(in.CreateCompanyParams)
		p.ID = c.ID
		updated := ask(ctx, tx, (*db.Queries).UpdateCompany, p)
		if !slices.Equal(in.Listings, listings) {
			if err := replaceListings(ctx, q, c, in.Listings); err != nil {
				return err
			}
		}
		after := askListings(ctx, tx, c.ID)
		row, err := updated.get(ctx)
		if err := check(); err != nil {
			return err
		}
		if err != nil {
			return errors.Wrap(err, "update company")
		}
		if !slices.Equal(ciks(row), ciks(c.Company)) {
			if err := a.otherCIKs(ctx, tx, q, row); err != nil {
				return err
			}
		}
		if c, err = after.of(ctx, row); err != nil {
			return err
		}
		return a.audit(ctx, q, actor, companyEvent("company.changed", t, before, companyColumns(c)))
	})
	return c, err
}

func replaceListings(ctx context.Context, q *db.Queries, c Company, listings []ListingInput) error {
	// An input is the listing that has its ticker, and of several the one with its last day.
	stays := make([]*db.Listing, len(listings))
	used := map[int64]bool{}
	for _, exactly := range []bool{true, false} {
		for i, in := range listings {
			for j, l := range c.Listings {
				if stays[i] == nil && !used[l.ID] && tickerKey(l.Ticker) == tickerKey(in.Ticker) &&
					(!exactly || dayText(l.LastDay) == dayText(in.LastDay)) {
					stays[i], used[l.ID] = &c.Listings[j], true
				}
			}
		}
	}
	keep := slices.AppendSeq([]int64{}, maps.Keys(used))
	if err := q.DeleteListings(ctx, db.DeleteListingsParams{CompanyID: c.ID, Keep: keep}); err != nil {
		return errors.Wrap(err, "delete listings")
	}
	if err := q.ClearListings(ctx, c.ID); err != nil {
		return errors.Wrap(err, "clear listings")
	}
	var added []ListingInput
	for i, l := range listings {
		old := stays[i]
		if old == nil {
			added = append(added, l)
			continue
		}
		p := listingUpdate(l)
		p.ID = old.ID
		if !old.HoldsTicker { // another company has it
			p.LastDay = cmp.Or(p.LastDay, old.LastDay)
		}
		if err := q.UpdateListing(ctx, p); err != nil {
			return errors.Wrap(err, "update listing")
		}
	}
	return createListings(ctx, q, c.ID, added)
}

// DeleteCompany deletes a company and all that belongs to it, for a superuser. Errors: Unauthenticated, Forbidden,
// NotFound.
func (a *App) DeleteCompany(ctx context.Context, actor Actor, t string) error {
	if err := actor.writer(); err != nil {
		return err
	}
	return a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		c, err := lockedCompany(ctx, tx, q, t)
		if err != nil {
			return err
		}
		if err := precondition(ctx, func() (Company, error) { return c, nil }); err != nil {
			return err
		}
		if err := q.DeleteCompany(ctx, c.ID); err != nil {
			return errors.Wrap(err, "delete company")
		}
		return a.audit(ctx, q, actor, companyEvent("company.deleted", t, companyColumns(c), nil))
	})
}

// lockCompany locks the company that has a ticker or CIK, and returns its id.
func lockCompany(ctx context.Context, tx *pipeline, t string) (int64, error) {
	return isLocked(ctx, askForLock(ctx, tx, t))
}

func askForLock(ctx context.Context, tx *pipeline, t string) *answer[int64] {
	p := db.LockNamedCompanyParams{Ticker: ticker(t), Cik: nil}
	if cik, ok := sec.CIKFromName(p.Ticker); ok {
		p.Cik = &cik
	}
	return ask(ctx, tx, (*db.Queries).LockNamedCompany, p)
}

func isLocked(ctx context.Context, locked *answer[int64]) (int64, error) {
	id, err := locked.get(ctx)
	if err == nil && id == 0 {
		return 0, notFound("company")
	}
	return id, wrap(err, "lock company")
}

// lockedCompany is lockCompany, and returns the company.
func lockedCompany(ctx context.Context, tx *pipeline, q *db.Queries, t string) (c Company, err error) {
	locked := askForLock(ctx, tx, t)
	rows := ask(ctx, tx, (*db.Queries).GetCompanyWithListings, ticker(t))
	id, err := isLocked(ctx, locked)
	if err != nil {
		return c, err
	}
	named, err := rows.get(ctx)
	if err != nil {
		return c, wrap(err, "get company")
	}
	if len(named) > 0 && named[0].Company.ID == id {
		return companyOf(named), nil
	}
	row, err := q.GetCompany(ctx, id) // by its CIK
	if err != nil {
		return c, wrap(err, "get company")
	}
	return askListings(ctx, tx, id).of(ctx, row)
}

// askedListings are the listings and CIKs of a company that were asked for in a transaction.
type askedListings struct {
	listings *answer[[]db.Listing]
	ciks     *answer[[]db.ListCIKsRow]
}

func askListings(ctx context.Context, tx *pipeline, companyID int64) askedListings {
	ids := []int64{companyID}
	return askedListings{ask(ctx, tx, (*db.Queries).ListListings, ids), ask(ctx, tx, (*db.Queries).ListCIKs, ids)}
}

// of returns the company with them.
func (l askedListings) of(ctx context.Context, row db.Company) (c Company, err error) {
	c.Company, c.CIKs = row, []db.CompanyCik{}
	if c.Listings, err = l.listings.get(ctx); err != nil {
		return c, errors.Wrap(err, "list listings")
	}
	ciks, err := l.ciks.get(ctx)
	if err != nil {
		return c, errors.Wrap(err, "list CIKs")
	}
	for _, k := range ciks {
		c.CIKs, c.FactsReadAt = append(c.CIKs, k.CompanyCik), k.ReadAt
	}
	c.sortCIKs()
	return c, nil
}
