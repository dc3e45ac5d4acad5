package wire

import (
	"io"
	"math"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-faster/jx"
	ogen "github.com/ogen-go/ogen/json"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSend(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 10_000, most + 1} {
		text := strings.Repeat("x", size)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			e := jx.GetEncoder()
			e.Str(text)
			assert.NoError(t, Send(w, http.StatusAccepted, e))
			assert.LessOrEqual(t, cap(jx.GetEncoder().Bytes()), most, "a large buffer stays")
		}))
		t.Cleanup(server.Close)
		res, err := http.Get(server.URL)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusAccepted, res.StatusCode)
		assert.Equal(t, int64(size+2), res.ContentLength)
		assert.Equal(t, `"`+text+`"`, string(body))
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	coefficients := []int64{0, 1, 5, 10, 15, 100, 1050, 123456, 999_999_999_999_999_999, 1_000_000_000_000_000_000, math.MaxInt64 - 1, math.MaxInt64}
	for _, c := range coefficients {
		for exp := int32(-40); exp <= 40; exp++ {
			for _, d := range []decimal.Decimal{
				decimal.New(c, exp), decimal.New(-c, exp), decimal.NewFromBigInt(new(big.Int).Mul(big.NewInt(c), big.NewInt(c)), exp),
			} {
				require.Equal(t, "["+d.String(), string(Decimal([]byte("["), d)), "%d, %d", c, exp)
			}
		}
	}
	assert.Equal(t, "0", string(Decimal(nil, decimal.Decimal{})))
	assert.Equal(t, "-9223372036854775808", string(Decimal(nil, decimal.New(math.MinInt64, 0))))
}

func FuzzDecimal(f *testing.F) {
	f.Add(int64(-1050), int32(-4))
	f.Fuzz(func(t *testing.T, c int64, exp int32) {
		d := decimal.New(c, exp%64)
		require.Equal(t, d.String(), string(Decimal(nil, d)))
	})
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "Apple Inc.", `"`, `a\b`, "\x00\x1f \x7f", "é\u2028\xff", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var e jx.Encoder
		e.Str(s)
		require.Equal(t, e.String(), string(String(nil, s)))
	})
}

func FuzzTime(f *testing.F) {
	for _, year := range []int{-20000, -1, 0, 1, 476, 999, 1000, 1969, 2024, 9999, 10000, 123456} {
		for _, day := range []int{1, 59, 60, 61, 365, 366} {
			f.Add(time.Date(year, 1, day, 23, 59, 59, 999, time.UTC).Unix(), 3600*day%50000)
		}
	}
	f.Fuzz(func(t *testing.T, seconds int64, offset int) {
		at := time.Unix(seconds, 5).UTC()
		for _, at := range []time.Time{at, at.In(time.FixedZone("", offset%90000))} {
			var date, instant jx.Encoder
			ogen.EncodeDate(&date, at)
			ogen.EncodeDateTime(&instant, at)
			require.Equal(t, date.String(), string(Date(nil, at)))
			require.Equal(t, instant.String(), string(DateTime(nil, at)))
		}
	})
}

func TestInt(t *testing.T) {
	t.Parallel()
	for _, v := range []int64{0, 9, -1, 10, 99, 100, 12345, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		var e jx.Encoder
		e.Int64(v)
		assert.Equal(t, e.String(), string(Int(nil, v)))
	}
}

// A field costs no memory beyond the buffer.
func TestAllocations(t *testing.T) { //nolint:paralleltest // which AllocsPerRun refuses
	buf := make([]byte, 0, 1024)
	price, day := decimal.New(-123456, -4), time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		b := String(buf, "Apple Inc.")
		b = Decimal(b, price)
		b = Date(b, day)
		b = DateTime(b, day)
		_ = Int(b, int64(math.MinInt64))
	}))
}
