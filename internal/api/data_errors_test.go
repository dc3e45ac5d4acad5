package api_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgevalue/edgevalue/internal/api"
)

func init() {
	unknown["ticker"] = "NO.SUCH-TICKER"
	unknown["importPrices ticker"] = "NO.SUCH-TICKER"
	existing = append(existing, aboutCompany)
	maps.Copy(wrong, map[string][]string{
		"as_of": {
			"x", "2020", "2020-13-01", "2020-02-30", "2020-1-1", "20200101", "2020-01-01T00:00:00Z", "10000-01-01",
			"0000-01-01", "1899-12-31", tomorrow().Format(time.DateOnly), "9999-12-31",
		},
		"from":            {"x", "2020-02-30", "0000-01-01", "0001-01-01"},
		"to":              {"x", "2020-02-30", "0000-01-01", "0001-01-01"},
		"date":            {"x", "2020-02-30", "", "0000-01-01", "0001-01-01"},
		"published_since": {"x", "2020-02-30", "0000-01-01", "1899-12-31"},
		"known_since":     {"x", "2020-02-30", "0000-01-01", "1899-12-31"},
		"share_basis":     {"", "today", "As_of", "as_of,filed"},
		"period":          {"monthly", "Annual", "annual,quarterly"},
		"fiscal_year":     {"x", "2020.5", "0", "1899", "2201", "-2020"},
		"ticker":          {"A B", "-A", "A23456789012345678901", "Ä", "A~B", "A%", "AAPL\n", "😀"},
		"q":               {"", strings.Repeat("x", 101), "a\nb", "a\x7fb"},
		"exchange":        {"", strings.Repeat("x", 51), "a\nb"},
	})
}

// aboutCompany makes a company with a statement, a dividend and a price.
func aboutCompany(f *fixture) func(*request) {
	f.t.Helper()
	ticker := unique("T")
	f.createCompany(ticker)
	ids := map[string]int64{"financial-statements": f.createStatement(ticker, year2023()).ID, "dividends": f.createDividend(ticker, dividend2023()).ID}
	f.imported("prices?ticker="+ticker, []byte("date,close\n2017-12-29,169.23\n"))
	return func(r *request) {
		if p := r.op.param("ticker"); p != nil && (p.Required || r.op.param("exchange") != nil) {
			r.set(p, ticker)
		}
		if _, ok := r.path["id"]; ok {
			r.path["id"] = fmt.Sprint(cmp.Or(ids[r.op.Tags[0]], 1))
		}
	}
}

func TestParametersThatDoNotFit(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	res, body := f.call("", http.MethodGet, api.Prefix+"/companies/"+ticker+"/prices?from=2020-01-02&to=2020-01-01", nil)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "to before from")
	res, body = f.call("", http.MethodGet, api.Prefix+"/daily-ratios", nil)
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "no date")
	res, body = f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/prices", strings.NewReader("x"),
		"Content-Type", "text/csv")
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "no ticker")
	res, body = f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/sec-company-facts?exchange=NYSE",
		strings.NewReader("x"), "Content-Type", "text/csv")
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "exchange without ticker")
}
