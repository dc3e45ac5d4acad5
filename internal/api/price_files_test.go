package api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

// line is a price as text: date, open, high, low, close, volume, ex_dividend, split_ratio.
func line(p oas.Price) string {
	text := func(d oas.NilDecimal) string {
		if d.Null {
			return "-"
		}
		return d.Value.String()
	}
	volume := "-"
	if !p.Volume.Null {
		volume = fmt.Sprint(p.Volume.Value)
	}
	return strings.Join([]string{
		p.Date.Format("2006-01-02"), text(p.Open), text(p.High), text(p.Low), p.Close.String(), volume, p.ExDividend.String(), p.SplitRatio.String(),
	}, " ")
}

func (f *fixture) lines(ticker string) []string {
	f.t.Helper()
	lines := []string{}
	for _, p := range f.prices(ticker) {
		lines = append(lines, line(p))
	}
	return lines
}

// Files as their sources write them; T stands for the ticker.
func TestSourcesOfPrices(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	for name, c := range map[string]struct {
		file   string
		column bool // of tickers
		query  string
		want   []string
	}{
		"Stooq, all": {
			"<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\r\n" +
				"T.US,D,20240102,000000,187.15,188.44,183.885,185.64,82488674,0\r\nT.US,D,20240103,000000,184.22,185.88,183.43,184.25,58414460,0\r\n",
			true, "", []string{"2024-01-02 187.15 188.44 183.885 185.64 82488674 0 1", "2024-01-03 184.22 185.88 183.43 184.25 58414460 0 1"},
		},
		"Stooq, adjusted": {
			"<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n" +
				"T.US,D,19840907,000000,0.0989,0.1002,0.0978,0.0989,98811715.86842,0\n",
			true, "adjusted=splits", []string{"1984-09-07 0.0989 0.1002 0.0978 0.0989 98811716 0 1"},
		},
		"Stooq, one": {
			"Date,Open,High,Low,Close,Volume\r\n2024-01-02,187.15,188.44,183.885,185.64,82488674\r\n",
			false, "", []string{"2024-01-02 187.15 188.44 183.885 185.64 82488674 0 1"},
		},
		"Yahoo": {
			"Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,187.149994,188.440002,183.889999,185.639999,184.938217,82488700\n2024-01-03,null,null,null,null,null,null\n",
			false, "", []string{"2024-01-02 187.149994 188.440002 183.889999 185.639999 82488700 0 1"},
		},
		"Alpha Vantage": {
			"timestamp,open,high,low,close,volume\r\n2024-01-02,187.1500,188.4400,183.8850,185.6400,82488674\r\n",
			false, "", []string{"2024-01-02 187.15 188.44 183.885 185.64 82488674 0 1"},
		},
		"Alpha Vantage, adjusted": {
			"timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n" +
				"2020-08-31,127.58,131,126,129.04,125.96,225702688,0.0000,4.0\n2020-08-07,452.82,454.7,441.17,444.45,108.46,49511403,0.8200,1.0\n",
			false, "", []string{"2020-08-07 452.82 454.7 441.17 444.45 49511403 0.82 1", "2020-08-31 127.58 131 126 129.04 225702688 0 4"},
		},
		"Nasdaq": {
			"Date,Close/Last,Volume,Open,High,Low\n01/02/2024,$185.64,82488670,$187.15,$188.44,$183.885\n",
			false, "", []string{"2024-01-02 187.15 188.44 183.885 185.64 82488670 0 1"},
		},
		"Tiingo": {
			"date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n" +
				"2020-08-31T00:00:00+00:00,129.04,131,126,127.58,223505733,126.5,128.4,123.5,125.0,223505733,0.0,4.0\n" +
				"2024-02-09 00:00:00+00:00,188.85,189.99,188.0,188.65,45155216,188.5,189.6,187.6,188.3,45155216,0.24,1.0\n2024-02-12T00:00:00.000Z,187.15,,,,,,,,,,0.0,1.0\n",
			false, "", []string{"2020-08-31 127.58 131 126 129.04 223505733 0 4", "2024-02-09 188.65 189.99 188 188.85 45155216 0.24 1", "2024-02-12 - - - 187.15 - 0 1"},
		},
		"Investing.com": {
			"\ufeff\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n" +
				"\"01/03/2024\",\"1,184.25\",\"1,184.22\",\"1,185.88\",\"1,183.43\",\"58.41M\",\"-0.75%\"\n\"01/02/2024\",\"1,185.64\",\"1,187.15\",\"1,188.44\",\"1,183.89\",\"1.2B\",\"-3.58%\"\n\"01/04/2024\",\"99.50\",\"99\",\"99\",\"99\",\"812.5K\",\"\"\n\"01/05/2024\",\"99.50\",\"99\",\"99\",\"99\",\"-\",\"\"\n",
			false, "", []string{
				"2024-01-02 1187.15 1188.44 1183.89 1185.64 1200000000 0 1", "2024-01-03 1184.22 1185.88 1183.43 1184.25 58410000 0 1",
				"2024-01-04 99 99 99 99.5 812500 0 1", "2024-01-05 99 99 99 99.5 - 0 1",
			},
		},
		"Investing.com, months": {
			"\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n\"Jan 04, 2024\",\"1,181.91\",\"182.15\",\"183.09\",\"180.88\",\"71.98M\",\"-1.27%\"\n\"Jan 3, 2024\",\"184.25\",\"184.22\",\"185.88\",\"183.43\",\"58.41M\",\"\"\n",
			false, "", []string{"2024-01-03 184.22 185.88 183.43 184.25 58410000 0 1", "2024-01-04 182.15 183.09 180.88 1181.91 71980000 0 1"},
		},
		"Investing.com in Europe": {
			"\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n\"03.01.2024\",\"1.184\",\"1.184,22\",\"1.185,88\",\"1.183,43\",\"58,41M\",\"-0,75%\"\n\"02.01.2024\",\"185,5\",\"187\",\"188,444\",\"183,89\",\"1.234.567\",\"\"\n",
			false, "", []string{"2024-01-02 187 188.444 183.89 185.5 1234567 0 1", "2024-01-03 1184.22 1185.88 1183.43 1184 58410000 0 1"},
		},
		"semicolons": {
			"Date;Open;High;Low;Close;Volume\n02.01.2024;1,234;1,3;1,2;1.234,5;1.000\n",
			false, "", []string{"2024-01-02 1.234 1.3 1.2 1234.5 1000 0 1"},
		},
		"semicolons, points": {
			"Date;Open;Close\n2024-01-02;1,234;27.50\n", false, "", []string{"2024-01-02 1234 - - 27.5 - 0 1"},
		},
		"tabs": {
			"date\tclose\n2024-01-02\t27,50\n", false, "", []string{"2024-01-02 - - - 27.5 - 0 1"},
		},
		"Quandl": {
			"ticker,date,open,high,low,close,volume,ex-dividend,split_ratio,adj_open,adj_high,adj_low,adj_close,adj_volume\n" +
				"T,1999-11-18,45.5,50.0,40.0,44.0,44739900.0,0.0,1.0,31.04,34.11,27.28,30.01,44739900.0\n",
			true, "", []string{"1999-11-18 45.5 50 40 44 44739900 0 1"},
		},
		"Dolt": {
			"date,act_symbol,open,high,low,close,volume\n2024-01-02,T,1,2,1,2,3\n", true, "", []string{"2024-01-02 1 2 1 2 3 0 1"},
		},
	} {
		ticker := unique("S")
		f.createCompany(ticker)
		file := []byte(strings.NewReplacer("\nT,", "\n"+ticker+",", ",T,", ","+strings.ToLower(ticker)+",", "\nT.US", "\n"+ticker+".US").Replace(c.file))
		im := f.imported("prices?ticker="+ticker+"&"+c.query, file)
		assert.EqualValues(t, len(c.want), im.Written, name)
		assert.Equal(t, c.want, f.lines(ticker), name)
		if c.column {
			im = f.imported("prices?"+c.query, file)
			assert.EqualValues(t, []int64{0, int64(len(c.want)), 0}, []int64{im.Written, im.Unchanged, im.Skipped}, name+" without ticker")
			other := unique("O")
			f.createCompany(other)
			assert.Contains(t, f.refused("prices?ticker="+other+"&"+c.query, file), " is not "+other+", of which the prices are said to be", name)
		} else {
			for _, body := range [][]byte{file, compressed(file)} {
				res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/prices", bytes.NewReader(body), "Content-Type", "text/csv")
				require.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, name)
				assert.Equal(t, "ticker", decodeProblem(t, body).Errors[0].Field, name)
			}
		}
	}

	ticker := unique("S")
	f.createCompany(ticker)
	for file, message := range map[string]string{
		"<TICKER>,<PER>,<DATE>,<TIME>,<CLOSE>\n" + ticker + ",60,20240102,160000,1\n": `line 2: per "60" is not D`,
		"date;open;close\n2024-01-02;1,234;2\n":                                       `line 2: open "1,234" can be read in two ways`,
		"date;close\n2024-01-02;1,234\n":                                              `line 2: close "1,234" can be read in two ways`,
		"date;close\n2024-01-02;1.234,5\n2024-01-03;27.55\n":                          `none`,
		"date,close\n2024-01-02T16:00:00Z,1\n":                                        `line 2: date "2024-01-02T16:00:00Z" is not a date`,
		"date,close\n31/12/2023,1\n":                                                  `line 2: date "31/12/2023" is not a date`,
		"date,close\n\"Feb 30, 2024\",1\n":                                            `line 2: date "Feb 30, 2024" is not a date`,
		"date,close\n\"Jan 2, 2999\",1\n":                                             `line 2: date "Jan 2, 2999" is not between`,
		"date,close\nJanuary,1\n":                                                     `line 2: date "January" is not a date`,
		"date,close\n12.31.2023,1\n":                                                  `line 2: date "12.31.2023" is not a date`,
		"date,close,volume\n2024-01-02,1,1.5X\n":                                      `line 2: volume "1.5X" is not a whole number`,
		"date,close,volume\n2024-01-02,1,0.0001K\n":                                   `line 2: volume "0.0001K" is not a whole number`,
		"date,close,volume\n2024-01-02,1,9999999999B\n":                               `line 2: volume "9999999999B" is not a whole number`,
		"date,close\n2024-01-02,\"0,123\"\n":                                          `line 2: close "0,123" is no number above 0`,
	} {
		if message == "none" {
			im := f.imported("prices?ticker="+ticker, []byte(file))
			assert.EqualValues(t, []int64{0, 1, 1}, []int64{im.Unchanged, im.Skipped, im.Written}, "a number in the other form is none")
			continue
		}
		assert.Contains(t, f.refused("prices?ticker="+ticker, []byte(file)), message, file)
	}
	message := f.refused("prices?ticker="+ticker, []byte("date,close,bid\n"))
	for _, s := range []string{`unknown column "bid"`, "Stooq (<TICKER>", "Yahoo (", "Alpha Vantage (timestamp", "Nasdaq (Date, Close/Last", "Tiingo (", "Investing.com (", "Quandl ("} {
		assert.Contains(t, message, s)
	}
	res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/prices", strings.NewReader("date,close,bid\n"), "Content-Type", "text/csv")
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "without ticker")
	assert.Equal(t, message, decodeProblem(t, body).Detail.Value, "without ticker")
}

func TestPricesOfManyListings(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	a, b, c, d, e := unique("A"), unique("B"), unique("C"), unique("D")+".B", unique("E")
	for _, ticker := range []string{a, b, c, d, e} {
		f.createCompany(ticker)
	}
	f.imported("splits", fmt.Appendf(nil, "ticker,effective_date,ratio\n%s,2020-08-31,4\n%s,2020-08-31,4\n", b, c))
	f.imported("prices?ticker="+b, []byte("date,close\n2020-08-27,500\n"))

	var unknown []string
	file := "symbol,date,close,split_ratio,volume\n"
	for i := range 12 {
		unknown = append(unknown, unique("U"))
		file += fmt.Sprintf("%s,2024-06-28,%d,,\n", unknown[i], i+1)
	}
	file += fmt.Sprintf("%s,not a day,nothing,,\n", unknown[0])
	row := func(ticker, rest string) { file += ticker + "," + rest + "\n" }
	row(a, "2020-08-28,10,,7")
	row(b, "2020-08-28,499.23,,")
	row(c, "2020-08-28,124.81,,") // is adjusted
	row(strings.ReplaceAll(d, ".", "-"), "2020-08-28,20,,")
	row(e, "2020-08-28,100,,")
	row(a, "2020-08-31,11,,8")
	row(b, "2020-08-31,129.04,,")
	row(c, "2020-08-31,129.04,,")
	row(strings.ToLower(strings.ReplaceAll(d, ".", "/")), "2020-08-31,21,,")
	row(e, "2020-08-31,50.5,2,")
	row(a, "2020-09-01,,,")
	im := f.imported("prices", []byte(file))
	assert.Equal(t, oas.NilString{Null: true}, im.Ticker)
	assert.EqualValues(t, []int64{8, 0, 16}, []int64{im.Written, im.Unchanged, im.Skipped})
	w := im.Warning.Value
	assert.Contains(t, w, "rows that were skipped, as their close is no number above 0: 1")
	assert.Contains(t, w, "tickers that no company has: 12, with 13 rows ("+strings.Join(unknown[:10], ", ")+", ...)")
	assert.Contains(t, w, "listings that were left out: 1, with 2 rows ("+c+": looks_split_adjusted on 2020-08-31: a split of the ratio 4")
	assert.Equal(t, []string{"2020-08-28 - - - 10 7 0 1", "2020-08-31 - - - 11 8 0 1"}, f.lines(a))
	assert.Len(t, f.prices(b), 3)
	assert.Empty(t, f.prices(c))
	assert.Len(t, f.prices(d), 2)
	splits, err := f.anon.ListCompanySplits(t.Context(), oas.ListCompanySplitsParams{Ticker: oas.Ticker(e)})
	require.NoError(t, err)
	require.Len(t, splits.Items, 1)
	assert.Equal(t, "2", splits.Items[0].Ratio.String())

	im = f.imported("prices", []byte(file+a+",2024-07-01,12,,\n"+a+",2024-06-28,12,,\n"))
	assert.EqualValues(t, []int64{2, 8, 16}, []int64{im.Written, im.Unchanged, im.Skipped}, "only what differs is written")

	// A split of a listing that is left out is not taken either.
	im = f.imported("prices", fmt.Appendf(nil, "ticker,date,close,split_ratio\n%s,2024-06-28,100,\n%s,2024-07-01,99,3\n%s,2024-06-27,12,\n", c, c, a))
	assert.EqualValues(t, []int64{1, 0, 2}, []int64{im.Written, im.Unchanged, im.Skipped})
	splits, err = f.anon.ListCompanySplits(t.Context(), oas.ListCompanySplitsParams{Ticker: oas.Ticker(c)})
	require.NoError(t, err)
	assert.Len(t, splits.Items, 1)

	before := f.lines(a)
	assert.Contains(t, f.refused("prices", fmt.Appendf(nil, "ticker,date,close\n%s,2024-01-02,1\n,2024-01-03,1\n", a)), "line 3: ticker is empty")
	assert.Contains(t, f.refused("prices", []byte("ticker,date,close\n,2024-01-02,1\n")), "line 2: ticker is empty")
	assert.Contains(t, f.refused("prices", []byte("ticker,date,close\nNOBODYS,2024-01-02,1\n,2024-01-03,1\n")), "line 3: ticker is empty")
	assert.Contains(t, f.refused("prices", fmt.Appendf(nil, "ticker,date,close\n%s,2024-01-02,1\n%s,2024-01-03,1,\n", a, a)), "line 3: has not as many columns")
	assert.Equal(t, before, f.lines(a), "a file that fails leaves nothing")

	im = f.imported("prices", []byte("ticker,date,close\nT\x00T\u202e,2024-01-02,1\nA B,2024-01-02,1\n"))
	assert.EqualValues(t, []int64{0, 0, 2}, []int64{im.Written, im.Unchanged, im.Skipped})
	assert.Contains(t, im.Warning.Value, "tickers that no company has: 2, with 2 rows")
}

// Lines that say the same twice do no harm, and listings of which lines contradict each other are left out.
func TestRepeatedPrices(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	a, b, c := unique("A"), unique("B"), unique("C")
	for _, ticker := range []string{a, b, c} {
		f.createCompany(ticker)
	}
	f.imported("splits", fmt.Appendf(nil, "ticker,effective_date,ratio\n%s,2000-01-03,2\n", c)) // is settled
	rows := strings.NewReplacer("A", a, "B", b, "C", c)
	file := []byte("ticker,date,close,open,volume\n" + rows.Replace("A,2024-01-02,1.50,,\nB,2024-01-02,1,1,5\nC,2024-01-02,1,1,\n"+
		"A,2024-01-02,1.5,,\nB,2024-01-02,1,1,5\nB,2024-01-02,1,,5\nB,2024-01-03,1,,5\nC,2024-01-02,2,1,\nC,2024-01-02,3,1,\nA,2024-01-02,1.5,,\n"))
	im := f.imported("prices", file)
	assert.EqualValues(t, []int64{1, 2, 7}, []int64{im.Written, im.Unchanged, im.Skipped})
	assert.Contains(t, im.Warning.Value, "listings that were left out: 2, with 7 rows (")
	assert.Contains(t, im.Warning.Value, b+": line 7: date 2024-01-02 stands on line 3 with other values")
	assert.Contains(t, im.Warning.Value, c+": line 9: date 2024-01-02 stands on line 4 with other values")
	assert.Equal(t, []string{"2024-01-02 - - - 1.5 - 0 1"}, f.lines(a))
	assert.Empty(t, f.lines(b))
	assert.Empty(t, f.lines(c))
	assert.Contains(t, f.refused("prices?ticker="+a, []byte("date,close\n2024-01-02,1\n2024-01-02,1\n")), "line 3: date 2024-01-02 stands on line 2 already")
}

// A ticker names one company's listing after another's; prices go to the one that it named on their day.
func TestPricesOfATickerThatMoved(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	create := func(ticker string, listing oas.ListingInput) {
		t.Helper()
		listing.Ticker = oas.Ticker(ticker)
		_, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: ticker + " Inc.", Listings: []oas.ListingInput{listing}})
		require.NoError(t, err)
	}
	on := func(s string) oas.OptNilDate { return oas.NewOptNilDate(day(s)) }
	// MOVE was of three companies, and nothing tells since when GONE is of the second.
	create("MOVE", oas.ListingInput{LastDay: on("2001-12-31")})
	create("MOVE", oas.ListingInput{FirstDay: on("2005-01-03"), LastDay: on("2010-06-30")})
	create("MOVE", oas.ListingInput{FirstDay: on("2010-06-01")})
	create("GONE", oas.ListingInput{LastDay: on("2015-03-31")})
	create("GONE", oas.ListingInput{})
	f.imported("splits", []byte("ticker,effective_date,ratio\nMOVE,2012-01-03,2\n")) // of the third company
	prices := func() (all string) {
		t.Helper()
		require.NoError(t, f.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(l.ticker || '/' || n || ' ' || p.date || ' ' || p.close, ', ' ORDER BY l.id, p.date), '')
			FROM price p JOIN (SELECT *, row_number() OVER (PARTITION BY ticker ORDER BY id) AS n FROM listing) l ON l.id = p.listing_id`).Scan(&all))
		return all
	}
	const want = "MOVE/1 2001-12-31 2, MOVE/2 2002-01-02 4, MOVE/2 2010-05-31 6, MOVE/3 2010-06-01 8, MOVE/3 2012-01-03 4, GONE/1 2015-03-31 1, GONE/2 2015-04-01 5"
	im := f.imported("prices?adjusted=splits", []byte("ticker,date,close\nMOVE,2012-01-03,4\nMOVE,2001-12-31,2\nMOVE,2002-01-02,4\nMOVE,2010-05-31,6\nMOVE,2010-06-01,4\n"+
		"GONE,2015-04-01,5\nGONE,2015-03-31,1\n"))
	assert.EqualValues(t, []int64{7, 0, 0}, []int64{im.Written, im.Unchanged, im.Skipped})
	assert.Equal(t, want, prices(), "only prices of the third company are adjusted for its split")

	f.exec("DELETE FROM price")
	f.imported("prices?ticker=MOVE&adjusted=splits", []byte("date,close\n2012-01-03,4\n2001-12-31,2\n2002-01-02,4\n2010-05-31,6\n2010-06-01,4\n"))
	f.imported("prices?ticker=gone", []byte("date,close\n2015-04-01,5\n2015-03-31,1\n"))
	assert.Equal(t, want, prices())

	// Two listings of one ticker can both have prices of a day, which no page leaves out.
	f.exec(`INSERT INTO price (listing_id, date, close, ex_dividend, split_ratio)
		SELECT id, '2024-01-02', row_number() OVER (ORDER BY ticker, id), 0, 1 FROM listing`)
	for size := int32(1); size <= 6; size++ {
		var closes []string
		for _, r := range pages(t, int(size), func(token oas.OptString) ([]oas.DailyRatios, oas.NilString) {
			page, err := f.anon.ListDailyRatios(t.Context(), oas.ListDailyRatiosParams{Date: day("2024-01-02"), PageSize: oas.NewOptInt32(size), PageToken: token})
			require.NoError(t, err)
			return page.Items, page.NextPageToken
		}) {
			closes = append(closes, r.Close.String())
		}
		assert.Equal(t, []string{"1", "2", "3", "4", "5"}, closes, size)
	}
}

// Without a day, prices are adjusted up to the newest of the file.
func TestAdjustedUpToTheNewestRow(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	a, b, c := unique("A"), unique("B"), unique("C")
	for _, ticker := range []string{a, b, c} {
		f.createCompany(ticker)
	}
	f.imported("splits", fmt.Appendf(nil, "ticker,effective_date,ratio\n%s,2014-06-09,7\n%s,2020-08-31,4\n%s,2020-08-31,0.3\n", a, a, b))
	im := f.imported("prices?adjusted=splits&ticker="+a, []byte("date,close,volume\n2014-12-31,110.38,10\n2014-06-06,92.2243,700.7\n"))
	assert.Equal(t, oas.NewNilAdjustment(oas.AdjustmentSplits), im.Adjusted)
	assert.Equal(t, oas.NewNilDate(day("2014-12-31")), im.AdjustedAsOf)
	assert.Equal(t, []string{"2014-06-06 - - - 645.5701 100 0 1", "2014-12-31 - - - 110.38 10 0 1"}, f.lines(a), "the later split is not undone")

	file := fmt.Appendf(nil, "ticker,date,open,close\n%s,2014-12-31,1,27.595\n%s,2020-08-28,10,10\n%s,2020-08-31,10,10\n%s,2021-01-04,5,5\n", a, b, b, c)
	im = f.imported("prices?adjusted=splits", file)
	assert.Equal(t, oas.NewNilDate(day("2021-01-04")), im.AdjustedAsOf, "of the whole file")
	assert.Equal(t, "2014-12-31 4 - - 110.38 - 0 1", f.lines(a)[1])
	assert.Equal(t, []string{"2020-08-28 3 - - 3 - 0 1", "2020-08-31 10 - - 10 - 0 1"}, f.lines(b))
	im = f.imported("prices?adjusted=splits&adjusted_as_of=2014-12-31&ticker="+a, []byte("date,close\n2014-12-30,112.52\n"))
	assert.Equal(t, oas.NewNilDate(day("2014-12-31")), im.AdjustedAsOf, "a day goes before")

	f.imported("splits", fmt.Appendf(nil, "ticker,effective_date,ratio\n%s,2022-01-03,3\n%s,2023-01-03,0.3333\n", c, c))
	f.imported("prices?adjusted=splits", fmt.Appendf(nil, "ticker,date,close\n%s,2021-01-05,3\n%s,2022-06-01,9\n%s,2023-06-01,1\n", c, c, c))
	assert.Equal(t, []string{"2021-01-04 5 - - 5 - 0 1", "2021-01-05 - - - 2.9997 - 0 1", "2022-06-01 - - - 2.9997 - 0 1", "2023-06-01 - - - 1 - 0 1"}, f.lines(c))

	res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/prices?adjusted=dividends", strings.NewReader("date,close\n"))
	requireProblem(t, res, body, http.StatusUnprocessableEntity, "adjusted for something else")
}

// A file of prices may be larger than others, and is refused when it says that it is too large.
func TestLargestFileOfPrices(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	for contentType, size := range map[string]int64{"text/csv": app.MaxPriceFileSize + 2, "multipart/form-data; boundary=b": app.MaxPriceFileSize + 1<<20} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+api.Prefix+"/imports/prices", io.NopCloser(strings.NewReader("date")))
		require.NoError(t, err)
		r.ContentLength = size
		r.Header.Set("Authorization", "Bearer "+f.superToken)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Expect", "100-continue")
		res, err := f.http.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		requireProblem(t, res, body, http.StatusRequestEntityTooLarge, contentType+" of more than 4 GiB")
	}
	assert.Equal(t, 0, f.count("SELECT count(*) FROM import"))
}
