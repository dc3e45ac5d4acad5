package sec

import "time"

// Tags are the tags that any rule reads, by taxonomy.
var Tags = countedTags

// FilingDays returns the days on which something was filed.
func (c *CompanyFacts) FilingDays() (days []time.Time) {
	for from := range c.filingDays {
		days = append(days, c.filings[from].filed.time())
	}
	return days
}
