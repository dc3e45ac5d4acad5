package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-faster/errors"
)

// companyLookups read with one query what several requests ask for at about the same time. A request starts a query at once, or
// is in the next one when enough are on their way: it is never answered with what was read before it came.
type companyLookups struct {
	read   func(ctx context.Context, keys []string) (map[string]Company, error)
	atOnce int // queries that others wait for

	mu      sync.Mutex
	running int            // of these; more than atOnce where queries are full
	next    *companyLookup // waits for one of these to end; may be nil
}

// A companyLookup is one query. What is below done is known when that is closed.
type companyLookup struct {
	ctx      context.Context // of the first request, for what it is traced as
	cancel   context.CancelFunc
	reader   Reader        // may see no less than each of the requests
	deadline time.Time     // the last of theirs; zero if one has none
	waiting  int           // requests
	keys     []string      // of tickers
	done     chan struct{} // is closed in the end

	found map[string]Company
	err   error
}

const (
	lookupPatience = 50 * time.Millisecond // for which a query holds up others
	fullLookup     = 500                   // keys of a query that waits for no other
)

// newCompanyLookups leaves half of the processors to what is done with the companies.
func newCompanyLookups(read func(ctx context.Context, keys []string) (map[string]Company, error)) *companyLookups {
	return &companyLookups{read: read, atOnce: max(runtime.GOMAXPROCS(0)/2, 1)}
}

// get returns the company whose ticker has a key, if there is one. Others have it too: it may not be changed.
func (l *companyLookups) get(ctx context.Context, key string) (c Company, ok bool, err error) {
	q := l.join(ctx, key)
	select {
	case <-q.done:
		c, ok = q.found[key]
		return c, ok, q.err
	case <-ctx.Done():
		l.leave(q)
		return c, false, errors.Wrap(ctx.Err(), "look up company")
	}
}

func (l *companyLookups) join(ctx context.Context, key string) *companyLookup {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.next
	first := q == nil
	if first {
		q = &companyLookup{reader: Reader{Replica: true}, done: make(chan struct{})}
		q.ctx, q.cancel = context.WithCancel(context.WithoutCancel(ctx))
	}
	q.keys = append(q.keys, key)
	q.waiting++
	if deadline, ok := ctx.Deadline(); !ok {
		q.deadline = time.Time{}
	} else if first || !q.deadline.IsZero() && deadline.After(q.deadline) {
		q.deadline = deadline
	}
	if reader, ok := ctx.Value(readerKey{}).(*Reader); ok {
		q.reader.Token, q.reader.Replica = max(q.reader.Token, reader.Token), q.reader.Replica && reader.Replica
	} else {
		q.reader.Replica = false
	}
	if l.running < l.atOnce || len(q.keys) == fullLookup {
		l.next = nil
		l.running++
		go l.run(q)
	} else {
		l.next = q
	}
	return q
}

// leave ends a query for which nobody waits any more.
func (l *companyLookups) leave(q *companyLookup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q.waiting--; q.waiting > 0 {
		return
	}
	q.cancel()
	if l.next == q {
		l.next = nil
	}
}

// take returns the next query in the place of one that ended or takes long, nil if there is none.
func (l *companyLookups) take() *companyLookup {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.next
	if l.next = nil; next == nil {
		l.running--
	}
	return next
}

func (l *companyLookups) run(q *companyLookup) {
	for q != nil {
		late := time.AfterFunc(lookupPatience, func() { l.run(l.take()) })
		q.ask(l.read)
		if !late.Stop() {
			return
		}
		q = l.take()
	}
}

func (q *companyLookup) ask(read func(context.Context, []string) (map[string]Company, error)) {
	defer close(q.done)
	defer q.cancel()
	defer func() {
		if v := recover(); v != nil { // which would end the process
			q.err = errors.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	ctx := WithReader(q.ctx, &q.reader)
	if !q.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, q.deadline)
		defer cancel()
	}
	q.found, q.err = read(ctx, q.keys)
}
