package pgtest

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// lockOrder fails a test in which one of the program's own queries writes what belongs to a row, such as a user's,
// before its transaction has locked that row. A query of the test itself may do as it likes.
type lockOrder struct {
	mu    sync.Mutex
	held  map[*pgx.Conn]map[string]bool // the tables of which the transaction has locked rows
	wrong map[string]bool
}

// owners are the tables whose rows are locked before rows of these, and of their own, are written.
var owners = map[string]string{
	// newproject:companies
	"company": "company", "listing": "company", "financial_statement": "company", "dividend": "company", "split": "company", "found_split": "company",
	"price": "company", "share_count": "company", "annual_form": "company", "company_facts": "company", "former_facts": "company",
	// newproject:end
	"password_reset": "user_account",
}

var (
	writes = regexp.MustCompile(`(?is)\b(?:insert into|update|delete from) (\w+)`)
	adds   = regexp.MustCompile(`(?is)^-- name: \w+ :\w+\s.*\binsert into (` + locked + `)\b`)
	locks  = regexp.MustCompile(`(?is)\bfrom (` + locked + `)\b.*\bfor update\b|\block_(` + locked + `)\(`)
	locked = strings.Join(slices.Compact(slices.Sorted(maps.Values(owners))), "|")
)

// does is what a query of the program does to rows that have owners.
type does struct {
	name   string
	writes []string // tables
	adds   string   // a table of owners, or ""
	locks  string
}

var known sync.Map // a *does by its SQL

func doing(sql string) *does {
	if d, ok := known.Load(sql); ok {
		return d.(*does)
	}
	d := &does{name: strings.Fields(sql)[2]}
	if m := locks.FindStringSubmatch(sql); m != nil {
		d.locks = m[1] + m[2]
	}
	if m := adds.FindStringSubmatch(sql); m != nil && !strings.Contains(sql, "DO UPDATE") {
		d.adds = m[1]
	}
	for _, m := range writes.FindAllStringSubmatch(sql, -1) {
		d.writes = append(d.writes, strings.ToLower(m[1]))
	}
	known.Store(sql, d)
	return d
}

func watchLocks(t testing.TB) *lockOrder {
	o := &lockOrder{held: map[*pgx.Conn]map[string]bool{}, wrong: map[string]bool{}}
	t.Cleanup(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for what := range o.wrong {
			t.Error(what)
		}
	})
	return o
}

func (o *lockOrder) TraceQueryStart(ctx context.Context, c *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	o.query(c, q.SQL)
	return ctx
}

func (o *lockOrder) TraceBatchStart(ctx context.Context, c *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		o.query(c, q.SQL)
	}
	return ctx
}

func (o *lockOrder) query(c *pgx.Conn, sql string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch verb, _, _ := strings.Cut(strings.ToLower(sql), " "); {
	case strings.HasPrefix(verb, "begin"):
		o.held[c] = map[string]bool{}
	case verb == "commit", strings.EqualFold(sql, "rollback"): // and not to a savepoint
		delete(o.held, c)
	case !strings.HasPrefix(sql, "-- name: "), strings.Contains(sql, "SKIP LOCKED"): // which waits for nobody
	default:
		d := doing(sql)
		if d.locks == "user_account" && strings.Contains(sql, "is_superuser AND") && o.held[c]["user_account"] {
			o.wrong[d.name+" locks the superusers after a user"] = true
		}
		o.hold(c, d.locks)
		o.hold(c, d.adds)
		for _, table := range d.writes {
			o.write(c, d.name, table)
		}
	}
}

func (o *lockOrder) hold(c *pgx.Conn, table string) {
	if o.held[c] != nil {
		o.held[c][table] = true
	}
}

func (o *lockOrder) write(c *pgx.Conn, name, table string) {
	if owner := owners[table]; owner != "" && !o.held[c][owner] {
		o.wrong[fmt.Sprintf("%s writes %s in a transaction that has not locked the %s", name, table, owner)] = true
	}
}

func (*lockOrder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (*lockOrder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (*lockOrder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (o *lockOrder) TraceCopyFromStart(ctx context.Context, c *pgx.Conn, q pgx.TraceCopyFromStartData) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write(c, "a COPY", q.TableName[0])
	return ctx
}

func (*lockOrder) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}
