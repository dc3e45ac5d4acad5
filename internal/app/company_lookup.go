package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-faster/errors"
)

// companyLookups read with one query what many ask for at about the same time: who comes while queries are on their way is
// in the next one. So nobody is answered with what was read before they came.
type companyLookups struct {
	read   func(ctx context.Context, keys []string) (map[string]Company, error)
	atOnce int // queries that others wait for

	mu      sync.Mutex
	running int            // of these, at most atOnce
	next    *companyLookup // waits for one of these to end; may be nil
}

// A companyLookup is one query.
type companyLookup struct {
	ctx    context.Context // of who came first
	reader Reader          // is answered with what each of them may see
	keys   []string        // of tickers
	done   chan struct{}
	found  map[string]Company
	err    error
}

// lookupPatience is how long a query holds up others.
const lookupPatience = 50 * time.Millisecond

// newCompanyLookups leaves half of the processors to what is done with the companies.
func newCompanyLookups(read func(ctx context.Context, keys []string) (map[string]Company, error)) *companyLookups {
	return &companyLookups{read: read, atOnce: max(runtime.GOMAXPROCS(0)/2, 1)}
}

// get returns the company whose ticker has a key, if there is one. Others have it too: it may not be changed.
func (l *companyLookups) get(ctx context.Context, key string) (c Company, ok bool, err error) {
	own := l.join(ctx, key)
	select {
	case <-own.done:
		c, ok = own.found[key]
		return c, ok, own.err
	case <-ctx.Done():
		return c, false, errors.Wrap(ctx.Err(), "look up company")
	}
}

func (l *companyLookups) join(ctx context.Context, key string) *companyLookup {
	reader, _ := ctx.Value(readerKey{}).(*Reader)
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.next
	if own == nil {
		own = &companyLookup{ctx: ctx, done: make(chan struct{}), reader: Reader{Replica: true}}
	}
	own.keys = append(own.keys, key)
	if reader == nil {
		own.reader.Replica = false
	} else {
		own.reader.Token, own.reader.Replica = max(own.reader.Token, reader.Token), own.reader.Replica && reader.Replica
	}
	if l.running < l.atOnce {
		l.running++
		go l.run(own)
	} else {
		l.next = own
	}
	return own
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

// ask has the time of who came first, also when they go away.
func (q *companyLookup) ask(read func(context.Context, []string) (map[string]Company, error)) {
	defer close(q.done)
	defer func() {
		if v := recover(); v != nil { // which would end the process
			q.err = errors.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	ctx := WithReader(context.WithoutCancel(q.ctx), &q.reader)
	if deadline, ok := q.ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	q.found, q.err = read(ctx, q.keys)
}
