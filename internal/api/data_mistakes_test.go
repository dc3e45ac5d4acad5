package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/sec"
)

const (
	tickerRule   = "must be a ticker: letters, digits, dots, dashes and slashes, beginning with a letter or digit, at most 20"
	isinRule     = "must be an ISIN with a correct check digit"
	currencyRule = "must be an ISO 4217 currency code, such as USD"
)

func TestAllMistakesOfDataAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("TAKEN")
	f.createStatement("TAKEN", year2023())
	f.requireMistakes([]mistaken{
		{"/companies", `{
			"name": "` + strings.Repeat("x", 301) + `", "cik": "320193", "country": "usa", "url": "ftp://example.com",
			"ipo_date": "2020-02-30", "number_of_shares": -1, "sector/industry": "Technology",
			"listings": [
				{"ticker": "taken", "isin": "US0378331006", "primary": true}, {"ticker": "A B", "primary": true, "exchange": ""},
				{"ticker": "TWICE"}, {"ticker": "TWICE", "isin": "US037833100"}, {"ticker": 7}, {}, null
			]}`, map[string]string{
			"/name": "must have at most 300 characters", "/cik": "must be a whole number",
			"/country": "must be an ISO 3166 country code of two capital letters, such as US",
			"/url":     "must be an http or https address, such as https://example.com", "/ipo_date": dateRule,
			"/number_of_shares": "must be between 0 and 9007199254740991", "/sector~1industry": "is not a field of this request",
			"/listings/0/ticker": "is taken", "/listings/0/isin": isinRule, "/listings/1/ticker": tickerRule,
			"/listings/1/exchange": "must not be empty", "/listings/1/primary": "must be true for one listing only",
			"/listings/3/ticker": "is given twice", "/listings/3/isin": isinRule, "/listings/4/ticker": tickerRule,
			"/listings/5/ticker": "is required", "/listings/6": "must not be null",
		}},
		{"/companies/TAKEN/financial-statements", `{
			"period": "monthly", "fiscal_year": 1800, "fiscal_quarter": 2, "end_date": "2023-12-31", "publish_date": "2023-12-30",
			"currency": "XYZ", "audited": "yes", "url": "example.com", "net_income": 1.5, "total_assets": 9007199254740992,
			"ebit": 1, "earnings_per_share": "6.16 USD", "per_share_basis_date": "2999-01-01"}`, map[string]string{
			"/period": "must be one of annual, quarterly, partial", "/fiscal_year": "must be between 1900 and 2200",
			"/publish_date": "must not be before end_date", "/currency": currencyRule, "/audited": "must be true or false",
			"/url": "must be an http or https address, such as https://example.com", "/net_income": "must be a whole number",
			"/total_assets": "must be between -9007199254740991 and 9007199254740991", "/ebit": "is not a field of this request",
			"/earnings_per_share": "must be a number", "/per_share_basis_date": "must be between 1900-01-01 and 2026-07-01",
		}},
		{"/companies/TAKEN/dividends", `{
			"fiscal_year": null, "fiscal_quarter": 5, "period_end": 20200926, "amount_per_share": -0.205, "currency": "usd",
			"ex_dividend_date": "6 November 2020", "payment_date": "2999-01-01", "yield": 0.01}`, map[string]string{
			"/fiscal_quarter": "must be between 1 and 4", "/period_end": dateRule, "/amount_per_share": "must be more than 0",
			"/currency": currencyRule, "/publish_date": "is required", "/ex_dividend_date": dateRule,
			"/payment_date": "must be between 1900-01-01 and 2028-07-01", "/yield": "is not a field of this request",
		}},
		{"/companies", `[]`, map[string]string{"": "must be an object"}},
		{"/companies/A%20B/dividends", `{}`, map[string]string{"ticker": tickerRule, "/amount_per_share": "is required", "/currency": "is required", "/publish_date": "is required"}},
		{"/companies", `{"name": "X", "url": "x", "listings": [{"ticker": "TAKEN"}]}`, map[string]string{"/url": "must be an http or https address, such as https://example.com", "/listings/0/ticker": "is taken"}},
	})

	res, body := f.call("", http.MethodGet, api.Prefix+"/companies/TAKEN/financial-statements?page_size=x&as_of=2020-13-01&period=monthly&page_token=!", nil)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "parameters")
	assert.Equal(t, map[string]string{
		"page_size": "must be a whole number", "as_of": dateRule, "period": "must be one of annual, quarterly, partial",
		"page_token": "must be the next_page_token of a page of this list",
	}, mistakes(t, body))
	res, body = f.call("", http.MethodGet, api.Prefix+"/companies/TAKEN/financial-statements?page_size=0&page_size=1&as_of=2999-01-01&page_token=x", nil)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "parameters, some for the use case")
	assert.Equal(t, map[string]string{
		"page_size": "must be given once", "as_of": "must be between 1900-01-01 and 2026-07-01",
		"page_token": "must be the next_page_token of a page of this list",
	}, mistakes(t, body))
}

func TestTakenAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	const company = `{"name": "X", "cik": 320193, "listings": [{"ticker": "FIRST", "isin": "US0378331005"}, {"ticker": "SECOND"}]}`
	res, body := f.callJSON(f.superToken, http.MethodPost, "/companies", company)
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", body)
	taken := map[string]string{"/cik": "is taken", "/listings/0/ticker": "is taken", "/listings/0/isin": "is taken", "/listings/1/ticker": "is taken"}

	res, body = f.callJSON(f.superToken, http.MethodPost, "/companies", company)
	requireProblem(t, res, body, http.StatusConflict, "taken only")
	assert.Equal(t, taken, mistakes(t, body))
	f.createCompany("THIRD")
	res, body = f.callJSON(f.superToken, http.MethodPatch, "/companies/THIRD", company)
	requireProblem(t, res, body, http.StatusConflict, "taken only")
	assert.Equal(t, taken, mistakes(t, body))
	res, body = f.callJSON(f.superToken, http.MethodPatch, "/companies/FIRST", company)
	assert.Equal(t, http.StatusOK, res.StatusCode, "by itself: %s", body)
}

func TestRulesOfDataAgree(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	schemas := spec().Components.Schemas
	var constraint string
	require.NoError(t, f.pool.QueryRow(t.Context(), "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'listing_ticker_check'").Scan(&constraint))
	stored := regexp.MustCompile(regexp.MustCompile(`'(\^.*\$)'`).FindStringSubmatch(constraint)[1])
	ticker := schemas["Ticker"].Value
	asked := regexp.MustCompile(ticker.Pattern)
	for _, s := range []string{"A", "9", "BRK.B", "BF-B", "", "-A", ".A", "A B", "Ä", "A_B", "A\n", strings.Repeat("A", 20), strings.Repeat("A", 21)} {
		assert.Equal(t, sec.IsTicker(s), stored.MatchString(s), "%q in the schema", s)
		assert.Equal(t, sec.IsTicker(s), asked.MatchString(s) && len(s) <= int(*ticker.MaxLength), "%q in the contract", s)
	}

	listing := schemas["ListingInput"].Value.Properties["isin"].Value
	messages := map[string]string{}
	for path, body := range map[string]string{
		"/companies":             `{"name": "X", "listings": [{"ticker": "X", "isin": "US0378331006"}]}`,
		"/companies/X/dividends": `{"amount_per_share": 1, "currency": "XYZ", "publish_date": "2020-01-01"}`,
	} {
		_, out := f.callJSON(f.superToken, http.MethodPost, path, body)
		messages[path] = strings.Join(slices.Collect(maps.Values(mistakes(t, out))), "; ")
	}
	assert.Equal(t, map[string]string{
		"/companies":             fmt.Sprint(listing.Extensions["x-message"]),
		"/companies/X/dividends": fmt.Sprint(schemas["Currency"].Value.Extensions["x-message"]),
	}, messages)
}
