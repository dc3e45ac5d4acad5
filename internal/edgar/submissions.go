package edgar

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// Submissions is what EDGAR knows of a company. A text that it does not know is "".
type Submissions struct {
	CIK             int64
	Name            string
	SIC             string // four digits
	SICDescription  string
	IncorporatedIn  Place
	BusinessAddress Place
	Country         string // of the business address: ISO 3166-1 alpha-2
	Website         string // an http or https URL
	FiscalYearEnd   string // MMDD
	EntityType      string // such as "operating"
	Category        string // such as "Large accelerated filer"
	Tickers         []string
	Exchanges       []string // of the tickers, at the same index
	FormerNames     []FormerName
	Filings         []Filing // the newest first: by the day of filing, then by acceptance
	Pages           []string // names of the documents with its older filings, beside its own; see Add
}

// Place is a state or country with its code at EDGAR, which is none of ISO.
type Place struct{ Code, Description string }

// FormerName is a name that the company had from one day to another. A day that is not known is zero.
type FormerName struct {
	Name     string
	From, To time.Time
}

// Filing is one filing. Days are at midnight UTC.
type Filing struct {
	Accession  string
	Form       string
	Filed      time.Time
	ReportDate time.Time // the end of the period that it is about; zero without one
	// Accepted is when EDGAR took it, as EDGAR says it, which is UTC; zero if it does not say. EDGAR is known to write New
	// York's time as if it were UTC for the filings of some companies.
	Accepted time.Time
}

// maxPages is ten times what the company with the most filings has.
const maxPages = 1000

// ParseSubmissions reads the submissions document of a company, with its recent filings and the names of the documents that
// have the others.
//
// An error of r is returned wrapped. Everything that is wrong with the document is a *sec.FormatError.
func ParseSubmissions(r io.Reader) (Submissions, error) {
	type address struct {
		StateOrCountry, StateOrCountryDescription, Country, CountryCode string
	}
	var d struct {
		CIK                             json.RawMessage
		Name, SIC, SICDescription       string
		StateOfIncorporation            string
		StateOfIncorporationDescription string
		Addresses                       struct{ Business address }
		Website, FiscalYearEnd          string
		EntityType, Category            string
		Tickers, Exchanges              []string
		FormerNames                     []struct{ Name, From, To string }
		Filings                         struct {
			Recent filingColumns
			Files  []struct{ Name string }
		}
	}
	if err := unmarshal(r, &d); err != nil {
		return Submissions{}, errors.Wrap(err, "submissions")
	}
	cik, err := strconv.ParseInt(strings.Trim(string(d.CIK), `"`), 10, 64)
	if err != nil || cik < 1 || cik > maxCIK {
		return Submissions{}, errors.Wrap(badFormat("cik", "not a Central Index Key"), "submissions")
	}
	business := d.Addresses.Business
	s := Submissions{
		CIK: cik, Name: clean(d.Name), SICDescription: clean(d.SICDescription),
		IncorporatedIn: Place{clean(d.StateOfIncorporation), clean(d.StateOfIncorporationDescription)},
		BusinessAddress: Place{
			cmp.Or(clean(business.CountryCode), clean(business.StateOrCountry)),
			cmp.Or(clean(business.Country), clean(business.StateOrCountryDescription)),
		},
		Country: cmp.Or(Country(business.CountryCode), Country(business.StateOrCountry)),
		Website: website(d.Website), EntityType: clean(d.EntityType), Category: clean(d.Category),
	}
	if sic, err := strconv.Atoi(d.SIC); err == nil && sic > 0 && sic <= 9999 {
		s.SIC = fmt.Sprintf("%04d", sic)
	}
	if _, err := time.Parse("20060102", "2000"+d.FiscalYearEnd); err == nil { // a leap year
		s.FiscalYearEnd = d.FiscalYearEnd
	}
	for i, ticker := range d.Tickers {
		if ticker = sec.NormalTicker(strings.TrimSpace(ticker)); sec.IsTicker(ticker) {
			s.Tickers = append(s.Tickers, ticker)
			exchange := ""
			if i < len(d.Exchanges) {
				exchange = clean(d.Exchanges[i])
			}
			s.Exchanges = append(s.Exchanges, exchange)
		}
	}
	for _, f := range d.FormerNames {
		if name := clean(f.Name); name != "" {
			s.FormerNames = append(s.FormerNames, FormerName{name, dayOrNone(f.From), dayOrNone(f.To)})
		}
	}
	if len(d.Filings.Files) > maxPages {
		return Submissions{}, errors.Wrap(badFormat("filings/files", "more than %d", maxPages), "submissions")
	}
	for _, f := range d.Filings.Files {
		if of, page, ok := parseEntryName(f.Name); !ok || of != cik || page == 0 {
			return Submissions{}, errors.Wrap(badFormat("filings/files", "%.60q is not a page of submissions of CIK %d", f.Name, cik), "submissions")
		}
		s.Pages = append(s.Pages, f.Name)
	}
	filings, err := d.Filings.Recent.filings()
	if err != nil {
		return Submissions{}, errors.Wrap(err, "submissions: filings/recent")
	}
	s.Add(filings)
	return s, nil
}

// ParseSubmissionsPage reads a document with older filings. Its errors are those of ParseSubmissions.
func ParseSubmissionsPage(r io.Reader) ([]Filing, error) {
	var d *filingColumns
	err := unmarshal(r, &d)
	if err == nil && (d == nil || d.AccessionNumber == nil) {
		err = badFormat("", "no filings")
	}
	if err != nil {
		return nil, errors.Wrap(err, "page of submissions")
	}
	filings, err := d.filings()
	if err != nil {
		return nil, errors.Wrap(err, "page of submissions")
	}
	return filings, nil
}

// Add adds filings of a page. One that is there already counts once.
func (s *Submissions) Add(page []Filing) {
	s.Filings = append(s.Filings, page...)
	slices.SortStableFunc(s.Filings, func(a, b Filing) int {
		return cmp.Or(b.Filed.Compare(a.Filed), b.Accepted.Compare(a.Accepted), cmp.Compare(b.Accession, a.Accession))
	})
	seen := make(map[string]bool, len(s.Filings))
	s.Filings = slices.DeleteFunc(s.Filings, func(f Filing) bool {
		twice := seen[f.Accession]
		seen[f.Accession] = true
		return twice
	})
}

// filingColumns are filings as EDGAR has them: what is at the same index is of one filing.
type filingColumns struct {
	AccessionNumber, Form, FilingDate, ReportDate, AcceptanceDateTime []string
}

var accessionForm = regexp.MustCompile(`^\d{10}-\d{2}-\d{6}$`)

func (c *filingColumns) filings() ([]Filing, error) {
	n := len(c.AccessionNumber)
	for name, column := range map[string][]string{"form": c.Form, "filingDate": c.FilingDate} {
		if len(column) != n {
			return nil, badFormat(name, "%d values for %d filings", len(column), n)
		}
	}
	for name, column := range map[string][]string{"reportDate": c.ReportDate, "acceptanceDateTime": c.AcceptanceDateTime} {
		if len(column) != n && len(column) > 0 {
			return nil, badFormat(name, "%d values for %d filings", len(column), n)
		}
	}
	filings := make([]Filing, n)
	for i := range filings {
		f := Filing{Accession: c.AccessionNumber[i], Form: clean(c.Form[i]), Filed: dayOrNone(c.FilingDate[i])}
		switch {
		case !accessionForm.MatchString(f.Accession):
			return nil, badFormat("accessionNumber", "%.40q is not the number of a filing", f.Accession)
		case f.Filed.IsZero():
			return nil, badFormat("filingDate", "filing %s: %.40q is not a date", f.Accession, c.FilingDate[i])
		}
		if len(c.ReportDate) > 0 {
			f.ReportDate = dayOrNone(c.ReportDate[i])
		}
		if len(c.AcceptanceDateTime) > 0 {
			if t, err := time.Parse(time.RFC3339, c.AcceptanceDateTime[i]); err == nil {
				f.Accepted = t.UTC()
			}
		}
		filings[i] = f
	}
	return filings, nil
}

const maxCIK = 9_999_999_999

func badFormat(path, format string, args ...any) error {
	return &sec.FormatError{Path: path, Reason: fmt.Sprintf(format, args...)}
}

// unmarshal reads a JSON object and nothing else.
func unmarshal(r io.Reader, to any) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return errors.Wrap(err, "read")
	}
	content = bytes.TrimPrefix(content, byteOrderMark)
	err = json.Unmarshal(content, to)
	if wrong, ok := errors.Into[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return badFormat("", "not a JSON object")
		}
		return badFormat(strings.ReplaceAll(wrong.Field, ".", "/"), "a %s where a %s belongs", wrong.Value, wrong.Type)
	}
	if err != nil {
		return badFormat("", "not valid JSON: %v", err)
	}
	return nil
}

// clean returns a text without what does not show.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

// dayOrNone reads the day of a date or time.
func dayOrNone(s string) time.Time {
	if len(s) > len(time.DateOnly) {
		s = s[:len(time.DateOnly)]
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil || day.Year() < 1900 {
		return time.Time{}
	}
	return day
}

const maxWebsite = 2000

// website returns the URL of a site that may be given without its scheme, "" for anything else.
func website(s string) string {
	if s = clean(s); s == "" {
		return ""
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || len(s) > maxWebsite ||
		!strings.Contains(strings.Trim(u.Hostname(), "."), ".") || strings.ContainsFunc(s, unicode.IsSpace) {
		return ""
	}
	return u.String()
}
