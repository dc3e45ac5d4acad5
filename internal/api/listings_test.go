package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

func (f *fixture) getCompany(ticker string) *oas.Company {
	f.t.Helper()
	c, err := f.anon.GetCompany(f.t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(ticker)})
	require.NoError(f.t, err, ticker)
	return c
}

// Dots, dashes and slashes of tickers are alike, wherever a ticker is given.
func TestTickersAreAlike(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	brk := unique("B")
	f.createCompany(brk + "/B")
	dot, dash, slash := brk+".B", brk+"-B", strings.ToLower(brk)+"/b"
	for _, ticker := range []string{dot, dash, slash} {
		assert.Equal(t, dot, f.getCompany(ticker).Ticker, ticker)
		res, body := f.call("", http.MethodGet, api.Prefix+"/companies/"+strings.ReplaceAll(ticker, "/", "%2F")+"/prices", nil)
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
		page, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{Q: oas.NewOptString(ticker)})
		require.NoError(t, err)
		assert.Len(t, page.Items, 1, ticker)
		_, err = f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "X", Listings: []oas.ListingInput{{Ticker: oas.Ticker(ticker)}}})
		p := problem(t, err, http.StatusConflict)
		assert.Equal(t, "/problems/ticker-taken", p.Type, ticker)
		assert.Equal(t, "/listings/0/ticker", p.Errors[0].Field, ticker)
	}
	_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{
		Name: "X", Listings: []oas.ListingInput{{Ticker: oas.Ticker(brk + ".C")}, {Ticker: oas.Ticker(brk + "-C")}},
	})
	assert.Equal(t, "is given twice", fieldProblem(t, err, "/listings/1/ticker"))

	f.imported("prices?ticker="+dash, []byte("date,close\n2020-01-02,1\n"))
	f.imported("splits", []byte("ticker,effective_date,ratio\n"+dash+",2000-01-03,2\n"))
	im := f.finished(f.upload("splits", []byte("ticker,effective_date,ratio\n"+dash+",2000-01-03,2\n"+slash+",2000-01-03,2\n")).ID)
	assert.Contains(t, im.Error.Value, "this split stands on line 2 already")
	// A list in which the ticker is written otherwise says the same: it is another company's.
	list := fmt.Appendf(nil, `{"0":{"cik_str":%d,"ticker":"%s","title":"Other"}}`, uniqueCIK(), dash)
	assert.EqualValues(t, 1, f.imported("companies", list).Skipped)

	// The way in which a ticker is written can be changed; the listing keeps its prices.
	c, err := f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{Listings: []oas.ListingInput{{Ticker: oas.Ticker(dash)}}},
		oas.UpdateCompanyParams{Ticker: oas.Ticker(slash)})
	require.NoError(t, err)
	assert.Equal(t, dash, c.Ticker)
	prices, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: oas.Ticker(dot)})
	require.NoError(t, err)
	assert.Len(t, prices.Items, 1)
	splits, err := f.anon.ListCompanySplits(t.Context(), oas.ListCompanySplitsParams{Ticker: oas.Ticker(dot)})
	require.NoError(t, err)
	assert.Len(t, splits.Items, 1)
}

func TestListingsOfOtherSharesAndCurrencies(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ads := unique("A")
	listing := func(currency oas.OptString, ordinary oas.OptNilString) *oas.CompanyUpdate {
		return &oas.CompanyUpdate{Listings: []oas.ListingInput{{Ticker: oas.Ticker(ads), Currency: currency, OrdinaryShares: ordinary}}}
	}
	at := oas.UpdateCompanyParams{Ticker: oas.Ticker(ads)}
	assert.EqualValues(t, "USD", f.createCompany(ads).Listings[0].Currency)
	for _, ordinary := range []string{"5", "0.5", "0.05", "10.25", "1/1500", "3/2", "123456789/987654321"} {
		c, err := f.super.UpdateCompany(t.Context(), listing(oas.NewOptString("HKD"), oas.NewOptNilString(ordinary)), at)
		require.NoError(t, err, ordinary)
		assert.Equal(t, oas.NewNilString(ordinary), c.Listings[0].OrdinaryShares)
		assert.EqualValues(t, "HKD", c.Listings[0].Currency)
	}
	for _, ordinary := range []string{"0", "0.0", "00.5", "-1", "1/0", "0/5", "1/2.5", "5:1", "1e3", "five", "1234567890", "1.0123456789"} {
		res, body := f.callJSON(f.superToken, http.MethodPatch, "/companies/"+ads, fmt.Sprintf(`{"listings":[{"ticker":"%s","ordinary_shares":"%s"}]}`, ads, ordinary))
		require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, ordinary)
		assert.Equal(t, []oas.FieldError{{Field: "/listings/0/ordinary_shares", Message: "must be a number above 0, such as 5, 0.5 or 1/1500"}},
			decodeProblem(t, body).Errors, ordinary)
	}
	for _, currency := range []string{"XYZ", "usd", "DEM"} {
		_, err := f.super.UpdateCompany(t.Context(), listing(oas.NewOptString(currency), oas.OptNilString{}), at)
		assert.Equal(t, currencyRule, fieldProblem(t, err, "/listings/0/currency"))
	}
	assert.EqualValues(t, "HKD", f.getCompany(ads).Listings[0].Currency, "nothing was changed")

	f.imported("prices?ticker="+ads, []byte("date,close\n2020-01-02,1\n"))
	prices, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: oas.Ticker(ads)})
	require.NoError(t, err)
	assert.Equal(t, "HKD", prices.Items[0].Currency)
	_, err = f.super.UpdateCompany(t.Context(), listing(oas.OptString{}, oas.OptNilString{}), at)
	require.NoError(t, err)
	assert.EqualValues(t, "USD", f.getCompany(ads).Listings[0].Currency)
}

func TestListsOfCompanies(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	one, two, ads, own, cik := unique("O"), unique("T"), unique("A"), unique("W"), uniqueCIK()
	listings := func(ticker string) map[oas.Ticker]oas.Listing {
		out := map[oas.Ticker]oas.Listing{}
		for _, l := range f.getCompany(ticker).Listings {
			out[l.Ticker] = l
		}
		return out
	}
	imported := func(file string, want ...int64) {
		t.Helper()
		im := f.imported("companies", []byte(file))
		assert.Equal(t, want, []int64{im.Written, im.Unchanged, im.Skipped})
	}
	table := fmt.Sprintf("\ufeff"+`{"fields":["cik","name","ticker","exchange"],"data":[[%d,"One Inc.","%s","Nasdaq"],[%d,"One Inc.","%s",null],[%d,"Nobody",null,null]]}`,
		cik, one, cik, two, uniqueCIK())
	imported(table, 3, 0, 1)
	assert.Equal(t, oas.NewNilString("Nasdaq"), listings(one)[oas.Ticker(one)].Exchange)
	assert.True(t, listings(one)[oas.Ticker(two)].Exchange.Null)
	imported(table, 0, 3, 1)
	imported(fmt.Sprintf(`{"0":{"cik_str":%d,"ticker":"%s","title":"One Inc."}}`, cik, one), 0, 2, 0)
	assert.Equal(t, oas.NewNilString("Nasdaq"), listings(one)[oas.Ticker(one)].Exchange, "which this list does not say")

	isin := uniqueISIN()
	rows := fmt.Sprintf("ticker,name,cik,exchange,isin,share_class,currency,ordinary_shares,country\n"+
		"%s,One Ltd,%010d,NYSE,%s,B,,,\n%s,Ads Co,%d,,,,TWD,5,TW\n,Nobody,,,,,,,\n%s,Own & Sons,,,,,,1/1500,\n%s.B,Own B,,LSE,,,GBP,,GB\n",
		strings.ToLower(one), cik, isin, ads, uniqueCIK(), own, own)
	imported("\ufeff"+rows, 2+6, 0, 1)
	l := listings(one)[oas.Ticker(one)]
	assert.Equal(t, []any{oas.NewNilString("NYSE"), oas.NewNilString(isin), oas.NewNilString("B"), oas.Currency("USD")},
		[]any{l.Exchange, l.Isin, l.ShareClass, l.Currency})
	assert.Equal(t, "One Ltd", f.getCompany(two).Name)
	assert.Equal(t, oas.NewNilString("TW"), f.getCompany(ads).Country)
	l = listings(ads)[oas.Ticker(ads)]
	assert.Equal(t, []any{oas.Currency("TWD"), oas.NewNilString("5"), true}, []any{l.Currency, l.OrdinaryShares, l.Primary})
	c := f.getCompany(own)
	assert.Len(t, c.Listings, 1, "rows without a CIK are companies of their own")
	assert.True(t, c.Cik.Null)
	assert.Equal(t, oas.NewNilString("1/1500"), c.Listings[0].OrdinaryShares)
	assert.Equal(t, "Own B", f.getCompany(own+"-B").Name)
	imported(rows, 0, 8, 1)
	imported(fmt.Sprintf("name,ticker,currency\nOwn and Sons,%s,CHF\n", own), 2, 0, 0)
	c = f.getCompany(own)
	assert.Equal(t, "Own and Sons", c.Name)
	assert.EqualValues(t, "CHF", c.Listings[0].Currency)
	assert.Equal(t, oas.NewNilString("1/1500"), c.Listings[0].OrdinaryShares, "an empty field changes nothing")

	for file, message := range map[string]string{
		"ticker,name,sector\n":                            `line 1: unknown column "sector": want ticker, name; and there may be cik, exchange`,
		"ticker,cik\n":                                    `line 1: column "name" is missing`,
		"ticker,name\nA B,X\n":                            `line 2: ticker "A B" is not a ticker`,
		"ticker,name\n" + one + ",\n":                     "line 2: name",
		"ticker,name,cik\n" + one + ",X,CIK1\n":           `line 2: cik "CIK1" is not a Central Index Key`,
		"ticker,name,isin\n" + one + ",X,US0378331006\n":  "line 2: isin",
		"ticker,name,country\n" + one + ",X,usa\n":        "line 2: country",
		"ticker,name,currency\n" + one + ",X,dollars\n":   "line 2: currency",
		"ticker,name,currency\n" + one + ",X,XYZ\n":       `line 2: currency "XYZ" must be an ISO 4217`,
		"ticker,name,ordinary_shares\n" + one + ",X,0\n":  "line 2: ordinary_shares",
		"ticker,name\n" + one + ".B,X\n" + one + "-B,X\n": "line 3: ticker " + one + "-B stands on line 2 already",
	} {
		assert.Contains(t, f.refused("companies", []byte(file)), message, file)
	}
}

// The list's name goes before that of the facts, and both before the ticker.
func TestNameOfCompany(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker, cik := unique("N"), uniqueCIK()
	named := func(name string, reports ...report) []byte {
		return []byte(strings.Replace(string(facts(cik, reports...)), "Example Corp", name, 1))
	}
	f.imported("sec-company-facts?ticker="+ticker, named("", first2020))
	assert.Equal(t, ticker, f.getCompany(ticker).Name)
	f.imported("sec-company-facts", named("Old Corp", first2020, first2021))
	assert.Equal(t, "Old Corp", f.getCompany(ticker).Name)
	f.imported("companies", fmt.Appendf(nil, `{"0":{"cik_str":%d,"ticker":"%s","title":"Listed Corp"}}`, cik, ticker))
	assert.Equal(t, "Listed Corp", f.getCompany(ticker).Name)
	f.imported("sec-company-facts", named("Co-Registrant", first2020, second2020, first2021))
	assert.Equal(t, "Listed Corp", f.getCompany(ticker).Name)

	// What was entered by hand is no facts' name either.
	hand := unique("H")
	cik = uniqueCIK()
	f.imported("sec-company-facts?ticker="+hand, named("Facts Corp", first2020))
	_, err := f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{Name: oas.NewOptString("By Hand")}, oas.UpdateCompanyParams{Ticker: oas.Ticker(hand)})
	require.NoError(t, err)
	f.imported("sec-company-facts", named("Facts Inc.", first2020, first2021))
	assert.Equal(t, "By Hand", f.getCompany(hand).Name)
}
