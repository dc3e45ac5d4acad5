package metric

// scores are the metrics of a statement that are served with their parts.
var scores = []Definition{
	{
		ID: "piotroski_f_score", Label: "Piotroski F", Group: Quality, Unit: Count, Better: Higher,
		Formula: "how many of the nine signals hold", serve: true, isSignals: true, least: 9,
		Where: []Term{
			{ID: "roa_positive", Formula: "ttm.net_income / -1.total_assets > 0"},
			{ID: "operating_cash_flow_positive", Formula: "ttm.operating_cash_flow / -1.total_assets > 0"},
			{ID: "roa_higher", Formula: "ttm.net_income / -1.total_assets > -1.ttm.net_income / -2.total_assets"},
			{ID: "cash_flow_above_income", Formula: "ttm.operating_cash_flow > ttm.net_income"},
			{ID: "leverage_lower", Formula: "long_term_debt / ((total_assets + -1.total_assets) / 2)" +
				" < -1.long_term_debt / ((-1.total_assets + -2.total_assets) / 2)"},
			{ID: "current_ratio_higher", Formula: "current_ratio > -1.current_ratio"},
			{ID: "no_new_shares", Formula: "shares <= -1.shares"},
			{ID: "gross_margin_higher", Formula: "ttm.gross_profit / ttm.total_revenues > -1.ttm.gross_profit / -1.ttm.total_revenues"},
			{ID: "asset_turnover_higher", Formula: "ttm.total_revenues / -1.total_assets > -1.ttm.total_revenues / -2.total_assets"},
		},
		Source: "Piotroski 2000, Journal of Accounting Research 38 suppl., p. 1-41",
		Caveat: "net income for income before extraordinary items; long-term debt without its current part; \"no more shares than " +
			"a year ago\" for \"issued no common equity\", so staff options alone can cost the point; a company that never tags debt " +
			"has no score",
	},
	{
		ID: "beneish_m_score", Label: "Beneish M", Group: Quality, Unit: Ratio, Better: Lower,
		Formula: "-4.84 + 0.920 x DSRI + 0.528 x GMI + 0.404 x AQI + 0.892 x SGI + 0.115 x DEPI - 0.172 x SGAI + 4.679 x TATA - 0.327 x LVGI",
		serve:   true,
		Where: []Term{
			{ID: "DSRI", Formula: "(receivables / ttm.total_revenues) / (-1.receivables / -1.ttm.total_revenues)"},
			{ID: "GMI", Formula: "(-1.ttm.gross_profit / -1.ttm.total_revenues) / (ttm.gross_profit / ttm.total_revenues)"},
			{ID: "AQI", Formula: "(1 - (current_assets + property_plant_equipment) / total_assets)" +
				" / (1 - (-1.current_assets + -1.property_plant_equipment) / -1.total_assets)"},
			{ID: "SGI", Formula: "ttm.total_revenues / -1.ttm.total_revenues"},
			{ID: "DEPI", Formula: "(first(-1.ttm.depreciation, -1.ttm.depreciation_and_amortization)" +
				" / (first(-1.ttm.depreciation, -1.ttm.depreciation_and_amortization) + -1.property_plant_equipment))" +
				" / (first(ttm.depreciation, ttm.depreciation_and_amortization)" +
				" / (first(ttm.depreciation, ttm.depreciation_and_amortization) + property_plant_equipment))"},
			{ID: "SGAI", Formula: "(ttm.selling_general_administrative / ttm.total_revenues)" +
				" / (-1.ttm.selling_general_administrative / -1.ttm.total_revenues)"},
			{ID: "TATA", Formula: "(ttm.net_income - ttm.operating_cash_flow) / total_assets"},
			{ID: "LVGI", Formula: "((long_term_debt + current_liabilities) / total_assets)" +
				" / ((-1.long_term_debt + -1.current_liabilities) / -1.total_assets)"},
		},
		Source: "Beneish 1999, Financial Analysts Journal 55/5, p. 24-36",
		Caveat: "a flag is above -1.78; accruals in the cash flow form, for the paper's balance sheet form",
	},
}
