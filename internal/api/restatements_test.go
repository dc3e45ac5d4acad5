package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

func restatementLine(r oas.Restatement) string {
	number := func(n oas.NilDecimal) string {
		if n.Null {
			return "null"
		}
		return n.Value.String()
	}
	return fmt.Sprintf("%s %s %s %s to %s (%s, %s %s, %s) %t", r.Period, r.EndDate.Format(time.DateOnly), r.Field, number(r.Old),
		number(r.New), r.KnownFrom.Format(time.DateOnly), r.Filing.Form, r.Filing.Accession, r.Kind, r.Derived)
}

func TestRestatements(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	f.imported("sec-company-facts?ticker=MRVL", sampleFile(t, marvell))
	listed := func(p oas.ListCompanyRestatementsParams) (lines []string) {
		p.Ticker, p.PageSize = "AAPL", oas.NewOptInt32(100)
		for _, r := range pages(t, 100, func(token oas.OptString) ([]oas.Restatement, oas.NilString) {
			p.PageToken = token
			page, err := f.anon.ListCompanyRestatements(t.Context(), p)
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}) {
			lines = append(lines, restatementLine(r))
		}
		return lines
	}
	all := listed(oas.ListCompanyRestatementsParams{})
	for _, want := range []string{
		"annual 2009-09-26 total_revenues 36537000000 to 42905000000 (2010-01-25, 10-K/A 0001193125-10-012091, changed) false",
		"annual 2016-09-24 operating_cash_flow 65824000000 to 66231000000 (2018-11-05, 10-K 0000320193-18-000145, changed) false",
		"annual 2012-09-29 earnings_per_share_diluted 44.15 to 6.31 (2014-10-27, 10-K 0001193125-14-383437, split) false",
		"annual 2019-09-28 earnings_per_share_diluted 11.89 to 2.97 (2020-10-30, 10-K 0000320193-20-000096, split) false",
	} {
		assert.Contains(t, all, want)
	}
	changed := listed(oas.ListCompanyRestatementsParams{Kind: oas.NewOptRestatementKind(oas.RestatementKindChanged), Derived: oas.NewOptBool(false)})
	assert.Less(t, len(changed), len(all))
	for _, line := range changed {
		assert.Contains(t, line, ", changed) false")
	}
	then := listed(oas.ListCompanyRestatementsParams{AsOf: oas.NewOptDate(day("2010-01-25")), KnownSince: oas.NewOptDate(day("2010-01-25"))})
	require.NotEmpty(t, then)
	for _, line := range then {
		assert.Contains(t, line, "(2010-01-25, 10-", "the report of that day, or the amendment")
	}

	// Both lists say the same, and the newest comes first.
	of := map[string]int{}
	last := day("2999-01-01")
	for _, r := range pages(t, 1000, func(token oas.OptString) ([]oas.Restatement, oas.NilString) {
		page, err := f.anon.ListRestatements(t.Context(), oas.ListRestatementsParams{PageSize: oas.NewOptInt32(1000), PageToken: token})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	}) {
		assert.False(t, r.KnownFrom.After(last))
		last = r.KnownFrom
		of[r.Ticker]++
		statement, err := f.anon.GetFinancialStatement(t.Context(), oas.GetFinancialStatementParams{ID: r.StatementID, AsOf: oas.NewOptDate(r.KnownFrom)})
		require.NoError(t, err)
		assert.Equal(t, r.EndDate, statement.EndDate)
		if r.Kind != oas.RestatementKindSplit {
			assert.True(t, statement.Restated)
		}
		if len(of) > 1 && of[r.Ticker] > 50 {
			break
		}
	}
	assert.Len(t, of, 2)

	s := f.annualStatements("AAPL", "", oas.ShareBasisFiled)[2009]
	assert.True(t, s.Restated)
	assert.Equal(t, "10-Q 0001193125-10-162840 2010-07-21",
		s.SetBy.Value.Form+" "+s.SetBy.Value.Accession+" "+s.SetBy.Value.Filed.Format(time.DateOnly))
	assert.Equal(t, day("2009-10-27"), s.PublishDate)
	assert.False(t, f.annualStatements("AAPL", "2009-12-31", oas.ShareBasisFiled)[2009].Restated)
	f.unchanged("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	before := f.count("SELECT count(*) FROM restatement")
	f.imported("sec-company-facts?ticker=AAPL", append(unzipped(t, apple), '\n'))
	assert.Equal(t, before, f.count("SELECT count(*) FROM restatement"))
	require.NoError(t, f.super.DeleteFinancialStatement(t.Context(), oas.DeleteFinancialStatementParams{ID: s.ID}))
	assert.Zero(t, f.count("SELECT count(*) FROM restatement WHERE statement_id = $1", s.ID))

	_, err := f.anon.ListCompanyRestatements(t.Context(), oas.ListCompanyRestatementsParams{Ticker: "NONE"})
	problem(t, err, http.StatusNotFound)
	_, err = f.anon.ListRestatements(t.Context(), oas.ListRestatementsParams{AsOf: oas.NewOptDate(day("2999-01-01"))})
	fieldProblem(t, err, "as_of")
	_, err = f.anon.ListCompanyRestatements(t.Context(), oas.ListCompanyRestatementsParams{Ticker: "AAPL", KnownSince: oas.NewOptDate(day("0001-01-01"))})
	if err != nil {
		fieldProblem(t, err, "known_since")
	}
}

func unzipped(t *testing.T, name string) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(sampleFile(t, name)))
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	return text
}

// filedBy is a company facts document without what was filed after a day.
func filedBy(t *testing.T, document []byte, last string) []byte {
	t.Helper()
	var d map[string]any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&d))
	for _, tags := range d["facts"].(map[string]any) {
		for _, tag := range tags.(map[string]any) {
			units := tag.(map[string]any)["units"].(map[string]any)
			for unit, facts := range units {
				kept := []any{}
				for _, fact := range facts.([]any) {
					if fact.(map[string]any)["filed"].(string) <= last {
						kept = append(kept, fact)
					}
				}
				units[unit] = kept
			}
		}
	}
	text, err := json.Marshal(d)
	require.NoError(t, err)
	return text
}

// rowTimes are when rows were written, which is not what they say.
var rowTimes = regexp.MustCompile(`"(created_at|updated_at)":"[^"]*"`)

var requestIDs = regexp.MustCompile(`"request_id":"[^"]*"`)

// What is answered about a day does not change when all that was filed later is deleted.
func TestLaterFilingsChangeNothing(t *testing.T) {
	t.Parallel()
	whole := unzipped(t, apple)
	random := rand.New(rand.NewPCG(11, 20))
	first, last := day("2009-08-01"), day("2026-01-30")
	days := map[string]bool{}
	for len(days) < 20 {
		days[first.AddDate(0, 0, random.IntN(int(last.Sub(first).Hours()/24))).Format(time.DateOnly)] = true
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(days)), 5) {
		t.Run(some[0], func(t *testing.T) {
			t.Parallel()
			laterFilingsChangeNothing(t, whole, some)
		})
	}
}

// laterFilingsChangeNothing takes days in their order.
func laterFilingsChangeNothing(t *testing.T, whole []byte, days []string) {
	t.Helper()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", whole)
	f.imported("prices?ticker=AAPL", sampleFile(t, "prices-AAPL.csv"))
	answers := func(on string) map[string]string {
		got := map[string]string{"export": f.exportAsOf("AAPL", on)}
		for _, path := range []string{
			"/companies/AAPL/financial-statements?page_size=1000&as_of=", "/companies/AAPL/value-metrics?page_size=1000&as_of=",
			"/companies/AAPL/restatements?page_size=1000&as_of=", "/companies/AAPL/splits?page_size=1000&as_of=",
			"/companies/AAPL/dividends?page_size=1000&as_of=", "/companies/AAPL/prices?page_size=100&as_of=",
			"/companies/AAPL/daily-ratios?page_size=100&metrics=all&as_of=",
			"/companies/AAPL/daily-ratios?page_size=50&from=2017-06-01&as_of=",
			"/companies/AAPL/valuation?discount_rate=0.1&terminal_growth=0.02&growth=0.05&as_of=",
			"/companies/AAPL/valuation?discount_rate=0.1&terminal_growth=0.03&as_of=",
			"/financial-statements?as_of=", "/value-metrics?metrics=all&as_of=", "/restatements?as_of=", "/dividends?as_of=",
			"/daily-ratios?metrics=all&date=2016-01-04&as_of=",
		} {
			res, body := f.call("", http.MethodGet, api.Prefix+path+on, nil)
			require.Contains(t, []int{http.StatusOK, http.StatusUnprocessableEntity}, res.StatusCode, "%s%s: %s", path, on, body)
			got[path] = requestIDs.ReplaceAllString(rowTimes.ReplaceAllString(string(body), ""), "")
		}
		return got
	}
	before := map[string]map[string]string{} // by day, with all filings there
	for _, on := range days {
		before[on] = answers(on)
	}
	filed := whole
	for _, on := range slices.Backward(days) { // so that what stays is kept, with its ids
		f.exec("DELETE FROM company_facts") // or an older document would be left alone
		filed = filedBy(t, filed, on)
		f.imported("sec-company-facts?ticker=AAPL", filed)
		for path, answer := range answers(on) {
			assert.Equal(t, before[on][path], answer, "%s %s", path, on)
		}
	}
}
