package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

// alphabet is a company with two listings like Alphabet's; names and codes are unique.
func alphabet() *oas.CompanyCreate {
	ticker, exchange := unique("G"), oas.NewOptNilString(uniqueWord("Nasdaq"))
	return &oas.CompanyCreate{
		Name: uniqueWord("Alphabet") + " Inc.", Cik: oas.NewOptNilInt64(uniqueCIK()), Country: oas.NewOptNilString("US"),
		URL: oas.NewOptNilString("https://abc.xyz"), IpoDate: oas.NewOptNilDate(day("2004-08-19")),
		NumberOfShares: oas.NewOptNilInt64(12_100_000_000),
		Listings: []oas.ListingInput{
			{Ticker: oas.Ticker(ticker), Exchange: exchange, Isin: oas.NewOptNilString(uniqueISIN()), ShareClass: oas.NewOptNilString("C")},
			{Ticker: oas.Ticker(strings.ToLower(ticker) + "l"), Exchange: exchange, Isin: oas.NewOptNilString(uniqueISIN()), ShareClass: oas.NewOptNilString("A"), Primary: oas.NewOptBool(true)},
		},
	}
}

func TestCompanyWithTwoListings(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	in := alphabet()
	goog, googl := string(in.Listings[0].Ticker), string(in.Listings[0].Ticker)+"L"
	isin, isinL, exchange := in.Listings[0].Isin.Value, in.Listings[1].Isin.Value, in.Listings[0].Exchange.Value
	created, err := f.super.CreateCompany(t.Context(), in)
	require.NoError(t, err)
	assert.Equal(t, googl, created.Ticker)
	assert.Equal(t, in.Name, created.Name)
	assert.Equal(t, oas.NewNilInt64(in.Cik.Value), created.Cik)
	assert.Equal(t, oas.NewNilString("US"), created.Country)
	assert.Equal(t, oas.NewNilString("https://abc.xyz"), created.URL)
	assert.Equal(t, oas.NewNilDate(day("2004-08-19")), created.IpoDate)
	assert.Equal(t, oas.NewNilInt64(12_100_000_000), created.NumberOfShares)
	require.Len(t, created.Listings, 2)
	assert.Equal(t, oas.Listing{
		Ticker: oas.Ticker(googl), Exchange: oas.NewNilString(exchange), Isin: oas.NewNilString(isinL),
		ShareClass: oas.NewNilString("A"), Currency: "USD", OrdinaryShares: oas.NilString{Null: true}, Primary: true,
		FirstDay: oas.NilDate{Null: true}, LastDay: oas.NilDate{Null: true},
	}, created.Listings[0], "the primary one first")
	assert.EqualValues(t, goog, created.Listings[1].Ticker)
	other := f.createCompany(uniqueWord("OTHER"))

	for _, ticker := range []string{goog, googl, strings.ToLower(goog), goog + "l"} {
		c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(ticker)})
		require.NoError(t, err, ticker)
		assert.Equal(t, created, c, ticker)
	}
	name, cik := strings.TrimSuffix(in.Name, " Inc."), fmt.Sprint(in.Cik.Value)
	for _, q := range []string{
		strings.ToLower(name), strings.ToUpper(in.Name), name[2:], " " + name[:14] + " ",
		goog, strings.ToLower(googl), strings.ToLower(goog[:8]), isin, strings.ToLower(isinL), isin[:10],
		cik, "0" + cik, "CIK0" + cik, "cik" + cik, cik[:8],
	} {
		page, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{Q: oas.NewOptString(q)})
		require.NoError(t, err, q)
		require.Len(t, page.Items, 1, q)
		assert.Equal(t, *created, page.Items[0], q)
	}
	for _, q := range []string{
		name + "s", cik[2:], isin[2:8], "%", "_", `\`, name[:4] + "%" + name[6:], name[:4] + "_" + name[5:], "CIK", "0", "000",
	} {
		found := f.companyPages(1000, oas.NewOptString(q), oas.OptString{})
		assert.NotContains(t, found, created.Ticker, q)
		assert.NotContains(t, found, other.Ticker, q)
	}
	for in, n := range map[string]int{
		exchange: 1, strings.ToLower(exchange): 1, strings.ToUpper(exchange): 1, "No" + exchange: 0, exchange[:10]: 0,
	} {
		for _, q := range []oas.OptString{{}, oas.NewOptString(name)} {
			page, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{Q: q, Exchange: oas.NewOptString(in)})
			require.NoError(t, err)
			assert.Len(t, page.Items, n, in)
		}
	}

	require.NoError(t, f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: oas.Ticker(strings.ToLower(goog))}))
	for _, ticker := range []string{goog, googl} {
		_, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(ticker)})
		problem(t, err, http.StatusNotFound)
	}
	problem(t, f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: oas.Ticker(goog)}), http.StatusNotFound)
}

func TestCompanyMinimal(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	c := f.createCompany(ticker)
	assert.True(t, c.Cik.Null && c.Country.Null && c.URL.Null && c.IpoDate.Null && c.NumberOfShares.Null)
	assert.Equal(t, []oas.Listing{{
		Ticker: oas.Ticker(ticker), Exchange: oas.NilString{Null: true}, Isin: oas.NilString{Null: true},
		ShareClass: oas.NilString{Null: true}, Currency: "USD", OrdinaryShares: oas.NilString{Null: true}, Primary: true,
		FirstDay: oas.NilDate{Null: true}, LastDay: oas.NilDate{Null: true},
	}}, c.Listings)
	for _, path := range []string{"/companies/", "/companies/" + ticker + "/", "/companies/" + ticker + "/prices/"} {
		slash, body := f.call("", http.MethodGet, api.Prefix+path+"?page_size=1", nil)
		require.Equal(t, http.StatusOK, slash.StatusCode, "%s", body)
		without, want := f.call("", http.MethodGet, api.Prefix+strings.TrimSuffix(path, "/")+"?page_size=1", nil)
		require.Equal(t, http.StatusOK, without.StatusCode)
		assert.JSONEq(t, string(want), string(body), "a trailing slash makes no difference")
	}
}

func TestCompanyConflicts(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	// Apple's ISIN may be taken already, which is as good.
	isin, cik := oas.NewOptNilString("US0378331005"), oas.NewOptNilInt64(uniqueCIK())
	first, another := oas.Ticker(unique("T")), oas.Ticker(unique("T"))
	_, _ = f.super.CreateCompany(t.Context(), &oas.CompanyCreate{
		Name: "Apple", Listings: []oas.ListingInput{{Ticker: oas.Ticker(unique("T")), Isin: isin}},
	})
	_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{
		Name: "First", Cik: cik, Listings: []oas.ListingInput{{Ticker: first}},
	})
	require.NoError(t, err)
	other := f.createCompany(unique("T"))
	var before map[string]int
	if !remote() {
		before = f.rows()
	}
	for field, in := range map[string]*oas.CompanyCreate{
		"/listings/1/ticker": {Name: "X", Listings: []oas.ListingInput{{Ticker: another}, {Ticker: oas.Ticker(strings.ToLower(string(first)))}}},
		"/listings/0/isin":   {Name: "X", Listings: []oas.ListingInput{{Ticker: another, Isin: isin}}},
		"/cik":               {Name: "X", Cik: cik, Listings: []oas.ListingInput{{Ticker: another}}},
	} {
		_, err := f.super.CreateCompany(t.Context(), in)
		p := problem(t, err, http.StatusConflict)
		require.Len(t, p.Errors, 1)
		assert.Equal(t, field, p.Errors[0].Field)
		_, err = f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{Name: oas.NewOptString("X"), Cik: in.Cik, Listings: in.Listings}, oas.UpdateCompanyParams{
			Ticker: oas.Ticker(other.Ticker),
		})
		p = problem(t, err, http.StatusConflict)
		assert.Equal(t, field, p.Errors[0].Field)
	}
	if !remote() {
		assert.Equal(t, before, f.rows(), "nothing half-written stays")
	}
	_, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: another})
	problem(t, err, http.StatusNotFound)
	c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(other.Ticker)})
	require.NoError(t, err)
	assert.Equal(t, other, c)
}

func TestCompanyInput(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	one := []oas.ListingInput{{Ticker: oas.Ticker(unique("N"))}}
	isin := func(s string) []oas.ListingInput {
		return []oas.ListingInput{{Ticker: oas.Ticker(unique("N")), Isin: oas.NewOptNilString(s)}}
	}
	for name, c := range map[string]struct {
		field string
		in    *oas.CompanyCreate
	}{
		"check digit": {"/listings/0/isin", &oas.CompanyCreate{Name: "X", Listings: isin("US0378331006")}},
		"not an ISIN": {"/listings/0/isin", &oas.CompanyCreate{Name: "X", Listings: isin("123456789012")}},
		"ISIN of 11":  {"/listings/0/isin", &oas.CompanyCreate{Name: "X", Listings: isin("US037833100")}},
		"no name":     {"/name", &oas.CompanyCreate{Name: " ", Listings: one}},
		"control":     {"/name", &oas.CompanyCreate{Name: "a\x00b", Listings: one}},
		"long name":   {"/name", &oas.CompanyCreate{Name: strings.Repeat("x", 301), Listings: one}},
		"country":     {"/country", &oas.CompanyCreate{Name: "X", Country: oas.NewOptNilString("us"), Listings: one}},
		"url": {
			"/url", &oas.CompanyCreate{Name: "X", URL: oas.NewOptNilString("ftp://example.com"), Listings: one},
		},
		"script": {
			"/url", &oas.CompanyCreate{Name: "X", URL: oas.NewOptNilString("javascript:alert(1)"), Listings: one},
		},
		"future": {
			"/ipo_date", &oas.CompanyCreate{Name: "X", IpoDate: oas.NewOptNilDate(day("2199-01-01")), Listings: one},
		},
		"past": {
			"/ipo_date", &oas.CompanyCreate{Name: "X", IpoDate: oas.NewOptNilDate(day("1899-12-31")), Listings: one},
		},
		"year 0": {
			"/ipo_date", &oas.CompanyCreate{Name: "X", IpoDate: oas.NewOptNilDate(day("0000-01-01")), Listings: one},
		},
		"no listing": {"/listings", &oas.CompanyCreate{Name: "X", Listings: []oas.ListingInput{}}},
		"cik":        {"/cik", &oas.CompanyCreate{Name: "X", Cik: oas.NewOptNilInt64(0), Listings: one}},
		"shares": {
			"/number_of_shares", &oas.CompanyCreate{Name: "X", NumberOfShares: oas.NewOptNilInt64(-1), Listings: one},
		},
		"same ticker": {
			"/listings/1/ticker", &oas.CompanyCreate{
				Name: "X", Listings: []oas.ListingInput{{Ticker: "SAMETICKER"}, {Ticker: "sameticker"}},
			},
		},
		"two primary": {
			"/listings/1/primary", &oas.CompanyCreate{
				Name: "X", Listings: []oas.ListingInput{
					{Ticker: "TWOA", Primary: oas.NewOptBool(true)}, {Ticker: "TWOB", Primary: oas.NewOptBool(true)},
				},
			},
		},
		"ticker form": {
			"/listings/0/ticker", &oas.CompanyCreate{Name: "X", Listings: []oas.ListingInput{{Ticker: "A B"}}},
		},
		"long ticker": {
			"/listings/0/ticker", &oas.CompanyCreate{
				Name: "X", Listings: []oas.ListingInput{{Ticker: "A23456789012345678901"}},
			},
		},
		"empty exchange": {
			"/listings/0/exchange", &oas.CompanyCreate{
				Name: "X", Listings: []oas.ListingInput{{Ticker: "EXCH", Exchange: oas.NewOptNilString("")}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.super.CreateCompany(t.Context(), c.in)
			fieldProblem(t, err, c.field)
			up := &oas.CompanyUpdate{
				Cik: c.in.Cik, Country: c.in.Country, URL: c.in.URL, IpoDate: c.in.IpoDate,
				NumberOfShares: c.in.NumberOfShares, Listings: c.in.Listings,
			}
			if c.field == "/name" {
				up.Name = oas.NewOptString(c.in.Name)
			}
			_, err = f.super.UpdateCompany(t.Context(), up, oas.UpdateCompanyParams{Ticker: oas.Ticker(ticker)})
			if name == "no listing" {
				return // the client leaves an empty list out
			}
			fieldProblem(t, err, c.field)
		})
	}
	res, body := f.callJSON(f.superToken, http.MethodPatch, "/companies/"+ticker, `{"listings": []}`)
	assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s", body)
	res, body = f.callJSON(f.superToken, http.MethodPatch, "/companies/"+ticker, `{"name": null}`)
	assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "a name cannot be null: %s", body)
}

func TestPatchCompany(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	in := alphabet()
	goog, googl := in.Listings[0].Ticker, in.Listings[0].Ticker+"L"
	created, err := f.super.CreateCompany(t.Context(), in)
	require.NoError(t, err)
	for _, ticker := range []oas.Ticker{goog, googl} {
		f.imported("prices?ticker="+string(ticker), []byte("date,close\n2020-01-02,100\n"))
	}
	prices := func(ticker oas.Ticker) int {
		t.Helper()
		page, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: ticker})
		require.NoError(t, err)
		return len(page.Items)
	}
	at := oas.UpdateCompanyParams{Ticker: oas.Ticker(strings.ToLower(string(goog)))}
	patch := func(body string) *oas.Company {
		t.Helper()
		res, out := f.callJSON(f.superToken, http.MethodPatch, "/companies/"+string(at.Ticker), body)
		require.Equal(t, http.StatusOK, res.StatusCode, "%s", out)
		var c oas.Company
		require.NoError(t, c.UnmarshalJSON(out))
		return &c
	}

	want := *created
	same := func(got *oas.Company) {
		t.Helper()
		got.UpdatedAt, want.UpdatedAt = time.Time{}, time.Time{}
		assert.Equal(t, &want, got)
	}
	same(patch(`{}`))
	want.Name = "Alphabet"
	same(patch(`{"name": "Alphabet"}`))
	want.Cik.SetToNull()
	want.Ciks = []oas.FilerDays{}
	want.URL.SetToNull()
	same(patch(`{"cik": null, "url": null}`))
	want.Country.SetToNull()
	want.IpoDate.SetToNull()
	want.NumberOfShares = oas.NewNilInt64(5)
	same(patch(`{"country": null, "ipo_date": null, "number_of_shares": 5}`))

	c, err := f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{Listings: []oas.ListingInput{
		{Ticker: goog, Isin: in.Listings[1].Isin}, // the two ISINs change places
		{Ticker: googl, Isin: in.Listings[0].Isin},
	}}, at)
	require.NoError(t, err)
	assert.EqualValues(t, goog, c.Ticker, "the first is primary when none says so")
	assert.Equal(t, oas.NewNilString(in.Listings[1].Isin.Value), c.Listings[0].Isin)
	assert.True(t, c.Listings[0].Exchange.Null, "a listing is replaced as a whole")
	assert.Equal(t, []int{1, 1}, []int{prices(goog), prices(googl)})

	c, err = f.super.UpdateCompany(t.Context(),
		&oas.CompanyUpdate{Listings: []oas.ListingInput{{Ticker: goog}, {Ticker: goog + "N"}}}, at)
	require.NoError(t, err)
	assert.Len(t, c.Listings, 2)
	assert.Equal(t, []int{1, 0}, []int{prices(goog), prices(goog + "N")})
	if !remote() {
		assert.Equal(t, 1, f.count("SELECT count(*) FROM price"), "the prices of a listing go with it")
	}
	_, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: googl})
	problem(t, err, http.StatusNotFound)
	_, err = f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{}, oas.UpdateCompanyParams{Ticker: googl})
	problem(t, err, http.StatusNotFound)
}

// exampleCompany is one with a statement and a dividend.
func exampleCompany(f *fixture) {
	f.t.Helper()
	f.createCompany("AAPL")
	f.createStatement("AAPL", year2023())
	f.createDividend("AAPL", dividend2023())
}

func (f *fixture) companyPages(size int32, q, exchange oas.OptString) (tickers []string) {
	f.t.Helper()
	for _, c := range pages(f.t, int(size), func(token oas.OptString) ([]oas.Company, oas.NilString) {
		page, err := f.anon.ListCompanies(f.t.Context(), oas.ListCompaniesParams{
			Q: q, Exchange: exchange, PageSize: oas.NewOptInt32(size), PageToken: token,
		})
		require.NoError(f.t, err)
		return page.Items, page.NextPageToken
	}) {
		tickers = append(tickers, c.Ticker)
	}
	return tickers
}

func TestCompanyPages(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	twin, nyse, nasdaq := uniqueWord("Twin"), uniqueWord("NYSE"), uniqueWord("Nasdaq")
	names := []string{
		"Twin", "Twin", "Twin", "Twin", "Twin", "Alpha", "Änder", "alpha", "Zeta", "twin city", "Big Twin", "TWIN Ltd",
		"O'Twin \"q\" \\ 100%",
	}
	market, none, ticker := uniqueWord("Market"), oas.OptString{}, unique("T")
	if remote() {
		none.SetTo(market) // others have companies
	}
	for i, name := range names {
		for _, word := range []string{"Twin", "twin", "TWIN"} {
			name = strings.Replace(name, word, word+twin[4:], 1)
		}
		_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: name, Listings: []oas.ListingInput{
			{Ticker: oas.Ticker(fmt.Sprintf("%sT%02d", ticker, i)), Exchange: oas.NewOptNilString([]string{nyse, nasdaq}[i%2])},
			{Ticker: oas.Ticker(fmt.Sprintf("%sU%02d", ticker, i)), Exchange: oas.NewOptNilString([]string{nyse, nasdaq}[i%2])},
			{Ticker: oas.Ticker(fmt.Sprintf("%sV%02d", ticker, i)), Exchange: oas.NewOptNilString(market)},
		}})
		require.NoError(t, err)
	}
	whole := f.companyPages(1000, oas.OptString{}, none)
	assert.Len(t, whole, len(names))
	assert.Equal(t, len(names), len(slices.Compact(slices.Sorted(slices.Values(whole)))), "each once")
	if !remote() {
		var sorted []string
		rows, err := f.pool.Query(t.Context(),
			"SELECT l.ticker FROM company c JOIN listing l ON l.company_id = c.id AND is_primary ORDER BY c.name, c.id")
		require.NoError(t, err)
		for rows.Next() {
			var s string
			require.NoError(t, rows.Scan(&s))
			sorted = append(sorted, s)
		}
		require.NoError(t, rows.Err())
		assert.Equal(t, sorted, whole)
	}
	q := oas.NewOptString(strings.ToLower(twin))
	found := f.companyPages(1000, q, oas.OptString{})
	assert.Len(t, found, 9)
	for size := range int32(6) {
		assert.Equal(t, whole, f.companyPages(size+1, oas.OptString{}, none), "pages of %d", size+1)
		assert.Equal(t, found, f.companyPages(size+1, q, oas.OptString{}), "pages of %d", size+1)
	}
	exchange := oas.NewOptString(strings.ToLower(nyse))
	assert.Len(t, f.companyPages(2, oas.OptString{}, exchange), 7)
	assert.Equal(t, f.companyPages(1000, q, exchange), f.companyPages(1, q, exchange))

	// A page that has been seen stays as it was while companies come and go.
	first, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{Exchange: none, PageSize: oas.NewOptInt32(4)})
	require.NoError(t, err)
	_, err = f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "AAA0", Listings: []oas.ListingInput{
		{Ticker: oas.Ticker(ticker + "A"), Exchange: oas.NewOptNilString(market)},
	}})
	require.NoError(t, err)
	require.NoError(t, f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: oas.Ticker(whole[3])}))
	second, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{
		Exchange: none, PageSize: oas.NewOptInt32(4), PageToken: oas.NewOptString(first.NextPageToken.Value),
	})
	require.NoError(t, err)
	assert.Equal(t, whole[4], second.Items[0].Ticker)
}

func TestCompanySearchRanks(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	cat, abc := uniqueWord("CAT"), uniqueWord("ABC")
	for ticker, name := range map[string]string{
		cat: "Zebra Machines", cat + "X": "Yellow Isotopes", cat + "Y": "Wide Bancorp", abc + "C": cat + "alyst",
		abc + "D": cat + "abric", abc + "E": "Big " + cat, uniqueWord("DOG"): "Dog",
	} {
		_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{
			Name: name, Listings: []oas.ListingInput{{Ticker: oas.Ticker(ticker)}},
		})
		require.NoError(t, err)
	}
	// The code, its beginning, the name's beginning, any part.
	want := []string{cat, cat + "Y", cat + "X", abc + "D", abc + "C", abc + "E"}
	assert.Equal(t, want, f.companyPages(1000, oas.NewOptString(strings.ToLower(cat)), oas.OptString{}))
	assert.Equal(t, want, f.companyPages(1, oas.NewOptString("Cat"+cat[3:]), oas.OptString{}))
}

// Many who ask at the same time, each for a company by whatever ticker, have the answers that each has alone.
func TestCompaniesAtTheSameTime(t *testing.T) {
	t.Parallel()
	f := setup(t, options{api: func(c *api.Config) { c.Cache = nil }})
	for _, listings := range [][]oas.ListingInput{
		{{Ticker: "GOOGL"}, {Ticker: "GOOG"}}, {{Ticker: "BRK-B"}, {Ticker: "BRK-A"}, {Ticker: "BRK.C"}}, {{Ticker: "AAPL"}}, {{Ticker: "MSFT"}},
	} {
		_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "Same Inc.", Listings: listings})
		require.NoError(t, err)
	}
	tickers := []string{"GOOGL", "goog", "BRK-B", "BRK.B", "brk.a", "BRK-C", "AAPL", "MSFT", "NONE", "CIK0000320193"}
	get := func(ticker string) string {
		res, body := f.call("", http.MethodGet, api.Prefix+"/companies/"+ticker, nil, "X-Request-Id", "same")
		text := regexp.MustCompile(`"request_id":"[^"]*"`).ReplaceAllString(string(body), "")
		return fmt.Sprint(res.StatusCode, res.Header.Get("ETag"), text)
	}
	alone := map[string]string{}
	for _, ticker := range tickers {
		alone[ticker] = get(ticker)
	}
	assert.Equal(t, alone["GOOGL"], alone["goog"])
	assert.NotEqual(t, alone["AAPL"], alone["MSFT"])
	var calls []func()
	for i := range 200 {
		ticker := tickers[i*7%len(tickers)]
		calls = append(calls, func() { assert.Equal(t, alone[ticker], get(ticker), ticker) })
	}
	together(calls...)
}
