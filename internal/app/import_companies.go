package app

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/sec"
)

// A listedRow is a row of a list of companies. An empty text, and a CIK of 0, is one that the list does not say.
type listedRow struct {
	sec.Listing
	isin, shareClass, currency, ordinaryShares, country string

	line int // of the file
}

// readCompanies reads a list of the SEC or a CSV file.
func (a *App) readCompanies(r io.Reader) (writer, error) {
	in := bufio.NewReader(r)
	beginning, err := in.Peek(1)
	for len(beginning) == 1 && bytes.ContainsAny(beginning, " \t\r\n") {
		_, _ = in.Discard(1)
		beginning, err = in.Peek(1)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Wrap(err, "read file")
	}
	var rows []listedRow
	skipped := 0
	if bytes.ContainsAny(beginning, "{[") {
		var listings []sec.Listing
		if listings, skipped, err = sec.ParseCompanyTickers(in); err != nil {
			return nil, unreadable(err)
		}
		for _, l := range listings {
			rows = append(rows, listedRow{Listing: l}) //nolint:exhaustruct // these lists say no more
		}
	} else if rows, skipped, err = readCompanyTable(in); err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ pgx.Tx, q *db.Queries) (counts, error) {
		c, err := writeCompanies(ctx, q, rows)
		c.skipped += int64(skipped)
		return c, err
	}, nil
}

func readCompanyTable(r io.Reader) (rows []listedRow, skipped int, err error) {
	t, err := newTable(r, header{
		required: []string{"ticker", "name"},
		optional: []string{"cik", "exchange", "isin", "share_class", "currency", "ordinary_shares", "country"},
	})
	if err != nil {
		return nil, 0, err
	}
	seen := map[string]int{}
	optional := func(column string, ok func(string) bool, rule string) string {
		s := t.text(column)
		t.check(s == "" || ok(s), column, rule)
		return s
	}
	line := func(longest int) func(string) bool {
		return func(s string) bool { return utf8.RuneCountInString(s) <= longest && isText(s) }
	}
	err = t.each(func() error {
		row := listedRow{
			Listing: sec.Listing{Ticker: ticker(t.text("ticker")), Name: t.text("name"), CIK: 0, Exchange: optional("exchange", line(50), "is too long, or has control characters")},
			isin:    optional("isin", isISIN, isinRule), shareClass: optional("share_class", line(100), "is too long, or has control characters"),
			currency: optional("currency", currencyForm.MatchString, currencyRule), ordinaryShares: optional("ordinary_shares", isOrdinaryShares, ordinarySharesRule),
			country: optional("country", countryForm.MatchString, countryRule), line: t.line,
		}
		if row.Ticker == "" {
			skipped++
			t.err = nil
			return nil
		}
		if s := t.text("cik"); s != "" {
			row.CIK, err = strconv.ParseInt(s, 10, 64)
			t.check(err == nil && row.CIK >= 1 && row.CIK <= 9_999_999_999, "cik", "is not a Central Index Key")
		}
		t.check(sec.IsTicker(row.Ticker), "ticker", "is not a ticker")
		t.check(row.Name != "" && isText(row.Name), "name", "is missing, or has control characters")
		key := tickerKey(row.Ticker)
		if first, twice := seen[key]; twice && t.err == nil {
			t.err = t.bad(fmt.Sprintf("ticker %s stands on line %d already", row.Ticker, first))
		}
		seen[key] = t.line
		rows = append(rows, row)
		return nil
	})
	return rows, skipped, err
}

// writeCompanies writes the companies and listings of a list. A row whose ticker is that of another company than its CIK's
// is skipped.
func writeCompanies(ctx context.Context, q *db.Queries, rows []listedRow) (c counts, err error) {
	if err := checkCurrencies(ctx, q, rows); err != nil {
		return c, err
	}
	var named db.ListTickerConflictsParams
	tickers := make([]string, len(rows))
	for i, r := range rows {
		tickers[i] = r.Ticker
		if r.CIK != 0 {
			named.Ciks, named.Tickers = append(named.Ciks, r.CIK), append(named.Tickers, r.Ticker)
		}
	}
	if err := q.LockListedCompanies(ctx, db.LockListedCompaniesParams{Ciks: named.Ciks, Tickers: tickers}); err != nil {
		return c, errors.Wrap(err, "lock companies")
	}
	conflicts, err := q.ListTickerConflicts(ctx, named)
	if err != nil {
		return c, errors.Wrap(err, "list conflicts")
	}
	taken := map[string]bool{}
	for _, t := range conflicts {
		taken[t] = true
	}
	var free []listedRow
	for _, r := range rows {
		if r.CIK != 0 && taken[r.Ticker] {
			c.skipped++
			continue
		}
		free = append(free, r)
	}
	owners, changed, companies, err := listedCompanies(ctx, q, free, tickers)
	if err != nil {
		return c, err
	}
	var l db.ImportListingsParams
	seen := map[int64]bool{}
	for i, r := range free {
		l.CompanyIds, l.First, l.Tickers = append(l.CompanyIds, owners[i]), append(l.First, !seen[owners[i]]), append(l.Tickers, r.Ticker)
		l.Exchanges, l.Isins = append(l.Exchanges, r.Exchange), append(l.Isins, r.isin)
		l.ShareClasses, l.Currencies = append(l.ShareClasses, r.shareClass), append(l.Currencies, r.currency)
		l.OrdinaryShares = append(l.OrdinaryShares, r.ordinaryShares)
		seen[owners[i]] = true
	}
	declared, err := q.DeclareListings(ctx, db.DeclareListingsParams{
		CompanyIds: l.CompanyIds, Tickers: l.Tickers, Exchanges: l.Exchanges, Isins: l.Isins, ShareClasses: l.ShareClasses,
		Currencies: l.Currencies, OrdinaryShares: l.OrdinaryShares,
	})
	if err != nil {
		return c, errors.Wrap(err, "change listings")
	}
	added, err := q.ImportListings(ctx, l)
	c.written = changed + declared + added
	c.unchanged = companies + int64(len(free)) - c.written
	return c, wrap(err, "write listings")
}

// checkCurrencies refuses a list with a currency that is not known.
func checkCurrencies(ctx context.Context, q *db.Queries, rows []listedRow) error {
	var codes []string
	for _, r := range rows {
		if r.currency != "" && !slices.Contains(codes, r.currency) {
			codes = append(codes, r.currency)
		}
	}
	unknown, err := q.ListUnknownCurrencies(ctx, codes)
	if err != nil || len(unknown) == 0 {
		return wrap(err, "look up currencies")
	}
	first := rows[slices.IndexFunc(rows, func(r listedRow) bool { return slices.Contains(unknown, r.currency) })]
	return badLine(first.line, fmt.Sprintf("currency %q %s", first.currency, currencyRule))
}

// listedCompanies adds or renames the companies of rows. It returns the id of each row's, how many companies it has changed,
// and of how many.
func listedCompanies(ctx context.Context, q *db.Queries, rows []listedRow, tickers []string) (owners []int64, changed, companies int64, err error) {
	var byCIK db.ImportCompaniesParams
	seen := map[int64]bool{}
	for _, r := range rows {
		if r.CIK != 0 && !seen[r.CIK] {
			seen[r.CIK] = true
			byCIK.Ciks, byCIK.Names, byCIK.Countries = append(byCIK.Ciks, r.CIK), append(byCIK.Names, r.Name), append(byCIK.Countries, r.country)
		}
	}
	if changed, err = q.ImportCompanies(ctx, byCIK); err != nil {
		return nil, 0, 0, errors.Wrap(err, "write companies")
	}
	ofCIK := map[int64]int64{}
	ids, err := q.ListCompaniesOfCIKs(ctx, byCIK.Ciks)
	for _, r := range ids {
		ofCIK[r.Cik] = r.CompanyID
	}
	if err != nil {
		return nil, 0, 0, errors.Wrap(err, "list companies")
	}
	ofTicker := map[string]int64{}
	listed, err := q.ListCompaniesOfTickers(ctx, tickers)
	for _, r := range listed {
		ofTicker[r.Ticker] = r.CompanyID
	}
	if err != nil {
		return nil, 0, 0, errors.Wrap(err, "list companies")
	}
	var byID db.RenameCompaniesParams
	known := map[int64]bool{}
	owners = make([]int64, len(rows))
	for i, r := range rows {
		id := cmp.Or(ofCIK[r.CIK], ofTicker[r.Ticker])
		switch {
		case r.CIK != 0:
		case id == 0:
			//exhaustruct:ignore the list tells no more
			p := db.CreateCompanyParams{Name: r.Name, FormerCiks: []int64{}}
			if r.country != "" {
				p.Country = &r.country
			}
			created, err := q.CreateCompany(ctx, p)
			if err != nil {
				return nil, 0, 0, errors.Wrap(err, "create company")
			}
			id = created.ID
			changed++
			companies++
		case !known[id]:
			known[id] = true
			byID.Ids, byID.Names, byID.Countries = append(byID.Ids, id), append(byID.Names, r.Name), append(byID.Countries, r.country)
		}
		owners[i] = id
	}
	renamed, err := q.RenameCompanies(ctx, byID)
	companies += int64(len(byCIK.Ciks) + len(byID.Ids))
	return owners, changed + renamed, companies, wrap(err, "rename companies")
}
