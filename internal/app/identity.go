package app

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/auth"
	"github.com/edgevalue/edgevalue/internal/pg"
)

// rememberedIdentities is how many sessions, and how many keys, are remembered: some MB.
const rememberedIdentities = 10_000

// identities remembers whom sessions and keys stand for, those in use last, as long as no account, session or key changes.
// What stands for nobody is not remembered.
type identities struct {
	sessions remembered[auth.Claims, db.GetSessionUserRow]
	keys     remembered[string, db.GetAPIKeyOwnerRow] // by their hashes
}

func newIdentities(changes *pg.Changes) (i identities, err error) {
	if i.sessions, err = newRemembered[auth.Claims, db.GetSessionUserRow](changes); err == nil {
		i.keys, err = newRemembered[string, db.GetAPIKeyOwnerRow](changes)
	}
	return i, wrap(err, "create cache")
}

// remembered are rows that were read under a state of the accounts, and are worth nothing under another.
type remembered[K comparable, T any] struct {
	changes *pg.Changes
	rows    *lru.Cache[K, stated[T]]
}

type stated[T any] struct {
	row   T
	state uint64
	ok    bool // the state was known
}

func newRemembered[K comparable, T any](changes *pg.Changes) (remembered[K, T], error) {
	rows, err := lru.New[K, stated[T]](rememberedIdentities)
	return remembered[K, T]{changes, rows}, err
}

// get returns the row of a key as read returns it, or as it did before its end.
func (r remembered[K, T]) get(key K, now time.Time, end func(T) time.Time, read func() (T, error)) (stated[T], error) {
	state, ok := r.changes.State(pg.Accounts)
	if ok {
		if known, found := r.rows.Get(key); found && known.state == state && now.Before(end(known.row)) {
			return known, nil
		}
	}
	row, err := read()
	known := stated[T]{row, state, ok}
	if err == nil {
		r.put(key, known)
	}
	return known, err
}

// put remembers a row, under the state of when it was read.
func (r remembered[K, T]) put(key K, known stated[T]) {
	if known.ok {
		r.rows.Add(key, known)
	}
}
