package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/client"
	"github.com/edgevalue/edgevalue/internal/servertest"
)

// server is the program itself, for all tests and examples.
var server *servertest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = servertest.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// fake serves requests of a client in the server's place.
func fake(t *testing.T, h http.HandlerFunc, options ...client.Option) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL, options...)
	require.NoError(t, err)
	return c
}

// inMemory is like fake, without connections, for bubbles of synctest.
func inMemory(t *testing.T, h http.HandlerFunc, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New("http://edgevalue.example", append(options, client.WithHTTPClient(&http.Client{Transport: handler(h)}))...)
	require.NoError(t, err)
	return c
}

type handler http.HandlerFunc

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h(w, r)
	return w.Result(), r.Context().Err()
}

// superuser is a client of the server itself.
func superuser(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(server.URL, client.WithPassword(server.Superuser, server.Password))
	require.NoError(t, err)
	return c
}

// problem answers with problem details, and lines of headers.
func problem(w http.ResponseWriter, status int, name string, headers ...string) {
	for i := 0; i < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"/problems/%s","title":"Title","status":%d,"detail":"what is wrong","request_id":"abc",
		"errors":[{"field":"/email","message":"must be an address"}]}`, name, status)
}

// answer answers with JSON.
func answer(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, text)
}
