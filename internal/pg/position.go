package pg

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5/pgxpool"
)

// An LSN is a position in the log of a database's primary. A replica has all that was committed before it when it has
// replayed as far.
type LSN uint64

// LastLSN is after every other: no replica gets there.
const LastLSN = ^LSN(0)

// ParseLSN reads what String wrote.
func ParseLSN(s string) (LSN, error) {
	n, err := strconv.ParseUint(s, 16, 64)
	if err != nil || len(s) > 16 {
		return 0, errors.New("is not a position in the log")
	}
	return LSN(n), nil
}

func (l LSN) String() string { return strconv.FormatUint(uint64(l), 16) }

// at begins what a mark notifies, before its position.
const at = "at "

// mark asks for a position that is after all that was committed before, and tells everybody who listens.
//
// Who is told of the position has been told before of each change that was committed before it: PostgreSQL puts what a
// transaction notifies into its queue ahead of the transaction's commit record, holds a lock on the queue until it has
// ended, and delivers in the queue's order; the mark gets there only after it has read the position. The mark's own commit
// follows the position, so that a replica reaches it though nothing else is written.
const mark = `WITH l AS MATERIALIZED (SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS lsn)
	SELECT lsn, pg_notify('` + channel + `', '` + at + `' || lsn)::text FROM l`

// A position is what a process knows of the primary's log.
type position struct {
	heard atomic.Uint64 // how many changes of Data, own ones too; is moved before their state is
	seen  atomic.Uint64 // the LSN before which all of them were heard of
	news  chan struct{} // has an element when one was

	mu      sync.Mutex
	lsn     LSN    // is after the first so many of them
	covered uint64 // how many
}

func (p *position) hear() {
	p.heard.Add(1)
	p.again()
}

// again has the newest change placed.
func (p *position) again() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// told takes in a mark, this process's or another's.
func (p *position) told(payload string) {
	text, ok := strings.CutPrefix(payload, at)
	if !ok {
		return
	}
	lsn, err := strconv.ParseUint(text, 10, 64)
	for err == nil {
		old := p.seen.Load()
		if lsn <= old || p.seen.CompareAndSwap(old, lsn) {
			return
		}
	}
}

// known returns a position after all changes that were heard of; false while that of the newest is not known yet.
func (p *position) known() (LSN, bool) {
	heard := p.heard.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lsn, p.covered >= heard
}

// mark finds out a position after all changes that were heard of.
func (p *position) mark(ctx context.Context, primary *pgxpool.Pool) (LSN, error) {
	heard := p.heard.Load()
	var lsn int64
	var told string
	if err := primary.QueryRow(ctx, mark).Scan(&lsn, &told); err != nil {
		return LastLSN, errors.Wrap(err, "mark the position in the log")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lsn, p.covered = max(p.lsn, LSN(lsn)), max(p.covered, heard)
	return LSN(lsn), nil
}
