package edgar

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// maxDocument bounds a document, unpacked. The largest company facts have about 10 MiB.
const maxDocument = 64 << 20

var byteOrderMark = []byte("\ufeff")

// document asks for a document, and for it again until parse takes it. It returns its version, or ErrNotModified.
func (c *Client) document(ctx context.Context, r request, known Version, parse func([]byte) error) (v Version, err error) {
	r.header = func() http.Header {
		h := http.Header{"Accept-Encoding": {"gzip"}}
		known.ask(h)
		return h
	}
	err = c.do(ctx, r, func(res *http.Response) error {
		switch {
		case res.StatusCode == http.StatusNotModified && known != Version{}:
			return ErrNotModified
		case res.StatusCode != http.StatusOK:
			return failed("the answer is %s, which was not asked for", statusText(res.StatusCode))
		}
		content, err := readAll(res, maxDocument)
		if _, large := errors.Into[tooLargeError](err); large {
			return errors.Wrap(err, "the answer is too large")
		}
		if err != nil {
			return c.broken(res.Request.Context(), "the answer is incomplete", err)
		}
		content = bytes.TrimPrefix(content, byteOrderMark)
		if isPage(res.Header, content) {
			return failed("the answer is an HTML page, not %s", map[bool]string{true: "an index", false: "JSON"}[r.what == whatDailyIndex])
		}
		if err := parse(content); err != nil {
			return failed("the answer is broken: %v", err)
		}
		v = versionOf(res.Header)
		return nil
	})
	return v, err
}

// isPage tells whether the beginning of an answer is that of a page for people.
func isPage(h http.Header, content []byte) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "text/html") || bytes.HasPrefix(bytes.TrimSpace(content), []byte("<"))
}

// Listings returns the companies and their tickers, and how many rows had none: with the exchanges, or, if EDGAR does not
// have that list, without. It returns ErrNotModified if the list has the version that is known.
func (c *Client) Listings(ctx context.Context, known Version) (listings []sec.Listing, skipped int, v Version, err error) {
	for _, name := range []string{"company_tickers_exchange.json", "company_tickers.json"} {
		r := request{what: whatListings, about: "list of companies (" + name + ")", url: c.cfg.FilesURL + "/files/" + name}
		v, err = c.document(ctx, r, known, func(content []byte) (err error) {
			listings, skipped, err = sec.ParseCompanyTickers(bytes.NewReader(content))
			return err
		})
		if !errors.Is(err, ErrNotFound) {
			break
		}
	}
	if err != nil {
		return nil, 0, Version{}, err
	}
	return listings, skipped, v, nil
}

// Submissions returns what EDGAR knows of a company, with all of its filings. It returns ErrNotFound if there is no such
// company, and ErrNotModified if its document has the version that is known.
func (c *Client) Submissions(ctx context.Context, cik int64, known Version) (Submissions, Version, error) {
	var s Submissions
	r := request{what: whatSubmissions, about: fmt.Sprintf("submissions of CIK %d", cik), url: fmt.Sprintf("%s/submissions/CIK%010d.json", c.cfg.DataURL, cik)}
	v, err := c.document(ctx, r, known, func(content []byte) (err error) {
		s, err = ParseSubmissions(bytes.NewReader(content))
		if err == nil && s.CIK != cik {
			err = errors.Errorf("it is of CIK %d", s.CIK)
		}
		return err
	})
	if err != nil {
		return Submissions{}, Version{}, err
	}
	for _, name := range s.Pages {
		r.about = fmt.Sprintf("submissions of CIK %d (%s)", cik, name)
		r.url = c.cfg.DataURL + "/submissions/" + name
		var page []Filing
		_, err := c.document(ctx, r, Version{}, func(content []byte) (err error) {
			page, err = ParseSubmissionsPage(bytes.NewReader(content))
			return err
		})
		if errors.Is(err, ErrNotFound) { // the company is there
			err = errors.Errorf("%s is named, but missing", r.about)
		}
		if err != nil {
			return Submissions{}, Version{}, err
		}
		s.Add(page)
	}
	return s, v, nil
}

// Facts is a company facts document.
type Facts struct {
	Content []byte // JSON, unpacked, for sec.ParseCompanyFacts
}

// CompanyFacts returns the facts of a company. It returns ErrNotFound if there are none, and ErrNotModified if they have the
// version that is known. What it returns is valid JSON, of the company that was asked for.
func (c *Client) CompanyFacts(ctx context.Context, cik int64, known Version) (Facts, Version, error) {
	var f Facts
	r := request{
		what: whatCompanyFacts, about: fmt.Sprintf("company facts of CIK %d", cik),
		url: fmt.Sprintf("%s/api/xbrl/companyfacts/CIK%010d.json", c.cfg.DataURL, cik),
	}
	v, err := c.document(ctx, r, known, func(content []byte) error {
		if !json.Valid(content) {
			return errors.New("not valid JSON")
		}
		switch of, err := sec.ReadCIK(bytes.NewReader(content)); {
		case err != nil:
			return err
		case of != cik:
			return errors.Errorf("it is of CIK %d", of)
		}
		f.Content = content
		return nil
	})
	if err != nil {
		return Facts{}, Version{}, err
	}
	return f, v, nil
}

// DailyIndex returns what was filed on a day, in the order of its index: by form. A filing of several companies is there once
// for each. It returns ErrNotFound for a day without an index: a weekend, a holiday, or one that is not over.
func (c *Client) DailyIndex(ctx context.Context, day time.Time) (entries []IndexEntry, err error) {
	r := request{
		what: whatDailyIndex, about: "index of " + day.Format(time.DateOnly), missing: true,
		url: fmt.Sprintf("%s/Archives/edgar/daily-index/%d/QTR%d/form.%s.idx", c.cfg.FilesURL, day.Year(), (day.Month()+2)/3, day.Format("20060102")),
	}
	_, err = c.document(ctx, r, Version{}, func(content []byte) (err error) {
		entries, err = ParseDailyIndex(bytes.NewReader(content))
		return err
	})
	return entries, err
}
