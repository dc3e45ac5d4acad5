package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
)

const (
	// tradedListings is how many listings have prices of many days; the others have those of lastDay.
	tradedListings = 100
	tradedDays     = 500
)

// lastDay is a trading day on which all that the samples' companies filed was known.
var lastDay = time.Date(2026, time.May, 29, 0, 0, 0, 0, time.UTC)

// writeListings writes the listings of the first n companies in the form of SEC's company_tickers_exchange.json.
func (g *generator) writeListings(w io.Writer, n int) error {
	var e jx.Writer
	e.RawStr(`{"fields":["cik","name","ticker","exchange"],"data":[`)
	some := false
	err := g.listed(n, func(c *company, ticker string) {
		if some {
			e.Comma()
		}
		some = true
		e.ArrStart()
		e.Int64(c.cik)
		e.Comma()
		e.Str(c.name)
		e.Comma()
		e.Str(ticker)
		e.Comma()
		e.Str(c.exchange)
		e.ArrEnd()
	})
	if err != nil {
		return err
	}
	e.RawStr("]}\n")
	if _, err := w.Write(e.Buf); err != nil {
		return errors.Wrap(err, "write listings")
	}
	return nil
}

// listed calls f with each listing of the first n companies.
func (g *generator) listed(n int, f func(c *company, ticker string)) error {
	for i := range n {
		c, err := g.company(i)
		if err != nil {
			return err
		}
		for _, ticker := range c.tickers {
			f(&c, ticker)
		}
	}
	return nil
}

// writePrices writes prices of the listings of the first n companies as CSV, in cents that go up and down.
func (g *generator) writePrices(w io.Writer, n int) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "ticker,date,open,high,low,close,volume")
	days := tradingDays(tradedDays)
	listing := 0
	err := g.listed(n, func(c *company, ticker string) {
		of := days
		if listing >= tradedListings {
			of = days[len(days)-1:]
		}
		r := rand.New(rand.NewPCG(g.seed, uint64(c.cik)<<1|uint64(len(ticker)&1))) //nolint:gosec // the same each time
		price := int(500 * math.Pow(60, r.Float64()))
		for _, day := range of {
			open := price
			price = max(100, price+int(float64(price)*0.015*r.NormFloat64()))
			high, low := max(open, price)+r.IntN(1+price/100), min(open, price)-r.IntN(1+price/100)
			cents := func(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }
			fmt.Fprintf(out, "%s,%s,%s,%s,%s,%s,%d\n", ticker, day.Format(time.DateOnly), cents(open), cents(high), cents(low),
				cents(price), 1000*(1+r.IntN(100_000)))
		}
		listing++
	})
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return errors.Wrap(err, "write prices")
	}
	return nil
}

// writeRates writes exchange rates of the currencies of the companies as CSV.
func (g *generator) writeRates(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "date,base,quote,rate")
	r := rand.New(rand.NewPCG(g.seed, 0)) //nolint:gosec // the same each time
	units := map[string]float64{"EUR": 0.9, "GBP": 0.8, "CAD": 1.3, "CNY": 7.1, "JPY": 150}
	for _, day := range tradingDays(tradedDays) {
		for _, currency := range currencies[1:] {
			units[currency] *= math.Exp(0.004 * r.NormFloat64())
			fmt.Fprintf(out, "%s,%s,%s,%.4f\n", day.Format(time.DateOnly), currencies[0], currency, units[currency])
		}
	}
	if err := out.Flush(); err != nil {
		return errors.Wrap(err, "write rates")
	}
	return nil
}

// tradingDays returns the last n weekdays, the newest of which is lastDay.
func tradingDays(n int) []time.Time {
	days := make([]time.Time, n)
	for day := lastDay; n > 0; day = day.AddDate(0, 0, -1) {
		if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			n--
			days[n] = day
		}
	}
	return days
}
