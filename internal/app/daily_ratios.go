package app

import (
	"context"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/go-faster/errors"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// DailyRatios are one listing's ratios of one day, with its close and shares on the share basis that was asked for.
type DailyRatios struct {
	Ticker string
	value.DailyRatios
	AdjustedClose             *decimal.Decimal // nil if a split had taken effect on the day or not, and nobody knows
	AdjustedSharesOutstanding *int64
	AdjustedTo                *time.Time     // nil for what is as traded
	Results                   []MetricResult // of those that were asked for
}

// DayOptions say what is told of trading days.
type DayOptions struct {
	PointInTime
	Metrics    []string
	GrahamSize int64 // the revenue of a company of adequate size
}

// ListCompanyDailyRatios returns a page of a listing's daily ratios until a day, the oldest first, with the metrics of the
// names, or all. Errors: Invalid, NotFound.
func (a *App) ListCompanyDailyRatios(
	ctx context.Context, t string, from, to *time.Time, o DayOptions, p Page,
) (out []DailyRatios, next string, err error) {
	var v validator
	wanted := v.metrics(o.Metrics, allMetrics, metric.OfDay)
	first, last := v.days(from, to, o.AsOf, a.today(), p)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.read(ctx, func(q *db.Queries) error {
		l, err := getListing(ctx, q, t)
		if err != nil {
			return err
		}
		var prices []db.Price
		if prices, next, err = pricePage(ctx, q, l, first, last, p); err != nil {
			return err
		}
		out, err = a.dailyRatios(ctx, q, l, prices, o, wanted)
		return err
	})
	return out, next, err
}

// dailyRatios returns the ratios of consecutive prices of one listing.
func (a *App) dailyRatios(
	ctx context.Context, q *db.Queries, l db.Listing, prices []db.Price, o DayOptions, wanted []*metric.Definition,
) ([]DailyRatios, error) {
	if len(prices) == 0 {
		return nil, nil
	}
	first, last := prices[0].Date, prices[len(prices)-1].Date
	listings := []db.Listing{l}
	f, err := listFilings(ctx, q, listings, first, last, yearsOf(wanted), o.AsOf)
	if err != nil {
		return nil, err
	}
	histories, err := listHistories(ctx, q, listings, first, last, o.AsOf, wanted)
	if err != nil {
		return nil, err
	}
	basis := a.onShareBasis(o.PointInTime, f.splits())
	k := f[l.CompanyID].of(l)
	out := make([]DailyRatios, len(prices))
	for i, p := range prices {
		out[i] = k.ratios(p.Date, p.Close, basis, histories[l.ID], o, wanted)
	}
	return out, nil
}

// historyBatch is of how many listings the prices of five years are read at a time.
const historyBatch = 50

// ListDailyRatios returns a page of all listings' ratios of one day, by ticker, with the metrics of the names, or none. Errors:
// Invalid.
func (a *App) ListDailyRatios(ctx context.Context, day time.Time, o DayOptions, p Page) (out []DailyRatios, next string, err error) {
	var v validator
	wanted := v.metrics(o.Metrics, noMetrics, metric.OfDay)
	v.pageWithMetrics(p, wanted)
	v.date("date", &day, farDay)
	v.pointInTime(o.PointInTime, a.today())
	v.check(v.wrong || o.AsOf == nil || !day.After(*o.AsOf), "date", "must not be after as_of", "as_of")
	after := db.ListPricesOfDayParams{Date: day, AfterTicker: "", AfterID: 0, PageSize: p.limit()}
	v.page(p, &after.AfterTicker, &after.AfterID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.read(ctx, func(q *db.Queries) error {
		prices, err := q.ListPricesOfDay(ctx, after)
		if prices, next, err = cut(p, prices, err, func(r db.ListPricesOfDayRow) []any { return []any{r.Listing.Ticker, r.Listing.ID} }); err != nil {
			return err
		}
		listings := make([]db.Listing, len(prices))
		for i, r := range prices {
			listings[i] = r.Listing
		}
		f, err := listFilings(ctx, q, listings, day, day, yearsOf(wanted), o.AsOf)
		if err != nil {
			return err
		}
		basis := a.onShareBasis(o.PointInTime, f.splits())
		out = nil
		for batch := range slices.Chunk(prices, historyBatch) {
			histories, err := listHistories(ctx, q, listings[len(out):len(out)+len(batch)], day, day, o.AsOf, wanted)
			if err != nil {
				return err
			}
			for _, r := range batch {
				k := f[r.Listing.CompanyID].of(r.Listing)
				out = append(out, k.ratios(day, r.Close, basis, histories[r.Listing.ID], o, wanted))
			}
		}
		return nil
	})
	return out, next, err
}

// yearsOf is how many years of annual statements metrics of a trading day read.
func yearsOf(wanted []*metric.Definition) (years int32) {
	for _, d := range wanted {
		years = max(years, int32(d.Years))
	}
	return years
}

// filings are what is known of a company on some days, beside its prices.
type filings struct {
	rows       []*db.FinancialStatement // of the statements; none of earnings
	statements []*statementVersion
	counts     []value.ShareCount // in the order in which they became known
	splits     []value.Split
	forms      []db.AnnualForm // by day
	rates      value.ExchangeRates
}

// A statementVersion is known from a day until the day before another, or today.
type statementVersion struct {
	value.Statement
	companyID int64
	from      time.Time
	to        *time.Time
}

func (v *statementVersion) isKnown(day time.Time) bool {
	return !v.from.After(day) && (v.to == nil || v.to.After(day))
}

// filingsOf are those of companies, by their ids.
type filingsOf map[int64]*filings

// listFilings returns those of the companies of listings on the days from first to last, with so many years of annual
// statements, and the splits known on asOf, or today.
func listFilings(
	ctx context.Context, q *db.Queries, listings []db.Listing, first, last time.Time, years int32, asOf *time.Time,
) (filingsOf, error) {
	if len(listings) == 0 {
		return nil, nil
	}
	begin := make(map[int64]time.Time, len(listings))
	for _, l := range listings {
		begin[l.CompanyID] = first
	}
	rows, err := q.ListFinancialStatementsOfDays(ctx, db.ListFinancialStatementsOfDaysParams{
		CompanyIds: slices.Sorted(maps.Keys(begin)), FromDay: first, ToDay: last, Years: years,
	})
	if err != nil {
		return nil, errors.Wrap(err, "list statements")
	}
	versions := make([]statementVersion, len(rows))
	for i := range rows {
		r := &rows[i]
		versions[i] = statementVersion{Statement: statementFromRow(*r), companyID: r.CompanyID, from: r.KnownFrom, to: r.KnownTo}
	}
	all, err := listOtherFilings(ctx, q, listings, begin, last, versions, asOf)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		f := all[rows[i].CompanyID]
		f.rows = append(f.rows, &rows[i])
	}
	return all, nil
}

// listEarnings returns what price to earnings ratios read of the filings of the companies of listings, from a day of each
// company until last.
func listEarnings(
	ctx context.Context, q *db.Queries, listings []db.Listing, begin map[int64]time.Time, last time.Time, asOf *time.Time,
) (filingsOf, error) {
	ids, days := daysOf(begin)
	rows, err := q.ListEarningsOfDays(ctx, db.ListEarningsOfDaysParams{CompanyIds: ids, FromDays: days, ToDay: last})
	if err != nil {
		return nil, errors.Wrap(err, "list earnings")
	}
	versions := make([]statementVersion, len(rows))
	for i, r := range rows {
		//exhaustruct:ignore the other figures are not read
		s := value.Statement{
			Period: value.Period(r.Period), StartDate: r.StartDate, EndDate: r.EndDate, PublishDate: r.PublishDate, Currency: r.Currency,
			NetIncome: r.NetIncome, PreferredDividends: r.PreferredDividends, SharesOutstanding: r.SharesOutstanding,
			SharesSource: (*value.SharesSource)(r.SharesSource),
		}
		versions[i] = statementVersion{Statement: s, companyID: r.CompanyID, from: r.KnownFrom, to: r.KnownTo}
	}
	return listOtherFilings(ctx, q, listings, begin, last, versions, asOf)
}

// daysOf returns the ids of companies with the day of each.
func daysOf(begin map[int64]time.Time) (ids []int64, days []time.Time) {
	ids = slices.Sorted(maps.Keys(begin))
	for _, id := range ids {
		days = append(days, begin[id])
	}
	return ids, days
}

// listOtherFilings returns the versions of statements by their companies, with what else is known of these.
func listOtherFilings(
	ctx context.Context, q *db.Queries, listings []db.Listing, begin map[int64]time.Time, last time.Time, versions []statementVersion, asOf *time.Time,
) (filingsOf, error) {
	ids, days := daysOf(begin)
	counts, err := q.ListShareCountsOfDays(ctx, db.ListShareCountsOfDaysParams{CompanyIds: ids, FromDays: days, ToDay: last})
	if err != nil {
		return nil, errors.Wrap(err, "list share counts")
	}
	splits, err := listSplits(ctx, q, ids, asOf)
	if err != nil {
		return nil, err
	}
	forms, err := q.ListAnnualForms(ctx, ids)
	if err != nil {
		return nil, errors.Wrap(err, "list annual forms")
	}
	currencies := map[string]bool{}
	for _, l := range listings {
		currencies[l.Currency] = true
	}
	for i := range versions {
		currencies[versions[i].Currency] = true
	}
	rates, err := exchangeRates(ctx, q, slices.MinFunc(days, time.Time.Compare), last, currencies)
	if err != nil {
		return nil, err
	}
	all := make(filingsOf, len(ids))
	for _, id := range ids {
		all[id] = &filings{rows: nil, statements: nil, counts: nil, splits: splits[id], forms: nil, rates: rates}
	}
	for i := range versions {
		f := all[versions[i].companyID]
		f.statements = append(f.statements, &versions[i])
	}
	for _, r := range counts {
		f := all[r.CompanyID]
		f.counts = append(f.counts, shareCount(r))
	}
	for _, r := range forms {
		f := all[r.CompanyID]
		f.forms = append(f.forms, r)
	}
	return all, nil
}

func shareCount(r db.ShareCount) value.ShareCount {
	return value.ShareCount{
		Source: value.SharesSource(r.Source), KnownFrom: r.KnownFrom, BasisDate: r.BasisDate, EndDate: r.EndDate, Shares: r.Shares,
	}
}

// splits are those of the companies, by their ids.
func (f filingsOf) splits() map[int64][]value.Split {
	splits := make(map[int64][]value.Split, len(f))
	for id, of := range f {
		splits[id] = of.splits
	}
	return splits
}

// known is what is known of a listing's company on a day. It goes from one day to later ones, and keeps what it computed as
// long as no other version becomes known and no split takes effect.
type known struct {
	*filings
	listing    db.Listing
	day        time.Time
	changes    []time.Time // that are to come
	counts     []value.ShareCount
	newest     []value.ShareCount // one of each source
	statements []value.Statement
	latest     *value.Statement // of the statements
	ttm        value.TTM
	reports    []*metric.Report // on the share basis of the day, nil until they are asked for
	company    *metric.Company
}

func (f *filings) of(l db.Listing) *known {
	//exhaustruct:ignore nothing is known before the first day
	k := &known{filings: f, listing: l, counts: f.counts}
	k.changes = append(k.changes, time.Time{})
	for _, v := range f.statements {
		k.changes = append(k.changes, v.from)
		if v.to != nil {
			k.changes = append(k.changes, *v.to)
		}
	}
	for _, s := range f.splits {
		k.changes = append(k.changes, s.EffectiveDate)
	}
	slices.SortFunc(k.changes, time.Time.Compare)
	return k
}

// goTo goes to a day that is not before the one at which k is.
func (k *known) goTo(day time.Time) {
	k.day = day
	for len(k.counts) > 0 && !k.counts[0].KnownFrom.After(day) {
		c := k.counts[0]
		k.newest = append(slices.DeleteFunc(k.newest, func(o value.ShareCount) bool { return o.Source == c.Source }), c)
		k.counts = k.counts[1:]
	}
	n := 0
	for n < len(k.changes) && !k.changes[n].After(day) {
		n++
	}
	if n == 0 {
		return
	}
	k.changes = k.changes[n:]
	k.statements, k.reports = nil, nil
	for _, v := range k.filings.statements {
		if v.isKnown(day) {
			k.statements = append(k.statements, v.Statement)
		}
	}
	var unknown value.TTM
	if k.latest, k.ttm = value.Latest(k.statements), unknown; k.latest != nil {
		k.ttm = value.TrailingTwelveMonths(*k.latest, k.statements)
	}
}

// isForeign tells whether the newest annual report known on the day is of a foreign issuer.
func (k *known) isForeign() (is bool) {
	for _, f := range k.forms {
		if !f.KnownFrom.After(k.day) {
			is = f.ForeignIssuer
		}
	}
	return is
}

// marketValue returns what the company costs at a price of the day.
func (k *known) marketValue(price decimal.Decimal) value.MarketValue {
	q := value.Quote{
		Day: k.day, Close: price, Currency: k.listing.Currency, OrdinaryShares: value.OrdinaryShares(k.listing.OrdinaryShares, k.isForeign()),
	}
	return value.ComputeMarketValue(q, k.latest, k.newest, k.splits, func(from, to string) *big.Rat {
		return k.rates.On(k.day, from, to)
	})
}

// metricDay returns what metrics of the day are made of.
func (k *known) metricDay(m value.MarketValue, r *value.DailyRatios) (*metric.Company, *metric.Day) {
	if k.reports == nil {
		k.reports = metric.ReportsOnBasis(k.statements, k.day, k.splits)
		k.company = metric.NewCompany(k.reports)
	}
	//exhaustruct:ignore no prices of other days
	d := &metric.Day{Date: k.day, Cap: m.Cap, EnterpriseValue: r.EnterpriseValue, Price: m.Price(), Shares: m.Shares}
	for i := range k.statements {
		if &k.statements[i] == k.latest {
			d.Statement = k.reports[i]
		}
	}
	for _, reason := range r.Reasons {
		d.Reasons = append(d.Reasons, metric.Reason(reason))
	}
	// Without a count of shares the row does not say so, but earnings per share cannot be set against the price either.
	if slices.ContainsFunc(k.splits, func(s value.Split) bool { return s.IsOpenOn(k.day) }) {
		d.Reasons = append(d.Reasons, metric.SplitDateUnknown)
	}
	return k.company, d
}

// ratios returns those of a day that is not before the one at which k is.
func (k *known) ratios(
	day time.Time, price decimal.Decimal, basis shareBasis, h history, o DayOptions, wanted []*metric.Definition,
) DailyRatios {
	k.goTo(day)
	m := k.marketValue(price)
	r := DailyRatios{
		Ticker: k.listing.Ticker, DailyRatios: m.Ratios(k.latest, k.ttm), AdjustedClose: nil, AdjustedSharesOutstanding: nil,
		AdjustedTo: basis.on, Results: nil,
	}
	if ratio := basis.since(k.listing.CompanyID, day); ratio != nil {
		r.AdjustedClose = new(value.AdjustAmount(price, ratio))
		if r.SharesOutstanding != nil {
			r.AdjustedSharesOutstanding = value.AdjustCount(*r.SharesOutstanding, ratio)
		}
	}
	if len(wanted) == 0 {
		return r
	}
	company, d := k.metricDay(m, &r.DailyRatios)
	d.PriceEarnings, d.PricesFrom = h.before(day), h.from
	if o.GrahamSize > 0 {
		d.GrahamSize = big.NewRat(o.GrahamSize, 1)
	}
	r.Results = make([]MetricResult, len(wanted))
	for i, of := range wanted {
		r.Results[i] = MetricResult{of, company.OnDay(d, of)}
	}
	return r
}

// A history is the price to earnings ratios of a listing, where they are above zero.
type history struct {
	from   *time.Time // the day of the oldest price
	days   []time.Time
	ratios []decimal.Decimal
}

// before returns those that the percentile of a day is among.
func (h history) before(day time.Time) []decimal.Decimal {
	since, _ := slices.BinarySearchFunc(h.days, metric.PercentileSince(day), time.Time.Compare)
	until, _ := slices.BinarySearchFunc(h.days, day, time.Time.Compare)
	return h.ratios[since:until]
}

// listHistories returns those of listings, by their ids, that the metrics of the days from first to last read.
func listHistories(
	ctx context.Context, q *db.Queries, listings []db.Listing, first, last time.Time, asOf *time.Time, wanted []*metric.Definition,
) (map[int64]history, error) {
	if len(listings) == 0 || !slices.ContainsFunc(wanted, (*metric.Definition).ReadsPrices) {
		return nil, nil
	}
	ids, byID := make([]int64, len(listings)), make(map[int64]db.Listing, len(listings))
	for i, l := range listings {
		ids[i], byID[l.ID] = l.ID, l
	}
	all := make(map[int64]history, len(listings))
	firsts, err := q.ListFirstPriceDays(ctx, ids)
	if err != nil {
		return nil, errors.Wrap(err, "list the first days of prices")
	}
	since := metric.PercentileSince(first)
	begin := map[int64]time.Time{} // by company
	var read []db.Listing
	var readIDs []int64
	for _, r := range firsts {
		all[r.ListingID] = history{from: &r.Date, days: nil, ratios: nil}
		if !r.Date.Before(last) {
			continue // no day has one before it
		}
		l := byID[r.ListingID]
		read, readIDs = append(read, l), append(readIDs, l.ID)
		from := latest(since, r.Date)
		if other, ok := begin[l.CompanyID]; ok {
			from = earliest(from, other)
		}
		begin[l.CompanyID] = from
	}
	if len(read) == 0 {
		return all, nil
	}
	closes, err := q.ListClosesOfDays(ctx, db.ListClosesOfDaysParams{ListingIds: readIDs, FromDay: since, ToDay: last})
	if err != nil {
		return nil, errors.Wrap(err, "list closes")
	}
	f, err := listEarnings(ctx, q, read, begin, last, asOf)
	if err != nil {
		return nil, err
	}
	var k *known
	for _, p := range closes {
		if k == nil || k.listing.ID != p.ListingID {
			l := byID[p.ListingID]
			k = f[l.CompanyID].of(l)
		}
		price, err := decimal.NewFromString(p.Close)
		if err != nil {
			return nil, errors.Wrap(err, "read a close")
		}
		k.goTo(p.Date)
		if ratio := k.marketValue(price).PriceToEarnings(&k.ttm); ratio != nil && ratio.IsPositive() {
			h := all[p.ListingID]
			h.days, h.ratios = append(h.days, p.Date), append(h.ratios, *ratio)
			all[p.ListingID] = h
		}
	}
	return all, nil
}
