package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProblemTypesOfDataConflicts(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	company := func(cik int, ticker, isin string) string {
		return fmt.Sprintf(`{"name": "X", "cik": %d, "listings": [{"ticker": "%s", "isin": "%s"}]}`, cik, ticker, isin)
	}
	const split = `{"effective_date": "2020-08-31", "ratio": 4}`
	for _, c := range []struct {
		path, body string
		status     int
		kind       string
	}{
		{"/companies", company(1, "A", "US0378331005"), 201, ""},
		{"/companies", company(2, "A", "US5949181045"), 409, "ticker-taken"},
		{"/companies", company(1, "B", "US5949181045"), 409, "cik-taken"},
		{"/companies", company(2, "B", "US0378331005"), 409, "isin-taken"},
		{"/companies", company(1, "A", "US5949181045"), 409, "conflict"},
		{"/companies", company(0, "A", "US5949181045"), 422, "invalid"},
		{"/companies/A/splits", split, 201, ""},
		{"/companies/A/splits", split, 409, "split-exists"},
		{"/companies/NOBODY/splits", split, 404, "not-found"},
		{"/companies/A/financial-statements", string(must(json.Marshal(year2023()))), 201, ""},
		{"/companies/A/financial-statements", string(must(json.Marshal(year2023()))), 409, "statement-exists"},
	} {
		res, body := f.callJSON(f.superToken, http.MethodPost, c.path, c.body)
		require.Equal(t, c.status, res.StatusCode, "%s %s: %s", c.path, c.body, body)
		if c.kind != "" {
			assert.Equal(t, "/problems/"+c.kind, decodeProblem(t, body).Type, "%s %s", c.path, c.body)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
