package pg_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// Numbers have the same digits and exponents as those that pgx reads.
func TestScanNumbers(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))
	numbers := []string{"0", "0.00", "100", "1.10", "-0.0001", "9999999999999999", "99999999999999999999", "1e16", "1e-16", "12e20", "5.000000000000000000"}
	for range 500 {
		numbers = append(numbers, fmt.Sprintf("%de%d", rand.Int64N(1<<rand.IntN(62)+1)-rand.Int64N(1<<20), rand.IntN(40)-20))
	}
	rows, err := pool.Query(ctx, "SELECT n::numeric, n::numeric, n::numeric, n FROM unnest($1::text[]) AS n", numbers)
	require.NoError(t, err)
	var plain decimal.Decimal
	var nullable *decimal.Decimal
	var want pgtype.Numeric
	var text string
	count := 0
	_, err = pgx.ForEachRow(rows, []any{&plain, &nullable, &want, &text}, func() error {
		count++
		for _, got := range []decimal.Decimal{plain, *nullable} {
			assert.Zero(t, want.Int.Cmp(got.Coefficient()), text)
			assert.Equal(t, want.Exp, got.Exponent(), text)
			assert.True(t, decimal.RequireFromString(text).Equal(got), text)
		}
		return nil
	})
	require.NoError(t, err)
	assert.Len(t, numbers, count)
}

type mark string

func TestScanPlaces(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), open(t, pgtest.Empty(t))

	// More than one block: no value is written over.
	rows, err := pool.Query(ctx, "SELECT nullif(n, 500), n::text, date '1901-01-01' + n, timestamptz '1901-01-01 UTC' + n * interval '1 s' FROM generate_series(1, 1000) AS n")
	require.NoError(t, err)
	type row struct {
		N       *int32
		Text    *string
		Day, At *time.Time
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	require.NoError(t, err)
	first := time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, r := range all {
		n := i + 1
		if n == 500 {
			assert.Nil(t, r.N)
			continue
		}
		assert.Equal(t, []any{int32(n), fmt.Sprint(n), first.AddDate(0, 0, n), first.Add(time.Duration(n) * time.Second)}, []any{*r.N, *r.Text, *r.Day, *r.At})
	}

	for _, sql := range []string{"NULL::date", "'infinity'::date", "'-infinity'::timestamptz", "NULL::timestamptz"} {
		var at time.Time
		require.Error(t, pool.QueryRow(ctx, "SELECT "+sql).Scan(&at), sql)
	}
	var day time.Time
	require.NoError(t, pool.QueryRow(ctx, "SELECT '0001-01-01'::date").Scan(&day))
	assert.True(t, day.IsZero())

	var texts, noTexts, nullTexts []string
	var numbers []int64
	require.NoError(t, pool.QueryRow(ctx, `SELECT '{a,"",ä}'::text[], '{}'::text[], NULL::text[], '{1,-1}'::bigint[]`).Scan(&texts, &noTexts, &nullTexts, &numbers))
	assert.Equal(t, []any{[]string{"a", "", "ä"}, []string{}, []string(nil), []int64{1, -1}}, []any{texts, noTexts, nullTexts, numbers})
	for _, sql := range []string{"'{a,NULL}'", "'{{a},{b}}'"} {
		require.Error(t, pool.QueryRow(ctx, "SELECT "+sql+"::text[]").Scan(&texts), sql)
	}
	var marks []mark
	var pointers []*string
	require.NoError(t, pool.QueryRow(ctx, "SELECT '{a}'::text[], '{a,NULL}'::text[]").Scan(&marks, &pointers))
	assert.Equal(t, []mark{"a"}, marks)
	assert.Nil(t, pointers[1])

	var none, some []struct{ A int }
	var missing *struct{ A int }
	require.NoError(t, pool.QueryRow(ctx, `SELECT '[]'::jsonb, '[{"a": 1}]'::jsonb, NULL::jsonb`).Scan(&none, &some, &missing))
	assert.NotNil(t, none)
	assert.Empty(t, none)
	assert.Equal(t, []struct{ A int }{{1}}, some)
	assert.Nil(t, missing)
}
