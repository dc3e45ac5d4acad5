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
	"sync"
	"time"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// file serves content that never changes, as it is or compressed. It holds the form that the program embeds; the other
// one is made when it is asked for first, and then held. It goes inside gzhttp, which negotiates.
type file struct {
	content, compressed func() []byte
	hash                func() string // of what it is made of, in hex; also its ETag
	contentType         string
	cacheControl        string
	csp                 string // none when empty
	sourceMap           string // its address, if it has one
	noIndex             bool   // whether search engines are told to leave it out
	status              int    // if it is not 200
}

func newFile(content []byte) *file { return makeFile(func() []byte { return content }) }

// makeFile returns a file whose content is made when it is asked for first.
func makeFile(content func() []byte) *file {
	content = sync.OnceValue(content)
	return &file{
		content: content,
		compressed: sync.OnceValue(func() []byte {
			var b bytes.Buffer
			z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // which is a level, and a buffer takes all
			_, _ = z.Write(content())
			_ = z.Close()
			return b.Bytes()
		}),
		hash: sync.OnceValue(func() string { return hashOf(content()) }),
	}
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// readFile returns a file, which is compressed when its name ends in .gz. It is read once for its hash, and held from when
// it is asked for.
func readFile(fsys fs.FS, path string) (*file, error) {
	b, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, errors.Wrap(err, "read")
	}
	hash := hashOf(b)
	read := sync.OnceValue(func() []byte {
		b, _ := fs.ReadFile(fsys, path) // which could be read just now
		return b
	})
	f := makeFile(read)
	if strings.HasSuffix(path, ".gz") {
		f.compressed = read
		f.content = sync.OnceValue(func() []byte {
			z, err := gzip.NewReader(bytes.NewReader(read()))
			if err == nil {
				var content []byte
				if content, err = io.ReadAll(z); err == nil {
					return content
				}
			}
			panic(errors.Wrapf(err, "decompress %s", path)) // what is embedded is broken
		})
	}
	f.hash = func() string { return hash }
	return f, nil
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
	form, etag := f.content, f.hash()
	switch w.(type) {
	case *gzhttp.GzipResponseWriter, gzhttp.GzipResponseWriterWithCloseNotify: // which leaves alone what is encoded
		form, etag = f.compressed, etag+"-gzip"
		r.Header.Del("Range") // http.ServeContent sets no length of its own once the content is encoded
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(form())))
	}
	content := form()
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
