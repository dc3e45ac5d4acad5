package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

// report is one year's facts as filed.
type report struct {
	year            int
	filed           string
	revenue, assets string // JSON numbers
	fy              string // JSON, by default the year
}

// facts is a company-facts document; cik is a number, or another JSON value to be written as it is.
func facts(cik any, reports ...report) []byte {
	list := func(value func(report) string, duration bool) string {
		var parts []string
		for i, r := range reports {
			start := ""
			if duration {
				start = fmt.Sprintf(`"start":"%d-01-01",`, r.year)
			}
			fy := r.fy
			if fy == "" {
				fy = fmt.Sprint(r.year)
			}
			parts = append(parts,
				fmt.Sprintf(`{%s"end":"%d-12-31","val":%s,"accn":"0000000001-%s-%06d","fy":%s,"fp":"FY","form":"10-K","filed":"%s"}`,
					start, r.year, value(r), r.filed[2:4], i+1, fy, r.filed))
		}
		return strings.Join(parts, ",")
	}
	return fmt.Appendf(nil, `{"cik":%v,"entityName":"Example Corp","facts":{"us-gaap":{`+
		`"Revenues":{"label":null,"units":{"USD":[%s]}},"Assets":{"units":{"USD":[%s]}}}}}`,
		cik, list(func(r report) string { return r.revenue }, true), list(func(r report) string { return r.assets }, false))
}

func compressed(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

var (
	first2020  = report{year: 2020, filed: "2021-02-01", revenue: "1000", assets: "5000"}
	second2020 = report{year: 2020, filed: "2022-02-01", revenue: "1100", assets: "5000"} // restated a year later
	first2021  = report{year: 2021, filed: "2022-02-01", revenue: "1200", assets: "6000"}
)

func TestImportOfFacts(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker, own, cik, ownCIK, noCIK := unique("E"), unique("O"), uniqueCIK(), uniqueCIK(), uniqueCIK()
	file := facts(cik, first2020)
	queued := f.upload("sec-company-facts?ticker="+strings.ToLower(ticker)+"&exchange=NYSE&file_name=facts.json", file)
	assert.Equal(t, oas.ImportKindSecCompanyFacts, queued.Kind)
	assert.Equal(t, oas.ImportStateQueued, queued.State)
	assert.Equal(t, oas.NewNilString(ticker), queued.Ticker)
	assert.Equal(t, oas.NewNilString("NYSE"), queued.Exchange)
	assert.Equal(t, oas.NewNilString("facts.json"), queued.FileName)
	assert.Equal(t, oas.NewNilInt64(int64(len(file))), queued.Total)
	assert.False(t, queued.JobID.Null)
	assert.True(t, queued.StartedAt.Null && queued.FinishedAt.Null && queued.Error.Null)
	me, err := f.super.GetCurrentUser(t.Context())
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilInt64(me.ID), queued.CreatedBy)
	done := f.finished(queued.ID)
	require.Equal(t, oas.ImportStateSucceeded, done.State, done.Error.Value)
	assert.EqualValues(t, len(file), done.Done)
	assert.EqualValues(t, 1, done.Written)
	assert.Zero(t, done.Unchanged+done.Skipped)
	assert.False(t, done.StartedAt.Null || done.FinishedAt.Null)
	if !remote() {
		assert.Equal(t, 1, f.count("SELECT count(*) FROM river_job WHERE id = $1 AND state = 'completed'", done.JobID.Value))
	}

	c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(ticker)})
	require.NoError(t, err, "the company is created for its ticker")
	assert.Equal(t, "Example Corp", c.Name)
	assert.Equal(t, oas.NewNilInt64(cik), c.Cik)
	assert.Equal(t, oas.NewNilString("NYSE"), c.Listings[0].Exchange)

	f.unchanged("sec-company-facts", compressed(file)) // the same, found by its CIK, compressed
	im := f.imported("sec-company-facts", append(file, '\n'))
	assert.EqualValues(t, []int64{0, 1, 0}, []int64{im.Written, im.Unchanged, im.Skipped}, "the same figures")
	im = f.finished(f.upload("sec-company-facts", compressed(file)).ID)
	assert.EqualValues(t, len(file), im.Total.Value, "the size is that of the unpacked file")

	// A newer file updates what changed and keeps the publish date.
	statement := f.statements(ticker, oas.OptDate{})[period{2020, 0}]
	newer := facts(cik, first2020, second2020, first2021)
	im = f.imported("sec-company-facts", newer)
	assert.Positive(t, im.Written)
	got := f.statements(ticker, oas.OptDate{})
	assert.Len(t, got, 2)
	assert.Equal(t, statement.ID, got[period{2020, 0}].ID)
	assert.Equal(t, oas.NewNilInt64(1100), got[period{2020, 0}].TotalRevenues)
	assert.Equal(t, day("2021-02-01"), got[period{2020, 0}].PublishDate)
	assert.Equal(t, day("2022-02-01"), got[period{2020, 0}].KnownFrom)
	assert.Equal(t, oas.NewNilInt64(1000),
		f.statements(ticker, oas.NewOptDate(day("2022-01-31")))[period{2020, 0}].TotalRevenues)
	f.unchanged("sec-company-facts", newer)

	// An older file after a newer one changes nothing.
	im = f.imported("sec-company-facts", file)
	assert.Zero(t, im.Written)
	assert.Positive(t, im.Skipped)
	assert.Equal(t, got, f.statements(ticker, oas.OptDate{}))

	// A listing that is added later belongs to the same company.
	im = f.imported("sec-company-facts?ticker="+ticker+".B", newer)
	assert.Zero(t, im.Written)
	c, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(strings.ToLower(ticker) + ".b")})
	require.NoError(t, err)
	assert.Equal(t, ticker, c.Ticker)
	assert.Len(t, c.Listings, 2)

	// A company that was entered without CIK gets it.
	f.createCompany(own)
	f.imported("sec-company-facts?ticker="+strings.ToLower(own), facts(ownCIK, first2020))
	c, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(own)})
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilInt64(ownCIK), c.Cik)
	assert.Equal(t, own+" Inc.", c.Name, "its name stays")
	assert.Len(t, f.statements(own, oas.OptDate{}), 1)

	refused := func() {
		t.Helper()
		assert.Contains(t, f.refused("sec-company-facts?ticker="+own, file), fmt.Sprintf("not a ticker of CIK %d", cik))
		assert.Contains(t, f.refused("sec-company-facts?ticker="+own, facts(noCIK, first2020)), fmt.Sprintf("CIK %d", ownCIK))
		assert.Contains(t, f.refused("sec-company-facts", facts(noCIK, first2020)),
			fmt.Sprintf("CIK %d is not in the list of companies", noCIK))
	}
	if remote() {
		refused()
		return
	}
	before := f.rows()
	refused()
	assert.Equal(t, before, f.rows())
}

func TestNoImportOverwritesWhatWasEnteredByHand(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker, cik := unique("E"), uniqueCIK()
	f.imported("sec-company-facts?ticker="+ticker, facts(cik, first2020))
	id := f.statements(ticker, oas.OptDate{})[period{2020, 0}].ID
	_, err := f.super.ReplaceFinancialStatement(t.Context(), &oas.FinancialStatementInput{
		Period: oas.PeriodAnnual, FiscalYear: 2020, EndDate: day("2020-12-31"), PublishDate: day("2021-02-01"),
		Currency:      "USD",
		TotalRevenues: oas.NewOptNilInt64(7), NetIncome: oas.NewOptNilInt64(1),
	}, oas.ReplaceFinancialStatementParams{ID: id})
	require.NoError(t, err)
	f.createStatement(ticker, &oas.FinancialStatementInput{
		Period: oas.PeriodAnnual, FiscalYear: 2021, EndDate: day("2021-12-31"), PublishDate: day("2022-01-31"),
		Currency: "USD", TotalRevenues: oas.NewOptNilInt64(8),
	})
	before := f.statements(ticker, oas.OptDate{})
	assertDecimal(t, "0.142857142857", f.metrics(ticker)[1].NetProfitMargin)

	im := f.imported("sec-company-facts", facts(cik, first2020, second2020, first2021))
	assert.EqualValues(t, 1, im.Written, "what was known before it was replaced")
	assert.Positive(t, im.Skipped)
	assert.Equal(t, before, f.statements(ticker, oas.OptDate{}))
	then := f.statements(ticker, oas.NewOptDate(day("2022-02-01")))[period{2020, 0}]
	assert.Equal(t, oas.NewNilInt64(1100), then.TotalRevenues)
	assert.Equal(t, oas.SourceSec, then.Source)
	assert.False(t, then.SetBy.Null)
	assert.Equal(t, oas.NewNilInt64(1000),
		f.statements(ticker, oas.NewOptDate(day("2021-12-31")))[period{2020, 0}].TotalRevenues, "what was known then")

	// Once it is deleted, the file brings back what was filed.
	require.NoError(t, f.super.DeleteFinancialStatement(t.Context(), oas.DeleteFinancialStatementParams{ID: id}))
	f.imported("sec-company-facts", facts(cik, first2020, second2020, first2021))
	assert.Equal(t, oas.NewNilInt64(1100), f.statements(ticker, oas.OptDate{})[period{2020, 0}].TotalRevenues)

	// Dividends likewise.
	z, err := gzip.NewReader(bytes.NewReader(sampleFile(t, apple)))
	require.NoError(t, err)
	plain, err := io.ReadAll(z)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(plain, []byte(`{"cik":320193,`)))
	file := compressed(bytes.Replace(plain, []byte("320193"), fmt.Append(nil, uniqueCIK()), 1)) // another company like Apple
	ticker = unique("E")
	f.imported("sec-company-facts?ticker="+ticker, file)
	find := func() (found []oas.Dividend) {
		page, err := f.anon.ListCompanyDividends(t.Context(), oas.ListCompanyDividendsParams{
			Ticker: oas.Ticker(ticker), PageSize: oas.NewOptInt32(1000),
		})
		require.NoError(t, err)
		for _, d := range page.Items {
			if d.PeriodEnd.Value.Equal(day("2020-09-26")) {
				found = append(found, d)
			}
		}
		return found
	}
	require.Len(t, find(), 1)
	assert.Equal(t, oas.SourceSec, find()[0].Source)
	in := dividend2023()
	in.PeriodEnd = oas.NewOptNilDate(day("2020-09-26"))
	d := f.createDividend(ticker, in)
	assert.Equal(t, []oas.Dividend{*d}, find(), "it stands in for the imported one")
	f.unchanged("sec-company-facts", file)
	assert.Equal(t, []oas.Dividend{*d}, find())
	require.NoError(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: d.ID}))
	assert.EqualValues(t, 1, f.imported("sec-company-facts", file).Written)
	require.Len(t, find(), 1)
	_, err = f.super.ReplaceDividend(t.Context(), in, oas.ReplaceDividendParams{ID: find()[0].ID})
	require.NoError(t, err)
	d = &find()[0]
	assert.Equal(t, oas.SourceManual, d.Source)
	assert.Zero(t, f.imported("sec-company-facts", file).Written)
	assert.Equal(t, []oas.Dividend{*d}, find())
}

func TestImportOfCompanies(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	goog, taken, added, cik := unique("G"), unique("T"), unique("N"), uniqueCIK()
	f.createCompany(taken)
	list := fmt.Sprintf(`{"0":{"cik_str":%d,"ticker":"%sL","title":"Alphabet Inc."},"1":{"cik_str":"%010d","ticker":"%s","title":"Alphabet Inc."},
		"2":{"cik_str":%d,"ticker":"%s","title":"Other"},"3":{"cik_str":%d,"ticker":"%s","title":"New"}}`,
		cik, goog, cik, strings.ToLower(goog), uniqueCIK(), taken, uniqueCIK(), added)
	im := f.imported("companies", []byte(list))
	assert.EqualValues(t, []int64{5, 0, 1}, []int64{im.Written, im.Unchanged, im.Skipped},
		"two companies, three listings; one is another's")
	c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(goog)})
	require.NoError(t, err)
	assert.Equal(t, goog+"L", c.Ticker)
	assert.Len(t, c.Listings, 2)
	im = f.imported("companies", []byte(strings.Replace(list, `"title":"New"`, `"title":"Renamed"`, 1)))
	assert.EqualValues(t, []int64{1, 4, 1}, []int64{im.Written, im.Unchanged, im.Skipped})
	c, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(added)})
	require.NoError(t, err)
	assert.Equal(t, "Renamed", c.Name)
	c, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(taken)})
	require.NoError(t, err)
	assert.Equal(t, taken+" Inc.", c.Name)
}

func TestImportOfPricesAndSplits(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	aapl, msft := unique("A"), unique("M")
	f.createCompany(aapl)
	f.createCompany(msft)
	im := f.imported("prices?ticker="+strings.ToLower(aapl),
		[]byte("\ufeffclose,Date, volume\r\n1.50,2020-01-02,\r\n1.75,2020-01-03,100.0\r\n"))
	assert.EqualValues(t, []int64{2, 0, 0}, []int64{im.Written, im.Unchanged, im.Skipped})
	page, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: oas.Ticker(aapl)})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	p := page.Items[0]
	assert.Equal(t, day("2020-01-02"), p.Date)
	assert.Equal(t, "1.5", p.Close.String())
	assert.True(t, p.Open.Null && p.High.Null && p.Low.Null && p.Volume.Null)
	assert.Equal(t, "0", p.ExDividend.String())
	assert.Equal(t, "1", p.SplitRatio.String())
	assert.Equal(t, oas.NewNilInt64(100), page.Items[1].Volume)
	im = f.imported("prices?ticker="+aapl,
		[]byte("date,close,open,high,low,ex_dividend,split_ratio,volume\n2020-01-03,1.75,,,,,,100\n2020-01-02,1.6,1,2,1,0.1,4,7\n2020-01-06,3,,,,,,\n"))
	assert.EqualValues(t, []int64{2, 1, 0}, []int64{im.Written, im.Unchanged, im.Skipped})
	page, err = f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: oas.Ticker(aapl)})
	require.NoError(t, err)
	assert.Equal(t, "1.6", page.Items[0].Close.String())
	assert.Equal(t, "4", page.Items[0].SplitRatio.String())
	other, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: oas.Ticker(msft)})
	require.NoError(t, err)
	assert.Empty(t, other.Items)

	im = f.imported("splits", fmt.Appendf(nil, "ratio,effective_date,ticker\n4,2020-08-31,%s\n2,2003-02-18,%s\n", strings.ToLower(aapl), msft))
	assert.EqualValues(t, []int64{2, 0, 0}, []int64{im.Written, im.Unchanged, im.Skipped})
	im = f.imported("splits", fmt.Appendf(nil, "ticker,effective_date,ratio\n%s,2020-08-31,4.0\n%s,2003-02-18,3\n", aapl, msft))
	assert.EqualValues(t, []int64{1, 1, 0}, []int64{im.Written, im.Unchanged, im.Skipped})
	splits, err := f.anon.ListCompanySplits(t.Context(), oas.ListCompanySplitsParams{Ticker: oas.Ticker(msft)})
	require.NoError(t, err)
	require.Len(t, splits.Items, 1)
	assert.Equal(t, "3", splits.Items[0].Ratio.String())
}

// Files that cannot be imported: each import says why, and leaves nothing behind.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	aapl, msft, bad, nope, fine := unique("A"), unique("M"), unique("B"), unique("N"), unique("F")
	f.createCompany(aapl)
	f.createCompany(msft)
	two := alphabet()
	_, err := f.super.CreateCompany(t.Context(), two)
	require.NoError(t, err)
	goog := string(two.Listings[0].Ticker)
	var before map[string]int
	if !remote() {
		before = f.rows()
	}
	today, future := start.Format(time.DateOnly), tomorrow().Format(time.DateOnly)
	if remote() {
		today = time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly) // in any case
	}
	good := string(facts(1234567, first2020, first2021))
	change := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	factsKind, prices, list := "sec-company-facts?ticker="+bad, "prices?ticker="+aapl, "companies"
	cases := map[string]struct{ kind, file, message string }{
		"malformed JSON": {factsKind, change(`"Assets":{`, `"Assets":{,`), "not valid JSON"},
		"truncated JSON": {factsKind, good[:len(good)-7], "not valid JSON: it ends too early"},
		"HTML": {
			factsKind, "<!DOCTYPE html><html><body>Undeclared Automated Tool</body></html>", "not a JSON object",
		},
		"another document":    {factsKind, `{"cik":320193,"name":"Apple"}`, "no facts"},
		"a list of companies": {factsKind, `{"0":{"cik_str":1,"ticker":"A","title":"A"}}`, "no cik"},
		"filed in the future": {
			factsKind, strings.ReplaceAll(good, "2022-02-01", future), future + ", which is in the future",
		},
		"NUL in the name": {factsKind, change("Example", `Ex\u0000`), "NUL"},
		"NUL bytes":       {factsKind, change("Example", "Ex\x00"), "not valid JSON"},
		"only NUL bytes":  {factsKind, "\x00\x00\x00\x00", "not a JSON object"},
		"lone surrogate":  {factsKind, change("Example", `\ud800`), "lone surrogate"},
		"invalid UTF-8":   {factsKind, change("Example", "\xff\xfe"), "Unicode"},
		"long name": {
			factsKind, change("Example", strings.Repeat("x", 301)), "name must have 1 to 300 characters",
		},
		"deep":             {factsKind, strings.Repeat(`{"a":`, 100_000), "not valid JSON"},
		"CIK of a word":    {factsKind, change("1234567", `"AAPL"`), "Central Index Key"},
		"gzip in gzip":     {factsKind, string(compressed(compressed([]byte(good)))), "not a JSON object"},
		"no ticker's form": {list, `{"0":{"cik_str":1,"ticker":"A B","title":"A"}}`, "not a ticker"},
		"duplicate tickers": {
			list, `{"0":{"cik_str":1,"ticker":"A","title":"A"},"1":{"cik_str":2,"ticker":"a","title":"B"}}`, "ticker A is also in",
		},
		"list as HTML":  {list, "<html>", `line 1: unknown column "<html>": want ticker, name; and there may be cik, exchange`},
		"list as facts": {list, good, "not a listing"},
		"long title": {
			list, fmt.Sprintf(`{"0":{"cik_str":%d,"ticker":"%s","title":"%s"}}`, uniqueCIK(), bad, strings.Repeat("x", 301)),
			"name must have 1 to 300 characters",
		},
		"surrogate in the list": {list, `{"0":{"cik_str":1,"ticker":"A","title":"\udfff"}}`, "lone surrogate"},
		"broken line": {
			prices, "date,close\n2020-01-02,1\n2020-01-03,1,2\n", "line 3: has not as many columns as the first line",
		},
		"broken quotes": {prices, "date,close\n2020-01-02,1\n\"2020-01-03,1\n", "line 3: a quoted field does not end"},
		"bare quotes":   {prices, "date,close\n2020-01-02,1\n2020-01-03,\"1\"2\n", "line 3"},
		"too long": {
			prices, "date,close\n2020-01-02," + strings.Repeat("1", 41) + "\n", "line 2: close",
		},
		"exponent": {
			prices, "date,close,open\n2020-01-02,1,1e2000000000\n", "line 2: open",
		},
		"no price": {prices, "date,close\n", "line 1: no line follows"},
		"commas in the closes": {
			prices, "date,close\n2020-01-02,\"1,5\"\n2020-01-03,null\n", `line 2: close "1,5" is no number above 0, nor is that of any other line`,
		},
		"no column":      {prices, "date,open\n2020-01-02,1\n", `column "close" is missing`},
		"unknown column": {prices, "date,close,closing\n", `unknown column "closing"`},
		"column twice":   {prices, "date,close,close\n", `column "close" appears twice`},
		"volume":         {prices, "date,close,volume\n2020-01-02,1,1.5\n", "line 2: volume"},
		"large volume": {
			prices, "date,close,volume\n2020-01-02,1,9223372036854775808\n", "line 2: volume",
		},
		"split ratio 0": {
			prices, "date,close,split_ratio\n2020-01-02,1,0\n", "line 2: split_ratio",
		},
		"price of tomorrow": {prices, "date,close\n" + today + ",1\n" + future + ",1\n", "line 3: date"},
		"price of year 0":   {prices, "date,close\n0000-01-02,1\n", "line 2: date"},
		"date twice": {
			prices, "date,close\n2020-01-02,1\n2020-01-03,1\n2020-01-02,2\n",
			"line 4: date 2020-01-02 stands on line 2 already",
		},
		"NUL in the CSV":    {prices, "date,close,open\n2020-01-02,1,\x001\n", "line 2: open"},
		"NUL in the header": {prices, "date,close\x00\n", "unknown column"},
		"prices as HTML":    {prices, "<html>\n", "unknown column"},
		"a long line":       {prices, "date,close\n2020-01-02,\"" + strings.Repeat("1\n", 40_000) + "\"\n", "line 2: has more than 65536 bytes"},
		"many lines":        {"splits", "ticker,effective_date,ratio\n" + manySplits(), "line 100002: more than 100000 lines"},
		"line break only":   {prices, "\n", "is empty"},
		"split of year 0": {
			"splits", "ticker,effective_date,ratio\n" + aapl + ",0000-08-31,4\n", "line 2: effective_date",
		},
		"split of far": {
			"splits", "ticker,effective_date,ratio\n" + aapl + "," + tomorrow().AddDate(2, 0, 0).Format(time.DateOnly) + ",4\n", "line 2: effective_date",
		},
		"split of nobody": {
			"splits", fmt.Sprintf("ticker,effective_date,ratio\n%s,2020-08-31,4\n%s,2020-08-31,4\n%s,2020-09-01,4\n", aapl, nope, nope),
			"no company has the ticker " + nope,
		},
		"split of no ticker":   {"splits", "ticker,effective_date,ratio\nA B,2020-08-31,4\n", "line 2: ticker"},
		"split without ticker": {"splits", "ticker,effective_date,ratio\n,2020-08-31,4\n", "line 2: ticker"},
		"split with NUL": {
			"splits", "ticker,effective_date,ratio\nAA\x00PL,2020-08-31,4\n", "line 2: ticker",
		},
		"split ratio": {"splits", "ticker,effective_date,ratio\n" + aapl + ",2020-08-31,0\n", "line 2: ratio"},
		"split twice": {
			"splits", fmt.Sprintf("ticker,effective_date,ratio\n%s,2020-08-31,4\n%s,2020-08-31,4\n%s,2020-08-31,5\n", aapl, msft, strings.ToLower(aapl)),
			"line 4: this split stands on line 2 already",
		},
		"split of both of a company": {
			"splits", fmt.Sprintf("ticker,effective_date,ratio\n%s,2022-07-18,20\n%sL,2022-07-18,21\n", goog, goog), "two different things",
		},
		"splits with a broken line 3": {"splits", fmt.Sprintf("ticker,effective_date,ratio\n%s,2020-08-31,4\n%s\n", aapl, msft), "line 3"},
	}
	ids := map[string]int64{}
	for name, c := range cases {
		ids[name] = f.upload(c.kind, []byte(c.file)).ID
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			im := f.in(t).finished(ids[name])
			require.Equal(t, oas.ImportStateFailed, im.State)
			assert.NotRegexp(t, decoderWords, im.Error.Value)
			message := im.Error.Value
			assert.Contains(t, message, c.message)
			assert.NotContains(t, message, "internal error")
			assert.NotContains(t, message, "\x00")
		})
	}
	_, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(bad)})
	problem(t, err, http.StatusNotFound)
	if !remote() {
		assert.Equal(t, before, f.rows())
		require.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM river_job WHERE kind = 'import' AND state = 'running'") == 0
		}, 10*time.Second, 10*time.Millisecond)
		assert.Zero(t,
			f.count("SELECT count(*) FROM river_job WHERE kind = 'import' AND (state <> 'discarded' OR attempt <> 1)"), "no retry heals them")
	}

	// What looks odd and is fine.
	cik := uniqueCIK()
	f.imported("sec-company-facts?ticker="+fine, facts(fmt.Sprintf(`"%010d"`, cik), report{
		year: 2020, filed: "2021-02-01", revenue: "1", assets: "2", fy: "null",
	}))
	assert.Len(t, f.statements(fine, oas.OptDate{}), 1)
	assert.EqualValues(t, 1, f.imported("sec-company-facts", append([]byte("\ufeff"), facts(cik, first2020)...)).Written, "a byte order mark")
	f.imported("companies", fmt.Appendf(nil, `{"0":{"cik_str":"%d","ticker":"%s.B","title":"Fine"}}`, cik, fine))
	im := f.imported("companies", fmt.Appendf(nil, `{"0":{"cik_str":%d,"title":"No ticker"},"1":{"cik_str":%d,"ticker":null,"title":"None"}}`, cik, cik))
	assert.EqualValues(t, []int64{0, 0, 2}, []int64{im.Written, im.Unchanged, im.Skipped})
	im = f.imported(prices, []byte("date,close\n2020-01-02,one\n2020-01-03,\n2020-01-06,null\n2020-01-07,0\n2020-01-08,-1\nTotal,NaN\n2020-01-09,Infinity\n2020-01-10,1\n"))
	assert.EqualValues(t, []int64{1, 0, 7}, []int64{im.Written, im.Unchanged, im.Skipped}, "no close above zero")
}

// Files that are not even taken in.
func TestRefusedUploads(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	whole := sampleFile(t, apple)
	flipped := slices.Clone(whole)
	flipped[len(flipped)/2] ^= 0xff
	checksum := slices.Clone(whole)
	checksum[len(checksum)-6] ^= 0xff
	var bomb bytes.Buffer
	z, err := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	require.NoError(t, err)
	block := make([]byte, 1<<20)
	for range 65 {
		_, _ = z.Write(block)
	}
	require.NoError(t, z.Close())
	post := func(kind string, body io.Reader, header ...string) (*http.Response, []byte) {
		return f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/"+kind, body,
			append(header, "Expect", "100-continue")...)
	}
	for _, kind := range []string{"companies", "sec-company-facts", "prices?ticker=" + ticker, "splits", "exchange-rates"} {
		for name, file := range map[string][]byte{
			"empty": {}, "truncated gzip": whole[:len(whole)/2], "gzip without its end": whole[:len(whole)-3],
			"gzip header": whole[:10], "gzip magic": whole[:2],
			"flipped bits": flipped, "checksum": checksum, "no gzip": []byte("\x1f\x8bno gzip at all, really"),
			"garbage after": append(slices.Clone(whole), "garbage"...),
			"empty gzip":    compressed(nil),
		} {
			res, body := post(kind, bytes.NewReader(file), "Content-Type", "application/gzip")
			requireProblem(t, res, body, http.StatusUnprocessableEntity, kind+": "+name)
			p := decodeProblem(t, body)
			require.Len(t, p.Errors, 1)
			assert.Equal(t, "", p.Errors[0].Field)
		}
		if strings.HasPrefix(kind, "prices") { // which may have more
			continue
		}
		res, body := post(kind, bytes.NewReader(bomb.Bytes()), "Content-Type", "application/gzip")
		requireProblem(t, res, body, http.StatusRequestEntityTooLarge, kind+": gzip bomb")
		assert.Contains(t, string(body), "64 MiB")
	}
	res, body := post("companies", bytes.NewReader(make([]byte, 65<<20)), "Content-Type", "application/json")
	requireProblem(t, res, body, http.StatusRequestEntityTooLarge, "65 MiB")
	res, body = post("splits", io.MultiReader(bytes.NewReader(make([]byte, app.MaxFileSize+2))), "Content-Type",
		"text/csv") // in chunks
	requireProblem(t, res, body, http.StatusRequestEntityTooLarge, "2 bytes too many, of unknown size")
	if !remote() {
		assert.Equal(t, 0, f.count("SELECT (SELECT count(*) FROM import) + (SELECT count(*) FROM document) + (SELECT count(*) FROM river_job WHERE kind = 'import')"))
	}

	for _, contentType := range []string{"", "text/csv; charset=utf-8", "application/x-www-form-urlencoded", "nonsense"} {
		var header []string
		if contentType != "" {
			header = []string{"Content-Type", contentType}
		}
		res, body := post("splits", strings.NewReader("ticker,effective_date,ratio\n"), header...)
		assert.Equal(t, http.StatusAccepted, res.StatusCode, "%q: any content type is fine: %s", contentType, body)
	}
}

// A body that breaks off is its client's doing, not the server's nor the database's.
func TestAbortedUpload(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	for path, start := range map[string]string{
		"/imports/companies": "", "/imports/splits": "ticker,effective_date,ratio\n",
		"/imports/sec-company-facts": string(sampleFile(t, apple)[:1000]), "/companies": `{"name": "A`,
	} {
		for name, framing := range map[string]string{
			"sized":     "Content-Length: 100000\r\n\r\n" + start,
			"in chunks": "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n", len(start)+1) + start,
		} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
			require.NoError(t, err)
			_, err = fmt.Fprintf(conn, "POST %s%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nX-Request-Id: %s\r\n"+
				"Content-Type: application/json\r\n%s", api.Prefix, path, f.superToken, unique("R"), framing)
			require.NoError(t, err)
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			requireProblem(t, res, body, http.StatusBadRequest, path+" "+name)
			assert.Contains(t, string(body), "the body breaks off", path+" "+name)
		}
	}
	assert.NotContains(t, f.log.String(), "ERROR")
	assert.NotContains(t, f.log.String(), "database")
	assert.Equal(t, 0, f.count("SELECT count(*) FROM import"))
}

// uploadPrices starts n imports of a price each.
func (f *fixture) uploadPrices(ticker string, n int) (ids []int64) {
	f.t.Helper()
	for i := range n {
		ids = append(ids, f.upload("prices?ticker="+ticker, fmt.Appendf(nil, "date,close\n2020-01-0%d,1\n", i+2)).ID)
	}
	return ids
}

func TestListImports(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker, size := unique("T"), 2
	if remote() {
		size = 50 // there are many
	}
	f.createCompany(ticker)
	ids := f.uploadPrices(ticker, 5)
	var listed []int64
	for _, im := range pages(t, size, func(token oas.OptString) ([]oas.Import, oas.NilString) {
		page, err := f.super.ListImports(t.Context(), oas.ListImportsParams{
			PageSize: oas.NewOptInt32(int32(size)), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	}) {
		if im.Ticker.Value == ticker || !remote() {
			listed = append(listed, im.ID)
		}
	}
	slices.Reverse(listed)
	assert.Equal(t, ids, listed)
	for _, id := range ids {
		assert.Equal(t, oas.ImportStateSucceeded, f.finished(id).State)
	}
	_, err := f.super.CancelImport(t.Context(), oas.CancelImportParams{ID: ids[0]})
	problem(t, err, http.StatusConflict)
}

func TestCancelQueuedImport(t *testing.T) {
	t.Parallel()
	f := setup(t, options{}) // nobody works on them yet
	f.createCompany("AAPL")
	before := f.rows()
	ids := f.uploadPrices("AAPL", 5)
	page, err := f.super.ListImports(t.Context(), oas.ListImportsParams{})
	require.NoError(t, err)
	require.Len(t, page.Items, 5)
	for _, im := range page.Items {
		assert.Equal(t, oas.ImportStateQueued, im.State)
	}

	im, err := f.super.CancelImport(t.Context(), oas.CancelImportParams{ID: ids[0]})
	require.NoError(t, err)
	assert.Equal(t, oas.ImportStateCancelled, im.State)
	assert.False(t, im.FinishedAt.Null)
	_, err = f.super.CancelImport(t.Context(), oas.CancelImportParams{ID: ids[0]})
	problem(t, err, http.StatusConflict)
	require.NoError(t, f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: "AAPL"}))
	f.work()
	for _, id := range ids[1:] {
		im := f.finished(id)
		assert.Equal(t, oas.ImportStateFailed, im.State)
		assert.Contains(t, im.Error.Value, "no such company", "the company went in the meantime")
	}
	im = f.finished(ids[0])
	assert.Equal(t, oas.ImportStateCancelled, im.State)
	assert.True(t, im.StartedAt.Null, "a cancelled import does not begin")
	f.createCompany("AAPL")
	assert.Equal(t, before, f.rows())
}

func TestCancelRunningImport(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	before := f.rows()
	id := f.upload("sec-company-facts?ticker=EXMP", facts(1234567, first2020)).ID
	hold, err := f.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = hold.Rollback(t.Context()) }()
	_, err = hold.Exec(t.Context(),
		"LOCK TABLE document IN ACCESS EXCLUSIVE MODE") // so that the import waits for its file
	require.NoError(t, err)
	f.work()
	var im *oas.Import
	require.Eventually(t, func() bool {
		var err error
		im, err = f.super.GetImport(t.Context(), oas.GetImportParams{ID: id})
		return err == nil && im.State == oas.ImportStateRunning
	}, 15*time.Second, 10*time.Millisecond)
	assert.False(t, im.StartedAt.Null)
	im, err = f.super.CancelImport(t.Context(), oas.CancelImportParams{ID: id})
	require.NoError(t, err)
	assert.Equal(t, oas.ImportStateCancelled, im.State)
	require.NoError(t, hold.Rollback(t.Context()))
	require.Eventually(t, func() bool {
		return f.count("SELECT count(*) FROM river_job WHERE id = $1 AND state = 'cancelled'", im.JobID.Value) == 1
	}, 15*time.Second, 10*time.Millisecond)
	assert.Equal(t, oas.ImportStateCancelled, f.finished(id).State)
	assert.Equal(t, before, f.rows())
}

// A foreign key that points nowhere is told as a conflict.
func TestActorIsGone(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	_, err := f.app.StartImport(t.Context(), app.Actor{UserID: 1 << 40, Superuser: true}, app.ImportRequest{
		Kind: app.ImportCompanies, File: strings.NewReader("{}"),
	})
	var e *app.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, app.Conflict, e.Code)
	assert.Equal(t, 0, f.count("SELECT (SELECT count(*) FROM import) + (SELECT count(*) FROM document)"))
}

func manySplits() string {
	var b strings.Builder
	for i := range 100_001 {
		fmt.Fprintf(&b, "T%d,2020-08-31,4\n", i)
	}
	return b.String()
}
