package app

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-faster/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// lookedUp is what the lookups of a test read.
type lookedUp struct {
	*companyLookups
	answers chan error // lets a query end, with its error
	asked   sync.Mutex
	queries []query
}

type query struct {
	keys    string
	token   pg.LSN
	replica bool
}

// lookups know every company but X, which is named by the key of its ticker.
func lookups(atOnce int) *lookedUp {
	l := &lookedUp{answers: make(chan error)}
	l.companyLookups = &companyLookups{atOnce: atOnce, read: func(ctx context.Context, keys []string) (map[string]Company, error) {
		reader, _ := ctx.Value(readerKey{}).(*Reader)
		l.asked.Lock()
		l.queries = append(l.queries, query{strings.Join(keys, " "), reader.Token, reader.Replica})
		l.asked.Unlock()
		select {
		case err := <-l.answers:
			if err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		companies := map[string]Company{}
		for _, k := range keys {
			if k == "PANIC" {
				panic("at the companies")
			}
			if k != "X" {
				companies[k] = Company{Company: db.Company{Name: k}}
			}
		}
		return companies, nil
	}}
	return l
}

func (l *lookedUp) keys() (all []string) {
	l.asked.Lock()
	defer l.asked.Unlock()
	for _, q := range l.queries {
		all = append(all, q.keys)
	}
	return all
}

type lookupAnswer struct {
	name string
	ok   bool
	err  error
}

// ask returns what is answered, once it is.
func (l *lookedUp) ask(ctx context.Context, key string) *lookupAnswer {
	a := &lookupAnswer{name: "not answered"}
	go func() {
		c, ok, err := l.get(ctx, key)
		*a = lookupAnswer{c.Name, ok, err}
	}()
	synctest.Wait()
	return a
}

func (l *lookedUp) answer(err error) {
	l.answers <- err
	synctest.Wait()
}

// Who asks while a query is on its way is answered by the next one, together with all others who do.
func TestLookupsShareQueries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lookups(2)
		first, second := l.ask(t.Context(), "A"), l.ask(t.Context(), "B")
		others := map[string]*lookupAnswer{}
		for _, key := range []string{"A", "C", "X", "D"} {
			others[key] = l.ask(t.Context(), key)
		}
		assert.ElementsMatch(t, []string{"A", "B"}, l.keys())
		l.answer(nil)
		l.answer(nil)
		assert.Equal(t, []lookupAnswer{{"A", true, nil}, {"B", true, nil}}, []lookupAnswer{*first, *second})
		assert.Equal(t, []string{"A", "B", "A C X D"}, l.keys(), "A anew, as it may be another by now")
		l.answer(nil)
		for key, got := range others {
			want := lookupAnswer{key, true, nil}
			if key == "X" {
				want = lookupAnswer{}
			}
			assert.Equal(t, want, *got, key)
		}
		assert.Zero(t, l.running)
		alone := l.ask(t.Context(), "E")
		l.answer(nil)
		assert.Equal(t, lookupAnswer{"E", true, nil}, *alone)
	})
}

// A query lasts as long as the last of its requests may, and no longer than somebody waits for it.
func TestLookupsLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for what, last := range map[string]time.Duration{"a deadline": 4 * time.Second, "none": 0} {
			l := lookups(1)
			within := func(long time.Duration) context.Context {
				if long == 0 {
					return t.Context()
				}
				ctx, cancel := context.WithTimeout(t.Context(), long)
				t.Cleanup(cancel)
				return ctx
			}
			l.ask(within(time.Minute), "FIRST")
			soon, late, next := l.ask(within(time.Second), "A"), l.ask(within(last), "B"), l.ask(within(2*time.Second), "C")
			l.answer(nil)
			require.Equal(t, []string{"FIRST", "A B C"}, l.keys(), what)
			time.Sleep(3 * time.Second)
			synctest.Wait()
			require.ErrorIs(t, soon.err, context.DeadlineExceeded, what)
			require.ErrorIs(t, next.err, context.DeadlineExceeded, what)
			l.answer(nil)
			assert.Equal(t, lookupAnswer{"B", true, nil}, *late, what)
			assert.Zero(t, l.running, what)

			hangs := l.ask(within(time.Second), "D")
			time.Sleep(2 * time.Second)
			synctest.Wait()
			require.ErrorIs(t, hangs.err, context.DeadlineExceeded, what)
			assert.Zero(t, l.running, what)
		}
	})
}

// Who goes away is in no query that has not begun, unless others are in it; and a full one waits for nobody.
func TestLookupsWithoutRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lookups(1)
		first := l.ask(t.Context(), "A")
		ctx, goAway := context.WithCancel(t.Context())
		l.ask(ctx, "B")
		l.ask(ctx, "C")
		goAway()
		synctest.Wait()
		second := l.ask(t.Context(), "D")
		l.answer(nil)
		assert.Equal(t, lookupAnswer{"A", true, nil}, *first)
		assert.Equal(t, []string{"A", "D"}, l.keys())
		for range fullLookup - 1 {
			l.ask(t.Context(), "E")
		}
		assert.Len(t, l.keys(), 2)
		l.ask(t.Context(), "E")
		l.ask(t.Context(), "F")
		require.Len(t, l.keys(), 3)
		assert.Len(t, strings.Fields(l.keys()[2]), fullLookup)
		for range 3 {
			l.answer(nil)
		}
		assert.Equal(t, lookupAnswer{"D", true, nil}, *second)
		assert.Len(t, l.keys(), 4)
		assert.Zero(t, l.running)
	})
}

// Who goes away leaves the query to the others, and no query holds up others for long.
func TestLookupsHoldUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lookups(1)
		slow := l.ask(t.Context(), "A")
		ctx, goAway := context.WithCancel(t.Context())
		gone, other := l.ask(ctx, "B"), l.ask(t.Context(), "C")
		goAway()
		synctest.Wait()
		require.ErrorIs(t, gone.err, context.Canceled)
		assert.Equal(t, []string{"A"}, l.keys())
		time.Sleep(lookupPatience)
		synctest.Wait()
		assert.Equal(t, []string{"A", "B C"}, l.keys(), "the first one is still on its way")
		next := l.ask(t.Context(), "D")
		l.answer(nil)
		l.answer(nil)
		assert.Equal(t, []lookupAnswer{{"A", true, nil}, {"C", true, nil}}, []lookupAnswer{*slow, *other})
		require.Equal(t, []string{"A", "B C", "D"}, l.keys())
		l.answer(nil)
		assert.Equal(t, lookupAnswer{"D", true, nil}, *next)
		assert.Zero(t, l.running)
	})
}

// An error is everybody's whose query it was, and nobody else's.
func TestLookupsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lookups(1)
		failed := errors.New("no such luck")
		first, second, third := l.ask(t.Context(), "A"), l.ask(t.Context(), "PANIC"), l.ask(t.Context(), "B")
		l.answer(failed)
		require.ErrorIs(t, first.err, failed)
		l.answer(nil)
		require.ErrorContains(t, second.err, "at the companies")
		require.ErrorContains(t, third.err, "at the companies")
		fourth := l.ask(t.Context(), "C")
		l.answer(nil)
		assert.Equal(t, lookupAnswer{"C", true, nil}, *fourth)
		assert.Zero(t, l.running)
	})
}

// A query sees what each of its requests must see, and goes to a replica only for all of them.
func TestLookupsOfReaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lookups(1)
		reader := func(token pg.LSN, replica bool) context.Context {
			return WithReader(t.Context(), &Reader{Token: token, Replica: replica})
		}
		for i, together := range [][]context.Context{
			{reader(7, true)},
			{reader(1, true), reader(9, true), reader(0, true)},
			{reader(1, true), reader(5, false)},
			{reader(3, true), t.Context()},
		} {
			for _, ctx := range together {
				l.ask(ctx, "A")
			}
			if i > 0 { // the first one is what the others wait for
				l.answer(nil)
			}
		}
		l.answer(nil)
		assert.Equal(t, []query{{"A", 7, true}, {"A A A", 9, true}, {"A A", 5, false}, {"A A", 3, false}}, l.queries)
	})
}
