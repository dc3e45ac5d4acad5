package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// A document is one of those that a company's figures come from: the company facts of one of its CIKs.
type document = db.ListDocumentsRow

func sameDocument(a, b document) bool { return a.Cik == b.Cik && a.DocumentID == b.DocumentID }

// errOtherDocuments says that a company's documents are no longer those that were read.
var errOtherDocuments = errors.New("the company has other documents by now")

// ciks returns all CIKs of a company, the oldest first.
func ciks(c db.Company) []int64 {
	all := slices.Clone(c.FormerCiks)
	if c.Cik != nil {
		all = append(all, *c.Cik)
	}
	return all
}

// own returns the documents of a company's CIKs, in the order of these. When there is none, as after a wrong CIK was
// corrected, it returns those that there are: the company's figures come from them until others are imported.
func own(c db.Company, stored []document) []document {
	order := ciks(c)
	out := slices.DeleteFunc(slices.Clone(stored), func(d document) bool { return !slices.Contains(order, d.Cik) })
	if len(out) == 0 {
		return stored
	}
	slices.SortFunc(out, func(a, b document) int {
		return cmp.Compare(slices.Index(order, a.Cik), slices.Index(order, b.Cik))
	})
	return out
}

// with returns a company's documents once file takes the place of that of its CIK.
func with(c db.Company, stored []document, file document) []document {
	others := slices.DeleteFunc(slices.Clone(stored), func(d document) bool { return d.Cik == file.Cik })
	return own(c, append(others, file))
}

// readDocuments reads the documents of one company as one.
func readDocuments(ctx context.Context, q *db.Queries, documents []document) (*sec.CompanyFacts, error) {
	files := make([]io.Reader, len(documents))
	for i, d := range documents {
		var err error
		if files[i], err = openDocument(ctx, q, d.DocumentID); err != nil {
			return nil, err
		}
	}
	facts, err := sec.ParseCompanyFacts(files...)
	if err != nil {
		return nil, unreadable(err)
	}
	if last := documents[len(documents)-1].Cik; last != 0 && last != facts.CIK {
		return nil, &Error{Code: Invalid, Message: fmt.Sprintf("the stored document is about CIK %d, not %d: import that of the company", facts.CIK, last)}
	}
	return facts, nil
}

// figures are what follows from a company's facts.
type figures struct {
	history     []sec.Version
	restated    []value.Restatement
	dividends   []sec.DividendVersion
	shareCounts []value.ShareCount
	annualForms []sec.AnnualForm
	splits      []sec.SplitVersion
	report      value.ImportReport
	filers      []sec.FilerDays
}

func figuresOf(facts *sec.CompanyFacts, report value.ImportReport) figures {
	history, dividends := facts.Histories()
	return figures{history, facts.Restatements(history), dividends, facts.ShareCounts(), facts.AnnualForms(), facts.SplitHistory(), report, facts.FilerDays()}
}

// writeFigures writes what the figures of a company change, and which documents they come from. The company is locked.
func writeFigures(ctx context.Context, tx pgx.Tx, q *db.Queries, companyID int64, documents []document, f figures) (c counts, err error) {
	leftOut, warning, err := f.leaveOutUnknownCurrencies(ctx, q)
	if err != nil {
		return c, err
	}
	if c, err = writeHistory(ctx, tx, q, companyID, f.history, f.restated); err != nil {
		return c, err
	}
	c.skipped += leftOut
	c.warning, c.report = warning, &f.report
	d, err := writeDividends(ctx, q, companyID, f.dividends)
	if err != nil {
		return c, err
	}
	c.written += d.written
	c.unchanged += d.unchanged
	c.skipped += d.skipped
	if err := writeShareCounts(ctx, q, companyID, f.shareCounts); err != nil {
		return c, err
	}
	if err := writeAnnualForms(ctx, q, companyID, f.annualForms); err != nil {
		return c, err
	}
	if err := writeFoundSplits(ctx, q, companyID, f.splits); err != nil {
		return c, err
	}
	if err := writeFilerDays(ctx, q, companyID, f.filers); err != nil {
		return c, err
	}
	last := len(documents) - 1
	newest := documents[last]
	set := db.SetCompanyFactsParams{
		CompanyID: companyID, Cik: nil, DocumentID: newest.DocumentID, NewestFiled: newest.NewestFiled,
		RulesVersion: sec.RulesVersion, Report: &f.report,
	}
	if newest.Cik != 0 {
		set.Cik = &newest.Cik
	}
	if err := q.SetCompanyFacts(ctx, set); err != nil {
		return c, errors.Wrap(err, "set company facts")
	}
	keep := make([]int64, 0, last)
	for _, d := range documents[:last] {
		err := q.SetFormerFacts(ctx, db.SetFormerFactsParams{CompanyID: companyID, Cik: d.Cik, DocumentID: d.DocumentID, NewestFiled: d.NewestFiled})
		if err != nil {
			return c, errors.Wrap(err, "set former facts")
		}
		keep = append(keep, d.Cik)
	}
	err = q.DeleteFormerFacts(ctx, db.DeleteFormerFactsParams{CompanyID: companyID, Keep: keep})
	return c, wrap(err, "delete former facts")
}

// writeFilerDays writes from when until when the CIKs of a company have filed. A company that reports goes on.
func writeFilerDays(ctx context.Context, q *db.Queries, companyID int64, filers []sec.FilerDays) error {
	for _, f := range filers {
		if err := q.SetCIKDays(ctx, db.SetCIKDaysParams{Cik: f.CIK, FirstDay: &f.First, LastDay: &f.Last}); err != nil {
			return errors.Wrap(err, "set the days of a CIK")
		}
		if err := q.SetLastDay(ctx, db.SetLastDayParams{ID: companyID, Ended: nil, Reported: f.Last}); err != nil {
			return errors.Wrap(err, "set last day")
		}
	}
	return nil
}

// leaveOutUnknownCurrencies takes the figures away that are in no known currency, and says how many versions that were. The
// report does not count the statements among them.
func (f *figures) leaveOutUnknownCurrencies(ctx context.Context, q *db.Queries) (leftOut int64, warning string, err error) {
	var codes []string
	for _, v := range f.history {
		if !slices.Contains(codes, v.Currency) {
			codes = append(codes, v.Currency)
		}
	}
	unknown, err := q.ListUnknownCurrencies(ctx, codes)
	if err != nil || len(unknown) == 0 {
		return 0, "", wrap(err, "look up currencies")
	}
	n := len(f.history)
	f.history = slices.DeleteFunc(slices.Clone(f.history), func(v sec.Version) bool {
		isUnknown := slices.Contains(unknown, v.Currency)
		if isUnknown && v.KnownTo == nil {
			f.report.Statements--
		}
		return isUnknown
	})
	f.dividends = slices.DeleteFunc(slices.Clone(f.dividends), func(d sec.DividendVersion) bool { return slices.Contains(unknown, d.Currency) })
	leftOut = int64(n - len(f.history))
	return leftOut, fmt.Sprintf("versions of statements that were left out, in a currency that is not known (%s): %d",
		strings.Join(unknown[:min(len(unknown), 10)], ", "), leftOut), nil
}

// skippedFor returns the counts of the facts that were skipped, in words.
func skippedFor(s value.SkippedFacts) string {
	return inWords([]amount{
		{s.Form, "of a form that is not read"}, {s.Date, "with a date that cannot be"},
		{s.Value, "with a value that cannot be"}, {s.Count, "with a number of shares that cannot be"},
	})
}

// An amount is a number of something.
type amount struct {
	n    int
	what string
}

// inWords leaves out what there is none of.
func inWords(amounts []amount) string {
	var parts []string
	for _, a := range amounts {
		if a.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", a.n, a.what))
		}
	}
	return strings.Join(parts, ", ")
}

// Describe says in lines what was read of company facts.
func Describe(r value.ImportReport) []string {
	facts := fmt.Sprintf("facts: %d", r.Facts)
	if skipped := skippedFor(r.Skipped); skipped != "" {
		facts += "; skipped: " + skipped
	}
	filings := inWords([]amount{
		{r.Filings.Report, "first of a period"}, {r.Filings.Repeat, "of the same period again"},
		{r.Filings.NoBalanceSheet, "without a balance total"}, {r.Filings.NoFlow, "without a flow on a date of a balance total"},
	})
	return []string{facts, "filings: " + cmp.Or(filings, "0"), fmt.Sprintf("statements: %d", r.Statements)}
}

// nothingRead says in a sentence why no statement was made, nothing if one was.
func nothingRead(r *value.ImportReport) string {
	if r == nil || r.WhyNothing == nil {
		return ""
	}
	f := r.Filings
	all := f.Report + f.Repeat + f.NoBalanceSheet + f.NoFlow
	switch *r.WhyNothing {
	case value.NoFacts:
		return "no statement was made: the file has no facts"
	case value.NoPeriodicReport:
		return "no statement was made: all facts were skipped: " + skippedFor(r.Skipped)
	case value.NoBalanceSheet:
		return fmt.Sprintf("no statement was made: filings without a balance total: %d of %d", f.NoBalanceSheet, all)
	default: // value.NoFlow
		return fmt.Sprintf("no statement was made: filings in which no flow, such as revenue or net income, ends on a date of a balance total: %d of %d", f.NoFlow, all)
	}
}

func logReport(ctx context.Context, log *slog.Logger, r value.ImportReport, skipped []sec.SkippedFact) {
	why := ""
	if r.WhyNothing != nil {
		why = string(*r.WhyNothing)
	}
	log.InfoContext(ctx, "read company facts", "facts", r.Facts,
		slog.Group("skipped", "form", r.Skipped.Form, "date", r.Skipped.Date, "value", r.Skipped.Value, "count", r.Skipped.Count),
		slog.Group("filings", "report", r.Filings.Report, "repeat", r.Filings.Repeat,
			"no_balance_sheet", r.Filings.NoBalanceSheet, "no_flow", r.Filings.NoFlow),
		"statements", r.Statements, "why_nothing", why)
	for _, f := range skipped {
		level := slog.LevelInfo
		if f.Reason == "form" { // most files have such
			level = slog.LevelDebug
		}
		log.Log(ctx, level, "skipped a fact", "tag", f.Tag, "accession", f.Accession, "reason", f.Reason)
	}
}
