package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/gzip"
	"github.com/riverqueue/river"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
)

// Bounds of what is written of a bulk file in one transaction.
const (
	bulkBatch = 50
	bulkBytes = 8 << 20 // packed
)

var errSyncEnded = errors.New("the sync has ended")

// A packed document is compressed as it is stored.
type packed struct {
	sha256 []byte // of the unpacked bytes
	size   int64  // of these
	gzip   []byte
}

func pack(content []byte) (*packed, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		return nil, errors.Wrap(err, "compress")
	}
	if err := z.Close(); err != nil {
		return nil, errors.Wrap(err, "compress")
	}
	sum := sha256.Sum256(content)
	return &packed{sha256: sum[:], size: int64(len(content)), gzip: b.Bytes()}, nil
}

// A syncEntry is a company of a sync with its document, nil if that cannot be read.
type syncEntry struct {
	name    string
	cik     int64
	doc     *packed
	message string // why it fails

	state      string
	documentID *int64
	jobID      *int64
}

// take stores documents and enqueues the reading of each, but for those that were read before.
func (a *App) take(ctx context.Context, tx pgx.Tx, q *db.Queries, s db.Sync, batch []syncEntry) error {
	type known struct {
		cik int64
		sum [sha256.Size]byte
	}
	p := db.ListUnchangedFactsParams{RulesVersion: sec.RulesVersion, Ciks: nil, Sha256s: nil}
	for _, e := range batch {
		if e.doc != nil {
			p.Ciks, p.Sha256s = append(p.Ciks, e.cik), append(p.Sha256s, e.doc.sha256)
		}
	}
	rows, err := q.ListUnchangedFacts(ctx, p)
	if err != nil {
		return errors.Wrap(err, "look for documents that were read")
	}
	unchanged := map[known]bool{}
	read := make([]int64, len(rows))
	for i, r := range rows {
		unchanged[known{r.Cik, [sha256.Size]byte(r.Sha256)}] = true
		read[i] = r.Cik
	}
	if err := noteFactsRead(ctx, q, read); err != nil {
		return err
	}
	var jobs []river.InsertManyParams
	var of []int
	for i := range batch {
		e := &batch[i]
		switch {
		case e.doc == nil:
			e.state = companyFailed
		case unchanged[known{e.cik, [sha256.Size]byte(e.doc.sha256)}]:
			e.state = companyUnchanged
		default:
			e.state = companyQueued
			id, err := storePacked(ctx, q, e.doc)
			if err != nil {
				return err
			}
			e.documentID = &id
			of = append(of, i)
			jobs = append(jobs, river.InsertManyParams{
				Args: SyncCompanyArgs{SyncID: s.ID, CIK: e.cik}, InsertOpts: &river.InsertOpts{Priority: priority(s)},
			})
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	inserted, err := a.jobs.InsertManyTx(ctx, tx, jobs)
	if err != nil {
		return errors.Wrap(err, "enqueue companies")
	}
	for j, i := range of {
		batch[i].jobID = &inserted[j].Job.ID
	}
	return nil
}

// noteFactsRead notes that the facts of companies are those that were read before.
func noteFactsRead(ctx context.Context, q *db.Queries, ciks []int64) error {
	if len(ciks) == 0 {
		return nil
	}
	ids, err := q.LockCompaniesByCIK(ctx, ciks)
	if err != nil {
		return errors.Wrap(err, "lock companies")
	}
	return wrap(q.NoteFactsRead(ctx, ids), "note the reading")
}

// storePacked stores a document, unless there is one with the same bytes, and returns its id.
func storePacked(ctx context.Context, q *db.Queries, doc *packed) (int64, error) {
	upload, err := q.CreateUpload(ctx)
	if err != nil {
		return 0, errors.Wrap(err, "begin document")
	}
	pieces := &pieceWriter{
		add: func(number int32, content []byte) error {
			return q.AddUploadPiece(ctx, db.AddUploadPieceParams{UploadID: upload, Number: number, Content: content})
		},
		number: 0, buffer: make([]byte, 0, min(pieceSize, len(doc.gzip))),
	}
	_, _ = pieces.Write(doc.gzip)
	if err := pieces.flush(); err != nil {
		return 0, err
	}
	id, err := q.CreateDocument(ctx, db.CreateDocumentParams{Sha256: doc.sha256, Size: doc.size, UploadID: &upload})
	if err != nil {
		return 0, errors.Wrap(err, "store document")
	}
	return id, wrap(q.DeleteUpload(ctx, upload), "delete what is there already")
}

// A bulkReader reads a bulk file from the position of its sync on.
type bulkReader struct {
	*App
	sync  db.Sync
	file  *edgar.BulkFile
	until time.Time // the end of the turn; zero for none
	after func()    // is called after each batch; may be nil
}

// read reads entries until all are read, or the turn ends. What is written of a batch includes the position after it. The
// error is errSyncEnded if the sync was cancelled.
func (b *bulkReader) read(ctx context.Context) (done bool, err error) {
	var describable map[int64]bool
	if b.file.Bulk() == edgar.SubmissionsBulk {
		ciks, err := b.queries.ListDescribableCIKs(ctx, b.sync.ID)
		if err != nil {
			return false, errors.Wrap(err, "list CIKs")
		}
		describable = make(map[int64]bool, len(ciks))
		for _, cik := range ciks {
			describable[cik] = true
		}
	}
	var batch []edgar.Entry
	var size int64
	position := int64(0)
	flush := func() error {
		var err error
		if describable != nil {
			err = b.describeEntries(ctx, batch, position)
		} else {
			err = b.takeEntries(ctx, batch, position)
		}
		if err != nil {
			return err
		}
		b.sync.Position = position
		batch, size = batch[:0], 0
		if b.after != nil {
			b.after()
		}
		return nil
	}
	for e := range b.file.Entries() {
		if position++; position <= b.sync.Position {
			continue
		}
		if describable == nil || e.Err == nil && describable[e.CIK] {
			batch = append(batch, e)
			size += e.Packed
		}
		if len(batch) < bulkBatch && size < bulkBytes {
			continue
		}
		if err := flush(); err != nil {
			return false, err
		}
		if !b.until.IsZero() && time.Now().After(b.until) {
			return false, nil
		}
	}
	return true, flush()
}

// takeEntries takes in the facts of a batch.
func (b *bulkReader) takeEntries(ctx context.Context, batch []edgar.Entry, position int64) error {
	entries := make([]syncEntry, len(batch))
	for i, e := range batch {
		entries[i] = readEntry(e, position-int64(len(batch))+int64(i)+1)
	}
	return b.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		entries, err := b.without(ctx, q, entries)
		if err != nil {
			return err
		}
		if err := b.take(ctx, tx, q, b.sync, entries); err != nil {
			return err
		}
		rows := make([]db.AddSyncCompaniesParams, len(entries))
		for i, e := range entries {
			rows[i] = db.AddSyncCompaniesParams{
				SyncID: b.sync.ID, Name: e.name, Cik: nil, State: e.state, Message: notEmpty(e.message), DocumentID: e.documentID, JobID: e.jobID,
			}
			if e.cik != 0 {
				rows[i].Cik = &e.cik
			}
		}
		if _, err := q.AddSyncCompanies(ctx, rows); err != nil {
			return errors.Wrap(err, "note companies")
		}
		return b.goOn(ctx, q, position)
	})
}

// without returns the entries that the run does not have already, as of a file that had to be downloaded again.
func (b *bulkReader) without(ctx context.Context, q *db.Queries, entries []syncEntry) ([]syncEntry, error) {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	known, err := q.ListSyncCompanyNames(ctx, db.ListSyncCompanyNamesParams{SyncID: b.sync.ID, Names: names})
	if err != nil {
		return nil, errors.Wrap(err, "look for companies of the run")
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e syncEntry) bool { return slices.Contains(known, e.name) }), nil
}

// goOn notes the position of a sync that has not ended, and that nobody else carries out.
func (b *bulkReader) goOn(ctx context.Context, q *db.Queries, position int64) error {
	s, err := q.LockSync(ctx, b.sync.ID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && s.FinishedAt != nil {
		return errSyncEnded
	} else if err != nil {
		return errors.Wrap(err, "lock sync")
	}
	if s.Position != b.sync.Position {
		return errors.Wrap(errTaken, "another process reads the file")
	}
	size := int64(b.file.Len())
	return wrap(q.NoteSync(ctx, db.NoteSyncParams{ID: b.sync.ID, Position: position, Received: position, Size: &size}), "note position")
}

// readEntry reads an entry whole, so that one which is broken is not stored.
func readEntry(e edgar.Entry, number int64) syncEntry {
	entry := syncEntry{name: sec.CIKName(e.CIK), cik: e.CIK, doc: nil, message: "", state: "", documentID: nil, jobID: nil}
	fail := func(err error) syncEntry {
		entry.name, entry.message = fmt.Sprintf("entry %d: %.200s", number, printable(e.Name)), err.Error()
		return entry
	}
	if e.Err != nil {
		return fail(e.Err)
	}
	plain, err := e.Open()
	if err != nil {
		return fail(err)
	}
	defer func() { _ = plain.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, plain); err != nil {
		return fail(err)
	}
	if e.Size == 0 {
		return fail(errors.New("it is empty"))
	}
	var b bytes.Buffer
	b.Grow(int(e.Packed) + 64)
	if err := e.WriteGzip(&b); err != nil {
		return fail(err)
	}
	entry.doc = &packed{sha256: sum.Sum(nil), size: e.Size, gzip: b.Bytes()}
	return entry
}

// printable is a text without characters that cannot be shown, or stored.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// describeEntries writes what the submissions of a batch say, each company in a transaction of its own. One that cannot be
// read is left out.
func (b *bulkReader) describeEntries(ctx context.Context, batch []edgar.Entry, position int64) error {
	for _, e := range batch {
		about, err := readSubmissions(e)
		if err != nil {
			b.Logger.WarnContext(ctx, "submissions that cannot be read", "sync", b.sync.ID, "entry", e.Name, "error", err)
			continue
		}
		if err := b.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) error { return b.describe(ctx, q, about) }); err != nil {
			return err
		}
	}
	return b.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) error { return b.goOn(ctx, q, position) })
}

// readSubmissions reads an entry. A page of older filings is one without a name.
func readSubmissions(e edgar.Entry) (edgar.Submissions, error) {
	//exhaustruct:ignore a page says no more
	about := edgar.Submissions{CIK: e.CIK}
	plain, err := e.Open()
	if err != nil {
		return about, err
	}
	defer func() { _ = plain.Close() }()
	if e.Kind == edgar.SubmissionsPageKind {
		about.Filings, err = edgar.ParseSubmissionsPage(plain)
		return about, err
	}
	if about, err = edgar.ParseSubmissions(plain); err == nil && about.CIK != e.CIK {
		err = errors.Errorf("it is of CIK %d", about.CIK)
	}
	return about, err
}

// describe writes what EDGAR says of a filer: to its company, if the CIK is that which it has now, and when its reports were
// accepted.
func (a *App) describe(ctx context.Context, q *db.Queries, s edgar.Submissions) error {
	company, err := q.LockCompanyByCIK(ctx, s.CIK)
	if errors.Is(err, pgx.ErrNoRows) && s.Name != "" {
		p := db.EnsureFilersParams{Ciks: []int64{s.CIK}, Names: []string{cut300(s.Name)}}
		if err := q.EnsureFilers(ctx, p); err != nil {
			return errors.Wrap(err, "create company")
		}
		company, err = q.LockCompanyByCIK(ctx, s.CIK)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // a page of a company that is not here
	} else if err != nil {
		return errors.Wrap(err, "lock company")
	}
	if s.Name != "" && company.Cik != nil && *company.Cik == s.CIK {
		if _, err := q.DescribeFiler(ctx, filer(company.ID, s)); err != nil {
			return errors.Wrap(err, "describe company")
		}
		if day := endOfRegistration(s.Filings); day != nil {
			if err := q.SetLastDay(ctx, db.SetLastDayParams{ID: company.ID, Ended: day, Reported: *day}); err != nil {
				return errors.Wrap(err, "set last day")
			}
		}
	}
	p := db.AddFilingsParams{CompanyID: company.ID, Accessions: nil, AcceptedAt: nil}
	for _, f := range s.Filings {
		if sec.IsPeriodic(f.Form) && !f.Accepted.IsZero() && len(f.Accession) <= 25 {
			p.Accessions, p.AcceptedAt = append(p.Accessions, f.Accession), append(p.AcceptedAt, f.Accepted)
		}
	}
	if len(p.Accessions) == 0 {
		return nil
	}
	if err := q.AddFilings(ctx, p); err != nil {
		return errors.Wrap(err, "write filings")
	}
	return wrap(q.SetAcceptance(ctx, company.ID), "write when statements were accepted")
}

func cut300(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300])
	}
	return s
}

func filer(companyID int64, s edgar.Submissions) db.DescribeFilerParams {
	p := db.DescribeFilerParams{
		ID: companyID, RegistrantName: new(cut300(s.Name)), Sic: notEmpty(s.SIC), SicDescription: notEmpty(cut300(s.SICDescription)),
		FiscalYearEnd: notEmpty(s.FiscalYearEnd), State: notEmpty(cmp.Or(s.IncorporatedIn.Description, s.IncorporatedIn.Code)),
		Country: notEmpty(s.Country), Url: notEmpty(s.Website), FormerNames: []value.FormerName{},
	}
	for _, n := range s.FormerNames {
		p.FormerNames = append(p.FormerNames, value.FormerName{Name: n.Name, From: notZero(n.From), To: notZero(n.To)})
	}
	return p
}

func notZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// endOfRegistration returns the day on which a company ended its registration (Form 15), unless it has reported since. The
// newest filing comes first.
func endOfRegistration(filings []edgar.Filing) *time.Time {
	for _, f := range filings {
		switch f.Form {
		case "15-12B", "15-12G", "15-15D", "15F-12B", "15F-12G", "15F-15D":
			return &f.Filed
		}
		if sec.IsPeriodic(f.Form) {
			return nil
		}
	}
	return nil
}

// ImportBulkFile takes in the entries of a bulk file of EDGAR, for the jobs of companies to read. It goes on where a run over
// the same file was interrupted. It tells report after each batch how many entries were read, and of how many. The error is an Invalid one if the file cannot be read.
func (a *App) ImportBulkFile(ctx context.Context, path string, report func(read, entries int64)) (id int64, err error) {
	file, err := edgar.OpenBulk(path)
	if err != nil {
		return 0, &Error{Code: Invalid, Message: err.Error()}
	}
	defer func() { _ = file.Close() }()
	info, err := os.Stat(path)
	if err != nil {
		return 0, errors.Wrap(err, "look at the file")
	}
	s, err := a.bulkFileSync(ctx, filepath.Base(path), info.Size())
	if err != nil {
		return 0, err
	}
	b := &bulkReader{App: a, sync: s, file: file, until: time.Time{}, after: nil}
	b.after = func() { report(b.sync.Position, int64(file.Len())) }
	if !s.Listed {
		switch _, err := b.read(ctx); {
		case errors.Is(err, errSyncEnded):
			return s.ID, nil
		case err != nil:
			return s.ID, err
		}
	}
	return s.ID, a.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		s, err := q.LockSync(ctx, s.ID)
		if err != nil || s.FinishedAt != nil {
			return wrap(err, "lock sync")
		}
		err = q.TurnSync(ctx, db.TurnSyncParams{
			ID: s.ID, Stage: string(stageEnding), Position: s.Position, Source: s.Source, ThroughDay: nil, Listed: true, Warnings: s.Warnings, JobID: nil,
		})
		if err != nil {
			return errors.Wrap(err, "note that all is listed")
		}
		return wrap(q.EndSync(ctx, s.ID), "end sync")
	})
}

// bulkFileSync returns the run over a file that was interrupted, or a new one.
func (a *App) bulkFileSync(ctx context.Context, name string, size int64) (s db.Sync, err error) {
	err = a.inTx(ctx, func(_ *pipeline, q *db.Queries) error {
		s, err = q.GetUnfinishedBulkFile(ctx, db.GetUnfinishedBulkFileParams{FileName: &name, FileSize: &size})
		if err == nil || !errors.Is(err, pgx.ErrNoRows) {
			return wrap(err, "look for an interrupted run")
		}
		p := db.CreateSyncParams{Scope: string(SyncBulkFile), Tickers: []string{}, FileName: &name, FileSize: &size, Stage: string(stageFacts), CreatedBy: nil}
		if s, err = q.CreateSync(ctx, p); err != nil {
			return errors.Wrap(err, "create sync")
		}
		if err := q.StartBulkFile(ctx, s.ID); err != nil {
			return errors.Wrap(err, "start sync")
		}
		return a.audit(ctx, q, System, syncEvent("sync.started", s))
	})
	return s, err
}
