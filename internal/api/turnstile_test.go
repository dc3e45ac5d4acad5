package api

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
)

// A network that asks for much waits behind one that asks for little.
func TestTurnstile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := &turnstile{room: 1000, waiting: map[string][]*waiter{}}
		var let []string
		ask := func(network string) {
			go func() {
				if gate.enter(t.Context().Done(), network, 1000) {
					let = append(let, network)
				}
			}()
			synctest.Wait()
		}
		for _, network := range []string{"a", "a", "a", "a", "b", "c"} {
			ask(network)
		}
		require.Equal(t, []string{"a"}, let)
		for range 6 {
			gate.leave(1000)
			synctest.Wait()
		}
		assert.Equal(t, []string{"a", "a", "b", "c", "a", "a"}, let)
		assert.Empty(t, gate.waiting)
		assert.Empty(t, gate.turns)
	})
}

// Who gives up takes no room, and holds nobody up.
func TestTurnstileGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := &turnstile{room: 1000, waiting: map[string][]*waiter{}}
		require.True(t, gate.enter(t.Context().Done(), "a", 500))
		ctx, giveUp := context.WithCancel(t.Context())
		var large, small *bool
		ask := func(to **bool, network string, done <-chan struct{}, weight int) {
			go func() {
				ok := gate.enter(done, network, weight)
				*to = &ok
			}()
			synctest.Wait()
		}
		ask(&large, "b", ctx.Done(), 1000)
		ask(&small, "c", t.Context().Done(), 500)
		require.Nil(t, large)
		require.Nil(t, small, "the large one is first")
		giveUp()
		synctest.Wait()
		require.NotNil(t, large)
		assert.False(t, *large)
		require.NotNil(t, small)
		assert.True(t, *small)
		gate.leave(1000)
		assert.Equal(t, 1000, gate.room)
		assert.Empty(t, gate.waiting)
	})
}

// A client who does not read keeps no list waiting.
func TestTurnEndsWithTheFirstByte(t *testing.T) {
	t.Parallel()
	ended := 0
	q := &request{leaveTurn: func() { ended++ }}
	stuck := &stuckWriter{ResponseRecorder: httptest.NewRecorder(), before: func() { assert.Equal(t, 1, ended) }}
	_, err := (&recorder{ResponseWriter: stuck, of: q}).Write([]byte("["))
	require.NoError(t, err)
	q.endTurn()
	assert.Equal(t, 1, ended, "once")
}

type stuckWriter struct {
	*httptest.ResponseRecorder
	before func()
}

func (s *stuckWriter) Write(b []byte) (int, error) {
	s.before()
	return s.ResponseRecorder.Write(b)
}

// keyed serves one request as limitRate lets it, with an API key that is valid or not, and returns the response.
func keyed(c *rates, address, key string, valid bool) *http.Response {
	h := limitRate(c, func(w http.ResponseWriter, r *http.Request, err error) {
		w.WriteHeader(statuses[app.Explain(err).Code])
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key != "" && !valid {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		acceptKey(r.Context())
	}))
	chained := identify(nil)(h)
	r := httptest.NewRequest(http.MethodGet, Prefix+"/users", nil)
	r.RemoteAddr = address
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	chained.ServeHTTP(w, r)
	return w.Result()
}

// A valid API key has a number of its own, from every network; an invented one counts as its network's.
func TestRatesOfKeys(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := newRates(Limits{PerMinute: 3, PerMinuteSite: 100}, func() time.Time { return now })
	const here, there = "192.0.2.1:1", "198.51.100.1:1"

	res := keyed(c, here, "ev_good", true)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, `"key";r=2;t=60`, res.Header.Get("RateLimit"))
	assert.Equal(t, `"key";q=3;w=60`, res.Header.Get("RateLimit-Policy"))
	for i := range 3 {
		assert.Equal(t, http.StatusUnauthorized, keyed(c, here, "ev_invented"+strings.Repeat("x", i), false).StatusCode, "the first was given back")
	}
	res = keyed(c, here, "ev_another", false)
	assert.Equal(t, http.StatusTooManyRequests, res.StatusCode)
	assert.Equal(t, `"client";r=0;t=60`, res.Header.Get("RateLimit"))
	assert.Equal(t, http.StatusTooManyRequests, keyed(c, here, "", true).StatusCode)

	assert.Equal(t, http.StatusOK, keyed(c, here, "ev_good", true).StatusCode, "its network is used up, and it is not")
	assert.Equal(t, http.StatusOK, keyed(c, there, "ev_good", true).StatusCode)
	assert.Equal(t, http.StatusTooManyRequests, keyed(c, there, "ev_good", true).StatusCode, "it is the same key elsewhere")
	assert.Equal(t, http.StatusOK, keyed(c, there, "", true).StatusCode)

	now = now.Add(time.Minute)
	assert.Equal(t, http.StatusOK, keyed(c, here, "ev_good", true).StatusCode)
	assert.Equal(t, http.StatusOK, keyed(c, here, "", true).StatusCode)
}

// Any number of networks takes no more memory than so much.
func TestRatesAreBounded(t *testing.T) {
	t.Parallel()
	c := newRates(Limits{PerMinute: 10}, time.Now)
	for i := range maxQuotas + 100 {
		k := quotaKey{kind: c.client}
		binary.BigEndian.PutUint32(k.who[:], uint32(i))
		c.take(time.Now(), k)
	}
	assert.Equal(t, maxQuotas, c.quotas.Len())
}
