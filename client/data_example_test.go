package client_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/client"
	"github.com/edgevalue/edgevalue/gen/oas"
)

func ExampleNew() {
	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	company, err := c.GetCompany(context.Background(), oas.GetCompanyParams{Ticker: "AAPL"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(company.Name)
	// Output: Apple Inc.
}

func ExamplePages() {
	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	annual := oas.ListCompanyFinancialStatementsParams{Ticker: "AAPL", Period: oas.NewOptPeriod(oas.PeriodAnnual)}
	for statement, err := range client.Pages(context.Background(), c.ListCompanyFinancialStatements, annual) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if statement.FiscalYear < 2023 {
			break // no further page is asked for
		}
		revenues, reported := statement.TotalRevenues.Get()
		fmt.Println(statement.EndDate.Format(time.DateOnly), revenues, reported)
	}
	// Output:
	// 2025-09-27 416161000000 true
	// 2024-09-28 391035000000 true
	// 2023-09-30 383285000000 true
}

func ExampleIsProblem() {
	c, err := client.New(server.URL, client.WithPassword(server.Superuser, server.Password))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.CreateCompany(context.Background(), &oas.CompanyCreate{
		Name: "Another Apple", Listings: []oas.ListingInput{{Ticker: "AAPL"}},
	})
	if client.IsProblem(err, client.TickerTaken) {
		fmt.Println("choose another ticker")
	}
	// Output: choose another ticker
}

func ExampleClient_AsOf() {
	ctx := context.Background()
	c, err := client.New(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	newest := oas.ListCompanyFinancialStatementsParams{
		Ticker: "AAPL", Period: oas.NewOptPeriod(oas.PeriodAnnual), PageSize: oas.NewOptInt32(1),
	}
	firstHand := time.Date(2009, time.December, 31, 0, 0, 0, 0, time.UTC)
	for _, day := range []time.Time{firstHand, firstHand.AddDate(0, 1, 0)} {
		page, err := c.AsOf(day).ListCompanyFinancialStatements(ctx, newest)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, s := range page.Items {
			fmt.Println(s.EndDate.Format(time.DateOnly), s.TotalRevenues.Value, s.Restated)
		}
	}

	_, err = c.AsOf(firstHand).GetCompany(ctx, oas.GetCompanyParams{Ticker: "AAPL"})
	var refused *client.AsOfError
	fmt.Println(errors.As(err, &refused))
	// Output:
	// 2009-09-26 36537000000 false
	// 2009-09-26 42905000000 true
	// true
}

func ExampleUpload() {
	ctx := context.Background()
	c, err := client.New(server.URL, client.WithPassword(server.Superuser, server.Password))
	if err != nil {
		fmt.Println(err)
		return
	}
	file := strings.NewReader("date,base,quote,rate\n2024-01-02,EUR,ISK,150.70\n2024-01-03,EUR,ISK,150.50\n")
	im, err := client.Upload(ctx, c.ImportExchangeRates, file, oas.ImportExchangeRatesParams{
		FileName: oas.NewOptString("krona.csv"), IdempotencyKey: oas.NewOptString("krona-2024-01-03"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	im, err = c.AwaitImport(ctx, im.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(im.State, im.Written)
	// Output: succeeded 2
}
