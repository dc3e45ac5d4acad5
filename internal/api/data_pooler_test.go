package api_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// Behind a PgBouncer that gives a connection to each transaction, all goes as without: imports with their temporary tables
// and locks, writes, repeated ones, and many readers at a time on few connections.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	direct := pgtest.New(t)
	pool, err := pg.Open(t.Context(), pgtest.Pooled(t, direct.Config().ConnString())+"&pool_max_conns=16", slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	f := setup(t, options{jobs: true, direct: direct, app: func(c *app.Config) { c.Pool = pool }})
	f.importSamples()

	paths := []string{
		"/companies", "/companies?q=app", "/companies/AAPL", "/companies/AAPL/financial-statements", "/financial-statements",
		"/companies/AAPL/value-metrics", "/companies/AAPL/prices", "/companies/AAPL/daily-ratios?metrics=all", "/dividends",
		"/exchange-rates", "/rules",
	}
	bodies := map[string]string{}
	for _, path := range paths {
		res, body := f.call("", http.MethodGet, api.Prefix+path, nil)
		require.Equal(t, http.StatusOK, res.StatusCode, "%s: %.200s", path, body)
		bodies[path] = string(body)
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			for _, path := range append(paths[i:], paths[:i]...) {
				res, err := f.http.Get(f.url + api.Prefix + path)
				if assert.NoError(t, err) {
					assert.Equal(t, http.StatusOK, res.StatusCode, path)
					_ = res.Body.Close()
				}
			}
		})
	}
	for i := range 10 {
		ticker := unique("PGB")
		f.createCompany(ticker)
		res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/companies/"+ticker+"/dividends", strings.NewReader(
			`{"amount_per_share": 0.5, "currency": "USD", "publish_date": "2024-02-01"}`), "Content-Type", "application/json", "Idempotency-Key", ticker)
		require.Equal(t, http.StatusCreated, res.StatusCode, "%d: %s", i, body)
		res, again := f.call(f.superToken, http.MethodPost, api.Prefix+"/companies/"+ticker+"/dividends", strings.NewReader(
			`{"amount_per_share": 0.5, "currency": "USD", "publish_date": "2024-02-01"}`), "Content-Type", "application/json", "Idempotency-Key", ticker)
		require.Equal(t, http.StatusCreated, res.StatusCode, "%d: %s", i, again)
		assert.Equal(t, string(body), string(again))
		require.NoError(t, f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: oas.Ticker(ticker)}))
	}
	all.Wait()
	for _, path := range paths {
		_, body := f.call("", http.MethodGet, api.Prefix+path, nil)
		assert.Equal(t, bodies[path], string(body), path)
	}
	f.imported("prices?ticker=aapl", []byte("date,close\n2024-01-02,185.64\n"))
}
