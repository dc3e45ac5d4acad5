package api

import (
	"bytes"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/maypok86/otter/v2"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// A Cache holds whole answers of the operations that the contract marks with x-cacheable: they are the same for everybody,
// and depend on nothing but the request, the data and the day. An answer is stored with the moment before its query began,
// and is used only as long as that has not passed.
type Cache struct {
	targets *otter.Cache[string, *target]    // by the text of a request
	answers *otter.Cache[answerKey, *answer] // of the present, or of before
	largest int                              // bytes of an answer

	mu     sync.Mutex
	making map[making]*made // answers that others wait for

	hits, misses, bypasses atomic.Uint64
}

// CacheStats count the requests for cacheable answers: those that had it from the cache, those that did not, and those that
// came while nobody could tell whether that is current, or from a client that has written what was not heard of yet.
type CacheStats struct {
	Hits, Misses, Bypasses uint64
	Bytes                  uint64 // that are stored
}

// NewCache returns a cache of at most so many bytes, or nil for 0.
func NewCache(size uint64) *Cache {
	if size == 0 {
		return nil
	}
	const (
		share    = 16  // of the whole that is for targets, and that an answer may have at most
		overhead = 500 // bytes of an entry, beside its texts
	)
	return &Cache{
		targets: otter.Must(&otter.Options[string, *target]{
			MaximumWeight: max(size/share, 1),
			Weigher:       func(asked string, t *target) uint32 { return uint32(overhead + len(asked) + len(t.id)) },
		}),
		answers: otter.Must(&otter.Options[answerKey, *answer]{
			MaximumWeight: max(size-size/share, 1),
			Weigher:       func(k answerKey, a *answer) uint32 { return uint32(overhead + len(k.id) + cap(a.body)) },
		}),
		largest: int(size / share),
		making:  map[making]*made{},
	}
}

// Stats are those since the start. A nil cache has none.
func (c *Cache) Stats() CacheStats {
	if c == nil {
		return CacheStats{}
	}
	return CacheStats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Bypasses: c.bypasses.Load(),
		Bytes: c.targets.WeightedSize() + c.answers.WeightedSize(),
	}
}

// A target is what a request for a cacheable operation asks for.
type target struct {
	route string
	id    string // with the parameters in one form, and without those that the operation does not have
}

type answerKey struct {
	id     string
	coding coding
}

// A moment is a state of all that answers depend on.
type moment struct {
	data uint64
	day  int64
}

// An answer is one with status 200, in one coding.
type answer struct {
	moment
	body    []byte
	tag     string // of the plain form
	packing *sync.Mutex

	// Headers, as they are sent.
	kind, etag, length, coding []string
}

// making is what an answer is made of.
type making struct {
	id string
	moment
}

// made is an answer that is being made, or nil if there was none that others can have.
type made struct {
	done  chan struct{}
	again bool // its client went away: another has to make it
	*answer
}

const (
	longestTarget = 4096        // of which the answer is stored
	makingWait    = time.Second // for the answer to another request; then it is made for this one, in its own turn
	leastPacked   = 1024        // bytes that are worth it
	maxWindow     = 1 << 20     // bytes that the other side needs for zstd
)

// answerAgain answers requests for cacheable operations from the cache, or with what next answers. Either way the answer
// has an ETag, and to a client that has it already it is 304.
func answerAgain(cfg Config, operations map[string]*operation, find func(method string, u *url.URL) (oas.Route, bool), refuse refuseFunc) step {
	c, now, changes := cfg.Cache, cfg.App.Now, cfg.App.Changes
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead || !strings.HasPrefix(r.RequestURI, Prefix+"/") ||
				r.Body != nil && r.Body != http.NoBody {
				next.ServeHTTP(w, r)
				return
			}
			var (
				t     *target
				known bool
			)
			if c != nil {
				t, known = c.targets.GetIfPresent(r.RequestURI)
			}
			if !known {
				if t = targetOf(r, operations, find); t == nil {
					next.ServeHTTP(w, r)
					return
				}
			}
			q := requestOf(r.Context())
			if err := q.identifyKey(cfg.App, r.Header); err != nil {
				refuse(w, r, err)
				return
			}
			m := moment{day: now().Unix() / (24 * 60 * 60)}
			current := false
			if c != nil {
				m.data, current = changes.State(pg.Data)
				if current = current && !q.ahead; !current {
					c.bypasses.Add(1)
				}
			}
			if !current || len(r.RequestURI) > longestTarget {
				if a := answered(next, w, r); a != nil {
					a.in(accepted(r.Header)).send(w, r)
				}
				return
			}
			if a := c.get(t.id, m, accepted(r.Header)); a != nil {
				c.hits.Add(1)
				q.route = t.route
				a.send(w, r)
				return
			}
			c.make(t, m, next, w, r)
		})
	}
}

// targetOf returns what a request asks for, or nil if that is of no cacheable operation.
func targetOf(r *http.Request, operations map[string]*operation, find func(method string, u *url.URL) (oas.Route, bool)) *target {
	u := withoutSlash(r.URL)
	if path.Clean(u.Path) != u.Path || malformed(u) != nil {
		return nil
	}
	found, _ := find(http.MethodGet, u)
	op := operations[found.OperationID()]
	if op == nil || !op.Cacheable {
		return nil
	}
	var id strings.Builder
	id.WriteString(op.ID)
	for _, arg := range found.Args() {
		id.WriteString("/" + url.PathEscape(arg))
	}
	separator := "?"
	query := u.Query()
	for _, p := range op.Parameters {
		if p.In == "query" {
			for _, value := range query[p.Name] {
				id.WriteString(separator + p.Name + "=" + url.QueryEscape(value))
				separator = "&"
			}
		}
	}
	return &target{route: op.ID, id: id.String()}
}

// get returns the stored answer of a moment in a coding, if there is one.
func (c *Cache) get(id string, m moment, in coding) *answer {
	if a, ok := c.answers.GetIfPresent(answerKey{id, in}); ok && a.moment == m {
		return a
	}
	if in == plain {
		return nil
	}
	a, ok := c.answers.GetIfPresent(answerKey{id, plain})
	if !ok || a.moment != m {
		return nil
	}
	return c.pack(id, a, in)
}

// pack returns a plain answer in a coding, which is stored too.
func (c *Cache) pack(id string, a *answer, in coding) *answer {
	if len(a.body) < leastPacked || in == plain {
		return a
	}
	a.packing.Lock()
	defer a.packing.Unlock()
	if p, ok := c.answers.GetIfPresent(answerKey{id, in}); ok && p.moment == a.moment {
		return p
	}
	p := a.in(in)
	c.answers.Set(answerKey{id, in}, p)
	return p
}

// make answers with what next does, and stores it. Others who ask for the same at the same moment wait for it.
func (c *Cache) make(t *target, m moment, next http.Handler, w http.ResponseWriter, r *http.Request) {
	key := making{t.id, m}
	timeout := time.NewTimer(makingWait)
	defer timeout.Stop()
	for {
		c.mu.Lock()
		other := c.making[key]
		if other == nil {
			break
		}
		c.mu.Unlock()
		select {
		case <-other.done:
			if other.answer != nil {
				c.hits.Add(1)
				requestOf(r.Context()).route = t.route
				c.packed(t.id, other.answer, accepted(r.Header)).send(w, r)
				return
			}
			if other.again {
				continue
			}
		case <-timeout.C:
		case <-r.Context().Done():
		}
		c.misses.Add(1)
		if a := answered(next, w, r); a != nil {
			a.in(accepted(r.Header)).send(w, r)
		}
		return
	}
	own := &made{done: make(chan struct{})}
	c.making[key] = own
	c.mu.Unlock()
	c.misses.Add(1)
	a := func() *answer {
		defer func() { // also of a panic
			own.again = r.Context().Err() != nil
			c.mu.Lock()
			delete(c.making, key)
			c.mu.Unlock()
			close(own.done)
		}()
		a := answered(next, w, r)
		if a != nil {
			a.moment, a.packing = m, new(sync.Mutex)
			own.answer = a
			if len(a.body) <= c.largest {
				c.answers.Set(answerKey{t.id, plain}, a)
				c.targets.Set(strings.Clone(r.RequestURI), t)
			}
		}
		return a
	}()
	if a != nil {
		c.packed(t.id, a, accepted(r.Header)).send(w, r)
	}
}

// packed is pack for an answer that may be too large to be stored.
func (c *Cache) packed(id string, a *answer, in coding) *answer {
	if len(a.body) > c.largest {
		return a.in(in)
	}
	return c.pack(id, a, in)
}

// answered lets next answer, and returns that if it is a success. Another answer is sent.
func answered(next http.Handler, w http.ResponseWriter, r *http.Request) *answer {
	if r.Header["Accept-Encoding"] != nil {
		inner := *r
		inner.Header = r.Header.Clone()
		inner.Header.Del("Accept-Encoding") // of the plain form
		r = &inner
	}
	kept := &keeping{ResponseWriter: w}
	next.ServeHTTP(kept, r)
	if !kept.ok {
		return nil
	}
	h := w.Header()
	a := &answer{body: kept.body.Bytes(), kind: h["Content-Type"]}
	a.tag = etag(a.body)
	values := []string{a.tag, strconv.Itoa(len(a.body))}
	a.etag, a.length = values[:1:1], values[1:]
	return a
}

// keeping keeps a response with status 200, and sends another.
type keeping struct {
	http.ResponseWriter
	ok, sent bool
	body     bytes.Buffer
}

func (w *keeping) WriteHeader(status int) {
	if status == http.StatusOK && !w.sent {
		w.ok = true
		return
	}
	w.sent = w.sent || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *keeping) Write(b []byte) (int, error) {
	if w.sent {
		return w.ResponseWriter.Write(b)
	}
	w.ok = true
	return w.body.Write(b)
}

func (w *keeping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

var (
	forAll = []string{"public, max-age=0, must-revalidate"}
	forOne = []string{"private, max-age=0, must-revalidate"}
	varies = []string{"Accept-Encoding"}

	variesByOrigin = []string{"Origin", "Accept-Encoding"}
)

// send responds with an answer, or with 304.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Cache-Control"] = forAll
	if r.Header["Authorization"] != nil || r.Header["Cookie"] != nil || r.Header["X-Api-Key"] != nil {
		h["Cache-Control"] = forOne
	}
	switch before := h["Vary"]; {
	case before == nil:
		h["Vary"] = varies
	case len(before) == 1 && before[0] == variesByOrigin[0]:
		h["Vary"] = variesByOrigin
	case !slices.Contains(before, varies[0]):
		h["Vary"] = append(slices.Clip(before), varies[0])
	}
	if asked := r.Header["If-None-Match"]; asked != nil {
		if same, ok := sameETag(asked, a.tag); ok {
			h["Etag"] = a.etag
			if same != "" {
				h["Etag"] = []string{same}
			}
			delete(h, "Content-Type")
			delete(h, "Content-Length")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h["Etag"], h["Content-Type"], h["Content-Length"] = a.etag, a.kind, a.length
	if a.coding != nil {
		h["Content-Encoding"] = a.coding
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body)
	}
}

// A coding is a Content-Encoding.
type coding uint8

const (
	plain coding = iota
	zipped
	zstandard
)

var codingNames = [...]string{zipped: "gzip", zstandard: "zstd"}

// accepted is the coding for a client, the shorter of those that it accepts.
func accepted(h http.Header) coding {
	best, quality := plain, 0.0
	for _, v := range h["Accept-Encoding"] {
		for part := range strings.SplitSeq(v, ",") {
			name, weight, weighted := strings.Cut(part, ";")
			q := 1.0
			if weighted {
				var err error
				if q, err = strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64); err != nil {
					continue
				}
			}
			i := slices.Index(codingNames[:], strings.ToLower(strings.TrimSpace(name)))
			if c := coding(max(i, 0)); c != plain && (q > quality || q == quality && q > 0 && c > best) {
				best, quality = c, q
			}
		}
	}
	return best
}

// in is a plain answer in a coding, itself where that is not worth it.
func (a *answer) in(c coding) *answer {
	if len(a.body) < leastPacked || c == plain {
		return a
	}
	p := *a
	p.body = make([]byte, 0, len(a.body)/4)
	if c == zstandard {
		p.body = zstdEncoder().EncodeAll(a.body, p.body)
	} else {
		out := bytes.NewBuffer(p.body)
		z := gzipWriters.Get().(*gzip.Writer) //nolint:forcetypeassert // see New
		z.Reset(out)
		_, _ = z.Write(a.body)
		_ = z.Close()
		gzipWriters.Put(z)
		p.body = out.Bytes()
	}
	name := codingNames[c]
	p.etag, p.coding, p.length = []string{codedETag(a.tag, name)}, []string{name}, []string{strconv.Itoa(len(p.body))}
	return &p
}

var (
	gzipWriters = sync.Pool{New: func() any {
		z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is wrong
		}
		return z
	}}
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		z, err := zstd.NewWriter(nil, zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(maxWindow))
		if err != nil {
			panic(err) // the options are wrong
		}
		return z
	})
)
