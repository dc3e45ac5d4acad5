package api

import (
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// page is the page of a list that a request asks for.
func page(size oas.OptInt32, token oas.OptString) app.Page {
	return app.Page{Size: size.Or(100), Token: token.Or("")}
}

// list returns the page of a response from what a use case returns.
func list[P pageOf[T], R, T any](to func(R) T) func(rows []R, next string, err error) (*P, error) {
	return fillList[P](func(r R, out *T) { *out = to(r) })
}

// fillList is list for large items, which fill makes where they are.
func fillList[P pageOf[T], R, T any](fill func(R, *T)) func(rows []R, next string, err error) (*P, error) {
	return func(rows []R, next string, err error) (*P, error) {
		if err != nil {
			return nil, err
		}
		items := make([]T, len(rows))
		for i := range rows {
			fill(rows[i], &items[i])
		}
		token := oas.NilString{Value: next, Null: next == ""}
		return &P{Items: items, NextPageToken: token}, nil
	}
}

type pageOf[T any] interface {
	~struct {
		Items         []T           `json:"items"`
		NextPageToken oas.NilString `json:"next_page_token"`
	}
}

// one returns a response from what a use case returns.
func one[R, T any](to func(R) T) func(R, error) (*T, error) {
	return fillOne(func(r R, out *T) { *out = to(r) })
}

func fillOne[R, T any](fill func(R, *T)) func(R, error) (*T, error) {
	return func(r R, err error) (*T, error) {
		if err != nil {
			return nil, err
		}
		out := new(T)
		fill(r, out)
		return out, nil
	}
}
