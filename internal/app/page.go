package app

import (
	"encoding/base64"
	"encoding/json"

	"github.com/go-faster/errors"
)

// A Page asks for Size items after those of the page that returned Token.
type Page struct {
	Size  int32
	Token string
}

// page decodes the page token into keys, the sort keys of the last item before, which stay as they are on a first page.
// A token that no page of this list returned is a mistake.
func (v *validator) page(p Page, keys ...any) {
	if p.Token == "" {
		return
	}
	var parts []json.RawMessage
	raw, err := base64.RawURLEncoding.DecodeString(p.Token)
	ok := err == nil && json.Unmarshal(raw, &parts) == nil && len(parts) == len(keys)
	for i := 0; ok && i < len(keys); i++ {
		ok = string(parts[i]) != "null" && json.Unmarshal(parts[i], keys[i]) == nil
	}
	v.check(ok, "page_token", pageRule)
}

// limit is the number of rows to ask for: one more than the page holds tells whether there is a next one.
func (p Page) limit() int32 { return p.Size + 1 }

// cut returns the rows of the page and the token of the next, "" on the last; rows and err are those of a query, keys
// gives a row's sort keys.
func cut[T any](p Page, rows []T, err error, keys func(T) []any) ([]T, string, error) {
	if err != nil || len(rows) <= int(p.Size) {
		return rows, "", wrap(err, "list")
	}
	rows = rows[:p.Size]
	raw, err := json.Marshal(keys(rows[len(rows)-1]))
	if err != nil {
		return nil, "", errors.Wrap(err, "make page token")
	}
	return rows, base64.RawURLEncoding.EncodeToString(raw), nil
}

// pageOf is cut with an item made of each row.
func pageOf[R, T any](p Page, rows []R, err error, keys func(R) []any, item func(*R) T) ([]T, string, error) {
	rows, next, err := cut(p, rows, err, keys)
	items := make([]T, len(rows))
	for i := range rows {
		items[i] = item(&rows[i])
	}
	return items, next, err
}
