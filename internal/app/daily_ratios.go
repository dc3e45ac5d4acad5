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
)

// DailyRatios are one listing's ratios of one day.
type DailyRatios struct {
	Ticker string
	value.DailyRatios
}

// ListCompanyDailyRatios returns a page of a listing's daily ratios, the oldest first. Errors: Invalid, NotFound.
func (a *App) ListCompanyDailyRatios(ctx context.Context, t string, from, to *time.Time, p Page) (out []DailyRatios, next string, err error) {
	first, last, err := a.days(from, to, p)
	if err != nil {
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
		out, err = dailyRatios(ctx, q, l, prices)
		return err
	})
	return out, next, err
}

// ListDailyRatios returns a page of all listings' ratios of one day, by ticker. Errors: Invalid.
func (a *App) ListDailyRatios(ctx context.Context, day time.Time, p Page) (out []DailyRatios, next string, err error) {
	var v validator
	v.date("date", &day, farDay)
	var after string
	v.page(p, &after)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	err = a.read(ctx, func(q *db.Queries) error {
		prices, err := q.ListPricesOfDay(ctx, db.ListPricesOfDayParams{Date: day, AfterTicker: after, PageSize: p.limit()})
		if prices, next, err = cut(p, prices, err, func(r db.ListPricesOfDayRow) []any { return []any{r.Listing.Ticker} }); err != nil {
			return err
		}
		var ids []int64
		for _, r := range prices {
			ids = append(ids, r.Listing.CompanyID)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		rows, err := q.ListNewestFinancialStatements(ctx, db.ListNewestFinancialStatementsParams{CompanyIds: ids, Day: day})
		if err != nil {
			return errors.Wrap(err, "list statements")
		}
		counts, err := q.ListNewestShareCounts(ctx, db.ListNewestShareCountsParams{CompanyIds: ids, Day: day})
		if err != nil {
			return errors.Wrap(err, "list share counts")
		}
		currencies := map[string]bool{}
		for _, r := range prices {
			currencies[r.Listing.Currency] = true
		}
		about, err := listBackgrounds(ctx, q, ids, day, day, rows, currencies)
		if err != nil {
			return err
		}
		versions := map[int64][]db.FinancialStatement{}
		for _, r := range rows {
			versions[r.CompanyID] = append(versions[r.CompanyID], r)
		}
		shares := map[int64][]value.ShareCount{}
		for _, r := range counts {
			shares[r.CompanyID] = append(shares[r.CompanyID], shareCount(r))
		}
		out = make([]DailyRatios, len(prices))
		for i, r := range prices {
			id := r.Listing.CompanyID
			out[i] = newestKnown(versions[id], day).ratios(r.Listing, day, r.Close, shares[id], about[id])
		}
		return nil
	})
	return out, next, err
}

// dailyRatios returns the ratios of consecutive prices of one listing.
func dailyRatios(ctx context.Context, q *db.Queries, l db.Listing, prices []db.Price) ([]DailyRatios, error) {
	if len(prices) == 0 {
		return nil, nil
	}
	versions, err := q.ListFinancialStatementVersions(ctx, db.ListFinancialStatementVersionsParams{
		CompanyID: l.CompanyID, FromDay: prices[0].Date, ToDay: prices[len(prices)-1].Date,
	})
	if err != nil {
		return nil, errors.Wrap(err, "list statement versions")
	}
	counts, err := q.ListShareCounts(ctx, l.CompanyID)
	if err != nil {
		return nil, errors.Wrap(err, "list share counts")
	}
	about, err := listBackgrounds(ctx, q, []int64{l.CompanyID}, prices[0].Date, prices[len(prices)-1].Date, versions, map[string]bool{l.Currency: true})
	if err != nil {
		return nil, err
	}
	var changes []time.Time // days on which another set of versions becomes known
	for _, v := range versions {
		changes = append(changes, v.KnownFrom)
		if v.KnownTo != nil {
			changes = append(changes, *v.KnownTo)
		}
	}
	slices.SortFunc(changes, time.Time.Compare)
	out := make([]DailyRatios, len(prices))
	var k known
	newest := map[value.SharesSource]value.ShareCount{}
	for i, p := range prices {
		n := 0
		for n < len(changes) && !changes[n].After(p.Date) {
			n++
		}
		if i == 0 || n > 0 {
			k = newestKnown(versions, p.Date)
			changes = changes[n:]
		}
		for len(counts) > 0 && !counts[0].KnownFrom.After(p.Date) {
			c := shareCount(counts[0])
			newest[c.Source] = c
			counts = counts[1:]
		}
		out[i] = k.ratios(l, p.Date, p.Close, slices.Collect(maps.Values(newest)), about[l.CompanyID])
	}
	return out, nil
}

// known is a company's newest statement on some day, with its trailing twelve months.
type known struct {
	statement *value.Statement
	ttm       value.TTM
}

func newestKnown(versions []db.FinancialStatement, day time.Time) known {
	var statements []value.Statement
	for i := range versions {
		if v := &versions[i]; !v.KnownFrom.After(day) && (v.KnownTo == nil || v.KnownTo.After(day)) {
			statements = append(statements, statementFromRow(*v))
		}
	}
	latest := value.Latest(statements)
	if latest == nil {
		return known{}
	}
	return known{latest, value.TrailingTwelveMonths(*latest, statements)}
}

func (k known) ratios(l db.Listing, day time.Time, price decimal.Decimal, shares []value.ShareCount, about background) DailyRatios {
	q := value.Quote{Day: day, Close: price, Currency: l.Currency, OrdinaryShares: value.OrdinaryShares(l.OrdinaryShares, about.foreign(day))}
	return DailyRatios{l.Ticker, value.ComputeDailyRatios(q, k.statement, k.ttm, shares, about.splits, func(from, to string) *big.Rat {
		return about.rates.On(day, from, to)
	})}
}

// A background is what the ratios of a company's listings need besides prices and what was filed.
type background struct {
	splits []value.Split
	forms  []db.AnnualForm // by day
	rates  value.ExchangeRates
}

// listBackgrounds returns those of companies on the days from first to last, by id. Prices have one of the currencies.
func listBackgrounds(
	ctx context.Context, q *db.Queries, ids []int64, first, last time.Time, statements []db.FinancialStatement, currencies map[string]bool,
) (map[int64]background, error) {
	splits, err := listSplits(ctx, q, ids, nil)
	if err != nil {
		return nil, err
	}
	forms, err := q.ListAnnualForms(ctx, ids)
	if err != nil {
		return nil, errors.Wrap(err, "list annual forms")
	}
	for _, s := range statements {
		currencies[s.Currency] = true
	}
	rates, err := exchangeRates(ctx, q, first, last, currencies)
	if err != nil {
		return nil, err
	}
	out := map[int64]background{}
	for _, id := range ids {
		out[id] = background{splits: splits[id], forms: nil, rates: rates}
	}
	for _, f := range forms {
		b := out[f.CompanyID]
		b.forms = append(b.forms, f)
		out[f.CompanyID] = b
	}
	return out, nil
}

// foreign tells whether the newest annual report known on a day is of a foreign issuer.
func (b background) foreign(day time.Time) (is bool) {
	for _, f := range b.forms {
		if !f.KnownFrom.After(day) {
			is = f.ForeignIssuer
		}
	}
	return is
}

func shareCount(r db.ShareCount) value.ShareCount {
	return value.ShareCount{
		Source: value.SharesSource(r.Source), KnownFrom: r.KnownFrom, BasisDate: r.BasisDate, EndDate: r.EndDate, Shares: r.Shares,
	}
}
