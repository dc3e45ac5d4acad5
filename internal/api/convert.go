package api

import (
	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/value"
)

// toNil wraps an optional value for a response, where a field is there or null.
func toNil[N any, P interface {
	*N
	SetTo(T)
	SetToNull()
}, T any](v *T) (n N) {
	if v == nil {
		P(&n).SetToNull()
	} else {
		P(&n).SetTo(*v)
	}
	return n
}

// get unwraps an optional value of a request: nil when it is not there or null.
func get[T any](o interface{ Get() (T, bool) }) *T {
	if v, ok := o.Get(); ok {
		return &v
	}
	return nil
}

// change unwraps a nullable field of a PATCH: nil leaves it as it is, a pointer to nil makes it null.
func change[T any](o interface {
	Get() (T, bool)
	IsSet() bool
}) **T {
	if !o.IsSet() {
		return nil
	}
	v := get(o)
	return &v
}

// toItems converts the rows of a page.
func toItems[R, T any](rows []R, to func(*R) T) []T {
	items := make([]T, len(rows))
	for i := range rows {
		items[i] = to(&rows[i])
	}
	return items
}

// nextPage is the token of the next page, null when there is none.
func nextPage(token string) oas.NilString {
	if token == "" {
		return toNil[oas.NilString]((*string)(nil))
	}
	return oas.NewNilString(token)
}

func page(size oas.OptInt32, token oas.OptString) app.Page {
	return app.Page{Size: size.Or(100), Token: token.Or("")}
}

func fiscalQuarter(o oas.OptNilInt32) *int {
	if q, ok := o.Get(); ok {
		n := int(q)
		return &n
	}
	return nil
}

func period(o oas.OptPeriod) *value.Period { return (*value.Period)(get(o)) }

func toListing(l *db.Listing) oas.Listing {
	return oas.Listing{
		Ticker: oas.Ticker(l.Ticker), Exchange: toNil[oas.NilString](l.Exchange), Isin: toNil[oas.NilString](l.Isin),
		ShareClass: toNil[oas.NilString](l.ShareClass), Primary: l.IsPrimary,
	}
}

func toCompany(c *app.Company) oas.Company {
	out := oas.Company{
		ID: c.ID, Name: c.Name, Cik: toNil[oas.NilInt64](c.Cik), Country: toNil[oas.NilString](c.Country),
		URL: toNil[oas.NilString](c.Url), IpoDate: toNil[oas.NilDate](c.IpoDate),
		NumberOfShares: toNil[oas.NilInt64](c.NumberOfShares), Listings: toItems(c.Listings, toListing),
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
	if len(c.Listings) > 0 {
		out.Ticker = c.Listings[0].Ticker
	}
	return out
}

func fromListingInputs(in []oas.ListingInput) []app.ListingInput {
	if in == nil {
		return nil
	}
	out := make([]app.ListingInput, len(in))
	for i, l := range in {
		out[i] = app.ListingInput{
			Ticker: string(l.Ticker), Exchange: get(l.Exchange), ISIN: get(l.Isin), ShareClass: get(l.ShareClass), Primary: l.Primary.Or(false),
		}
	}
	return out
}

func fullName(o oas.OptNilFullName) *string { return (*string)(get(o)) }

func fullNameChange(o oas.OptNilFullName) **string {
	if !o.IsSet() {
		return nil
	}
	name := fullName(o)
	return &name
}

func toFinancialStatement(s *app.Statement) oas.FinancialStatement {
	return oas.FinancialStatement{
		ID:                          s.ID,
		CompanyID:                   s.CompanyID,
		Ticker:                      s.Ticker,
		Source:                      oas.Source(s.Source),
		Period:                      oas.Period(s.Period),
		FiscalYear:                  s.FiscalYear,
		FiscalQuarter:               toNil[oas.NilInt32](s.FiscalQuarter),
		EndDate:                     s.EndDate,
		PublishDate:                 s.PublishDate,
		KnownFrom:                   s.KnownFrom,
		Currency:                    oas.Currency(s.Currency),
		Audited:                     s.Audited,
		Accession:                   toNil[oas.NilString](s.Accession),
		URL:                         toNil[oas.NilString](s.Url),
		TotalRevenues:               toNil[oas.NilInt64](s.TotalRevenues),
		CostOfRevenue:               toNil[oas.NilInt64](s.CostOfRevenue),
		GrossProfit:                 toNil[oas.NilInt64](s.GrossProfit),
		OperatingIncome:             toNil[oas.NilInt64](s.OperatingIncome),
		InterestExpense:             toNil[oas.NilInt64](s.InterestExpense),
		ProfitBeforeTax:             toNil[oas.NilInt64](s.ProfitBeforeTax),
		TaxExpense:                  toNil[oas.NilInt64](s.TaxExpense),
		NetIncome:                   toNil[oas.NilInt64](s.NetIncome),
		Depreciation:                toNil[oas.NilInt64](s.Depreciation),
		Amortization:                toNil[oas.NilInt64](s.Amortization),
		DepreciationAndAmortization: toNil[oas.NilInt64](s.DepreciationAndAmortization),
		Ebit:                        toNil[oas.NilInt64](s.Ebit),
		EbitBasis:                   toNil[oas.NilEbitBasis]((*oas.EbitBasis)(s.EbitBasis)),
		Ebitda:                      toNil[oas.NilInt64](s.Ebitda),
		OperatingCashFlow:           toNil[oas.NilInt64](s.OperatingCashFlow),
		CapitalExpenditure:          toNil[oas.NilInt64](s.CapitalExpenditure),
		FreeCashFlow:                toNil[oas.NilInt64](s.FreeCashFlow),
		DividendsPaid:               toNil[oas.NilInt64](s.DividendsPaid),
		EarningsPerShare:            toNil[oas.NilDecimal](s.EarningsPerShare),
		EarningsPerShareDiluted:     toNil[oas.NilDecimal](s.EarningsPerShareDiluted),
		PerShareBasisDate:           toNil[oas.NilDate](s.PerShareBasisDate),
		TotalAssets:                 toNil[oas.NilInt64](s.TotalAssets),
		CurrentAssets:               toNil[oas.NilInt64](s.CurrentAssets),
		NonCurrentAssets:            toNil[oas.NilInt64](s.NonCurrentAssets),
		CashAndEquivalents:          toNil[oas.NilInt64](s.CashAndEquivalents),
		Goodwill:                    toNil[oas.NilInt64](s.Goodwill),
		IntangibleAssets:            toNil[oas.NilInt64](s.IntangibleAssets),
		TotalLiabilities:            toNil[oas.NilInt64](s.TotalLiabilities),
		CurrentLiabilities:          toNil[oas.NilInt64](s.CurrentLiabilities),
		LongTermLiabilities:         toNil[oas.NilInt64](s.LongTermLiabilities),
		ShortTermDebt:               toNil[oas.NilInt64](s.ShortTermDebt),
		LongTermDebt:                toNil[oas.NilInt64](s.LongTermDebt),
		TotalDebt:                   toNil[oas.NilInt64](s.TotalDebt),
		TotalEquity:                 toNil[oas.NilInt64](s.TotalEquity),
		NoncontrollingInterest:      toNil[oas.NilInt64](s.NoncontrollingInterest),
		TemporaryEquity:             toNil[oas.NilInt64](s.TemporaryEquity),
		TotalEquitiesAndLiabilities: toNil[oas.NilInt64](s.TotalEquitiesAndLiabilities),
		SharesOutstanding:           toNil[oas.NilInt64](s.SharesOutstanding),
		CreatedAt:                   s.CreatedAt,
		UpdatedAt:                   s.UpdatedAt,
	}
}

func fromFinancialStatementInput(in *oas.FinancialStatementInput) value.Statement {
	return value.Statement{
		Period:                      value.Period(in.Period),
		FiscalYear:                  int(in.FiscalYear),
		FiscalQuarter:               fiscalQuarter(in.FiscalQuarter),
		EndDate:                     in.EndDate,
		PublishDate:                 in.PublishDate,
		Currency:                    string(in.Currency),
		Audited:                     in.Audited.Or(false),
		URL:                         get(in.URL),
		TotalRevenues:               get(in.TotalRevenues),
		CostOfRevenue:               get(in.CostOfRevenue),
		GrossProfit:                 get(in.GrossProfit),
		OperatingIncome:             get(in.OperatingIncome),
		InterestExpense:             get(in.InterestExpense),
		ProfitBeforeTax:             get(in.ProfitBeforeTax),
		TaxExpense:                  get(in.TaxExpense),
		NetIncome:                   get(in.NetIncome),
		Depreciation:                get(in.Depreciation),
		Amortization:                get(in.Amortization),
		DepreciationAndAmortization: get(in.DepreciationAndAmortization),
		OperatingCashFlow:           get(in.OperatingCashFlow),
		CapitalExpenditure:          get(in.CapitalExpenditure),
		DividendsPaid:               get(in.DividendsPaid),
		EarningsPerShare:            get(in.EarningsPerShare),
		EarningsPerShareDiluted:     get(in.EarningsPerShareDiluted),
		PerShareBasisDate:           get(in.PerShareBasisDate),
		TotalAssets:                 get(in.TotalAssets),
		CurrentAssets:               get(in.CurrentAssets),
		NonCurrentAssets:            get(in.NonCurrentAssets),
		CashAndEquivalents:          get(in.CashAndEquivalents),
		Goodwill:                    get(in.Goodwill),
		IntangibleAssets:            get(in.IntangibleAssets),
		TotalLiabilities:            get(in.TotalLiabilities),
		CurrentLiabilities:          get(in.CurrentLiabilities),
		LongTermLiabilities:         get(in.LongTermLiabilities),
		ShortTermDebt:               get(in.ShortTermDebt),
		LongTermDebt:                get(in.LongTermDebt),
		TotalEquity:                 get(in.TotalEquity),
		NoncontrollingInterest:      get(in.NoncontrollingInterest),
		TemporaryEquity:             get(in.TemporaryEquity),
		TotalEquitiesAndLiabilities: get(in.TotalEquitiesAndLiabilities),
		SharesOutstanding:           get(in.SharesOutstanding),
	}
}

func toTrailingTwelveMonths(t *value.TTM) oas.TrailingTwelveMonths {
	return oas.TrailingTwelveMonths{
		TotalRevenues:               toNil[oas.NilInt64](t.TotalRevenues),
		CostOfRevenue:               toNil[oas.NilInt64](t.CostOfRevenue),
		GrossProfit:                 toNil[oas.NilInt64](t.GrossProfit),
		OperatingIncome:             toNil[oas.NilInt64](t.OperatingIncome),
		InterestExpense:             toNil[oas.NilInt64](t.InterestExpense),
		ProfitBeforeTax:             toNil[oas.NilInt64](t.ProfitBeforeTax),
		TaxExpense:                  toNil[oas.NilInt64](t.TaxExpense),
		NetIncome:                   toNil[oas.NilInt64](t.NetIncome),
		DepreciationAndAmortization: toNil[oas.NilInt64](t.DepreciationAndAmortization),
		OperatingCashFlow:           toNil[oas.NilInt64](t.OperatingCashFlow),
		CapitalExpenditure:          toNil[oas.NilInt64](t.CapitalExpenditure),
		FreeCashFlow:                toNil[oas.NilInt64](t.FreeCashFlow),
		DividendsPaid:               toNil[oas.NilInt64](t.DividendsPaid),
		Ebit:                        toNil[oas.NilInt64](t.EBIT),
		EbitBasis:                   toNil[oas.NilEbitBasis]((*oas.EbitBasis)(t.EBITBasis)),
		Ebitda:                      toNil[oas.NilInt64](t.EBITDA),
	}
}

func toValueMetrics(m *app.StatementMetrics) oas.ValueMetrics {
	return oas.ValueMetrics{
		StatementID:                 m.ID,
		CompanyID:                   m.CompanyID,
		Ticker:                      m.Ticker,
		Period:                      oas.Period(m.Period),
		FiscalYear:                  m.FiscalYear,
		FiscalQuarter:               toNil[oas.NilInt32](m.FiscalQuarter),
		EndDate:                     m.EndDate,
		PublishDate:                 m.PublishDate,
		Currency:                    oas.Currency(m.Currency),
		BookValue:                   toNil[oas.NilInt64](m.Metrics.BookValue),
		TangibleBookValue:           toNil[oas.NilInt64](m.Metrics.TangibleBookValue),
		TangibleBookValuePerShare:   toNil[oas.NilDecimal](m.Metrics.TangibleBookValuePerShare),
		WorkingCapital:              toNil[oas.NilInt64](m.Metrics.WorkingCapital),
		DebtToEquity:                toNil[oas.NilDecimal](m.Metrics.DebtToEquity),
		EquityRatio:                 toNil[oas.NilDecimal](m.Metrics.EquityRatio),
		DebtRatio:                   toNil[oas.NilDecimal](m.Metrics.DebtRatio),
		CashRatio:                   toNil[oas.NilDecimal](m.Metrics.CashRatio),
		CurrentRatio:                toNil[oas.NilDecimal](m.Metrics.CurrentRatio),
		GrossProfitMargin:           toNil[oas.NilDecimal](m.Metrics.GrossProfitMargin),
		NetProfitMargin:             toNil[oas.NilDecimal](m.Metrics.NetProfitMargin),
		EbitMargin:                  toNil[oas.NilDecimal](m.Metrics.EBITMargin),
		OperatingMargin:             toNil[oas.NilDecimal](m.Metrics.OperatingMargin),
		EbitdaMargin:                toNil[oas.NilDecimal](m.Metrics.EBITDAMargin),
		ReturnOnEquity:              toNil[oas.NilDecimal](m.Metrics.ReturnOnEquity),
		ReturnOnAssets:              toNil[oas.NilDecimal](m.Metrics.ReturnOnAssets),
		DebtToEbitda:                toNil[oas.NilDecimal](m.Metrics.DebtToEBITDA),
		CashReturnOnCapitalInvested: toNil[oas.NilDecimal](m.Metrics.CashReturnOnCapitalInvested),
		Ttm:                         toTrailingTwelveMonths(&m.TTM),
	}
}

func toDailyRatios(r *app.DailyRatios) oas.DailyRatios {
	return oas.DailyRatios{
		Ticker:                   r.Ticker,
		Date:                     r.Date,
		Close:                    r.Close,
		StatementEndDate:         toNil[oas.NilDate](r.StatementEndDate),
		SharesOutstanding:        toNil[oas.NilInt64](r.SharesOutstanding),
		MarketCap:                toNil[oas.NilInt64](r.MarketCap),
		EnterpriseValue:          toNil[oas.NilInt64](r.EnterpriseValue),
		PriceToEarningsRatioTtm:  toNil[oas.NilDecimal](r.PriceToEarningsRatioTTM),
		PriceToBookRatio:         toNil[oas.NilDecimal](r.PriceToBookRatio),
		MarketToBookRatio:        toNil[oas.NilDecimal](r.MarketToBookRatio),
		PriceToTangibleBookValue: toNil[oas.NilDecimal](r.PriceToTangibleBookValue),
		EvToRevenue:              toNil[oas.NilDecimal](r.EVToRevenue),
		EvToNetIncome:            toNil[oas.NilDecimal](r.EVToNetIncome),
		EvToEbit:                 toNil[oas.NilDecimal](r.EVToEBIT),
		EvToEbitda:               toNil[oas.NilDecimal](r.EVToEBITDA),
		EvToAssets:               toNil[oas.NilDecimal](r.EVToAssets),
	}
}

func toDividend(r *app.Dividend) oas.Dividend {
	return oas.Dividend{
		ID:              r.ID,
		CompanyID:       r.CompanyID,
		Ticker:          r.Ticker,
		Source:          oas.Source(r.Source),
		FiscalYear:      toNil[oas.NilInt32](r.FiscalYear),
		FiscalQuarter:   toNil[oas.NilInt32](r.FiscalQuarter),
		PeriodEnd:       toNil[oas.NilDate](r.PeriodEnd),
		AmountPerShare:  r.AmountPerShare,
		Currency:        oas.Currency(r.Currency),
		PublishDate:     r.PublishDate,
		Derived:         r.Derived,
		ShareBasisDate:  r.ShareBasisDate,
		DeclarationDate: toNil[oas.NilDate](r.DeclarationDate),
		ExDividendDate:  toNil[oas.NilDate](r.ExDividendDate),
		RecordDate:      toNil[oas.NilDate](r.RecordDate),
		PaymentDate:     toNil[oas.NilDate](r.PaymentDate),
		CreatedAt:       r.CreatedAt,
		UpdatedAt:       r.UpdatedAt,
	}
}

func toSplit(r *db.Split) oas.Split {
	return oas.Split{
		EffectiveDate: r.EffectiveDate,
		Ratio:         r.Ratio,
		CreatedAt:     r.CreatedAt,
		UpdatedAt:     r.UpdatedAt,
	}
}

func toPrice(r *db.Price) oas.Price {
	return oas.Price{
		Date:       r.Date,
		Open:       toNil[oas.NilDecimal](r.Open),
		High:       toNil[oas.NilDecimal](r.High),
		Low:        toNil[oas.NilDecimal](r.Low),
		Close:      r.Close,
		Volume:     toNil[oas.NilInt64](r.Volume),
		ExDividend: r.ExDividend,
		SplitRatio: r.SplitRatio,
	}
}

func toImport(r *db.Import) oas.Import {
	return oas.Import{
		ID:         r.ID,
		Kind:       oas.ImportKind(r.Kind),
		State:      oas.ImportState(r.State),
		Ticker:     toNil[oas.NilString](r.Ticker),
		Exchange:   toNil[oas.NilString](r.Exchange),
		FileName:   toNil[oas.NilString](r.FileName),
		JobID:      toNil[oas.NilInt64](r.JobID),
		Done:       r.Done,
		Total:      toNil[oas.NilInt64](r.Total),
		Written:    r.Written,
		Unchanged:  r.Unchanged,
		Skipped:    r.Skipped,
		Error:      toNil[oas.NilString](r.Error),
		CreatedBy:  toNil[oas.NilInt64](r.CreatedBy),
		CreatedAt:  r.CreatedAt,
		UpdatedAt:  r.UpdatedAt,
		StartedAt:  toNil[oas.NilDateTime](r.StartedAt),
		FinishedAt: toNil[oas.NilDateTime](r.FinishedAt),
	}
}

func toUser(r *db.UserAccount) oas.User {
	return oas.User{
		ID:          r.ID,
		Email:       oas.Email(r.Email),
		FullName:    toNil[oas.NilString](r.FullName),
		IsActive:    r.IsActive,
		IsSuperuser: r.IsSuperuser,
		CreatedAt:   r.CreatedAt,
		UpdatedAt:   r.UpdatedAt,
	}
}

func fromDividendInput(in *oas.DividendInput) app.DividendInput {
	return app.DividendInput{
		FiscalYear:      get(in.FiscalYear),
		FiscalQuarter:   get(in.FiscalQuarter),
		PeriodEnd:       get(in.PeriodEnd),
		AmountPerShare:  in.AmountPerShare,
		Currency:        string(in.Currency),
		PublishDate:     in.PublishDate,
		ShareBasisDate:  get(in.ShareBasisDate),
		DeclarationDate: get(in.DeclarationDate),
		ExDividendDate:  get(in.ExDividendDate),
		RecordDate:      get(in.RecordDate),
		PaymentDate:     get(in.PaymentDate),
	}
}
