package app

import (
	"context"
	"io"
	"math"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/gen/db"
)

// ImportKind says what kind of file is imported.
type ImportKind string

const (
	ImportCompanies       ImportKind = "companies"
	ImportSECCompanyFacts ImportKind = "sec_company_facts"
	ImportPrices          ImportKind = "prices"
	ImportSplits          ImportKind = "splits"
	ImportExchangeRates   ImportKind = "exchange_rates"
)

// OtherCIK says what a CIK is that the company of an import is not known to have.
type OtherCIK string

const (
	NewCIK    OtherCIK = "new"    // the company has taken it on
	FormerCIK OtherCIK = "former" // it had it before
)

// The states of an import. They follow the state of the import's River job; unchanged is a job that completed without
// anything to do.
const (
	ImportSucceeded = "succeeded"
	ImportUnchanged = "unchanged"
	ImportFailed    = "failed"
	ImportCancelled = "cancelled"
)

// ImportQueue is the River queue of the imports.
const ImportQueue = "imports"

// ImportTimeout is how long an import may take whose file is in memory.
const ImportTimeout = 10 * time.Minute

// priceImportTimeout is how long one of prices may take.
const priceImportTimeout = time.Hour

// Adjustment says what prices are adjusted for.
type Adjustment string

// AdjustedSplits is the one that can be undone.
const AdjustedSplits Adjustment = "splits"

// ImportArgs is the job that carries out an import. All but the id is for people who look at the job.
type ImportArgs struct {
	ImportID int64      `json:"import_id"`
	FileKind ImportKind `json:"kind"`
	Ticker   *string    `json:"ticker,omitempty"`
	FileName *string    `json:"file_name,omitempty"`
}

func (ImportArgs) Kind() string { return "import" }

// Timeout is how long the import may take.
func (a ImportArgs) Timeout() time.Duration {
	if a.FileKind == ImportPrices {
		return priceImportTimeout
	}
	return ImportTimeout
}

// InsertOpts makes five attempts: what a retry cannot heal ends at the first.
func (ImportArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: ImportQueue, MaxAttempts: 5}
}

// An ImportRequest is a file to import, plain, gzip-compressed or a zip of one file. Ticker and Exchange are those of the
// listing that it is about. Prices without ticker are of the listings that a column of the file names; company facts may
// do without it. FileName is shown only; when it is nil, what NameOf returns once File is read.
type ImportRequest struct {
	Kind                       ImportKind
	Ticker, Exchange, FileName *string
	OtherCIK                   *OtherCIK   // of company facts
	Adjusted                   *Adjustment // of prices; nil for as traded, unless AdjustedAsOf is there
	AdjustedAsOf               *time.Time  // the day up to which they are adjusted for splits; if nil that of the newest row
	File                       io.Reader
	NameOf                     func() *string // the name that came with File, nil for none; may be nil itself
}

// StartImport takes in a file and enqueues its import for a superuser, once for an idempotency key. Errors:
// Unauthenticated, Forbidden, NotFound, Invalid, TooLarge, Conflict,
// Unavailable.
func (a *App) StartImport(ctx context.Context, actor Actor, in ImportRequest) (db.Import, error) {
	if err := actor.writer(); err != nil {
		return db.Import{}, err
	}
	if in.Kind == ImportPrices && in.Ticker != nil {
		if _, err := a.queries.GetListing(ctx, ticker(*in.Ticker)); err != nil {
			return db.Import{}, found(err, "company")
		}
	}
	imports, err := a.StartImports(ctx, actor, in)
	if err != nil {
		return db.Import{}, err
	}
	return imports[0], nil
}

// StartImports takes in all of the files, or none when one cannot be. One that needs a company which an earlier one may
// bring waits for that. Errors: Unauthenticated, Forbidden, Invalid, TooLarge, Unavailable.
func (a *App) StartImports(ctx context.Context, actor Actor, in ...ImportRequest) ([]db.Import, error) {
	if err := actor.writer(); err != nil {
		return nil, err
	}
	for i := range in {
		var v validator
		v.importRequest(&in[i], a.today())
		if err := v.err(); err != nil {
			return nil, err
		}
	}
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		return nil, &Error{
			Code: Unavailable, Type: "too-many-uploads", Message: "other files are being received: try again soon", RetryAfter: 5 * time.Second,
		}
	}
	docs := make([]db.CreateDocumentParams, len(in))
	request := []any{"import"}
	defer a.deleteUploads(ctx, docs)
	for i := range in {
		var err error
		if docs[i], err = a.receive(ctx, in[i]); err != nil {
			return nil, err
		}
		request = append(request, in[i].Kind, in[i].Ticker, in[i].Exchange, in[i].FileName, docs[i].Sha256)
		if in[i].OtherCIK != nil {
			request = append(request, *in[i].OtherCIK)
		}
		if in[i].Adjusted != nil && in[i].AdjustedAsOf == nil {
			request = append(request, *in[i].Adjusted)
		}
		if in[i].AdjustedAsOf != nil {
			request = append(request, *in[i].AdjustedAsOf)
		}
		if in[i].FileName == nil && in[i].NameOf != nil { // the same file with another name is the same request
			in[i].FileName = in[i].NameOf()
		}
	}
	return once(ctx, a, actor, request, func(tx *pipeline, q *db.Queries) ([]db.Import, error) {
		ids, err := storeDocuments(ctx, q, docs)
		if err != nil {
			return nil, err
		}
		imports := make([]db.Import, len(in))
		for i, r := range in {
			if imports[i], err = a.enqueueImport(ctx, tx, q, actor, r, ids[i], docs[i].Size); err != nil {
				return nil, err
			}
		}
		for _, im := range imports {
			if err := a.audit(ctx, q, actor, importEvent("import.started", im)); err != nil {
				return nil, err
			}
		}
		return imports, nil
	})
}

// deleteUploads deletes those that no document has: the same bytes were there, or the import cannot be.
func (a *App) deleteUploads(ctx context.Context, docs []db.CreateDocumentParams) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, d := range docs {
		if d.UploadID == nil {
			continue
		}
		if err := a.queries.DeleteUpload(ctx, *d.UploadID); err != nil {
			a.Logger.WarnContext(ctx, "an upload stays until it is pruned", "upload", *d.UploadID, "error", err)
		}
	}
}

func importEvent(action string, im db.Import) auditEvent {
	detail := map[string]any{"kind": im.Kind}
	for name, v := range map[string]*string{"ticker": im.Ticker, "exchange": im.Exchange, "other_cik": im.OtherCik, "adjusted": im.Adjusted, "file_name": im.FileName} {
		if v != nil {
			detail[name] = *v
		}
	}
	if im.AdjustedAsOf != nil {
		detail["adjusted_as_of"] = im.AdjustedAsOf.Format(time.DateOnly)
	}
	return auditEvent{Action: action, TargetType: "import", Target: idText(im.ID), Detail: detail}
}

func (v *validator) importRequest(r *ImportRequest, today time.Time) {
	if r.Ticker != nil {
		t := ticker(*r.Ticker)
		r.Ticker = &t
		v.ticker("ticker", t)
	}
	v.optionalText("exchange", r.Exchange)
	v.optionalText("file_name", r.FileName)
	v.check(r.Exchange == nil || r.Ticker != nil, "exchange", "needs a ticker", "ticker")
	if r.OtherCIK != nil {
		v.check(*r.OtherCIK == NewCIK || *r.OtherCIK == FormerCIK, "other_cik", "must be new or former")
		v.check(r.Ticker != nil, "other_cik", "needs a ticker", "ticker")
	}
	v.check(r.Adjusted == nil || *r.Adjusted == AdjustedSplits, "adjusted", "must be splits")
	v.date("adjusted_as_of", r.AdjustedAsOf, today)
	if r.AdjustedAsOf != nil {
		r.Adjusted = new(AdjustedSplits)
	}
}

func (a *App) enqueueImport(ctx context.Context, tx pgx.Tx, q *db.Queries, actor Actor, r ImportRequest, docID, size int64) (db.Import, error) {
	waits, err := waitsForCompanies(ctx, q, r)
	if err != nil {
		return db.Import{}, err
	}
	var createdBy *int64
	if actor != System {
		createdBy = &actor.UserID
	}
	im, err := q.CreateImport(ctx, db.CreateImportParams{
		Kind: string(r.Kind), Ticker: r.Ticker, Exchange: r.Exchange, OtherCik: (*string)(r.OtherCIK),
		Adjusted: (*string)(r.Adjusted), AdjustedAsOf: r.AdjustedAsOf, FileName: r.FileName, DocumentID: &docID, Total: &size,
		CreatedBy: createdBy,
	})
	if err != nil {
		return im, errors.Wrap(err, "create import")
	}
	args := ImportArgs{ImportID: im.ID, FileKind: r.Kind, Ticker: r.Ticker, FileName: r.FileName}
	res, err := a.jobs.InsertTx(ctx, tx, args, &river.InsertOpts{Pending: waits})
	if err != nil {
		return im, errors.Wrap(err, "enqueue import")
	}
	im, err = q.SetImportJob(ctx, db.SetImportJobParams{ID: im.ID, JobID: &res.Job.ID})
	return im, wrap(err, "set job")
}

// waitsForCompanies reports whether the import needs a company that may come with an import which has not ended. Its
// job then is pending until the database makes it available.
func waitsForCompanies(ctx context.Context, q *db.Queries, r ImportRequest) (bool, error) {
	switch r.Kind {
	case ImportCompanies, ImportExchangeRates:
		return false, nil
	case ImportSECCompanyFacts:
		if r.Ticker != nil {
			return false, nil // which brings the company itself
		}
	case ImportPrices:
		if r.Ticker == nil {
			break
		}
		if _, err := q.GetListing(ctx, *r.Ticker); !errors.Is(err, pgx.ErrNoRows) {
			return false, wrap(err, "get listing")
		}
	case ImportSplits:
	}
	if err := q.LockImportOrder(ctx); err != nil {
		return false, errors.Wrap(err, "lock the order of imports")
	}
	coming, err := q.CompaniesAreComing(ctx)
	return coming, wrap(err, "look for imports of companies")
}

// ListImports returns a page of the imports to a superuser, the newest first. Errors: Unauthenticated, Forbidden,
// Invalid.
func (a *App) ListImports(ctx context.Context, actor Actor, p Page) ([]db.Import, string, error) {
	if err := actor.superuser(); err != nil {
		return nil, "", err
	}
	params := db.ListImportsParams{BeforeID: math.MaxInt64, PageSize: p.limit()}
	var v validator
	v.page(p, &params.BeforeID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListImports(ctx, params)
	return cut(p, rows, err, func(i db.Import) []any { return []any{i.ID} })
}

// HasData reports whether there is a company, or was an import not long ago.
func (a *App) HasData(ctx context.Context) (bool, error) {
	some, err := a.queries.HasData(ctx)
	return some, wrap(err, "look for data")
}

// GetImport returns an import to a superuser. Errors: Unauthenticated, Forbidden, NotFound.
func (a *App) GetImport(ctx context.Context, actor Actor, id int64) (db.Import, error) {
	if err := actor.superuser(); err != nil {
		return db.Import{}, err
	}
	im, err := a.queries.GetImport(ctx, id)
	if err == nil && im.FinishedAt != nil { // who knows of its end reads what it has brought
		a.wrote(ctx)
	}
	return im, found(err, "import")
}

// CancelImport cancels an import that has not ended, for a superuser. None of its data is kept. Errors:
// Unauthenticated, Forbidden, NotFound, Conflict.
func (a *App) CancelImport(ctx context.Context, actor Actor, id int64) (im db.Import, err error) {
	if err := actor.writer(); err != nil {
		return im, err
	}
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		if im, err = q.GetImport(ctx, id); err != nil {
			return found(err, "import")
		}
		ended := im.FinishedAt != nil || im.JobID == nil
		if !ended { // the job's lock comes before the import's, as everywhere
			job, err := a.jobs.JobCancelTx(ctx, tx, *im.JobID)
			switch {
			case errors.Is(err, river.ErrNotFound):
				ended = true
			case err != nil:
				return errors.Wrap(err, "cancel job")
			case job.State == rivertype.JobStateRunning: // until its worker notices
				if err := q.CancelRunningImport(ctx, id); err != nil {
					return errors.Wrap(err, "cancel import")
				}
			default:
				ended = job.State != rivertype.JobStateCancelled
			}
		}
		if im, err = q.GetImport(ctx, id); err != nil {
			return errors.Wrap(err, "get import")
		}
		if ended {
			return &Error{Code: Conflict, Type: "import-ended", Message: "the import has ended: " + im.State}
		}
		return a.audit(ctx, q, actor, importEvent("import.cancelled", im))
	})
	return im, err
}
