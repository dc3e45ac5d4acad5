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
	listings, skipped, err := sec.ParseCompanyTickers(bytes.NewReader(readSample(t, "company_tickers.json.gz")))
	require.NoError(t, err)
	assert.Len(t, listings, 9610)
	assert.Zero(t, skipped)
	assert.Equal(t, sec.Listing{CIK: 789019, Ticker: "MSFT", Name: "MICROSOFT CORP"}, listings[0])
	assert.Equal(t, sec.Listing{CIK: 320193, Ticker: "AAPL", Name: "Apple Inc."}, listings[1])
	companies := make(map[int64]bool)
	for _, l := range listings {
		companies[l.CIK] = true
	}
	assert.Len(t, companies, 7919)
}

func TestParseCompanyTickersSkips(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"objects": `{"0":{"cik_str":1,"ticker":"brk/b","title":"A"},"1":{"cik_str":"0000000002","ticker":null,"title":"B"},"2":{"title":"C"}}`,
		"a table": `{"fields":["ticker","name","cik","other"],"data":[["brk/b"," A",1,{}],[null,null,null],["","C",3]]}`,
	} {
		listings, skipped, err := sec.ParseCompanyTickers(strings.NewReader(document))
		require.NoError(t, err, name)
		assert.Equal(t, []sec.Listing{{CIK: 1, Ticker: "BRK.B", Name: "A"}}, listings, name)
		assert.Equal(t, 2, skipped, name)
	}
	assert.Equal(t, "BRK.B", sec.TickerKey("brk-b"))
}

func TestParseCompanyTickersRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ document, message string }{
		"no object":        {`[]`, "not a JSON object"},
		"no listings":      {`{}`, "no listings"},
		"company facts":    {`{"cik":320193,"entityName":"Apple Inc.","facts":{}}`, `entry "cik": not a listing`},
		"another list":     {`{"fields":["cik"],"data":[]}`, "these have no ticker"},
		"no fields":        {`{"data":[[1,"A","A"]],"fields":["cik","name","ticker"]}`, "data: comes before fields"},
		"an empty table":   {`{"fields":["cik","name","ticker"],"data":[]}`, "no listings"},
		"a longer row":     {`{"fields":["cik","name","ticker"],"data":[[1,"A","A","NYSE"]]}`, "row 1: more values than fields"},
		"a shorter row":    {`{"fields":["cik","ticker","name"],"data":[[1,"A"]]}`, "row 1: no name"},
		"a row of another": {`{"fields":["cik","ticker","name"],"data":[{"cik":1}]}`, "row 1: not a listing"},
		"no list of rows":  {`{"fields":["cik","ticker","name"],"data":{}}`, `entry "data": not a listing`},
		"a ticker's form":  {`{"0":{"cik_str":1,"ticker":"A B","title":"A"}}`, `entry "0": "A B" is not a ticker`},
		"no cik":           {`{"0":{"ticker":"A","title":"A"}}`, `entry "0": no CIK`},
		"cik not a number": {`{"0":{"cik_str":"x","ticker":"A","title":"A"}}`, `entry "0", cik_str: "x" is not`},
		"no title":         {`{"0":{"cik_str":1,"ticker":"A","title":" "}}`, `entry "0": no name`},
		"NUL in the title": {`{"0":{"cik_str":1,"ticker":"A","title":"\u0000"}}`, "NUL"},
		"duplicate tickers": {
			`{"0":{"cik_str":1,"ticker":"A","title":"A"},"1":{"cik_str":2,"ticker":"a","title":"B"}}`,
			`entry "1": ticker A is also in entry "0"`,
		},
		"tickers that are alike": {
			`{"0":{"cik_str":1,"ticker":"A-B","title":"A"},"1":{"cik_str":2,"ticker":"A.B","title":"B"}}`,
			`entry "1": ticker A.B is also in entry "0"`,
		},
		"truncated": {`{"0":{"cik_str":1,"ticker":"A"`, "not valid JSON: it ends too early"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := sec.ParseCompanyTickers(strings.NewReader(test.document))
			require.Error(t, err)
			format, ok := errors.Into[*sec.FormatError](err)
			require.True(t, ok, err)
			assert.Contains(t, format.Error(), test.message)
		})
	}
}
