package app

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"

	"github.com/go-faster/errors"
	"github.com/klauspost/compress/flate"
)

// The signatures of the parts of a zip file.
var (
	zipFile       = []byte("PK\x03\x04")
	zipDescriptor = []byte("PK\x07\x08")
	zipDirectory  = []byte("PK\x01\x02")
)

// A zipReader reads the only file in a zip file from its beginning, while it comes in, which archive/zip cannot.
type zipReader struct {
	in   *bufio.Reader
	file io.Reader
	sum  hash.Hash32
	want uint32
	late bool // the sum follows the file
	end  error
}

// openZip returns the only file in a zip file. Errors, also of reading it: Invalid.
func openZip(in *bufio.Reader) (io.Reader, error) {
	var h struct {
		Signature               [4]byte
		Version, Flags, Method  uint16
		Time, Date              uint16
		Sum, Packed, Unpacked   uint32
		NameLength, ExtraLength uint16
	}
	if err := binary.Read(in, binary.LittleEndian, &h); err != nil {
		return nil, brokenZip(err)
	}
	if _, err := in.Discard(int(h.NameLength) + int(h.ExtraLength)); err != nil {
		return nil, brokenZip(err)
	}
	const encrypted, late, deflated = 1, 8, 8
	if h.Flags&encrypted != 0 || h.Method != deflated {
		return nil, invalidFile("is a zip file that is encrypted, or packed in another way than mostly: unpack it")
	}
	return &zipReader{in: in, file: flate.NewReader(in), sum: crc32.NewIEEE(), want: h.Sum, late: h.Flags&late != 0}, nil
}

func (z *zipReader) Read(b []byte) (int, error) {
	if z.end != nil {
		return 0, z.end
	}
	n, err := z.file.Read(b)
	_, _ = z.sum.Write(b[:n])
	switch {
	case errors.Is(err, io.EOF):
		z.end = z.check()
	case err != nil:
		z.end = brokenZip(err)
	}
	return n, z.end
}

// check returns io.EOF if the file is whole and no other follows.
func (z *zipReader) check() error {
	if z.late {
		if next, _ := z.in.Peek(len(zipDescriptor)); bytes.Equal(next, zipDescriptor) {
			_, _ = z.in.Discard(len(next))
		}
		var d struct{ Sum, Packed, Unpacked uint32 }
		if err := binary.Read(z.in, binary.LittleEndian, &d); err != nil {
			return brokenZip(err)
		}
		z.want = d.Sum
	}
	if z.sum.Sum32() != z.want {
		return invalidFile("is not a whole zip file: its checksum is wrong")
	}
	if next, err := z.in.Peek(len(zipDirectory)); err != nil {
		return brokenZip(err)
	} else if !bytes.Equal(next, zipDirectory) {
		return invalidFile("is a zip file of several files: unpack it")
	}
	return io.EOF
}

func brokenZip(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || corrupt(err) {
		return invalidFile("is not a whole zip file")
	}
	return errors.Wrap(err, "read file")
}
