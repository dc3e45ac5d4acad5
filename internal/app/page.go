package app

import (
	"encoding/base64"
	"encoding/json"
)

// A Page asks for Size items after those of the page that returned Token.
type Page struct {
	Size  int32
	Token string
}

// after decodes the page token into keys, the sort keys of the last item before. It reports false on a first page, and an
// Invalid error for a token that no page of this list returned.
func (p Page) after(keys ...any) (bool, error) {
	if p.Token == "" {
		return false, nil
	}
	bad := invalid("page_token", pageRule)
	raw, err := base64.RawURLEncoding.DecodeString(p.Token)
	if err != nil {
		return false, bad
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) != len(keys) {
		return false, bad
	}
	for i, part := range parts {
		if json.Unmarshal(part, keys[i]) != nil || string(part) == "null" {
			return false, bad
		}
	}
	return true, nil
}

// page is p.after among other checks.
func (v *validator) page(p Page, keys ...any) bool {
	more, err := p.after(keys...)
	v.check(err == nil, "page_token", pageRule)
	return more
}

// limit is the number of rows to ask for: one more than the page holds tells whether there is a next one.
func (p Page) limit() int32 { return p.Size + 1 }

// cut returns the rows of the page and the token of the next, "" on the last; keys gives a row's sort keys.
func cut[T any](rows []T, p Page, keys func(T) []any) ([]T, string, error) {
	if len(rows) <= int(p.Size) {
		return rows, "", nil
	}
	rows = rows[:p.Size]
	raw, err := json.Marshal(keys(rows[len(rows)-1]))
	if err != nil {
		return nil, "", err
	}
	return rows, base64.RawURLEncoding.EncodeToString(raw), nil
}
