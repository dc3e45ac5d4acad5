package app

import (
	"context"
	"strings"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A pipeline is a transaction of few round trips. What nobody waits for is sent with the next statement that somebody
// waits for, or with COMMIT: BEGIN, queries of the kind :exec, and what is asked. An error of one is the
// error of what it was sent with.
type pipeline struct {
	conn    *pgx.Conn
	waiting *pgx.Batch
	failed  error // of what was sent; nothing comes after it
}

var (
	_ pgx.Tx = (*pipeline)(nil)

	errNested = errors.New("a transaction of a pipeline has no savepoints")
)

// newPipeline begins a transaction on a connection that has none. The statements begin are run first.
func newPipeline(conn *pgx.Conn, begin ...string) *pipeline {
	p := &pipeline{conn, &pgx.Batch{}, nil}
	for _, sql := range begin {
		p.put(sql, nil)
	}
	return p
}

// put has a statement wait whose result nobody wants.
func (p *pipeline) put(sql string, args []any) {
	p.waiting.Queue(sql, args...).Fn = func(results pgx.BatchResults) error {
		_, err := results.Exec()
		return wrap(err, queryName(sql))
	}
}

// take returns what waits.
func (p *pipeline) take() *pgx.Batch {
	batch := p.waiting
	p.waiting = &pgx.Batch{}
	return batch
}

// flush sends what waits.
func (p *pipeline) flush(ctx context.Context) error {
	if p.waiting.Len() == 0 {
		return nil
	}
	return p.fails(p.conn.SendBatch(ctx, p.take()).Close())
}

func (p *pipeline) fails(err error) error {
	if err != nil {
		p.failed = err
	}
	return err
}

// queryName is what sqlc calls a query, with its kind, or the statement.
func queryName(sql string) string {
	line, _, _ := strings.Cut(sql, "\n")
	return strings.TrimPrefix(line, "-- name: ")
}

// Exec implements pgx.Tx. A query of the kind :exec waits: its caller learns of no rows.
func (p *pipeline) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	if strings.HasSuffix(queryName(sql), " :exec") {
		p.put(sql, args)
		return tag, nil
	}
	p.waiting.Queue(sql, args...).Exec(func(t pgconn.CommandTag) error {
		tag = t
		return nil
	})
	err = p.flush(ctx)
	return tag, err
}

// Query implements pgx.Tx.
func (p *pipeline) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if p.waiting.Len() == 0 {
		return p.conn.Query(ctx, sql, args...)
	}
	batch := p.take()
	before := batch.QueuedQueries
	batch.Queue(sql, args...)
	results := p.conn.SendBatch(ctx, batch)
	for _, q := range before {
		if err := q.Fn(results); err != nil {
			_ = results.Close()
			return nil, p.fails(err)
		}
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, p.fails(err)
	}
	return &lastRows{rows, results}, nil
}

// QueryRow implements pgx.Tx.
func (p *pipeline) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

// lastRows are those of the last statement of a batch.
type lastRows struct {
	pgx.Rows
	results pgx.BatchResults
}

func (r *lastRows) Close() {
	r.Rows.Close()
	_ = r.results.Close() // says what Err does
}

type oneRow struct {
	rows pgx.Rows
	err  error
}

func (r oneRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// CopyFrom implements pgx.Tx.
func (p *pipeline) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	if err := p.flush(ctx); err != nil {
		return 0, err
	}
	return p.conn.CopyFrom(ctx, table, columns, rows)
}

// SendBatch implements pgx.Tx.
func (p *pipeline) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if err := p.flush(ctx); err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	return p.conn.SendBatch(ctx, b)
}

// Commit implements pgx.Tx.
func (p *pipeline) Commit(ctx context.Context) error {
	p.waiting.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" {
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return p.flush(ctx)
}

// Rollback implements pgx.Tx. What waits is not sent. It does nothing after a commit; a connection that cannot roll back is
// none that the pool takes back.
func (p *pipeline) Rollback(ctx context.Context) error {
	p.take()
	if p.conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	_, err := p.conn.Exec(ctx, "ROLLBACK")
	return err
}

// Begin, Prepare, LargeObjects and Conn implement pgx.Tx, as what nobody does here.
func (p *pipeline) Begin(context.Context) (pgx.Tx, error) { return nil, errNested }

func (p *pipeline) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return p.conn.Prepare(ctx, name, sql)
}

func (p *pipeline) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

func (p *pipeline) Conn() *pgx.Conn { return p.conn }
