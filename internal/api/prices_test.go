package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func (f *fixture) prices(ticker string) []oas.Price {
	f.t.Helper()
	page, err := f.anon.ListCompanyPrices(f.t.Context(), oas.ListCompanyPricesParams{Ticker: oas.Ticker(ticker), PageSize: oas.NewOptInt32(1000)})
	require.NoError(f.t, err)
	return page.Items
}

func TestFormsOfPrices(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("P")
	f.createCompany(ticker)
	im := f.imported("prices?ticker="+ticker, []byte(strings.Join([]string{
		"\ufeffDate,Price,Open,Vol.,Change %,High,Low,Volume,Dividend_Amount,Split_Coefficient",
		`1/2/2020,"$1,234.50","1,200",38.17M,+1.2%,n/a,null,"25,643,711",0.25,4.0`,
		`20200103,"12,34,567.5",,,,,,,,`,
		"2020-01-06,1e2,1,,,1,1,1.0,,",
		`2020-01-07,"1,50",,,,,,,,`, // a decimal comma is none of thousands
	}, "\n")))
	assert.EqualValues(t, []int64{3, 0, 1}, []int64{im.Written, im.Unchanged, im.Skipped})
	got := f.prices(ticker)
	require.Len(t, got, 3)
	assert.Equal(t, day("2020-01-02"), got[0].Date)
	assert.Equal(t, []string{"1234.5", "1200", "0.25", "4"},
		[]string{got[0].Close.String(), got[0].Open.Value.String(), got[0].ExDividend.String(), got[0].SplitRatio.String()})
	assert.True(t, got[0].High.Null && got[0].Low.Null)
	assert.Equal(t, oas.NewNilInt64(25_643_711), got[0].Volume)
	assert.Equal(t, day("2020-01-03"), got[1].Date)
	assert.Equal(t, "1234567.5", got[1].Close.String())
	assert.Equal(t, "100", got[2].Close.String())

	f.imported("prices?ticker="+ticker, []byte("timestamp,close,price,adjusted_close\n2020-01-06,2,3,1\n"))
	assert.Equal(t, "2", f.prices(ticker)[2].Close.String(), "close goes before price")

	f.imported("prices?ticker="+ticker, []byte("date,close,open,high,low,volume\n2020-01-05,.50,+5,1e-3,007.10,2e3\n"+
		"2020-01-04,12345678901234567890.5,5.,0,00,0\n2020-01-02,0.00,,,,\n"))
	assert.Equal(t, []string{"2020-01-04 5 0 0 12345678901234567890.5 0 0 1", "2020-01-05 5 0.001 7.1 0.5 2000 0 1"}, f.lines(ticker)[2:4])

	for file, message := range map[string]string{
		"day,close\n":                                            `line 1: unknown column "day". Known are those of EdgeValue (ticker, date, open, high, low, close, volume, ex_dividend, split_ratio), Stooq (`,
		"date,adj close\n":                                       `line 1: column "close" is missing: want date or timestamp, close or close/last or price`,
		"date,close,close\n":                                     `column "close" appears twice`,
		"date,close\n13/1/2020,1\n":                              `line 2: date "13/1/2020" is not a date`,
		"date,close\n20200230,1\n":                               `line 2: date "20200230" is not a date`,
		"date,close\n1/2/2020,1\n2020-01-02,1\n":                 "line 3: date 2020-01-02 stands on line 2 already",
		"date,close\n2020-01-02,1\n2020-01-03,1\n2020-01-02,1\n": "line 4: date 2020-01-02 stands on line 2 already",
		"date,close\n2020-01-03,1\n2020-01-02,1\n2020-01-03,1\n": "line 4: date 2020-01-03 stands on line 2 already",
		"date,close\n2020-01-03,1\n" + strings.Repeat("2020-01-02,1\n", 20_000) + "2020-01-01,1,\n": "line 20003: has not as many columns",
		"date,close,open\n2020-01-02,1,$x\n": `line 2: open "$x" is not a number`,
	} {
		assert.Contains(t, f.refused("prices?ticker="+ticker, []byte(file)), message, file)
	}
}

// Prices that are adjusted for splits are not taken for prices as traded, and those that are declared so are undone.
func TestAdjustedPrices(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ticker := unique("S")
	f.createCompany(ticker)
	prices := "prices?ticker=" + ticker
	f.imported("splits", []byte("ticker,effective_date,ratio\n"+ticker+",2014-06-09,7\n"+ticker+",2020-08-31,4\n"))
	f.imported(prices, []byte("date,close\n2014-12-31,110.38\n"))

	message := f.refused(prices, []byte("date,close\n2015-01-02,27.3325\n"))
	assert.Contains(t, message, "jump_without_split on 2015-01-02: the close jumps by the ratio 4 of later splits", "against what is stored")
	message = f.refused(prices, []byte("date,close\n2020-08-28,124.81\n2020-08-31,129.04\n"))
	assert.Contains(t, message, "looks_split_adjusted on 2020-08-31: a split of the ratio 4 takes effect")
	assert.Len(t, f.prices(ticker), 1, "no price of a refused file is kept")

	file := []byte("date,close,open,high,low,volume,ex_dividend\n2014-05-30,22.6071,,,,,\n2014-12-31,27.5950,28.0000,28.5,27,4001,0.1175\n2020-08-31,129.04,,,,100,\n")
	im := f.imported(prices+"&adjusted_as_of=2025-01-02", file)
	assert.Equal(t, oas.NewNilDate(day("2025-01-02")), im.AdjustedAsOf)
	got := f.prices(ticker)
	require.Len(t, got, 3)
	assert.Equal(t, "632.9988", got[0].Close.String(), "both splits are undone")
	p := got[1]
	assert.Equal(t, []string{"110.38", "112", "114", "108", "0.47"},
		[]string{p.Close.String(), p.Open.Value.String(), p.High.Value.String(), p.Low.Value.String(), p.ExDividend.String()})
	assert.Equal(t, oas.NewNilInt64(1000), p.Volume, "a quarter, rounded half up")
	assert.Equal(t, "129.04", got[2].Close.String())
	assert.Equal(t, oas.NewNilInt64(100), got[2].Volume)
	// Adjusted up to a day before the second split, the same file is another one.
	f.imported(prices+"&adjusted_as_of=2020-08-30", []byte("date,close\n2014-12-31,110.38\n"))
	assert.True(t, f.imported(prices, []byte("date,close\n2014-12-31,110.38\n")).AdjustedAsOf.Null)

	// A split that comes later is not held against the prices that are there, but against the next file.
	other := unique("O")
	f.createCompany(other)
	f.imported("prices?ticker="+other, []byte("date,close\n2020-08-28,124.81\n2020-08-31,129.04\n"))
	f.imported("splits", []byte("ticker,effective_date,ratio\n"+other+",2020-08-31,4\n"))
	assert.Contains(t, f.refused("prices?ticker="+other, []byte("date,close\n2020-09-01,134.18\n")), "looks_split_adjusted on 2020-08-31")
	f.imported("prices?ticker="+other, []byte("date,close\n2020-08-28,499.23\n2020-09-01,134.18\n"))

	for query, message := range map[string]string{
		"&adjusted_as_of=" + tomorrow().Format("2006-01-02"): "must be between",
		"&adjusted_as_of=1899-12-31":                         "must be between",
		"&adjusted_as_of=soon":                               dateRule,
	} {
		res, body := f.call(f.superToken, "POST", "/api/v1/imports/"+prices+query, strings.NewReader("date,close\n"))
		require.Equal(t, 422, res.StatusCode, "%s", body)
		p := decodeProblem(t, body)
		require.Len(t, p.Errors, 1)
		assert.Equal(t, "adjusted_as_of", p.Errors[0].Field)
		assert.Contains(t, p.Errors[0].Message, message)
	}
}
