package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const generated = `package db

type ListThingsParams struct {
	After    int64 ` + "`db:\"after\"`" + `
	PageSize int32 ` + "`db:\"page_size\"`" + `
}

func (q *Queries) ListThings(ctx context.Context, arg ListThingsParams) ([]Thing, error) {
	rows, err := q.db.Query(ctx, listThings, arg.After, arg.PageSize)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	items := []Thing{}
	for rows.Next() {
		var i Thing
		if err := rows.Scan(&i.ID, &i.Name); err != nil {
			return nil, err
		}
		items = append(items, i)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return items, nil
}

func (q *Queries) GetThing(ctx context.Context, id int64) (Thing, error) {
	row := q.db.QueryRow(ctx, getThing, id)
	var i Thing
	err := row.Scan(&i.ID, &i.Name)
	return i, err
}

func (q *Queries) ListOthers(ctx context.Context) ([]Other, error) {
	rows, err := q.db.Query(ctx, listOthers)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	items := []Other{}
	for rows.Next() {
		var i Other
		if err := rows.Scan(
			&i.ID,
			&i.Name,
		); err != nil {
			return nil, err
		}
		items = append(items, i)
	}
	return items, rows.Err()
}
`

func TestOnce(t *testing.T) {
	t.Parallel()
	got, changed, err := once(generated)
	require.NoError(t, err)
	assert.Equal(t, 2, changed)
	text := string(got)
	assert.Contains(t, text, "\tvar i Thing\n\tto := []any{&i.ID, &i.Name}\n\tfor rows.Next() {\n\t\tif err := rows.Scan(to...); err != nil {\n"+
		"\t\t\treturn nil, err\n\t\t}\n\t\titems = append(grow(items, arg.PageSize), i)\n\t}\n")
	assert.Contains(t, text, "items = append(grow(items, 0), i)\n")
	assert.NotContains(t, text, "append(items")
	assert.Contains(t, text, "\tvar i Thing\n\terr := row.Scan(", "a single row")

	_, _, err = once("package db\n\nfunc (q *Queries) ListThings() ([]Thing, error) {\n\tvar i Thing\n\titems = append(items, i)\n}\n")
	require.ErrorContains(t, err, "ListThings reads rows in another way")
	require.ErrorContains(t, run(t.TempDir()), "no query that reads rows")
}
