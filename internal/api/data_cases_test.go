package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

const cases = "../sec/testdata/cases"

// A listingCase is what a case expects of prices, listings and names: what it names must be so.
type listingCase struct {
	t      *testing.T
	folder string

	DailyRatios []map[string]any `json:"daily_ratios"`
	Company     struct{ Name string }
	Prices      map[string]struct {
		AdjustedAsOf string `json:"adjusted_as_of"`
		Accepted     bool
		Reason, Date string
		Rows         []struct {
			Date  string
			Close decimal.Decimal
		}
	}
	Listings map[string][]struct {
		Ticker   string
		CIK      int64
		Exchange *string
	}
}

// The cases that are about prices, listings and names, from files to what is served. internal/sec tests the statements
// of all.
func TestCases(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(cases + "/*/expected.json")
	require.NoError(t, err)
	tested := 0
	for _, path := range paths {
		var c listingCase
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &c))
		if c.DailyRatios == nil && c.Company.Name == "" && c.Prices == nil && c.Listings == nil {
			continue
		}
		tested++
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			c.t, c.folder = t, filepath.Dir(path)
			f := setup(t, options{jobs: true})
			c.checkListings(f)
			c.checkPrices(f)
			c.checkCompany(f)
		})
	}
	assert.GreaterOrEqual(t, tested, 11)
}

// file reads a file of the case, nil if there is none.
func (c *listingCase) file(name string) []byte {
	b, err := os.ReadFile(filepath.Join(c.folder, name))
	if !os.IsNotExist(err) {
		require.NoError(c.t, err)
	}
	return b
}

func (c *listingCase) checkListings(f *fixture) {
	for name, want := range c.Listings {
		im := f.imported("companies", c.file(name))
		if name == "company_tickers_exchange.json" {
			assert.EqualValues(c.t, 1, im.Skipped, "a row without a ticker")
		}
		for _, w := range want {
			company := f.getCompany(w.Ticker)
			assert.Equal(c.t, oas.NewNilInt64(w.CIK), company.Cik)
			for _, l := range company.Listings {
				if string(l.Ticker) == w.Ticker && w.Exchange != nil {
					assert.Equal(c.t, oas.NewNilString(*w.Exchange), l.Exchange)
				}
			}
		}
	}
}

func (c *listingCase) checkPrices(f *fixture) {
	for name, want := range c.Prices {
		ticker := unique("P")
		f.createCompany(ticker)
		if splits := c.file("splits.csv"); splits != nil {
			f.imported("splits", bytes.ReplaceAll(splits, []byte("AAPL"), []byte(ticker)))
		}
		kind := "prices?ticker=" + ticker
		if want.AdjustedAsOf != "" {
			kind += "&adjusted_as_of=" + want.AdjustedAsOf
		}
		if !want.Accepted {
			assert.True(c.t, strings.HasPrefix(f.refused(kind, c.file(name)), want.Reason+" on "+want.Date), name)
			continue
		}
		im := f.imported(kind, c.file(name))
		assert.Equal(c.t, int64(bytes.Count(c.file(name), []byte("null,null,null,null,null"))), im.Skipped, name)
		got := f.prices(ticker)
		require.Len(c.t, got, len(want.Rows), name)
		for i, row := range want.Rows {
			assert.Equal(c.t, day(row.Date), got[i].Date, name)
			assert.True(c.t, row.Close.Equal(got[i].Close), "%s %s: %s", name, row.Date, got[i].Close)
		}
	}
}

// checkCompany imports the company of the case under a ticker, and compares what is exported.
func (c *listingCase) checkCompany(f *fixture) {
	facts := c.file("facts.json")
	if facts == nil {
		return
	}
	const ticker = "CASE"
	f.imported("sec-company-facts?ticker="+ticker, facts)
	if list := c.file("company_tickers.json"); list != nil {
		f.imported("companies", list)
	}
	if c.Company.Name != "" {
		assert.Equal(c.t, c.Company.Name, f.getCompany(ticker).Name)
		f.imported("sec-company-facts", append(facts, '\n'))
		assert.Equal(c.t, c.Company.Name, f.getCompany(ticker).Name, "whatever comes last")
	}
	if listing := c.file("listing.json"); listing != nil {
		var in struct {
			Currency       oas.OptString
			OrdinaryShares any `json:"ordinary_shares"`
		}
		require.NoError(c.t, json.Unmarshal(listing, &in))
		l := oas.ListingInput{Ticker: ticker, Currency: in.Currency}
		if in.OrdinaryShares != nil {
			l.OrdinaryShares = oas.NewOptNilString(fmt.Sprint(in.OrdinaryShares))
		}
		_, err := f.super.UpdateCompany(c.t.Context(), &oas.CompanyUpdate{Listings: []oas.ListingInput{l}}, oas.UpdateCompanyParams{Ticker: ticker})
		require.NoError(c.t, err)
	}
	for _, file := range [][2]string{{"splits.csv", "splits"}, {"fx.csv", "exchange-rates"}, {"prices.csv", "prices?ticker=" + ticker}} {
		if b := c.file(file[0]); b != nil {
			f.imported(file[1], b)
		}
	}
	x, err := f.app.ExportCompany(c.t.Context(), ticker, app.PointInTime{})
	require.NoError(c.t, err)
	var b bytes.Buffer
	require.NoError(c.t, x.Encode(&b))
	var got struct {
		DailyRatios []map[string]any `json:"daily_ratios"`
	}
	require.NoError(c.t, json.Unmarshal(b.Bytes(), &got))
	require.Len(c.t, got.DailyRatios, len(c.DailyRatios))
	for i, want := range c.DailyRatios {
		for field, value := range want {
			require.Contains(c.t, got.DailyRatios[i], field)
			if n, ok := value.(float64); ok && n != 0 {
				assert.InEpsilon(c.t, n, got.DailyRatios[i][field], 1e-9, field)
			} else {
				assert.Equal(c.t, value, got.DailyRatios[i][field], field)
			}
		}
		page, err := f.anon.ListDailyRatios(c.t.Context(), oas.ListDailyRatiosParams{
			Date: day(want["date"].(string)), Metrics: []string{"all"},
		})
		require.NoError(c.t, err)
		one, err := f.anon.ListCompanyDailyRatios(c.t.Context(), oas.ListCompanyDailyRatiosParams{
			Ticker: ticker, From: oas.NewOptDate(page.Items[0].Date), To: oas.NewOptDate(page.Items[0].Date),
		})
		require.NoError(c.t, err)
		assert.Equal(c.t, one.Items, page.Items, "the same of one day and of one listing")
	}
}

// A depositary share in dollars of a company that reports in Taiwan dollars, once it is declared and there is a rate.
func TestDepositaryShares(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	c := listingCase{t: t, folder: filepath.Join(cases, "adr-foreign-currency")}
	const ticker = "CASE"
	f.imported("sec-company-facts?ticker="+ticker, c.file("facts.json"))
	f.imported("prices?ticker="+ticker, []byte("date,close\n2022-04-08,100\n2022-04-11,100\n2023-05-02,84.5\n2023-05-08,84.5\n"))
	ratios := func() []oas.DailyRatios {
		t.Helper()
		page, err := f.anon.ListCompanyDailyRatios(t.Context(), oas.ListCompanyDailyRatiosParams{Ticker: ticker})
		require.NoError(t, err)
		require.Len(t, page.Items, 4)
		return page.Items
	}
	mismatch := oas.DailyReasonCurrencyMismatch
	r := ratios()
	assert.Equal(t, []oas.DailyReason{oas.DailyReasonSharesUnknown, oas.DailyReasonCashUnknown}, r[0].Reasons, "nothing was filed by then")
	assert.True(t, r[0].Currency.Null)
	assert.Equal(t, []oas.DailyReason{oas.DailyReasonAdsRatioUnknown, mismatch}, r[1].Reasons)
	assert.False(t, r[1].SharesOutstanding.Null)

	update := func(currency string, ordinary oas.OptNilString) {
		t.Helper()
		_, err := f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{
			Listings: []oas.ListingInput{{Ticker: ticker, Currency: oas.NewOptString(currency), OrdinaryShares: ordinary}},
		}, oas.UpdateCompanyParams{Ticker: ticker})
		require.NoError(t, err)
	}
	update("USD", oas.NewOptNilString("5"))
	r = ratios()
	assert.Equal(t, []oas.DailyReason{mismatch}, r[2].Reasons)
	assert.Equal(t, oas.NewNilInt64(438_217_000_000), r[2].MarketCap, "84.5 x 25.93 billion shares / 5")
	assert.True(t, r[2].PriceToBookRatio.Null && r[2].EnterpriseValue.Null && r[2].ExchangeRate.Null)

	f.imported("exchange-rates", []byte("date,base,quote,rate\n2023-04-25,EUR,USD,1.1\n2023-04-30,EUR,TWD,33\n"))
	r = ratios()
	assert.Empty(t, r[2].Reasons)
	assert.Equal(t, "30", r[2].ExchangeRate.Value.String(), "by way of the euro, each leg by its newest of a week")
	assert.Equal(t, []oas.DailyReason{mismatch}, r[3].Reasons, "a week later one is too old")
	assert.Equal(t, "8.21656875", r[2].PriceToBookRatio.Value.String())
	assert.Equal(t, oas.Currency("USD"), r[2].PriceCurrency)
	assert.Equal(t, oas.NewNilString("TWD"), r[2].Currency)
	f.imported("exchange-rates", []byte("date,base,quote,rate\n2023-05-02,TWD,USD,0.03\n"))
	assert.Equal(t, "33.333333333333", ratios()[2].ExchangeRate.Value.String(), "the inverse goes before the way by the euro")

	update("TWD", oas.NewOptNilString("1"))
	r = ratios()
	assert.Equal(t, "1", r[3].ExchangeRate.Value.String())
	assert.Empty(t, r[3].Reasons)
	assert.Equal(t, oas.Currency("TWD"), r[3].PriceCurrency)
}
