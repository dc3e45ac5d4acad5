package sec_test

import (
	"bytes"
	"encoding/json"
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
	"github.com/edgevalue/edgevalue/internal/value"
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
		"null fy":           withFact("Assets", "USD", `{"end":"2020-12-31","val":1,"fy":null,"fp":null,`+report+`}`),
		"an exponent":       withFact("Assets", "USD", `{"end":"2020-12-31","val":1.5E3,`+report+`}`),
		"a future end":      withFact("Assets", "USD", `{"end":"2031-12-31","val":1,`+report+`}`),
		"a bad 8-K":         withFact("Assets", "USD", `{"end":"0000-12-31","val":1,"form":"8-K"}`),
		"a bad fact unread": withFact("Elsewhere", "USD", `{"end":5}`),
		"a null taxonomy":   `{"cik":1,"facts":{"us-gaap":null}}`,
		"a null tag":        `{"cik":1,"facts":{"us-gaap":{"Assets":null}}}`,
		"null units":        `{"cik":1,"facts":{"us-gaap":{"Assets":{"units":null}}}}`,
		"a null unit":       `{"cik":1,"facts":{"us-gaap":{"Assets":{"units":{"USD":null}}}}}`,
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
		"units as text":    {`{"cik":1,"facts":{"us-gaap":{"Assets":{"units":"x"}}}}`, "facts/us-gaap/Assets/units: not an object"},
		"unit as object":   {`{"cik":1,"facts":{"us-gaap":{"Assets":{"units":{"USD":{}}}}}}`, "facts/us-gaap/Assets/USD: not a list"},
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
		"a text that follows":  {good + `"x`, "follows"},
		"a minus that follows": {good + "-", "follows"},
		"val as a word":        {instant(`"end":"2020-12-31","val":NaN,` + report), "not valid JSON"},
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

// A fact that cannot be is left out and counted, by the first reason that holds.
func TestSkippedFacts(t *testing.T) {
	t.Parallel()
	const (
		filed  = `"filed":"2021-02-01"`
		form   = `"form":"10-K"`
		accn   = `"accn":"0000000001-21-000001"`
		report = accn + "," + filed + "," + form
	)
	for name, test := range map[string]struct{ tag, unit, fact, reason string }{
		"another form":         {"Assets", "USD", `{"end":"0000-12-31","val":1,"form":"8-K"}`, "form"},
		"no form":              {"Assets", "USD", `{"end":"2020-12-31","val":1,` + accn + "," + filed + `}`, "form"},
		"no object":            {"Assets", "USD", `7`, "form"},
		"of a tag not read":    {"Elsewhere", "pure", `{"end":"0202-12-31","val":1,` + report + `}`, "date"},
		"no accession":         {"Assets", "USD", `{"end":"2020-12-31","val":1,` + filed + "," + form + `}`, "date"},
		"NUL in the accession": {"Assets", "USD", `{"end":"2020-12-31","val":1,"accn":"\u0000-1",` + filed + "," + form + `}`, "date"},
		"no end":               {"Assets", "USD", `{"val":1,` + report + `}`, "date"},
		"end is null":          {"Assets", "USD", `{"end":null,"val":1,` + report + `}`, "date"},
		"end is a number":      {"Assets", "USD", `{"end":2020,"val":1,` + report + `}`, "date"},
		"not filed":            {"Assets", "USD", `{"end":"2020-12-31","val":1,` + accn + "," + form + `}`, "date"},
		"filed some day":       {"Assets", "USD", `{"end":"2020-12-31","val":1,"filed":"x",` + accn + "," + form + `}`, "date"},
		"no such day":          {"Assets", "USD", `{"end":"2021-02-29","val":1,` + report + `}`, "date"},
		"no such start":        {"Assets", "USD", `{"start":"2020-1-1","end":"2020-12-31","val":1,` + report + `}`, "date"},
		"start is a number":    {"Assets", "USD", `{"start":1,"end":"2020-12-31","val":1,` + report + `}`, "date"},
		"start after end":      {"Assets", "USD", `{"start":"2021-01-01","end":"2020-12-31","val":1,` + report + `}`, "date"},
		"before 1990":          {"Assets", "USD", `{"end":"1989-12-31","val":1,` + report + `}`, "date"},
		"begun before 1990":    {"Assets", "USD", `{"start":"1989-12-31","end":"1990-12-31","val":1,` + report + `}`, "date"},
		"401 days ahead":       {"Assets", "USD", `{"end":"2022-03-09","val":1,` + report + `}`, "date"},
		"400 days ahead":       {"Assets", "USD", `{"end":"2022-03-08","val":1,` + report + `}`, ""},
		"no value":             {"Assets", "USD", `{"end":"2020-12-31",` + report + `}`, "value"},
		"null":                 {"Assets", "USD", `{"end":"2020-12-31","val":null,` + report + `}`, "value"},
		"a text":               {"Assets", "USD", `{"end":"2020-12-31","val":"1",` + report + `}`, "value"},
		"2^63":                 {"Assets", "USD", `{"end":"2020-12-31","val":9223372036854775808,` + report + `}`, "value"},
		"-2^63":                {"Assets", "USD", `{"end":"2020-12-31","val":-9223372036854775808,` + report + `}`, "value"},
		"2^63 less one":        {"Assets", "USD", `{"end":"2020-12-31","val":9223372036854775807,` + report + `}`, ""},
		"2^63 of a fraction":   {"EarningsPerShareBasic", "USD/shares", `{"end":"2020-12-31","val":9223372036854775808.5,` + report + `}`, "value"},
		"a huge exponent":      {"Assets", "USD", `{"end":"2020-12-31","val":1e999999999,` + report + `}`, "value"},
		"a tiny one":           {"Assets", "USD", `{"end":"2020-12-31","val":1e-999999999,` + report + `}`, ""},
		"many digits":          {"EarningsPerShareBasic", "USD/shares", `{"end":"2020-12-31","val":0.1234567890123456789012345,` + report + `}`, ""},
		"start is null":        {"Assets", "USD", `{"start":null,"end":"2020-12-31","val":1,` + report + `}`, ""},
		"fy is a fraction":     {"Assets", "USD", `{"end":"2020-12-31","val":1,"fy":0.5,` + report + `}`, ""},
		"no shares":            {"CommonStockSharesOutstanding", "shares", `{"end":"2020-12-31","val":0,` + report + `}`, "count"},
		"fewer than none":      {"WeightedAverageNumberOfSharesOutstandingBasic", "shares", `{"end":"2020-12-31","val":-1,` + report + `}`, "count"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := sec.ParseCompanyFacts(iotest.OneByteReader(strings.NewReader(withFact(test.tag, test.unit, test.fact))))
			require.NoError(t, err)
			got := facts.Report()
			var want value.SkippedFacts
			if n := map[string]*int{"form": &want.Form, "date": &want.Date, "value": &want.Value, "count": &want.Count}[test.reason]; n != nil {
				*n = 1
				require.Len(t, facts.SkippedFacts(), 1)
				assert.Equal(t, "us-gaap:"+test.tag, facts.SkippedFacts()[0].Tag)
				assert.Equal(t, test.reason, facts.SkippedFacts()[0].Reason)
				assert.Equal(t, new(value.NoPeriodicReport), got.WhyNothing)
			}
			assert.Equal(t, want, got.Skipped)
			assert.Equal(t, 1, got.Facts)
		})
	}
}

// Of many, the first are named.
func TestSkippedFactsAreNamed(t *testing.T) {
	t.Parallel()
	d := reports()
	for i := range 25 {
		d.add(filing{accession(2021, i), "8-K", "2021-02-01", 2020}, gaap, "Goodwill", "USD", "", endFY, "1")
	}
	facts := d.parse(t)
	assert.Len(t, facts.SkippedFacts(), 20)
	assert.Equal(t, 25, facts.Report().Skipped.Form)
	assert.Equal(t, sec.SkippedFact{Tag: "us-gaap:Goodwill", Accession: accession(2021, 0), Reason: "form"}, facts.SkippedFacts()[0])
}

func TestReportOfSamples(t *testing.T) {
	t.Parallel()
	report := company(t, "AAPL").Report()
	assert.Equal(t, value.ImportReport{
		Facts: 24579, Skipped: value.SkippedFacts{Form: 1118, Date: 0, Value: 0, Count: 0},
		Filings:    value.FilingsRead{Report: 67, Repeat: 1, NoBalanceSheet: 0, NoFlow: 0},
		Statements: 86, WhyNothing: nil,
	}, report)
}

func TestParseCompanyFactsRefusesTooManyReports(t *testing.T) {
	t.Parallel()
	d := document{}
	for i := range 3001 {
		d.add(filing{accession(2021, i), "10-K", "2021-02-01", 2020}, gaap, "Assets", "USD", "", endFY, "1")
	}
	_, err := sec.ParseCompanyFacts(bytes.NewReader(d.json(t)))
	require.ErrorContains(t, err, "more than 3000 reports")
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
		history := facts.History()
		statements := facts.Statements(time.Time{})
		require.Equal(t, statements, holding(history, facts.NewestFiled()))
		facts.Restatements(history)
		for _, s := range statements {
			explanations, ok := facts.Explain(time.Time{}, s.Period, s.EndDate)
			require.True(t, ok)
			_, err := json.Marshal(explanations)
			require.NoError(t, err)
		}
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
		history, dividends := facts.Histories()
		counts := facts.ShareCounts()
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		runtime.KeepAlive(history)
		runtime.KeepAlive(dividends)
		runtime.KeepAlive(counts)
	}
	b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
}

func TestIsPeriodic(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"10-K", "10-KT", "10-Q", "10-QT", "20-F", "40-F", "6-K"} {
		assert.True(t, sec.IsPeriodic(form), form)
		assert.True(t, sec.IsPeriodic(form+"/A"), form)
	}
	for _, form := range []string{"", "8-K", "10-K405", "NT 10-K", "10-k", "10-K/A/A"} {
		assert.False(t, sec.IsPeriodic(form), form)
	}
}
