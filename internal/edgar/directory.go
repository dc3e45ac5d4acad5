package edgar

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"iter"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/flate"
)

// directory is the list of what is in a zip file. The archive of submissions has a million entries, for which archive/zip
// needs hundreds of megabytes: it is given a piece of the list at a time.
type directory struct {
	file   io.ReaderAt
	offset int64
	size   int64
}

var errNoZip = errors.New("not a zip file, or not a complete one")

// Of the records of a zip file (APPNOTE.TXT 4.3): how they begin, and their length without what varies.
const (
	entrySignature, entryLength     = "PK\x01\x02", 46
	endSignature, endLength         = "PK\x05\x06", 22
	end64Signature, end64Length     = "PK\x06\x06", 56
	locatorSignature, locatorLength = "PK\x06\x07", 20
	maxComment                      = 1<<16 - 1
	inEnd64                         = 1<<32 - 1 // instead of a number that has its place there
	pieceEntries                    = 1000
	maxPiece                        = 4 << 20 // bytes
)

// findDirectory finds the directory by the end of a file.
func findDirectory(file io.ReaderAt, size int64) (directory, error) {
	tail := make([]byte, min(size, endLength+maxComment+locatorLength))
	if _, err := file.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return directory{}, errors.Wrap(err, "read end of archive")
	}
	at := -1
	for i := len(tail) - endLength; i >= 0 && at < 0; i-- {
		if string(tail[i:i+4]) == endSignature && i+endLength+int(binary.LittleEndian.Uint16(tail[i+20:])) == len(tail) {
			at = i
		}
	}
	if at < 0 {
		return directory{}, errNoZip
	}
	d := directory{
		file: file, size: int64(binary.LittleEndian.Uint32(tail[at+12:])), offset: int64(binary.LittleEndian.Uint32(tail[at+16:])),
	}
	end := size - int64(len(tail)-at)
	if locator := at - locatorLength; locator >= 0 && string(tail[locator:locator+4]) == locatorSignature &&
		(d.size == inEnd64 || d.offset == inEnd64 || binary.LittleEndian.Uint16(tail[at+10:]) == 1<<16-1) {
		end = int64(binary.LittleEndian.Uint64(tail[locator+8:]))
		record := make([]byte, end64Length)
		if _, err := file.ReadAt(record, end); err != nil || string(record[:4]) != end64Signature {
			return directory{}, errNoZip
		}
		d.size, d.offset = int64(binary.LittleEndian.Uint64(record[40:])), int64(binary.LittleEndian.Uint64(record[48:]))
	}
	if d.size < 0 || d.offset < 0 || d.offset > end || d.size != end-d.offset {
		return directory{}, errNoZip
	}
	return d, nil
}

// pieces returns the records of the directory, some at a time, and how many they are. It ends with an error if what is there
// is none.
func (d directory) pieces() iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		in := bufio.NewReaderSize(io.NewSectionReader(d.file, d.offset, d.size), maxPiece)
		for {
			var p piece
			for p.entries < pieceEntries && len(p.records) < maxPiece {
				fixed, err := in.Peek(entryLength)
				if len(fixed) == 0 && errors.Is(err, io.EOF) {
					break
				}
				if err != nil || string(fixed[:4]) != entrySignature {
					yield(piece{}, errNoZip)
					return
				}
				length := entryLength
				for _, at := range []int{28, 30, 32} { // the name, what is extra, the comment
					length += int(binary.LittleEndian.Uint16(fixed[at:]))
				}
				record, err := in.Peek(length)
				if err != nil {
					yield(piece{}, errNoZip)
					return
				}
				p.records = append(p.records, record...)
				p.entries++
				_, _ = in.Discard(length) // which is there
			}
			if p.entries == 0 || !yield(p, nil) {
				return
			}
		}
	}
}

// A piece is some of a directory's records.
type piece struct {
	records []byte
	entries int
}

// open returns the entries of a piece: those of a zip file that is the same up to its directory, which has no others.
func (d directory) open(p piece) ([]*zip.File, error) {
	put := binary.LittleEndian
	end := d.offset + int64(len(p.records))
	tail := append(bytes.Clone(p.records), end64Signature...)
	tail = put.AppendUint64(tail, end64Length-12)
	tail = put.AppendUint32(tail, 45<<16|45) // the versions that made it and that it needs
	tail = put.AppendUint64(tail, 0)         // on the first disk, as is the directory
	tail = put.AppendUint64(tail, uint64(p.entries))
	tail = put.AppendUint64(tail, uint64(p.entries))
	tail = put.AppendUint64(tail, uint64(len(p.records)))
	tail = put.AppendUint64(tail, uint64(d.offset))
	tail = append(tail, locatorSignature...)
	tail = put.AppendUint32(tail, 0)
	tail = put.AppendUint64(tail, uint64(end))
	tail = put.AppendUint32(tail, 1)
	tail = append(tail, endSignature...)
	tail = append(tail, 0, 0, 0, 0)
	tail = append(tail, bytes.Repeat([]byte{0xff}, 12)...)
	tail = append(tail, 0, 0)
	z, err := zip.NewReader(&joined{d.file, d.offset, tail}, d.offset+int64(len(tail)))
	if err != nil {
		return nil, errNoZip
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	return z.File, nil
}

// joined is the beginning of a file with another tail.
type joined struct {
	file io.ReaderAt
	size int64
	tail []byte
}

func (j *joined) ReadAt(p []byte, off int64) (n int, err error) {
	if off < j.size {
		n, err = j.file.ReadAt(p[:min(int64(len(p)), j.size-off)], off)
		if err != nil || n == len(p) {
			return n, err
		}
	}
	rest, err := bytes.NewReader(j.tail).ReadAt(p[n:], off+int64(n)-j.size)
	return n + rest, err
}
