package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// days asks for all of a listing's days.
func (f *fixture) days(p oas.ListCompanyDailyRatiosParams) []oas.DailyRatios {
	f.t.Helper()
	return pages(f.t, 1000, func(token oas.OptString) ([]oas.DailyRatios, oas.NilString) {
		p.PageSize, p.PageToken = oas.NewOptInt32(1000), token
		page, err := f.anon.ListCompanyDailyRatios(f.t.Context(), p)
		require.NoError(f.t, err)
		return page.Items, page.NextPageToken
	})
}

// ofDay asks for the ratios of one day.
func (f *fixture) ofDay(ticker, date string, names ...string) oas.DailyRatios {
	f.t.Helper()
	on := oas.NewOptDate(day(date))
	all := f.days(oas.ListCompanyDailyRatiosParams{Ticker: oas.Ticker(ticker), From: on, To: on, Metrics: names})
	require.Len(f.t, all, 1)
	return all[0]
}

// allOnDay asks for the ratios of all companies on one day.
func (f *fixture) allOnDay(date string, names ...string) []oas.DailyRatios {
	f.t.Helper()
	page, err := f.anon.ListDailyRatios(f.t.Context(), oas.ListDailyRatiosParams{Date: day(date), Metrics: names})
	require.NoError(f.t, err)
	return page.Items
}

// What an independent computation found for Apple on 2017-12-29.
var apple20171229 = map[string]string{
	"price_to_earnings_ratio_ttm":         "17.970251282497",
	"price_to_sales_ratio":                "3.7904",
	"price_to_free_cash_flow":             "16.9879",
	"earnings_yield":                      "0.0556",
	"dividend_yield":                      "0.0147",
	"buyback_yield":                       "0.0379",
	"shareholder_yield":                   "0.0526",
	"enterprise_value_net_of_investments": "715664619760",
	"ev_net_to_ebit":                      "10.7761",
	"ev_to_operating_income":              "15.7191",
	"magic_formula_earnings_yield":        "0.0674",
	"price_to_graham_number":              "2.2753",
	"price_to_average_earnings_3y":        "18.9862",
	"altman_z":                            "3.8112",
	"price_to_owner_earnings":             "18.8653",
	"price_to_net_current_asset_value":    "negative_denominator",
	"price_to_average_earnings_10y":       "31.5938",
	"acquirers_multiple":                  "15.7191",
	"graham_defensive_passed":             "3",
	"price_to_earnings_percentile_5y":     "insufficient_history",
}

func TestMetricsOfDays(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	f.imported("splits", []byte(appleSplits))
	f.imported("prices?ticker=AAPL", sampleFile(t, "prices-AAPL.csv"))

	r := f.ofDay("AAPL", "2017-12-29")
	for id, want := range apple20171229 {
		v, has := r.Metrics[id]
		require.True(t, has, id)
		if v.Null {
			assert.Equal(t, want, string(r.MetricReasons[id].Reason), id)
			continue
		}
		_, decimals, _ := strings.Cut(want, ".")
		assert.Equal(t, want, v.Value.StringFixed(int32(len(decimals))), id)
	}
	for _, d := range metric.All() {
		v, has := r.Metrics[d.ID]
		assert.Equal(t, d.Scope == metric.OfDay, has, d.ID)
		_, why := r.MetricReasons[d.ID]
		assert.Equal(t, has && v.Null, why, d.ID)
	}
	assert.Len(t, r.MetricReasons, 2)
	yes, no := oas.NewNilBool(true), oas.NewNilBool(false)
	assert.Equal(t, oas.MetricSignals{"graham_defensive_passed": {
		"adequate_size": yes, "strong_finances": no, "earnings_every_year": yes, "dividends_every_year": oas.NilBool{Null: true},
		"earnings_grown_by_a_third": yes, "price_to_earnings_moderate": no, "price_to_book_moderate": no,
	}}, r.Signals)
	assert.Equal(t, r.PriceToEarningsRatioTtm, r.Metrics["price_to_earnings_ratio_ttm"])
	assert.Equal(t, r.EvToEbitda, r.Metrics["ev_to_ebitda"])
	assert.Empty(t, r.Reasons)
	assert.Equal(t, "42.3075", r.AdjustedClose.Value.String())
	assert.Equal(t, oas.NewNilInt64(4*5_134_312_000), r.AdjustedSharesOutstanding)
	assert.Equal(t, oas.NewNilDate(day("2026-07-01")), r.AdjustedTo)

	// A day does not depend on its page, nor on what else is asked for, nor on which list it is in.
	all := f.days(oas.ListCompanyDailyRatiosParams{Ticker: "AAPL"})
	require.Len(t, all, 753)
	for i := 0; i < len(all); i += 47 {
		want := all[i]
		on := want.Date.Format(time.DateOnly)
		assert.Equal(t, want, f.ofDay("AAPL", on), on)
		assert.Equal(t, []oas.DailyRatios{want}, f.allOnDay(on, "all"), on)
	}
	for _, d := range metric.All() {
		if d.Scope != metric.OfDay {
			continue
		}
		for _, i := range []int{0, 300, 752} {
			on := all[i].Date.Format(time.DateOnly)
			for _, got := range append(f.allOnDay(on, d.ID), f.ofDay("AAPL", on, d.ID)) {
				assert.Equal(t, oas.MetricValues{d.ID: all[i].Metrics[d.ID]}, got.Metrics, on)
				assert.Equal(t, all[i].MetricReasons[d.ID], got.MetricReasons[d.ID], "%s %s", d.ID, on)
			}
		}
	}
	none := f.ofDay("AAPL", "2017-12-29", "none")
	assert.Empty(t, none.Metrics)
	assert.Equal(t, []oas.DailyRatios{none}, f.allOnDay("2017-12-29"), "no metrics of all companies")
	assert.Len(t, f.ofDay("AAPL", "2017-12-29", "dividends", "altman_z").Metrics, 4)

	large, err := f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{
		Date: day("2017-12-29"), Metrics: []string{"graham"}, GrahamSize: oas.NewOptInt64(229_234_000_001),
	})
	require.NoError(t, err)
	assert.Equal(t, no, large.Items[0].Signals["graham_defensive_passed"]["adequate_size"], "revenue is 229,234 million")
	assert.Equal(t, "2", large.Items[0].Metrics["graham_defensive_passed"].Value.String())
	for _, name := range []string{"return_on_equity", "revenue_growth_1y", "no_such_metric"} {
		_, err := f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{Date: day("2017-12-29"), Metrics: []string{name}})
		assert.Contains(t, fieldProblem(t, err, "metrics"), name)
		_, err = f.anon.ListCompanyDailyRatios(t.Context(), oas.ListCompanyDailyRatiosParams{Ticker: "AAPL", Metrics: []string{name}})
		assert.Contains(t, fieldProblem(t, err, "metrics"), name)
	}
	for _, size := range []string{"0", "-1", "x", "9007199254740992"} {
		res, body := f.call("", http.MethodGet, api.Prefix+"/daily-ratios?date=2017-12-29&graham_size="+size, nil)
		requireProblem(t, res, body, http.StatusUnprocessableEntity, size)
		assert.Equal(t, "graham_size", decodeProblem(t, body).Errors[0].Field)
	}
}

// weekdays writes prices of the weekdays from one day until before another.
func weekdays(b *strings.Builder, from, to string, price func(i int) float64) {
	i := 0
	for d := day(from); d.Before(day(to)); d = d.AddDate(0, 0, 1) {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			fmt.Fprintf(b, "%s,%.2f\n", d.Format(time.DateOnly), price(i))
			i++
		}
	}
}

// The percentile of the P/E is among those of the days of five years.
func TestPercentileOfDays(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	f.imported("splits", []byte(appleSplits))
	var b strings.Builder
	b.WriteString("date,close\n")
	weekdays(&b, "2012-12-27", "2014-06-09", func(i int) float64 { return 500 + float64(i%50) })
	weekdays(&b, "2014-06-09", "2015-01-01", func(i int) float64 { return 92 + float64(i%30) })
	f.imported("prices?ticker=AAPL", []byte(b.String()))
	f.imported("prices?ticker=AAPL", sampleFile(t, "prices-AAPL.csv"))

	const id = "price_to_earnings_percentile_5y"
	all := f.days(oas.ListCompanyDailyRatiosParams{Ticker: "AAPL", Metrics: []string{id}})
	known := 0
	for i, r := range all {
		since := r.Date.AddDate(-5, 0, 0)
		if all[0].Date.After(since.AddDate(0, 0, 10)) {
			assert.Equal(t, oas.MetricReasonInsufficientHistory, r.MetricReasons[id].Reason, r.Date)
			continue
		}
		days, atMost := 0, 0
		for _, o := range all[:i+1] {
			if o.Date.After(since) && !o.PriceToEarningsRatioTtm.Null {
				days++
				if o.PriceToEarningsRatioTtm.Value.LessThanOrEqual(r.PriceToEarningsRatioTtm.Value) {
					atMost++
				}
			}
		}
		require.GreaterOrEqual(t, days, 750)
		want := decimal.NewFromInt(int64(atMost)).DivRound(decimal.NewFromInt(int64(days)), 12)
		assert.Equal(t, want.String(), r.Metrics[id].Value.String(), r.Date)
		on := r.Date.Format(time.DateOnly)
		assert.Equal(t, []oas.DailyRatios{r}, f.allOnDay(on, id), on)
		assert.Equal(t, r, f.ofDay("AAPL", on, id), on)
		known++
	}
	assert.Equal(t, 9, known, "from 2017-12-18 on")
}

// The days before and after a split, on the share basis of some days.
func TestDaysAroundASplit(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	f.imported("splits", []byte(appleSplits))
	f.imported("prices?ticker=AAPL", []byte("date,close\n2014-06-06,645.57\n2014-06-09,93.70\n"))
	before, after := f.ofDay("AAPL", "2014-06-06"), f.ofDay("AAPL", "2014-06-09")
	assert.Equal(t, oas.NewNilInt64(861_381_000), before.SharesOutstanding)
	assert.Equal(t, oas.NewNilInt64(7*861_381_000), after.SharesOutstanding)
	for _, id := range []string{"price_to_average_earnings_3y", "price_to_earnings_ratio_ttm", "price_to_graham_number"} {
		// 93.70 x 7 / 645.57 = 1.01600
		assert.Equal(t, "1.01600", after.Metrics[id].Value.Div(before.Metrics[id].Value).StringFixed(5), id)
	}
	// 645.57 / ((39.75 + 44.15 + 27.68) / 3) = 17.3571
	assert.Equal(t, "17.3571", before.Metrics["price_to_average_earnings_3y"].Value.StringFixed(4))

	for _, c := range []struct {
		asOf     string
		basis    oas.ShareBasis
		close    []string
		shares   []int64
		adjusted string
	}{
		{"", oas.ShareBasisAsOf, []string{"23.056071428571", "23.425"}, []int64{24_118_668_000, 24_118_668_000}, "2026-07-01"},
		{"2014-12-31", oas.ShareBasisAsOf, []string{"92.224285714286", "93.7"}, []int64{6_029_667_000, 6_029_667_000}, "2014-12-31"},
		{"2014-06-09", oas.ShareBasisAsOf, []string{"92.224285714286", "93.7"}, []int64{6_029_667_000, 6_029_667_000}, "2014-06-09"},
		{"2014-06-08", oas.ShareBasisAsOf, []string{"645.57"}, []int64{861_381_000}, "2014-06-08"},
		{"", oas.ShareBasisFiled, []string{"645.57", "93.7"}, []int64{861_381_000, 6_029_667_000}, ""},
		{"2014-06-08", oas.ShareBasisFiled, []string{"645.57"}, []int64{861_381_000}, ""},
	} {
		p := oas.ListCompanyDailyRatiosParams{Ticker: "AAPL", ShareBasis: oas.NewOptShareBasis(c.basis), Metrics: []string{"none"}}
		of := oas.ListCompanyPricesParams{Ticker: "AAPL", ShareBasis: p.ShareBasis}
		to := oas.NilDate{Null: true}
		if c.asOf != "" {
			p.AsOf = oas.NewOptDate(day(c.asOf))
			of.AsOf = p.AsOf
		}
		if c.adjusted != "" {
			to = oas.NewNilDate(day(c.adjusted))
		}
		days := f.days(p)
		prices, err := f.anon.ListCompanyPrices(t.Context(), of)
		require.NoError(t, err)
		require.Len(t, days, len(c.close), c)
		require.Len(t, prices.Items, len(c.close), c)
		for i, want := range c.close {
			assertDecimal(t, want, days[i].AdjustedClose, c)
			assertDecimal(t, want, prices.Items[i].AdjustedClose, c)
			assert.Equal(t, oas.NewNilInt64(c.shares[i]), days[i].AdjustedSharesOutstanding, c)
			assert.Equal(t, to, days[i].AdjustedTo, c)
			assert.Equal(t, to, prices.Items[i].AdjustedTo, c)
			assert.Equal(t, []oas.DailyRatios{before, after}[i].MarketCap, days[i].MarketCap, c)
		}
	}
	filed, err := f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{Date: day("2014-06-06"), ShareBasis: oas.NewOptShareBasis(oas.ShareBasisFiled)})
	require.NoError(t, err)
	assertDecimal(t, "645.57", filed.Items[0].AdjustedClose)

	_, err = f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: "AAPL", AsOf: oas.NewOptDate(day("2999-01-01"))})
	fieldProblem(t, err, "as_of")
	_, err = f.anon.ListCompanyDailyRatios(t.Context(), oas.ListCompanyDailyRatiosParams{Ticker: "AAPL", AsOf: oas.NewOptDate(day("2999-01-01"))})
	fieldProblem(t, err, "as_of")
}

// Where it is not known whether a split had taken effect, no close is adjusted for it.
func TestDaysOfASplitWithoutDay(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	f.imported("sec-company-facts?ticker=SPLT", []byte(splitFacts)) // 3 for 1, after 2020-02-20 and by 2021-02-19
	f.imported("prices?ticker=SPLT", []byte("date,close\n2020-02-20,60\n2020-06-01,61\n2021-02-19,20\n"))
	closes := func(asOf string, basis oas.ShareBasis) (lines []string) {
		p := oas.ListCompanyPricesParams{Ticker: "SPLT", ShareBasis: oas.NewOptShareBasis(basis)}
		of := oas.ListCompanyDailyRatiosParams{Ticker: "SPLT", ShareBasis: oas.NewOptShareBasis(basis)}
		if asOf != "" {
			p.AsOf = oas.NewOptDate(day(asOf))
			of.AsOf = p.AsOf
		}
		prices, err := f.anon.ListCompanyPrices(t.Context(), p)
		require.NoError(t, err)
		for i, r := range f.days(of) {
			line := "null"
			if !r.AdjustedClose.Null {
				line = r.AdjustedClose.Value.String()
			}
			lines = append(lines, line)
			assert.Equal(t, prices.Items[i].AdjustedClose, r.AdjustedClose)
			assert.Equal(t, r.SharesOutstanding.Null || r.AdjustedClose.Null, r.AdjustedSharesOutstanding.Null)
		}
		return lines
	}
	assert.Equal(t, []string{"20", "null", "20"}, closes("", oas.ShareBasisAsOf))
	assert.Equal(t, []string{"60", "61", "20"}, closes("", oas.ShareBasisFiled))
	assert.Equal(t, []string{"60", "61"}, closes("2021-02-18", oas.ShareBasisAsOf), "nobody knew of it")
	r := f.ofDay("SPLT", "2020-06-01")
	for id, why := range r.MetricReasons {
		if why.Reason != oas.MetricReasonSplitDateUnknown {
			assert.Contains(t, []string{"graham_defensive_passed"}, id, "%+v", why)
		}
	}
}

// What is told as of a day does not change when later filings, splits and prices arrive.
func TestDaysAsOf(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	const asOf = "2015-06-30"
	var b strings.Builder
	b.WriteString("date,close\n")
	weekdays(&b, "2010-01-04", "2014-06-09", func(i int) float64 { return 300 + float64(i%100) })
	weekdays(&b, "2014-06-09", "2015-07-01", func(i int) float64 { return 92 + float64(i%30) })
	f.imported("sec-company-facts?ticker=AAPL", filedBy(t, unzipped(t, apple), asOf))
	f.imported("splits", []byte("ticker,effective_date,ratio\nAAPL,2014-06-09,7\n"))
	f.imported("prices?ticker=AAPL", []byte(b.String()))
	told := func() any {
		on := oas.NewOptDate(day(asOf))
		prices, err := f.anon.ListCompanyPrices(t.Context(), oas.ListCompanyPricesParams{Ticker: "AAPL", AsOf: on, PageSize: oas.NewOptInt32(1000)})
		require.NoError(t, err)
		v, err := f.anon.GetCompanyValuation(t.Context(), oas.GetCompanyValuationParams{
			Ticker: "AAPL", DiscountRate: decimal.RequireFromString("0.1"), TerminalGrowth: decimal.Zero, AsOf: on,
		})
		require.NoError(t, err)
		return []any{f.days(oas.ListCompanyDailyRatiosParams{Ticker: "AAPL", AsOf: on}), prices.Items, v}
	}
	want := told()
	f.imported("sec-company-facts?ticker=AAPL", sampleFile(t, apple))
	assert.Equal(t, want, told(), "later filings")
	f.imported("splits", []byte(appleSplits))
	assert.Equal(t, want, told(), "later splits")
	f.imported("prices?ticker=AAPL", []byte("date,close\n2015-07-01,126.60\n"))
	assert.Equal(t, want, told(), "later prices")
	days := want.([]any)[0].([]oas.DailyRatios)
	assert.Equal(t, day(asOf), days[len(days)-1].Date)
	assert.False(t, days[len(days)-1].Metrics["price_to_earnings_percentile_5y"].Null)
}
