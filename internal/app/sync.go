package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/edgar"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// SyncScope says which companies a sync brings.
type SyncScope string

const (
	SyncAll       SyncScope = "all"
	SyncCompanies SyncScope = "companies" // those that are named
	SyncBulkFile  SyncScope = "bulk_file" // those of a file at hand
)

// The states of a sync.
const (
	SyncQueued    = "queued"
	SyncRunning   = "running"
	SyncSucceeded = "succeeded" // also with companies that failed
	SyncFailed    = "failed"
	SyncCancelled = "cancelled"
)

// The states of a company of a sync.
const (
	companyQueued    = "queued"
	companyUpdated   = "updated"
	companyUnchanged = "unchanged"
	companyFailed    = "failed"
)

// SyncQueue is the River queue of the syncs, CompaniesQueue that of their companies.
const (
	SyncQueue      = "sync"
	CompaniesQueue = "companies"
)

// Priorities of River jobs: companies that are asked for by name come first.
const (
	namedFirst = 1
	allLater   = 3
)

// SyncArgs is the job that carries out a step of a sync.
type SyncArgs struct {
	SyncID int64     `json:"sync_id"`
	Stage  syncStage `json:"stage"`
}

func (SyncArgs) Kind() string { return "sync" }

// InsertOpts makes attempts for about an hour, in which EDGAR may come back.
func (SyncArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: SyncQueue, MaxAttempts: 7}
}

// SyncCompanyArgs is the job that reads the facts of one company of a sync. The CIK is for people who look at the job.
type SyncCompanyArgs struct {
	SyncID int64 `json:"sync_id"`
	CIK    int64 `json:"cik"`
}

func (SyncCompanyArgs) Kind() string { return "sync_company" }

// InsertOpts makes five attempts: what a retry cannot heal ends at the first.
func (SyncCompanyArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: CompaniesQueue, MaxAttempts: 5}
}

// ScheduleSyncArgs is the periodic job that starts a sync of all companies when one is due.
type ScheduleSyncArgs struct{}

func (ScheduleSyncArgs) Kind() string { return "schedule_sync" }

// InsertOpts leaves it to the workers that ask EDGAR.
func (ScheduleSyncArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: SyncQueue} }

// A Sync is a run that brings companies and their facts from EDGAR.
type Sync struct {
	db.Sync
	Failures []db.ListSyncFailuresRow // the first of them; none in a list
}

// maxFailures is how many failures a Sync has.
const maxFailures = 100

// withCounts counts the companies of a run.
func withCounts(ctx context.Context, q *db.Queries, s db.Sync) (Sync, error) {
	out := Sync{Sync: s, Failures: []db.ListSyncFailuresRow{}}
	if s.FinishedAt != nil && s.State == SyncSucceeded { // what runs when a sync ends otherwise counts, too
		return out, nil
	}
	n, err := q.CountSyncCompanies(ctx, s.ID)
	out.Total, out.Updated, out.Unchanged, out.Failed = n.Total, n.Updated, n.Unchanged, n.Failed
	return out, wrap(err, "count companies")
}

func withFailures(ctx context.Context, q *db.Queries, s db.Sync) (Sync, error) {
	out, err := withCounts(ctx, q, s)
	if err != nil {
		return out, err
	}
	out.Failures, err = q.ListSyncFailures(ctx, db.ListSyncFailuresParams{SyncID: s.ID, PageSize: maxFailures})
	return out, wrap(err, "list failures")
}

// StartSync enqueues a sync of the companies that tickers or CIKs name, or of all, for a superuser, once for an idempotency
// key. Errors: Unauthenticated, Forbidden, Invalid, Conflict.
func (a *App) StartSync(ctx context.Context, actor Actor, tickers []string) (Sync, error) {
	if err := actor.writer(); err != nil {
		return Sync{}, err
	}
	if a.EDGAR == nil {
		return Sync{}, &Error{Code: Conflict, Type: "sync-off", Message: "EDGAR_USER_AGENT is not set, which the SEC demands: sync is off"}
	}
	scope := SyncAll
	named := []string{}
	var v validator
	for i, t := range tickers {
		scope = SyncCompanies
		field := fmt.Sprintf("/tickers/%d", i)
		if t = ticker(t); v.ticker(field, t) && !slices.ContainsFunc(named, func(n string) bool { return tickerKey(n) == tickerKey(t) }) {
			named = append(named, t)
		}
	}
	if err := v.err(); err != nil {
		return Sync{}, err
	}
	return once(ctx, a, actor, []any{"sync", named}, func(tx *pipeline, q *db.Queries) (Sync, error) {
		s, err := a.startSync(ctx, tx, q, actor, scope, named)
		if err != nil {
			return Sync{}, err
		}
		if err := a.audit(ctx, q, actor, syncEvent("sync.started", s)); err != nil {
			return Sync{}, err
		}
		return withFailures(ctx, q, s)
	})
}

func (a *App) startSync(ctx context.Context, tx pgx.Tx, q *db.Queries, actor Actor, scope SyncScope, tickers []string) (s db.Sync, err error) {
	if scope == SyncAll {
		switch _, err := q.GetUnfinishedSync(ctx); {
		case err == nil:
			return s, errSyncRuns
		case !errors.Is(err, pgx.ErrNoRows):
			return s, errors.Wrap(err, "look for a sync")
		}
	}
	p := db.CreateSyncParams{Scope: string(scope), Tickers: tickers, FileName: nil, FileSize: nil, Stage: string(stageListings), CreatedBy: nil}
	if actor.UserID > 0 {
		p.CreatedBy = &actor.UserID
	}
	if s, err = q.CreateSync(ctx, p); isSecondSync(err) {
		return s, errSyncRuns
	} else if err != nil {
		return s, errors.Wrap(err, "create sync")
	}
	job, err := a.insertStep(ctx, tx, s, stageListings)
	if err != nil {
		return s, err
	}
	s, err = q.SetSyncJob(ctx, db.SetSyncJobParams{ID: s.ID, JobID: &job})
	return s, wrap(err, "set job")
}

// isSecondSync reports whether a sync was not created since another was at the same time.
func isSecondSync(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == "sync_of_all_key"
}

var errSyncRuns = &Error{Code: Conflict, Type: "sync-running", Message: "a sync of all companies is running"}

// insertStep enqueues a step and returns its job.
func (a *App) insertStep(ctx context.Context, tx pgx.Tx, s db.Sync, stage syncStage) (int64, error) {
	res, err := a.jobs.InsertTx(ctx, tx, SyncArgs{SyncID: s.ID, Stage: stage}, &river.InsertOpts{Priority: priority(s)})
	if err != nil {
		return 0, errors.Wrap(err, "enqueue step")
	}
	return res.Job.ID, nil
}

func priority(s db.Sync) int {
	if SyncScope(s.Scope) == SyncCompanies {
		return namedFirst
	}
	return allLater
}

func syncEvent(action string, s db.Sync) auditEvent {
	detail := map[string]any{"scope": s.Scope}
	if len(s.Tickers) > 0 {
		detail["tickers"] = s.Tickers
	}
	return auditEvent{Action: action, Reason: "", TargetType: "sync", Target: idText(s.ID), Detail: detail}
}

// ScheduleSync starts a sync of all companies if one is due: none was ever started, or the schedule had a time since the newest
// one was, whatever became of that.
func (a *App) ScheduleSync(ctx context.Context) error {
	if a.EDGAR == nil || a.NextSync == nil {
		return nil
	}
	err := a.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		newest, err := q.GetNewestSync(ctx)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return errors.Wrap(err, "get the newest sync")
		}
		if err == nil && a.NextSync(newest.CreatedAt).After(a.Now()) {
			return nil
		}
		_, err = a.startSync(ctx, tx, q, nobody, SyncAll, []string{})
		return err
	})
	if errors.Is(err, errSyncRuns) {
		return nil
	}
	return err
}

var nobody Actor

// ListSyncs returns a page of the syncs to a superuser, the newest first. Errors: Unauthenticated, Forbidden, Invalid.
func (a *App) ListSyncs(ctx context.Context, actor Actor, p Page) ([]Sync, string, error) {
	if err := actor.superuser(); err != nil {
		return nil, "", err
	}
	params := db.ListSyncsParams{BeforeID: math.MaxInt64, PageSize: p.limit()}
	var v validator
	v.page(p, &params.BeforeID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListSyncs(ctx, params)
	rows, next, err := cut(p, rows, err, func(s db.Sync) []any { return []any{s.ID} })
	syncs := make([]Sync, len(rows))
	for i, s := range rows {
		if syncs[i], err = withCounts(ctx, a.queries, s); err != nil {
			return nil, "", err
		}
	}
	return syncs, next, err
}

// GetSync returns a sync to a superuser. Errors: Unauthenticated, Forbidden, NotFound.
func (a *App) GetSync(ctx context.Context, actor Actor, id int64) (Sync, error) {
	if err := actor.superuser(); err != nil {
		return Sync{}, err
	}
	s, err := a.queries.GetSync(ctx, id)
	if err != nil {
		return Sync{}, found(err, "sync")
	}
	if s.FinishedAt != nil { // who knows of its end reads what it has brought
		a.wrote(ctx)
	}
	return withFailures(ctx, a.queries, s)
}

// UnfinishedSync returns the sync of all companies that runs. Errors: NotFound.
func (a *App) UnfinishedSync(ctx context.Context) (db.Sync, error) {
	s, err := a.queries.GetUnfinishedSync(ctx)
	return s, found(err, "sync")
}

// CancelSync cancels a sync that has not ended, for a superuser. What it has brought stays. Errors: Unauthenticated,
// Forbidden, NotFound, Conflict.
func (a *App) CancelSync(ctx context.Context, actor Actor, id int64) (out Sync, err error) {
	if err := actor.writer(); err != nil {
		return out, err
	}
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) error {
		s, err := q.GetSync(ctx, id)
		if err != nil {
			return found(err, "sync")
		}
		if s.JobID != nil && s.FinishedAt == nil { // the job's lock comes before the sync's, as everywhere
			if _, err := a.jobs.JobCancelTx(ctx, tx, *s.JobID); err != nil && !errors.Is(err, river.ErrNotFound) {
				return errors.Wrap(err, "cancel job")
			}
		}
		n, err := q.CancelSync(ctx, id) // which its companies' jobs notice
		if err != nil {
			return errors.Wrap(err, "cancel sync")
		}
		if s, err = q.GetSync(ctx, id); err != nil {
			return errors.Wrap(err, "get sync")
		}
		if n == 0 && s.State != SyncCancelled {
			return &Error{Code: Conflict, Type: "sync-ended", Message: "the sync has ended: " + s.State}
		}
		if out, err = withFailures(ctx, q, s); err != nil {
			return err
		}
		return a.audit(ctx, q, actor, syncEvent("sync.cancelled", s))
	})
	return out, err
}

// SyncStatus tells how far the facts are. A day that is not known is nil.
type SyncStatus struct {
	Companies               int64
	NewestFiled, ThroughDay *time.Time
}

// SyncStatus returns how many companies have facts, and until when.
func (a *App) SyncStatus(ctx context.Context) (SyncStatus, error) {
	s, err := a.queries.SyncStatus(ctx)
	return SyncStatus{Companies: s.Companies, NewestFiled: notZero(s.NewestFiled), ThroughDay: notZero(s.ThroughDay)}, wrap(err, "get the state of the syncs")
}

// RunSyncCompany carries out a SyncCompanyArgs job: it reads the document outside any transaction, then writes everything,
// ends the company and completes the job in one. Errors that are Permanent: Invalid, NotFound, TooLarge; others are worth a
// retry.
func (a *App) RunSyncCompany(ctx context.Context, job *river.Job[SyncCompanyArgs]) error {
	row, err := a.queries.GetSyncCompanyOfJob(ctx, job.ID)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return river.JobCancel(errors.New("the sync was deleted"))
	case err != nil:
		return errors.Wrap(err, "get company of the sync")
	case row.SyncState == SyncCancelled:
		return river.JobCancel(errors.New("the sync was cancelled"))
	}
	err = a.runSyncCompany(ctx, row.SyncCompany, job)
	permanent := Permanent(err) && !errors.Is(err, errFiledInFuture)
	return a.attempted(ctx, job.JobRow, err, func(ctx context.Context, reason *string) error {
		a.Logger.WarnContext(ctx, "a company of a sync fails", "sync", row.SyncCompany.SyncID, "company", row.SyncCompany.Name, "error", *reason)
		return a.queries.SetSyncCompanyError(ctx, db.SetSyncCompanyErrorParams{JobID: job.ID, Message: reason, Again: !permanent})
	})
}

func (a *App) runSyncCompany(ctx context.Context, c db.SyncCompany, job *river.Job[SyncCompanyArgs]) error {
	if c.DocumentID == nil {
		return &Error{Code: NotFound, Message: "the file is no longer there"}
	}
	end := func(tx pgx.Tx, q *db.Queries, state, message string) error {
		if c.Etag != nil && c.LastModified != nil {
			if err := setVersion(ctx, q, factsPath(*c.Cik), edgar.Version{ETag: *c.Etag, LastModified: *c.LastModified}); err != nil {
				return err
			}
		}
		if err := q.EndSyncCompany(ctx, db.EndSyncCompanyParams{JobID: job.ID, State: state, Message: notEmpty(message)}); err != nil {
			return errors.Wrap(err, "end company of the sync")
		}
		return completeJob(ctx, tx, job)
	}
	known, err := a.queries.GetFactsOfFiler(ctx, db.GetFactsOfFilerParams{Cik: *c.Cik, DocumentID: *c.DocumentID, RulesVersion: sec.RulesVersion})
	if err == nil {
		return a.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error { return end(tx, q, companyUnchanged, nothingRead(known.Report)) })
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return errors.Wrap(err, "look for earlier imports of the document")
	}
	from := factsFile{
		documentID: *c.DocumentID, ticker: nil, exchange: nil, otherCIK: nil, cik: *c.Cik, creates: true, log: a.Logger.With("sync", c.SyncID),
	}
	for {
		plain, err := openDocument(ctx, a.queries, *c.DocumentID)
		if err != nil {
			return err
		}
		write, err := a.readCompanyFacts(ctx, plain, from)
		if err != nil {
			return err
		}
		err = a.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
			n, err := write(ctx, tx, q)
			if err != nil {
				return err
			}
			return end(tx, q, companyUpdated, n.warning)
		})
		if !errors.Is(err, errOtherDocuments) {
			return err
		}
	}
}
