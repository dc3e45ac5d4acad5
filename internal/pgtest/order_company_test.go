package pgtest

import "maps"

func init() {
	maps.Copy(transcripts, map[string]transcript{
		"a company in order": {queries: []string{"BEGIN; SET LOCAL x", "-- name: Lock :one\nSELECT * FROM company WHERE id = $1 FOR UPDATE",
			"-- name: Write :exec\nINSERT INTO split SELECT", "commit"}},
		"a new company": {queries: []string{"begin", "-- name: Add :one\nINSERT INTO company (name)", "-- name: Write :exec\nUPDATE listing SET"}},
		"a company too late": {
			[]string{"begin", "-- name: Write :exec\nDELETE FROM dividend", "-- name: Lock :one\nSELECT FROM company FOR UPDATE"},
			[]string{"Write writes dividend in a transaction that has not locked the company"},
		},
		"a company itself, without a transaction": {
			[]string{"-- name: Lock :one\nSELECT FROM company FOR UPDATE", "-- name: Write :exec\nUPDATE company SET"},
			[]string{"Write writes company in a transaction that has not locked the company"},
		},
	})
}
