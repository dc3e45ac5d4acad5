package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/client"
	"github.com/edgevalue/edgevalue/gen/oas"
)

const imported = `{"id":3,"kind":"prices","state":"queued","ticker":"AAPL","exchange":null,"other_cik":null,"adjusted":null,"adjusted_as_of":null,
	"file_name":null,"job_id":7,"done":0,"total":null,"written":0,"unchanged":0,"skipped":0,"report":null,"warning":null,"error":null,"created_by":1,
	"created_at":"2026-01-30T12:00:00Z","updated_at":"2026-01-30T12:00:01Z","started_at":null,"finished_at":null}`

var day = time.Date(2012, time.December, 31, 0, 0, 0, 0, time.UTC)

// Each operation of the contract knows as_of and sends it, or is refused.
func TestAsOfOperations(t *testing.T) {
	t.Parallel()
	sent := ""
	c := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
		sent += r.URL.Path + r.URL.Query().Get("as_of")
		problem(w, 404, "not-found")
	}, client.WithPassword("ada@example.com", "correct horse"))
	then := reflect.ValueOf(c.AsOf(day))
	for name, knows := range contractOperations(t) {
		sent = ""
		method := then.MethodByName(name)
		require.True(t, method.IsValid(), name)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for i := 1; i < method.Type().NumIn(); i++ {
			args = append(args, filled(method.Type().In(i)))
		}
		results := method.Call(args)
		err, _ := results[len(results)-1].Interface().(error)
		if knows {
			assert.True(t, client.IsProblem(err, client.NotFound), "%s: %v", name, err)
			assert.Regexp(t, "^/api/v1/.*2012-12-31$", sent, name)
			continue
		}
		var refused *client.AsOfError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, client.AsOfError{Day: "2012-12-31", Operation: name}, *refused)
		assert.Empty(t, sent, "%s: not even a login", name)
	}
}

// contractOperations are those of openapi.yaml by the names of their methods, with whether they have the parameter as_of.
func contractOperations(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../openapi.yaml")
	require.NoError(t, err)
	var contract struct {
		Paths map[string]map[string]yaml.Node
	}
	require.NoError(t, yaml.Unmarshal(text, &contract))
	operations := map[string]bool{}
	for _, methods := range contract.Paths {
		for method, node := range methods {
			if method == "parameters" {
				continue
			}
			var operation struct {
				OperationID string `yaml:"operationId"`
				Parameters  []struct {
					Ref string `yaml:"$ref"`
				}
			}
			require.NoError(t, node.Decode(&operation))
			knows := false
			for _, p := range operation.Parameters {
				knows = knows || p.Ref == "#/components/parameters/AsOf"
			}
			operations[strings.ToUpper(operation.OperationID[:1])+operation.OperationID[1:]] = knows
		}
	}
	require.Greater(t, len(operations), 50)
	return operations
}

// filled returns a value of the type that can be sent.
func filled(typ reflect.Type) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(typ.Elem()))
	case reflect.Struct:
		for i := range typ.NumField() {
			switch f := v.Field(i); f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Int64, reflect.Int32:
				f.SetInt(1)
			}
		}
	}
	return v
}

func TestAsOf(t *testing.T) {
	t.Parallel()
	queries := []string{}
	c := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RawQuery)
		problem(w, 404, "not-found")
	}, client.WithToken("secret"))
	ctx := t.Context()
	then := c.AsOf(time.Date(2012, time.December, 31, 23, 0, 0, 0, time.FixedZone("Honolulu", -10*3600)))

	_, _ = then.ListCompanyPrices(ctx, oas.ListCompanyPricesParams{Ticker: "BRK/B", PageSize: oas.NewOptInt32(2)})
	_, _ = then.GetDividend(ctx, oas.GetDividendParams{ID: 1, AsOf: oas.NewOptDate(day)})
	assert.Equal(t, []string{"as_of=2012-12-31&page_size=2", "as_of=2012-12-31"}, queries)

	_, err := then.GetDividend(ctx, oas.GetDividendParams{ID: 1, AsOf: oas.NewOptDate(day.AddDate(0, 0, 1))})
	var refused *client.AsOfError
	require.ErrorAs(t, err, &refused)
	assert.EqualError(t, refused, "GetDividend as of 2013-01-01, by a client of 2012-12-31")
	_, err = then.CreateCompany(ctx, &oas.CompanyCreate{Name: "New"})
	require.ErrorAs(t, err, &refused)
	assert.EqualError(t, refused, "CreateCompany does not know as_of, and the client is one of 2012-12-31")
	assert.Len(t, queries, 2)

	queries = nil
	_, _ = c.GetDividend(ctx, oas.GetDividendParams{ID: 1})
	_, _ = then.AsOf(day.AddDate(-1, 0, 0)).GetDividend(ctx, oas.GetDividendParams{ID: 1})
	assert.Equal(t, []string{"", "as_of=2011-12-31"}, queries, "others are as they were")
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c := inMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			sent++
			problem(w, 503, "unavailable", "Retry-After", "1")
		}, client.WithToken("secret"))
		_, err := c.CreateDividend(t.Context(), &oas.DividendInput{}, oas.CreateDividendParams{Ticker: "AAPL"})
		assert.True(t, client.IsProblem(err, client.Unavailable), err)
		assert.Equal(t, 1, sent)
		_, err = c.CreateDividend(t.Context(), &oas.DividendInput{}, oas.CreateDividendParams{Ticker: "AAPL", IdempotencyKey: oas.NewOptString("k")})
		assert.True(t, client.IsProblem(err, client.Unavailable), err)
		assert.Equal(t, 5, sent)
	})
}

// pipe is a reader that cannot seek.
type pipe struct{ io.Reader }

func TestUpload(t *testing.T) {
	t.Parallel()
	const head, text = "before ", "date,close\n2024-01-02,185.64\n"
	for _, c := range []struct {
		name     string
		seeks    bool
		refuse   string // the problem of the first request
		status   int
		read     bool // whether the server reads the body before
		key      string
		requests int
		ok       bool
	}{
		{"a file", true, "", 0, false, "", 1, true},
		{"a pipe", false, "", 0, false, "", 1, true},
		{"a file that is refused", true, "too-many-uploads", 503, false, "", 2, true},
		{"a file that is refused late", true, "rate-limited", 429, true, "", 2, true},
		{"a file for nothing", true, "unavailable", 503, true, "", 1, false},
		{"a file with a key", true, "unavailable", 503, true, "k", 2, true},
		{"a file with an old token", true, "unauthenticated", 401, true, "", 2, true},
		{"a pipe that is refused", false, "too-many-uploads", 503, false, "", 2, true},
		{"a pipe that is refused late", false, "too-many-uploads", 503, true, "", 1, false},
		{"a pipe with an old token", false, "unauthenticated", 401, false, "", 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			s := fake(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				size := -1
				if c.seeks {
					size = len(text)
				}
				assert.EqualValues(t, size, r.ContentLength)
				refused := requests == 1 && c.refuse != ""
				if !refused || c.read {
					got, err := io.ReadAll(r.Body)
					assert.NoError(t, err)
					assert.Equal(t, text, string(got))
				}
				if refused {
					wait := "1"
					if !c.ok {
						wait = "30"
					}
					problem(w, c.status, c.refuse, "Retry-After", wait)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, imported)
			}, client.WithTokenSource(func(_ context.Context, refused string) (string, error) { return refused + "a", nil }))
			seeker := strings.NewReader(head + text)
			_, err := seeker.Seek(int64(len(head)), io.SeekStart)
			require.NoError(t, err)
			file := io.Reader(seeker)
			if !c.seeks {
				file = pipe{seeker}
			}
			params := oas.ImportPricesParams{Ticker: oas.NewOptTicker("AAPL")}
			if c.key != "" {
				params.IdempotencyKey = oas.NewOptString(c.key)
			}
			begin := time.Now()
			im, err := client.Upload(t.Context(), s.ImportPrices, file, params)
			assert.Equal(t, c.requests, requests)
			assert.Less(t, time.Since(begin), 25*time.Second, "it does not wait for nothing")
			if c.ok {
				require.NoError(t, err)
				assert.EqualValues(t, 3, im.ID)
			} else {
				assert.True(t, client.IsProblem(err, client.ProblemType(c.refuse)), err)
			}
		})
	}
}

// endless counts what is read of it.
type endless struct{ read atomic.Int64 }

func (e *endless) Read(b []byte) (int, error) {
	e.read.Add(int64(len(b)))
	return len(b), nil
}

func (e *endless) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return 1 << 40, nil
	}
	return offset, nil
}

func TestAbortedUpload(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := fake(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
		cancel()
		_, err := io.Copy(io.Discard, r.Body)
		assert.Error(t, err)
	}, client.WithToken("secret"))
	var file endless
	_, err := client.Upload(ctx, c.ImportPrices, &file, oas.ImportPricesParams{})
	require.ErrorIs(t, err, context.Canceled)
	before := file.read.Load()
	time.Sleep(20 * time.Millisecond)
	assert.Equal(t, before, file.read.Load(), "nothing is read when Upload has returned")

	// A pipe whose other end is silent.
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _, _ = w.Close(), r.Close() }()
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = client.Upload(ctx, c.ImportPrices, r, oas.ImportPricesParams{})
	require.ErrorIs(t, err, context.Canceled)

	broken := errors.New("the disk is broken")
	_, err = client.Upload(t.Context(), fake(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}, client.WithToken("secret")).ImportPrices, pipe{io.MultiReader(strings.NewReader("date"), failing{broken})}, oas.ImportPricesParams{})
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestPages(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, err := client.New(server.URL)
	require.NoError(t, err)
	params := oas.ListCompanyPricesParams{Ticker: "AAPL", PageSize: oas.NewOptInt32(100), From: oas.NewOptDate(day)}
	pages := 0
	prices := client.Pages(ctx, func(ctx context.Context, p oas.ListCompanyPricesParams) (*oas.PricePage, error) {
		pages++
		return c.ListCompanyPrices(ctx, p)
	}, params)
	for range 2 { // it can be walked again
		var days []time.Time
		pages = 0
		for price, err := range prices {
			require.NoError(t, err)
			if len(days) > 0 {
				require.True(t, price.Date.After(days[len(days)-1]), "in their order, each once")
			}
			days = append(days, price.Date)
		}
		require.Greater(t, len(days), 300)
		assert.Equal(t, (len(days)+99)/100, pages)
	}
	pages = 0
	for _, err := range prices {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, 1, pages)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n := 0
	for _, err := range client.Pages(ctx, c.ListCompanyPrices, params) {
		if n++; n == 100 {
			cancel()
		} else if n > 100 {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
	assert.Equal(t, 101, n, "the error is the end")
	for _, err := range client.Pages(t.Context(), c.ListCompanyPrices, oas.ListCompanyPricesParams{Ticker: "NOBODY"}) {
		assert.True(t, client.IsProblem(err, client.NotFound), err)
	}
}

// Writes, reads, files and days, with the server itself.
func TestServerData(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), superuser(t)
	company, err := c.CreateCompany(ctx, &oas.CompanyCreate{Name: "Client plc", Listings: []oas.ListingInput{{Ticker: "CLNT", Currency: oas.NewOptString("GBP")}}})
	require.NoError(t, err)
	assert.Equal(t, "Client plc", company.Name)

	var lines strings.Builder
	lines.WriteString("date,close\n")
	for i := range 30 {
		fmt.Fprintf(&lines, "%s,%d\n", day.AddDate(0, 0, -i).Format(time.DateOnly), 100+i)
	}
	path := t.TempDir() + "/prices.csv"
	require.NoError(t, os.WriteFile(path, []byte(lines.String()), 0o644))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	params := oas.ImportPricesParams{Ticker: oas.NewOptTicker("CLNT"), FileName: oas.NewOptString("prices.csv")}
	im, err := client.Upload(ctx, c.ImportPrices, file, params)
	require.NoError(t, err)
	im, err = c.AwaitImport(ctx, im.ID)
	require.NoError(t, err)
	assert.EqualValues(t, 30, im.Written)
	assert.EqualValues(t, lines.Len(), im.Total.Value)
	assert.Equal(t, "prices.csv", im.FileName.Value)

	prices, err := c.AsOf(day.AddDate(0, 0, -10)).ListCompanyPrices(ctx, oas.ListCompanyPricesParams{Ticker: "CLNT"})
	require.NoError(t, err)
	require.Len(t, prices.Items, 20)
	assert.Equal(t, "110", prices.Items[19].Close.String())

	// By a request that oas makes alone, without its size.
	im, err = c.ImportPrices(ctx, oas.ImportPricesReq{Data: pipe{strings.NewReader("what,ever\n1,2\n")}}, params)
	require.NoError(t, err)
	im, err = c.AwaitImport(ctx, im.ID)
	require.ErrorContains(t, err, "failed: ")
	assert.Equal(t, oas.ImportStateFailed, im.State)

	_, err = client.Upload(ctx, c.ImportPrices, strings.NewReader(""), params)
	assert.True(t, client.IsProblem(err, client.BadRequest, client.Invalid), err)

	require.NoError(t, c.DeleteCompany(ctx, oas.DeleteCompanyParams{Ticker: "CLNT"}))
	_, err = c.GetCompany(ctx, oas.GetCompanyParams{Ticker: "CLNT"})
	assert.True(t, client.IsProblem(err, client.NotFound), err)
}
