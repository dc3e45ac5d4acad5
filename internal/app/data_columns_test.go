package app_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/pgtest"
)

func TestImportSetsTheCIKAlone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	_, err := a.CreateCompany(t.Context(), root, apple)
	require.NoError(t, err)
	forbid(t, pool, "company", "cik", "former_ciks", "newest_period", "newest_end_date", "size") // the last by a trigger
	work(t, a)
	eventually(t, a, startApple(t, a), "succeeded")
	c, err := a.GetCompany(t.Context(), "AAPL")
	require.NoError(t, err)
	assert.Equal(t, new(int64(320193)), c.Cik)
}
