package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	u, err := f.user.GetCurrentUser(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, f.userEmail, u.Email)
}
