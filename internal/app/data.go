package app

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/go-faster/errors"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// DataConfig is what the use cases of companies, of what they file and of their prices depend on.
type DataConfig struct {
	MaxUploads int           // files that are received at a time; 4 if 0
	EDGAR      *edgar.Client // nil if sync is off
	// NextSync returns when a sync of all companies is due that follows one of a time; nil for never.
	NextSync func(time.Time) time.Time
	SyncDir  string // where bulk files of EDGAR are while they are read
}

type data struct {
	uploads    chan struct{}                         // holds one for each file that is being received
	currencies *sync.Map                             // the codes that were looked up and are there
	facts      *lru.Cache[string, *sec.CompanyFacts] // by the ids of the documents
	explaining chan struct{}                         // holds one for each explanation that is being made
	companies  *companyLookups
}

func (a *App) newData() (data, error) {
	facts, err := lru.New[string, *sec.CompanyFacts](explainedDocuments)
	return data{
		uploads: make(chan struct{}, cmp.Or(a.MaxUploads, 4)), currencies: &sync.Map{},
		facts: facts, explaining: make(chan struct{}, explanationsAtOnce),
		companies: newCompanyLookups(a.companiesByTicker),
	}, wrap(err, "create cache")
}

// pruneData deletes old imports and syncs, documents that nothing needs, uploads without one, and what was answered to
// requests that may have been sent again.
func (a *App) pruneData(ctx context.Context) error {
	if _, err := a.queries.PruneImports(ctx); err != nil {
		return errors.Wrap(err, "prune imports")
	}
	if _, err := a.queries.PruneSyncs(ctx); err != nil {
		return errors.Wrap(err, "prune syncs")
	}
	if err := a.removeForsakenFiles(ctx); err != nil {
		return errors.Wrap(err, "prune files of syncs")
	}
	err := a.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		ids, err := q.LockUnneededDocuments(ctx)
		if err != nil {
			return errors.Wrap(err, "list documents")
		}
		_, err = q.DeleteUnneededDocuments(ctx, ids)
		return wrap(err, "prune documents")
	})
	if err != nil {
		return err
	}
	if _, err := a.queries.PruneUploads(ctx); err != nil {
		return errors.Wrap(err, "prune uploads")
	}
	if err := a.queries.WakeImports(ctx); err != nil {
		return errors.Wrap(err, "wake imports")
	}
	_, err = a.queries.PruneIdempotencyKeys(ctx)
	return wrap(err, "prune idempotency keys")
}

// today is the current day in UTC.
func (a *App) today() time.Time { return a.Now().UTC().Truncate(24 * time.Hour) }

const (
	beginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	// What is read is mostly in memory: by the costs of a disk that turns, PostgreSQL would rather read whole tables.
	inMemory = "set_config('random_page_cost', '1.1', true)"
	// Lists of all companies have filters that are mostly not there. A plan that fits all values reads the table for any of them.
	planEach = "set_config('plan_cache_mode', 'force_custom_plan', true)"
)

// read runs f on one snapshot of the database, which transactions committed in the meantime do not change. It is as from
// says. Each query is planned for its parameters.
func (a *App) read(ctx context.Context, f func(q *db.Queries) error) error {
	return a.snapshot(ctx, "SELECT "+inMemory+", "+planEach, f)
}

// readPlanned is read for queries of which one plan fits all parameters, as of those about one company.
func (a *App) readPlanned(ctx context.Context, f func(q *db.Queries) error) error {
	return a.snapshot(ctx, "SELECT "+inMemory, f)
}

func (a *App) snapshot(ctx context.Context, settings string, f func(q *db.Queries) error) error {
	err := a.from(ctx, func(c *pgxpool.Conn) error {
		tx := newPipeline(c.Conn(), beginRead, settings)
		defer func() { _ = tx.Rollback(ctx) }() // a connection that cannot is closed
		if err := f(db.New(tx)); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	return translate(err)
}

// from runs f on a replica that may answer the reader of a context, or on the primary. When a replica fails, f runs again
// on the primary: it must begin anew with what it assigns outside of it.
func (a *App) from(ctx context.Context, f func(*pgxpool.Conn) error) error {
	if r, ok := ctx.Value(readerKey{}).(*Reader); ok && r.Replica {
		if done, err := a.Replica.Read(ctx, r.Token, f); done {
			return err
		}
	}
	return a.Pool.AcquireFunc(ctx, f)
}

// one runs f, which reads with one statement: more could see more than one state of the database. It is as from says.
func (a *App) one(ctx context.Context, f func(q *db.Queries) error) error {
	return translate(a.from(ctx, func(c *pgxpool.Conn) error { return f(db.New(c)) }))
}
