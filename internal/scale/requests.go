package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/sec"
)

// A request is one of those that are measured. Names in braces in its target stand for what subjects has of them. One that
// goes deep is measured on pages far behind the first, too.
type request struct {
	operation string // its id in openapi.yaml
	name      string
	target    string
	deep      bool
}

// requests are all that the public may ask for.
var requests = []request{
	{"getCompany", "company by ticker", "/companies/{ticker}", false},
	{"getCompany", "company by CIK", "/companies/{cikName}", false},
	{"listCompanies", "companies", "/companies?page_size=100", true},
	{"listCompanies", "companies of an exchange", "/companies?exchange={exchange}&page_size=100", true},
	{"listCompanies", "companies with statements", "/companies?has_statements=true&page_size=100", true},
	{"listCompanies", "companies, the largest first", "/companies?sort=relevance&page_size=100", true},
	{"listCompanies", "search: part of a name", "/companies?q={part}&page_size=100", false},
	{"listCompanies", "search: word in many names", "/companies?q={word}&page_size=100", false},
	{"listCompanies", "search: what half of all names have", "/companies?q={form}&page_size=100", false},
	{"listCompanies", "search: the same, by name", "/companies?q={form}&sort=name&page_size=100", false},
	{"listCompanies", "search: beginning of tickers", "/companies?q={beginning}&page_size=100", false},
	{"listCompanies", "search: CIK", "/companies?q={cik}&page_size=100", false},
	{"listCompanies", "search: nothing found", "/companies?q={nothing}&page_size=100", false},

	{"listFinancialStatements", "statements", "/financial-statements?page_size=100", true},
	{"listFinancialStatements", "statements, annual", "/financial-statements?period=annual&page_size=100", true},
	{"listFinancialStatements", "statements of a fiscal year", "/financial-statements?fiscal_year={year}&page_size=100", false},
	{"listFinancialStatements", "statements published since a day", "/financial-statements?published_since={day}&page_size=100", false},
	{"listFinancialStatements", "statements known since a day", "/financial-statements?known_since={day}&page_size=100", false},
	{"listFinancialStatements", "statements as of a day", "/financial-statements?as_of={day}&page_size=100", true},
	{"listValueMetrics", "value metrics", "/value-metrics?page_size=100", true},
	{"listValueMetrics", "value metrics, all", "/value-metrics?metrics=all&page_size=100", false},
	{"listValueMetrics", "value metrics as of a day", "/value-metrics?as_of={day}&page_size=100", false},
	{"listDividends", "dividends", "/dividends?page_size=100", true},
	{"listDividends", "dividends of a fiscal year", "/dividends?fiscal_year={year}&page_size=100", false},
	{"listDividends", "dividends as of a day", "/dividends?as_of={day}&page_size=100", false},
	{"listRestatements", "restatements", "/restatements?page_size=100", true},
	{"listRestatements", "restatements known since a day", "/restatements?known_since={day}&page_size=100", false},
	{"listRestatements", "restatements as of a day", "/restatements?as_of={day}&page_size=100", false},
	{"listDailyRatios", "daily ratios of a day", "/daily-ratios?date={last}&page_size=100", true},
	{"listDailyRatios", "daily ratios of a day, all metrics", "/daily-ratios?date={last}&metrics=all&page_size=100", false},
	{"listExchangeRates", "exchange rates", "/exchange-rates?page_size=100", true},

	{"listCompanyFinancialStatements", "company's statements", "/companies/{symbol}/financial-statements?page_size=100", false},
	{"listCompanyFinancialStatements", "company's statements as of a day", "/companies/{symbol}/financial-statements?as_of={day}&page_size=100", false},
	{"listCompanyRestatements", "company's restatements", "/companies/{symbol}/restatements?page_size=100", false},
	{"listCompanyValueMetrics", "company's value metrics", "/companies/{symbol}/value-metrics?page_size=100", false},
	{"listCompanyDividends", "company's dividends", "/companies/{symbol}/dividends?page_size=100", false},
	{"listCompanySplits", "company's splits", "/companies/{symbol}/splits?page_size=100", false},
	{"listCompanyPrices", "company's prices", "/companies/{traded}/prices?page_size=100", false},
	{"listCompanyDailyRatios", "company's daily ratios", "/companies/{traded}/daily-ratios?metrics=none&page_size=100", false},
	{"listCompanyDailyRatios", "company's daily ratios, all metrics", "/companies/{traded}/daily-ratios?page_size=100", false},
	{"explainDailyRatio", "explanation of a daily ratio", "/companies/{traded}/daily-ratios/{last}/explanation?field=market_cap", false},
	{"getCompanyValuation", "valuation", "/companies/{traded}/valuation?discount_rate=0.1&terminal_growth=0.03", false},
	{"getFinancialStatement", "statement", "/financial-statements/{statement}", false},
	{"listFinancialStatementVersions", "versions of a statement", "/financial-statements/{statement}/versions?page_size=100", false},
	{"explainFinancialStatement", "explanation of a figure", "/financial-statements/{statement}/explanation?field=total_assets", false},
	{"getDividend", "dividend", "/dividends/{dividend}", false},
	{"listMetrics", "definitions of metrics", "/metrics", false},
	{"getRules", "rules", "/rules", false},
}

// subjects are what requests are about, by the names in their targets.
type subjects map[string][]string

// findSubjects finds what can be asked for of the first n companies.
func (g *generator) findSubjects(ctx context.Context, db database, n int) (subjects, error) {
	const most = 200
	s := subjects{
		"exchange": exchanges, "word": trades, "form": {"inc"}, "nothing": {"zqx", "xqz", "qzz", "wqxz", "zzqj"},
		"last": {lastDay.Format(time.DateOnly)},
	}
	for i := range 40 {
		s["day"] = append(s["day"], lastDay.AddDate(0, -3*i, 0).Format(time.DateOnly))
	}
	for year := range 12 {
		s["year"] = append(s["year"], fmt.Sprint(lastDay.Year()-1-year))
	}
	var tickers []string
	err := g.listed(n, func(c *company, ticker string) {
		if len(s["traded"]) < tradedListings {
			s["traded"] = append(s["traded"], ticker)
		}
		tickers = append(tickers, ticker)
	})
	if err != nil {
		return nil, err
	}
	s["ticker"] = spread(tickers, most)
	for _, t := range s["ticker"] {
		s["beginning"] = append(s["beginning"], t[:2])
	}
	for i := range min(n, most) {
		c, err := g.company(i * n / min(n, most))
		if err != nil {
			return nil, err
		}
		s["part"] = append(s["part"], strings.ToLower(c.name[1:5]))
		s["cik"] = append(s["cik"], fmt.Sprint(c.cik))
		if c.failure(0) == "" {
			s["symbol"], s["cikName"] = append(s["symbol"], c.symbol()), append(s["cikName"], sec.CIKName(c.cik))
		}
	}
	for name, table := range map[string]string{"statement": "financial_statement", "dividend": "dividend"} {
		var id string
		err := db.query(ctx, fmt.Sprintf("SELECT id::text FROM %s WHERE known_to IS NULL ORDER BY md5(id::text) LIMIT %d", table, most),
			[]any{&id}, func() error { s[name] = append(s[name], id); return nil })
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// spread returns at most n of a list, evenly.
func spread(all []string, n int) []string {
	var out []string
	for i := range min(n, len(all)) {
		out = append(out, all[i*len(all)/min(n, len(all))])
	}
	return out
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

// target fills in a target's names, the i-th of each. It is false if there is nothing of a name.
func (s subjects) target(target string, i int) (string, bool) {
	ok := true
	out := placeholder.ReplaceAllStringFunc(target, func(name string) string {
		of := s[strings.Trim(name, "{}")]
		if len(of) == 0 {
			ok = false
			return ""
		}
		return url.PathEscape(of[i%len(of)])
	})
	return out, ok
}

// A timing is how long answers took, and how many were not 200 OK.
type timing struct {
	p50, p99 time.Duration
	requests int
	failed   int
	failure  string // the first
}

// A client asks one thing after the other over one connection.
type client struct {
	http *http.Client
	base string
}

func newClient(address string) *client {
	return &client{&http.Client{Timeout: time.Minute}, "http://" + address + "/api/v1"}
}

// get returns the answer of a target and how long it took until all of it was there.
func (c *client) get(ctx context.Context, target string) (body []byte, status int, took time.Duration, err error) {
	begin := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+target, nil) //nolint:gosec // the server is ours
	if err != nil {
		return nil, 0, 0, errors.Wrap(err, "make request")
	}
	res, err := c.http.Do(req) //nolint:gosec // the server is ours
	if err != nil {
		return nil, 0, 0, errors.Wrap(err, target)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err = io.ReadAll(res.Body); err != nil {
		return nil, 0, 0, errors.Wrap(err, target)
	}
	return body, res.StatusCode, time.Since(begin), nil
}

const (
	timesEach = 200
	warmUp    = 10 // requests that do not count
	// What a walk to deep pages goes through.
	walkedPages = 50
	walkedItems = 1000
)

// measure asks for the targets in turn.
func (c *client) measure(ctx context.Context, targets []string) (timing, error) {
	var t timing
	var took []time.Duration
	for i := range warmUp + timesEach {
		target := targets[i%len(targets)]
		body, status, d, err := c.get(ctx, target)
		switch {
		case err != nil:
			return t, err
		case i < warmUp:
			continue
		case status != http.StatusOK:
			if t.failed++; t.failure == "" {
				t.failure = fmt.Sprintf("%s: %d %.200s", target, status, body)
			}
			continue
		}
		took = append(took, d)
	}
	t.requests = len(took)
	slices.Sort(took)
	t.p50, t.p99 = percentile(took, 0.5), percentile(took, 0.99)
	return t, nil
}

// percentile returns the smallest of sorted values that at least a share p of them does not exceed, 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}

// deepPages walks through a list and returns targets of pages of its second half, or of the end of the walk: none if
// there is one page only.
func (c *client) deepPages(ctx context.Context, target string) ([]string, error) {
	size := regexp.MustCompile(`page_size=\d+`)
	var tokens []string
	at := size.ReplaceAllString(target, fmt.Sprintf("page_size=%d", walkedItems))
	for next := at; len(tokens) < walkedPages; {
		body, status, _, err := c.get(ctx, next)
		if err != nil {
			return nil, err
		}
		var page struct {
			Next string `json:"next_page_token"`
		}
		if status != http.StatusOK {
			return nil, errors.Errorf("%s: %d %.200s", next, status, body)
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, errors.Wrap(err, next)
		}
		if page.Next == "" {
			break
		}
		tokens = append(tokens, page.Next)
		next = at + "&page_token=" + page.Next
	}
	var pages []string
	for _, token := range tokens[len(tokens)/2:] {
		pages = append(pages, target+"&page_token="+token)
	}
	return pages, nil
}

// measureAll measures all requests. It returns the timings by the names of lines, in their order.
func (c *client) measureAll(ctx context.Context, s subjects, progress func(string)) (names []string, timings map[string]timing, err error) {
	timings = map[string]timing{}
	add := func(name string, targets []string) error {
		names = append(names, name)
		if len(targets) == 0 {
			return nil
		}
		progress(name)
		timings[name], err = c.measure(ctx, targets)
		return err
	}
	for _, r := range requests {
		var targets []string
		for i := range timesEach {
			if target, ok := s.target(r.target, i); ok {
				targets = append(targets, target)
			}
		}
		if err := add(r.name, targets); err != nil {
			return nil, nil, err
		}
		if !r.deep || len(targets) == 0 {
			continue
		}
		pages, err := c.deepPages(ctx, targets[0])
		if err != nil {
			return nil, nil, err
		}
		if err := add(r.name+", deep in the list", pages); err != nil {
			return nil, nil, err
		}
	}
	return names, timings, nil
}
