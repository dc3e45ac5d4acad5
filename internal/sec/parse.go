package sec

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
	"github.com/shopspring/decimal"
)

// FormatError says that a document is not what it should be, and where.
type FormatError struct {
	Path   string // such as "facts/us-gaap/Assets/USD, accession 0000320193-17-000070"; empty for the whole
	Reason string
}

func (e *FormatError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

func badFormat(path, format string, args ...any) error {
	return &FormatError{Path: path, Reason: fmt.Sprintf(format, args...)}
}

// RulesVersion is raised when a rule changes, so that documents are read again that were imported before.
const RulesVersion = 2

const (
	bufferSize = 64 << 10
	// A company files about five periodic reports a year. The work on a document grows with the square of their number.
	maxFilings = 1000
)

// decode reads one JSON object and what is after it. Its errors are those of r, or a *FormatError.
func decode(r io.Reader, object func(*jx.Decoder) error) error {
	source := &source{r: r}
	d := jx.Decode(source, bufferSize)
	err := func() error {
		if d.Next() != jx.Object {
			return badFormat("", "not a JSON object")
		}
		if err := object(d); err != nil {
			return err
		}
		if err := d.Skip(); err != io.EOF { //nolint:errorlint // a wrapped EOF is from within another value
			return badFormat("", "something follows after the JSON object")
		}
		return nil
	}()
	if source.err != nil {
		return errors.Wrap(source.err, "read")
	}
	if err == nil {
		return nil
	}
	if format, ok := errors.Into[*FormatError](err); ok {
		return format
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return badFormat("", "not valid JSON: it ends too early")
	}
	return badFormat("", "not valid JSON")
}

// mustBe refuses a value of another type.
func mustBe(d *jx.Decoder, t jx.Type, path string) error {
	if d.Next() == t {
		return nil
	}
	return unlessBroken(d, badFormat(path, "%s", map[jx.Type]string{jx.Object: "not an object", jx.Array: "not a list"}[t]))
}

// source keeps an error of r apart from what the decoder makes of it.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// ParseCompanyFacts reads a company facts document. It keeps the facts of annual and interim reports that a statement,
// a dividend or a share count can depend on.
//
// An error of r is returned wrapped. Everything that is wrong with the document is a *FormatError.
func ParseCompanyFacts(documents ...io.Reader) (*CompanyFacts, error) {
	r := documents[0]
	p := parser{
		facts:   &CompanyFacts{series: make(map[seriesKey]series)},
		filings: make(map[filing]int32),
	}
	if err := decode(r, p.document); err != nil {
		return nil, errors.Wrap(err, "company facts")
	}
	return p.finish(), nil
}

// ReadCIK reads a company facts document up to its CIK. Its errors are those of ParseCompanyFacts.
func ReadCIK(r io.Reader) (cik int64, err error) {
	found := errors.New("found")
	err = decode(r, func(d *jx.Decoder) error {
		return d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
			if string(key) != "cik" {
				return d.Skip()
			}
			if cik, err = readCIK(d, "cik"); err == nil {
				err = found
			}
			return err
		})
	})
	switch {
	case cik != 0:
		return cik, nil
	case err == nil:
		err = badFormat("", "not a company facts document: no cik")
	}
	return 0, errors.Wrap(err, "company facts")
}

type parser struct {
	facts   *CompanyFacts
	filings map[filing]int32 // index in facts.filings, without fy
	raw     rawFact
}

func (p *parser) document(d *jx.Decoder) error {
	hasFacts := false
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "cik":
			p.facts.CIK, err = readCIK(d, "cik")
			return err
		case "entityName":
			p.facts.EntityName, err = readName(d, "entityName")
			return err
		case "facts":
			hasFacts = true
			if err := mustBe(d, jx.Object, "facts"); err != nil {
				return err
			}
			return d.Obj(p.taxonomy)
		default:
			return d.Skip()
		}
	})
	switch {
	case err != nil:
		return err
	case p.facts.CIK == 0:
		return badFormat("", "not a company facts document: no cik")
	case !hasFacts:
		return badFormat("", "not a company facts document: no facts")
	}
	return nil
}

func (p *parser) taxonomy(d *jx.Decoder, taxonomy string) error {
	counted := countedTags[taxonomy]
	if counted == nil {
		return d.Skip()
	}
	path := "facts/" + taxonomy
	if err := mustBe(d, jx.Object, path); err != nil {
		return err
	}
	return d.Obj(func(d *jx.Decoder, tag string) error {
		if !counted[tag] {
			return d.Skip()
		}
		if err := mustBe(d, jx.Object, path+"/"+tag); err != nil {
			return err
		}
		return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
			if string(key) != "units" {
				return d.Skip()
			}
			if err := mustBe(d, jx.Object, path+"/"+tag+"/units"); err != nil {
				return err
			}
			return d.Obj(func(d *jx.Decoder, unit string) error {
				if !countedUnit.MatchString(unit) {
					return d.Skip()
				}
				if err := mustBe(d, jx.Array, path+"/"+tag+"/"+unit); err != nil {
					return err
				}
				key := seriesKey{taxonomy, tag, unit}
				return d.Arr(func(d *jx.Decoder) error { return p.fact(d, key) })
			})
		})
	})
}

// countedUnit matches money ("USD"), money per share ("USD/shares") and shares.
var countedUnit = regexp.MustCompile(`^([A-Z]{3}(/shares)?|shares)$`)

// rawFact is a fact as it stands in the document.
type rawFact struct {
	start, end, val, accession, fy, form, filed []byte // empty if absent or null
}

func (p *parser) fact(d *jx.Decoder, key seriesKey) error {
	raw := &p.raw
	for _, field := range []*[]byte{&raw.start, &raw.end, &raw.val, &raw.accession, &raw.fy, &raw.form, &raw.filed} {
		*field = (*field)[:0]
	}
	path := func() string {
		path := fmt.Sprintf("facts/%s/%s/%s", key.taxonomy, key.tag, key.unit)
		if len(raw.accession) > 0 {
			path += fmt.Sprintf(", accession %q", raw.accession)
		}
		return path
	}
	if d.Next() != jx.Object {
		return mustBe(d, jx.Object, path())
	}
	err := d.ObjBytes(func(d *jx.Decoder, name []byte) (err error) {
		switch string(name) {
		case "start":
			raw.start, err = readText(d, raw.start[:0])
		case "end":
			raw.end, err = readText(d, raw.end[:0])
		case "accn":
			raw.accession, err = readText(d, raw.accession[:0])
		case "form":
			raw.form, err = readText(d, raw.form[:0])
		case "filed":
			raw.filed, err = readText(d, raw.filed[:0])
		case "val":
			raw.val, err = readNumber(d, raw.val[:0])
		case "fy":
			raw.fy, err = readNumber(d, raw.fy[:0])
		default:
			err = d.Skip()
		}
		if format, ok := errors.Into[*FormatError](err); ok {
			return badFormat(path(), "%s: %s", name, format.Reason)
		}
		return err
	})
	if err != nil {
		return err
	}
	annual, counted := countedForm(string(raw.form))
	if !counted || len(raw.val) == 0 {
		return nil
	}

	f := fact{class: instant}
	if f.end, err = parseDay(raw.end); err != nil {
		return badFormat(path(), "end: %v", err)
	}
	if len(raw.start) > 0 {
		if f.start, err = parseDay(raw.start); err != nil {
			return badFormat(path(), "start: %v", err)
		}
		if f.start > f.end {
			return badFormat(path(), "start %s is after end %s", raw.start, raw.end)
		}
		if f.class = classOf(f.start, f.end); f.class == odd {
			return nil
		}
	}
	if f.coef, f.decimals, err = parseValue(raw.val, len(key.unit) > len("shares")); err != nil {
		return badFormat(path(), "val: %v", err)
	}
	if key.unit == "shares" && f.coef < 0 {
		return badFormat(path(), "val: a negative number of shares")
	}
	if f.filing, err = p.filing(annual); err != nil {
		return badFormat(path(), "%v", err)
	}
	p.facts.series[key] = append(p.facts.series[key], f)
	return nil
}

// filing returns the index of the filing that the raw fact is from.
func (p *parser) filing(annual bool) (int32, error) {
	raw := &p.raw
	// What goes into the address of a filing is kept plain.
	if n := len(raw.accession); n == 0 || n > len("0000320193-17-000070") ||
		len(bytes.Trim(raw.accession, "-0123456789")) > 0 {
		return 0, errors.New("accn: not an accession number")
	}
	filed, err := parseDay(raw.filed)
	if err != nil {
		return 0, errors.Wrap(err, "filed")
	}
	var fy int64
	if len(raw.fy) > 0 {
		if fy, err = strconv.ParseInt(string(raw.fy), 10, 64); err != nil {
			return 0, errors.New("fy: not a whole number")
		}
	}
	key := filing{accession: string(raw.accession), filed: filed, annual: annual}
	i, ok := p.filings[key]
	if !ok {
		if len(p.filings) == maxFilings {
			return 0, errors.Errorf("more than %d reports", maxFilings)
		}
		i = int32(len(p.filings))
		p.filings[key] = i
		p.facts.filings = append(p.facts.filings, key)
	}
	if f := &p.facts.filings[i]; f.fy == 0 {
		f.fy = fy
	}
	return i, nil
}

// finish brings filings and facts into their order.
func (p *parser) finish() *CompanyFacts {
	facts := p.facts
	ordered := slices.SortedFunc(slices.Values(facts.filings), func(a, b filing) int {
		return cmp.Or(cmp.Compare(a.filed, b.filed), cmp.Compare(a.accession, b.accession))
	})
	rank := make([]int32, len(ordered))
	for i, f := range ordered {
		f.fy = 0
		rank[p.filings[f]] = int32(i)
	}
	facts.filings = ordered
	for key, s := range facts.series {
		for i := range s {
			s[i].filing = rank[s[i].filing]
		}
		slices.SortStableFunc(s, compareFacts)
		facts.series[key] = slices.Clip(s)
	}
	return facts
}

func countedForm(form string) (annual, counted bool) {
	switch form {
	case "10-K", "10-K/A", "10-KT", "10-KT/A", "20-F", "20-F/A", "40-F", "40-F/A":
		return true, true
	case "10-Q", "10-Q/A", "10-QT", "10-QT/A":
		return false, true
	}
	return false, false
}

// parseDay reads YYYY-MM-DD. Years far from those of any filing are refused, so that no sum of days leaves them.
func parseDay(text []byte) (day, error) {
	if len(text) == 0 {
		return 0, errors.New("no date")
	}
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return 0, errors.Errorf("%q is not a date", text)
	}
	if t.Year() < 1902 || t.Year() > 2198 {
		return 0, errors.Errorf("the year of %q is out of range", text)
	}
	return dayOf(t), nil
}

// parseValue reads a JSON number. Without fractions it is rounded half up to a whole number.
func parseValue(text []byte, fractions bool) (coef int64, decimals uint8, err error) {
	if coef, err = strconv.ParseInt(string(text), 10, 64); err == nil {
		return coef, 0, nil
	}
	outOfRange := errors.Errorf("%s is out of range", text[:min(len(text), 40)])
	if len(text) > 100 {
		return 0, 0, outOfRange
	}
	d, err := decimal.NewFromString(string(text))
	if err != nil {
		return 0, 0, outOfRange
	}
	if d.IsZero() {
		return 0, 0, nil
	}
	// The exponent bounds the work and memory that the number takes.
	if d.Exponent() < -math.MaxUint8 || d.Exponent() > 18 {
		return 0, 0, outOfRange
	}
	if !fractions {
		d = d.Round(0)
	}
	for !d.IsZero() && d.Exponent() < 0 && d.Equal(d.Truncate(-d.Exponent()-1)) {
		d = d.Truncate(-d.Exponent() - 1)
	}
	if d.IsZero() || d.Exponent() > 0 {
		d = decimal.NewFromBigInt(d.BigInt(), 0)
	}
	if !d.Coefficient().IsInt64() {
		return 0, 0, outOfRange
	}
	return d.CoefficientInt64(), uint8(-d.Exponent()), nil
}

// readText appends a string to b, nothing for null.
func readText(d *jx.Decoder, b []byte) ([]byte, error) {
	switch d.Next() {
	case jx.Null:
		return b, d.Null()
	case jx.String:
		return d.StrAppend(b)
	default:
		return b, unlessBroken(d, badFormat("", "not a text"))
	}
}

// readName reads a string that is kept as it is, "" for null. It refuses what a database cannot hold.
func readName(d *jx.Decoder, path string) (string, error) {
	text, err := readText(d, nil)
	switch format, ok := errors.Into[*FormatError](err); {
	case ok:
		return "", badFormat(path, "%s", format.Reason)
	case err != nil:
		return "", err
	case bytes.IndexByte(text, 0) >= 0:
		return "", badFormat(path, "a text with a NUL byte")
	case !utf8.Valid(text) || bytes.ContainsRune(text, utf8.RuneError): // which stands for a lone surrogate
		return "", badFormat(path, "a text that is not valid Unicode, such as a lone surrogate")
	}
	return string(text), nil
}

// readNumber appends the text of a JSON number to b, nothing for null.
func readNumber(d *jx.Decoder, b []byte) ([]byte, error) {
	switch d.Next() {
	case jx.Null:
		return b, d.Null()
	case jx.Number:
		return d.NumAppend(b)
	default:
		return b, unlessBroken(d, badFormat("", "not a number"))
	}
}

// unlessBroken returns the error that the decoder has with the next value, or else err.
func unlessBroken(d *jx.Decoder, err error) error {
	if syntax := d.Skip(); syntax != nil {
		return syntax
	}
	return err
}

// readCIK reads a Central Index Key, which may be a number or a string of digits.
func readCIK(d *jx.Decoder, path string) (int64, error) {
	var text []byte
	var err error
	if d.Next() == jx.String {
		text, err = d.StrAppend(nil)
	} else {
		text, err = readNumber(d, nil)
	}
	if format, ok := errors.Into[*FormatError](err); ok {
		return 0, badFormat(path, "%s", format.Reason)
	}
	if err != nil {
		return 0, err
	}
	cik, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || cik < 1 || cik > 9_999_999_999 {
		return 0, badFormat(path, "%q is not a Central Index Key", text)
	}
	return cik, nil
}
