package client

import (
	"context"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// AwaitImport returns an import when it has ended. The error is also that of one that failed or was cancelled.
func (c *Client) AwaitImport(ctx context.Context, id int64) (*oas.Import, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		im, err := c.GetImport(ctx, oas.GetImportParams{ID: id})
		if err != nil {
			return nil, err
		}
		switch im.State {
		case oas.ImportStateQueued, oas.ImportStateRunning:
		case oas.ImportStateFailed, oas.ImportStateCancelled:
			return im, errors.Errorf("import %d: %s: %s", id, im.State, im.Error.Or("no reason given"))
		default: // also one that is newer than this client
			return im, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}
