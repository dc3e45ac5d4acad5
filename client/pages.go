package client

import (
	"context"
	"iter"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// A Page is what the operations with pages return.
type Page[Item any] interface {
	GetItems() []Item
	GetNextPageToken() oas.NilString
}

// Pages goes through all items of a list. It asks for a page when the one before has been gone through; the size of
// pages is the parameter PageSize. The list is a method of a client:
//
//	for user, err := range client.Pages(ctx, c.ListUsers, oas.ListUsersParams{}) {
//
// After an error, which comes with a zero item, it ends.
func Pages[Params ListParams, P Page[Item], Item any](
	ctx context.Context, list func(context.Context, Params) (P, error), params Params,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		params := params // each walk begins anew
		for {
			page, err := list(ctx, params)
			if err != nil {
				var none Item
				yield(none, err)
				return
			}
			for _, item := range page.GetItems() {
				if !yield(item, nil) {
					return
				}
			}
			next, more := page.GetNextPageToken().Get()
			if !more {
				return
			}
			params = withPageToken(params, next)
		}
	}
}
