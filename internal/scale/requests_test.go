package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-faster/yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue"
)

// TestRequests compares the requests with what anybody may ask the API for.
func TestRequests(t *testing.T) {
	t.Parallel()
	var contract struct {
		Security []any
		Paths    map[string]map[string]yaml.Node
	}
	require.NoError(t, yaml.Unmarshal(edgevalue.OpenAPI, &contract))
	require.Empty(t, contract.Security)
	public := map[string]string{}
	for path, methods := range contract.Paths {
		get, ok := methods["get"]
		var operation struct {
			OperationID string `yaml:"operationId"`
			Security    []any
		}
		if !ok {
			continue
		}
		require.NoError(t, get.Decode(&operation), path)
		if len(operation.Security) == 0 {
			public[operation.OperationID] = path
		}
	}
	measured, names := map[string]bool{}, map[string]bool{}
	for _, r := range requests {
		measured[r.operation] = true
		assert.False(t, names[r.name], "%s is there twice", r.name)
		names[r.name] = true
		path, _, _ := strings.Cut(r.target, "?")
		of := public[r.operation]
		require.NotEmpty(t, of, "%s is not public", r.operation)
		assert.Equal(t, placeholder.ReplaceAllString(of, "{}"), placeholder.ReplaceAllString(path, "{}"))
		if r.deep {
			assert.Contains(t, r.target, "page_size=100")
		}
	}
	for operation := range public {
		assert.True(t, measured[operation], "%s is not measured", operation)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	s := subjects{"ticker": {"A", "B.C"}, "day": {"2020-01-01"}, "word": {"a b"}, "none": nil}
	for _, test := range []struct {
		target string
		i      int
		want   string
		ok     bool
	}{
		{"/companies/{ticker}?as_of={day}", 3, "/companies/B.C?as_of=2020-01-01", true},
		{"/companies?q={word}", 0, "/companies?q=a%20b", true},
		{"/metrics", 5, "/metrics", true},
		{"/dividends/{none}", 0, "/dividends/", false},
	} {
		got, ok := s.target(test.target, test.i)
		assert.Equal(t, test.want, got)
		assert.Equal(t, test.ok, ok)
	}
	assert.Equal(t, []string{"a", "c"}, spread([]string{"a", "b", "c", "d"}, 2))
	assert.Equal(t, []string{"a"}, spread([]string{"a"}, 2))
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, test := range []struct {
		of   []time.Duration
		p    float64
		want time.Duration
	}{
		{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {hundred[:3], 0.5, 2}, {hundred[:1], 0.99, 1}, {nil, 0.5, 0},
	} {
		assert.Equal(t, test.want, percentile(test.of, test.p))
	}
}

// TestMeasure asks a server for pages of a list of 2500 items.
func TestMeasure(t *testing.T) {
	t.Parallel()
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.String()]++
		switch r.URL.Query().Get("page_token") {
		case "":
			_, _ = w.Write([]byte(`{"items":[],"next_page_token":"a"}`))
		case "a":
			_, _ = w.Write([]byte(`{"items":[],"next_page_token":"b"}`))
		case "b":
			_, _ = w.Write([]byte(`{"items":[],"next_page_token":""}`))
		default:
			http.Error(w, "no", http.StatusNotFound)
		}
	}))
	defer server.Close()
	c := newClient(strings.TrimPrefix(server.URL, "http://"))
	pages, err := c.deepPages(t.Context(), "/x?page_size=100")
	require.NoError(t, err)
	assert.Equal(t, []string{"/x?page_size=100&page_token=b"}, pages)
	assert.Equal(t, map[string]int{
		"/api/v1/x?page_size=1000": 1, "/api/v1/x?page_size=1000&page_token=a": 1, "/api/v1/x?page_size=1000&page_token=b": 1,
	}, asked)

	got, err := c.measure(t.Context(), []string{"/x?page_size=100", "/x?page_token=c"})
	require.NoError(t, err)
	assert.Equal(t, timesEach/2, got.requests)
	assert.Equal(t, timesEach/2, got.failed)
	assert.Contains(t, got.failure, "/x?page_token=c: 404 no")
	assert.Positive(t, got.p50)
	assert.GreaterOrEqual(t, got.p99, got.p50)
}

// TestRun measures a process that takes memory and time.
func TestRun(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the most memory that a process had is read as Linux tells it")
	}
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	p := program{path: shell, dir: t.TempDir(), env: os.Environ()}
	u, err := p.run(t.Context(), "-c", `x=$(head -c 20000000 /dev/zero | tr '\0' a); sleep 0.3; echo ${#x}`)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, u.elapsed, 300*time.Millisecond)
	assert.Positive(t, u.cpu)
	assert.Greater(t, u.peak, int64(20_000_000))
	_, err = p.run(t.Context(), "-c", "echo it is broken >&2; exit 3")
	assert.ErrorContains(t, err, "it is broken")
}

func TestReport(t *testing.T) {
	t.Parallel()
	one := func(n int, p50, perCompany time.Duration, peak int64) stage {
		return stage{
			n: n, archive: size{n, int64(n) * 1e6, int64(n) * 1e5}, imported: "7",
			imports: []imported{{"listings", usage{time.Second, time.Second, 1}}, {bulk, usage{time.Duration(n) * perCompany, time.Second, peak}}},
			vacuum:  time.Second, sizes: map[string]tableSize{"company": {int64(n), 1e6}, "empty": {0, 8192}},
			names: []string{"company", "nothing"}, timings: map[string]timing{"company": {p50, 2 * p50, 200, 0, ""}},
		}
	}
	var out strings.Builder
	require.NoError(t, writeReport(&out, []string{"a machine"}, []stage{one(10, 10*time.Millisecond, 99*time.Millisecond, 1), one(100, 60*time.Millisecond, 101*time.Millisecond, 301<<20)}))
	for _, line := range []string{
		"# Scale: N=10 and N=100 companies", "- a machine", "| companies/s | 10.1 | 9.9 |", "| unpacked MB/s | 10.1 | 9.9 |",
		"| company | 10 | 1.0 | 100 | 1.0 | 10.0 |", "| all | 10 | 1.0 | 100 | 1.0 | 10.1 |",
		"| company | 10.0 | 20.0 | 60.0 | 120.0 | 6.00 | over 50 ms at N=100, grows 6.0 times |", "| nothing |  |  |  |  |  |  |",
		"- company: over 50 ms at N=100, grows 6.0 times", "- N=100: a company takes 101.0 ms to import",
		"- N=100: the import of company facts takes 315.6 MB",
	} {
		assert.Contains(t, out.String(), line+"\n")
	}
	assert.NotContains(t, out.String(), "| empty")
	assert.NotContains(t, out.String(), "N=10: a company takes")

	out.Reset()
	require.NoError(t, writeReport(&out, nil, []stage{one(10, time.Millisecond, time.Millisecond, 1)}))
	assert.Contains(t, out.String(), "## Findings\n\nNone.\n")
}
