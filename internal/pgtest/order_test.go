package pgtest

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
)

// A transcript is a session's queries, and what is wrong with them.
type transcript struct {
	queries []string
	wrong   []string
}

var transcripts = map[string]transcript{
	"in order": {queries: []string{"BEGIN; SET LOCAL x", "-- name: Lock :one\nSELECT * FROM user_account WHERE id = $1 FOR UPDATE",
		"-- name: Write :exec\nINSERT INTO password_reset SELECT", "commit"}},
	"a new user":   {queries: []string{"begin", "-- name: Add :one\nINSERT INTO user_account (name)", "-- name: Write :exec\nUPDATE password_reset SET"}},
	"a test's own": {queries: []string{"UPDATE password_reset SET x"}},
	"too late": {
		[]string{"begin", "-- name: Write :exec\nDELETE FROM password_reset", "-- name: Lock :one\nSELECT FROM user_account FOR UPDATE"},
		[]string{"Write writes password_reset in a transaction that has not locked the user_account"},
	},
	"in the transaction before": {
		[]string{"begin", "-- name: Lock :one\nSELECT FROM user_account FOR UPDATE", "commit", "begin", "-- name: Take :exec\nDELETE FROM password_reset"},
		[]string{"Take writes password_reset in a transaction that has not locked the user_account"},
	},
	"superusers late": {
		[]string{"begin", "-- name: Lock :one\nSELECT FROM user_account FOR UPDATE",
			"-- name: Supers :many\nSELECT id FROM user_account WHERE is_superuser AND is_active FOR UPDATE"},
		[]string{"Supers locks the superusers after a user"},
	},
	"without a transaction": {
		[]string{"-- name: Lock :one\nSELECT FROM user_account FOR UPDATE", "-- name: Write :exec\nUPDATE password_reset SET"},
		[]string{"Write writes password_reset in a transaction that has not locked the user_account"},
	},
}

func TestLockOrder(t *testing.T) {
	t.Parallel()
	for name, tt := range transcripts {
		o := &lockOrder{held: map[*pgx.Conn]map[string]bool{}, wrong: map[string]bool{}}
		for _, sql := range tt.queries {
			o.TraceQueryStart(t.Context(), nil, pgx.TraceQueryStartData{SQL: sql})
		}
		assert.Equal(t, tt.wrong, slices.Collect(maps.Keys(o.wrong)), name)
	}
	o := &lockOrder{held: map[*pgx.Conn]map[string]bool{}, wrong: map[string]bool{}}
	batch := &pgx.Batch{}
	for _, sql := range transcripts["too late"].queries {
		batch.Queue(sql)
	}
	o.TraceBatchStart(t.Context(), nil, pgx.TraceBatchStartData{Batch: batch})
	assert.Equal(t, transcripts["too late"].wrong, slices.Collect(maps.Keys(o.wrong)), "a batch")
	o = &lockOrder{held: map[*pgx.Conn]map[string]bool{}, wrong: map[string]bool{}}
	o.TraceCopyFromStart(t.Context(), nil, pgx.TraceCopyFromStartData{TableName: pgx.Identifier{"password_reset"}})
	assert.Len(t, o.wrong, 1)
}
