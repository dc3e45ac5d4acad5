package api_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func (f *fixture) rates(size int32, p oas.ListExchangeRatesParams) (out []string) {
	f.t.Helper()
	for _, r := range pages(f.t, int(size), func(token oas.OptString) ([]oas.ExchangeRate, oas.NilString) {
		p.PageSize, p.PageToken = oas.NewOptInt32(size), token
		page, err := f.anon.ListExchangeRates(f.t.Context(), p)
		require.NoError(f.t, err)
		return page.Items, page.NextPageToken
	}) {
		out = append(out, strings.Join([]string{r.Date.Format("2006-01-02"), string(r.Base), string(r.Quote), r.Rate.String()}, " "))
	}
	return out
}

func TestExchangeRates(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	imported := func(file string, want ...int64) *oas.Import {
		t.Helper()
		im := f.imported("exchange-rates", []byte(file))
		assert.Equal(t, want, []int64{im.Written, im.Unchanged, im.Skipped})
		assert.Equal(t, oas.ImportKindExchangeRates, im.Kind)
		return im
	}
	ecb := "Date,USD,JPY,CYP,XXX,\n2017-12-29,1.1993,135.01,N/A,2,\n2017-12-28,1.1934,134.7,,N/A,\n"
	im := imported("\ufeff"+ecb, 4, 0, 1)
	assert.Equal(t, "rates that were skipped, of currencies that are not known (XXX): 1", im.Warning.Value)
	imported(ecb, 0, 4, 1)
	imported("rate,quote,base,date\n29.7,TWD,USD,2017-12-29\n1.2,USD,EUR,2017-12-28\nN/A,TWD,USD,2017-12-28\n", 2, 0, 0)

	all := []string{
		"2017-12-28 EUR JPY 134.7", "2017-12-29 EUR JPY 135.01", "2017-12-28 EUR USD 1.2", "2017-12-29 EUR USD 1.1993", "2017-12-29 USD TWD 29.7",
	}
	for _, size := range []int32{1, 2, 1000} {
		assert.Equal(t, all, f.rates(size, oas.ListExchangeRatesParams{}))
	}
	eur, usd := oas.NewOptCurrency("EUR"), oas.NewOptCurrency("USD")
	assert.Equal(t, all[2:4], f.rates(1, oas.ListExchangeRatesParams{Base: eur, Quote: usd}))
	assert.Equal(t, all[4:], f.rates(1, oas.ListExchangeRatesParams{Base: usd}))
	assert.Equal(t, []string{all[0], all[2]}, f.rates(1, oas.ListExchangeRatesParams{To: oas.NewOptDate(day("2017-12-28"))}))
	assert.Equal(t, all[3:4], f.rates(1, oas.ListExchangeRatesParams{Quote: usd, From: oas.NewOptDate(day("2017-12-29"))}))
	assert.Empty(t, f.rates(1, oas.ListExchangeRatesParams{Base: oas.NewOptCurrency("CHF")}))

	_, err := f.anon.ListExchangeRates(t.Context(), oas.ListExchangeRatesParams{Base: oas.NewOptCurrency("XYZ")})
	assert.Equal(t, currencyRule, fieldProblem(t, err, "base"))
	_, err = f.anon.ListExchangeRates(t.Context(), oas.ListExchangeRatesParams{
		From: oas.NewOptDate(day("2017-12-29")), To: oas.NewOptDate(day("2017-12-28")),
	})
	fieldProblem(t, err, "to")

	for file, message := range map[string]string{
		"date,usd,rate\n":                                       `line 1: unknown column "usd": want date, base, quote, rate`,
		"Date,USD,eur\n2017-12-29,1.1993,1\n":                   `line 1: column "EUR": the rates of such a file are those of one euro`,
		"Date,USD,USD\n":                                        `line 1: unknown column "usd"`,
		"date,base,quote\n2017-12-29,EUR,USD\n":                 `line 1: column "rate" is missing`,
		"date,base,quote,rate\n2017-12-29,EUR,usd,1\n":          `line 2: quote "usd" must be`,
		"date,base,quote,rate\n2017-12-29,EUR,EUR,1\n":          `line 2: quote "EUR" is the same as base`,
		"date,base,quote,rate\n2017-12-29,EUR,USD,0\n":          `line 2: rate "0" is not a number above 0`,
		"date,base,quote,rate\n2017-12-29,EUR,USD,x\n":          `line 2: rate "x" is not a number`,
		"date,base,quote,rate\n29.12.2017,EUR,USD,1\n":          `line 2: date "29.12.2017" is not a date`,
		"Date,USD\n2017-12-29,1\n2017-12-29,2\n":                "the rate of EUR to USD of 2017-12-29 is given twice",
		"Date,USD\n" + tomorrow().Format("2006-01-02") + ",1\n": "line 2: date",
	} {
		assert.Contains(t, f.refused("exchange-rates", []byte(file)), message, file)
	}
}
