package app

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
	"github.com/edgevalue/edgevalue/internal/value/metric"
)

// ExportCompany returns all that was known of a company on a day: statements as filed with their metrics and how they follow
// from facts, dividends as filed, splits, restatements, and the daily ratios of the listing that t names. Errors: Invalid,
// NotFound.
func (a *App) ExportCompany(ctx context.Context, t string, at PointInTime) (out value.Exchange, err error) {
	var v validator
	v.pointInTime(at, a.today())
	if err := v.err(); err != nil {
		return out, err
	}
	to := farDay
	set(&to, at.AsOf)
	err = a.read(ctx, func(q *db.Queries) error {
		l, err := getListing(ctx, q, t)
		if err != nil {
			return err
		}
		e, err := a.newExplainer(ctx, q, l.CompanyID, at)
		if err != nil {
			return err
		}
		dividends, err := q.ListCompanyDividends(ctx, db.ListCompanyDividendsParams{CompanyID: l.CompanyID, AsOf: at.AsOf})
		if err != nil {
			return errors.Wrap(err, "list dividends")
		}
		known := make([]value.Dividend, len(dividends))
		for i, d := range dividends {
			known[i] = dividendFromRow(d)
		}
		prices, err := q.ListPrices(ctx, db.ListPricesParams{ListingID: l.ID, FromDay: firstDay, ToDay: to})
		if err != nil {
			return errors.Wrap(err, "list prices")
		}
		ofDays := slices.DeleteFunc(metric.All(), func(d *metric.Definition) bool { return d.Scope != metric.OfDay })
		daily, err := a.dailyRatios(ctx, q, l, prices, DayOptions{PointInTime: at, Metrics: nil, GrahamSize: 0}, ofDays)
		if err != nil {
			return err
		}
		var ratios []value.DailyRatios
		var days []map[string]any
		for _, d := range daily {
			ratios = append(ratios, d.DailyRatios)
			days = append(days, exportDay(d))
		}
		out = value.NewExchange(statementsFromRows(e.rows), known, ratios)
		out.DailyMetrics = days
		for i := range out.Statements {
			e.export(i, &out.Statements[i])
		}
		if err := exportChanges(ctx, q, l.CompanyID, at.AsOf, &out); err != nil {
			return err
		}
		if at.AsOf == nil {
			out.Import, err = readReport(ctx, q, l.CompanyID)
		}
		return err
	})
	return out, err
}

// exportChanges adds a company's splits and restatements.
func exportChanges(ctx context.Context, q *db.Queries, companyID int64, asOf *time.Time, out *value.Exchange) error {
	splits, err := companySplits(ctx, q, companyID, asOf)
	if err != nil {
		return err
	}
	out.Splits, out.RejectedSplits = []value.ExchangeSplit{}, []value.ExchangeSplit{}
	for _, s := range splits {
		if s.Rejected {
			out.RejectedSplits = append(out.RejectedSplits, value.NewExchangeSplit(s.Split))
		} else {
			out.Splits = append(out.Splits, value.NewExchangeSplit(s.Split))
		}
	}
	//exhaustruct:ignore all of them
	restatements, err := q.ListCompanyRestatements(ctx, db.ListCompanyRestatementsParams{CompanyID: companyID, AsOf: asOf})
	if err != nil {
		return errors.Wrap(err, "list restatements")
	}
	out.Restatements = make([]value.Restatement, len(restatements))
	for i, r := range restatements {
		out.Restatements[i] = value.Restatement{
			Period: value.Period(r.Period), EndDate: r.EndDate, Field: r.Field, Kind: value.RestatementKind(r.Kind), Old: r.Old, New: r.New,
			KnownFrom: r.KnownFrom, Filing: r.Filing, Derived: r.Derived,
		}
	}
	return nil
}

// exportDay returns the metrics of a trading day that are not among its ratios, and why those that are null are.
func exportDay(d DailyRatios) map[string]any {
	reasons := map[string]value.ExchangeNull{}
	day := map[string]any{"date": d.Date, "reasons": reasons}
	for _, r := range d.Results {
		if r.Exact == nil {
			reasons[r.ID] = exportNull(r.Result)
		}
		if !slices.Contains(ratioNames, r.ID) {
			day[r.ID] = r.Decimal()
		}
		if r.HasSignals() {
			signals := map[string]*bool{}
			for _, p := range r.Parts {
				signals[p.ID] = p.Holds()
			}
			day["graham_defensive_signals"] = signals
		}
	}
	return day
}

// ratioNames are the fields of daily ratios.
var ratioNames = func() (names []string) {
	for field := range reflect.TypeFor[value.DailyRatios]().Fields() {
		names = append(names, field.Tag.Get("json"))
	}
	return names
}()

// export adds what is computed of a statement, and why.
func (e *explainer) export(place int, s *value.ExchangeStatement) {
	x := &value.ExchangeDetails{
		SetBy: e.rows[place].SetBy, Adjusted: map[string]any{}, Reasons: map[string]value.ExchangeNull{},
		PiotroskiSignals: map[string]*bool{}, BeneishVariables: map[string]*decimal.Decimal{}, Explanations: map[string]*value.Explanation{},
	}
	s.ExchangeDetails = x
	adjusted := &e.statements[place]
	for _, name := range figureNames {
		if adjusted.BasisDate(name) != nil {
			x.Adjusted[name], _ = figure(adjusted, name)
		}
		x.Explanations[name] = nil
		if number, _ := figure(&s.Statement, name); number != nil {
			x.Explanations[name] = e.asFiled(place, name)
		}
	}
	for _, d := range metric.All() {
		if d.Scope == metric.OfDay || d.Scope == metric.OfYear && s.Period != value.Annual {
			continue
		}
		result := e.metrics.Of(e.reports[place], d)
		s.Metrics[d.ID] = result.Decimal()
		if result.Exact == nil {
			x.Reasons[d.ID] = exportNull(result)
		}
		for _, p := range result.Parts {
			if d.HasSignals() {
				x.PiotroskiSignals[p.ID] = p.Holds()
			} else {
				x.BeneishVariables[p.ID] = p.Decimal()
			}
		}
	}
	x.Adjusted[perShareBookValue] = s.Metrics[perShareBookValue]
}

// perShareBookValue is the metric that is among the adjusted figures.
const perShareBookValue = "tangible_book_value_per_share"

func exportNull(r metric.Result) value.ExchangeNull {
	return value.ExchangeNull{Reason: string(r.Reason), MissingInputs: append([]string{}, r.Missing...)}
}

// readReport returns what was read of a company's facts, nil when there are none.
func readReport(ctx context.Context, q *db.Queries, companyID int64) (*value.ImportReport, error) {
	facts, err := q.GetCompanyFacts(ctx, companyID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return facts.Report, wrap(err, "get company facts")
}

func dividendFromRow(d db.Dividend) value.Dividend {
	var year int32
	var end time.Time
	set(&year, d.FiscalYear)
	set(&end, d.PeriodEnd)
	var quarter *int
	if d.FiscalQuarter != nil {
		quarter = new(int(*d.FiscalQuarter))
	}
	return value.Dividend{
		FiscalYear: int(year), FiscalQuarter: quarter, PeriodEnd: end, AmountPerShare: d.AmountPerShare, Currency: d.Currency,
		PublishDate: d.PublishDate, Derived: d.Derived, ShareBasisDate: d.ShareBasisDate,
	}
}
