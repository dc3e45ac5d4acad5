package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/internal/api"
)

// A resource with an ETag is changed and deleted only by who has its present one, if that says which one it has.
func TestIfMatch(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("AAPL")
	f.exec("INSERT INTO split (company_id, effective_date, ratio) SELECT id, '2024-06-10', 2 FROM company")
	const statement = `{"period": "annual", "fiscal_year": 2023, "start_date": "2023-01-01", "end_date": "2023-12-31", "publish_date": "2024-02-01", "currency": "USD", "audited": true, "earnings_per_share": 4, "total_revenues": %d}`
	const dividend = `{"amount_per_share": %d, "currency": "USD", "publish_date": "2024-05-02", "period_end": "2024-03-31"}`
	for name, tt := range map[string]struct {
		create, body   string // of the resource
		method, change string
		path           string // with its id
	}{
		"company":   {"/companies", `{"name": "One", "listings": [{"ticker": "ONE%d"}]}`, http.MethodPatch, `{"number_of_shares": %d}`, ""},
		"statement": {"/companies/AAPL/financial-statements", statement, http.MethodPut, statement, "/financial-statements/%d"},
		"dividend":  {"/companies/AAPL/dividends", dividend, http.MethodPut, dividend, "/dividends/%d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := f.in(t)
			n := 0
			write := func(method, path, body string, header ...string) (*http.Response, string, []byte) {
				t.Helper()
				n++
				if strings.Contains(body, "%d") {
					body = fmt.Sprintf(body, n)
				}
				res, out := f.call(f.superToken, method, api.Prefix+path, strings.NewReader(body), append(header, "Content-Type", "application/json", "Accept-Encoding", "identity")...)
				return res, res.Header.Get("ETag"), out
			}
			res, tag, body := write(http.MethodPost, tt.create, tt.body)
			require.Equal(t, http.StatusCreated, res.StatusCode, "%s", body)
			require.NotEmpty(t, tag)
			path := pathOf(t, tt.path, body)
			is := func(want string) {
				t.Helper()
				assert.Equal(t, want, f.tag(path), "of a plain GET")
			}
			is(tag)

			refused := func(method, given string) {
				t.Helper()
				res, now, body := write(method, path, tt.change, "If-Match", given)
				require.Equal(t, http.StatusPreconditionFailed, res.StatusCode, "%s %s: %s", method, given, body)
				assert.Equal(t, "/problems/precondition-failed", decodeProblem(t, body).Type)
				assert.Equal(t, tag, now)
				is(tag)
			}
			for _, given := range []string{`"0000000000000000"`, `"a", "b"`, "W/" + tag, `""`} {
				refused(tt.method, given)
				refused(http.MethodDelete, given)
			}
			for _, given := range []string{"nothing", `"a`, `"a" "b"`} {
				res, _, body := write(tt.method, path, tt.change, "If-Match", given)
				assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, given)
				assert.Equal(t, "If-Match", decodeProblem(t, body).Errors[0].Field)
			}
			for _, given := range []string{"%s", "*", `"a", %s`, "%s,\t\"b\"", `W/"c", %s`, "packed"} {
				given = strings.ReplaceAll(given, "%s", tag)
				if given == "packed" {
					given = strings.TrimSuffix(tag, `"`) + `-gzip"`
				}
				res, now, body := write(tt.method, path, tt.change, "If-Match", given)
				require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", given, body)
				assert.NotEqual(t, tag, now, given)
				old := tag
				tag = now
				is(tag)
				refused(tt.method, old)
			}

			var won, lost int
			var g errgroup.Group
			statuses := make(chan int, 4)
			for i := range 4 {
				g.Go(func() error {
					body := tt.change
					if strings.Contains(body, "%d") {
						body = fmt.Sprintf(body, 100+i)
					}
					res, _ := f.call(f.superToken, tt.method, api.Prefix+path, strings.NewReader(body), "Content-Type", "application/json", "If-Match", tag)
					statuses <- res.StatusCode
					return nil
				})
			}
			require.NoError(t, g.Wait())
			close(statuses)
			for s := range statuses {
				switch s {
				case http.StatusOK:
					won++
				case http.StatusPreconditionFailed:
					lost++
				}
			}
			assert.Equal(t, [2]int{1, 3}, [2]int{won, lost}, "no update is lost")

			res, _, body = write(http.MethodDelete, path, "", "If-Match", f.tag(path))
			require.Equal(t, http.StatusNoContent, res.StatusCode, "%s", body)
			res, _, _ = write(tt.method, path, tt.change, "If-Match", "*")
			assert.Equal(t, http.StatusNotFound, res.StatusCode)
		})
	}
}

// tag is the ETag of a plain GET.
func (f *fixture) tag(path string) string {
	f.t.Helper()
	_, body := f.call("", http.MethodGet, api.Prefix+path, nil)
	return fmt.Sprintf(`"%016x"`, xxhash.Sum64(body))
}

// pathOf is that of a resource which was answered.
func pathOf(t *testing.T, path string, body []byte) string {
	t.Helper()
	var r struct {
		ID     int64
		Ticker string
	}
	require.NoError(t, json.Unmarshal(body, &r))
	if path == "" {
		return "/companies/" + r.Ticker
	}
	return fmt.Sprintf(path, r.ID)
}
