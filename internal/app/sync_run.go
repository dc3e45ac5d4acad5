package app

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// A syncStage is what a sync is at. Each step of a stage is a job of its own, so that the death of a worker counts against
// little work.
type syncStage string

const (
	stageListings            syncStage = "listings"             // what EDGAR says is listed
	stageFactsDownload       syncStage = "facts_download"       // companyfacts.zip
	stageFacts               syncStage = "facts"                // its entries
	stageSubmissionsDownload syncStage = "submissions_download" // submissions.zip
	stageSubmissions         syncStage = "submissions"          // its entries
	stageDailyIndexes        syncStage = "daily_indexes"        // who has filed since
	stageCompanies           syncStage = "companies"            // the documents of each of those
	stageEnding              syncStage = "ending"               // waits for the jobs of companies
)

const (
	// syncTurn is how long a step goes on before it lets another follow.
	syncTurn = 30 * time.Second
	// longestGap is how many days of daily indexes are read at most.
	longestGap = 30
	// askedAtOnce is how many companies are asked for at a time, for the pace to be kept in spite of slow answers.
	askedAtOnce = 4
	// silence is after how many days without a report a company has ended with its last one.
	silence = 550
)

// Sources of what companies there are.
const (
	fromBulk         = "bulk"
	fromDailyIndexes = "daily_indexes"
	fromNames        = "companies"
)

// ErrSyncWaits says that a step cannot begin or go on yet.
var ErrSyncWaits = errors.New("the sync waits for others")

// An edgarError says why EDGAR did not give what it was asked for, in words for people.
type edgarError struct{ error }

func (e edgarError) Unwrap() error { return e.error }

func fromEDGAR(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return edgarError{err}
}

// RunSync carries out a step of a sync, and enqueues the next in the transaction that completes its job. The error matches
// ErrSyncWaits if the step must be put off.
func (a *App) RunSync(ctx context.Context, job *river.Job[SyncArgs]) error {
	s, err := a.queries.GetSync(ctx, job.Args.SyncID)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return river.JobCancel(errors.New("the sync was deleted"))
	case err != nil:
		return errors.Wrap(err, "get sync")
	case s.FinishedAt != nil:
		return river.JobCancel(errors.New("the sync has ended"))
	case a.EDGAR == nil:
		err = &Error{Code: Invalid, Message: "EDGAR_USER_AGENT is not set: sync is off"}
	default:
		r := &syncRun{App: a, Sync: s, job: job, until: time.Now().Add(syncTurn)}
		err = r.step(ctx, job.Args.Stage)
	}
	if errors.Is(err, errTaken) {
		return a.leaveTo(ctx, job.ID)
	}
	if err == nil || errors.Is(err, ErrSyncWaits) || CutOff(err) || !Permanent(err) && job.Attempt < job.MaxAttempts {
		return err
	}
	message := "an internal error, see the log"
	if e, ok := errors.Into[*Error](err); ok {
		message = e.Error()
	} else if e, ok := errors.Into[edgarError](err); ok {
		message = e.Error()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if serr := a.queries.FailSync(ctx, db.FailSyncParams{ID: s.ID, Error: &message}); serr != nil {
		return errors.Wrap(serr, "say why the sync fails")
	}
	return err
}

// A syncRun is a step of a sync.
type syncRun struct {
	*App
	db.Sync
	job   *river.Job[SyncArgs]
	until time.Time
}

func (r *syncRun) all() bool { return SyncScope(r.Scope) == SyncAll }

func (r *syncRun) step(ctx context.Context, stage syncStage) error {
	switch stage {
	case stageListings:
		if r.all() {
			return r.readListings(ctx)
		}
		return r.findNamed(ctx)
	case stageFactsDownload:
		return r.download(ctx, edgar.CompanyFactsBulk, stageFacts)
	case stageFacts:
		return r.readBulk(ctx, edgar.CompanyFactsBulk, stageFactsDownload, stageSubmissionsDownload)
	case stageSubmissionsDownload:
		return r.download(ctx, edgar.SubmissionsBulk, stageSubmissions)
	case stageSubmissions:
		return r.readBulk(ctx, edgar.SubmissionsBulk, stageSubmissionsDownload, stageEnding)
	case stageDailyIndexes:
		return r.readDailyIndexes(ctx)
	case stageCompanies:
		return r.askForCompanies(ctx)
	default: // stageEnding
		return r.end(ctx)
	}
}

// turn completes the job after do, in one transaction with the beginning of the next step, which is of the stage next.
func (r *syncRun) turn(ctx context.Context, next syncStage, do func(tx pgx.Tx, q *db.Queries) error) error {
	return r.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		if _, err := q.LockSync(ctx, r.ID); err != nil {
			return errors.Wrap(err, "lock sync")
		}
		if do != nil {
			if err := do(tx, q); err != nil {
				return err
			}
		}
		job, err := r.insertStep(ctx, tx, r.Sync, next)
		if err != nil {
			return err
		}
		if string(next) != r.Stage {
			r.Position = 0
		}
		if err := q.TurnSync(ctx, r.turned(next, &job)); err != nil {
			return errors.Wrap(err, "begin step")
		}
		return completeJob(ctx, tx, r.job)
	})
}

func (r *syncRun) turned(next syncStage, job *int64) db.TurnSyncParams {
	return db.TurnSyncParams{
		ID: r.ID, Stage: string(next), Position: r.Position, Source: r.Source, ThroughDay: r.ThroughDay, Listed: r.Listed,
		Warnings: r.Warnings, JobID: job,
	}
}

func (r *syncRun) warn(ctx context.Context, text string) {
	if !slices.Contains(r.Warnings, text) && len(r.Warnings) < 100 {
		r.Warnings = append(r.Warnings, text)
	}
	r.Logger.WarnContext(ctx, "sync", "sync", r.ID, "warning", text)
}

// Names of what edgar_file has the versions of.
const listingsFile = "listings"

func factsPath(cik int64) string       { return "facts/" + sec.CIKName(cik) }
func submissionsPath(cik int64) string { return "submissions/" + sec.CIKName(cik) }

// versions returns the versions of files that were read last.
func (r *syncRun) versions(ctx context.Context, paths ...string) (map[string]edgar.Version, error) {
	rows, err := r.queries.ListEdgarFiles(ctx, paths)
	known := make(map[string]edgar.Version, len(rows))
	for _, f := range rows {
		known[f.Path] = edgar.Version{ETag: f.Etag, LastModified: f.LastModified}
	}
	return known, wrap(err, "list versions of files")
}

func setVersion(ctx context.Context, q *db.Queries, path string, v edgar.Version) error {
	return wrap(q.SetEdgarFile(ctx, db.SetEdgarFileParams{Path: path, Etag: v.ETag, LastModified: v.LastModified}), "keep the version of a file")
}

// findNamed finds the CIKs of the companies that are named: here or, of those that are not, in EDGAR's list.
func (r *syncRun) findNamed(ctx context.Context) error {
	var ciks []int64
	var unknown []string
	for _, name := range r.Tickers {
		cik, err := r.cikOf(ctx, name)
		switch {
		case err != nil:
			return err
		case cik == 0:
			unknown = append(unknown, name)
		default:
			ciks = append(ciks, cik)
		}
	}
	var rows []listedRow
	var missing []string
	if len(unknown) > 0 {
		listings, _, _, err := r.EDGAR.Listings(ctx, edgar.Version{})
		if err != nil {
			return fromEDGAR(err)
		}
		byKey := map[string]int64{}
		for _, l := range listings {
			byKey[tickerKey(l.Ticker)] = l.CIK
		}
		for _, name := range unknown {
			if cik := byKey[tickerKey(name)]; cik != 0 {
				ciks = append(ciks, cik)
			} else {
				missing = append(missing, name)
			}
		}
		for _, l := range listings {
			if slices.Contains(ciks, l.CIK) {
				rows = append(rows, listedRow{Listing: l}) //nolint:exhaustruct // the list says no more
			}
		}
	}
	slices.Sort(ciks)
	ciks = slices.Compact(ciks)
	r.Source = new(fromNames)
	return r.turn(ctx, stageCompanies, func(_ pgx.Tx, q *db.Queries) error {
		if len(rows) > 0 {
			c, err := writeCompanies(ctx, q, rows)
			if err != nil {
				return err
			}
			if c.warning != "" {
				r.warn(ctx, c.warning)
			}
		}
		failed := make([]db.AddSyncCompaniesParams, len(missing))
		for i, name := range missing {
			message := "EDGAR lists no company with this ticker"
			failed[i] = db.AddSyncCompaniesParams{SyncID: r.ID, Name: name, Cik: nil, State: companyFailed, Message: &message, DocumentID: nil, JobID: nil}
		}
		if _, err := q.AddSyncCompanies(ctx, failed); err != nil {
			return errors.Wrap(err, "add what is unknown")
		}
		return r.want(ctx, q, ciks)
	})
}

// cikOf returns the CIK of a company by its name in addresses, 0 if it is not known.
func (r *syncRun) cikOf(ctx context.Context, name string) (int64, error) {
	if cik, ok := sec.CIKFromName(name); ok {
		return cik, nil
	}
	l, err := r.queries.GetListing(ctx, name)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	} else if err != nil {
		return 0, errors.Wrap(err, "get listing")
	}
	c, err := r.queries.GetCompany(ctx, l.CompanyID)
	if err != nil {
		return 0, errors.Wrap(err, "get company")
	}
	if c.Cik == nil {
		return 0, nil
	}
	return *c.Cik, nil
}

// want adds companies to be asked for.
func (r *syncRun) want(ctx context.Context, q *db.Queries, ciks []int64) error {
	names := make([]string, len(ciks))
	for i, cik := range ciks {
		names[i] = sec.CIKName(cik)
	}
	_, err := q.WantCompanies(ctx, db.WantCompaniesParams{SyncID: r.ID, Names: names, Ciks: ciks})
	return wrap(err, "note companies to be asked for")
}

// readListings makes the companies and listings those of EDGAR's list, once no import may bring other ones, and chooses
// the source of the facts.
func (r *syncRun) readListings(ctx context.Context) error {
	coming, err := r.queries.CompaniesAreComing(ctx)
	if err != nil {
		return errors.Wrap(err, "look for imports of companies")
	}
	if coming {
		return ErrSyncWaits
	}
	known, err := r.versions(ctx, listingsFile)
	if err != nil {
		return err
	}
	listings, skipped, version, err := r.EDGAR.Listings(ctx, known[listingsFile])
	unchanged := errors.Is(err, edgar.ErrNotModified)
	if err != nil && !unchanged {
		return fromEDGAR(err)
	}
	var heirs map[string]bool
	if !unchanged {
		if skipped > 0 {
			r.Logger.InfoContext(ctx, "listings without a ticker", "sync", r.ID, "skipped", skipped)
		}
		if heirs, err = r.heirs(ctx, listings); err != nil {
			return err
		}
	}
	next, err := r.source(ctx)
	if err != nil {
		return err
	}
	return r.turn(ctx, next, func(_ pgx.Tx, q *db.Queries) error {
		if unchanged {
			return nil
		}
		if err := r.writeListings(ctx, q, listings, heirs); err != nil {
			return err
		}
		return setVersion(ctx, q, listingsFile, version)
	})
}

// source chooses what says which companies have filed: the daily indexes, if not too many days have passed since the sync
// before, or else the bulk files.
func (r *syncRun) source(ctx context.Context) (syncStage, error) {
	last, err := r.queries.GetLastSync(ctx)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", errors.Wrap(err, "get the last sync")
	}
	some, err := r.queries.HasFacts(ctx)
	if err != nil {
		return "", errors.Wrap(err, "look for facts")
	}
	if last.ThroughDay == nil || !some || r.lastCompleteDay().Sub(*last.ThroughDay) > longestGap*24*time.Hour {
		r.Source = new(fromBulk)
		return stageFactsDownload, nil
	}
	r.Source, r.ThroughDay = new(fromDailyIndexes), last.ThroughDay
	return stageDailyIndexes, nil
}

// eastern is New York's time in winter; EDGAR's days end there.
var eastern = time.FixedZone("EST", -5*60*60)

// lastCompleteDay is the newest day on which EDGAR takes no more filings.
func (r *syncRun) lastCompleteDay() time.Time {
	y, m, d := r.Now().In(eastern).Date()
	return time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC)
}

// readDailyIndexes finds who has filed periodic reports since the last sync. Days without an index, as weekends and
// holidays are, are passed over; the newest of them are asked for again next time.
func (r *syncRun) readDailyIndexes(ctx context.Context) error {
	var ciks []int64
	through := *r.ThroughDay
	for day := through.AddDate(0, 0, 1); !day.After(r.lastCompleteDay()); day = day.AddDate(0, 0, 1) {
		entries, err := r.EDGAR.DailyIndex(ctx, day)
		if errors.Is(err, edgar.ErrNotFound) {
			if weekday := day.Weekday(); weekday != time.Saturday && weekday != time.Sunday {
				r.warn(ctx, fmt.Sprintf("EDGAR has no index of %s, as on a holiday", day.Format(time.DateOnly)))
			}
			continue
		} else if err != nil {
			return fromEDGAR(err)
		}
		through = day
		for _, e := range entries {
			if sec.IsPeriodic(e.Form) {
				ciks = append(ciks, e.CIK)
			}
		}
	}
	slices.Sort(ciks)
	ciks = slices.Compact(ciks)
	r.ThroughDay = &through
	return r.turn(ctx, stageCompanies, func(_ pgx.Tx, q *db.Queries) error { return r.want(ctx, q, ciks) })
}

// askForCompanies asks for the documents of companies for one turn.
func (r *syncRun) askForCompanies(ctx context.Context) error {
	for time.Now().Before(r.until) {
		wanted, err := r.queries.ListWantedCompanies(ctx, db.ListWantedCompaniesParams{SyncID: r.ID, PageSize: 5 * askedAtOnce})
		if err != nil {
			return errors.Wrap(err, "list companies to be asked for")
		}
		if len(wanted) == 0 {
			return r.turn(ctx, stageEnding, nil)
		}
		var away atomic.Int32
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(askedAtOnce)
		for _, w := range wanted {
			g.Go(func() error {
				err := r.askForCompany(gctx, w.Name, *w.Cik)
				var failure edgarError
				if !errors.As(err, &failure) || gctx.Err() != nil {
					return err
				}
				if int(away.Add(1)) == len(wanted) && len(wanted) > 1 {
					return err // EDGAR is away: the others would only fail, too
				}
				message := failure.Error()
				return wrap(r.queries.SetSyncCompany(gctx, db.SetSyncCompanyParams{
					SyncID: r.ID, Name: w.Name, State: companyFailed, Message: &message, DocumentID: nil, JobID: nil,
				}), "note a failure")
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		if s, err := r.queries.GetSync(ctx, r.ID); err != nil || s.FinishedAt != nil {
			return wrap(err, "get sync") // cancelled
		}
	}
	return r.turn(ctx, stageCompanies, nil)
}

// askForCompany brings a company's description and facts, unless they are those that were read before, and enqueues the
// reading of the facts.
func (r *syncRun) askForCompany(ctx context.Context, name string, cik int64) error {
	known, err := r.versions(ctx, factsPath(cik), submissionsPath(cik))
	if err != nil {
		return err
	}
	company, err := r.queries.GetCompanyByCIK(ctx, cik)
	isKnown := err == nil
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return errors.Wrap(err, "get company")
	}
	if !isKnown || company.RegistrantName == nil {
		delete(known, submissionsPath(cik))
	}
	current := false // what is here is what the facts of the known version say
	if isKnown {
		facts, err := r.queries.GetCompanyFacts(ctx, company.ID)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return errors.Wrap(err, "get company facts")
		}
		current = err == nil && facts.RulesVersion == sec.RulesVersion && !facts.Edited
	}
	if !current {
		delete(known, factsPath(cik))
	}
	about, aboutVersion, err := r.EDGAR.Submissions(ctx, cik, known[submissionsPath(cik)])
	described := err == nil
	vanished := errors.Is(err, edgar.ErrNotFound)
	if err != nil && !vanished && !errors.Is(err, edgar.ErrNotModified) {
		return fromEDGAR(err)
	}
	facts, factsVersion, err := r.EDGAR.CompanyFacts(ctx, cik, known[factsPath(cik)])
	state, message := companyQueued, ""
	switch {
	case errors.Is(err, edgar.ErrNotModified):
		state = companyUnchanged
	case errors.Is(err, edgar.ErrNotFound) && vanished:
		state, message = companyFailed, "EDGAR has no filer with this CIK, or no longer"
	case errors.Is(err, edgar.ErrNotFound):
		state, message = companyFailed, "EDGAR has no facts of this company: it has filed no report with data"
	case err != nil:
		return fromEDGAR(err)
	}
	var doc *packed
	if state == companyQueued {
		if doc, err = pack(facts.Content); err != nil {
			return err
		}
	}
	return r.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		if described {
			if err := r.describe(ctx, q, about); err != nil {
				return err
			}
			if err := setVersion(ctx, q, submissionsPath(cik), aboutVersion); err != nil {
				return err
			}
		}
		p := db.SetSyncCompanyParams{SyncID: r.ID, Name: name, State: state, Message: notEmpty(message), DocumentID: nil, JobID: nil}
		switch state {
		case companyUnchanged:
			if err := noteFactsRead(ctx, q, []int64{cik}); err != nil {
				return err
			}
		case companyQueued:
			batch := []syncEntry{{name: name, cik: cik, doc: doc}}
			if err := r.take(ctx, tx, q, r.Sync, batch); err != nil {
				return err
			}
			if err := setVersion(ctx, q, factsPath(cik), factsVersion); err != nil {
				return err
			}
			p.State, p.DocumentID, p.JobID = batch[0].state, batch[0].documentID, batch[0].jobID
		}
		return wrap(q.SetSyncCompany(ctx, p), "note what became of a company")
	})
}

// end ends a sync when the jobs of its companies have ended.
func (r *syncRun) end(ctx context.Context) error {
	open, err := r.queries.HasOpenCompanies(ctx, r.ID)
	if err != nil {
		return errors.Wrap(err, "look for companies")
	}
	if open {
		return ErrSyncWaits
	}
	if r.Source != nil && *r.Source == fromBulk {
		for _, bulk := range []edgar.Bulk{edgar.CompanyFactsBulk, edgar.SubmissionsBulk} {
			if err := os.Remove(r.bulkPath(bulk)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				r.Logger.WarnContext(ctx, "a bulk file stays", "error", err)
			}
		}
	}
	return r.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		if r.all() {
			if _, err := q.EndSilentCompanies(ctx, r.today().AddDate(0, 0, -silence)); err != nil {
				return errors.Wrap(err, "end companies that report no more")
			}
		}
		r.Listed = true
		if err := q.TurnSync(ctx, r.turned(stageEnding, nil)); err != nil {
			return errors.Wrap(err, "note that all is listed")
		}
		if err := q.EndSync(ctx, r.ID); err != nil {
			return errors.Wrap(err, "end sync")
		}
		return completeJob(ctx, tx, r.job)
	})
}

func (a *App) bulkPath(bulk edgar.Bulk) string {
	return filepath.Join(a.SyncDir, string(bulk)+".zip")
}

// download brings a bulk file to this machine. What was begun goes on.
func (r *syncRun) download(ctx context.Context, bulk edgar.Bulk, next syncStage) error {
	if err := os.MkdirAll(r.SyncDir, 0o700); err != nil {
		return errors.Wrap(err, "create folder")
	}
	var noted time.Time
	version, err := r.EDGAR.Download(ctx, bulk, r.bulkPath(bulk), edgar.Version{}, func(done, total int64) {
		if time.Since(noted) < time.Second {
			return
		}
		noted = time.Now()
		if err := r.note(ctx, r.Position, done, &total); err != nil {
			r.Logger.WarnContext(ctx, "cannot note the progress of a download", "error", err)
		}
	})
	if errors.Is(err, edgar.ErrNotFound) && bulk == edgar.SubmissionsBulk {
		r.warn(ctx, "EDGAR has no submissions.zip: what companies do, and when filings were accepted, is not read")
		return r.turn(ctx, stageEnding, nil)
	}
	if err != nil {
		return fromEDGAR(err)
	}
	if bulk == edgar.CompanyFactsBulk {
		// It has all that was filed before the night in which it was made.
		day := r.lastCompleteDay().AddDate(0, 0, -1)
		if made := version.Modified(); !made.IsZero() {
			y, m, d := made.In(eastern).Date()
			if before := time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC); before.Before(day) {
				day = before
			}
		}
		r.ThroughDay = &day
	}
	return r.turn(ctx, next, func(_ pgx.Tx, q *db.Queries) error { return setVersion(ctx, q, string(bulk)+".zip", version) })
}

func (r *syncRun) note(ctx context.Context, position, received int64, size *int64) error {
	if size != nil && *size < 0 {
		size = nil
	}
	return wrap(r.queries.NoteSync(ctx, db.NoteSyncParams{ID: r.ID, Position: position, Received: received, Size: size}), "note progress")
}

// readBulk reads the entries of a bulk file for one turn. If the file is not here, as on another machine than the one that
// downloaded it, it is downloaded again.
func (r *syncRun) readBulk(ctx context.Context, bulk edgar.Bulk, again, next syncStage) error {
	file, err := edgar.OpenBulk(r.bulkPath(bulk))
	if errors.Is(err, fs.ErrNotExist) {
		return r.turn(ctx, again, nil)
	} else if err != nil {
		return fromEDGAR(err)
	}
	defer func() { _ = file.Close() }()
	b := &bulkReader{App: r.App, sync: r.Sync, file: file, until: r.until}
	done, err := b.read(ctx)
	r.Position = b.sync.Position
	switch {
	case errors.Is(err, errSyncEnded):
		return river.JobCancel(err)
	case err != nil:
		return err
	case done:
		return r.turn(ctx, next, nil)
	}
	return r.turn(ctx, syncStage(r.Stage), nil)
}

// heirs returns the tickers that a list has for another company than the one here which is the one before: a new holding
// company has taken it over. That files a notice of succession (8-K12B, 8-K12G3).
func (r *syncRun) heirs(ctx context.Context, listings []sec.Listing) (map[string]bool, error) {
	var p db.ListTickerConflictsParams
	ciks := map[string]int64{}
	for _, l := range listings {
		p.Ciks, p.Tickers = append(p.Ciks, l.CIK), append(p.Tickers, l.Ticker)
		ciks[l.Ticker] = l.CIK
	}
	moved, err := r.queries.ListTickerConflicts(ctx, p)
	if err != nil {
		return nil, errors.Wrap(err, "list tickers that have moved")
	}
	if len(moved) > maxHeirs {
		return nil, nil // the data here are no older version of the list
	}
	heirs := map[string]bool{}
	for _, t := range moved {
		about, _, err := r.EDGAR.Submissions(ctx, ciks[t], edgar.Version{})
		switch {
		case errors.Is(err, edgar.ErrNotFound):
		case err != nil:
			return nil, fromEDGAR(err)
		default:
			heirs[t] = slices.ContainsFunc(about.Filings, func(f edgar.Filing) bool {
				return strings.HasPrefix(f.Form, "8-K12B") || strings.HasPrefix(f.Form, "8-K12G3")
			})
		}
	}
	return heirs, nil
}

const (
	maxHeirs = 200
	// maxEnded is the part of the listings that a list may end at a time. One that lacks more is not believed.
	maxEnded = 0.2
)

// writeListings makes companies and listings those of a list that is complete today.
func (r *syncRun) writeListings(ctx context.Context, q *db.Queries, listings []sec.Listing, heirs map[string]bool) error {
	rows := make([]listedRow, len(listings))
	list := db.LockForListingsParams{Ciks: make([]int64, len(listings)), Tickers: make([]string, len(listings))}
	for i, l := range listings {
		rows[i] = listedRow{Listing: l} //nolint:exhaustruct // the list says no more
		list.Ciks[i], list.Tickers[i] = l.CIK, l.Ticker
	}
	if err := q.LockForListings(ctx, list); err != nil {
		return errors.Wrap(err, "lock companies")
	}
	for _, l := range listings {
		if heirs[l.Ticker] {
			if err := r.succeed(ctx, q, l); err != nil {
				return err
			}
		}
	}
	yesterday := r.today().AddDate(0, 0, -1)
	moved, err := q.EndMovedListings(ctx, db.EndMovedListingsParams{Ciks: list.Ciks, Tickers: list.Tickers, LastDay: yesterday})
	if err != nil {
		return errors.Wrap(err, "end listings that have moved")
	}
	for _, m := range moved {
		r.warn(ctx, fmt.Sprintf("the ticker %s has moved to the company with CIK %d", m.Ticker, m.Cik))
	}
	if err := r.endUnlisted(ctx, q, list.Tickers, yesterday); err != nil {
		return err
	}
	if _, err := q.ReleaseTickers(ctx, db.ReleaseTickersParams{Tickers: movedTickers(moved), CompanyID: 0}); err != nil {
		return errors.Wrap(err, "release tickers")
	}
	if err := q.ReopenListings(ctx, db.ReopenListingsParams(list)); err != nil {
		return errors.Wrap(err, "go on with listings")
	}
	c, err := writeCompanies(ctx, q, rows)
	if err != nil {
		return err
	}
	if c.warning != "" {
		r.warn(ctx, c.warning)
	}
	if err := q.BeginListings(ctx, db.BeginListingsParams{Tickers: movedTickers(moved), FirstDay: r.today()}); err != nil {
		return errors.Wrap(err, "begin listings")
	}
	return wrap(q.EnsurePrimaryListings(ctx), "choose primary listings")
}

// endUnlisted ends the listings that a list does not have, unless these are so many that it can hardly be complete.
func (r *syncRun) endUnlisted(ctx context.Context, q *db.Queries, tickers []string, day time.Time) error {
	n, err := q.CountUnlisted(ctx, tickers)
	if err != nil {
		return errors.Wrap(err, "count listings")
	}
	if float64(n.Unlisted) > max(maxEnded*float64(n.Listings), 20) {
		r.warn(ctx, fmt.Sprintf("EDGAR's list lacks %d of %d listings, which is not believed: they go on", n.Unlisted, n.Listings))
		return nil
	}
	ended, err := q.EndUnlistedListings(ctx, db.EndUnlistedListingsParams{Tickers: tickers, LastDay: day})
	if len(ended) > 0 {
		r.warn(ctx, fmt.Sprintf("listings that have ended: %d (%s)", len(ended), strings.Join(ended[:min(len(ended), 10)], ", ")))
	}
	return wrap(err, "end listings")
}

func movedTickers(moved []db.EndMovedListingsRow) []string {
	tickers := make([]string, len(moved))
	for i, m := range moved {
		tickers[i] = m.Ticker
	}
	return tickers
}

// succeed gives the company that has a ticker the CIK of its new holding company, unless another has that.
func (r *syncRun) succeed(ctx context.Context, q *db.Queries, l sec.Listing) error {
	company, err := q.LockCompanyByTicker(ctx, l.Ticker)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && slices.Contains(ciks(company), l.CIK) { // by another of its tickers
		return nil
	} else if err != nil {
		return errors.Wrap(err, "lock company")
	}
	if _, err := q.GetCompanyByCIK(ctx, l.CIK); !errors.Is(err, pgx.ErrNoRows) {
		return wrap(err, "get company")
	}
	p := db.SetCompanyCIKsParams{ID: company.ID, Cik: &l.CIK, FormerCiks: company.FormerCiks}
	if company.Cik != nil {
		p.FormerCiks = append(slices.Clone(p.FormerCiks), *company.Cik)
	}
	r.warn(ctx, fmt.Sprintf("%s: the company has the CIK %d now, after a notice of succession", l.Ticker, l.CIK))
	return wrap(q.SetCompanyCIKs(ctx, p), "set CIK")
}
