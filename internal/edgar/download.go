package edgar

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-faster/errors"
)

// Bulk is an archive of documents of all companies, made anew every night.
type Bulk string

const (
	CompanyFactsBulk Bulk = "companyfacts" // of 18,000 companies, about 1.4 GB
	SubmissionsBulk  Bulk = "submissions"
)

const (
	maxBulk      = 8 << 30
	goodProgress = 1 << 20 // bytes, with which an attempt does not count as failed
	maxSpoiled   = 2       // complete downloads that are no zip file
	copyBuffer   = 256 << 10
)

// Download writes an archive to a file, or returns ErrNotModified if it has the version that is known. Until it is complete
// it is in path + ".part", with its version in path + ".part.json": a download that was interrupted goes on from there if
// EDGAR still has the same archive. Progress, which may be nil, is told how many bytes are there and how many there will be,
// -1 if that is not known.
//
// There may be one download to a path at a time.
func (c *Client) Download(ctx context.Context, bulk Bulk, path string, known Version, progress func(done, total int64)) (Version, error) {
	if bulk != CompanyFactsBulk && bulk != SubmissionsBulk {
		return Version{}, errors.Errorf("there is no archive %q", bulk)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	d := &download{client: c, path: path, part: path + ".part", known: known, progress: progress}
	name := string(bulk) + ".zip"
	r := request{what: whatBulk, about: name, url: c.cfg.FilesURL + "/Archives/edgar/daily-index/bulkdata/" + name, header: d.header}
	for {
		grown := false
		err := c.do(ctx, r, func(res *http.Response) error {
			before := d.received
			err := d.receive(res)
			if _, again := errors.Into[*failure](err); again && d.received-before >= goodProgress && ctx.Err() == nil {
				grown, err = true, nil
			}
			return err
		})
		if err != nil {
			return Version{}, err
		}
		if !grown {
			return d.version, nil
		}
	}
}

// A download is an archive of which a part may be there.
type download struct {
	client   *Client
	path     string
	part     string
	known    Version
	progress func(done, total int64)

	received int64 // bytes, in all attempts
	spoiled  int
	version  Version // of what came last
}

// there returns the size and the version of the part that can be continued, 0 if there is none.
func (d *download) there() (int64, Version) {
	var v Version
	text, err := os.ReadFile(d.part + ".json")
	if err != nil || json.Unmarshal(text, &v) != nil || validator(v) == "" {
		return 0, Version{}
	}
	info, err := os.Stat(d.part)
	if err != nil {
		return 0, Version{}
	}
	return info.Size(), v
}

// validator returns by what a server tells whether a part is of the content that it has, "" if it cannot.
func validator(v Version) string {
	if v.ETag != "" && !strings.HasPrefix(v.ETag, "W/") {
		return v.ETag
	}
	return v.LastModified
}

func (d *download) header() http.Header {
	h := http.Header{"Accept-Encoding": {"identity"}}
	d.known.ask(h)
	if size, v := d.there(); size > 0 {
		h.Set("Range", fmt.Sprintf("bytes=%d-", size))
		h.Set("If-Range", validator(v))
	}
	return h
}

// drop forgets the part.
func (d *download) drop() error {
	for _, name := range []string{d.part + ".json", d.part} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errors.Wrap(err, "remove part")
		}
	}
	return nil
}

// restart forgets the part, and has the next attempt begin anew.
func (d *download) restart(format string, args ...any) error {
	if err := d.drop(); err != nil {
		return err
	}
	return failed(format, args...)
}

var contentRange = regexp.MustCompile(`^bytes (?:(\d+)-\d+|\*)/(\d+)$`)

// receive takes what an answer has of the archive.
func (d *download) receive(res *http.Response) error {
	size, v := d.there()
	from, total := int64(0), res.ContentLength
	if res.StatusCode == http.StatusPartialContent || res.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		m := contentRange.FindStringSubmatch(res.Header.Get("Content-Range"))
		if m == nil {
			return d.restart("the answer does not say which part of the archive it is")
		}
		from, _ = strconv.ParseInt(m[1], 10, 64) // none is 0
		var err error
		if total, err = strconv.ParseInt(m[2], 10, 64); err != nil {
			return d.restart("the answer does not say how large the archive is")
		}
	}
	if total > maxBulk {
		return errors.Errorf("the archive is larger than %d GiB", maxBulk>>30)
	}
	switch res.StatusCode {
	case http.StatusNotModified:
		if d.known == (Version{}) {
			return failed("the answer is %s, which was not asked for", statusText(res.StatusCode))
		}
		if err := d.drop(); err != nil {
			return err
		}
		return ErrNotModified
	case http.StatusRequestedRangeNotSatisfiable:
		if size == 0 || size != total {
			return d.restart("the part of the archive that is here is not of that which is there")
		}
		d.version = v // it was interrupted when it was complete
		return d.finish()
	case http.StatusPartialContent:
		if from != size || size == 0 || v.ETag != "" && v.ETag != res.Header.Get("ETag") {
			return d.restart("the answer is another part of the archive than was asked for")
		}
		d.version = v
		return d.write(res, bufio.NewReaderSize(res.Body, copyBuffer), os.O_APPEND, from, total)
	}
	in := bufio.NewReaderSize(res.Body, copyBuffer)
	switch first, err := in.Peek(len("PK")); {
	case err != nil:
		return d.client.broken(res.Request.Context(), "the answer is incomplete", err)
	case isPage(res.Header, first):
		return failed("the answer is an HTML page, not a zip file")
	case string(first) != "PK":
		return failed("the answer is not a zip file")
	}
	if err := d.drop(); err != nil {
		return err
	}
	d.version = versionOf(res.Header)
	text, err := json.Marshal(d.version)
	if err == nil {
		err = os.WriteFile(d.part+".json", text, 0o600)
	}
	if err != nil {
		return errors.Wrap(err, "write version of part")
	}
	return d.write(res, in, os.O_TRUNC, 0, total)
}

// write adds the body of an answer to the part.
func (d *download) write(res *http.Response, in io.Reader, flag int, done, total int64) (err error) {
	out, err := os.OpenFile(d.part, os.O_CREATE|os.O_WRONLY|flag, 0o644)
	if err != nil {
		return errors.Wrap(err, "open part")
	}
	defer func() {
		if closing := out.Close(); err == nil && closing != nil {
			err = errors.Wrap(closing, "close part")
		}
	}()
	buffer := make([]byte, copyBuffer)
	for {
		n, readErr := in.Read(buffer)
		if n > 0 {
			if _, err := out.Write(buffer[:n]); err != nil {
				return errors.Wrap(err, "write part")
			}
			done += int64(n)
			d.received += int64(n)
			if done > maxBulk {
				return errors.Errorf("the archive is larger than %d GiB", maxBulk>>30)
			}
			d.progress(done, total)
		}
		if errors.Is(readErr, io.EOF) {
			break
		}
		if readErr != nil {
			return d.client.broken(res.Request.Context(), fmt.Sprintf("the answer ends after %d of %d bytes", done, total), readErr)
		}
	}
	if total >= 0 && done != total {
		return d.restart("the archive has %d bytes instead of %d", done, total)
	}
	if err := out.Sync(); err != nil {
		return errors.Wrap(err, "write part")
	}
	return d.finish()
}

// finish gives the complete archive its name.
func (d *download) finish() error {
	b, err := OpenBulk(d.part)
	switch {
	case errors.Is(err, errNoZip):
		if d.spoiled++; d.spoiled < maxSpoiled {
			return d.restart("the archive is %v", errNoZip)
		}
		if err := d.drop(); err != nil {
			return err
		}
		return errors.Errorf("the archive is %w, %d times", errNoZip, maxSpoiled)
	case err != nil:
		return err
	}
	if err := b.Close(); err != nil {
		return errors.Wrap(err, "close archive")
	}
	if err := os.Rename(d.part, d.path); err != nil {
		return errors.Wrap(err, "rename archive")
	}
	return d.drop()
}
