package api_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
)

func TestRefusedFileIsAnswered(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.requireRefusals(map[string]refusedBody{
		"file of nobody": {"/imports/splits", "x", "Content-Length: 20000000", 401},
		"file of a user": {"/imports/splits", f.userToken, "Transfer-Encoding: chunked", 403},
		"in between":     {"/imports/prices", f.superToken, "Content-Length: 20000000", 422},
	})
}

func TestCodedFiles(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	const file = "application/octet-stream"
	splits := func() string {
		ticker := unique("T")
		f.createCompany(ticker)
		return "ticker,effective_date,ratio\n" + ticker + ",2020-08-31,4\n"
	}
	f.sendCoded(map[string]codedBody{
		"file":                  {"/imports/splits", file, "gzip", zipped(t, splits()), 202},
		"gzip file":             {"/imports/splits", file, "gzip", zipped(t, zipped(t, splits())), 202},
		"file that is not gzip": {"/imports/splits", file, "gzip", splits(), 400},
		"large file":            {"/imports/splits", file, "gzip", zipped(t, strings.Repeat("a", 65<<20)), 413},
		"file in deflate":       {"/imports/splits", file, "deflate", "x", 415},
	})
	require.Eventually(t, func() bool { return f.count("SELECT count(*) FROM import WHERE finished_at IS NULL") == 0 }, 20*time.Second, 20*time.Millisecond)
	assert.Equal(t, 2, f.count("SELECT count(*) FROM import WHERE state = 'succeeded'"))
}

// One file more than a server receives is refused before any of it comes in.
func TestTooManyUploads(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) { c.MaxUploads = 1 }})
	head := func(conn net.Conn, expect string) {
		_, err := fmt.Fprintf(conn, "POST %s/imports/splits HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n%sContent-Length: 28\r\n\r\n",
			api.Prefix, f.superToken, expect)
		require.NoError(t, err)
	}
	const file = "ticker,effective_date,ratio\n"
	first := f.dial()
	head(first, "")
	_, err := io.WriteString(first, file[:10])
	require.NoError(t, err)
	require.Eventually(t, func() bool { return f.count("SELECT count(*) FROM upload") == 1 }, 10*time.Second, 10*time.Millisecond)

	for _, contentType := range []string{"text/csv", "multipart/form-data; boundary=b"} {
		second := f.dial()
		head(second, "Content-Type: "+contentType+"\r\nExpect: 100-continue\r\n")
		res, body := readResponse(t, second, http.MethodPost)
		requireProblem(t, res, body, http.StatusServiceUnavailable, contentType)
		assert.Equal(t, "/problems/too-many-uploads", decodeProblem(t, body).Type)
		assert.NotEmpty(t, res.Header.Get("Retry-After"))
	}

	_, err = io.WriteString(first, file[10:])
	require.NoError(t, err)
	res, body := readResponse(t, first, http.MethodPost)
	require.Equal(t, http.StatusAccepted, res.StatusCode, "%s", body)
	f.upload("splits", []byte(file))
}
