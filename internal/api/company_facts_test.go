package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

// caseFile reads a file of a case of the rules.
func caseFile(t *testing.T, name, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../sec/testdata/cases", name, file))
	require.NoError(t, err)
	return b
}

// An import says what it did not read and why, and warns when it took nothing.
func TestImportReport(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	for name, warning := range map[string]string{
		"empty-facts": "the file has no facts", "typo-year": "", "value-beyond-int64": "", "proxy-thousandth": "",
	} {
		file := caseFile(t, name, "facts.json")
		ticker := unique("R")
		im := f.imported("sec-company-facts?ticker="+ticker, file)
		var want struct {
			Statements []any
			Import     struct {
				Skipped    value.SkippedFacts
				WhyNothing *value.WhyNothing `json:"why_nothing"`
			}
		}
		require.NoError(t, json.Unmarshal(caseFile(t, name, "expected.json"), &want))
		skipped := want.Import.Skipped
		report := im.Report.Value
		assert.Equal(t, oas.SkippedFacts{
			Form: int64(skipped.Form), Date: int64(skipped.Date), Value: int64(skipped.Value), Count: int64(skipped.Count),
		}, report.Skipped, name)
		assert.EqualValues(t, len(want.Statements), report.Statements, name)
		assert.Equal(t, want.Import.WhyNothing == nil, report.WhyNothing.Null, name)
		if warning == "" {
			assert.True(t, im.Warning.Null, name)
		} else {
			assert.Contains(t, im.Warning.Value, warning, name)
			assert.EqualValues(t, *want.Import.WhyNothing, report.WhyNothing.Value, name)
		}

		again := f.finished(f.upload("sec-company-facts", file).ID)
		assert.Equal(t, oas.ImportStateUnchanged, again.State, name)
		assert.Equal(t, im.Report, again.Report, name)
		assert.Equal(t, im.Warning, again.Warning, name)
		page, err := f.super.ListImports(t.Context(), oas.ListImportsParams{PageSize: oas.NewOptInt32(1)})
		require.NoError(t, err)
		assert.Equal(t, *again, page.Items[0], name)

		e, err := f.app.ExportCompany(t.Context(), ticker, app.PointInTime{})
		require.NoError(t, err)
		require.NotNil(t, e.Import, name)
		assert.EqualValues(t, report.Statements, e.Import.Statements)
		e, err = f.app.ExportCompany(t.Context(), ticker, app.PointInTime{AsOf: new(day("2026-01-02"))})
		require.NoError(t, err)
		assert.Nil(t, e.Import, "it is about all that was imported")
	}
	im := f.finished(f.upload("sec-company-facts?ticker=LATE", []byte("no JSON")).ID)
	assert.True(t, im.Report.Null && im.Warning.Null)
	im = f.imported("companies", []byte(`{"0":{"cik_str":7,"ticker":"LIST","title":"List"}}`))
	assert.True(t, im.Report.Null && im.Warning.Null)

	log := f.log.String()
	assert.Regexp(t, `msg="read company facts" import=\d+ cik=9000012 facts=\d+ skipped\.form=1 skipped\.date=0 .*why_nothing=""`, log)
	assert.Regexp(t, `level=INFO msg="skipped a fact" import=\d+ cik=\d+ tag=us-gaap:\w+ accession=\S+ reason=date`, log)
	assert.NotContains(t, log, "reason=form", "what most files have")
}

// Why an import of a document with facts took nothing.
func TestImportTakesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	whole := string(facts(uniqueCIK(), first2020))
	change := func(old, new string) []byte {
		require.Contains(t, whole, old)
		return []byte(strings.ReplaceAll(whole, old, new))
	}
	for file, want := range map[string]string{
		string(change("10-K", "DEF 14A")):                         "all facts were skipped: 2 of a form that is not read",
		string(change("2020-12-31", "2020-02-30")):                "2 with a date that cannot be",
		string(change("2020-12-31", "0000-12-31")):                "2 with a date that cannot be",
		string(change(`"val":1000`, `"val":1e30`)):                "ends on a date of a balance total: 1 of 1",
		string(change(`"val":1000`, `"val":1e2000000000`)):        "ends on a date of a balance total: 1 of 1",
		string(change(`"val":5000`, `"val":9223372036854775808`)): "filings without a balance total: 1 of 1",
		string(change(`"USD"`, `"XYZ"`)):                          "versions of statements that were left out, in a currency that is not known (XYZ): 1",
	} {
		im := f.imported("sec-company-facts?ticker="+unique("N"), []byte(strings.Replace(file, `"cik":`, fmt.Sprintf(`"cik":%d,"x":`, uniqueCIK()), 1)))
		assert.Zero(t, im.Written)
		assert.Zero(t, im.Report.Value.Statements)
		assert.Contains(t, im.Warning.Value, want)
	}
	ticker, cik := unique("N"), uniqueCIK()
	f.imported("sec-company-facts?ticker="+ticker, facts(cik, first2020, first2021))
	im := f.imported("sec-company-facts", facts(cik, first2020))
	assert.Contains(t, im.Warning.Value, "the newest fact of the file was filed on 2021-02-01, that of a file which was imported before on 2022-02-01")
	assert.EqualValues(t, 1, im.Report.Value.Statements)
}

// A company can have several CIKs one after the other.
func TestFormerCIKs(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker, old, newer := unique("C"), uniqueCIK(), uniqueCIK()
	first2022 := report{year: 2022, filed: "2023-02-01", revenue: "1300", assets: "7000"}
	first2023 := report{year: 2023, filed: "2024-02-01", revenue: "1400", assets: "8000"}
	before, after := facts(old, first2020, first2021), facts(newer, first2022)
	f.imported("sec-company-facts?ticker="+ticker, before)

	message := f.refused("sec-company-facts?ticker="+ticker, after)
	assert.Contains(t, message, fmt.Sprintf("%s is the company with CIK %d, but the file is about CIK %d", ticker, old, newer))
	assert.Contains(t, message, "other_cik=new")
	assert.Contains(t, message, "former_ciks")
	im := f.imported("sec-company-facts?ticker="+ticker+"&other_cik=new", after)
	assert.Equal(t, oas.NewNilOtherCik(oas.OtherCikNew), im.OtherCik)
	company := func() *oas.Company {
		t.Helper()
		c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: oas.Ticker(ticker)})
		require.NoError(t, err)
		return c
	}
	c := company()
	assert.Equal(t, oas.NewNilInt64(newer), c.Cik)
	assert.Equal(t, []int64{old}, c.FormerCiks)
	years := func() (years []int32) {
		t.Helper()
		for p := int32(2019); p < 2025; p++ {
			if _, ok := f.statements(ticker, oas.OptDate{})[period{p, 0}]; ok {
				years = append(years, p)
			}
		}
		return years
	}
	assert.Equal(t, []int32{2020, 2021, 2022}, years())
	got := f.statements(ticker, oas.OptDate{})
	assert.Contains(t, got[period{2021, 0}].URL.Value, fmt.Sprintf("/data/%d/", old), "the address is that of the file")
	assert.Contains(t, got[period{2022, 0}].URL.Value, fmt.Sprintf("/data/%d/", newer))
	f.unchanged("sec-company-facts", before)
	f.unchanged("sec-company-facts?ticker="+ticker, after)
	if !remote() {
		require.NoError(t, f.app.Prune(t.Context()))
	}

	// Newer files of one CIK leave those of the other; which is older is asked for each CIK.
	f.imported("sec-company-facts", facts(newer, first2022, first2023))
	assert.Equal(t, []int32{2020, 2021, 2022, 2023}, years())
	im = f.imported("sec-company-facts", facts(newer, first2022))
	assert.Zero(t, im.Written)
	assert.False(t, im.Warning.Null)
	f.imported("sec-company-facts", facts(old, first2020, report{year: 2021, filed: "2022-03-01", revenue: "1250", assets: "6000"}))
	assert.Equal(t, oas.NewNilInt64(1250), f.statements(ticker, oas.OptDate{})[period{2021, 0}].TotalRevenues)
	assert.Equal(t, []int32{2020, 2021, 2022, 2023}, years())

	// A former CIK is the company's: nobody else can have it, and it finds the company.
	other := unique("O")
	_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{
		Name: "Other", Cik: oas.NewOptNilInt64(old), Listings: []oas.ListingInput{{Ticker: oas.Ticker(other)}},
	})
	p := problem(t, err, http.StatusConflict)
	assert.Equal(t, "/problems/cik-taken", p.Type)
	assert.Equal(t, "/cik", p.Errors[0].Field)
	f.createCompany(other)
	patch := func(name oas.Ticker, in oas.CompanyUpdate) error {
		_, err := f.super.UpdateCompany(t.Context(), &in, oas.UpdateCompanyParams{Ticker: name})
		return err
	}
	p = problem(t, patch(oas.Ticker(other), oas.CompanyUpdate{FormerCiks: []int64{uniqueCIK(), old}}), http.StatusConflict)
	assert.Equal(t, "/former_ciks/1", p.Errors[0].Field)
	p = problem(t, patch(oas.Ticker(other), oas.CompanyUpdate{Cik: oas.NewOptNilInt64(5), FormerCiks: []int64{5, 6, 6}}), http.StatusUnprocessableEntity)
	assert.Len(t, p.Errors, 2)
	page, err := f.anon.ListCompanies(t.Context(), oas.ListCompaniesParams{Q: oas.NewOptString(fmt.Sprint(old))})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, c.ID, page.Items[0].ID)
	assert.Contains(t, f.refused("sec-company-facts?other_cik=new&ticker="+other, before), fmt.Sprintf("not a ticker of CIK %d", old))

	// The list of companies does not make a company of it, and names the company by the CIK that it has.
	f.imported("companies", fmt.Appendf(nil, `{"0":{"cik_str":%d,"ticker":"%s.B","title":"Before"},"1":{"cik_str":%d,"ticker":"%s","title":"After"}}`,
		old, ticker, newer, ticker))
	c = company()
	assert.Equal(t, "After", c.Name)
	assert.Len(t, c.Listings, 2)

	// What is not the company's any more goes.
	require.NoError(t, patch(oas.Ticker(ticker), oas.CompanyUpdate{FormerCiks: []int64{}}))
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		page, err := f.anon.ListCompanyFinancialStatements(f.t.Context(), oas.ListCompanyFinancialStatementsParams{Ticker: oas.Ticker(ticker)})
		if assert.NoError(t, err) {
			assert.Len(t, page.Items, 2)
		}
	}, 20*time.Second, 50*time.Millisecond)
	// Declared by hand it is read again.
	require.NoError(t, patch(oas.Ticker(ticker), oas.CompanyUpdate{FormerCiks: []int64{old}}))
	f.imported("sec-company-facts", before)
	assert.Equal(t, []int32{2020, 2021, 2022, 2023}, years())
}

// The file of the CIK before may come after that of the newest, or alone.
func TestFormerCIKComesLater(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	old, newer := caseFile(t, "cik-change", "facts-1.json"), caseFile(t, "cik-change", "facts-2.json")
	f.imported("sec-company-facts?ticker=AAA", newer)
	f.imported("sec-company-facts?ticker=AAA&other_cik=former", old)
	c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: "AAA"})
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilInt64(9000051), c.Cik)
	assert.Equal(t, []int64{9000050}, c.FormerCiks)
	whole := f.export("AAA")
	require.NoError(t, f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: "AAA"}))

	f.imported("sec-company-facts?ticker=AAA&other_cik=former", old) // of a company that nobody knows yet
	c, err = f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: "AAA"})
	require.NoError(t, err)
	assert.True(t, c.Cik.Null)
	assert.Equal(t, []int64{9000050}, c.FormerCiks)
	f.imported("sec-company-facts?ticker=AAA", newer)
	assert.JSONEq(t, whole, f.export("AAA"))
	f.unchanged("sec-company-facts", old)
	f.unchanged("sec-company-facts", newer)
	require.NoError(t, f.app.Prune(t.Context()))
	assert.Equal(t, 2, f.count("SELECT count(*) FROM document"))

	var want struct {
		Statements []map[string]any
	}
	require.NoError(t, json.Unmarshal(caseFile(t, "cik-change", "expected.json"), &want))
	var got struct{ Statements []any }
	require.NoError(t, json.Unmarshal([]byte(whole), &got))
	assert.Len(t, got.Statements, len(want.Statements))

	// Two files of one company that are imported at a time.
	for range 3 {
		require.NoError(t, f.super.DeleteCompany(t.Context(), oas.DeleteCompanyParams{Ticker: "AAA"}))
		f.createCompany("AAA")
		require.NoError(t, func() error {
			_, err := f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{Cik: oas.NewOptNilInt64(9000051), FormerCiks: []int64{9000050}},
				oas.UpdateCompanyParams{Ticker: "AAA"})
			return err
		}())
		a, b := f.upload("sec-company-facts", old), f.upload("sec-company-facts", newer)
		require.Equal(t, oas.ImportStateSucceeded, f.finished(a.ID).State)
		require.Equal(t, oas.ImportStateSucceeded, f.finished(b.ID).State)
		assert.JSONEq(t, whole, f.export("AAA"))
	}
}

// The list of companies, not the file, says what a company is called.
func TestNameOfACoRegistrant(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	file, list := caseFile(t, "co-registrant-name", "facts.json"), caseFile(t, "co-registrant-name", "company_tickers.json")
	name := func() string {
		t.Helper()
		c, err := f.anon.GetCompany(t.Context(), oas.GetCompanyParams{Ticker: "PLCO"})
		require.NoError(t, err)
		return c.Name
	}
	f.imported("sec-company-facts?ticker=PLCO", file)
	assert.Equal(t, "Plain Finance LLC", name(), "while there is no list")
	f.imported("companies", list)
	assert.Equal(t, "Plain Corp", name())
	f.imported("sec-company-facts?ticker=PLCO", append(file, '\n'))
	assert.Equal(t, "Plain Corp", name())
}

// export is a company's file.
func (f *fixture) export(ticker string) string { return f.exportAsOf(ticker, "") }

func (f *fixture) exportAsOf(ticker, asOf string) string {
	f.t.Helper()
	var on *time.Time
	if asOf != "" {
		on = new(day(asOf))
	}
	e, err := f.app.ExportCompany(f.t.Context(), ticker, app.PointInTime{AsOf: on})
	require.NoError(f.t, err)
	var b strings.Builder
	require.NoError(f.t, e.Encode(&b))
	return b.String()
}

func TestRules(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	rules := func() oas.Rules {
		t.Helper()
		r, err := f.anon.GetRules(t.Context())
		require.NoError(t, err)
		return *r
	}
	assert.Equal(t, oas.Rules{Version: 3}, rules())
	f.work()
	ticker := unique("R")
	f.imported("sec-company-facts?ticker="+ticker, facts(uniqueCIK(), first2020))
	assert.Equal(t, oas.Rules{Version: 3, Companies: 1, Recomputed: 1}, rules())
	s := f.statements(ticker, oas.OptDate{})[period{2020, 0}]
	assert.Equal(t, oas.NewNilInt32(3), s.RulesVersion)

	// Where the rules of another version say the same, the version alone changes.
	f.exec("UPDATE financial_statement SET rules_version = 1")
	f.exec("UPDATE company_facts SET rules_version = 1")
	assert.Equal(t, oas.Rules{Version: 3, Companies: 1, Remaining: 1}, rules())
	assert.Equal(t, oas.NewNilInt32(1), f.statements(ticker, oas.OptDate{})[period{2020, 0}].RulesVersion)
	more, err := f.app.RecomputeJob(t.Context())
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, oas.Rules{Version: 3, Companies: 1, Recomputed: 1}, rules())
	again := f.statements(ticker, oas.OptDate{})[period{2020, 0}]
	again.UpdatedAt = s.UpdatedAt
	assert.Equal(t, s, again)
}
