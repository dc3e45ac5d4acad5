package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/errors"
)

// file serves content that never changes, compressed for whom accepts gzip.
type file struct {
	contentType  string
	cacheControl string
	csp          string // none when empty
	hash         string // of the content, in hex; also the ETag
	compressed   []byte
}

// newFile compresses the content.
func newFile(content []byte) (*file, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, errors.Wrap(err, "compress")
	}
	if _, err := z.Write(content); err != nil {
		return nil, errors.Wrap(err, "compress")
	}
	if err := z.Close(); err != nil {
		return nil, errors.Wrap(err, "compress")
	}
	return compressedFile(b.Bytes()), nil
}

func readFile(fsys fs.FS, path string) (*file, error) {
	b, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, errors.Wrap(err, "read")
	}
	if strings.HasSuffix(path, ".gz") {
		return compressedFile(b), nil
	}
	return newFile(b)
}

func compressedFile(b []byte) *file {
	sum := sha256.Sum256(b)
	return &file{compressed: b, hash: hex.EncodeToString(sum[:8])}
}

func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	h.Add("Vary", "Accept-Encoding")
	if f.csp != "" {
		h.Set("Content-Security-Policy", f.csp)
	}
	content, etag := f.compressed, `"`+f.hash+`-gzip"`
	if acceptsGzip(r) {
		r.Header.Del("Range") // http.ServeContent leaves lengths to us once the content is encoded
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(content)))
	} else {
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err == nil {
			content, err = io.ReadAll(z)
		}
		if err != nil {
			panic(errors.Wrap(err, "decompress embedded file")) // the file is part of the binary
		}
		etag = `"` + f.hash + `"`
	}
	h.Set("ETag", etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// acceptsGzip reports whether the request lists gzip, or anything, with a weight other than 0 (RFC 9110, 12.5.3).
func acceptsGzip(r *http.Request) bool {
	anything := false
	for _, line := range r.Header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(item, ";")
			accepted := true
			if name, q, ok := strings.Cut(strings.TrimSpace(params), "="); ok && strings.EqualFold(name, "q") {
				weight, err := strconv.ParseFloat(q, 64)
				accepted = err == nil && weight > 0
			}
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip":
				return accepted
			case "*":
				anything = accepted
			}
		}
	}
	return anything
}
