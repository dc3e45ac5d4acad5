package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

func TestDeletedStatementIsGone(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	ticker := unique("T")
	f.createCompany(ticker)
	kept := 0
	for range 40 {
		s := f.createStatement(ticker, year2023())
		path := api.Prefix + fmt.Sprintf("/financial-statements/%d", s.ID)
		body, err := year2023().MarshalJSON()
		require.NoError(t, err)
		var deleted int
		calls := []func(){func() {
			res, _ := f.call(f.superToken, http.MethodDelete, path, nil)
			deleted = res.StatusCode
		}}
		for range 3 {
			calls = append(calls, func() {
				f.call(f.superToken, http.MethodPut, path, strings.NewReader(string(body)), "Content-Type", "application/json")
			})
		}
		together(calls...)
		require.Equal(t, http.StatusNoContent, deleted)
		if f.count("SELECT count(*) FROM financial_statement WHERE id = $1", s.ID) > 0 {
			kept++
			f.exec("DELETE FROM financial_statement WHERE id = $1", s.ID)
		}
	}
	assert.Zero(t, kept, "statements that are still there after 40 deletions")
}

// Two that bring the same tickers, in any order, wait for each other in one order.
func TestListingsInAnyOrder(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("HOLDER")
	middle := f.hold("INSERT INTO listing (company_id, ticker, is_primary) SELECT id, 'T5', false FROM company")
	var listings []oas.ListingInput
	for i := range 10 {
		listings = append(listings, oas.ListingInput{Ticker: oas.Ticker(fmt.Sprintf("T%d", i))})
	}
	backwards := slices.Clone(listings)
	slices.Reverse(backwards)
	var created atomic.Int64
	var calls []func()
	for _, in := range [][]oas.ListingInput{listings, backwards} {
		calls = append(calls, func() {
			if _, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "A company", Listings: in}); err == nil {
				created.Add(1)
			}
		})
	}
	together(append(calls, func() {
		assert.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 2
		}, 2*time.Second, time.Millisecond)
		assert.NoError(t, middle.Rollback(t.Context()))
	})...)
	assert.EqualValues(t, 1, created.Load())
	f.requireNoDeadlock()
}

const aDividend = `{"amount_per_share": 0.25, "currency": "USD", "publish_date": "2024-02-01"}`

// enter posts a dividend with an idempotency key; "" is none.
func (f *fixture) enter(token, ticker, key, body string) (int, string) {
	f.t.Helper()
	header := []string{"Content-Type", "application/json"}
	if key != "" {
		header = append(header, "Idempotency-Key", key)
	}
	res, out := f.call(token, http.MethodPost, api.Prefix+"/companies/"+ticker+"/dividends", strings.NewReader(body), header...)
	return res.StatusCode, string(out)
}

func TestDividendIsEnteredOnce(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "8e03978e-40d5-43dd-bc93-6894a57f9324"} {
		f := setup(t, options{})
		ticker := unique("T")
		f.createCompany(ticker)
		var mu sync.Mutex
		answers := map[int]map[string]int{}
		var calls []func()
		for range 50 {
			calls = append(calls, func() {
				status, body := f.enter(f.superToken, ticker, key, aDividend)
				mu.Lock()
				defer mu.Unlock()
				if answers[status] == nil {
					answers[status] = map[string]int{}
				}
				answers[status][body]++
			})
		}
		together(calls...)
		assert.Equal(t, 1, f.count("SELECT count(*) FROM dividend"), "key %q", key)
		assert.Len(t, answers[http.StatusCreated], 1, "one answer: %v", answers)
		for status := range answers {
			assert.Contains(t, []int{http.StatusCreated, http.StatusConflict}, status)
		}
		status, body := f.enter(f.superToken, ticker, key, aDividend)
		if key == "" {
			assert.Equal(t, http.StatusConflict, status, body)
			continue
		}
		assert.Equal(t, http.StatusCreated, status)
		assert.Contains(t, answers[http.StatusCreated], body, "the same answer")
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	ticker := unique("T")
	status, body := f.enter(f.superToken, ticker, "k", aDividend)
	require.Equal(t, http.StatusNotFound, status, body)
	f.createCompany(ticker)
	status, first := f.enter(f.superToken, ticker, "k", aDividend)
	require.Equal(t, http.StatusCreated, status, "what failed is not kept: %s", first)

	status, body = f.enter(f.superToken, ticker, "k", strings.Replace(aDividend, "0.25", "0.26", 1))
	assert.Equal(t, http.StatusUnprocessableEntity, status, body)
	assert.Contains(t, body, "another request")
	f.createCompany(ticker + "B")
	status, body = f.enter(f.superToken, ticker+"B", "k", aDividend)
	assert.Equal(t, http.StatusUnprocessableEntity, status, "another company: %s", body)

	_, err := f.app.EnsureSuperuser(t.Context(), "second@example.com", password)
	require.NoError(t, err)
	second := f.login("second@example.com", password)
	status, body = f.enter(second, ticker+"B", "k", aDividend)
	assert.Equal(t, http.StatusCreated, status, "another user's key: %s", body)

	f.exec("UPDATE idempotency_key SET created_at = now() - interval '23 hours 59 minutes'")
	require.NoError(t, f.app.Prune(t.Context()))
	status, body = f.enter(f.superToken, ticker, "k", aDividend)
	assert.Equal(t, http.StatusCreated, status)
	assert.Equal(t, first, body)
	f.exec("UPDATE idempotency_key SET created_at = now() - interval '24 hours'")
	status, body = f.enter(f.superToken, ticker, "k", strings.Replace(aDividend, "0.25", "0.27", 1))
	assert.Equal(t, http.StatusCreated, status, "a new one after a day: %s", body)
	require.NoError(t, f.app.Prune(t.Context()))
	assert.Equal(t, 1, f.count("SELECT count(*) FROM idempotency_key"))

	for _, key := range []string{"a b", strings.Repeat("x", 256), "ä"} {
		res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/companies/"+ticker+"/dividends",
			strings.NewReader(`{"amount_per_share": -1, "currency": "USD", "publish_date": "2024-02-01"}`),
			"Content-Type", "application/json", "Idempotency-Key", key)
		requireProblem(t, res, out, http.StatusUnprocessableEntity, key)
		var fields []string
		for _, e := range decodeProblem(t, out).Errors {
			fields = append(fields, e.Field)
		}
		assert.ElementsMatch(t, []string{"Idempotency-Key", "/amount_per_share"}, fields, key)
		requireWords(t, out, key)
	}
}

func TestImportsAreStartedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("AAPL")
	files := map[string]string{
		"companies": `{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple"}}`, "sec-company-facts": "{}",
		"prices?ticker=AAPL": "date,close\n2024-01-02,185.64\n", "splits": "ticker,effective_date,ratio\nAAPL,2014-06-09,7\n",
		"exchange-rates": "date,base,quote,rate\n2024-01-02,EUR,USD,1.0956\n",
	}
	for kind, file := range files {
		start := func(file, key string) (*http.Response, string) {
			res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/"+kind, strings.NewReader(file),
				"Content-Type", "application/octet-stream", "Idempotency-Key", key)
			return res, string(body)
		}
		before := f.count("SELECT count(*) FROM import")
		res, first := start(file, kind)
		require.Equal(t, http.StatusAccepted, res.StatusCode, "%s: %s", kind, first)
		res, again := start(file, kind)
		assert.Equal(t, http.StatusAccepted, res.StatusCode, kind)
		assert.Equal(t, first, again, kind)
		assert.Equal(t, before+1, f.count("SELECT count(*) FROM import"), kind)
		assert.Equal(t, before+1, f.count("SELECT count(*) FROM river_job WHERE kind = 'import'"), kind)
		res, body := start(file+"\n", kind)
		assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s: %s", kind, body)

		running := f.hold(`SELECT pg_advisory_xact_lock(hashtextextended('idempotency_key ' || id || ' x', 0))
			FROM user_account WHERE email = 'super@example.com'`)
		res, body = start(file, "x")
		assert.Equal(t, http.StatusConflict, res.StatusCode, "%s: %s", kind, body)
		assert.Equal(t, "1", res.Header.Get("Retry-After"), kind)
		require.NoError(t, running.Rollback(t.Context()))
	}
}
