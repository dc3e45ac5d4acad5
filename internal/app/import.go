package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"math"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/edgevalue/edgevalue/gen/db"
)

// MaxFileSize is the size in bytes that an imported file may have when unpacked.
const MaxFileSize = 64 << 20

// ImportKind says what kind of file is imported.
type ImportKind string

const (
	ImportCompanies       ImportKind = "companies"
	ImportSECCompanyFacts ImportKind = "sec_company_facts"
	ImportPrices          ImportKind = "prices"
	ImportSplits          ImportKind = "splits"
)

// ImportQueue is the River queue of the imports.
const ImportQueue = "imports"

// ImportTimeout is how long one import may take.
const ImportTimeout = 10 * time.Minute

// ImportArgs is the job that carries out an import.
type ImportArgs struct {
	ImportID int64 `json:"import_id"`
}

func (ImportArgs) Kind() string { return "import" }

// InsertOpts makes five attempts: what a retry cannot heal ends at the first.
func (ImportArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: ImportQueue, MaxAttempts: 5}
}

// An ImportRequest is a file to import, plain or gzip-compressed. Ticker and Exchange are those of the listing that it is
// about; prices need the ticker of one that exists, company facts may do without.
type ImportRequest struct {
	Kind             ImportKind
	Ticker, Exchange *string
	File             io.Reader
}

// StartImport takes in a file and enqueues its import for a superuser.
func (a *App) StartImport(ctx context.Context, actor Actor, in ImportRequest) (db.Import, error) {
	imports, err := a.StartImports(ctx, actor, in)
	if err != nil {
		return db.Import{}, err
	}
	return imports[0], nil
}

// StartImports takes in all of the files, or none when one cannot be. They are imported in no certain order.
func (a *App) StartImports(ctx context.Context, actor Actor, in ...ImportRequest) ([]db.Import, error) {
	if err := actor.superuser(); err != nil {
		return nil, err
	}
	docs := make([]db.CreateDocumentParams, len(in))
	for i := range in {
		var v validator
		v.importRequest(&in[i])
		err := v.err()
		if err == nil && in[i].Kind == ImportPrices && len(in) == 1 {
			_, err = a.listing(ctx, *in[i].Ticker)
		}
		if err == nil {
			docs[i], err = readDocument(in[i].File)
		}
		if err != nil {
			return nil, err
		}
	}
	imports := make([]db.Import, len(in))
	err := a.inTx(ctx, func(tx pgx.Tx, q *db.Queries) (err error) {
		for i, r := range in {
			if imports[i], err = a.enqueueImport(ctx, tx, q, actor, r, docs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return imports, err
}

func (v *validator) importRequest(r *ImportRequest) {
	if r.Ticker != nil {
		t := ticker(*r.Ticker)
		r.Ticker = &t
		v.ticker("ticker", t)
	}
	v.optionalText("exchange", r.Exchange)
	v.check(r.Exchange == nil || r.Ticker != nil, "exchange", "needs a ticker", "ticker")
	v.check(r.Kind != ImportPrices || r.Ticker != nil, "ticker", "is required")
}

func (a *App) enqueueImport(ctx context.Context, tx pgx.Tx, q *db.Queries, actor Actor, r ImportRequest, doc db.CreateDocumentParams) (db.Import, error) {
	docID, err := q.CreateDocument(ctx, doc)
	if err != nil {
		return db.Import{}, errors.Wrap(err, "store document")
	}
	params := db.CreateImportParams{Kind: string(r.Kind), Ticker: r.Ticker, Exchange: r.Exchange, DocumentID: &docID, Total: &doc.Size}
	if actor != System {
		params.CreatedBy = &actor.UserID
	}
	im, err := q.CreateImport(ctx, params)
	if err != nil {
		return im, errors.Wrap(err, "create import")
	}
	res, err := a.jobs.InsertTx(ctx, tx, ImportArgs{ImportID: im.ID}, nil)
	if err != nil {
		return im, errors.Wrap(err, "enqueue import")
	}
	im, err = q.SetImportJob(ctx, db.SetImportJobParams{ID: im.ID, JobID: &res.Job.ID})
	return im, wrap(err, "set job")
}

// readDocument compresses a file on its way in, after unpacking it if need be.
func readDocument(file io.Reader) (doc db.CreateDocumentParams, err error) {
	in := bufio.NewReader(file)
	var plain io.Reader = in
	magic, err := in.Peek(2)
	switch {
	case len(magic) == 0 && errors.Is(err, io.EOF):
		return doc, invalidFile("is empty")
	case err != nil && !errors.Is(err, io.EOF):
		return doc, errors.Wrap(err, "read file")
	case bytes.Equal(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return doc, invalidFile("is not a whole gzip file: " + err.Error())
		}
		plain = z
	}
	var packed bytes.Buffer
	sum := sha256.New()
	w := gzip.NewWriter(&packed)
	doc.Size, err = io.Copy(io.MultiWriter(w, sum), io.LimitReader(plain, MaxFileSize+1))
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), plain != in && errors.Is(err, io.ErrUnexpectedEOF), corrupt(err):
		return doc, invalidFile("is not a whole gzip file: " + err.Error())
	case err != nil:
		return doc, errors.Wrap(err, "read file")
	case doc.Size > MaxFileSize:
		return doc, &Error{Code: TooLarge, Message: "the file has more than 64 MiB when unpacked"}
	case doc.Size == 0:
		return doc, invalidFile("is empty")
	}
	if err := w.Close(); err != nil {
		return doc, errors.Wrap(err, "compress file")
	}
	doc.Sha256, doc.Content = sum.Sum(nil), packed.Bytes()
	return doc, nil
}

// corrupt reports whether a gzip file's compressed data is broken.
func corrupt(err error) bool {
	var e flate.CorruptInputError
	return errors.As(err, &e)
}

func invalidFile(what string) error {
	return &Error{Code: Invalid, Message: "the file " + what, Fields: []FieldError{{Field: "", Message: what}}}
}

// ListImports answers a page of the imports to a superuser, the newest first.
func (a *App) ListImports(ctx context.Context, actor Actor, p Page) ([]db.Import, string, error) {
	if err := actor.superuser(); err != nil {
		return nil, "", err
	}
	before := int64(math.MaxInt64)
	if _, err := p.after(&before); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListImports(ctx, db.ListImportsParams{BeforeID: before, PageSize: p.limit()})
	if err != nil {
		return nil, "", errors.Wrap(err, "list imports")
	}
	return cut(rows, p, func(i db.Import) []any { return []any{i.ID} })
}

// GetImport answers an import to a superuser.
func (a *App) GetImport(ctx context.Context, actor Actor, id int64) (db.Import, error) {
	if err := actor.superuser(); err != nil {
		return db.Import{}, err
	}
	im, err := a.queries.GetImport(ctx, id)
	return im, found(err, "import")
}

// CancelImport cancels an import that has not ended, for a superuser. Nothing of it stays.
func (a *App) CancelImport(ctx context.Context, actor Actor, id int64) (im db.Import, err error) {
	if err := actor.superuser(); err != nil {
		return im, err
	}
	err = a.inTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		if im, err = q.LockImport(ctx, id); err != nil {
			return found(err, "import")
		}
		n, err := q.FinishImport(ctx, db.FinishImportParams{ID: id, State: "cancelled", Now: timePtr(a.Now())})
		if err != nil {
			return errors.Wrap(err, "cancel import")
		}
		if n == 0 {
			return &Error{Code: Conflict, Message: "the import has ended: " + im.State}
		}
		if im.JobID != nil {
			if _, err := a.jobs.JobCancelTx(ctx, tx, *im.JobID); err != nil && !errors.Is(err, river.ErrNotFound) {
				return errors.Wrap(err, "cancel job")
			}
		}
		im, err = q.GetImport(ctx, id)
		return wrap(err, "get import")
	})
	return im, err
}

func timePtr(t time.Time) *time.Time { return &t }

// counts are what came of an import.
type counts struct{ written, unchanged, skipped int64 }

// importLocks is the space of the advisory locks on imports.
const importLocks = 0x45564931

// RunImport carries out an ImportArgs job: it reads the file outside any transaction, then writes everything, ends the
// import and completes the job in one. A file that cannot be imported ends the import as failed and the job as cancelled.
func (a *App) RunImport(ctx context.Context, job *river.Job[ImportArgs]) error {
	id := job.Args.ImportID
	unlock, err := a.lockImport(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	im, err := a.queries.StartImport(ctx, db.StartImportParams{ID: id, Now: timePtr(a.Now())})
	if errors.Is(err, pgx.ErrNoRows) {
		return river.JobCancel(errors.New("the import has ended or was deleted"))
	} else if err != nil {
		return errors.Wrap(err, "start import")
	}
	err = a.runImport(ctx, im, job)
	if err == nil || ctx.Err() != nil && job.Attempt < job.MaxAttempts {
		return err
	}
	var e *Error
	if errors.As(err, &e) && e.Code == NotFound {
		// What is not there may come with a file that was handed in earlier.
		earlier, qerr := a.queries.HasEarlierImports(ctx, id)
		if qerr != nil {
			return errors.Wrap(qerr, "look for earlier imports")
		}
		if earlier {
			return river.JobSnooze(time.Second)
		}
	}
	// A conflict is with another import at the same time, which the next attempt sees.
	permanent := errors.As(err, &e) && e.Code != Conflict
	if !permanent && job.Attempt < job.MaxAttempts {
		return err
	}
	message := "an internal error, see the log"
	if e != nil {
		message = e.Error()
	}
	if !permanent {
		a.Logger.ErrorContext(ctx, "import failed", "import_id", id, "kind", im.Kind, "error", err)
	}
	_, ferr := a.queries.FinishImport(context.WithoutCancel(ctx), db.FinishImportParams{
		ID: id, State: "failed", Error: &message, Now: timePtr(a.Now()),
	})
	if ferr != nil {
		return errors.Wrap(ferr, "end import")
	}
	if permanent {
		return river.JobCancel(err)
	}
	return err
}

// lockImport takes the import's lock on a connection of its own until unlock is called.
func (a *App) lockImport(ctx context.Context, id int64) (unlock func(), err error) {
	conn, err := a.Pool.Acquire(ctx)
	if err != nil {
		return nil, errors.Wrap(err, "acquire connection")
	}
	q := db.New(conn)
	ok, err := q.TryImportLock(ctx, db.TryImportLockParams{Space: importLocks, ImportID: int32(id)})
	if err != nil || !ok {
		conn.Release()
		if err == nil {
			err = river.JobSnooze(5 * time.Second)
		}
		return nil, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if q.ReleaseImportLock(ctx, db.ReleaseImportLockParams{Space: importLocks, ImportID: int32(id)}) != nil {
			_ = conn.Conn().Close(ctx) // ends the session and with it the lock
		}
		conn.Release()
	}, nil
}

func (a *App) runImport(ctx context.Context, im db.Import, job *river.Job[ImportArgs]) error {
	if im.DocumentID == nil {
		return &Error{Code: NotFound, Message: "the file is no longer there"}
	}
	doc, err := a.queries.GetDocument(ctx, *im.DocumentID)
	if err != nil {
		return errors.Wrap(err, "get document")
	}
	z, err := gzip.NewReader(bytes.NewReader(doc.Content))
	if err != nil {
		return errors.Wrap(err, "unpack document")
	}
	progress := &progressReader{ctx: ctx, r: z, report: func(done int64) error {
		return a.queries.SetImportProgress(ctx, db.SetImportProgressParams{ID: im.ID, Done: done})
	}}
	var write func(ctx context.Context, q *db.Queries) (counts, error)
	switch ImportKind(im.Kind) {
	case ImportCompanies:
		write, err = a.readCompanies(progress)
	case ImportSECCompanyFacts:
		write, err = a.readCompanyFacts(progress, im)
	case ImportPrices:
		write, err = a.readPrices(progress, im)
	case ImportSplits:
		write, err = a.readSplits(progress)
	}
	if err != nil {
		return err
	}
	return a.inTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		if current, err := q.LockImport(ctx, im.ID); err != nil {
			return errors.Wrap(err, "lock import")
		} else if current.State != "running" {
			return river.JobCancel(errors.New("the import was cancelled"))
		}
		c, err := write(ctx, q)
		if err != nil {
			return err
		}
		if _, err := q.FinishImport(ctx, db.FinishImportParams{
			ID: im.ID, State: "succeeded", Done: &doc.Size, Now: timePtr(a.Now()),
			Written: c.written, Unchanged: c.unchanged, Skipped: c.skipped,
		}); err != nil {
			return errors.Wrap(err, "end import")
		}
		_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return wrap(err, "complete job")
	})
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

// RequeueImports makes the imports of workers that died available again, and reports how many. It also ends imports
// whose job is no more.
func (a *App) RequeueImports(ctx context.Context) (int64, error) {
	// River's table: its own rescuer waits for the job's timeout, as it cannot know that the worker is dead.
	tag, err := a.Pool.Exec(ctx, `
		UPDATE river_job j SET state = 'available', max_attempts = greatest(max_attempts, attempt + 1)
		WHERE j.state = 'running' AND j.kind = 'import' AND j.attempted_at < now() - interval '2 seconds'
		  AND NOT EXISTS (SELECT FROM pg_locks l
			WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.objid = (j.args->>'import_id')::bigint::integer::oid
			  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.granted)`, importLocks)
	if err != nil {
		return 0, errors.Wrap(err, "requeue imports")
	}
	// A job can end without its import knowing, in the job monitor for example.
	_, err = a.Pool.Exec(ctx, `
		UPDATE import i SET state = 'failed', error = 'its job was ended', finished_at = $1
		WHERE i.state IN ('queued', 'running') AND i.updated_at < now() - interval '2 seconds' AND NOT EXISTS (
			SELECT FROM river_job j WHERE j.id = i.job_id AND j.state NOT IN ('completed', 'cancelled', 'discarded'))`, a.Now())
	return tag.RowsAffected(), wrap(err, "end imports without a job")
}

// PruneArgs is the periodic job that deletes what is no longer needed.
type PruneArgs struct{}

func (PruneArgs) Kind() string { return "prune" }

// Prune deletes documents that nothing needs, and expired tokens and attempts.
func (a *App) Prune(ctx context.Context) error {
	now := a.Now()
	if _, err := a.queries.PruneDocuments(ctx); err != nil {
		return errors.Wrap(err, "prune documents")
	}
	if _, err := a.queries.PrunePasswordResets(ctx, now); err != nil {
		return errors.Wrap(err, "prune reset tokens")
	}
	_, err := a.queries.PruneRateLimits(ctx, now.Add(-a.AttemptWindow))
	return wrap(err, "prune attempts")
}
