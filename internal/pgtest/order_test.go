package pgtest

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
)

func TestLockOrder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		queries []string
		wrong   []string
	}{
		"in order": {queries: []string{"BEGIN; SET LOCAL x", "-- name: Lock :one\nSELECT * FROM company WHERE id = $1 FOR UPDATE",
			"-- name: Write :exec\nINSERT INTO split SELECT", "commit"}},
		"a new company": {queries: []string{"begin", "-- name: Add :one\nINSERT INTO company (name)", "-- name: Write :exec\nUPDATE listing SET"}},
		"a test's own":  {queries: []string{"UPDATE listing SET x"}},
		"too late": {
			[]string{"begin", "-- name: Write :exec\nDELETE FROM dividend", "-- name: Lock :one\nSELECT FROM company FOR UPDATE"},
			[]string{"Write writes dividend in a transaction that has not locked the company"},
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
			[]string{"-- name: Lock :one\nSELECT FROM company FOR UPDATE", "-- name: Write :exec\nUPDATE company SET"},
			[]string{"Write writes company in a transaction that has not locked the company"},
		},
	} {
		o := &lockOrder{held: map[*pgx.Conn]map[string]bool{}, wrong: map[string]bool{}}
		for _, sql := range tt.queries {
			o.TraceQueryStart(t.Context(), nil, pgx.TraceQueryStartData{SQL: sql})
		}
		assert.Equal(t, tt.wrong, slices.Collect(maps.Keys(o.wrong)), name)
	}
	o := &lockOrder{held: map[*pgx.Conn]map[string]bool{}, wrong: map[string]bool{}}
	o.TraceCopyFromStart(t.Context(), nil, pgx.TraceCopyFromStartData{TableName: pgx.Identifier{"listing"}})
	assert.Len(t, o.wrong, 1)
}
