package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func dividend2023() *oas.DividendInput {
	return &oas.DividendInput{
		FiscalYear: oas.NewOptNilInt32(2023), FiscalQuarter: oas.NewOptNilInt32(4),
		PeriodEnd:      oas.NewOptNilDate(day("2023-12-31")),
		AmountPerShare: decimal.RequireFromString("0.235"), Currency: "USD", PublishDate: day("2024-02-01"),
		DeclarationDate: oas.NewOptNilDate(day("2024-01-15")), ExDividendDate: oas.NewOptNilDate(day("2024-02-09")),
		RecordDate: oas.NewOptNilDate(day("2024-02-12")), PaymentDate: oas.NewOptNilDate(day("2024-02-15")),
	}
}

func (f *fixture) createDividend(ticker string, in *oas.DividendInput) *oas.Dividend {
	f.t.Helper()
	d, err := f.super.CreateDividend(f.t.Context(), in, oas.CreateDividendParams{Ticker: oas.Ticker(ticker)})
	require.NoError(f.t, err)
	return d
}

func TestDividendByHand(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("T")
	f.createCompany(ticker)
	d := f.createDividend(ticker, dividend2023())
	assert.Equal(t, ticker, d.Ticker)
	assert.Equal(t, oas.SourceManual, d.Source)
	assert.Equal(t, "0.235", d.AmountPerShare.String())
	assert.Equal(t, day("2024-02-01"), d.ShareBasisDate, "by default the publish date")
	assert.Equal(t, oas.NewNilDate(day("2024-02-09")), d.ExDividendDate)
	assert.False(t, d.Derived)
	got, err := f.anon.GetDividend(t.Context(), oas.GetDividendParams{ID: d.ID})
	require.NoError(t, err)
	assert.Equal(t, d, got)

	put, err := f.super.ReplaceDividend(t.Context(), &oas.DividendInput{
		AmountPerShare: decimal.RequireFromString("1"), Currency: "EUR", PublishDate: day("2024-02-02"),
		ShareBasisDate: oas.NewOptNilDate(day("2024-01-01")),
	}, oas.ReplaceDividendParams{ID: d.ID})
	require.NoError(t, err)
	assert.Equal(t, d.ID, put.ID)
	assert.Equal(t, "1", put.AmountPerShare.String())
	assert.Equal(t, day("2024-01-01"), put.ShareBasisDate)
	assert.True(t,
		put.FiscalYear.Null && put.FiscalQuarter.Null && put.PeriodEnd.Null && put.ExDividendDate.Null && put.DeclarationDate.Null &&
			put.RecordDate.Null && put.PaymentDate.Null, "PUT replaces all")

	for field, change := range map[string]func(*oas.DividendInput){
		"amount_per_share": func(in *oas.DividendInput) { in.AmountPerShare = decimal.Zero },
		"currency":         func(in *oas.DividendInput) { in.Currency = "XYZ" },
		"publish_date":     func(in *oas.DividendInput) { in.PublishDate = day("2999-01-01") },
		"period_end":       func(in *oas.DividendInput) { in.PeriodEnd = oas.NewOptNilDate(day("0000-12-31")) },
		"share_basis_date": func(in *oas.DividendInput) { in.ShareBasisDate = oas.NewOptNilDate(day("2999-01-01")) },
		"declaration_date": func(in *oas.DividendInput) { in.DeclarationDate = oas.NewOptNilDate(day("2999-01-01")) },
		"ex_dividend_date": func(in *oas.DividendInput) { in.ExDividendDate = oas.NewOptNilDate(day("2999-01-01")) },
		"record_date":      func(in *oas.DividendInput) { in.RecordDate = oas.NewOptNilDate(day("0001-01-01")) },
		"payment_date":     func(in *oas.DividendInput) { in.PaymentDate = oas.NewOptNilDate(day("2999-01-01")) },
		"fiscal_quarter":   func(in *oas.DividendInput) { in.FiscalQuarter = oas.NewOptNilInt32(5) },
		"fiscal_year":      func(in *oas.DividendInput) { in.FiscalYear = oas.NewOptNilInt32(0) },
	} {
		in := dividend2023()
		change(in)
		_, err := f.super.CreateDividend(t.Context(), in, oas.CreateDividendParams{Ticker: oas.Ticker(ticker)})
		fieldProblem(t, err, "/"+field)
		_, err = f.super.ReplaceDividend(t.Context(), in, oas.ReplaceDividendParams{ID: d.ID})
		fieldProblem(t, err, "/"+field)
	}
	require.NoError(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: d.ID}))
	_, err = f.anon.GetDividend(t.Context(), oas.GetDividendParams{ID: d.ID})
	problem(t, err, http.StatusNotFound)
	problem(t, f.super.DeleteDividend(t.Context(), oas.DeleteDividendParams{ID: d.ID}), http.StatusNotFound)
}

func TestDividendPages(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	names := map[string]string{} // of the test's companies, by ticker
	var tickers []string
	for c := range 3 {
		ticker := unique("T")
		tickers, names[ticker] = append(tickers, ticker), fmt.Sprintf("T%d", c)
		f.createCompany(ticker)
		for y := range 3 {
			in := dividend2023()
			in.FiscalYear = oas.NewOptNilInt32(2023 - int32(y))
			in.PeriodEnd = oas.NewOptNilDate(day("2023-12-31").AddDate(-y, 0, 0))
			in.PublishDate = in.PublishDate.AddDate(-y, 0, 0)
			f.createDividend(ticker, in)
		}
	}
	keys := func(all []oas.Dividend) (keys []string) {
		for _, d := range all {
			if name, ok := names[d.Ticker]; ok || !remote() {
				keys = append(keys, fmt.Sprintf("%s %d", name, d.FiscalYear.Value))
			}
		}
		return keys
	}
	list := func(size int32, p oas.ListDividendsParams) []string {
		return keys(pages(t, int(size), func(token oas.OptString) ([]oas.Dividend, oas.NilString) {
			p.PageSize, p.PageToken = oas.NewOptInt32(size), token
			page, err := f.anon.ListDividends(t.Context(), p)
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}))
	}
	want := []string{"T2 2023", "T1 2023", "T0 2023", "T2 2022", "T1 2022", "T0 2022", "T2 2021", "T1 2021", "T0 2021"}
	for _, size := range []int32{1, 2, 9, 100} {
		assert.Equal(t, want, list(size, oas.ListDividendsParams{}))
	}
	assert.Equal(t, want[3:6], list(2, oas.ListDividendsParams{FiscalYear: oas.NewOptInt32(2022)}))
	assert.Equal(t, want[:6], list(2, oas.ListDividendsParams{PublishedSince: oas.NewOptDate(day("2023-02-01"))}))
	assert.Equal(t, []string{"T1 2023", "T1 2022", "T1 2021"}, keys(pages(t, 2, func(token oas.OptString) ([]oas.Dividend, oas.NilString) {
		page, err := f.anon.ListCompanyDividends(t.Context(), oas.ListCompanyDividendsParams{
			Ticker: oas.Ticker(tickers[1]), PageSize: oas.NewOptInt32(2), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	})))
}

func TestSplits(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := oas.Ticker(unique("T"))
	f.createCompany(string(ticker))
	create := func(date, ratio string) (*oas.Split, error) {
		return f.super.CreateSplit(t.Context(), &oas.SplitInput{EffectiveDate: day(date), Ratio: decimal.RequireFromString(ratio)}, oas.CreateSplitParams{
			Ticker: ticker,
		})
	}
	for _, s := range [][2]string{{"2014-06-09", "7"}, {"2020-08-31", "4"}, {"2000-06-21", "2"}, {"2005-02-28", "0.125"}} {
		split, err := create(s[0], s[1])
		require.NoError(t, err)
		assert.Equal(t, day(s[0]), split.EffectiveDate)
		assert.Equal(t, s[1], split.Ratio.String())
	}
	_, err := create("2020-08-31", "5")
	problem(t, err, http.StatusConflict)
	_, err = create("2020-09-01", "0")
	fieldProblem(t, err, "/ratio")
	_, err = create("2020-09-01", "-2")
	fieldProblem(t, err, "/ratio")
	_, err = create("2999-01-01", "2")
	fieldProblem(t, err, "/effective_date")
	_, err = create("0000-01-01", "2")
	fieldProblem(t, err, "/effective_date")
	res, body := f.callJSON(f.superToken, http.MethodPost, "/companies/"+string(ticker)+"/splits",
		`{"effective_date": "2020-09-01", "ratio": 1e9999}`)
	assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s", body)

	var dates []string
	for _, s := range pages(t, 3, func(token oas.OptString) ([]oas.Split, oas.NilString) {
		page, err := f.anon.ListCompanySplits(t.Context(), oas.ListCompanySplitsParams{
			Ticker: ticker, PageSize: oas.NewOptInt32(3), PageToken: token,
		})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	}) {
		dates = append(dates, s.EffectiveDate.Format("2006-01-02"))
	}
	assert.Equal(t, []string{"2020-08-31", "2014-06-09", "2005-02-28", "2000-06-21"}, dates)
}
