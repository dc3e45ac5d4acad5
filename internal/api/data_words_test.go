package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNestedRepetitions(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	for body, want := range map[string]map[string]string{
		`{"name": "A", "name": "B"}`:                                                               {"/name": "is given twice", "/listings": "is required"},
		`{"name": "A", "name": "B", "listings": [{"ticker": "A"}]}`:                                {"/name": "is given twice"},
		`{"name": "A", "listings": [{"ticker": "A"}, {"ticker": "B", "ticker": "C"}]}`:             {"/listings/1/ticker": "is given twice"},
		`{"name": "A", "listings": [{"ticker": "A"}, {"ticker": "B", "ticker": "C"}], "cik": "x"}`: {"/listings/1/ticker": "is given twice", "/cik": "must be a whole number"},
	} {
		res, out := f.callJSON(f.superToken, http.MethodPost, "/companies", body)
		requireProblem(t, res, out, http.StatusUnprocessableEntity, body)
		assert.Equal(t, want, mistakes(t, out), body)
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM company"))
}

func TestWhatIsNoTextInDataIsEchoedNowhere(t *testing.T) {
	t.Parallel()
	echoedNowhere(t, []unreadable{
		{"GET", "/api/v1/companies/zqa%ff", "", ""},
		{"GET", "/api/v1/companies?q=zqa%c3%28", "", ""},
		{"GET", "/api/v1/companies?zqa%ff=1", "", ""},
		{"POST", "/api/v1/companies", jsonBody, `{"name": "zqa\udfff", "listings": [{"ticker": "zqa\ud800"}]}`},
		{"POST", "/api/v1/imports/splits?file_name=zqa%ff", "text/csv", "x"},
	})
}
