package app

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// RecomputeQueue is the River queue of the recomputation, which keeps nothing else waiting.
const RecomputeQueue = "recompute"

// RecomputeTurn is how long one attempt of the job goes on before it lets others have a turn.
const RecomputeTurn = 30 * time.Second

// What cannot be recomputed is tried again so many times, with a pause.
const (
	maxRecomputations = 3
	recomputePause    = 30 * time.Minute
)

// RecomputeArgs is the periodic job that makes the figures of all companies anew when the rules have changed, or the job
// that makes those of one.
type RecomputeArgs struct {
	CompanyID int64 `json:"company_id,omitempty"` // 0 for all
}

func (RecomputeArgs) Kind() string { return "recompute" }

// InsertOpts lets one job for all at a time wait or run. One for a company is never left out: what runs may be past it.
func (args RecomputeArgs) InsertOpts() river.InsertOpts {
	if args.CompanyID != 0 {
		return river.InsertOpts{Queue: RecomputeQueue}
	}
	return river.InsertOpts{Queue: RecomputeQueue, UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// Rules say how far the recomputation by the newest version of the rules is.
type Rules struct {
	Version                                  int32
	Companies, Recomputed, Remaining, Failed int64
}

// GetRules returns the version of the rules, and how many companies' figures were made by it.
func (a *App) GetRules(ctx context.Context) (Rules, error) {
	var n db.CountFactsRow
	err := a.one(ctx, func(q *db.Queries) (err error) {
		n, err = q.CountFacts(ctx, db.CountFactsParams{Version: sec.RulesVersion, MaxAttempts: maxRecomputations})
		return err
	})
	return Rules{
		Version: sec.RulesVersion, Companies: n.Companies, Recomputed: n.Recomputed, Failed: n.Failed,
		Remaining: n.Companies - n.Recomputed - n.Failed,
	}, wrap(err, "count facts")
}

// ListUnreadFacts returns up to 100 companies that could not be recomputed, and why, to a superuser. Errors:
// Unauthenticated, Forbidden.
func (a *App) ListUnreadFacts(ctx context.Context, actor Actor) ([]db.ListUnreadFactsRow, error) {
	if err := actor.superuser(); err != nil {
		return nil, err
	}
	rows, err := a.queries.ListUnreadFacts(ctx, db.ListUnreadFactsParams{Version: sec.RulesVersion, MaxAttempts: maxRecomputations})
	return rows, wrap(err, "list what could not be read")
}

// RecomputeJob recomputes companies for one turn, and reports whether there are more. Those that could not be recomputed
// are left to later jobs, and given up in the end.
func (a *App) RecomputeJob(ctx context.Context) (more bool, err error) {
	end := time.Now().Add(RecomputeTurn)
	done, failed := 0, 0
	err = a.recompute(ctx, maxRecomputations, recomputePause, func(err error) bool {
		done++
		if err != nil {
			failed++
		}
		more = time.Now().After(end)
		return !more
	})
	if done == 0 {
		return false, err
	}
	r, rerr := a.GetRules(context.WithoutCancel(ctx))
	a.Logger.InfoContext(ctx, "recomputed companies", "rules", r.Version, "recomputed", done-failed, "failed", failed, "remaining", r.Remaining)
	return more, errors.Join(err, rerr)
}

// RecomputeCompanyJob recomputes one company if it is due. What cannot be recomputed is left to later jobs.
func (a *App) RecomputeCompanyJob(ctx context.Context, id int64) error {
	_, err := a.tryCompany(ctx, id)
	return err
}

// RecomputeAll recomputes all companies that are due, also those that were given up, and calls after with each result.
func (a *App) RecomputeAll(ctx context.Context, after func(error)) error {
	return a.recompute(ctx, math.MaxInt32, 0, func(err error) bool { after(err); return true })
}

// recompute makes the figures of companies anew that an earlier version of the rules made, each company in a transaction
// of its own, until after returns false. One that cannot be recomputed keeps its figures, and the reason is kept. Each
// attempt is noted before it begins: a document that ends its worker counts, too.
func (a *App) recompute(ctx context.Context, maxAttempts int32, pause time.Duration, after func(error) bool) error {
	tried := []int64{}
	for {
		ids, err := a.queries.ListOutdatedFacts(ctx, db.ListOutdatedFactsParams{
			Version: sec.RulesVersion, But: tried, MaxAttempts: maxAttempts, Pause: pause.Seconds(),
		})
		if err != nil {
			return errors.Wrap(err, "list companies")
		}
		if len(ids) == 0 {
			return nil
		}
		for _, id := range ids {
			failure, err := a.tryCompany(ctx, id)
			if err != nil {
				return err
			}
			if failure != nil {
				tried = append(tried, id)
			}
			if !after(failure) {
				return nil
			}
		}
	}
}

// tryCompany recomputes a company if it is due. It returns and keeps what came in the way, or the error that cut it off:
// such an attempt does not count.
func (a *App) tryCompany(ctx context.Context, id int64) (failure, err error) {
	noted, err := a.recomputeCompany(ctx, id)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err == nil:
		return nil, nil
	case !CutOff(err):
		return err, a.noteFailure(ctx, id, err)
	}
	if noted {
		a.forgetAttempt(ctx, id)
	}
	return nil, err
}

// recomputeCompany recomputes a company if it is due, as often as its documents become others meanwhile. It tells whether
// it has noted an attempt, which is one in all.
func (a *App) recomputeCompany(ctx context.Context, id int64) (noted bool, err error) {
	for {
		documents, err := a.attempt(ctx, id, !noted)
		if err != nil || documents == nil {
			return noted, err
		}
		noted = true
		err = a.recomputeFrom(ctx, id, documents)
		if !errors.Is(err, errOtherDocuments) {
			return noted, err
		}
	}
}

// recomputeFrom makes a company's figures from documents, or returns errOtherDocuments if these are no longer its own.
func (a *App) recomputeFrom(ctx context.Context, id int64, documents []document) error {
	facts, err := readDocuments(ctx, a.queries, documents)
	if err != nil {
		return err
	}
	f := figuresOf(facts, facts.Report())
	return a.inJobTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		current, err := outdated(ctx, q, id)
		if err != nil || current == nil { // which an import has written meanwhile
			return err
		}
		if !slices.EqualFunc(current, documents, sameDocument) {
			return errOtherDocuments
		}
		_, err = writeFigures(ctx, tx, q, id, documents, f)
		return err
	})
}

// attempt notes an attempt, if it is to, and returns the documents to read: none if the company's figures are of this
// version by now.
func (a *App) attempt(ctx context.Context, id int64, note bool) (documents []document, err error) {
	err = a.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) (err error) {
		if documents, err = outdated(ctx, q, id); err != nil || documents == nil || !note {
			return err
		}
		return wrap(q.AttemptFacts(ctx, db.AttemptFactsParams{CompanyID: id, Version: sec.RulesVersion}), "note the attempt")
	})
	return documents, err
}

// outdated locks a company and returns its documents, none if its figures are of this version of the rules.
func outdated(ctx context.Context, q *db.Queries, id int64) ([]document, error) {
	company, err := q.LockCompany(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, errors.Wrap(err, "lock company")
	}
	facts, err := q.GetCompanyFacts(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && facts.RulesVersion >= sec.RulesVersion {
		return nil, nil
	} else if err != nil {
		return nil, errors.Wrap(err, "get company facts")
	}
	stored, err := q.ListDocuments(ctx, id)
	return own(company, stored), wrap(err, "list documents")
}

func (a *App) noteFailure(ctx context.Context, id int64, failure error) error {
	a.Logger.WarnContext(ctx, "cannot recompute a company, which keeps its figures", "company", id, "rules", sec.RulesVersion, "error", failure)
	message := "an internal error, see the log"
	if e, ok := errors.Into[*Error](failure); ok {
		message = e.Error()
	}
	return a.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if _, err := q.LockCompany(ctx, id); errors.Is(err, pgx.ErrNoRows) {
			return nil
		} else if err != nil {
			return errors.Wrap(err, "lock company")
		}
		return wrap(q.SetFactsError(ctx, db.SetFactsErrorParams{CompanyID: id, Version: sec.RulesVersion, Error: &message}), "keep the reason")
	})
}

// forgetAttempt takes back an attempt that was cut off, if the database is there.
func (a *App) forgetAttempt(ctx context.Context, id int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := a.inJobTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if _, err := q.LockCompany(ctx, id); err != nil {
			return err
		}
		return q.ForgetAttempt(ctx, db.ForgetAttemptParams{CompanyID: id, Version: sec.RulesVersion})
	})
	if err != nil {
		a.Logger.WarnContext(ctx, "an attempt to recompute a company counts, although it was cut off", "company", id, "error", err)
	}
}

// otherCIKs has a company's figures follow its CIKs, which have changed: those of a CIK that it no longer has go, at once
// if it has documents of others, else with the next import.
func (a *App) otherCIKs(ctx context.Context, tx pgx.Tx, q *db.Queries, c db.Company) error {
	n, err := q.ForgetRules(ctx, c.ID)
	if err != nil || n == 0 {
		return wrap(err, "forget the rules")
	}
	_, err = a.jobs.InsertTx(ctx, tx, RecomputeArgs{CompanyID: c.ID}, nil)
	return wrap(err, "enqueue recomputation")
}
