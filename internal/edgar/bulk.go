package edgar

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"iter"
	"regexp"
	"strconv"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/flate"
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
	zip  *zip.ReadCloser
	kind Bulk
}

// OpenBulk opens an archive of company facts or submissions, and finds out which. The caller closes it.
func OpenBulk(path string) (*BulkFile, error) {
	z, err := zip.OpenReader(path)
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.Errorf("%s is not a zip file, or not a complete one", path)
	}
	if err != nil {
		return nil, errors.Wrap(err, "open archive")
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	b := &BulkFile{zip: z, kind: CompanyFactsBulk}
	for e := range b.Entries() {
		if e.Kind == SubmissionsPageKind {
			b.kind = SubmissionsBulk
			break
		}
		if kind := e.look(); kind != "" {
			b.kind = kind
			break
		}
	}
	return b, nil
}

// Close closes the file.
func (b *BulkFile) Close() error { return b.zip.Close() }

// Kind returns of what the archive is; company facts if it has nothing that can be read.
func (b *BulkFile) Kind() Bulk { return b.kind }

// Len returns the number of entries, with directories and those that cannot be read.
func (b *BulkFile) Len() int { return len(b.zip.File) }

// Entry is a document in an archive.
type Entry struct {
	Name   string
	CIK    int64
	Kind   Kind
	Size   int64 // bytes, unpacked
	Packed int64 // bytes
	// Err says why it cannot be read, in which case only the name is set.
	Err error

	file *zip.File
}

// Entries returns the documents in their order in the archive.
func (b *BulkFile) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		type key struct {
			cik  int64
			page int
		}
		seen := make(map[key]struct{}, len(b.zip.File))
		var unpacked uint64
		for _, f := range b.zip.File {
			if f.FileInfo().IsDir() {
				continue
			}
			cik, page, ok := parseEntryName(f.Name)
			_, twice := seen[key{cik, page}]
			e := Entry{Name: f.Name, file: f}
			switch size := f.UncompressedSize64; {
			case !ok:
				e.Err = errors.Errorf("entry %.100q: its name is not that of a company's document, such as CIK0000320193.json", f.Name)
			case twice:
				e.Err = errors.Errorf("entry %s: it is there twice", f.Name)
			case size > maxDocument:
				e.Err = errors.Errorf("entry %s: larger than %d MiB", f.Name, maxDocument>>20)
			case size > smallEntry && size/maxRatio > f.CompressedSize64:
				e.Err = errors.Errorf("entry %s: it unpacks to more than %d times its size, as no document does", f.Name, maxRatio)
			case unpacked+size > maxUnpacked:
				e.Err = errors.Errorf("entry %s: what is before it unpacks to %d GiB", f.Name, maxUnpacked>>30)
			case f.Flags&1 != 0:
				e.Err = errors.Errorf("entry %s: it is encrypted", f.Name)
			case f.Method != zip.Deflate && f.Method != zip.Store:
				e.Err = errors.Errorf("entry %s: it is packed with the method %d, not deflate", f.Name, f.Method)
			default:
				e.CIK, e.Kind, e.Size, e.Packed = cik, FactsKind, int64(size), int64(f.CompressedSize64)
				if page > 0 {
					e.Kind = SubmissionsPageKind
				} else if b.kind == SubmissionsBulk {
					e.Kind = SubmissionsKind
				}
				seen[key{cik, page}] = struct{}{}
				unpacked += size
			}
			if !yield(e) {
				return
			}
		}
	}
}

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
		return nil, errors.Wrapf(err, "entry %s", e.Name)
	}
	return entryReader{r, e.Name}, nil
}

// entryReader says of which entry an error is.
type entryReader struct {
	io.ReadCloser
	name string
}

func (r entryReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = errors.Wrapf(err, "entry %s is broken", r.name)
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
		return errors.Wrapf(err, "entry %s", e.Name)
	}
	const unknownOS = 255
	if _, err := w.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, unknownOS}); err != nil {
		return errors.Wrap(err, "write gzip")
	}
	if _, err := io.Copy(w, raw); err != nil {
		return errors.Wrapf(err, "entry %s: copy", e.Name)
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
