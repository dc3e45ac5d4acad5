package wire

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-faster/jx"
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
		res, err := http.Get(server.URL) //nolint:noctx // it ends with the server
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusAccepted, res.StatusCode)
		assert.Equal(t, int64(size+2), res.ContentLength)
		assert.Equal(t, `"`+text+`"`, string(body))
	}
}
