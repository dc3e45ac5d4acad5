package value

// ImportReport says what was read of a company's facts, and what was not and why.
type ImportReport struct {
	Facts      int          `json:"facts"` // of the taxonomies us-gaap, ifrs-full and dei
	Skipped    SkippedFacts `json:"skipped"`
	Filings    FilingsRead  `json:"filings"`
	Statements int          `json:"statements"`  // that were made
	WhyNothing *WhyNothing  `json:"why_nothing"` // nil if there are statements
}

// SkippedFacts counts the facts that were left out, each by the first reason that holds.
type SkippedFacts struct {
	Form  int `json:"form"`  // of a form that is not read
	Date  int `json:"date"`  // no accession, a date that is missing or cannot be
	Value int `json:"value"` // no number, or one of 2^63 and more in size
	Count int `json:"count"` // a number of shares that is not above zero
}

// FilingsRead counts the filings of a form that is read, with a fact that is not skipped.
type FilingsRead struct {
	Report         int `json:"report"`           // the first of a period
	Repeat         int `json:"repeat"`           // of the same period again
	NoBalanceSheet int `json:"no_balance_sheet"` // no balance total
	NoFlow         int `json:"no_flow"`          // no flow ends on a date of a balance total
}

// WhyNothing tells why no statement was made.
type WhyNothing string

const (
	NoFacts          WhyNothing = "no_facts"           // an empty file
	NoPeriodicReport WhyNothing = "no_periodic_report" // every fact was skipped
	NoFlow           WhyNothing = "no_flow"            // most filings have no flow that ends on a date of a balance total
	NoBalanceSheet   WhyNothing = "no_balance_sheet"   // most filings have no balance total
)
