package sec_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// withFact returns a document with one fact.
func withFact(tag, unit, fact string) string {
	return fmt.Sprintf(`{"cik":1,"entityName":"Example","facts":{"us-gaap":{
		%q:{"label":"x","description":null,"units":{%q:[%s]}}}}}`, tag, unit, fact)
}

func TestParseCompanyFactsTolerates(t *testing.T) {
	t.Parallel()
	const report = `"accn":"0000000001-21-000001","filed":"2021-02-01","form":"10-K"`
	for name, document := range map[string]string{
		"no facts at all":   `{"cik":1,"entityName":null,"facts":{}}`,
		"cik as a string":   `{"cik":"0000320193","facts":{}}`,
		"cik after facts":   `{"facts":{},"cik":7}`,
		"a duplicated key":  `{"cik":1,"cik":2,"facts":{},"facts":{}}`,
		"null fy and val":   withFact("Assets", "USD", `{"end":"2020-12-31","val":null,"fy":null,"fp":null,`+report+`}`),
		"an exponent":       withFact("Assets", "USD", `{"end":"2020-12-31","val":1.5E3,`+report+`}`),
		"a future end":      withFact("Assets", "USD", `{"end":"2031-12-31","val":1,`+report+`}`),
		"a bad 8-K":         withFact("Assets", "USD", `{"end":"0000-12-31","val":1,"form":"8-K"}`),
		"a bad fact unread": withFact("Elsewhere", "USD", `{"end":5}`),
		"white space":       " \n{ \"cik\" : 1 , \"facts\" : { } } \n ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := sec.ParseCompanyFacts(iotest.OneByteReader(strings.NewReader(document)))
			require.NoError(t, err)
			assert.Positive(t, facts.CIK)
			assert.Empty(t, facts.Statements(time.Time{}))
			assert.Empty(t, facts.History())
			assert.Empty(t, facts.Dividends(time.Time{}))
			assert.Empty(t, facts.ShareCounts())
		})
	}
}

func TestParseCompanyFactsRefuses(t *testing.T) {
	t.Parallel()
	const report = `"accn":"0000000001-21-000001","filed":"2021-02-01","form":"10-K"`
	good := withFact("Assets", "USD", `{"end":"2020-12-31","val":1,`+report+`}`)
	_, err := sec.ParseCompanyFacts(strings.NewReader(good))
	require.NoError(t, err)

	instant := func(fields string) string { return withFact("Assets", "USD", "{"+fields+"}") }
	const place = `facts/us-gaap/Assets/USD, accession "0000000001-21-000001"`
	for name, test := range map[string]struct{ document, message string }{
		"nothing":          {"", "not a JSON object"},
		"an HTML page":     {"<!DOCTYPE html><html></html>", "not a JSON object"},
		"an array":         {"[]", "not a JSON object"},
		"another document": {`{"cik":"0000320193","name":"Apple Inc.","filings":{"recent":{}}}`, "no facts"},
		"no cik":           {`{"facts":{}}`, "no cik"},
		"cik as a word":    {`{"cik":"AAPL","facts":{}}`, `cik: "AAPL" is not`},
		"cik as an object": {`{"cik":{},"facts":{}}`, "cik: not a number"},
		"cik out of range": {`{"cik":-5,"facts":{}}`, "cik:"},
		"facts as a list":  {`{"cik":1,"facts":[]}`, "facts: not an object"},
		"taxonomy as text": {`{"cik":1,"facts":{"us-gaap":"x"}}`, "facts/us-gaap: not an object"},
		"tag as a list":    {`{"cik":1,"facts":{"us-gaap":{"Assets":[1]}}}`, "facts/us-gaap/Assets: not an object"},
		"units as null":    {`{"cik":1,"facts":{"us-gaap":{"Assets":{"units":null}}}}`, "facts/us-gaap/Assets/units: not an object"},
		"unit as object":   {`{"cik":1,"facts":{"us-gaap":{"Assets":{"units":{"USD":{}}}}}}`, "facts/us-gaap/Assets/USD: not a list"},
		"fact as a number": {withFact("Assets", "USD", "7"), "facts/us-gaap/Assets/USD: not an object"},
		"truncated":        {good[:len(good)-20], "not valid JSON: it ends too early"},
		"truncated number": {good[:strings.Index(good, `1,"accn`)+1], "not valid JSON: it ends too early"},
		"a comma too many": {strings.Replace(good, `"form":"10-K"`, `"form":"10-K",`, 1), "not valid JSON"},
		"trailing garbage": {good + "x", "follows"},
		"two documents":    {good + good, "follows"},
		"NUL in the name":  {strings.Replace(good, "Example", `Ex\u0000`, 1), "entityName: a text with a NUL byte"},
		"lone surrogate": {
			strings.Replace(good, "Example", `Ex\ud800`, 1), "entityName: a text that is not valid Unicode",
		},
		"bad UTF-8": {
			strings.Replace(good, "Example", "Ex\xff", 1), "entityName: a text that is not valid Unicode",
		},
		"NUL in accession":     {strings.Replace(good, "0000000001-", `\u0000-`, 1), "accn: not an accession number"},
		"accession missing":    {strings.Replace(good, "accn", "acc", 1), "facts/us-gaap/Assets/USD: accn"},
		"a text that follows":  {good + `"x`, "follows"},
		"a minus that follows": {good + "-", "follows"},
		"overflow": {
			instant(`"end":"2020-12-31","val":9223372036854775808,` + report),
			place + ": val: 9223372036854775808 is out of range",
		},
		"overflow, exponent": {
			instant(`"end":"2020-12-31","val":1e999999999,` + report), place + ": val: 1e999999999 is out of range",
		},
		"underflow":       {instant(`"end":"2020-12-31","val":1e-999999999,` + report), place + ": val"},
		"val as text":     {instant(`"end":"2020-12-31","val":"1",` + report), "val: not a number"},
		"val as a word":   {instant(`"end":"2020-12-31","val":NaN,` + report), "not valid JSON"},
		"end as a number": {instant(`"end":2020,"val":1,` + report), "end: not a text"},
		"year 0": {
			instant(`"end":"0000-12-31","val":1,` + report), place + `: end: the year of "0000-12-31"`,
		},
		"no such day": {
			instant(`"end":"2021-02-29","val":1,` + report), place + `: end: "2021-02-29" is not a date`,
		},
		"no end": {instant(`"val":1,` + report), place + ": end: no date"},
		"start after end": {
			instant(`"start":"2021-01-01","end":"2020-12-31","val":1,` + report), place + ": start 2021-01-01 is after",
		},
		"bad filed": {
			instant(`"end":"2020-12-31","val":1,"accn":"0000000001-21-000001","filed":"x","form":"10-K"`),
			place + `: filed: "x" is not a date`,
		},
		"fy as a fraction": {instant(`"end":"2020-12-31","val":1,"fy":0.5,` + report), place + ": fy"},
		"negative shares": {
			withFact("CommonStockSharesOutstanding", "shares", `{"end":"2020-12-31","val":-1,`+report+`}`),
			"negative number of shares",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{
				strings.NewReader(test.document), iotest.OneByteReader(strings.NewReader(test.document)),
			} {
				_, err := sec.ParseCompanyFacts(r)
				require.Error(t, err)
				format, ok := errors.Into[*sec.FormatError](err)
				require.True(t, ok, err)
				assert.Contains(t, format.Error(), test.message)
				assert.NotContains(t, format.Error(), "callback")
			}
		})
	}
}

func TestParseCompanyFactsRefusesTooManyReports(t *testing.T) {
	t.Parallel()
	d := document{}
	for i := range 1001 {
		d.add(filing{accession(2021, i), "10-K", "2021-02-01", 2020}, gaap, "Assets", "USD", "", endFY, "1")
	}
	_, err := sec.ParseCompanyFacts(bytes.NewReader(d.json(t)))
	require.ErrorContains(t, err, "more than 1000 reports")
}

// What fails is told apart: the reader, not the document.
func TestParseCompanyFactsReportsReader(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	cut := io.MultiReader(strings.NewReader(`{"cik":1,"facts":{"us-gaap":{`), iotest.ErrReader(broken))
	_, err := sec.ParseCompanyFacts(cut)
	require.ErrorIs(t, err, broken)
	_, ok := errors.Into[*sec.FormatError](err)
	assert.False(t, ok)
}

func TestParseSample(t *testing.T) {
	t.Parallel()
	facts := company(t, "AAPL")
	assert.Equal(t, int64(320193), facts.CIK)
	assert.Equal(t, "Apple Inc.", facts.EntityName)
	assert.Equal(t, date(t, "2026-01-30"), facts.NewestFiled())
}

func FuzzParseCompanyFacts(f *testing.F) {
	f.Add([]byte(`{"cik":1,"facts":{}}`))
	f.Add([]byte(`<html>`))
	f.Add(reports().json(f))
	f.Add([]byte(withFact("Assets", "USD",
		`{"end":"2020-12-31","val":1e3,"accn":"1","filed":"2021-02-01","form":"20-F"}`)))
	d := reports()
	d.add(q3, gaap, "CommonStockDividendsPerShareDeclared", "USD/shares", start, endQ3, "0.9")
	d.add(fy, gaap, "CommonStockDividendsPerShareDeclared", "USD/shares", start, endFY, "1.2")
	d.add(fy, gaap, "EarningsPerShareBasic", "USD/shares", start, endFY, "-9223372036854775808")
	d.add(fy, gaap, "Liabilities", "USD", "", endFY, "-9223372036854775808")
	d.add(fy, "dei", "EntityCommonStockSharesOutstanding", "shares", "", "2021-01-15", "55")
	f.Add(d.json(f))
	f.Fuzz(func(t *testing.T, document []byte) {
		facts, err := sec.ParseCompanyFacts(bytes.NewReader(document))
		if err != nil {
			_, ok := errors.Into[*sec.FormatError](err)
			require.True(t, ok, err)
			return
		}
		facts.Dividends(time.Time{})
		facts.ShareCounts()
		require.Equal(t, facts.Statements(time.Time{}), holding(facts.History(), facts.NewestFiled()))
	})
}

// BenchmarkCompanyFacts does for Apple what an import does in memory, and reports the most heap in use.
func BenchmarkCompanyFacts(b *testing.B) {
	document := readSample(b, files["AAPL"])
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak uint64
	for b.Loop() {
		facts, err := sec.ParseCompanyFacts(bytes.NewReader(document))
		if err != nil {
			b.Fatal(err)
		}
		history, dividends, counts := facts.History(), facts.Dividends(time.Time{}), facts.ShareCounts()
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		runtime.KeepAlive(history)
		runtime.KeepAlive(dividends)
		runtime.KeepAlive(counts)
	}
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
}
