// The command calls a running server with the client that oapi-codegen generates: go run . BASE_URL TICKER FILE, with USERNAME and PASSWORD
// in the environment. It prints a line for each step that has gone well: its name, a tab, and what was done.
package main

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/oapi-codegen/runtime/types"
	"github.com/shopspring/decimal"

	api "github.com/edgevalue/edgevalue/internal/testclients/oapi-codegen/client"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: oapi-codegen BASE_URL TICKER FILE")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func done(step, format string, args ...any) { fmt.Printf(step+"\t"+format+"\n", args...) }

func equal(got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%v instead of %v", got, want)
	}
	return nil
}

func run(ctx context.Context, baseURL, ticker, path string) error {
	token := ""
	c, err := api.NewClientWithResponses(baseURL, api.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		return nil
	}))
	if err != nil {
		return err
	}

	pages, seen := 0, map[int64]bool{}
	params := &api.ListCompaniesParams{HasStatements: new(true), PageSize: new(api.PageSize(2))}
	for more := true; more; pages++ {
		res, err := c.ListCompaniesWithResponse(ctx, params)
		if err != nil || res.JSON200 == nil {
			return fmt.Errorf("a page of companies: %v %s", err, res.Status())
		}
		for _, company := range res.JSON200.Items {
			if seen[company.Id] {
				return fmt.Errorf("%s is on two pages", company.Name)
			}
			seen[company.Id] = true
		}
		next, err := res.JSON200.NextPageToken.Get()
		params.PageToken, more = &next, err == nil
	}
	done("page", "%d companies on %d pages", len(seen), pages)

	apple, err := c.GetCompanyWithResponse(ctx, "AAPL")
	if err != nil || apple.JSON200 == nil {
		return fmt.Errorf("company AAPL: %v", err)
	}
	statements, err := c.ListCompanyFinancialStatementsWithResponse(ctx, "AAPL", &api.ListCompanyFinancialStatementsParams{
		Period: new(api.PeriodAnnual), PageSize: new(api.PageSize(1)), AsOf: &api.AsOf{Time: time.Date(2015, 12, 31, 0, 0, 0, 0, time.UTC)},
	})
	if err != nil || statements.JSON200 == nil || len(statements.JSON200.Items) != 1 {
		return fmt.Errorf("statements of AAPL: %v", err)
	}
	statement := statements.JSON200.Items[0]
	revenues := statement.TotalRevenues.MustGet()
	if err := equal([]any{statement.EndDate.String(), revenues, statement.KnownTo.IsNull()}, []any{"2015-09-26", int64(233715000000), true}); err != nil {
		return err
	}
	done("read", "%s, revenues of the year to %s: %d", apple.JSON200.Name, statement.EndDate, revenues)

	username := os.Getenv("USERNAME")
	login, err := c.CreateAccessTokenWithFormdataBodyWithResponse(ctx, api.AccessTokenForm{
		GrantType: new(api.AccessTokenFormGrantTypePassword), Username: username, Password: os.Getenv("PASSWORD"),
	})
	if err != nil || login.JSON200 == nil {
		return fmt.Errorf("log in: %v", err)
	}
	token = login.JSON200.AccessToken
	me, err := c.TestAccessTokenWithResponse(ctx)
	if err != nil || me.JSON200 == nil {
		return fmt.Errorf("the token: %v", err)
	}
	if err := equal(string(me.JSON200.Email), username); err != nil {
		return err
	}
	done("log in", "as %s", username)

	refreshed, err := c.RefreshAccessTokenWithFormdataBodyWithResponse(ctx, api.RefreshForm{
		GrantType: api.RefreshToken, RefreshToken: login.JSON200.RefreshToken,
	})
	if err != nil || refreshed.JSON200 == nil || refreshed.JSON200.RefreshToken == login.JSON200.RefreshToken {
		return fmt.Errorf("refresh: %v", err)
	}
	token = refreshed.JSON200.AccessToken
	done("refresh", "a token for %d seconds", refreshed.JSON200.ExpiresIn)

	missing, err := c.GetCompanyWithResponse(ctx, ticker)
	if err != nil || missing.ApplicationproblemJSON404 == nil {
		return fmt.Errorf("a company that is not there: %v %s", err, missing.Status())
	}
	body := api.CompanyCreate{Name: "oapi-codegen", Listings: []api.ListingInput{{Ticker: ticker, Currency: new("USD")}}}
	created, err := c.CreateCompanyWithResponse(ctx, body)
	if err != nil || created.JSON201 == nil {
		return fmt.Errorf("create a company: %v %s", err, created.Body)
	}
	taken, err := c.CreateCompanyWithResponse(ctx, body)
	if err != nil || taken.ApplicationproblemJSON409 == nil {
		return fmt.Errorf("the same company again: %v %s", err, taken.Status())
	}
	invalid, err := c.CreateCompanyWithResponse(ctx, api.CompanyCreate{Listings: []api.ListingInput{{Ticker: "no ticker"}}})
	if err != nil || invalid.ApplicationproblemJSON422 == nil || invalid.ApplicationproblemJSON422.Errors == nil {
		return fmt.Errorf("a company without a name: %v %s", err, invalid.Status())
	}
	var fields []string
	for _, e := range *invalid.ApplicationproblemJSON422.Errors {
		fields = append(fields, e.Field)
	}
	slices.Sort(fields) // they are in the order of the body
	kinds := []string{missing.ApplicationproblemJSON404.Type, taken.ApplicationproblemJSON409.Type, invalid.ApplicationproblemJSON422.Type}
	if err := equal([]any{kinds, fields}, []any{
		[]string{"/problems/not-found", "/problems/ticker-taken", "/problems/invalid"}, []string{"/listings/0/ticker", "/name"},
	}); err != nil {
		return err
	}
	done("problem", "%s, %s, %s of %v", kinds[0], kinds[1], kinds[2], fields)

	return upload(ctx, c, ticker, path)
}

func upload(ctx context.Context, c *api.ClientWithResponses, ticker, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file types.File
	file.InitFromBytes(content, filepath.Base(path))
	contentType, form, err := encode(api.FileUpload{File: file})
	if err != nil {
		return err
	}
	res, err := c.ImportPricesWithBodyWithResponse(ctx, &api.ImportPricesParams{Ticker: &ticker}, contentType, form)
	if err != nil || res.JSON202 == nil {
		return fmt.Errorf("upload: %v %s", err, res.Body)
	}
	imported := *res.JSON202
	for imported.State == api.ImportStateQueued || imported.State == api.ImportStateRunning {
		time.Sleep(100 * time.Millisecond)
		res, err := c.GetImportWithResponse(ctx, imported.Id)
		if err != nil || res.JSON200 == nil {
			return fmt.Errorf("the import: %v %s", err, res.Status())
		}
		imported = *res.JSON200
	}
	name := imported.FileName.MustGet()
	if err := equal([]any{imported.State, imported.Error.IsNull(), name, imported.Written},
		[]any{api.ImportStateSucceeded, true, filepath.Base(path), int64(3)}); err != nil {
		return err
	}
	prices, err := c.ListCompanyPricesWithResponse(ctx, ticker, nil)
	if err != nil || prices.JSON200 == nil {
		return fmt.Errorf("the prices: %v", err)
	}
	var closes []string
	for _, p := range prices.JSON200.Items {
		closes = append(closes, p.Date.String()+" "+p.Close.String())
	}
	if err := equal(closes, []string{"2024-01-02 109.33", "2024-01-03 184.25", "2024-01-04 181.91"}); err != nil {
		return err
	}
	if open, err := prices.JSON200.Items[0].Open.Get(); err != nil || !open.Equal(decimal.RequireFromString("109.01")) {
		return fmt.Errorf("opened at %s: %v", open, err)
	}
	if err := equal(prices.JSON200.Items[1].Open.IsNull(), true); err != nil {
		return err
	}
	done("upload", "%s: %d prices", name, imported.Written)
	return nil
}

// encode returns a form's content type and its body: the generator leaves that to its users.
func encode(u api.FileUpload) (string, *bytes.Buffer, error) {
	content, err := u.File.Bytes()
	if err != nil {
		return "", nil, err
	}
	body := new(bytes.Buffer)
	form := multipart.NewWriter(body)
	part, err := form.CreateFormFile("file", u.File.Filename())
	if err != nil {
		return "", nil, err
	}
	if _, err := part.Write(content); err != nil {
		return "", nil, err
	}
	return form.FormDataContentType(), body, form.Close()
}
