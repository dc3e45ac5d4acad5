package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// BenchmarkEncode takes the time of what the generated code does with an answer: it routes the request, decodes and checks
// the parameters, checks the answer and writes its JSON.
func BenchmarkEncode(b *testing.B) {
	addr := serveAPI(b, benchPool(b), benchConfig{limits: productionLimits()})
	var h ready
	server, err := oas.NewServer(&h, nil)
	require.NoError(b, err)
	for _, bm := range []struct {
		name, path string
		page       interface{ UnmarshalJSON([]byte) error }
	}{
		{"100_companies", "/companies?page_size=100", &h.companies},
		{"100_statements", "/financial-statements?page_size=100&share_basis=filed", &h.statements},
	} {
		want := fetch(b, addr, bm.path)
		require.NoError(b, json.Unmarshal([]byte(want), bm.page))
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, bm.path, nil)
		require.NoError(b, err)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		require.True(b, want == w.Body.String(), "the answers must be the same")
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(want)))
			start := processTime(b)
			for b.Loop() {
				server.ServeHTTP(discarding{http.Header{}}, r)
			}
			b.ReportMetric(float64((processTime(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

// ready has the answers ready.
type ready struct {
	oas.Handler

	companies  oas.CompanyPage
	statements oas.FinancialStatementPage
}

func (h *ready) ListCompanies(context.Context, oas.ListCompaniesParams) (*oas.CompanyPage, error) {
	return &h.companies, nil
}

func (h *ready) ListFinancialStatements(context.Context, oas.ListFinancialStatementsParams) (*oas.FinancialStatementPage, error) {
	return &h.statements, nil
}

type discarding struct{ header http.Header }

func (d discarding) Header() http.Header       { return d.header }
func (discarding) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (discarding) WriteHeader(int)             {}
