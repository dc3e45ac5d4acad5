package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"slices"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/edgevalue/edgevalue/gen/db"
)

// MaxFileSize is the size in bytes that an imported file may have when unpacked.
const MaxFileSize = 64 << 20

// readDocument compresses a file on its way in, after unpacking it if need be.
func readDocument(file io.Reader) (doc db.CreateDocumentParams, err error) {
	in := bufio.NewReader(file)
	var plain io.Reader = in
	magic, err := in.Peek(2)
	switch {
	case len(magic) == 0 && errors.Is(err, io.EOF):
		return doc, invalidFile("is empty")
	case err != nil && !errors.Is(err, io.EOF):
		return doc, errors.Wrap(err, "read file")
	case bytes.Equal(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return doc, invalidFile("is not a whole gzip file: " + err.Error())
		}
		plain = z
	}
	var packed bytes.Buffer
	sum := sha256.New()
	w := gzip.NewWriter(&packed)
	doc.Size, err = io.Copy(io.MultiWriter(w, sum), io.LimitReader(plain, MaxFileSize+1))
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), plain != in && errors.Is(err, io.ErrUnexpectedEOF), corrupt(err):
		return doc, invalidFile("is not a whole gzip file: " + err.Error())
	case err != nil:
		return doc, errors.Wrap(err, "read file")
	case doc.Size > MaxFileSize:
		return doc, &Error{Code: TooLarge, Message: "the file has more than 64 MiB when unpacked"}
	case doc.Size == 0:
		return doc, invalidFile("is empty")
	}
	if err := w.Close(); err != nil {
		return doc, errors.Wrap(err, "compress file")
	}
	doc.Sha256, doc.Content = sum.Sum(nil), packed.Bytes()
	return doc, nil
}

// corrupt reports whether a gzip file's compressed data is broken.
func corrupt(err error) bool {
	var e flate.CorruptInputError
	return errors.As(err, &e)
}

func invalidFile(what string) error {
	return &Error{Code: Invalid, Message: "the file " + what, Fields: []FieldError{{Field: "", Message: what}}}
}

// unpack reads the uncompressed bytes of a document's content.
func unpack(content []byte) (io.Reader, error) {
	z, err := gzip.NewReader(bytes.NewReader(content))
	return unpacked{z}, damaged(err)
}

// unpacked tells the early end of a document from that of a connection.
type unpacked struct{ z *gzip.Reader }

func (u unpacked) Read(b []byte) (int, error) {
	n, err := u.z.Read(b)
	if errors.Is(err, io.EOF) {
		return n, err
	}
	return n, damaged(err)
}

// damaged replaces gzip's own error, which nothing is wrapped around, when the document ends too early.
func damaged(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF { //nolint:errorlint // see above
		return errors.New("unpack document: it is not whole")
	}
	return wrap(err, "unpack document")
}

// storeDocuments returns the documents' ids. It stores them in one order, as others that store the same wait.
func storeDocuments(ctx context.Context, q *db.Queries, docs []db.CreateDocumentParams) ([]int64, error) {
	order := make([]int, len(docs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return bytes.Compare(docs[i].Sha256, docs[j].Sha256) })
	ids := make([]int64, len(docs))
	for _, i := range order {
		var err error
		if ids[i], err = q.CreateDocument(ctx, docs[i]); err != nil {
			return nil, errors.Wrap(err, "store document")
		}
	}
	return ids, nil
}
