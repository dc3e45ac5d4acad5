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
	"sync"
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
const RulesVersion = 3

const (
	bufferSize = 64 << 10
	// A company files about five periodic reports a year, some foreign ones ten times as many. The work on a document grows with the square of their number.
	maxFilings = 3000
)

// decode reads one JSON object, without a byte order mark, and what is after it. Its errors are those of r, or a *FormatError.
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

// orNothing reads a value of a type with f, and null as nothing. It refuses a value of another type.
func orNothing(d *jx.Decoder, t jx.Type, path string, f func(*jx.Decoder) error) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	if err := mustBe(d, t, path); err != nil {
		return err
	}
	return f(d)
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

// ParseCompanyFacts reads the company facts documents of one company, the oldest CIK first, as one. A fact that cannot be
// is skipped and counted.
//
// An error of a reader is returned wrapped. Everything else that is wrong with a document is a *FormatError.
func ParseCompanyFacts(documents ...io.Reader) (*CompanyFacts, error) {
	p := newParser()
	for _, r := range documents {
		if err := decode(r, p.document); err != nil {
			return nil, errors.Wrap(err, "company facts")
		}
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
	filings map[string]int32         // index in facts.filings, by accession, day and form
	units   map[unit]map[int32]int32 // number of facts by filing
	taxed   map[taxedFiling]bool
	exact   map[exactKey]decimal.Decimal
	raw     rawFact
	inTag   jx.Decoder
	key     []byte // of a filing

	readField func(*jx.Decoder, []byte) error // field, once for all facts
}

// A unit is a currency of a taxonomy.
type unit struct {
	taxonomy *taxonomy
	currency string
}

type taxedFiling struct {
	filing   int32
	taxonomy *taxonomy
}

const currencyLength = len("USD")

func newParser() *parser {
	p := &parser{
		facts: &CompanyFacts{series: make(map[seriesKey]series)}, filings: make(map[string]int32),
		units: make(map[unit]map[int32]int32), taxed: make(map[taxedFiling]bool),
		exact: make(map[exactKey]decimal.Decimal),
	}
	p.readField = p.field
	return p
}

func (p *parser) document(d *jx.Decoder) error {
	p.facts.CIK, p.facts.EntityName = 0, ""
	first := len(p.facts.filings)
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
	for i := first; i < len(p.facts.filings); i++ {
		p.facts.filings[i].cik = p.facts.CIK
	}
	return nil
}

// A tagRead is what is the same for all facts of one tag in one unit.
type tagRead struct {
	key      seriesKey
	kept     bool
	taxonomy *taxonomy       // nil for dei
	money    map[int32]int32 // number of facts in the unit by filing; nil for other units
	tax      bool
	count    bool
}

func (p *parser) taxonomy(d *jx.Decoder, name string) error {
	counted := countedTags[name]
	if counted == nil {
		return d.Skip()
	}
	t := taxonomyOf(name)
	path := "facts/" + name
	return orNothing(d, jx.Object, path, func(d *jx.Decoder) error {
		return d.Obj(func(d *jx.Decoder, tag string) error {
			// What is in memory needs no copies.
			text, err := d.Raw()
			if err != nil {
				return err
			}
			p.inTag.ResetBytes(text)
			return p.tag(&p.inTag, path+"/"+tag, tagRead{
				key: seriesKey{name, tag, ""}, kept: counted[tag], taxonomy: t, money: nil,
				tax: t != nil && t.isIncomeTax(tag), count: slices.Contains(countTags[name], tag),
			})
		})
	})
}

func (p *parser) tag(d *jx.Decoder, path string, read tagRead) error {
	return orNothing(d, jx.Object, path, func(d *jx.Decoder) error {
		return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
			if string(key) != "units" {
				return d.Skip()
			}
			return orNothing(d, jx.Object, path+"/units", func(d *jx.Decoder) error {
				return d.Obj(func(d *jx.Decoder, of string) error { return p.inUnit(d, path, read, of) })
			})
		})
	})
}

// inUnit reads the facts of a tag in a unit.
func (p *parser) inUnit(d *jx.Decoder, path string, read tagRead, of string) error {
	read.key.unit = of
	isKept := keptUnit.MatchString(of)
	read.kept = read.kept && isKept
	if read.taxonomy != nil && isKept && len(of) == currencyLength {
		read.money = p.unit(unit{read.taxonomy, of})
	}
	return orNothing(d, jx.Array, path+"/"+of, func(d *jx.Decoder) error {
		return d.Arr(func(d *jx.Decoder) error { return p.fact(d, &read) })
	})
}

// unit returns the numbers of facts in a unit.
func (p *parser) unit(u unit) map[int32]int32 {
	if p.units[u] == nil {
		p.units[u] = make(map[int32]int32)
	}
	return p.units[u]
}

// keptUnit matches money ("USD"), money per share ("USD/shares"), shares and ratios.
var keptUnit = regexp.MustCompile(`^([A-Z]{3}(/shares)?|shares|pure)$`)

// rawFact is a fact as it stands in the document, of which it holds pieces.
type rawFact struct {
	start, end, val, accession, fy, form, filed []byte // empty if absent, null or of another type
}

// field reads one field of a fact into the raw fact.
func (p *parser) field(d *jx.Decoder, name []byte) (err error) {
	raw := &p.raw
	switch string(name) {
	case "start":
		if d.Next() == jx.Null {
			return d.Null()
		}
		if raw.start, err = textOrNothing(d); len(raw.start) == 0 {
			raw.start = []byte("-") // no date
		}
	case "end":
		raw.end, err = textOrNothing(d)
	case "accn":
		raw.accession, err = textOrNothing(d)
	case "form":
		raw.form, err = textOrNothing(d)
	case "filed":
		raw.filed, err = textOrNothing(d)
	case "val":
		raw.val, err = numberOrNothing(d)
	case "fy":
		raw.fy, err = numberOrNothing(d)
	default:
		err = d.Skip()
	}
	return err
}

func (p *parser) fact(d *jx.Decoder, read *tagRead) error {
	p.raw = rawFact{} //nolint:exhaustruct // nothing of the fact before
	if d.Next() != jx.Object {
		if err := d.Skip(); err != nil {
			return err
		}
	} else if err := d.ObjBytes(p.readField); err != nil {
		return err
	}
	p.facts.report.Facts++
	f, reason := p.check(read)
	if reason != nil {
		p.skip(read, *reason)
		return nil
	}
	if f.filing == none {
		var err error
		if f.filing, err = p.newFiling(); err != nil {
			return err
		}
	}
	if f := &p.facts.filings[f.filing]; f.fy == 0 && len(p.raw.fy) > 0 {
		f.fy, _ = strconv.ParseInt(string(p.raw.fy), 10, 64) // what is no whole number counts for nothing
	}
	if read.money != nil {
		read.money[f.filing]++
	}
	if read.tax {
		p.taxed[taxedFiling{f.filing, read.taxonomy}] = true
	}
	if read.kept {
		if f.inexact {
			exact, _ := decimal.NewFromString(string(p.raw.val)) // it was read before
			p.exact[exactKey{read.key, f.filing, f.start, f.end, f.coef}] = exact
		}
		p.facts.series[read.key] = append(p.facts.series[read.key], f)
	}
	return nil
}

// Bounds of the dates of a fact, in days.
const (
	firstDay = day(7305) // 1990-01-01, on which a period may begin
	lateDays = 400       // that a period may end after the filing
)

// check reads the raw fact, or says why it is skipped. The filing is none for a new one.
func (p *parser) check(read *tagRead) (f fact, skipped *skipReason) {
	raw := &p.raw
	if _, counts := forms[string(raw.form)]; !counts {
		return f, &skipForm
	}
	// What goes into the address of a filing is kept plain.
	if n := len(raw.accession); n == 0 || n > len("0000320193-17-000070") ||
		len(bytes.Trim(raw.accession, "-0123456789")) > 0 {
		return f, &skipDate
	}
	var filed day
	var ok bool
	p.key = append(append(append(append(append(p.key[:0], raw.accession...), ' '), raw.filed...), ' '), raw.form...)
	if f.filing, ok = p.filings[string(p.key)]; ok {
		filed = p.facts.filings[f.filing].filed
	} else if filed, ok = parseDay(raw.filed); !ok {
		return f, &skipDate
	} else {
		f.filing = none
	}
	if f.end, ok = parseDay(raw.end); !ok {
		return f, &skipDate
	}
	f.class = instant
	begin := f.end
	if len(raw.start) > 0 {
		if f.start, ok = parseDay(raw.start); !ok || f.start > f.end {
			return f, &skipDate
		}
		f.class = classOf(f.start, f.end)
		begin = f.start
	}
	if begin < firstDay || f.end > filed+lateDays {
		return f, &skipDate
	}
	if f.coef, f.decimals, f.inexact, ok = parseValue(raw.val, read.key.hasFractions()); !ok {
		return f, &skipValue
	}
	if read.count && f.coef <= 0 {
		return f, &skipCount
	}
	return f, nil
}

// newFiling adds the filing that the raw fact is from.
func (p *parser) newFiling() (int32, error) {
	if len(p.filings) == maxFilings {
		return 0, badFormat("", "more than %d reports", maxFilings)
	}
	i := int32(len(p.filings))
	p.filings[string(p.key)] = i
	filed, _ := parseDay(p.raw.filed) // it was checked
	//exhaustruct:ignore the rest is known at the end
	p.facts.filings = append(p.facts.filings, filing{accession: string(p.raw.accession), form: forms[string(p.raw.form)], filed: filed})
	return i, nil
}

// finish brings filings and facts into their order.
func (p *parser) finish() *CompanyFacts {
	facts := p.facts
	order := make([]int32, len(facts.filings))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		a, b := &facts.filings[i], &facts.filings[j]
		return cmp.Or(cmp.Compare(a.filed, b.filed), cmp.Compare(a.accession, b.accession), cmp.Compare(a.form.name, b.form.name))
	})
	filings, rank := make([]filing, len(order)), make([]int32, len(order))
	for to, from := range order {
		filings[to], rank[from] = facts.filings[from], int32(to)
	}
	facts.filings = filings
	for key, s := range facts.series {
		for i := range s {
			s[i].filing = rank[s[i].filing]
		}
		slices.SortStableFunc(s, compareFacts)
		facts.series[key] = slices.Clip(s)
	}
	for taxed := range p.taxed {
		f := &filings[rank[taxed.filing]]
		f.taxed = append(f.taxed, taxed.taxonomy)
	}
	facts.exact = make(map[exactKey]decimal.Decimal, len(p.exact))
	for key, exact := range p.exact {
		key.filing = rank[key.filing]
		facts.exact[key] = exact
	}
	leftOut := facts.repairSigns()
	facts.readRuns()
	counts := make(map[unit]map[int32]int32, len(p.units))
	for u, byFiling := range p.units {
		counts[u] = make(map[int32]int32, len(byFiling))
		for filing, n := range byFiling {
			counts[u][rank[filing]] = n - leftOut[unitOfFiling{u, rank[filing]}]
		}
	}
	facts.choosePairs(counts)
	facts.readImpliedCounts()
	facts.readCovers()
	facts.readReports()
	facts.splitHistory = sync.OnceValue(facts.findSplitHistory)
	return facts
}

type unitOfFiling struct {
	unit
	filing int32
}

// choosePairs gives each filing the pair of its balance totals with the most facts, of those counted by unit and filing.
func (c *CompanyFacts) choosePairs(counts map[unit]map[int32]int32) {
	best := make([]*unit, len(c.filings))
	for u, byFiling := range counts {
		for _, tag := range append(tags{u.taxonomy.assets}, u.taxonomy.equityAndLiabilities...) {
			for _, f := range c.series[seriesKey{u.taxonomy.name, tag, u.currency}] {
				b := &best[f.filing]
				if f.class == instant && (*b == nil || cmp.Or(cmp.Compare(counts[**b][f.filing], byFiling[f.filing]),
					cmp.Compare(u.taxonomy.name, (*b).taxonomy.name), cmp.Compare(u.currency, (*b).currency)) < 0) {
					*b = &u
				}
			}
		}
	}
	pairs := make(map[unit]*pair)
	for i, b := range best {
		if b == nil {
			continue
		}
		if pairs[*b] == nil {
			pairs[*b] = c.newPair(b.taxonomy, b.currency)
		}
		c.filings[i].pair = pairs[*b]
	}
}

// parseDay reads YYYY-MM-DD. Years far from those of any filing are refused, so that no sum of days leaves them.
func parseDay(text []byte) (day, bool) {
	if len(text) != len(time.DateOnly) || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	number := func(digits []byte) (n int) {
		for _, c := range digits {
			if c < '0' || c > '9' {
				return -1
			}
			n = 10*n + int(c-'0')
		}
		return n
	}
	y, m, d := number(text[:4]), number(text[5:7]), number(text[8:])
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if y < 1902 || y > 2198 || t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return 0, false
	}
	return day(t.Unix() / (24 * 60 * 60)), true
}

// parseValue reads a JSON number of less than 2^63 in size. Without fractions it is rounded half up to a whole number;
// with them it keeps as many as fit. It is inexact if that changed it, but for a number too small for its digits to be
// kept, which is zero.
func parseValue(text []byte, fractions bool) (coef int64, decimals uint8, inexact, ok bool) {
	coef, err := strconv.ParseInt(string(text), 10, 64)
	if err == nil {
		return coef, 0, false, coef != math.MinInt64
	}
	if len(text) == 0 || len(text) > maxDigits {
		return 0, 0, false, false
	}
	d, err := decimal.NewFromString(string(text))
	if err != nil { // an exponent that no int32 holds: all but nothing, or far too much
		return 0, 0, false, tinyExponent.Match(text)
	}
	// The exponent bounds the work and memory that the number takes.
	switch {
	case d.IsZero() || d.Exponent() < -2*maxDigits:
		return 0, 0, false, true
	case d.Exponent() > maxDigits || d.Abs().GreaterThanOrEqual(tooLarge):
		return 0, 0, false, false
	}
	rounded := d
	if !fractions {
		rounded = d.Add(oneHalf).Floor()
	}
	coef, decimals, ok = fit(rounded)
	return coef, decimals, ok && !d.Equal(decimal.New(coef, -int32(decimals))), ok
}

// fit writes a number below 2^63 as coef / 10^decimals, without zeros at the end and with as many decimals as fit.
func fit(d decimal.Decimal) (coef int64, decimals uint8, ok bool) {
	for places := int32(maxPlaces); !d.Coefficient().IsInt64() || d.Exponent() < -maxPlaces; places-- {
		d = d.Round(places)
	}
	for !d.IsZero() && d.Exponent() < 0 && d.Equal(d.Truncate(-d.Exponent()-1)) {
		d = d.Truncate(-d.Exponent() - 1)
	}
	if d.IsZero() || d.Exponent() > 0 {
		d = decimal.NewFromBigInt(d.BigInt(), 0)
	}
	if !d.Coefficient().IsInt64() {
		return 0, 0, false
	}
	return d.CoefficientInt64(), uint8(-d.Exponent()), true
}

// tinyExponent matches a number with a negative exponent.
var tinyExponent = regexp.MustCompile(`[eE]-`)

const (
	maxDigits = 100
	maxPlaces = 18
)

var (
	tooLarge = decimal.NewFromInt(1 << 62).Mul(decimal.NewFromInt(2)) // 2^63
	oneHalf  = decimal.New(5, -1)
)

// textOrNothing returns a string of a document in memory, nothing for a value of another type.
func textOrNothing(d *jx.Decoder) ([]byte, error) {
	if d.Next() == jx.String {
		return d.StrBytes()
	}
	return nil, d.Skip()
}

// numberOrNothing returns the text of a JSON number of a document in memory, nothing for a value of another type.
func numberOrNothing(d *jx.Decoder) ([]byte, error) {
	if d.Next() == jx.Number {
		return d.Num()
	}
	return nil, d.Skip()
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
