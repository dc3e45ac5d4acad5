package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// counts are what came of an import.
type counts struct {
	written, unchanged, skipped int64
	report                      *value.ImportReport // of company facts
	adjustedAsOf                *time.Time          // of prices
	warning                     string              // a sentence, if there is something to warn of
}

// A writer writes what a file says.
type writer func(ctx context.Context, tx pgx.Tx, q *db.Queries) (counts, error)

// RunImport carries out an ImportArgs job: it reads the file outside any transaction (but prices, which are as long as one
// likes), then writes everything, ends the import and completes the job in one. Errors that are Permanent: Invalid, NotFound, TooLarge; others are worth a retry.
func (a *App) RunImport(ctx context.Context, job *river.Job[ImportArgs]) error {
	im, err := a.queries.GetImport(ctx, job.Args.ImportID)
	if errors.Is(err, pgx.ErrNoRows) {
		return river.JobCancel(errors.New("the import was deleted"))
	} else if err != nil {
		return errors.Wrap(err, "get import")
	}
	return a.attempted(ctx, job.JobRow, a.runImport(ctx, im, job), func(ctx context.Context, reason *string) error {
		return a.queries.SetImportError(ctx, db.SetImportErrorParams{ID: im.ID, Error: reason})
	})
}

// attempted returns what River is to have of an attempt of a job that ended with err. If that was the last one, it has say keep
// the reason, in words for people.
func (a *App) attempted(ctx context.Context, job *rivertype.JobRow, err error, say func(ctx context.Context, reason *string) error) error {
	switch {
	case errors.Is(err, errTaken):
		return a.leaveTo(ctx, job.ID)
	case err == nil, CutOff(err), !Permanent(err) && job.Attempt < job.MaxAttempts:
		return err
	}
	reason := "an internal error, see the log"
	if e, ok := errors.Into[*Error](err); ok {
		reason = e.Error()
	} else if e, ok := errors.Into[edgarError](err); ok {
		reason = e.Error()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if serr := say(ctx, &reason); serr != nil {
		return errors.Wrap(serr, "say why the job fails")
	}
	return err
}

func (a *App) runImport(ctx context.Context, im db.Import, job *river.Job[ImportArgs]) error {
	if im.DocumentID == nil {
		return &Error{Code: NotFound, Message: "the file is no longer there"}
	}
	switch facts, err := a.importedAlready(ctx, im); {
	case err != nil:
		return err
	case facts != nil:
		return a.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
			return finishImport(ctx, tx, q, job, ImportUnchanged, counts{report: facts.Report, warning: nothingRead(facts.Report)})
		})
	}
	if err := a.findCompany(ctx, im); err != nil {
		return err
	}
	for {
		write, err := a.readImport(ctx, im)
		if err != nil {
			return err
		}
		err = a.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
			c, err := write(ctx, tx, q)
			if err != nil {
				return err
			}
			return finishImport(ctx, tx, q, job, ImportSucceeded, c)
		})
		if !errors.Is(err, errOtherDocuments) {
			return err
		}
	}
}

// readImport reads the file of an import. What it returns writes what the file says.
func (a *App) readImport(ctx context.Context, im db.Import) (writer, error) {
	open := func() (io.Reader, error) {
		plain, err := openDocument(ctx, a.queries, *im.DocumentID)
		return &progressReader{ctx: ctx, r: plain, report: func(done int64) error {
			return a.queries.SetImportProgress(ctx, db.SetImportProgressParams{ID: im.ID, Done: done})
		}}, err
	}
	if ImportKind(im.Kind) == ImportPrices {
		return a.readPrices(im, open), nil
	}
	progress, err := open()
	if err != nil {
		return nil, err
	}
	switch ImportKind(im.Kind) {
	case ImportCompanies:
		return a.readCompanies(progress)
	case ImportSECCompanyFacts:
		return a.readCompanyFacts(ctx, progress, a.factsOf(im))
	case ImportExchangeRates:
		return a.readRates(progress)
	default: // ImportSplits
		return a.readSplits(progress)
	}
}

// importedAlready returns what was read before if all that the import would write is there: the same bytes were imported
// for the company by the same rules, and nothing that came from them was changed by hand since.
func (a *App) importedAlready(ctx context.Context, im db.Import) (*db.CompanyFact, error) {
	if ImportKind(im.Kind) != ImportSECCompanyFacts {
		return nil, nil
	}
	facts, err := a.queries.GetFactsOfDocument(ctx, db.GetFactsOfDocumentParams{
		DocumentID: *im.DocumentID, RulesVersion: sec.RulesVersion,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil || im.Ticker == nil {
		return &facts, wrap(err, "look for earlier imports of the document")
	}
	l, err := a.queries.GetListing(ctx, *im.Ticker)
	if errors.Is(err, pgx.ErrNoRows) || l.CompanyID != facts.CompanyID ||
		im.Exchange != nil && (l.Exchange == nil || *l.Exchange != *im.Exchange) {
		return nil, nil
	}
	return &facts, wrap(err, "get listing")
}

// forHand has the document of a company, which was locked for something that is about to be changed by hand, read again by
// the next import, which may bring back what was filed.
func forHand(ctx context.Context, q *db.Queries, locked *answer[int64], what string) error {
	companyID, err := locked.get(ctx)
	if err != nil {
		return found(err, what)
	}
	return wrap(q.MarkFactsEdited(ctx, companyID), "mark the facts")
}

// findCompany returns a NotFound error when the company that the file must be about is not there, before all of the
// file is read.
func (a *App) findCompany(ctx context.Context, im db.Import) error {
	switch kind := ImportKind(im.Kind); {
	case kind == ImportPrices && im.Ticker != nil:
		_, err := a.queries.GetListing(ctx, *im.Ticker)
		return found(err, "company "+*im.Ticker)
	case kind == ImportSECCompanyFacts && im.Ticker == nil:
		plain, err := openDocument(ctx, a.queries, *im.DocumentID)
		if err != nil {
			return err
		}
		cik, err := sec.ReadCIK(plain)
		if err != nil {
			return unreadable(err)
		}
		_, err = a.queries.GetCompanyByCIK(ctx, cik)
		return foundCIK(err, cik)
	}
	return nil
}

func foundCIK(err error, cik int64) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return &Error{Code: NotFound, Message: fmt.Sprintf("CIK %d is not in the list of companies: name its ticker", cik)}
	}
	return wrap(err, "get company")
}

var errTaken = errors.New("another worker has taken over the job")

// leaveTo waits until the other worker is done: what this one returns before, River would take for the other's result.
func (a *App) leaveTo(ctx context.Context, jobID int64) error {
	for {
		job, err := a.jobs.JobGet(ctx, jobID)
		if err != nil || job.State != rivertype.JobStateRunning {
			return errTaken
		}
		select {
		case <-ctx.Done():
			return errTaken
		case <-time.After(time.Second):
		}
	}
}

// finishImport completes the job and ends its import. What the transaction has written is given up when the import was
// cancelled, or when another worker has taken the job for abandoned.
func finishImport(ctx context.Context, tx pgx.Tx, q *db.Queries, job *river.Job[ImportArgs], state string, c counts) error {
	if err := completeJob(ctx, tx, job); err != nil {
		return err
	}
	n, err := q.FinishImport(ctx, db.FinishImportParams{
		ID: job.Args.ImportID, State: state, Written: c.written, Unchanged: c.unchanged, Skipped: c.skipped,
		Report: c.report, Warning: notEmpty(c.warning), AdjustedAsOf: c.adjustedAsOf,
	})
	if err == nil && n == 0 {
		return river.JobCancel(errors.New("the import was cancelled"))
	}
	return wrap(err, "end import")
}

// completeJob completes a job with what is written in its transaction. The error is errTaken if another worker has taken the
// job for abandoned.
func completeJob[T river.JobArgs](ctx context.Context, tx pgx.Tx, job *river.Job[T]) error {
	done, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
	if err != nil {
		return errors.Wrap(err, "complete job")
	}
	if done.State != rivertype.JobStateCompleted || !slices.Equal(done.AttemptedBy, job.AttemptedBy) {
		return errTaken
	}
	return nil
}

// progressReader reports at most four times a second how many bytes were read. Reading ends with the context.
type progressReader struct {
	ctx    context.Context
	r      io.Reader
	report func(done int64) error
	done   int64
	last   time.Time
}

func (p *progressReader) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.r.Read(b)
	p.done += int64(n)
	if now := time.Now(); now.Sub(p.last) > 250*time.Millisecond {
		p.last = now
		if err := p.report(p.done); err != nil {
			return n, errors.Wrap(err, "report progress")
		}
	}
	return n, err
}
