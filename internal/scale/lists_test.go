package main

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/sec"
)

func TestLists(t *testing.T) {
	t.Parallel()
	g := newTestGenerator(t)
	const n = 600
	var list, prices, rates bytes.Buffer
	require.NoError(t, g.writeListings(&list, n))
	require.NoError(t, g.writePrices(&prices, n))
	require.NoError(t, g.writeRates(&rates))
	listings, skipped, err := sec.ParseCompanyTickers(&list)
	require.NoError(t, err)
	assert.Zero(t, skipped)
	assert.InDelta(t, 0.45*n, len(listings), 0.1*n)

	rows, err := csv.NewReader(&prices).ReadAll()
	require.NoError(t, err)
	days, last := map[string]int{}, map[string]string{}
	for _, r := range rows[1:] {
		days[r[0]]++
		last[r[0]] = r[1]
		low, err := strconv.ParseFloat(r[4], 64)
		require.NoError(t, err)
		assert.Positive(t, low)
	}
	assert.Len(t, days, len(listings))
	for i, l := range listings {
		want := 1
		if i < tradedListings {
			want = tradedDays
		}
		assert.Equal(t, want, days[l.Ticker])
		assert.Equal(t, "2026-05-29", last[l.Ticker], "all listings have a price of the last day")
	}
	rows, err = csv.NewReader(&rates).ReadAll()
	require.NoError(t, err)
	assert.Len(t, rows, 1+tradedDays*(len(currencies)-1))
}
