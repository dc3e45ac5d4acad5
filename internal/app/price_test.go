package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// A day with a price and no statement yet has no date of one.
func TestExportBeforeTheFirstStatement(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	_, err := pool.Exec(t.Context(), `
		WITH c AS (INSERT INTO company (name) VALUES ('New Inc.') RETURNING id),
		l AS (INSERT INTO listing (company_id, ticker, is_primary) SELECT id, 'NEW', true FROM c RETURNING id)
		INSERT INTO price (listing_id, date, close, ex_dividend, split_ratio) SELECT id, '2026-06-30', 10.5, 0, 1 FROM l`)
	require.NoError(t, err)
	x, err := a.ExportCompany(t.Context(), "NEW", app.PointInTime{})
	require.NoError(t, err)
	require.Len(t, x.DailyRatios, 1)
	assert.Nil(t, x.DailyRatios[0].StatementEndDate)
	var b strings.Builder
	require.NoError(t, x.Encode(&b))
	assert.Contains(t, b.String(), `"statement_end_date":null`)

	page, _, err := a.ListCompanyDailyRatios(t.Context(), "NEW", nil, nil, app.DayOptions{}, app.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, page, 1)
	assert.Nil(t, page[0].StatementEndDate)
}
