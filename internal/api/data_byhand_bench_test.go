package api_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-faster/jx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/value"
)

// serveByHand serves the three requests by hand and returns the address.
func serveByHand(b *testing.B, pool *pgxpool.Pool) string {
	b.Helper()
	h := byHand{pool}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.Prefix+"/companies/{ticker}", answer(h.company))
	mux.HandleFunc("GET "+api.Prefix+"/companies", answer(h.companies))
	mux.HandleFunc("GET "+api.Prefix+"/financial-statements", answer(h.statements))
	return serve(b, mux)
}

type byHand struct{ pool *pgxpool.Pool }

func answer(handle func(*http.Request, *jx.Encoder) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := jx.GetEncoder()
		defer jx.PutEncoder(e)
		if err := handle(r, e); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(e.Bytes())))
		_, _ = w.Write(e.Bytes())
	}
}

const companyColumns = `c.id, c.name, c.cik, c.former_ciks, c.former_names::text, c.sic, c.sic_description, c.fiscal_year_end, c.state,
	c.country, c.url, c.ipo_date, c.last_day, c.number_of_shares, c.newest_period, c.newest_end_date, f.read_at, c.created_at, c.updated_at,
	k.cik, k.first_day, k.last_day,
	l.ticker, l.exchange, l.isin, l.share_class, l.currency, l.ordinary_shares, l.is_primary, l.first_day, l.last_day`

// handCompany is a row of companyColumns, of which each listing of a company has one for each of its CIKs.
type handCompany struct {
	id                                                int64
	name                                              string
	cik, shares                                       pgtype.Int8
	formerCIKs                                        []int64
	formerNames                                       string
	sic, sicDescription, yearEnd, state, country, url pgtype.Text
	ipo, lastDay                                      pgtype.Date
	newestPeriod                                      pgtype.Text
	newestEnd                                         pgtype.Date
	read                                              pgtype.Timestamptz
	created, updated                                  time.Time
	filer                                             handFiler
	listing                                           handListing
}

type handFiler struct {
	cik               pgtype.Int8
	firstDay, lastDay pgtype.Date
}

type handListing struct {
	ticker, currency                           string
	exchange, isin, shareClass, ordinaryShares pgtype.Text
	primary                                    bool
	firstDay, lastDay                          pgtype.Date
}

func (c *handCompany) scan(rows pgx.Rows) error {
	k, l := &c.filer, &c.listing
	return rows.Scan(&c.id, &c.name, &c.cik, &c.formerCIKs, &c.formerNames, &c.sic, &c.sicDescription, &c.yearEnd, &c.state,
		&c.country, &c.url, &c.ipo, &c.lastDay, &c.shares, &c.newestPeriod, &c.newestEnd, &c.read, &c.created, &c.updated,
		&k.cik, &k.firstDay, &k.lastDay,
		&l.ticker, &l.exchange, &l.isin, &l.shareClass, &l.currency, &l.ordinaryShares, &l.primary, &l.firstDay, &l.lastDay)
}

// encodeCompanies appends the companies of rows, in which those of one company follow each other, until n are complete.
// It returns the last.
func encodeCompanies(e *jx.Encoder, rows pgx.Rows, n int) (last handCompany, more bool, err error) {
	defer rows.Close()
	var c handCompany
	var filers []handFiler
	var listings []handListing
	count := 0
	for rows.Next() {
		if err := c.scan(rows); err != nil {
			return last, false, err
		}
		if count == 0 || c.id != last.id {
			if count > 0 {
				if err := last.encode(e, filers, listings); err != nil {
					return last, false, err
				}
			}
			if count == n {
				return last, true, nil
			}
			count++
			last, filers, listings = c, filers[:0], listings[:0]
		}
		if len(listings) == 0 || listings[len(listings)-1].ticker != c.listing.ticker {
			listings = append(listings, c.listing)
		}
		if len(listings) == 1 && c.filer.cik.Valid {
			filers = append(filers, c.filer)
		}
	}
	if err := rows.Err(); err != nil || count == 0 {
		return last, false, err
	}
	return last, false, last.encode(e, filers, listings)
}

func (c *handCompany) encode(e *jx.Encoder, filers []handFiler, listings []handListing) error {
	slices.SortFunc(filers, func(a, b handFiler) int { // the oldest first, today's last
		place := func(f handFiler) int { return slices.Index(c.formerCIKs, f.cik.Int64) & math.MaxInt }
		return cmp.Compare(place(a), place(b))
	})
	e.ObjStart()
	e.FieldStart("id")
	e.Int64(c.id)
	e.FieldStart("ticker")
	e.Str(listings[0].ticker)
	e.FieldStart("name")
	e.Str(c.name)
	e.FieldStart("cik")
	encodeInt(e, c.cik)
	e.FieldStart("former_ciks")
	e.ArrStart()
	for _, cik := range c.formerCIKs {
		e.Int64(cik)
	}
	e.ArrEnd()
	e.FieldStart("ciks")
	e.ArrStart()
	for _, f := range filers {
		e.ObjStart()
		e.FieldStart("cik")
		encodeInt(e, f.cik)
		e.FieldStart("first_day")
		encodeDate(e, f.firstDay)
		e.FieldStart("last_day")
		encodeDate(e, f.lastDay)
		e.ObjEnd()
	}
	e.ArrEnd()
	e.FieldStart("former_names")
	if err := encodeFormerNames(e, c.formerNames); err != nil {
		return err
	}
	for _, f := range [...]struct {
		name  string
		value pgtype.Text
	}{
		{"sic", c.sic}, {"sic_description", c.sicDescription}, {"fiscal_year_end", c.yearEnd}, {"state", c.state}, {"country", c.country}, {"url", c.url},
	} {
		e.FieldStart(f.name)
		encodeText(e, f.value)
	}
	e.FieldStart("ipo_date")
	encodeDate(e, c.ipo)
	e.FieldStart("last_day")
	encodeDate(e, c.lastDay)
	e.FieldStart("number_of_shares")
	encodeInt(e, c.shares)
	e.FieldStart("has_statements")
	e.Bool(c.newestEnd.Valid)
	e.FieldStart("newest_statement")
	if c.newestEnd.Valid {
		e.ObjStart()
		e.FieldStart("period")
		e.Str(c.newestPeriod.String)
		e.FieldStart("end_date")
		encodeDate(e, c.newestEnd)
		e.ObjEnd()
	} else {
		e.Null()
	}
	e.FieldStart("facts_read_at")
	encodeInstant(e, c.read)
	e.FieldStart("listings")
	e.ArrStart()
	for i := range listings {
		listings[i].encode(e)
	}
	e.ArrEnd()
	e.FieldStart("created_at")
	encodeTime(e, c.created, time.RFC3339)
	e.FieldStart("updated_at")
	encodeTime(e, c.updated, time.RFC3339)
	e.ObjEnd()
	return nil
}

func (l *handListing) encode(e *jx.Encoder) {
	e.ObjStart()
	e.FieldStart("ticker")
	e.Str(l.ticker)
	e.FieldStart("exchange")
	encodeText(e, l.exchange)
	e.FieldStart("isin")
	encodeText(e, l.isin)
	e.FieldStart("share_class")
	encodeText(e, l.shareClass)
	e.FieldStart("currency")
	e.Str(l.currency)
	e.FieldStart("ordinary_shares")
	encodeText(e, l.ordinaryShares)
	e.FieldStart("primary")
	e.Bool(l.primary)
	e.FieldStart("first_day")
	encodeDate(e, l.firstDay)
	e.FieldStart("last_day")
	encodeDate(e, l.lastDay)
	e.ObjEnd()
}

func encodeFormerNames(e *jx.Encoder, stored string) error {
	var names []value.FormerName
	if stored != "[]" {
		if err := json.Unmarshal([]byte(stored), &names); err != nil {
			return err
		}
	}
	day := func(t *time.Time) {
		if t != nil {
			encodeTime(e, *t, time.DateOnly)
		} else {
			e.Null()
		}
	}
	e.ArrStart()
	for _, n := range names {
		e.ObjStart()
		e.FieldStart("name")
		e.Str(n.Name)
		e.FieldStart("from")
		day(n.From)
		e.FieldStart("to")
		day(n.To)
		e.ObjEnd()
	}
	e.ArrEnd()
	return nil
}

func (h byHand) company(r *http.Request, e *jx.Encoder) error {
	rows, err := h.pool.Query(r.Context(), "SELECT "+companyColumns+` FROM listing t
		JOIN company c ON c.id = t.company_id JOIN listing l ON l.company_id = c.id
		LEFT JOIN company_cik k ON k.company_id = c.id LEFT JOIN company_facts f ON f.company_id = c.id
		WHERE ticker_key(t.ticker) = $1 AND t.holds_ticker ORDER BY l.is_primary DESC, l.ticker`, strings.ToUpper(r.PathValue("ticker")))
	if err != nil {
		return err
	}
	last, _, err := encodeCompanies(e, rows, 1)
	if err == nil && last.id == 0 {
		return pgx.ErrNoRows
	}
	return err
}

func (h byHand) companies(r *http.Request, e *jx.Encoder) error {
	size, err := strconv.Atoi(r.URL.Query().Get("page_size"))
	if err != nil {
		return err
	}
	// LATERAL with OFFSET looks the others up by their indexes; plain joins read and hash whole tables.
	rows, err := h.pool.Query(r.Context(), "SELECT "+companyColumns+` FROM (
			SELECT * FROM company ORDER BY name, id LIMIT $1
		) c
		CROSS JOIN LATERAL (SELECT * FROM listing WHERE company_id = c.id OFFSET 0) l
		LEFT JOIN LATERAL (SELECT * FROM company_cik WHERE company_id = c.id OFFSET 0) k ON true
		LEFT JOIN LATERAL (SELECT * FROM company_facts WHERE company_id = c.id OFFSET 0) f ON true
		ORDER BY c.name, c.id, l.is_primary DESC, l.ticker`, size+1)
	if err != nil {
		return err
	}
	e.ObjStart()
	e.FieldStart("items")
	e.ArrStart()
	last, more, err := encodeCompanies(e, rows, size)
	if err != nil {
		return err
	}
	e.ArrEnd()
	return encodeNext(e, more, last.name, last.id)
}

// handStatement are the fields of a statement in their order, each with a variable for its column.
func handStatement() (names []string, row []any) {
	add := func(n func() any, fields ...string) {
		for _, f := range fields {
			names, row = append(names, f), append(row, n())
		}
	}
	integer, text, date := func() any { return new(pgtype.Int8) }, func() any { return new(pgtype.Text) }, func() any { return new(pgtype.Date) }
	add(integer, "id", "company_id")
	add(text, "ticker", "source", "period")
	add(integer, "fiscal_year", "fiscal_quarter")
	add(date, "start_date", "end_date", "publish_date", "known_from", "known_to")
	add(func() any { return new(bool) }, "restated")
	add(func() any { return new(handFiling) }, "set_by")
	add(func() any { return new(pgtype.Timestamptz) }, "accepted_at")
	add(text, "currency", "taxonomy")
	add(integer, "rules_version")
	add(func() any { return new([]string) }, "marks")
	add(func() any { return new(bool) }, "audited")
	add(text, "accession", "url")
	add(integer, "total_revenues", "cost_of_revenue", "gross_profit", "operating_income", "selling_general_administrative",
		"research_and_development", "interest_expense", "interest_income", "profit_before_tax", "tax_expense", "net_income",
		"depreciation", "amortization", "depreciation_and_amortization", "ebit")
	add(text, "ebit_basis")
	add(integer, "ebitda", "operating_cash_flow", "capital_expenditure", "free_cash_flow", "investing_cash_flow",
		"financing_cash_flow", "exchange_rate_effect", "net_change_in_cash", "dividends_paid", "share_repurchases",
		"stock_based_compensation", "acquisitions", "income_taxes_paid", "interest_paid", "preferred_dividends")
	amount := func() any { return new(decimal.NullDecimal) }
	add(amount, "earnings_per_share")
	add(date, "earnings_per_share_basis_date")
	add(amount, "earnings_per_share_diluted")
	add(date, "earnings_per_share_diluted_basis_date", "per_share_basis_date")
	add(integer, "weighted_average_shares")
	add(date, "weighted_average_shares_basis_date")
	add(integer, "weighted_average_shares_diluted")
	add(date, "weighted_average_shares_diluted_basis_date")
	add(amount, "dividends_per_share")
	add(date, "dividends_per_share_basis_date")
	add(integer, "total_assets", "current_assets", "non_current_assets", "cash_and_equivalents", "short_term_investments",
		"receivables", "inventory", "long_term_investments", "property_plant_equipment", "goodwill", "intangible_assets",
		"total_liabilities", "current_liabilities", "long_term_liabilities", "accounts_payable", "deferred_revenue_current",
		"operating_lease_liability", "short_term_debt", "long_term_debt", "total_debt", "total_equity", "retained_earnings",
		"noncontrolling_interest", "preferred_stock", "temporary_equity", "total_equities_and_liabilities",
		"shares_outstanding")
	add(text, "shares_source")
	add(date, "shares_outstanding_basis_date")
	add(date, "adjusted_to")
	add(func() any { return new(time.Time) }, "created_at", "updated_at")
	return names, row
}

var (
	statementFields, _ = handStatement()
	statementQuery     = "SELECT " + strings.NewReplacer("s.ticker", "l.ticker", "s.adjusted_to", "NULL::date").Replace("s."+strings.Join(statementFields, ", s.")) + `
		FROM financial_statement s JOIN listing l ON l.company_id = s.company_id AND l.is_primary
		WHERE s.known_to IS NULL ORDER BY s.publish_date DESC, s.id DESC LIMIT $1`
)

func (h byHand) statements(r *http.Request, e *jx.Encoder) error {
	size, err := strconv.Atoi(r.URL.Query().Get("page_size"))
	if err != nil {
		return err
	}
	rows, err := h.pool.Query(r.Context(), statementQuery, size+1)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, row := handStatement()
	var published time.Time
	var id int64
	count := 0
	e.ObjStart()
	e.FieldStart("items")
	e.ArrStart()
	for rows.Next() {
		if count++; count > size {
			break
		}
		if err := rows.Scan(row...); err != nil {
			return err
		}
		e.ObjStart()
		for i, name := range names {
			e.FieldStart(name)
			switch v := row[i].(type) {
			case *pgtype.Int8:
				encodeInt(e, *v)
			case *pgtype.Text:
				encodeText(e, *v)
			case *pgtype.Date:
				encodeDate(e, *v)
			case *decimal.NullDecimal:
				if v.Valid {
					e.Raw([]byte(v.Decimal.String()))
				} else {
					e.Null()
				}
			case *bool:
				e.Bool(*v)
			case *handFiling:
				if err := v.encode(e); err != nil {
					return err
				}
			case *[]string:
				e.ArrStart()
				for _, text := range *v {
					e.Str(text)
				}
				e.ArrEnd()
			case *pgtype.Timestamptz:
				encodeInstant(e, *v)
			case *time.Time:
				encodeTime(e, *v, time.RFC3339)
			}
		}
		e.ObjEnd()
		id, published = row[0].(*pgtype.Int8).Int64, row[slices.Index(names, "publish_date")].(*pgtype.Date).Time
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return err
	}
	e.ArrEnd()
	return encodeNext(e, count > size, published, id)
}

func encodeInt(e *jx.Encoder, v pgtype.Int8) {
	if v.Valid {
		e.Int64(v.Int64)
	} else {
		e.Null()
	}
}

func encodeText(e *jx.Encoder, v pgtype.Text) {
	if v.Valid {
		e.Str(v.String)
	} else {
		e.Null()
	}
}

func encodeDate(e *jx.Encoder, v pgtype.Date) {
	if v.Valid {
		encodeTime(e, v.Time, time.DateOnly)
	} else {
		e.Null()
	}
}

func encodeInstant(e *jx.Encoder, v pgtype.Timestamptz) {
	if v.Valid {
		encodeTime(e, v.Time, time.RFC3339)
	} else {
		e.Null()
	}
}

func encodeTime(e *jx.Encoder, v time.Time, layout string) {
	e.ByteStr(v.AppendFormat(make([]byte, 0, 32), layout))
}

// encodeNext ends a page with the token of the next one.
func encodeNext(e *jx.Encoder, more bool, keys ...any) error {
	e.FieldStart("next_page_token")
	if more {
		raw, err := json.Marshal(keys)
		if err != nil {
			return err
		}
		e.Str(base64.RawURLEncoding.EncodeToString(raw))
	} else {
		e.Null()
	}
	e.ObjEnd()
	return nil
}

// handFiling is the JSON of a value.Filing, nil for NULL.
type handFiling []byte

// ScanBytes implements [pgtype.BytesScanner]. The bytes are there until the next row.
func (f *handFiling) ScanBytes(v []byte) error {
	*f = v
	return nil
}

func (f handFiling) encode(e *jx.Encoder) error {
	if f == nil {
		e.Null()
		return nil
	}
	var accession, form, filed, url []byte
	err := jx.DecodeBytes(f).ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "accession":
			accession, err = d.StrBytes()
		case "form":
			form, err = d.StrBytes()
		case "filed":
			filed, err = d.StrBytes()
		case "url":
			url, err = d.StrBytes()
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	e.ObjStart()
	e.FieldStart("accession")
	e.ByteStr(accession)
	e.FieldStart("form")
	e.ByteStr(form)
	e.FieldStart("filed")
	e.ByteStr(filed[:len(time.DateOnly)])
	e.FieldStart("url")
	e.ByteStr(url)
	e.ObjEnd()
	return nil
}
