package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"
)

// SQL logs each statement by its name with its arguments' shapes and how long it took. Numbers, booleans and times are
// shown; of texts and bytes, which can be passwords' hashes, tokens or addresses, only how long they are.
type SQL struct{ Logger *slog.Logger }

var (
	_ pgx.QueryTracer    = SQL{}
	_ pgx.BatchTracer    = SQL{}
	_ pgx.CopyFromTracer = SQL{}
)

type sqlKey struct{}

// A statement is one that runs.
type statement struct {
	name  string
	args  []any
	begin time.Time
}

// TraceQueryStart implements pgx.QueryTracer.
func (SQL) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, sqlKey{}, statement{sqlName(data.SQL), data.Args, time.Now()})
}

// TraceQueryEnd implements pgx.QueryTracer.
func (s SQL) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	s.log(ctx, data.CommandTag, data.Err)
}

// TraceBatchStart implements pgx.BatchTracer.
func (SQL) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return context.WithValue(ctx, sqlKey{}, statement{fmt.Sprintf("batch of %d", data.Batch.Len()), nil, time.Now()})
}

// TraceBatchQuery implements pgx.BatchTracer.
func (s SQL) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	s.log(context.WithValue(ctx, sqlKey{}, statement{sqlName(data.SQL), data.Args, time.Time{}}), data.CommandTag, data.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (s SQL) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	s.log(ctx, pgconn.CommandTag{}, data.Err)
}

// TraceCopyFromStart implements pgx.CopyFromTracer.
func (SQL) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	return context.WithValue(ctx, sqlKey{}, statement{"COPY " + strings.Join(data.TableName, "."), nil, time.Now()})
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (s SQL) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	s.log(ctx, data.CommandTag, data.Err)
}

func (s SQL) log(ctx context.Context, tag pgconn.CommandTag, err error) {
	st, ok := ctx.Value(sqlKey{}).(statement)
	if !ok {
		return
	}
	attrs := []slog.Attr{slog.String("query", st.name)}
	if len(st.args) > 0 {
		attrs = append(attrs, slog.String("args", sqlArgs(st.args)))
	}
	attrs = append(attrs, slog.Int64("rows", tag.RowsAffected()))
	if !st.begin.IsZero() {
		attrs = append(attrs, slog.Duration("took", time.Since(st.begin)))
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) { // its message and detail show values
		attrs = append(attrs, slog.String("error", refused.Code))
	} else if err != nil {
		attrs = append(attrs, slog.String("error", reflect.TypeOf(err).String()))
	}
	s.Logger.LogAttrs(ctx, slog.LevelInfo, "sql", attrs...)
}

// sqlName is what sqlc and River call a query, "-- name: ListUsers :many", or else the statement's beginning, up to
// what could be a value.
func sqlName(sql string) string {
	if rest, ok := strings.CutPrefix(strings.TrimSpace(sql), "-- name: "); ok {
		if fields := strings.Fields(rest); len(fields) > 0 {
			return fields[0]
		}
	}
	begin, _, _ := strings.Cut(strings.Join(strings.Fields(sql), " "), "'")
	const most = 60
	if len(begin) > most {
		return strings.ToValidUTF8(begin[:most], "") + "..."
	}
	return begin
}

func sqlArgs(args []any) string {
	const most = 12
	shapes := make([]string, 0, most+1)
	for i, arg := range args {
		if i == most {
			shapes = append(shapes, fmt.Sprintf("and %d more", len(args)-most))
			break
		}
		if _, ok := arg.(pgx.QueryResultFormats); ok {
			continue
		}
		shapes = append(shapes, sqlShape(reflect.ValueOf(arg)))
	}
	return strings.Join(shapes, ", ")
}

func sqlShape(v reflect.Value) string {
	for v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() == reflect.Pointer {
		return "NULL"
	}
	switch value := v.Interface().(type) {
	case time.Time:
		return value.Format(time.RFC3339)
	case decimal.Decimal:
		return value.String()
	}
	switch v.Kind() { //nolint:exhaustive // the others have nothing to show
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		if v.Type().PkgPath() == "" || v.Type().String() == "time.Duration" {
			return fmt.Sprint(v.Interface())
		}
		return v.Type().String()
	case reflect.String:
		return fmt.Sprintf("text(%d)", v.Len())
	case reflect.Slice, reflect.Map, reflect.Array:
		return fmt.Sprintf("%s(%d)", v.Type(), v.Len())
	default:
		return v.Type().String()
	}
}
