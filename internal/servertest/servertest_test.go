package servertest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/servertest"
)

func TestStart(t *testing.T) {
	t.Parallel()
	s, err := servertest.Start(t.Context())
	require.NoError(t, err)
	res, err := http.Get(s.URL + "/readyz")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, s.Stop())
	_, err = http.Get(s.URL + "/readyz")
	require.Error(t, err)
}
