package client

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/go-faster/errors"
)

// Upload sends a file by one of the operations that take one:
//
//	im, err := client.Upload(ctx, c.ImportPrices, file, oas.ImportPricesParams{Ticker: oas.NewOptTicker("AAPL")})
//
// The file is read from where it stands, as it is sent. If it is an [io.Seeker], the request says its size and is sent again
// where [WithRetries] says so; else only if nothing of it has been read, as when the server refuses it at once. Nothing is
// read after Upload has returned, but that a Read of a pipe or the like which an aborted request has begun may go on. The
// caller closes the file.
func Upload[Body ~struct{ Data io.Reader }, Params, Result any](
	ctx context.Context, operation func(context.Context, Body, Params) (Result, error), file io.Reader, params Params,
) (Result, error) {
	up := &upload{file: file}
	defer up.end()
	return operation(context.WithValue(ctx, uploadKey{}, up), Body(struct{ Data io.Reader }{file}), params)
}

type uploadKey struct{}

// An upload is a file as the body of one request after another. The transport of HTTP may still read the body of one that
// is over; it is then told that it is closed.
type upload struct {
	file   io.Reader
	seeker io.Seeker    // file, or nil
	start  int64        // where it stood
	parts  atomic.Int64 // bodies made so far: the last one counts
	read   atomic.Bool  // whether something was read
	mu     sync.Mutex   // for reading and seeking, if it has a seeker
}

// attach makes the file the request's body.
func (u *upload) attach(req *http.Request) (err error) {
	if file, ok := u.file.(io.Seeker); ok {
		if u.start, err = file.Seek(0, io.SeekCurrent); err == nil { // else it is a pipe or the like
			u.seeker = file
		}
	}
	if u.seeker != nil {
		end, err := u.seeker.Seek(0, io.SeekEnd)
		if err != nil {
			return errors.Wrap(err, "size of the file")
		}
		req.ContentLength = max(0, end-u.start)
	}
	req.Header.Set("Expect", "100-continue") // a server that refuses it need not get it
	req.GetBody = u.body
	req.Body, err = u.body()
	return err
}

// body makes the next body, or returns errBodyGone.
func (u *upload) body() (io.ReadCloser, error) {
	number := u.parts.Add(1)
	if u.seeker != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		if _, err := u.seeker.Seek(u.start, io.SeekStart); err != nil {
			return nil, errors.Wrap(err, "go back in the file")
		}
	} else if u.read.Load() {
		return nil, errBodyGone
	}
	return &part{u, number}, nil
}

// end takes the file from the last body.
func (u *upload) end() {
	u.parts.Add(1)
	u.mu.Lock()   // after the last read
	u.mu.Unlock() //nolint:staticcheck // see above
}

// A part is one body of an upload.
type part struct {
	upload *upload
	number int64
}

func (p *part) Read(b []byte) (int, error) {
	u := p.upload
	if u.seeker != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
	}
	if p.number != u.parts.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	u.read.Store(true)
	return u.file.Read(b)
}

func (p *part) Close() error { return nil }
