package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// file serves content that never changes, and is held compressed as well. It goes inside gzhttp, which negotiates.
type file struct {
	content, compressed []byte
	hash                string // of the content, in hex; also its ETag
	contentType         string
	cacheControl        string
	csp                 string // none when empty
	sourceMap           string // its address, if it has one
	noIndex             bool   // whether search engines are told to leave it out
	status              int    // if it is not 200
}

func holdFile(content, compressed []byte) *file {
	sum := sha256.Sum256(content)
	return &file{content: content, compressed: compressed, hash: hex.EncodeToString(sum[:8])}
}

// newFile compresses by a level of gzip.
func newFile(content []byte, level int) (*file, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err == nil {
		_, err = z.Write(content)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, errors.Wrap(err, "compress")
	}
	return holdFile(content, b.Bytes()), nil
}

// readFile reads a file, which is compressed when its name ends in .gz.
func readFile(fsys fs.FS, path string) (*file, error) {
	b, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, errors.Wrap(err, "read")
	}
	if !strings.HasSuffix(path, ".gz") {
		return newFile(b, gzip.BestCompression)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, errors.Wrap(err, "decompress")
	}
	content, err := io.ReadAll(z)
	if err != nil {
		return nil, errors.Wrap(err, "decompress")
	}
	return holdFile(content, b), nil
}

func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	if f.csp != "" {
		h.Set("Content-Security-Policy", f.csp)
	}
	if f.sourceMap != "" {
		h.Set("SourceMap", f.sourceMap)
	}
	if f.noIndex {
		h.Set("X-Robots-Tag", "noindex, nofollow")
	}
	content, etag := f.content, f.hash
	switch w.(type) {
	case *gzhttp.GzipResponseWriter, gzhttp.GzipResponseWriterWithCloseNotify: // which leaves alone what is encoded
		content, etag = f.compressed, etag+"-gzip"
		r.Header.Del("Range") // http.ServeContent sets no length of its own once the content is encoded
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(content)))
	}
	if f.status != 0 {
		h.Set("Content-Length", strconv.Itoa(len(content)))
		w.WriteHeader(f.status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(content)
		}
		return
	}
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(inMemory{w, content}, r, "", time.Time{}, bytes.NewReader(content))
}

// inMemory is the response for a part of content, which is written without the buffer that io.Copy would hold for as
// long as a client takes to read.
type inMemory struct {
	http.ResponseWriter
	content []byte
}

// ReadFrom implements io.ReaderFrom.
func (w inMemory) ReadFrom(r io.Reader) (int64, error) {
	part, _ := r.(*io.LimitedReader)
	if part != nil {
		if b, ok := part.R.(*bytes.Reader); ok {
			start := len(w.content) - b.Len()
			n, err := w.Write(w.content[start : start+int(min(part.N, int64(b.Len())))])
			return int64(n), err
		}
	}
	return io.Copy(struct{ io.Writer }{w.ResponseWriter}, r) // several ranges
}
