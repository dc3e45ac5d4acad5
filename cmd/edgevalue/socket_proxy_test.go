package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSocketProxy(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ev") // a socket's path is short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "docker.sock")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	engine := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %v\n", r.Method, r.URL, r.Header["X-Registry-Auth"])
		if strings.HasSuffix(r.URL.Path, "/events") {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}))
	engine.Listener = l
	engine.Start()
	t.Cleanup(engine.Close)
	proxy := httptest.NewServer(socketProxy(socket, slog.New(slog.DiscardHandler)))
	t.Cleanup(proxy.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	do := func(method, path string) (int, string) {
		req, err := http.NewRequestWithContext(ctx, method, proxy.URL, strings.NewReader(`{"Image":"debian"}`))
		require.NoError(t, err)
		req.URL.Opaque = path // as it is
		req.Header.Set("X-Registry-Auth", "secret")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		b := make([]byte, 200)
		n, _ := res.Body.Read(b) // of events, the first that comes
		return res.StatusCode, string(b[:n])
	}

	id := strings.Repeat("a1", 32)
	for _, path := range []string{
		"/_ping", "/v1.41/version", "/v1.41/containers/json?limit=0", "/v1.41/containers/" + id + "/json", "/v1.51/services",
		"/v1.41/tasks?filters=%7B%7D", "/networks", "/v1.41/nodes/jk5hvdd8qlb1hup1wtn9k938i", "/v1.41/events?filters=%7B%7D",
	} {
		status, body := do(http.MethodGet, path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Equal(t, "GET "+path+" []\n", body)
	}
	status, body := do(http.MethodGet, "/livez")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "GET /_ping []\n", body)

	for _, request := range []string{
		"POST /v1.41/containers/create", "POST /containers/" + id + "/exec", "DELETE /v1.41/containers/" + id, "PUT /v1.41/containers/json",
		"POST /v1.41/services/create", "POST /v1.41/containers/json", "GET /v1.41/secrets", "GET /v1.41/configs", "GET /v1.41/swarm",
		"GET /v1.41/containers/" + id + "/archive?path=/", "GET /v1.41/containers/" + id + "/export", "GET /v1.41/containers/" + id + "/logs",
		"GET /v1.41/containers/" + id + "/attach/ws", "GET /v1.41/containers/../images/json", "GET /v1.41/containers/%2e%2e/json",
		"GET /v1.41/images/json", "GET /v1.41/nodes", "GET /v1.41/nodes/a/update", "GET /v1.41/containers/json/", "GET /v1.41//services", "GET /v2/services", "GET /", "CONNECT /_ping",
	} {
		method, path, _ := strings.Cut(request, " ")
		status, body := do(method, path)
		assert.Equal(t, http.StatusForbidden, status, request)
		assert.Equal(t, "forbidden\n", body)
	}

	require.NoError(t, l.Close()) // the engine goes away
	cancel()
	engine.CloseClientConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, proxy.URL+"/livez", nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusBadGateway, res.StatusCode)
}
