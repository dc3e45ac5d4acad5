// Package compose_test holds the rules that keep the stack closed: on its files, and, where EDGEVALUE_TEST_STACK is the
// domain of the stack around the test, on the stack itself.
package compose_test

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-faster/yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type service struct {
	Image       string
	Ports       []any
	Volumes     []any
	Networks    []string
	Environment map[string]any
}

// files are the stacks by the name of their file.
func files(t *testing.T) map[string]map[string]service {
	t.Helper()
	paths, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	stacks := map[string]map[string]service{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var stack struct{ Services map[string]service }
		require.NoError(t, yaml.Unmarshal(text, &stack), path)
		stacks[path] = stack.Services
	}
	require.NotEmpty(t, stacks["compose.yaml"])
	require.NotEmpty(t, stacks["traefik.yaml"])
	return stacks
}

func TestDockerSocket(t *testing.T) {
	t.Parallel()
	for file, services := range files(t) {
		for name, s := range services {
			for _, volume := range s.Volumes {
				if text, _ := volume.(string); strings.Contains(text, "docker.sock") {
					assert.Equal(t, "socket-proxy", name, file)
					assert.Equal(t, []string{"docker"}, s.Networks, file)
					assert.Empty(t, s.Ports, file)
				}
			}
			if slices.Contains(s.Networks, "docker") {
				assert.Contains(t, []string{"proxy", "socket-proxy"}, name, file)
			}
		}
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	stacks := files(t)
	for file, services := range stacks {
		for name, s := range services {
			if slices.Contains(s.Networks, "traefik-public") {
				assert.Equal(t, "proxy", name, "%s: other stacks reach it", file)
			}
			if name == "proxy" {
				assert.NotContains(t, s.Networks, "data", file)
			}
		}
	}
	var data []string
	for name, s := range stacks["compose.yaml"] {
		if slices.Contains(s.Networks, "data") {
			data = append(data, name)
		}
	}
	assert.ElementsMatch(t, []string{"backend", "worker", "migrate", "db", "backup", "pgadmin"}, data)
	assert.Equal(t, []string{"data"}, stacks["compose.yaml"]["db"].Networks)
}

// What shows mails, jobs or the database to everybody who reaches it is published to this machine alone, or by the proxy.
func TestPorts(t *testing.T) {
	t.Parallel()
	for file, services := range files(t) {
		for name, s := range services {
			for _, port := range s.Ports {
				text, ok := port.(string)
				public := !ok || !strings.HasPrefix(text, "127.0.0.1:")
				if public && !(name == "proxy" && !strings.HasSuffix(text, ":8080")) {
					t.Errorf("%s publishes %s %v", file, name, port)
				}
			}
		}
	}
}

// A moving tag is somebody else's say in what runs.
func TestVersions(t *testing.T) {
	t.Parallel()
	for file, services := range files(t) {
		for name, s := range services {
			if s.Image != "" && !strings.HasPrefix(s.Image, "$") {
				assert.Regexp(t, `:v?\d[\w.-]*(@sha256:[0-9a-f]{64})?$`, s.Image, "%s: %s", file, name)
			}
		}
	}
	workflow, err := os.ReadFile("../.github/workflows/ci.yml")
	require.NoError(t, err)
	uses := regexp.MustCompile(`uses: (.*)`).FindAllStringSubmatch(string(workflow), -1)
	require.NotEmpty(t, uses)
	for _, m := range uses {
		assert.Regexp(t, `^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`, m[1])
	}
}

// domain is that of the stack around the test.
func domain(t *testing.T) string {
	t.Helper()
	name := os.Getenv("EDGEVALUE_TEST_STACK")
	if name == "" {
		t.Skip("there is no stack: scripts/test.sh runs one")
	}
	return name
}

// get asks the proxy for a page of a host, as one who is not logged in.
func get(t *testing.T, host string, headers map[string]string) (status int, location, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://proxy/", nil)
	require.NoError(t, err)
	req.Host = host
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, res.Header.Get("Location"), string(b)
}

func TestStackGuardsItsTools(t *testing.T) {
	domain := domain(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://pgadmin:5050/", nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	own, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode, "pgAdmin is there")

	require.Eventually(t, func() bool {
		status, _, _ := get(t, "pgadmin."+domain, nil)
		return status != http.StatusOK // the page of the backend, which every other host name shows
	}, 20*time.Second, 200*time.Millisecond, "the proxy does not know pgAdmin")
	for _, headers := range []map[string]string{
		{},
		{"Cookie": "edgevalue_console=forged; __Secure-edgevalue_console=forged"},
		{"Authorization": "Basic YWRtaW46YWRtaW4=", "X-Forwarded-For": "127.0.0.1"},
		{"X-Forwarded-Uri": "/livez", "X-Forwarded-Method": "GET", "X-Forwarded-Host": domain, "X-Forwarded-Prefix": "/livez"},
		{"Connection": "X-Forwarded-Uri, X-Forwarded-Host, Cookie", "Upgrade": "websocket"},
	} {
		status, _, body := get(t, "pgadmin."+domain, headers)
		assert.GreaterOrEqual(t, status, 300, "%v", headers)
		assert.NotEqual(t, string(own), body, "%v", headers)
	}

	status, location, _ := get(t, "river."+domain, nil)
	assert.Equal(t, http.StatusFound, status)
	assert.Equal(t, "https://"+domain+"/jobs", location)
}

// Who is where the proxy is reaches neither the database nor the Docker engine.
func TestStackHidesItsInside(t *testing.T) {
	domain(t)
	open := map[string]bool{"backend:8080": true, "db:5432": false, "socket-proxy:2375": false, "backup:5432": false, "migrate:8081": false}
	for _, addr := range slices.Sorted(maps.Keys(open)) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		cancel()
		assert.Equal(t, open[addr], err == nil, addr)
		if err == nil {
			require.NoError(t, c.Close())
		}
	}
}
