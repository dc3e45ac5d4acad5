package edgar_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/sec"
)

func TestParseSubmissionsSample(t *testing.T) {
	t.Parallel()
	s, err := edgar.ParseSubmissions(bytes.NewReader(marvellSubmissions(t)))
	require.NoError(t, err)
	require.Len(t, s.Filings, 787)
	assert.Equal(t, edgar.Filing{
		Accession: "0001193125-20-324587", Form: "S-4", Filed: day(t, "2020-12-22"),
		Accepted: time.Date(2020, 12, 22, 21, 37, 12, 0, time.UTC),
	}, s.Filings[786])
	periodic := 0
	for i, f := range s.Filings {
		if sec.IsPeriodic(f.Form) {
			periodic++
			assert.NotZero(t, f.ReportDate)
		}
		assert.False(t, i > 0 && f.Filed.After(s.Filings[i-1].Filed))
	}
	assert.Equal(t, 21, periodic)
	s.Filings = nil
	assert.Equal(t, edgar.Submissions{
		CIK: marvell, Name: "Marvell Technology, Inc.", SIC: "3674", SICDescription: "Semiconductors & Related Devices",
		IncorporatedIn: edgar.Place{Code: "DE", Description: "DE"}, BusinessAddress: edgar.Place{Code: "DE", Description: "DE"},
		Country: "US", FiscalYearEnd: "0130", EntityType: "operating", Category: "Large accelerated filer",
		Tickers: []string{"MRVL"}, Exchanges: []string{"Nasdaq"},
	}, s)
}

const foreign = `{"cik":"0001306965","entityType":"operating","sic":"100","sicDescription":null,"name":" Shell plc\u0000 ",
	"tickers":["SHEL","?","rys-b"],"exchanges":["NYSE",null],"website":"www.shell.com/investors","category":null,"fiscalYearEnd":"1231",
	"stateOfIncorporation":"X0","stateOfIncorporationDescription":"United Kingdom","addresses":{"mailing":{},
	"business":{"stateOrCountry":null,"stateOrCountryDescription":null,"isForeignLocation":1,"foreignStateTerritory":"DC",
	"country":"United Kingdom","countryCode":"X0"}},"formerNames":[{"name":"Royal Dutch Shell plc","from":"2004-10-29T00:00:00.000Z",
	"to":"2022-01-20T05:00:00.000Z"},{"name":"ROYAL DUTCH","from":null,"to":""}],
	"filings":{"recent":{"accessionNumber":["0000000001-22-000001","0000000001-22-000002","0000000001-21-000001"],
	"form":["6-K","20-F","6-K"],"filingDate":["2022-03-10","2022-03-10","2021-01-05"],"reportDate":["","2021-12-31","2021-02-30"],
	"acceptanceDateTime":["2022-03-10T11:00:01.000Z","2022-03-10T12:00:00.000Z","?"]},
	"files":[{"name":"CIK0001306965-submissions-001.json","filingCount":1}]}}`

func TestParseSubmissions(t *testing.T) {
	t.Parallel()
	s, err := edgar.ParseSubmissions(strings.NewReader(foreign))
	require.NoError(t, err)
	march := day(t, "2022-03-10")
	assert.Equal(t, edgar.Submissions{
		CIK: 1306965, Name: "Shell plc", SIC: "0100", EntityType: "operating",
		IncorporatedIn: edgar.Place{Code: "X0", Description: "United Kingdom"}, BusinessAddress: edgar.Place{Code: "X0", Description: "United Kingdom"},
		Country: "GB", Website: "https://www.shell.com/investors", FiscalYearEnd: "1231",
		Tickers: []string{"SHEL", "RYS-B"}, Exchanges: []string{"NYSE", ""},
		FormerNames: []edgar.FormerName{
			{Name: "Royal Dutch Shell plc", From: day(t, "2004-10-29"), To: day(t, "2022-01-20")}, {Name: "ROYAL DUTCH"},
		},
		Filings: []edgar.Filing{
			{"0000000001-22-000002", "20-F", march, day(t, "2021-12-31"), march.Add(12 * time.Hour)},
			{"0000000001-22-000001", "6-K", march, time.Time{}, march.Add(11*time.Hour + time.Second)},
			{Accession: "0000000001-21-000001", Form: "6-K", Filed: day(t, "2021-01-05")},
		},
		Pages: []string{"CIK0001306965-submissions-001.json"},
	}, s)
	page, err := edgar.ParseSubmissionsPage(strings.NewReader(olderPage))
	require.NoError(t, err)
	s.Add(page)
	s.Add(page)
	assert.Len(t, s.Filings, 5)
	assert.Equal(t, "0001193125-20-324587", s.Filings[3].Accession)

	s, err = edgar.ParseSubmissions(strings.NewReader("\ufeff" + `{"cik":1}`))
	require.NoError(t, err)
	assert.Equal(t, edgar.Submissions{CIK: 1}, s)
}

func TestSubmissionsFields(t *testing.T) {
	t.Parallel()
	with := func(field, value string) edgar.Submissions {
		s, err := edgar.ParseSubmissions(strings.NewReader(`{"cik":1,"` + field + `":"` + value + `"}`))
		require.NoError(t, err)
		return s
	}
	for site, want := range map[string]string{
		"": "", "apple.com": "https://apple.com", "HTTP://Apple.com": "http://Apple.com", "http://a.b:80/c?d=e#f": "http://a.b:80/c?d=e#f",
		"N/A": "", "none": "", "ftp://a.b": "", "javascript:alert(1)": "", "ir@apple.com": "", "https://": "", "a b.com": "", ".": "",
		"https://a.b/" + strings.Repeat("c", 2000): "", `a.b\u0000`: "https://a.b", "//a.b": "",
	} {
		assert.Equal(t, want, with("website", site).Website, site)
	}
	for end, want := range map[string]string{"1231": "1231", "0229": "0229", "0231": "", "1301": "", "131": "", "": ""} {
		assert.Equal(t, want, with("fiscalYearEnd", end).FiscalYearEnd, end)
	}
	for sic, want := range map[string]string{"3674": "3674", "": "", "0": "", "x": "", "36740": "", "-1": ""} {
		assert.Equal(t, want, with("sic", sic).SIC, sic)
	}
}

func TestParseSubmissionsRefuses(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) string {
		changed := strings.Replace(foreign, old, with, 1)
		require.NotEqual(t, foreign, changed)
		return changed
	}
	for name, tt := range map[string]struct{ content, want string }{
		"nothing":           {"", "not valid JSON"},
		"a list":            {"[]", "not a JSON object"},
		"half":              {foreign[:500], "not valid JSON: unexpected end of JSON input"},
		"more":              {foreign + "{}", "not valid JSON"},
		"no CIK":            {`{"name":"A"}`, "cik: not a Central Index Key"},
		"a CIK of letters":  {`{"cik":"A"}`, "cik: not a Central Index Key"},
		"a large CIK":       {`{"cik":10000000000}`, "cik: not a Central Index Key"},
		"another type":      {`{"cik":1,"filings":{"recent":{"form":[1]}}}`, "a number where a string belongs"},
		"a number":          {replace(`"0000000001-22-000001"`, `"../../etc"`), `filings/recent: accessionNumber: "../../etc" is not the number of a filing`},
		"no day":            {replace(`"2021-01-05"`, `""`), `filing 0000000001-21-000001: "" is not a date`},
		"fewer forms":       {replace(`["6-K","20-F","6-K"]`, `["6-K"]`), "form: 1 values for 3 filings"},
		"more report dates": {replace(`"2021-02-30"`, `"",""`), "reportDate: 4 values for 3 filings"},
		"a page elsewhere":  {replace("CIK0001306965-submissions-001.json", "../x.json"), `filings/files: "../x.json" is not a page of submissions of CIK 1306965`},
		"another's page":    {replace("CIK0001306965-submissions-001", "CIK0001306966-submissions-001"), "is not a page"},
		"itself":            {replace("CIK0001306965-submissions-001", "CIK0001306965"), "is not a page"},
	} {
		_, err := edgar.ParseSubmissions(strings.NewReader(tt.content))
		require.ErrorContains(t, err, tt.want, name)
		_, ok := errors.Into[*sec.FormatError](err)
		assert.True(t, ok, name)
	}
	for _, content := range []string{"null", "{}", "[]", foreign} {
		_, err := edgar.ParseSubmissionsPage(strings.NewReader(content))
		require.Error(t, err, content)
	}
	broken := errors.New("broken")
	_, err := edgar.ParseSubmissions(io.MultiReader(strings.NewReader(foreign), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
}

func TestCountry(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"CA": "US", "dc": "US", "X1": "US", "A6": "CA", "Z4": "CA", "X0": "GB", "L3": "IL", "F4": "CN", "2M": "DE", "PR": "PR",
		"D8": "VG", "E9": "KY", "I0": "FR", "M0": "JP", "V8": "CH", "": "", " ": "", "XX": "", "P8": "", "GB": "", "A": "", "CA CO": "",
	} {
		assert.Equal(t, want, edgar.Country(code), code)
	}
}

func FuzzParseSubmissions(f *testing.F) {
	f.Add([]byte(foreign))
	f.Add([]byte(`{"cik":1}`))
	f.Add([]byte(`{"cik":"1","addresses":{"business":{"stateOrCountry":"CA"}},"website":"a.b"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := edgar.ParseSubmissions(bytes.NewReader(content))
		if err != nil {
			_, ok := errors.Into[*sec.FormatError](err)
			require.True(t, ok, err)
			return
		}
		require.Positive(t, s.CIK)
		require.Len(t, s.Exchanges, len(s.Tickers))
		require.NotContains(t, s.Name+s.Website+s.Category, "\x00")
		n := len(s.Filings)
		s.Add(s.Filings)
		require.Len(t, s.Filings, n)
	})
}

func FuzzParseSubmissionsPage(f *testing.F) {
	f.Add([]byte(olderPage))
	f.Add([]byte(`{"accessionNumber":[],"form":[],"filingDate":[]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		filings, err := edgar.ParseSubmissionsPage(bytes.NewReader(content))
		if err != nil {
			_, ok := errors.Into[*sec.FormatError](err)
			require.True(t, ok, err)
			return
		}
		for _, f := range filings {
			require.NotZero(t, f.Filed)
			require.Len(t, f.Accession, len("0000320193-17-000070"))
		}
	})
}
