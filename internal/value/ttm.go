package value

// TrailingTwelveMonths returns the flows of the twelve months that end with s. The others are the company's
// statements as known on the same day, in any order, with or without s.
//
// A year, and the fourth quarter with its year, give the annual values. Quarters 1 to 3 add the four consecutive
// fiscal quarters up to theirs: a field is nil if one of the four statements or values is missing. EBIT and EBITDA
// are found from these parts.
func TrailingTwelveMonths(s Statement, others []Statement) TTM {
	switch {
	case s.FiscalQuarter == nil:
		return flows(&s)
	case *s.FiscalQuarter == 4:
		for _, o := range others {
			if o.Period == Annual && o.EndDate.Equal(s.EndDate) {
				return flows(&o)
			}
		}
		return TTM{}
	}

	ttm := flows(&s)
	fiscalYear, quarter := s.FiscalYear, *s.FiscalQuarter
	for range 3 {
		if quarter--; quarter == 0 {
			fiscalYear, quarter = fiscalYear-1, 4
		}
		q := findQuarter(others, fiscalYear, quarter, s)
		if q == nil {
			return TTM{}
		}
		ttm = add(ttm, flows(q))
	}
	ttm.EBIT, ttm.EBITBasis = EBIT(ttm.ProfitBeforeTax, ttm.InterestExpense, ttm.OperatingIncome)
	ttm.EBITDA = Add(ttm.EBIT, ttm.DepreciationAndAmortization)
	return ttm
}

// findQuarter returns the statement of a fiscal quarter before s; if there are two, after a change of fiscal year,
// the later one.
func findQuarter(statements []Statement, fiscalYear, quarter int, s Statement) *Statement {
	var found *Statement
	for i := range statements {
		o := &statements[i]
		if o.Period == Quarterly && o.FiscalYear == fiscalYear && o.FiscalQuarter != nil && *o.FiscalQuarter == quarter &&
			o.EndDate.Before(s.EndDate) && (found == nil || o.EndDate.After(found.EndDate)) {
			found = o
		}
	}
	return found
}
