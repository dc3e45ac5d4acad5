package app

import (
	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/value"
)

// statementFromRow is a row's statement.
func statementFromRow(r *db.FinancialStatement) value.Statement {
	return value.Statement{
		Period:                      value.Period(r.Period),
		FiscalYear:                  int(r.FiscalYear),
		FiscalQuarter:               convert[int](r.FiscalQuarter),
		EBITBasis:                   (*value.EBITBasis)(r.EbitBasis),
		EndDate:                     r.EndDate,
		PublishDate:                 r.PublishDate,
		Audited:                     r.Audited,
		TotalRevenues:               r.TotalRevenues,
		CostOfRevenue:               r.CostOfRevenue,
		GrossProfit:                 r.GrossProfit,
		OperatingIncome:             r.OperatingIncome,
		InterestExpense:             r.InterestExpense,
		ProfitBeforeTax:             r.ProfitBeforeTax,
		TaxExpense:                  r.TaxExpense,
		NetIncome:                   r.NetIncome,
		Depreciation:                r.Depreciation,
		Amortization:                r.Amortization,
		DepreciationAndAmortization: r.DepreciationAndAmortization,
		EBIT:                        r.Ebit,
		EBITDA:                      r.Ebitda,
		OperatingCashFlow:           r.OperatingCashFlow,
		CapitalExpenditure:          r.CapitalExpenditure,
		FreeCashFlow:                r.FreeCashFlow,
		DividendsPaid:               r.DividendsPaid,
		TotalAssets:                 r.TotalAssets,
		CurrentAssets:               r.CurrentAssets,
		NonCurrentAssets:            r.NonCurrentAssets,
		CashAndEquivalents:          r.CashAndEquivalents,
		Goodwill:                    r.Goodwill,
		IntangibleAssets:            r.IntangibleAssets,
		TotalLiabilities:            r.TotalLiabilities,
		CurrentLiabilities:          r.CurrentLiabilities,
		LongTermLiabilities:         r.LongTermLiabilities,
		ShortTermDebt:               r.ShortTermDebt,
		LongTermDebt:                r.LongTermDebt,
		TotalDebt:                   r.TotalDebt,
		TotalEquity:                 r.TotalEquity,
		NoncontrollingInterest:      r.NoncontrollingInterest,
		TemporaryEquity:             r.TemporaryEquity,
		TotalEquitiesAndLiabilities: r.TotalEquitiesAndLiabilities,
		SharesOutstanding:           r.SharesOutstanding,
		PerShareBasisDate:           r.PerShareBasisDate,
		EarningsPerShare:            r.EarningsPerShare,
		EarningsPerShareDiluted:     r.EarningsPerShareDiluted,
		Currency:                    r.Currency,
		Accession:                   r.Accession,
		URL:                         r.Url,
	}
}

func statementsFromRows(rows []db.FinancialStatement) []value.Statement {
	out := make([]value.Statement, len(rows))
	for i := range rows {
		out[i] = statementFromRow(&rows[i])
	}
	return out
}

// statementParams is the row of one version of a statement, but for what tells which version it is.
func statementParams(s *value.Statement) db.InsertFinancialStatementsParams {
	return db.InsertFinancialStatementsParams{
		Period:                      string(s.Period),
		FiscalYear:                  int32(s.FiscalYear),
		FiscalQuarter:               convert[int32](s.FiscalQuarter),
		EbitBasis:                   (*string)(s.EBITBasis),
		EndDate:                     s.EndDate,
		PublishDate:                 s.PublishDate,
		Audited:                     s.Audited,
		TotalRevenues:               s.TotalRevenues,
		CostOfRevenue:               s.CostOfRevenue,
		GrossProfit:                 s.GrossProfit,
		OperatingIncome:             s.OperatingIncome,
		InterestExpense:             s.InterestExpense,
		ProfitBeforeTax:             s.ProfitBeforeTax,
		TaxExpense:                  s.TaxExpense,
		NetIncome:                   s.NetIncome,
		Depreciation:                s.Depreciation,
		Amortization:                s.Amortization,
		DepreciationAndAmortization: s.DepreciationAndAmortization,
		Ebit:                        s.EBIT,
		Ebitda:                      s.EBITDA,
		OperatingCashFlow:           s.OperatingCashFlow,
		CapitalExpenditure:          s.CapitalExpenditure,
		FreeCashFlow:                s.FreeCashFlow,
		DividendsPaid:               s.DividendsPaid,
		TotalAssets:                 s.TotalAssets,
		CurrentAssets:               s.CurrentAssets,
		NonCurrentAssets:            s.NonCurrentAssets,
		CashAndEquivalents:          s.CashAndEquivalents,
		Goodwill:                    s.Goodwill,
		IntangibleAssets:            s.IntangibleAssets,
		TotalLiabilities:            s.TotalLiabilities,
		CurrentLiabilities:          s.CurrentLiabilities,
		LongTermLiabilities:         s.LongTermLiabilities,
		ShortTermDebt:               s.ShortTermDebt,
		LongTermDebt:                s.LongTermDebt,
		TotalDebt:                   s.TotalDebt,
		TotalEquity:                 s.TotalEquity,
		NoncontrollingInterest:      s.NoncontrollingInterest,
		TemporaryEquity:             s.TemporaryEquity,
		TotalEquitiesAndLiabilities: s.TotalEquitiesAndLiabilities,
		SharesOutstanding:           s.SharesOutstanding,
		PerShareBasisDate:           s.PerShareBasisDate,
		EarningsPerShare:            s.EarningsPerShare,
		EarningsPerShareDiluted:     s.EarningsPerShareDiluted,
		Currency:                    s.Currency,
		Accession:                   s.Accession,
		Url:                         s.URL,
	}
}

// convert changes the type of an optional integer.
func convert[To, From ~int | ~int32](p *From) *To {
	if p == nil {
		return nil
	}
	n := To(*p)
	return &n
}
