package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test binary is the program, too: a server that says what its source said when it was built.
const fakeServer = "EDGEVALUE_TEST_DEVLOOP_SAYS"

func TestMain(m *testing.M) {
	if path := os.Getenv(fakeServer); path != "" {
		os.Exit(serveFake(path))
	}
	os.Exit(m.Run())
}

func serveFake(path string) int {
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "refuses") {
		fmt.Fprintln(os.Stderr, "this server refuses to start")
		return 1
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 20 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		fmt.Fprintf(w, "%s|%s|%s", strings.TrimSpace(string(text)), r.Host, r.Header.Get("X-Forwarded-For"))
	})
	go func() { _ = http.ListenAndServe(os.Getenv("ADMIN_ADDR"), mux) }()
	return map[bool]int{true: 0, false: 1}[http.ListenAndServe(os.Getenv("LISTEN_ADDR"), mux) == nil]
}

// A bundle is a loop over a project of one file, in a folder of its own.
type bundle struct {
	t      *testing.T
	source string
	url    string
	log    *lines
	end    func()
}

type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func setup(t *testing.T, trusted ...netip.Prefix) *bundle {
	t.Helper()
	dir := t.TempDir()
	source, built := filepath.Join(dir, "src", "main.txt"), filepath.Join(dir, "built")
	require.NoError(t, os.Mkdir(filepath.Dir(source), 0o755))
	require.NoError(t, os.WriteFile(source, []byte("one"), 0o644))
	self, err := os.Executable()
	require.NoError(t, err)
	f := newFront(trusted)
	server := httptest.NewServer(f.public())
	hard, kill := context.WithCancel(context.Background())
	ctx, stop := context.WithCancel(context.Background())
	log := new(lines)
	l := &loop{
		program: program{
			sources: []string{filepath.Dir(source)}, made: func(string) bool { return false },
			generate: []string{"echo", "types: skipped: a tool is missing"},
			build:    []string{"sh", "-c", fmt.Sprintf(`if grep -q broken %[1]s; then echo "main.txt:1:1: syntax <error>"; exit 1; fi; grep -q slow %[1]s && sleep 1; cp %[1]s %[2]s`, source, built)},
			run:      []string{self}, env: map[string]string{fakeServer: built}, grace: 3 * time.Second, patience: 10 * time.Second,
		},
		front: f, out: log, hard: hard, crashed: make(chan *child, 16),
	}
	done := make(chan error, 1)
	go func() { done <- l.watch(ctx) }()
	end := sync.OnceFunc(func() {
		stop()
		require.NoError(t, <-done)
		kill()
		server.Close()
	})
	t.Cleanup(end)
	return &bundle{t, source, server.URL, log, end}
}

// What the generator could not do is said when the loop begins, and not with each save.
func TestSkippedSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.says("one")
	b.save("two")
	b.says("two")
	b.end()
	assert.Equal(t, 1, strings.Count(b.log.String(), "devloop: types: skipped: a tool is missing\n"), b.log.String())
}

func (b *bundle) save(text string) {
	b.t.Helper()
	require.NoError(b.t, os.WriteFile(b.source+"~", []byte(text), 0o644))
	require.NoError(b.t, os.Rename(b.source+"~", b.source)) // as editors do
}

func (b *bundle) get(path string, header ...string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	require.NoError(b.t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return resp.StatusCode, string(body)
}

func (b *bundle) says(text string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		_, body := b.get("/")
		return strings.HasPrefix(body, text+"|")
	}, 20*time.Second, 20*time.Millisecond, b.log)
}

func (b *bundle) logs(text string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return strings.Contains(b.log.String(), text) }, 20*time.Second, 20*time.Millisecond, text)
}

func TestSaveIsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, body := b.get("/", "X-Forwarded-For", "203.0.113.9") // waits for the first server
	assert.Equal(t, "one|"+strings.TrimPrefix(b.url, "http://")+"|127.0.0.1", body)
	b.save("two")
	b.says("two")
	b.logs("main.txt: generate ")
	b.save("slow")
	time.Sleep(300 * time.Millisecond) // the build runs
	b.save("three")
	b.says("three")
	assert.NotContains(t, b.log.String(), "failed")
}

func TestNoRequestIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.says("one")
	var lost, answered atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := http.Get(b.url + "/")
				if err != nil {
					lost.Add(1)
					continue
				}
				_, err = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK {
					lost.Add(1)
				}
				answered.Add(1)
			}
		})
	}
	for _, text := range []string{"two", "three", "broken", "four"} {
		b.save(text)
		if text == "broken" {
			b.logs("build failed")
			continue
		}
		b.says(text)
	}
	close(stop)
	clients.Wait()
	assert.Zero(t, lost.Load())
	assert.Greater(t, answered.Load(), int64(100))
}

func TestStreamGoesOnDuringATurn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.says("one")
	resp, err := http.Get(b.url + "/stream")
	require.NoError(t, err)
	defer resp.Body.Close()
	events := bufio.NewScanner(resp.Body)
	require.True(t, events.Scan(), "the first comes before the last is written")
	b.save("two")
	b.says("two")
	n := 1
	for events.Scan() {
		if events.Text() != "" {
			n++
		}
	}
	require.NoError(t, events.Err())
	assert.Equal(t, 20, n)
}

func TestMistakeIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.says("one")
	for _, c := range []struct{ text, step, shown string }{
		{"broken", "build", "main.txt:1:1: syntax &lt;error&gt;"},
		{"refuses", "start", "this server refuses to start"},
	} {
		b.save(c.text)
		b.logs(c.step + " failed")
		_, body := b.get("/")
		assert.True(t, strings.HasPrefix(body, "one|"), "the API answers on: %s", body)
		status, page := b.get("/things?a=1", "Accept", "text/html,*/*")
		assert.Equal(t, http.StatusInternalServerError, status)
		assert.Contains(t, page, c.shown)
		_, link, found := strings.Cut(page, `<a href="`)
		require.True(t, found, page)
		link, _, _ = strings.Cut(link, `"`)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+strings.ReplaceAll(link, "&amp;", "&"), nil)
		require.NoError(t, err)
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		assert.Equal(t, "/things?a=1", resp.Header.Get("Location"))
		status, page = b.get("/", "Accept", "text/html", "Cookie", resp.Header.Get("Set-Cookie"))
		assert.Equal(t, http.StatusOK, status, page)
	}
	b.save("mended")
	b.says("mended")
	status, _ := b.get("/", "Accept", "text/html")
	assert.Equal(t, http.StatusOK, status)
}

func TestGoOnStaysHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, to := range []string{"https://example.com/", "//example.com/", `/\example.com`, ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/.devloop/go-on", nil)
		require.NoError(t, err)
		q := req.URL.Query()
		q.Set("to", to)
		req.URL.RawQuery = q.Encode()
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		assert.Equal(t, "/", resp.Header.Get("Location"), to)
	}
}

func TestServerThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.says("one")
	resp, err := http.Get(b.url + "/crash")
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Equal(t, http.StatusBadGateway, resp.StatusCode)
	b.logs("the server ended: exit status 3")
	b.says("one")
}

func TestProxyThatIsTrusted(t *testing.T) {
	t.Parallel()
	b := setup(t, netip.MustParsePrefix("127.0.0.0/8"))
	_, body := b.get("/", "X-Forwarded-For", "203.0.113.9")
	assert.True(t, strings.HasSuffix(body, "|203.0.113.9, 127.0.0.1"), body)
}

func TestNothingIsLeftRunning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.says("one")
	b.save("slow")
	time.Sleep(200 * time.Millisecond)
	begin := time.Now()
	b.end()
	assert.Less(t, time.Since(begin), 5*time.Second)
	built := filepath.Join(filepath.Dir(filepath.Dir(b.source)), "built")
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, path := range found {
		env, _ := os.ReadFile(path)
		assert.NotContains(t, string(env), fakeServer+"="+built, path)
	}
}
