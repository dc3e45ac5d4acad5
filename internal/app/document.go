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

// MaxPriceFileSize is the size in bytes that a file of prices may have when unpacked.
const MaxPriceFileSize = 4 << 30

// pieceSize is how many compressed bytes of a file are in memory, and in one row. Documents of versions before are
// read in pieces of that size, too.
const pieceSize = 512 << 10

// receive writes a file to the database while it comes in, in short statements of their own: neither the memory that it
// takes nor the time of a connection depends on the file or its sender. An upload that no document takes must be
// deleted; if this process ends before that, Prune does it.
func (a *App) receive(ctx context.Context, r ImportRequest) (doc db.CreateDocumentParams, err error) {
	most, size := int64(MaxFileSize), "64 MiB"
	if r.Kind == ImportPrices {
		most, size = MaxPriceFileSize, "4 GiB"
	}
	in := bufio.NewReader(r.File)
	plain, err := unpack(in)
	if err != nil {
		return doc, readError(err, false)
	}
	packed := plain != io.Reader(in)
	if r.Kind == ImportPrices && r.Ticker == nil {
		start := bufio.NewReaderSize(plain, sampleSize)
		sample, err := start.Peek(sampleSize)
		if whole := err == nil || errors.Is(err, io.EOF); whole && len(sample) > 0 { // another error comes again
			if err := needTickers(sample); err != nil {
				return doc, err
			}
		}
		plain = start
	}
	id, err := a.queries.CreateUpload(ctx)
	if err != nil {
		return doc, errors.Wrap(err, "begin upload")
	}
	doc.UploadID = &id
	pieces := &pieceWriter{
		add: func(number int32, content []byte) error {
			return a.queries.AddUploadPiece(ctx, db.AddUploadPieceParams{UploadID: id, Number: number, Content: content})
		},
		number: 0, buffer: make([]byte, 0, pieceSize),
	}
	sum := sha256.New()
	w := gzip.NewWriter(pieces)
	doc.Size, err = io.Copy(io.MultiWriter(w, sum), io.LimitReader(plain, most+1))
	switch {
	case pieces.err != nil:
		return doc, pieces.err
	case err != nil:
		return doc, readError(err, packed)
	case doc.Size > most:
		return doc, &Error{Code: TooLarge, Message: "the file has more than " + size + " when unpacked"}
	case doc.Size == 0:
		return doc, invalidFile("is empty")
	}
	if _, err := io.Copy(io.Discard, in); err != nil { // the directory of a zip file
		return doc, readError(err, packed)
	}
	if err := errors.Join(w.Close(), pieces.flush()); err != nil {
		return doc, errors.Wrap(err, "store file")
	}
	doc.Sha256 = sum.Sum(nil)
	return doc, nil
}

// unpack returns what is in a gzip file, or a zip file of one file, or the bytes of another one as they are.
func unpack(in *bufio.Reader) (io.Reader, error) {
	magic, err := in.Peek(len(zipFile))
	switch {
	case len(magic) == 0 && errors.Is(err, io.EOF):
		return nil, invalidFile("is empty")
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case bytes.Equal(magic, zipFile):
		return openZip(in)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, brokenGzip(err)
		}
		return z, nil
	}
	return in, nil
}

// readError is that of reading a file, or what it is packed in: Invalid if the file is to blame.
func readError(err error, packed bool) error {
	if invalid, ok := errors.Into[*Error](err); ok {
		return invalid
	}
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || packed && errors.Is(err, io.ErrUnexpectedEOF) || corrupt(err) {
		return brokenGzip(err)
	}
	return errors.Wrap(err, "read file")
}

// A pieceWriter cuts what is written to it into pieces. It keeps its first error.
type pieceWriter struct {
	add    func(number int32, content []byte) error
	number int32
	buffer []byte
	err    error
}

func (w *pieceWriter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 && w.err == nil {
		m := min(len(b), cap(w.buffer)-len(w.buffer))
		w.buffer, b = append(w.buffer, b[:m]...), b[m:]
		if len(w.buffer) == cap(w.buffer) {
			_ = w.flush()
		}
	}
	return n - len(b), w.err
}

func (w *pieceWriter) flush() error {
	if w.err == nil && len(w.buffer) > 0 {
		w.err = wrap(w.add(w.number, w.buffer), "store a piece of the file")
		w.number++
		w.buffer = w.buffer[:0]
	}
	return w.err
}

// corrupt reports whether a gzip file's compressed data is broken.
func corrupt(err error) bool {
	var e flate.CorruptInputError
	return errors.As(err, &e)
}

func brokenGzip(err error) error {
	what := "is not a whole gzip file"
	if errors.Is(err, gzip.ErrChecksum) {
		what += ": its checksum is wrong"
	}
	return invalidFile(what)
}

func invalidFile(what string) error {
	return &Error{Code: Invalid, Message: "the file " + what, Fields: []FieldError{{Field: "", Message: what}}}
}

// byteOrderMark begins some texts in UTF-8, and says nothing.
var byteOrderMark = []byte("\ufeff")

// openDocument returns the uncompressed bytes of a document without byte order mark, which are read as they are asked for.
func openDocument(ctx context.Context, q *db.Queries, id int64) (io.Reader, error) {
	pieces := &pieceReader{get: func(number int32) ([]byte, error) {
		return q.GetDocumentPiece(ctx, db.GetDocumentPieceParams{ID: id, Number: number, Start: number*pieceSize + 1, Size: pieceSize})
	}}
	z, err := gzip.NewReader(bufio.NewReader(pieces))
	if err != nil {
		return nil, pieces.damaged(err)
	}
	return withoutMark(bufio.NewReader(unpacked{z, pieces})), nil
}

func withoutMark(plain *bufio.Reader) io.Reader {
	if beginning, _ := plain.Peek(len(byteOrderMark)); bytes.Equal(beginning, byteOrderMark) { // an error comes again
		_, _ = plain.Discard(len(byteOrderMark))
	}
	return plain
}

type unpacked struct {
	z      *gzip.Reader
	pieces *pieceReader
}

func (u unpacked) Read(b []byte) (int, error) {
	n, err := u.z.Read(b)
	if err == nil || errors.Is(err, io.EOF) && u.pieces.err == nil {
		return n, err
	}
	return n, u.pieces.damaged(err)
}

// A pieceReader reads the pieces one after the other. An empty one is the end.
type pieceReader struct {
	get    func(number int32) ([]byte, error)
	number int32
	rest   []byte
	err    error // of get
}

// damaged keeps an early end of a document from being taken for that of a connection to the database.
func (r *pieceReader) damaged(err error) error {
	if r.err != nil {
		return r.err
	}
	return errors.Errorf("unpack document: %v", err)
}

func (r *pieceReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		piece, err := r.get(r.number)
		if err != nil {
			r.err = errors.Wrap(err, "get a piece of the document")
			return 0, r.err
		}
		if len(piece) == 0 {
			return 0, io.EOF
		}
		r.rest = piece
		r.number++
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
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
