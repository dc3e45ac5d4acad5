package telemetry_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/telemetry"
)

func TestSQL(t *testing.T) {
	t.Parallel()
	secret, none := "hunter2'hunter2", (*int64)(nil)
	for _, c := range []struct {
		name, sql string
		args      []any
		err       error
		want      []string
	}{
		{
			"a query of sqlc", "-- name: ListUsers :many\nSELECT 1", []any{int64(7), true, none, time.Unix(0, 0).UTC(), decimal.RequireFromString("1.50")}, nil,
			[]string{"msg=sql query=ListUsers ", `args="7, true, NULL, 1970-01-01T00:00:00Z, 1.5"`, "rows=3", "took="},
		},
		{
			"texts and bytes", "-- name: SetPassword :exec\nUPDATE", []any{secret, &secret, []byte(secret), []string{secret}, [16]byte{1}}, nil,
			[]string{`args="text(15), text(15), []uint8(15), []string(1), [16]uint8(16)"`},
		},
		{"without a name", "SELECT  set_config('x', 'hunter2', false)", nil, nil, []string{`query="SELECT set_config("`}},
		{
			"refused", "begin", nil, &pgconn.PgError{Code: "23505", Message: "hunter2", Detail: "Key (email)=(hunter2) exists"},
			[]string{"query=begin", "error=23505"},
		},
		{"failed", "begin", nil, errors.New("dial hunter2"), []string{"error=*errors."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			tracer := telemetry.SQL{Logger: slog.New(slog.NewTextHandler(&out, nil))}
			ctx := tracer.TraceQueryStart(t.Context(), nil, pgx.TraceQueryStartData{SQL: c.sql, Args: c.args})
			tracer.TraceQueryEnd(ctx, nil, pgx.TraceQueryEndData{CommandTag: pgconn.NewCommandTag("SELECT 3"), Err: c.err})
			for _, part := range c.want {
				assert.Contains(t, out.String(), part)
			}
			assert.NotContains(t, out.String(), "hunter2")
		})
	}
}
