package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pg"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// A replicated server is one with a replica.
type replicated struct {
	*fixture
	pages int // that were asked for
	mu    sync.Mutex
	from  map[string]int // where its reads went
}

// setupReplicated returns a server of its own on a database that others have too, with a cache or without.
func setupReplicated(t *testing.T, servers *pgtest.Replicated, cached bool) *replicated {
	t.Helper()
	r := &replicated{from: map[string]int{}}
	var changes *pg.Changes
	r.fixture = setup(t, options{jobs: true, direct: servers.Primary, app: func(c *app.Config) {
		var err error
		changes = c.Changes
		c.Replica, err = pg.NewReplica(t.Context(), servers.Replica, servers.Primary, changes, slog.New(slog.DiscardHandler), nil)
		require.NoError(t, err)
		c.Replica.Observe = func(outcome string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.from[outcome]++
		}
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		var running sync.WaitGroup
		running.Go(func() { c.Replica.Run(ctx) })
		replica := c.Replica
		t.Cleanup(func() {
			stop()
			running.Wait()
			replica.Close()
		})
	}, api: func(c *api.Config) {
		c.HTTPS = true
		if !cached {
			c.Cache = nil
			listen(t, changes)
		}
	}})
	return r
}

// reads returns how many reads the replica has answered.
func (r *replicated) reads() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from["replica"]
}

// names returns the names of all companies, for a reader with a token, which may be "".
func (r *replicated) names(token string) string {
	r.t.Helper()
	return r.namesOf(api.Prefix+"/companies", token)
}

func (r *replicated) namesOf(path, token string) string {
	r.t.Helper()
	var header []string
	if token != "" {
		header = []string{"Last-Write", token}
	}
	res, body := r.call("", http.MethodGet, path, nil, header...)
	require.Equal(r.t, http.StatusOK, res.StatusCode, "%s", body)
	var page oas.CompanyPage
	require.NoError(r.t, page.UnmarshalJSON(body))
	var names []string
	for _, c := range page.Items {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

// add adds a company and returns the writer's token.
func (r *replicated) add(name string) string {
	r.t.Helper()
	res, body := r.callJSON(r.superToken, http.MethodPost, "/companies", `{"name": "`+name+`", "listings": [{"ticker": "`+name+`"}]}`)
	require.Equal(r.t, http.StatusCreated, res.StatusCode, "%s", body)
	token := res.Header.Get("Last-Write")
	require.NotEmpty(r.t, token)
	assert.Empty(r.t, res.Cookies(), "no browser asked")
	return token
}

// fromReplica waits until the replica answers what is in no cache.
func (r *replicated) fromReplica(token, names string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		before := r.reads()
		r.pages++
		assert.Equal(r.t, names, r.namesOf(fmt.Sprintf("%s/companies?page_size=%d", api.Prefix, 1000-r.pages%900), token))
		return r.reads() > before
	}, 20*time.Second, 5*time.Millisecond)
}

// A replica is held back. Who wrote something reads it, on any server; others read no less than their server knows of; and
// the replica serves again when it has gone on.
func TestReplicaHeldBack(t *testing.T) {
	t.Parallel()
	for name, cached := range map[string]bool{"cached": true, "not cached": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testReplicaHeldBack(t, cached)
		})
	}
}

func testReplicaHeldBack(t *testing.T, cached bool) {
	t.Helper()
	servers := pgtest.NewReplicated(t)
	a, b := setupReplicated(t, servers, cached), setupReplicated(t, servers, cached)
	a.fromReplica(a.add("A"), "A")
	b.fromReplica("", "A")

	servers.Hold()
	onReplica := a.reads()
	token := a.add("B")
	for range 20 {
		assert.Equal(t, "A B", b.names(token), "what its reader wrote, on another server")
		assert.Equal(t, "A B", a.names(token))
		assert.Equal(t, "A B", a.names(""), "what the server knows of, for anybody")
	}
	assert.Equal(t, onReplica, a.reads())
	require.Eventually(t, func() bool { return b.names("") == "A B" }, 20*time.Second, time.Millisecond, "when the server was told of it")
	for range 20 {
		assert.Equal(t, "A B", b.names(""))
	}

	// Another reader who does not know of the next write yet may not get it, but then nobody has told their server.
	replaced := a.add("C")
	seen := b.names("")
	assert.Contains(t, []string{"A B", "A B C"}, seen)
	assert.Equal(t, "A B C", b.names(replaced))

	servers.Go()
	for _, r := range []*replicated{a, b} {
		r.fromReplica(replaced, "A B C")
		r.fromReplica("", "A B C")
	}

	// However far the replica is, and whatever was stored meanwhile.
	all := "A B C"
	for i := range 20 {
		switch i % 5 {
		case 0:
			servers.Hold()
		case 3:
			servers.Go()
		}
		name := "D" + string(rune('A'+i))
		all += " " + name
		token := a.add(name)
		assert.Equal(t, all, b.names(token))
		assert.Equal(t, all, a.names(""))
	}
	b.fromReplica("", all)
}

// What a browser of the page wrote it reads, by a cookie that no other site can set; and no token does harm.
func TestTokensOfWrites(t *testing.T) {
	t.Parallel()
	servers := pgtest.NewReplicated(t)
	f := setupReplicated(t, servers, false)
	f.fromReplica(f.add("A"), "A")

	session := f.open("super@example.com", sameSite...)
	servers.Hold()
	res, body := f.with(session, http.MethodPost, "/companies", `{"name": "B", "listings": [{"ticker": "B"}]}`, sameSite...)
	require.Equal(t, http.StatusCreated, res.StatusCode, "%s", body)
	assert.Regexp(t, `^__Host-edgevalue_written=[0-9a-f]{1,16}; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Strict$`, res.Header.Get("Set-Cookie"))
	written := res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
	res, body = f.with(session+"; "+written, http.MethodGet, "/companies", "")
	require.Equal(t, http.StatusOK, res.StatusCode)
	assert.Contains(t, string(body), `"B"`)
	assert.Empty(t, res.Header.Get("Last-Write"))
	servers.Go()
	f.fromReplica("", "A B")

	for _, bad := range []string{"x", "-1", "0/16B374D848", strings.Repeat("f", 17), ""} {
		res, body = f.call("", http.MethodGet, api.Prefix+"/companies", nil, "Last-Write", bad)
		requireProblem(t, res, body, http.StatusBadRequest, "Last-Write")
		before := f.reads()
		res, _ = f.with("__Host-edgevalue_written="+bad, http.MethodGet, "/companies", "")
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Greater(t, f.reads(), before, "who sends nonsense is anybody")
	}
	forged := strings.Repeat("f", 16)
	before := f.reads()
	for range 10 {
		assert.Equal(t, "A B", f.names(forged))
	}
	assert.Equal(t, before, f.reads(), "the primary answers")
	assert.Equal(t, "A B", f.names(""))
	assert.Greater(t, f.reads(), before, "and the replica everybody else")
}

// Who sees that an import has ended reads what it has brought.
func TestTokenOfImport(t *testing.T) {
	t.Parallel()
	servers := pgtest.NewReplicated(t)
	f := setupReplicated(t, servers, false)
	servers.Hold()
	done := f.imported("companies", []byte("cik,ticker,name\n320193,AAPL,Apple\n"))
	res, _ := f.call(f.superToken, http.MethodGet, fmt.Sprintf("%s/imports/%d", api.Prefix, done.ID), nil)
	token := res.Header.Get("Last-Write")
	require.NotEmpty(t, token)
	assert.Equal(t, "Apple", f.names(token))
	servers.Go()
	f.fromReplica(token, "Apple")
}
