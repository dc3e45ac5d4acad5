package api

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/ogen-go/ogen/middleware"
	"github.com/ogen-go/ogen/openapi"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// Limits bound what clients can have of one process. 0 is no bound.
type Limits struct {
	// InFlight is how many requests are served at a time, for all and for one client's network. A site, which may have
	// many networks of clients, has the mean of both. Probes are not among them.
	InFlight, InFlightPerNetwork int
	// ListItems is how many items the lists being made at a time can have together. Others wait.
	ListItems int
	// PerMinute is how many requests for operations a client or API key has in a minute, PerMinuteSite a whole site.
	// Clients on this machine have any number.
	PerMinute, PerMinuteSite int
	// Refused counts a refusal by what was full: process, network, site, lists or rate; may be nil.
	Refused func(by string)
}

// DefaultInFlight is Limits.InFlight for a number of processors. A request waits for the database most of its time.
func DefaultInFlight(processors int) int { return 128 * processors }

// ListItems is Limits.ListItems for a number of processors: with half of them at lists, the others are there for
// requests that take no time.
func ListItems(processors int) int { return largestList * max(1, processors/2) }

const (
	largestList  = 1000             // items, as page_size allows
	smallestTurn = 500              // items that a list counts for at least, since each also costs a query
	listWait     = 10 * time.Second // for the turn of a list
	answerTime   = 15 * time.Second // to send a response, after the time of its operation
)

func isProbe(r *http.Request) bool { return r.URL.Path == "/livez" || r.URL.Path == "/readyz" }

// admission counts the requests in flight.
type admission struct {
	limits Limits
	mu     sync.Mutex
	all    int
	by     map[netip.Prefix]*inFlight // networks and sites
}

// inFlight counts the requests of a network or site.
type inFlight struct{ requests int }

// keptNetworks is how many networks and sites are remembered also while they have no request.
const keptNetworks = 1000

// admit refuses a request when there are too many.
func admit(limits Limits, refuse refuseFunc) step {
	a := &admission{limits: limits, by: map[netip.Prefix]*inFlight{}}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isProbe(r) {
				next.ServeHTTP(w, r)
				return
			}
			network, site := app.OriginOf(r.Context()).Networks()
			own, wide, full := a.enter(network, site)
			if full != "" {
				limits.refused(full)
				refuse(w, r, &app.Error{
					Code: app.Unavailable, Message: "too many requests are being served: try again soon", RetryAfter: time.Second,
				})
				return
			}
			defer a.leave(network, site, own, wide)
			next.ServeHTTP(w, r)
		})
	}
}

// enter counts a request, or says what is full.
func (a *admission) enter(network, site netip.Prefix) (own, wide *inFlight, full string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one, all := a.limits.InFlightPerNetwork, a.limits.InFlight
	own, wide = a.by[network], a.by[site]
	switch {
	case all > 0 && a.all >= all:
		return nil, nil, "process"
	case one > 0 && network.IsValid() && own != nil && own.requests >= one:
		return nil, nil, "network"
	case one > 0 && site.IsValid() && wide != nil && wide.requests >= (one+max(one, all))/2:
		return nil, nil, "site"
	}
	a.all++
	return a.count(network, own), a.count(site, wide), ""
}

func (a *admission) count(n netip.Prefix, of *inFlight) *inFlight {
	if of == nil {
		if of = a.by[n]; of == nil { // a network may be its own site
			of = &inFlight{}
			a.by[n] = of
		}
	}
	of.requests++
	return of
}

// leave gives back what enter took.
func (a *admission) leave(network, site netip.Prefix, own, wide *inFlight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all--
	a.discount(network, own)
	a.discount(site, wide)
}

func (a *admission) discount(n netip.Prefix, of *inFlight) {
	if of.requests--; of.requests == 0 && len(a.by) > keptNetworks {
		delete(a.by, n)
	}
}

func (l Limits) refused(by string) {
	if l.Refused != nil {
		l.Refused(by)
	}
}

// A turnstile lets in as much as fits at a time. The networks that wait take turns, so that none waits for all that
// another one has asked for before.
type turnstile struct {
	mu      sync.Mutex
	room    int
	waiting map[string][]*waiter
	turns   []string // of networks that wait
}

type waiter struct {
	weight int
	in     chan struct{} // closed when let in
}

// enter waits until there is room, or done. It reports whether it was let in.
func (t *turnstile) enter(done <-chan struct{}, network string, weight int) bool {
	t.mu.Lock()
	w := &waiter{weight: weight, in: make(chan struct{})}
	if len(t.waiting[network]) == 0 {
		t.turns = append(t.turns, network)
	}
	t.waiting[network] = append(t.waiting[network], w)
	t.admit()
	t.mu.Unlock()
	select {
	case <-w.in:
		return true
	case <-done:
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-w.in:
		return true
	default:
	}
	t.remove(network, w)
	t.admit() // what had to wait for w may fit
	return false
}

// leave gives back what enter took.
func (t *turnstile) leave(weight int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.room += weight
	t.admit()
}

func (t *turnstile) admit() {
	for len(t.turns) > 0 {
		network := t.turns[0]
		w := t.waiting[network][0]
		if w.weight > t.room {
			return
		}
		t.room -= w.weight
		close(w.in)
		t.remove(network, w)
	}
}

// remove takes a waiter out. When it was the first of its network, that network's next turn is after the others'.
func (t *turnstile) remove(network string, gone *waiter) {
	var left []*waiter
	for _, w := range t.waiting[network] {
		if w != gone {
			left = append(left, w)
		}
	}
	first := t.waiting[network][0] == gone
	t.waiting[network] = left
	if len(left) == 0 {
		delete(t.waiting, network)
	}
	if !first {
		return
	}
	var turns []string
	for _, n := range t.turns {
		if n != network {
			turns = append(turns, n)
		}
	}
	if len(left) > 0 {
		turns = append(turns, network)
	}
	t.turns = turns
}

// A quotaKind is what quotas count the requests of: clients, sites or API keys.
type quotaKind struct {
	name   string
	limit  int      // of requests in a minute
	policy []string // the value of RateLimit-Policy
}

func newQuotaKind(name string, limit int) *quotaKind {
	return &quotaKind{name, limit, []string{fmt.Sprintf("%q;q=%d;w=%d", name, limit, int(rateWindow/time.Second))}}
}

// A quotaKey is whom a quota is for: an address that stands for its network or site, or the hash of an API key.
type quotaKey struct {
	kind *quotaKind
	who  [16]byte
}

// A quota is how many requests are left to one of a kind in its minute.
type quota struct {
	kind      *quotaKind
	remaining int
	reset     time.Time
}

// rates count requests by client, by site and by API key, in windows of a minute that begin with the first one.
type rates struct {
	client, site, key *quotaKind
	refused           func(by string)
	now               func() time.Time
	mu                sync.Mutex
	quotas            *simplelru.LRU[quotaKey, *quota]
}

const (
	rateWindow = time.Minute
	maxQuotas  = 50_000 // 200 bytes each. The ones that were not asked for longest are forgotten.
)

func newRates(limits Limits, now func() time.Time) *rates {
	quotas, err := simplelru.NewLRU[quotaKey, *quota](maxQuotas, nil)
	if err != nil {
		panic(err) // the size is wrong
	}
	return &rates{
		client: newQuotaKind("client", limits.PerMinute), site: newQuotaKind("site", limits.PerMinuteSite),
		key: newQuotaKind("key", limits.PerMinute), refused: limits.refused, now: now, quotas: quotas,
	}
}

// take counts one request at all of the quotas, unless one of them is used up. It returns the one with the fewest left.
func (c *rates) take(now time.Time, keys ...quotaKey) (least quota, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var both [2]*quota
	found := both[:0]
	ok = true
	for _, k := range keys {
		if k.kind.limit > 0 {
			q := c.find(k, now)
			found, ok = append(found, q), ok && q.remaining > 0
		}
	}
	for i, q := range found {
		if ok {
			q.remaining--
		}
		if i == 0 || q.remaining < least.remaining {
			least = *q
		}
	}
	return least, ok
}

// give takes back what was counted for one request.
func (c *rates) give(keys ...quotaKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		if q, ok := c.quotas.Peek(k); ok && q.remaining < k.kind.limit {
			q.remaining++
		}
	}
}

func (c *rates) find(k quotaKey, now time.Time) *quota {
	if q, ok := c.quotas.Get(k); ok && now.Before(q.reset) {
		return q
	}
	q := &quota{kind: k.kind, remaining: k.kind.limit, reset: now.Add(rateWindow)}
	c.quotas.Add(k, q)
	return q
}

func (c *rates) known(k quotaKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quotas.Contains(k)
}

// limitRate refuses a request for an operation whose client has had too many in a minute. An API key has its own number,
// once it has turned out valid: until then a request counts as its network's, so that invented keys gain nothing.
func limitRate(c *rates, refuse refuseFunc) step {
	return func(next http.Handler) http.Handler {
		if c.client.limit <= 0 && c.site.limit <= 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			o := app.OriginOf(r.Context())
			if !strings.HasPrefix(r.URL.Path, Prefix+"/") || !o.Address.IsValid() || o.Address.IsLoopback() {
				next.ServeHTTP(w, r)
				return
			}
			network, wide := o.Networks()
			client := quotaKey{c.client, network.Addr().As16()}
			site := quotaKey{c.site, wide.Addr().As16()}
			now := c.now()
			var q quota
			var ok bool
			if key, has := c.keyOf(r.Header); has && c.known(key) {
				q, ok = c.take(now, key)
			} else {
				q, ok = c.take(now, client, site)
				if has {
					requestOf(r.Context()).keyAccepted = func() {
						c.give(client, site)
						if q, ok := c.take(now, key); ok {
							q.describe(w.Header(), now)
						}
					}
				}
			}
			q.describe(w.Header(), now)
			if !ok {
				c.refused("rate")
				refuse(w, r, &app.Error{
					Code: app.RateLimited, Message: fmt.Sprintf("too many requests: %d a minute are allowed", q.kind.limit),
					RetryAfter: q.reset.Sub(now),
				})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// keyOf returns the quota of a request's API key.
func (c *rates) keyOf(h http.Header) (k quotaKey, ok bool) {
	text := keyOf(h)
	if text == "" {
		return quotaKey{}, false
	}
	sum := sha256.Sum256([]byte(text))
	return quotaKey{c.key, [16]byte(sum[:])}, true
}

// describe sets the headers of draft-ietf-httpapi-ratelimit-headers, by their canonical names.
func (q quota) describe(h http.Header, now time.Time) {
	if q.kind == nil {
		return
	}
	seconds := int((q.reset.Sub(now) + time.Second - 1) / time.Second)
	text := make([]byte, 0, 48)
	text = strconv.AppendQuote(text, q.kind.name)
	text = strconv.AppendInt(append(text, ";r="...), int64(q.remaining), 10)
	text = strconv.AppendInt(append(text, ";t="...), int64(seconds), 10)
	h["Ratelimit-Policy"] = q.kind.policy
	h["Ratelimit"] = []string{string(text)}
}

// takeTurns lets a list be made when it is its turn. The turn ends when the response begins, so that a client who does
// not read keeps nobody waiting.
func takeTurns(limits Limits) oas.Middleware {
	if limits.ListItems <= 0 {
		return func(req middleware.Request, next middleware.Next) (middleware.Response, error) { return next(req) }
	}
	lists := &turnstile{room: limits.ListItems, waiting: map[string][]*waiter{}}
	return func(req middleware.Request, next middleware.Next) (middleware.Response, error) {
		size, isList := req.Params[middleware.ParameterKey{Name: "page_size", In: openapi.LocationQuery}]
		if !isList || rehearsalOf(req.Context) != nil { // of which nobody reads more than one item
			return next(req)
		}
		weight := min(max(int(size.(oas.OptInt32).Or(0)), smallestTurn), limits.ListItems)
		ctx, cancel := context.WithTimeout(req.Context, listWait)
		defer cancel()
		if !lists.enter(ctx.Done(), app.OriginOf(ctx).Network(), weight) {
			limits.refused("lists")
			return middleware.Response{}, &app.Error{
				Code: app.Unavailable, Message: "too many lists are being made: try again soon", RetryAfter: time.Second,
			}
		}
		requestOf(ctx).leaveTurn = func() { lists.leave(weight) }
		return next(req)
	}
}

func (q *request) endTurn() {
	if q.leaveTurn != nil {
		q.leaveTurn()
		q.leaveTurn = nil
	}
}
