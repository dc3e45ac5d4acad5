package sec_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
)

func TestParseCompanyTickers(t *testing.T) {
	t.Parallel()
	listings, err := sec.ParseCompanyTickers(bytes.NewReader(readSample(t, "company_tickers.json.gz")))
	require.NoError(t, err)
	assert.Len(t, listings, 9610)
	assert.Equal(t, sec.Listing{CIK: 789019, Ticker: "MSFT", Name: "MICROSOFT CORP"}, listings[0])
	assert.Equal(t, sec.Listing{CIK: 320193, Ticker: "AAPL", Name: "Apple Inc."}, listings[1])
	companies := make(map[int64]bool)
	for _, l := range listings {
		companies[l.CIK] = true
	}
	assert.Len(t, companies, 7919)
}

func TestParseCompanyTickersRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ document, message string }{
		"no object":        {`[]`, "not a JSON object"},
		"no listings":      {`{}`, "no listings"},
		"company facts":    {`{"cik":320193,"entityName":"Apple Inc.","facts":{}}`, `entry "cik": not a listing`},
		"another list":     {`{"fields":["cik"],"data":[]}`, `entry "fields": not a listing`},
		"no ticker":        {`{"0":{"cik_str":1,"title":"A"}}`, `entry "0": no ticker`},
		"null ticker":      {`{"0":{"cik_str":1,"ticker":null,"title":"A"}}`, `entry "0": no ticker`},
		"a ticker's form":  {`{"0":{"cik_str":1,"ticker":"A/B","title":"A"}}`, `entry "0": "A/B" is not a ticker`},
		"no cik":           {`{"0":{"ticker":"A","title":"A"}}`, `entry "0": no cik_str`},
		"cik not a number": {`{"0":{"cik_str":"x","ticker":"A","title":"A"}}`, `entry "0", cik_str: "x" is not`},
		"no title":         {`{"0":{"cik_str":1,"ticker":"A","title":" "}}`, `entry "0": no title`},
		"NUL in the title": {`{"0":{"cik_str":1,"ticker":"A","title":"\u0000"}}`, "NUL"},
		"duplicate tickers": {
			`{"0":{"cik_str":1,"ticker":"A","title":"A"},"1":{"cik_str":2,"ticker":"a","title":"B"}}`,
			`entry "1": ticker A is also in entry "0"`,
		},
		"truncated": {`{"0":{"cik_str":1,"ticker":"A"`, "not valid JSON: it ends too early"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sec.ParseCompanyTickers(strings.NewReader(test.document))
			require.Error(t, err)
			format, ok := errors.Into[*sec.FormatError](err)
			require.True(t, ok, err)
			assert.Contains(t, format.Error(), test.message)
		})
	}
}
