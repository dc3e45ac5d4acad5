package edgar

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"io/fs"
	"iter"
	"os"
	"regexp"
	"strconv"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/gzip"
)

// Kind is what an entry of an archive is.
type Kind string

const (
	FactsKind           Kind = "facts"            // for sec.ParseCompanyFacts
	SubmissionsKind     Kind = "submissions"      // for ParseSubmissions
	SubmissionsPageKind Kind = "submissions page" // for ParseSubmissionsPage
)

const (
	maxUnpacked = 256 << 30 // of a whole archive
	// Documents shrink to between a 10th and a 40th; what shrinks more than this and is large was made to harm.
	maxRatio   = 250
	smallEntry = 1 << 20
)

// BulkFile is an archive of documents. It is safe for concurrent use.
type BulkFile struct {
	file      *os.File
	directory directory
	entries   int
	kind      Bulk
}

// OpenBulk opens an archive of company facts or submissions, and finds out which. The caller closes it. Errors do not name the
// path.
func OpenBulk(path string) (*BulkFile, error) {
	file, err := os.Open(path)
	if err != nil {
		if e := (*fs.PathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return nil, errors.Wrap(err, "open archive")
	}
	b := &BulkFile{file: file, kind: CompanyFactsBulk}
	if err := b.read(); err != nil {
		_ = file.Close()
		if errors.Is(err, errNoZip) {
			return nil, errors.Errorf("it is %w", err)
		}
		return nil, err
	}
	return b, nil
}

// read goes through the directory, and looks into the first documents.
func (b *BulkFile) read() error {
	info, err := b.file.Stat()
	if err != nil {
		return errors.Wrap(err, "stat archive")
	}
	if b.directory, err = findDirectory(b.file, info.Size()); err != nil {
		return err
	}
	for p, err := range b.directory.pieces() {
		if err != nil {
			return err
		}
		if _, err := b.directory.open(p); err != nil {
			return err
		}
		b.entries += p.entries
	}
	for e := range b.Entries() {
		if e.Kind == SubmissionsPageKind {
			b.kind = SubmissionsBulk
			return nil
		}
		if kind := e.look(); kind != "" {
			b.kind = kind
			return nil
		}
	}
	return nil
}

// Close closes the file.
func (b *BulkFile) Close() error { return b.file.Close() }

// Bulk returns which archive it is; company facts if it has nothing that can be read.
func (b *BulkFile) Bulk() Bulk { return b.kind }

// Len returns the number of entries, with directories and those that cannot be read.
func (b *BulkFile) Len() int { return b.entries }

// Entry is a document in an archive.
type Entry struct {
	Name   string
	CIK    int64
	Kind   Kind
	Size   int64 // bytes, unpacked
	Packed int64 // bytes
	// Err says why it cannot be read, in which case only the name is set. Neither it nor another error says the name.
	Err error

	file *zip.File
}

// Entries returns the documents in the order of the archive's directory, which is read along the way.
func (b *BulkFile) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		r := entriesReader{kind: b.kind, seen: map[uint64]struct{}{}, size: uint64(b.directory.offset)}
		for p, err := range b.directory.pieces() {
			var files []*zip.File
			if err == nil {
				files, err = b.directory.open(p)
			}
			if err != nil { // it was read before
				yield(Entry{Err: errors.Wrap(err, "the archive has changed")})
				return
			}
			for _, f := range files {
				if !f.FileInfo().IsDir() && !yield(r.entry(f)) {
					return
				}
			}
		}
	}
}

// entriesReader has what is known of the entries before.
type entriesReader struct {
	kind     Bulk
	seen     map[uint64]struct{}
	unpacked uint64
	packed   uint64
	size     uint64 // of the archive without its directory
}

func (r *entriesReader) entry(f *zip.File) Entry {
	cik, page, ok := parseEntryName(f.Name)
	key := uint64(cik)*(maxPage+1) + uint64(page)
	_, twice := r.seen[key]
	e := Entry{Name: f.Name, file: f}
	switch size := f.UncompressedSize64; {
	case !ok:
		e.Err = errors.New("its name is not that of a company's document, such as CIK0000320193.json")
	case twice:
		e.Err = errors.New("it is there twice")
	case size > maxDocument:
		e.Err = errors.Errorf("it is larger than %d MiB", maxDocument>>20)
	case size > smallEntry && size/maxRatio > f.CompressedSize64:
		e.Err = errors.Errorf("it unpacks to more than %d times its size, as no document does", maxRatio)
	case r.unpacked+size > maxUnpacked:
		e.Err = errors.Errorf("what is before it unpacks to %d GiB", maxUnpacked>>30)
	case f.CompressedSize64 > r.size-r.packed:
		e.Err = errors.New("it shares its bytes with others, or there are fewer than it declares")
	case f.Flags&1 != 0:
		e.Err = errors.New("it is encrypted")
	case f.Method != zip.Deflate && f.Method != zip.Store:
		e.Err = errors.Errorf("it is packed with the method %d, not deflate", f.Method)
	default:
		e.CIK, e.Kind, e.Size, e.Packed = cik, FactsKind, int64(size), int64(f.CompressedSize64)
		if page > 0 {
			e.Kind = SubmissionsPageKind
		} else if r.kind == SubmissionsBulk {
			e.Kind = SubmissionsKind
		}
		r.seen[key] = struct{}{}
		r.unpacked += size
		r.packed += f.CompressedSize64
	}
	return e
}

const maxPage = 999_999

var entryName = regexp.MustCompile(`^CIK(\d{10})(?:-submissions-(\d{3,6}))?\.json$`)

// parseEntryName reads the name of a document: its company, and the number of a page of submissions, else 0.
func parseEntryName(name string) (cik int64, page int, ok bool) {
	m := entryName.FindStringSubmatch(name)
	if m == nil {
		return 0, 0, false
	}
	cik, _ = strconv.ParseInt(m[1], 10, 64) // ten digits
	page, _ = strconv.Atoi(m[2])
	return cik, page, cik > 0 && (m[2] == "" || page > 0)
}

// Open returns the document. Reading ends with an error if the entry is broken, or unpacks to more or less than Size.
func (e *Entry) Open() (io.ReadCloser, error) {
	if e.Err != nil {
		return nil, e.Err
	}
	r, err := e.file.Open()
	if err != nil {
		return nil, errors.Wrap(err, "open it")
	}
	return entryReader{r}, nil
}

type entryReader struct{ io.ReadCloser }

func (r entryReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = errors.Wrap(err, "it is broken")
	}
	return n, err
}

// WriteGzip writes the document as gzip, with the compressed bytes that the archive has. It does not look at them: whether
// they are whole shows when they are read.
func (e *Entry) WriteGzip(w io.Writer) error {
	if e.Err != nil {
		return e.Err
	}
	if e.file.Method != zip.Deflate {
		return e.compress(w)
	}
	raw, err := e.file.OpenRaw()
	if err != nil {
		return errors.Wrap(err, "open it")
	}
	const unknownOS = 255
	if _, err := w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, unknownOS}); err != nil {
		return errors.Wrap(err, "write gzip")
	}
	if _, err := io.Copy(w, raw); err != nil {
		return errors.Wrap(err, "copy it")
	}
	trailer := binary.LittleEndian.AppendUint32(nil, e.file.CRC32)
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(e.Size))
	if _, err := w.Write(trailer); err != nil {
		return errors.Wrap(err, "write gzip")
	}
	return nil
}

func (e *Entry) compress(w io.Writer) error {
	r, err := e.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	z := gzip.NewWriter(w)
	if _, err := io.Copy(z, r); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return errors.Wrap(err, "write gzip")
	}
	return nil
}

// look tells by the first fields of a document of which archive it is, "" if they do not say.
func (e *Entry) look() Bulk {
	r, err := e.Open()
	if err != nil {
		return ""
	}
	defer r.Close()
	d := json.NewDecoder(bufio.NewReader(r))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return ""
	}
	for range 10 {
		key, err := d.Token()
		if err != nil {
			return ""
		}
		switch key {
		case "entityName", "facts":
			return CompanyFactsBulk
		case "entityType", "sic", "name", "filings":
			return SubmissionsBulk
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return ""
		}
	}
	return ""
}
