package app

import (
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// A Split is one of a company's, or what looked like one and was rejected.
type Split struct {
	value.Split
	Rejected             bool
	CreatedAt, UpdatedAt time.Time
}

// ListCompanySplits returns a page of a company's splits as known on asOf, or today; the newest first, with those that were
// rejected if asked for. Errors: Invalid, NotFound.
func (a *App) ListCompanySplits(ctx context.Context, t string, rejected bool, asOf *time.Time, p Page) (page []Split, next string, err error) {
	before := farDay
	var skip int // of those of the day
	var v validator
	v.page(p, &before, &skip)
	v.date("as_of", asOf, a.today())
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.readPlanned(ctx, func(q *db.Queries) error {
		c, err := findCompany(ctx, q, t)
		if err != nil {
			return err
		}
		all, err := companySplits(ctx, q, c.ID, asOf)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(s Split) bool { return s.Rejected && !rejected })
		slices.Reverse(all)
		nth := map[time.Time]int{} // of its day
		type placed struct {
			Split
			nth int
		}
		var rows []placed
		for _, s := range all {
			nth[s.EffectiveDate]++
			n := nth[s.EffectiveDate]
			if s.EffectiveDate.Before(before) || s.EffectiveDate.Equal(before) && n > skip {
				rows = append(rows, placed{s, n})
			}
		}
		page, next, err = pageOf(p, rows[:min(len(rows), int(p.limit()))], nil,
			func(s placed) []any { return []any{s.EffectiveDate, s.nth} }, func(s *placed) Split { return s.Split })
		return err
	})
	return page, next, err
}

// companySplits returns a company's splits by day, those that were rejected before the others of their day.
func companySplits(ctx context.Context, q *db.Queries, companyID int64, asOf *time.Time) ([]Split, error) {
	imported, err := importedBy(ctx, q, []int64{companyID}, asOf)
	if err != nil {
		return nil, err
	}
	rows, err := q.ListFoundSplits(ctx, db.ListFoundSplitsParams{CompanyIds: []int64{companyID}, AsOf: asOf})
	if err != nil {
		return nil, errors.Wrap(err, "list found splits")
	}
	return mergedSplits(imported, rows), nil
}

// mergedSplits are the splits that were imported and those that were found.
func mergedSplits(imported []db.Split, rows []db.FoundSplit) []Split {
	found := foundSplits(rows)
	var splits []Split
	for i := range found {
		if f := &found[i]; !f.Accepted {
			splits = append(splits, Split{Split: value.Candidate(f), Rejected: true, CreatedAt: rows[i].CreatedAt, UpdatedAt: rows[i].UpdatedAt})
		}
	}
	for _, s := range value.MergeSplits(importedSplits(imported), found) {
		split := Split{Split: s, Rejected: false, CreatedAt: time.Time{}, UpdatedAt: time.Time{}}
		if s.Source == value.SplitImport {
			i := slices.IndexFunc(imported, func(r db.Split) bool { return r.EffectiveDate.Equal(s.EffectiveDate) })
			split.CreatedAt, split.UpdatedAt = imported[i].CreatedAt, imported[i].UpdatedAt
		} else {
			i := slices.IndexFunc(found, func(f value.FoundSplit) bool {
				return f.Accession == s.Found.Accession && f.KnownFrom.Equal(s.Found.KnownFrom)
			})
			split.CreatedAt, split.UpdatedAt = rows[i].CreatedAt, rows[i].UpdatedAt
		}
		splits = append(splits, split)
	}
	slices.SortStableFunc(splits, func(a, b Split) int { return a.EffectiveDate.Compare(b.EffectiveDate) })
	return splits
}

// askedSplits are the splits of a company, of today, that were asked for in a transaction.
type askedSplits struct {
	companyID int64
	imported  *answer[[]db.Split]
	found     *answer[[]db.FoundSplit]
}

func askSplits(ctx context.Context, tx *pipeline, companyID int64) askedSplits {
	return askedSplits{
		companyID, ask(ctx, tx, (*db.Queries).ListSplitsOfCompany, companyID), ask(ctx, tx, (*db.Queries).ListFoundSplitsOfCompany, companyID),
	}
}

func (s askedSplits) get(ctx context.Context) (imported []db.Split, found []db.FoundSplit, err error) {
	if imported, err = s.imported.get(ctx); err == nil {
		found, err = s.found.get(ctx)
	}
	return imported, found, wrap(err, "list splits")
}

// basis returns the share basis of an answer of today about the company.
func (s askedSplits) basis(ctx context.Context, a *App) (shareBasis, error) {
	imported, found, err := s.get(ctx)
	var splits map[int64][]value.Split
	if len(imported)+len(found) > 0 {
		splits = map[int64][]value.Split{s.companyID: value.MergeSplits(importedSplits(imported), foundSplits(found))}
	}
	return a.onShareBasis(PointInTime{AsOf: nil, Basis: value.AsOf}, splits), err
}

// CreateSplit enters a split of the company that t names for a superuser, and returns it. Errors:
// Unauthenticated, Forbidden, Invalid, NotFound, Conflict.
func (a *App) CreateSplit(ctx context.Context, actor Actor, t string, in db.CreateSplitParams) (s Split, err error) {
	if err := actor.writer(); err != nil {
		return s, err
	}
	var v validator
	v.date("/effective_date", &in.EffectiveDate, a.today().AddDate(2, 0, 0))
	v.check(in.Ratio.IsPositive(), "/ratio", "must be more than 0")
	v.number("/ratio", &in.Ratio)
	if err := v.err(); err != nil {
		return s, err
	}
	err = a.inTx(ctx, func(tx *pipeline, q *db.Queries) (err error) {
		if in.CompanyID, err = lockCompany(ctx, tx, t); err != nil {
			return err
		}
		created := ask(ctx, tx, (*db.Queries).CreateSplit, in)
		splits := askSplits(ctx, tx, in.CompanyID)
		row, err := created.get(ctx)
		if err != nil {
			return errors.Wrap(err, "create split")
		}
		imported, found, err := splits.get(ctx)
		if err != nil {
			return err
		}
		all := mergedSplits(imported, found)
		s = all[slices.IndexFunc(all, func(s Split) bool {
			return s.Source == value.SplitImport && s.EffectiveDate.Equal(row.EffectiveDate)
		})]
		return a.audit(ctx, q, actor, auditEvent{
			Action: "split.created", TargetType: "company", Target: ticker(t), Detail: changed(nil, columns(row)),
		})
	})
	return s, err
}

// listSplits returns the splits of companies that are applied, by company: those known on asOf, or of today.
func listSplits(ctx context.Context, q *db.Queries, companyIDs []int64, asOf *time.Time) (map[int64][]value.Split, error) {
	imported, err := importedBy(ctx, q, companyIDs, asOf)
	if err != nil {
		return nil, err
	}
	found, err := q.ListFoundSplits(ctx, db.ListFoundSplitsParams{CompanyIds: companyIDs, AsOf: asOf})
	if err != nil {
		return nil, errors.Wrap(err, "list found splits")
	}
	importedOf, foundOf := map[int64][]db.Split{}, map[int64][]db.FoundSplit{}
	for _, r := range imported {
		importedOf[r.CompanyID] = append(importedOf[r.CompanyID], r)
	}
	for _, r := range found {
		foundOf[r.CompanyID] = append(foundOf[r.CompanyID], r)
	}
	out := map[int64][]value.Split{}
	for _, id := range companyIDs {
		if len(importedOf[id])+len(foundOf[id]) > 0 {
			out[id] = value.MergeSplits(importedSplits(importedOf[id]), foundSplits(foundOf[id]))
		}
	}
	return out, nil
}

// importedBy returns the splits of companies that were imported, those effective by asOf if that is not nil.
func importedBy(ctx context.Context, q *db.Queries, companyIDs []int64, asOf *time.Time) ([]db.Split, error) {
	rows, err := q.ListSplits(ctx, companyIDs)
	if asOf != nil {
		rows = slices.DeleteFunc(rows, func(r db.Split) bool { return r.EffectiveDate.After(*asOf) })
	}
	return rows, wrap(err, "list splits")
}

// PointInTime is the day of which an answer is, nil for today, and the share basis of its figures per share.
type PointInTime struct {
	AsOf  *time.Time
	Basis value.ShareBasis
}

// reading is how a list of all companies is read, whose filter may be open and lets all pass: then there is a query with one
// plan, and for figures as filed nothing else is read.
func (a *App) reading(open bool, t PointInTime) func(context.Context, func(*db.Queries) error) error {
	switch {
	case !open || t.AsOf != nil:
		return a.read
	case t.Basis == value.Filed:
		return a.one
	}
	return a.readPlanned
}

// known returns the day on which something ended, nil if nobody knew of that yet.
func (t PointInTime) known(end *time.Time) *time.Time {
	if t.AsOf != nil && end != nil && end.After(*t.AsOf) {
		return nil
	}
	return end
}

func (v *validator) pointInTime(t PointInTime, today time.Time) { v.date("as_of", t.AsOf, today) }

// A shareBasis brings figures of companies to the share basis of a day.
type shareBasis struct {
	on     *time.Time // nil to leave them as filed
	splits map[int64][]value.Split
}

// shareBasis returns that of an answer about some companies.
func (a *App) shareBasis(ctx context.Context, q *db.Queries, t PointInTime, companyIDs []int64) (b shareBasis, err error) {
	if t.Basis == value.Filed || len(companyIDs) == 0 {
		return b, nil
	}
	splits, err := listSplits(ctx, q, companyIDs, t.AsOf)
	return a.onShareBasis(t, splits), err
}

// onShareBasis returns the same, given the splits of the companies.
func (a *App) onShareBasis(t PointInTime, splits map[int64][]value.Split) (b shareBasis) {
	if t.Basis == value.Filed {
		return b
	}
	b.on, b.splits = new(a.today()), make(map[int64][]value.Split, len(splits))
	set(b.on, t.AsOf)
	for id, of := range splits {
		b.splits[id] = value.KnownSplits(of, *b.on)
	}
	return b
}

// since is what a close of a trading day is divided by to be on the basis, nil if that is not known.
func (b shareBasis) since(companyID int64, day time.Time) *big.Rat {
	if b.on == nil {
		return big.NewRat(1, 1)
	}
	return value.RatioSince(day, *b.on, b.splits[companyID])
}

// statement returns a company's statement on the basis.
func (b shareBasis) statement(companyID int64, s value.Statement) value.Statement {
	if b.on == nil {
		return s
	}
	return s.OnBasis(*b.on, b.splits[companyID])
}

// reports returns what metrics of a company's statements as filed are made of.
func (b shareBasis) reports(companyID int64, filed []value.Statement) []*metric.Report {
	if b.on == nil {
		return metric.Reports(filed)
	}
	return metric.ReportsOnBasis(filed, *b.on, b.splits[companyID])
}

// row brings a row to the basis.
func (b shareBasis) row(r *db.FinancialStatement) {
	if b.on == nil || len(b.splits[r.CompanyID]) == 0 {
		return
	}
	s := b.statement(r.CompanyID, statementFromRow(*r))
	r.EarningsPerShare, r.EarningsPerShareDiluted, r.DividendsPerShare = s.EarningsPerShare, s.EarningsPerShareDiluted, s.DividendsPerShare
	r.WeightedAverageShares, r.WeightedAverageSharesDiluted = s.WeightedAverageShares, s.WeightedAverageSharesDiluted
	r.SharesOutstanding = s.SharesOutstanding
}

// dividend brings a dividend's row to the basis.
func (b shareBasis) dividend(d *db.Dividend) {
	if b.on != nil {
		d.AmountPerShare = value.AdjustAmount(d.AmountPerShare, value.BasisRatio(d.ShareBasisDate, *b.on, b.splits[d.CompanyID]))
	}
}

func importedSplits(rows []db.Split) []value.ImportedSplit {
	splits := make([]value.ImportedSplit, len(rows))
	for i, r := range rows {
		splits[i] = value.ImportedSplit{EffectiveDate: r.EffectiveDate, Ratio: r.Ratio.Rat(), FromPrices: r.FromPrices, Written: r.UpdatedAt}
	}
	return splits
}

func foundSplits(rows []db.FoundSplit) []value.FoundSplit {
	splits := make([]value.FoundSplit, len(rows))
	for i, r := range rows {
		splits[i] = value.FoundSplit{
			Ratio: big.NewRat(int64(r.NewShares), int64(r.OldShares)), EffectiveAfter: r.EffectiveAfter, EffectiveBy: r.EffectiveBy,
			KnownFrom: r.ShownOn, Accession: r.Accession, Support: int(r.Support), Contradict: int(r.Contradict), Noted: r.Noted,
			Accepted: r.Accepted, TradedOn: r.TradedOn,
		}
	}
	return splits
}

// writeFoundSplits makes the table hold what the filings of a company show.
func writeFoundSplits(ctx context.Context, q *db.Queries, companyID int64, versions []sec.SplitVersion) error {
	found := make([]value.FoundSplit, len(versions))
	for i, v := range versions {
		found[i] = v.FoundSplit
	}
	listings, err := closesWithin(ctx, q, companyID, found)
	if err != nil {
		return err
	}
	n := len(versions)
	p := db.UpsertFoundSplitsParams{
		CompanyID: companyID, Number: make([]int32, n), KnownFrom: make([]time.Time, n), KnownTo: make([]string, n),
		NewShares: make([]int32, n), OldShares: make([]int32, n), EffectiveAfter: make([]time.Time, n), EffectiveBy: make([]time.Time, n),
		ShownOn: make([]time.Time, n), Accession: make([]string, n), Support: make([]int32, n), Contradict: make([]int32, n),
		Noted: make([]bool, n), Accepted: make([]bool, n), TradedOn: make([]string, n),
	}
	for i, v := range versions {
		p.Number[i], p.KnownFrom[i], p.KnownTo[i] = int32(v.Number), v.From, dayText(v.To)
		p.NewShares[i], p.OldShares[i] = int32(v.Ratio.Num().Int64()), int32(v.Ratio.Denom().Int64())
		p.EffectiveAfter[i], p.EffectiveBy[i], p.ShownOn[i], p.Accession[i] = v.EffectiveAfter, v.EffectiveBy, v.KnownFrom, v.Accession
		p.Support[i], p.Contradict[i], p.Noted[i], p.Accepted[i] = int32(v.Support), int32(v.Contradict), v.Noted, v.Accepted
		p.TradedOn[i] = dayText(value.DateSplit(v.FoundSplit, listings))
	}
	if err := q.DeleteOtherFoundSplits(ctx, db.DeleteOtherFoundSplitsParams{CompanyID: companyID, Number: p.Number, KnownFrom: p.KnownFrom}); err != nil {
		return errors.Wrap(err, "delete found splits")
	}
	if n == 0 {
		return nil
	}
	return wrap(q.UpsertFoundSplits(ctx, p), "write found splits")
}

// dateFoundSplits looks in the closes of companies' listings for the days of the splits that their filings show.
func dateFoundSplits(ctx context.Context, q *db.Queries, companyIDs []int64) error {
	rows, err := q.ListFoundSplitVersions(ctx, companyIDs)
	if err != nil {
		return errors.Wrap(err, "list found splits")
	}
	of := map[int64][]db.FoundSplit{}
	for _, r := range rows {
		of[r.CompanyID] = append(of[r.CompanyID], r)
	}
	for _, id := range companyIDs {
		if err := dateFoundSplitsOf(ctx, q, id, of[id]); err != nil {
			return err
		}
	}
	return nil
}

func dateFoundSplitsOf(ctx context.Context, q *db.Queries, companyID int64, rows []db.FoundSplit) error {
	found := foundSplits(rows)
	listings, err := closesWithin(ctx, q, companyID, found)
	if err != nil {
		return err
	}
	for i, r := range rows {
		day := value.DateSplit(found[i], listings)
		if (day == nil) == (r.TradedOn == nil) && (day == nil || day.Equal(*r.TradedOn)) {
			continue
		}
		err := q.DateFoundSplit(ctx, db.DateFoundSplitParams{CompanyID: companyID, Number: r.Number, KnownFrom: r.KnownFrom, TradedOn: day})
		if err != nil {
			return errors.Wrap(err, "date a split")
		}
	}
	return nil
}

// closesWithin returns the closes of each of a company's listings around the splits that were accepted.
func closesWithin(ctx context.Context, q *db.Queries, companyID int64, found []value.FoundSplit) (listings [][]value.Price, err error) {
	p := db.ListClosesWithinParams{CompanyID: companyID, EffectiveAfter: nil, EffectiveBy: nil}
	for _, f := range found {
		if f.Accepted {
			p.EffectiveAfter, p.EffectiveBy = append(p.EffectiveAfter, f.EffectiveAfter), append(p.EffectiveBy, f.EffectiveBy)
		}
	}
	if len(p.EffectiveBy) == 0 {
		return nil, nil
	}
	rows, err := q.ListClosesWithin(ctx, p)
	for i, r := range rows {
		if i == 0 || rows[i-1].ListingID != r.ListingID {
			listings = append(listings, nil)
		}
		last := &listings[len(listings)-1]
		*last = append(*last, value.Price{Date: r.Date, Close: r.Close})
	}
	return listings, wrap(err, "list closes")
}
