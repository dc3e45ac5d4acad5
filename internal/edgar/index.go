package edgar

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"golang.org/x/text/encoding/charmap"
)

// IndexEntry is a filing in the index of a day.
type IndexEntry struct {
	Form      string
	Name      string // of the company
	CIK       int64
	Filed     time.Time // the day, at midnight UTC
	Accession string
}

var (
	// A row is read from its end: where its columns begin differs between indexes, and is not where the header has them.
	indexRow    = regexp.MustCompile(`^(\S.*?)\s+(\d{1,10})\s+(\d{8}|\d{4}-\d{2}-\d{2})\s+(edgar/\S+)\s*$`)
	rowEnd      = regexp.MustCompile(`\sedgar/\S+\s*$`)
	wideGap     = regexp.MustCompile(`\s{2,}`)
	indexHeader = regexp.MustCompile(`^Form Type\s+Company Name\b`)
	dashes      = regexp.MustCompile(`^-{10,}\s*$`)
	accessionIn = regexp.MustCompile(`/(\d{10}-\d{2}-\d{6})\b`)
)

const (
	maxIndexLine = 64 << 10
	maxForm      = 20 // characters; those of today have up to 17
	maxRowLines  = 3  // that a row is broken into, by a name with line breaks
)

// ParseDailyIndex reads the index of a day by form (form.YYYYMMDD.idx), in UTF-8 or Latin-1.
//
// An error of r is returned wrapped. Everything that is wrong with the index is a *sec.FormatError.
func ParseDailyIndex(r io.Reader) ([]IndexEntry, error) {
	source := &readError{r: r}
	lines := bufio.NewScanner(source)
	lines.Buffer(nil, maxIndexLine)
	var entries []IndexEntry
	var narrow []int         // the entries whose form ends next to the name: Form has both
	columns := map[int]int{} // how many names begin where
	number, inHeader, inRows := 0, false, false
	row, rowLines := "", 0 // what is read of a row
	for lines.Scan() {
		number++
		line := latin1(bytes.TrimPrefix(lines.Bytes(), byteOrderMark))
		switch {
		case !inRows:
			if indexHeader.MatchString(line) {
				inHeader = true
				columns[strings.Index(line, "Company Name")]++
			}
			inRows = inHeader && dashes.MatchString(line)
			continue
		case strings.TrimSpace(line) == "" && row == "":
			continue
		}
		if row != "" {
			row, line = row+" ", strings.TrimSpace(line)
		}
		row, rowLines = row+strings.TrimRight(line, " "), rowLines+1
		entry, head, ok := parseIndexRow(row)
		if !ok && rowLines < maxRowLines && !rowEnd.MatchString(row) {
			continue
		}
		if !ok {
			return nil, errors.Wrap(badFormat("line "+strconv.Itoa(number-rowLines+1), "not a filing: %.100q", row), "daily index")
		}
		if gap := wideGap.FindStringIndex(head); gap != nil && gap[0] <= maxForm {
			entry.Form, entry.Name = clean(head[:gap[0]]), clean(head[gap[1]:])
			columns[gap[1]]++
		} else {
			entry.Form = head
			narrow = append(narrow, len(entries))
		}
		entries = append(entries, entry)
		row, rowLines = "", 0
	}
	switch err := lines.Err(); {
	case source.err != nil:
		return nil, errors.Wrap(source.err, "daily index: read")
	case err != nil:
		return nil, errors.Wrap(badFormat("line "+strconv.Itoa(number+1), "longer than %d bytes", maxIndexLine), "daily index")
	case !inRows:
		return nil, errors.Wrap(badFormat("", "no line with the names of the columns (Form Type, Company Name, ...) above a dashed one"), "daily index")
	case row != "":
		return nil, errors.Wrap(badFormat("line "+strconv.Itoa(number-rowLines+1), "not a filing: %.100q", row), "daily index")
	}
	column := 0
	for at, n := range columns {
		if n > columns[column] || n == columns[column] && at > column {
			column = at
		}
	}
	for _, i := range narrow {
		entries[i].Form, entries[i].Name = splitHead(entries[i].Form, column)
	}
	return entries, nil
}

// parseIndexRow reads a row but for the form and the name, with which it begins.
func parseIndexRow(row string) (e IndexEntry, head string, ok bool) {
	m := indexRow.FindStringSubmatch(row)
	if m == nil {
		return e, "", false
	}
	layout := "20060102"
	if strings.Contains(m[3], "-") {
		layout = time.DateOnly
	}
	filed, err := time.Parse(layout, m[3])
	accession := accessionIn.FindStringSubmatch(m[4])
	e.CIK, _ = strconv.ParseInt(m[2], 10, 64) // up to ten digits
	if err != nil || accession == nil || e.CIK == 0 {
		return e, "", false
	}
	e.Filed, e.Accession = filed, accession[1]
	return e, m[1], true
}

// splitHead divides a form and a name with one space between them, where most names begin or, if that is no place between
// words, at the first space.
func splitHead(head string, column int) (form, name string) {
	if column > 0 && column < len(head) && head[column-1] == ' ' {
		return clean(head[:column]), clean(head[column:])
	}
	form, name, _ = strings.Cut(head, " ")
	return clean(form), clean(name)
}

// latin1 returns a text in UTF-8 or, if it is not valid, in Latin-1.
func latin1(b []byte) string {
	if !utf8.Valid(b) {
		b, _ = charmap.ISO8859_1.NewDecoder().Bytes(b) // which has a rune for every byte
	}
	return string(b)
}

// readError keeps an error of r apart from those of its content.
type readError struct {
	r   io.Reader
	err error
}

func (s *readError) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
