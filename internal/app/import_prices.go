package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// Bounds of what an import of prices has in memory, or in one statement.
const (
	stageBuffer = 64 << 10 // bytes
	settleBatch = 20       // companies with splits
	writeBatch  = 500      // listings
	maxUnknown  = 100_000  // tickers
	namedInAll  = 10       // of those that are left out
)

// A priceImport is the import of one file. Its rows are in the table staged_price.
type priceImport struct {
	q        *db.Queries
	listings map[string]tickerListings // by the keys of the tickers that the file may have
	only     string                    // the key of the ticker that the import is for, empty for all
	staged   map[int64]*stagedListing
	mixed    bool             // a listing's days neither rise nor fall all the way, and one may stand there twice
	splits   bool             // a row tells of a split
	unknown  map[string]int64 // rows of each ticker that no listing has
	named    []string         // the first of these
	newest   time.Time        // day of the file
	noClose  int64
	unread   *Error     // the first row without a close
	adjusted *time.Time // day up to which the prices are adjusted for splits

	written, leftOut int64
	refused          []refusal
}

// tickerListings are the listings that a ticker named, in their order in time. The last is that of today.
type tickerListings []db.ListTickerListingsRow

// on returns the one that the ticker named on a day.
func (l tickerListings) on(day time.Time) int64 {
	i := slices.IndexFunc(l[:len(l)-1], func(r db.ListTickerListingsRow) bool { return !day.After(r.Until) })
	if i < 0 {
		i = len(l) - 1
	}
	return l[i].ID
}

// A refusal is why the rows of a listing are not taken.
type refusal struct {
	listingID int64
	err       *Error
}

// readPrices returns a writer that reads the file, too: rows go to the database while they are read, into a table that ends
// with the transaction, so that a file of any length takes little memory and leaves nothing when its import does not end.
// No company is locked meanwhile.
func (a *App) readPrices(im db.Import, open func() (io.Reader, error)) writer {
	return func(ctx context.Context, tx pgx.Tx, q *db.Queries) (c counts, err error) {
		p := &priceImport{q: q, staged: map[int64]*stagedListing{}, unknown: map[string]int64{}, adjusted: im.AdjustedAsOf}
		if im.Ticker != nil {
			p.only = tickerKey(*im.Ticker)
		}
		if p.listings, err = p.lookUp(ctx); err != nil {
			return c, err
		}
		r, err := open()
		if err != nil {
			return c, err
		}
		if err := p.stage(ctx, tx, r, im.Adjusted != nil, a.today()); err != nil {
			return c, err
		}
		if im.Adjusted != nil && p.adjusted == nil && !p.newest.IsZero() {
			p.adjusted = &p.newest
		}
		companies, err := p.lock(ctx)
		if err != nil {
			return c, err
		}
		if err := p.write(ctx, tx, companies); err != nil {
			return c, err
		}
		return p.counts(), nil
	}
}

// lookUp returns the listings whose prices the file may have, by the keys of their tickers.
func (p *priceImport) lookUp(ctx context.Context) (map[string]tickerListings, error) {
	listings := map[string]tickerListings{}
	rows, err := p.q.ListTickerListings(ctx, notEmpty(p.only))
	if err != nil {
		return nil, errors.Wrap(err, "list tickers")
	}
	for _, l := range rows {
		key := tickerKey(l.Ticker)
		listings[key] = append(listings[key], l)
	}
	if p.only != "" && len(rows) == 0 {
		return nil, notFound("company " + p.only)
	}
	return listings, nil
}

// listingsOf returns those that a ticker in the file stands for.
func (p *priceImport) listingsOf(t string) (tickerListings, bool) {
	key := tickerKey(t)
	l, ok := p.listings[key]
	if !ok {
		l, ok = p.listings[withoutMarket(key)]
	}
	return l, ok
}

// stage reads the rows of the file.
func (p *priceImport) stage(ctx context.Context, tx pgx.Tx, r io.Reader, adjusted bool, today time.Time) error {
	t, err := openPrices(r)
	if err != nil {
		return err
	}
	t.adjusted = adjusted
	many := t.hasTickers()
	if !many && p.only == "" { // which no upload can be
		return t.bad("no column of tickers")
	}
	if err := p.q.CreateStaging(ctx); err != nil {
		return errors.Wrap(err, "create the staging table")
	}
	rows, stop := copyTo(ctx, tx)
	defer func() { _ = stop() }() // before anything else is done with the connection
	read := int64(0)
	var line []byte
	l, before := p.listings[p.only], "" // most lines have the ticker of the line before
	err = t.each(func() error {
		if name := t.text("ticker"); many && (name == "" || name != before) {
			var ok bool
			if l, ok = p.listingsOf(name); !ok {
				before = ""
				return p.skip(t, ticker(name), today)
			}
			before = name
		}
		row, ok := t.row(today)
		if !ok {
			if p.noClose++; p.unread == nil {
				p.unread = t.noClose()
			}
			return nil
		}
		read++
		if row.date.After(p.newest) {
			p.newest = row.date
		}
		id := l.on(row.date)
		p.count(id, row)
		line = row.append(line[:0], id)
		_, err := rows.Write(line)
		return wrap(err, "stage prices")
	})
	switch {
	case err != nil:
		return err
	case read > 0 || len(p.unknown) > 0:
	case p.unread != nil:
		return p.unread
	default:
		return t.bad("no line follows")
	}
	return stop()
}

// A stagedListing says what was staged of a listing.
type stagedListing struct {
	rows int64
	last time.Time
	step int // 1 if each day is later than that of the row before, -1 if it is earlier
}

// count counts a row of a listing.
func (p *priceImport) count(listingID int64, r priceRow) {
	p.splits = p.splits || r.splitRatio != noSplit
	l := p.staged[listingID]
	if l == nil {
		p.staged[listingID] = &stagedListing{1, r.date, 0}
		return
	}
	step := r.date.Compare(l.last)
	p.mixed = p.mixed || step == 0 || l.step != 0 && step != l.step
	l.rows, l.last, l.step = l.rows+1, r.date, step
}

// copyTo returns a writer of rows to the staging table, which PostgreSQL takes in while others are read. stop waits until it
// has them all.
func copyTo(ctx context.Context, tx pgx.Tx) (rows *bufio.Writer, stop func() error) {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := tx.Conn().PgConn().CopyFrom(ctx, r, copyRows)
		_ = r.CloseWithError(err) // for who writes on
		done <- err
	}()
	rows = bufio.NewWriterSize(w, stageBuffer)
	return rows, sync.OnceValue(func() error {
		err := rows.Flush()
		_ = w.Close()
		if copied := <-done; copied != nil {
			err = copied
		}
		return wrap(err, "stage prices")
	})
}

// skip counts a line of a ticker that no listing has; an import for one listing has no such line.
func (p *priceImport) skip(t *priceTable, name string, today time.Time) error {
	switch _, counted := p.unknown[name]; {
	case p.only != "":
		return t.bad(fmt.Sprintf("ticker %.50q is not %s, of which the prices are said to be", name, p.only))
	case name == "":
		return t.bad("ticker is empty")
	case !counted && len(p.unknown) == maxUnknown:
		return t.bad(fmt.Sprintf("more than %d tickers that no company has", maxUnknown))
	case !counted && len(p.named) < namedInAll:
		p.named = append(p.named, fmt.Sprintf("%.50s", strings.Map(shown, name)))
	}
	p.unknown[strings.Clone(name)]++
	if day := t.day(today); t.err == nil && day.After(p.newest) {
		p.newest = day
	}
	t.err = nil // what is not taken may be as it likes
	return nil
}

// shown leaves out of a text what cannot be stored or shown.
func shown(r rune) rune {
	if isText(string(r)) {
		return r
	}
	return -1
}

// lock locks the companies of what was staged, makes sure that the tickers still are theirs, and returns them with their
// listings, in the order of their ids.
func (p *priceImport) lock(ctx context.Context) ([]stagedCompany, error) {
	of := map[int64][]int64{}
	for _, listings := range p.listings {
		for _, l := range listings {
			if p.staged[l.ID] != nil {
				of[l.CompanyID] = append(of[l.CompanyID], l.ID)
			}
		}
	}
	companies := make([]stagedCompany, 0, len(of))
	for _, id := range slices.Sorted(maps.Keys(of)) {
		slices.Sort(of[id])
		companies = append(companies, stagedCompany{id, of[id]})
	}
	if _, err := p.q.LockCompanies(ctx, companyIDs(companies)); err != nil {
		return nil, errors.Wrap(err, "lock companies")
	}
	now, err := p.lookUp(ctx)
	if err != nil {
		return nil, err
	}
	for key, listings := range p.listings {
		if slices.ContainsFunc(listings, func(l db.ListTickerListingsRow) bool { return p.staged[l.ID] != nil }) && !slices.Equal(now[key], listings) {
			return nil, &Error{Code: Conflict, Message: "the listing of " + listings[0].Ticker + " was changed while the file was read"}
		}
	}
	return companies, nil
}

// A stagedCompany has listings of which rows were staged.
type stagedCompany struct {
	id       int64
	listings []int64
}

func companyIDs(companies []stagedCompany) []int64 {
	ids := make([]int64, len(companies))
	for i, c := range companies {
		ids[i] = c.id
	}
	return ids
}

func listingIDs(companies []stagedCompany) (ids []int64) {
	for _, c := range companies {
		ids = append(ids, c.listings...)
	}
	return ids
}

// write writes what was staged. Listings of companies that have splits are checked.
func (p *priceImport) write(ctx context.Context, tx pgx.Tx, companies []stagedCompany) error {
	if err := p.q.IndexStaging(ctx); err != nil {
		return errors.Wrap(err, "index the staging table")
	}
	if err := p.q.AnalyzeStaging(ctx); err != nil {
		return errors.Wrap(err, "analyze the staging table")
	}
	if p.mixed {
		var err error
		if companies, err = p.checkRepeated(ctx, companies); err != nil {
			return err
		}
	}
	ids, err := p.q.ListCompaniesWithSplits(ctx, db.ListCompaniesWithSplitsParams{Ids: companyIDs(companies), Staged: p.splits})
	if err != nil {
		return errors.Wrap(err, "list companies with splits")
	}
	var split, other []stagedCompany
	for _, c := range companies {
		if _, ok := slices.BinarySearch(ids, c.id); ok {
			split = append(split, c)
		} else {
			other = append(other, c)
		}
	}
	for batch := range slices.Chunk(split, settleBatch) {
		if err := p.settle(ctx, tx, batch); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(listingIDs(other), writeBatch) {
		n, err := writeStaged(ctx, p.q, batch)
		if err != nil {
			return err
		}
		p.written += n
	}
	return nil
}

// writeStaged writes what was staged of listings, and returns how many rows differ from what there was.
func writeStaged(ctx context.Context, q *db.Queries, listings []int64) (written int64, err error) {
	priced, err := q.ListPricedListings(ctx, listings)
	if err != nil {
		return 0, errors.Wrap(err, "list listings with prices")
	}
	// The first prices of a listing need no look for others, as its company is locked.
	first := slices.DeleteFunc(slices.Clone(listings), func(id int64) bool { return slices.Contains(priced, id) })
	if len(first) > 0 {
		if written, err = q.WriteFirstPrices(ctx, first); err != nil {
			return 0, errors.Wrap(err, "write first prices")
		}
	}
	if len(priced) > 0 {
		n, err := q.WriteStagedPrices(ctx, priced)
		if err != nil {
			return 0, errors.Wrap(err, "write prices")
		}
		written += n
	}
	return written, nil
}

// checkRepeated refuses a file of one listing that has a day twice. Of a file of many it takes lines that say the same as one
// before for unchanged, and leaves out listings with a day of which lines say different things. It returns the companies
// without these.
func (p *priceImport) checkRepeated(ctx context.Context, companies []stagedCompany) ([]stagedCompany, error) {
	repeated, err := p.q.ListRepeatedPrices(ctx)
	if err != nil || len(repeated) == 0 {
		return companies, wrap(err, "look for repeated prices")
	}
	if r := repeated[0]; p.only != "" {
		return nil, badLine(int(r.Again), fmt.Sprintf("date %s stands on line %d already", r.Date.Format(time.DateOnly), r.First))
	}
	contradictions, err := p.q.ListContradictions(ctx)
	if err != nil {
		return nil, errors.Wrap(err, "look for prices that contradict others")
	}
	refused := make([]refusal, len(contradictions))
	for i, c := range contradictions {
		refused[i] = refusal{c.ListingID, badLine(int(c.Again), fmt.Sprintf("date %s stands on line %d with other values", c.Date.Format(time.DateOnly), c.First))}
	}
	if companies, err = p.leaveOut(ctx, companies, refused); err != nil {
		return nil, err
	}
	return companies, wrap(p.q.DeleteRepeatedPrices(ctx), "delete repeated prices")
}

// leaveOut leaves out the rows of listings, and returns the companies without these.
func (p *priceImport) leaveOut(ctx context.Context, companies []stagedCompany, refused []refusal) ([]stagedCompany, error) {
	ids := make([]int64, len(refused))
	for i, r := range refused {
		ids[i] = r.listingID
	}
	left, err := p.q.DeleteStagedPrices(ctx, ids)
	if err != nil {
		return nil, errors.Wrap(err, "leave out prices")
	}
	p.leftOut += left
	p.refused = append(p.refused, refused...)
	return without(companies, ids), nil
}

func (p *priceImport) ticker(listingID int64) string {
	for _, listings := range p.listings {
		for _, l := range listings {
			if l.ID == listingID {
				return l.Ticker
			}
		}
	}
	return ""
}

var errRefused = errors.New("listings were refused")

// settle writes the prices of companies that have splits, without those of the listings that it refuses, and what follows
// from them for the splits.
func (p *priceImport) settle(ctx context.Context, tx pgx.Tx, companies []stagedCompany) error {
	for {
		var refused []refusal
		var n int64
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) (err error) { // to take back what refused listings led to
			n, refused, err = p.trySettle(ctx, p.q.WithTx(tx), companies)
			if err == nil && len(refused) > 0 {
				return errRefused
			}
			return err
		})
		if !errors.Is(err, errRefused) {
			p.written += n
			return err
		}
		if p.only != "" {
			return refused[0].err
		}
		if companies, err = p.leaveOut(ctx, companies, refused); err != nil {
			return err
		}
	}
}

// without returns the companies without some listings.
func without(companies []stagedCompany, listings []int64) []stagedCompany {
	left := make(map[int64]bool, len(listings))
	for _, id := range listings {
		left[id] = true
	}
	var out []stagedCompany
	for _, c := range companies {
		c.listings = slices.DeleteFunc(slices.Clone(c.listings), func(id int64) bool { return left[id] })
		if len(c.listings) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func (p *priceImport) trySettle(ctx context.Context, q *db.Queries, companies []stagedCompany) (written int64, refused []refusal, err error) {
	ids, listings := companyIDs(companies), listingIDs(companies)
	if err := q.ImportStagedSplits(ctx, listings); err != nil {
		return 0, nil, errors.Wrap(err, "write splits")
	}
	if p.adjusted != nil {
		splits, err := listSplits(ctx, q, ids, nil)
		if err != nil {
			return 0, nil, err
		}
		if refused, err = undoSplits(ctx, q, splits, *p.adjusted); err != nil || len(refused) > 0 {
			return 0, refused, err
		}
	}
	if written, err = writeStaged(ctx, q, listings); err != nil {
		return 0, nil, err
	}
	if err := dateFoundSplits(ctx, q, ids); err != nil {
		return 0, nil, err
	}
	splits, err := listSplits(ctx, q, ids, nil)
	if err != nil {
		return 0, nil, err
	}
	for _, c := range companies {
		for _, id := range c.listings {
			fault, err := checkPrices(ctx, q, id, splits[c.id])
			if err != nil {
				return 0, nil, err
			}
			if fault != nil {
				refused = append(refused, refusal{id, fault})
			}
		}
	}
	return written, refused, nil
}

// counts says what came of the import.
func (p *priceImport) counts() counts {
	c := counts{written: p.written, unchanged: -p.written - p.leftOut, skipped: p.noClose + p.leftOut, adjustedAsOf: p.adjusted}
	for _, l := range p.staged {
		c.unchanged += l.rows
	}
	var warnings []string
	if p.noClose > 0 {
		warnings = append(warnings, fmt.Sprintf("rows that were skipped, as their close is no number above 0: %d", p.noClose))
	}
	if len(p.unknown) > 0 {
		rows := int64(0)
		for _, n := range p.unknown {
			rows += n
		}
		c.skipped += rows
		warnings = append(warnings, fmt.Sprintf("tickers that no company has: %d, with %d rows (%s)", len(p.unknown), rows,
			strings.Join(p.named, ", ")+more(len(p.unknown))))
	}
	if len(p.refused) > 0 {
		var why []string
		for _, r := range p.refused[:min(len(p.refused), namedInAll)] {
			why = append(why, p.ticker(r.listingID)+": "+r.err.Message)
		}
		warnings = append(warnings, fmt.Sprintf("listings that were left out: %d, with %d rows (%s)", len(p.refused), p.leftOut,
			strings.Join(why, "; ")+more(len(p.refused))))
	}
	c.warning = strings.Join(warnings, ". ")
	return c
}

// more goes on after the first names of n.
func more(n int) string {
	if n > namedInAll {
		return ", ..."
	}
	return ""
}

// A basisRange is some days of a company on which the adjustment for splits up to a day is one ratio, or is not known.
type basisRange struct {
	since, until time.Time
	ratio        *big.Rat
	open         *value.Split // of which it is not known whether it had taken effect
}

// basisRanges returns the ranges of all days on which prices that are adjusted up to a day are not as traded.
func basisRanges(splits []value.Split, adjustedAsOf time.Time) (ranges []basisRange) {
	days := []time.Time{firstDay}
	for _, s := range splits {
		days = append(days, s.EffectiveDate)
		if s.Found != nil { // which decides until the end of the first, and from the second on
			days = append(days, s.Found.EffectiveAfter.AddDate(0, 0, 1), s.Found.EffectiveBy)
		}
	}
	days = append(days, adjustedAsOf)
	slices.SortFunc(days, time.Time.Compare)
	days = slices.CompactFunc(days, time.Time.Equal)
	for i, day := range days {
		r := basisRange{since: day, until: farDay, ratio: value.SplitRatio(day, adjustedAsOf, splits), open: nil}
		if i+1 < len(days) {
			r.until = days[i+1].AddDate(0, 0, -1)
		}
		if j := slices.IndexFunc(splits, func(s value.Split) bool { return s.IsOpenBetween(day, adjustedAsOf) }); j >= 0 {
			r.open = &splits[j]
		}
		if r.open != nil || r.ratio.Cmp(big.NewRat(1, 1)) != 0 {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

// undoSplits undoes the splits of companies up to a day in what was staged. It refuses listings with rows of which it is
// not known whether a split had taken effect.
func undoSplits(ctx context.Context, q *db.Queries, splits map[int64][]value.Split, adjustedAsOf time.Time) (refused []refusal, err error) {
	var undo db.UndoSplitsParams
	var within db.ListStagedWithinParams
	var open []*value.Split
	for company, of := range splits {
		for _, r := range basisRanges(of, adjustedAsOf) {
			if r.open != nil {
				within.CompanyIds, within.Since, within.Until = append(within.CompanyIds, company), append(within.Since, r.since), append(within.Until, r.until)
				within.Numbers = append(within.Numbers, int32(len(open)))
				open = append(open, r.open)
				continue
			}
			undo.CompanyIds, undo.Since, undo.Until = append(undo.CompanyIds, company), append(undo.Since, r.since), append(undo.Until, r.until)
			numerator, denominator := decimal.NewFromBigInt(r.ratio.Num(), 0), decimal.NewFromBigInt(r.ratio.Denom(), 0)
			if n, finite := r.ratio.FloatPrec(); finite {
				numerator, denominator = decimal.NewFromBigRat(r.ratio, int32(n)), decimal.NewFromInt(1)
			}
			undo.Numerators, undo.Denominators = append(undo.Numerators, numerator), append(undo.Denominators, denominator)
		}
	}
	if len(open) > 0 {
		rows, err := q.ListStagedWithin(ctx, within)
		if err != nil {
			return nil, errors.Wrap(err, "list prices of an unknown basis")
		}
		for _, r := range rows {
			s := open[r.Number]
			refused = append(refused, refusal{r.ListingID, &Error{Code: Invalid, Message: fmt.Sprintf("%s on %s: the filings show a split of the ratio %s that took effect after %s and by %s. Import its day first",
				value.SplitDateUnknown, r.Date.Format(time.DateOnly), s.Ratio.RatString(),
				s.Found.EffectiveAfter.Format(time.DateOnly), s.Found.EffectiveBy.Format(time.DateOnly))}})
		}
	}
	if len(refused) > 0 || len(undo.CompanyIds) == 0 {
		return refused, nil
	}
	return nil, wrap(q.UndoSplits(ctx, undo), "undo splits")
}

// checkPrices returns why prices of a listing contradict its company's splits, nil if they do not.
func checkPrices(ctx context.Context, q *db.Queries, listingID int64, splits []value.Split) (*Error, error) {
	if len(splits) == 0 {
		return nil, nil
	}
	stored, err := q.ListCloses(ctx, listingID)
	if err != nil {
		return nil, errors.Wrap(err, "list prices")
	}
	series := make([]value.Price, len(stored))
	for i, s := range stored {
		series[i] = value.Price{Date: s.Date, Close: s.Close}
	}
	f := value.CheckPrices(series, splits)
	if f == nil {
		return nil, nil
	}
	what := "a split of the ratio %s takes effect, and the close does not follow"
	if f.Reason == value.JumpWithoutSplit {
		what = "the close jumps by the ratio %s of later splits, and none takes effect"
	}
	return &Error{Code: Invalid, Message: fmt.Sprintf("%s on %s: "+what+". Prices are as traded, or declared as adjusted for splits up to a day (adjusted, adjusted_as_of)",
		f.Reason, f.Date.Format(time.DateOnly), f.Ratio)}, nil
}
