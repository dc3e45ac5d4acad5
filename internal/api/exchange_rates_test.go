package api_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
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

// The history of the European Central Bank comes as a zip of one file.
func TestZipOfExchangeRates(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	const header = "Date,USD,JPY,BGN,CYP,CZK,DKK,EEK,GBP,HUF,LTL,LVL,MTL,PLN,ROL,RON,SEK,SIT,SKK,CHF,ISK,NOK,HRK,RUB,TRL,TRY,AUD,BRL,CAD,CNY,HKD,IDR,ILS,INR,KRW,MXN,MYR,NZD,PHP,SGD,THB,ZAR,\n"
	const history = header +
		"2025-01-02,1.0321,162.0,1.9558,N/A,25.156,7.4602,N/A,0.83118,412.23,N/A,N/A,N/A,4.2713,N/A,4.9745,11.4475,N/A,N/A,0.9363,143.7,11.7475,N/A,N/A,N/A,36.4759,1.6565,6.3864,1.4837,7.5333,8.0302,16710.42,3.7628,88.5255,1514.97,21.249,4.6263,1.8348,59.786,1.4109,35.397,19.3435,\n" +
		"1999-01-04,1.1789,133.73,N/A,0.58231,35.107,7.4501,15.6466,0.7111,251.48,4.717,0.6668,0.4432,4.0712,13107.4,N/A,9.4696,189.045,42.991,1.6168,81.48,8.855,N/A,N/A,372274.0,N/A,1.91,N/A,1.8004,N/A,9.1332,9433.61,N/A,N/A,1398.59,11.6446,4.4798,2.2229,45.51,1.9554,42.6799,6.9358,\n"
	packed := func(names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			w, err := z.Create(name)
			require.NoError(t, err)
			_, err = io.WriteString(w, history)
			require.NoError(t, err)
		}
		require.NoError(t, z.Close())
		return b.Bytes()
	}
	whole := packed("eurofxref-hist.csv")
	im := f.imported("exchange-rates", whole)
	assert.EqualValues(t, []int64{int64(strings.Count(history, ".")), 0, 0}, []int64{im.Written, im.Unchanged, im.Skipped})
	assert.EqualValues(t, len(history), im.Total.Value)

	var stored bytes.Buffer
	z := zip.NewWriter(&stored)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "a.csv", Method: zip.Store})
	require.NoError(t, err)
	_, err = io.WriteString(w, history)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	var raw bytes.Buffer // with its sum before it
	z = zip.NewWriter(&raw)
	var deflated bytes.Buffer
	fw, err := flate.NewWriter(&deflated, flate.BestSpeed)
	require.NoError(t, err)
	_, err = io.WriteString(fw, header)
	require.NoError(t, errors.Join(err, fw.Close()))
	w, err = z.CreateRaw(&zip.FileHeader{
		Name: "a.csv", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(header)),
		CompressedSize64: uint64(deflated.Len()), UncompressedSize64: uint64(len(header)),
	})
	require.NoError(t, err)
	_, err = w.Write(deflated.Bytes())
	require.NoError(t, errors.Join(err, z.Close()))
	assert.Zero(t, f.imported("exchange-rates", raw.Bytes()).Written)

	wrong := bytes.Clone(whole)
	wrong[bytes.Index(wrong, []byte("PK\x07\x08"))+4] ^= 1
	late, _, found := bytes.Cut(whole, []byte("PK\x01\x02"))
	require.True(t, found)
	flipped := bytes.Clone(whole)
	flipped[100] ^= 0xff
	for name, c := range map[string]struct {
		file    []byte
		message string
	}{
		"two files": {packed("a.csv", "b.csv"), "several files"},
		"no file":   {packed(), ""},
		"stored":    {stored.Bytes(), "unpack it"},
		"cut":       {whole[:len(whole)/2], "not a whole zip file"},
		"cut late":  {late, "not a whole zip file"},
		"header":    {whole[:20], "not a whole zip file"},
		"sum":       {wrong, "checksum"},
		"flipped":   {flipped, "not a whole zip file"},
	} {
		if c.message == "" { // no zip file that begins with one
			assert.Contains(t, f.refused("exchange-rates", c.file), "line 1", name)
			continue
		}
		res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/exchange-rates", bytes.NewReader(c.file), "Content-Type", "application/zip")
		requireProblem(t, res, body, http.StatusUnprocessableEntity, name)
		assert.Contains(t, string(body), c.message, name)
	}
}
