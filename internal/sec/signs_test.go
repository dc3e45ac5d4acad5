package sec_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/edgevalue/edgevalue/internal/value"
)

const (
	capex     = "PaymentsToAcquirePropertyPlantAndEquipment"
	pretaxTag = "IncomeLossFromContinuingOperationsBeforeIncomeTaxesExtraordinaryItemsNoncontrollingInterest"
	taxTag    = "IncomeTaxExpenseBenefit"
	untaxed   = value.Untaxed
	turned    = value.TurnedSign
)

func TestNegativePaymentsAreTurned(t *testing.T) {
	t.Parallel()
	d := reports()
	d.add(fy, gaap, capex, "USD", start, endFY, "-40")
	d.add(fy, gaap, capex, "USD", "2019-01-01", "2019-12-31", "-30")
	year := quarters(t, d)[0]
	assert.Equal(t, new(int64(40)), year.CapitalExpenditure)
	assert.Equal(t, []value.Mark{turned, untaxed}, year.Marks)

	// Beside one above zero in the same filing and unit, they cannot be told.
	d.add(fy, gaap, capex, "USD", "2018-01-01", "2018-12-31", "20")
	year = quarters(t, d)[0]
	assert.Nil(t, year.CapitalExpenditure)
	assert.Equal(t, []value.Mark{untaxed}, year.Marks)

	// Another filing's sign is its own.
	d = reports()
	d.add(q3, gaap, capex, "USD", start, endQ3, "30")
	d.add(fy, gaap, capex, "USD", start, endFY, "-40")
	assert.Equal(t, new(int64(10)), quarters(t, d)[4].CapitalExpenditure)

	// What may be below zero stays.
	d = reports()
	d.add(fy, gaap, "StockholdersEquity", "USD", "", endFY, "-5")
	d.add(fy, gaap, ocf, "USD", start, endFY, "-6")
	year = quarters(t, d)[0]
	assert.Equal(t, new(int64(-5)), year.TotalEquity)
	assert.Equal(t, new(int64(-6)), year.OperatingCashFlow)
}

func TestTaxesAreTurnedTogether(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pretax, tax, income string // of the year
		interest            string
		want                *int64
		turned              bool
	}{
		"fits":                     {"14", "4", "10", "", new(int64(4)), false},
		"a benefit":                {"6", "-4", "10", "", new(int64(-4)), false},
		"fits turned":              {"14", "-4", "10", "", new(int64(4)), true},
		"fits neither way":         {"20", "-4", "10", "", new(int64(-4)), false},
		"unchecked":                {"", "-4", "10", "", new(int64(-4)), false},
		"unchecked, beside others": {"", "-4", "10", "-3", new(int64(4)), true},
		"checked, beside others":   {"6", "-4", "10", "-3", new(int64(-4)), true}, // by the interest
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := document{}
			d.add(fy, gaap, "Assets", "USD", "", endFY, "100000")
			d.add(fy, gaap, "NetIncomeLoss", "USD", start, endFY, test.income)
			d.add(fy, gaap, taxTag, "USD", start, endFY, test.tax)
			if test.pretax != "" {
				d.add(fy, gaap, pretaxTag, "USD", start, endFY, test.pretax)
			}
			if test.interest != "" {
				d.add(fy, gaap, "InterestExpense", "USD", start, endFY, test.interest)
			}
			year := quarters(t, d)[0]
			assert.Equal(t, test.want, year.TaxExpense)
			assert.Equal(t, test.turned, year.Has(turned))
		})
	}
}
