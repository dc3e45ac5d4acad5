package client

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"

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
	defer up.end(http.ErrBodyReadAfterClose)
	defer context.AfterFunc(ctx, func() { up.end(ctx.Err()) })()
	return operation(context.WithValue(ctx, uploadKey{}, up), Body(struct{ Data io.Reader }{file}), params)
}

type uploadKey struct{}

// An upload is a file as the body of one request after another. The transport of HTTP may still read the body of one that
// is over; it is then told that it is closed.
type upload struct {
	file   io.Reader
	seeker io.Seeker // file, or nil
	start  int64     // where it stood

	mu    sync.Mutex
	parts int   // bodies made so far: the last one counts
	read  bool  // whether something was read
	ended error // why nothing more is read, or nil
	// What a file comes through, once something is read, that has no seeker: its Read may take for ever.
	pipe *io.PipeReader
	fill *io.PipeWriter
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
	u.mu.Lock()
	defer u.mu.Unlock()
	u.parts++
	if u.seeker != nil {
		if _, err := u.seeker.Seek(u.start, io.SeekStart); err != nil {
			return nil, errors.Wrap(err, "go back in the file")
		}
	} else if u.read {
		return nil, errBodyGone
	}
	return &part{u, u.parts}, nil
}

// end has bodies return err.
func (u *upload) end(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended == nil {
		u.ended = err
	}
	if u.fill != nil {
		_ = u.fill.CloseWithError(u.ended)
	}
}

// A part is one body of an upload.
type part struct {
	upload *upload
	number int
}

func (p *part) Read(b []byte) (int, error) {
	u := p.upload
	u.mu.Lock()
	if u.ended != nil || p.number != u.parts {
		defer u.mu.Unlock()
		return 0, cmp.Or(u.ended, http.ErrBodyReadAfterClose)
	}
	u.read = true
	if u.seeker != nil {
		defer u.mu.Unlock()
		return u.file.Read(b)
	}
	if u.pipe == nil {
		u.pipe, u.fill = io.Pipe()
		go func() {
			_, err := io.Copy(u.fill, u.file)
			_ = u.fill.CloseWithError(err)
		}()
	}
	u.mu.Unlock()
	return u.pipe.Read(b)
}

func (p *part) Close() error { return nil }
