package app_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// betweenQueries is a tracer that calls commit before each of the queries/ but the first after reset.
type betweenQueries struct {
	commit func()
	seen   atomic.Int64
}

func (b *betweenQueries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(data.SQL, "-- name: ") && b.seen.Add(1) > 1 {
		b.commit()
	}
	return ctx
}

func (*betweenQueries) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart is for the first query, which is sent with what begins a transaction.
func (b *betweenQueries) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, q := range data.Batch.QueuedQueries {
		b.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{SQL: q.SQL, Args: q.Arguments})
	}
	return ctx
}

func (*betweenQueries) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (*betweenQueries) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// What is computed from several queries is computed from one state of the database, whatever is committed between them.
func TestReadsAreOfOneState(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	importer := newApp(t, pool)
	id := startApple(t, importer)
	work(t, importer)
	eventually(t, importer, id, "succeeded")
	// Share counts and a price of a day on which the ratios need them.
	_, err := pool.Exec(t.Context(), "INSERT INTO price (listing_id, date, close) SELECT id, '2024-01-02', 185.64 FROM listing")
	require.NoError(t, err)

	between := &betweenQueries{commit: func() {
		_, err := pool.Exec(t.Context(), `WITH
			a AS (UPDATE financial_statement SET net_income = net_income + 1e9, total_revenues = total_revenues + 1e9, ebitda = ebitda + 1e9),
			b AS (UPDATE dividend SET amount_per_share = amount_per_share + 1),
			c AS (UPDATE price SET close = close + 1)
			UPDATE share_count SET shares = shares + 1e9`)
		require.NoError(t, err)
	}}
	cfg := pool.Config()
	cfg.ConnConfig.Tracer = between
	traced, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(traced.Close)

	day, page := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), app.Page{Size: 100}
	for name, read := range map[string]func(*app.App) (any, error){
		"ExportCompany": func(a *app.App) (any, error) { return a.ExportCompany(t.Context(), "AAPL", app.PointInTime{}) },
		"ExportCompany as of a day": func(a *app.App) (any, error) {
			return a.ExportCompany(t.Context(), "AAPL", app.PointInTime{AsOf: &day})
		},
		"ListCompanyMetrics": func(a *app.App) (any, error) {
			items, _, err := a.ListCompanyMetrics(t.Context(), "AAPL", nil, app.PointInTime{}, nil, page)
			return items, err
		},
		"ListMetrics": func(a *app.App) (any, error) {
			items, _, err := a.ListMetrics(t.Context(), app.StatementFilter{}, app.PointInTime{}, []string{"all"}, page)
			return items, err
		},
		"ListCompanyDailyRatios": func(a *app.App) (any, error) {
			items, _, err := a.ListCompanyDailyRatios(t.Context(), "AAPL", nil, nil, app.DayOptions{}, page)
			return items, err
		},
		"ListPrices": func(a *app.App) (any, error) {
			items, _, err := a.ListPrices(t.Context(), "AAPL", nil, nil, app.PointInTime{}, page)
			return items, err
		},
		"ValueCompany": func(a *app.App) (any, error) {
			rates := app.ValuationRates{DiscountRate: decimal.RequireFromString("0.1"), Years: 10}
			return a.ValueCompany(t.Context(), "AAPL", rates, metric.ByEVN, metric.ByFreeCashFlow, nil)
		},
		"ListDailyRatios": func(a *app.App) (any, error) {
			items, _, err := a.ListDailyRatios(t.Context(), day, app.DayOptions{Metrics: []string{"all"}}, page)
			return items, err
		},
	} {
		want, err := read(importer)
		require.NoError(t, err, name)
		between.seen.Store(0)
		got, err := read(newApp(t, traced))
		require.NoError(t, err, name)
		require.Greater(t, between.seen.Load(), int64(1), "%s makes several queries", name)
		same := assert.ObjectsAreEqual(want, got)
		assert.True(t, same, "%s is of one state", name)
		got, err = read(importer)
		require.NoError(t, err, name)
		require.NotEqual(t, want, got, "%s depends on what was committed", name)
	}
}

// Lists have filters that are mostly not there: a plan for all their values would read whole tables for any of them. Without
// any they have one.
func TestListsArePlannedForTheirFilters(t *testing.T) {
	t.Parallel()
	cfg := pgtest.New(t).Config()
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	a := newApp(t, pool)
	for range 10 {
		for _, f := range []app.DividendFilter{{}, {FiscalYear: new(int32(2020))}} {
			_, _, err := a.ListDividends(t.Context(), f, app.PointInTime{}, app.Page{Size: 100})
			require.NoError(t, err)
		}
	}
	// PostgreSQL makes five plans before it takes one for all.
	for name, want := range map[string][]int{"ListDividends": {10, 0}, "ListAllDividends": {5, 5}} {
		var custom, generic int
		require.NoError(t, pool.QueryRow(t.Context(), `SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements
			WHERE statement LIKE '-- name: ' || $1 || ' %'`, name).Scan(&custom, &generic))
		assert.Equal(t, want, []int{custom, generic}, name)
	}
}
