package app_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
	"github.com/edgevalue/edgevalue/internal/value"
)

func TestCurrencies(t *testing.T) {
	t.Parallel()
	a := newApp(t, pgtest.New(t))
	_, err := a.CreateCompany(t.Context(), root, apple)
	require.NoError(t, err)
	year := 2000
	create := func(currency string) (errs [2]error) {
		year++
		in := dividend(nil)
		in.Currency = currency
		_, errs[0] = a.CreateDividend(t.Context(), root, "AAPL", in)
		_, errs[1] = a.CreateStatement(t.Context(), root, "AAPL", value.Statement{
			Period: value.Annual, FiscalYear: year, EndDate: day(year, 12, 31), PublishDate: day(year+1, 2, 1), Currency: currency,
		})
		return errs
	}
	// In use, withdrawn while there are filings, and the latest three.
	for _, code := range []string{"USD", "JPY", "EEK", "LVL", "VEF", "HRK", "ANG", "BGN", "XCG", "ZWG", "VED"} {
		assert.Equal(t, [2]error{}, create(code), code)
	}
	// Unknown, withdrawn before, gold, a fund, for tests.
	for _, code := range []string{"XYZ", "DEM", "XAU", "CLF", "XTS", "usd", ""} {
		for _, err := range create(code) {
			var e *app.Error
			require.ErrorAs(t, err, &e, code)
			assert.Equal(t, app.Invalid, e.Code)
			assert.Equal(t, []app.FieldError{{Field: "/currency", Message: "must be an ISO 4217 currency code, such as USD"}}, e.Fields)
		}
	}
}
