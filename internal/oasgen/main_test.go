package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ogen-go/ogen"
	"github.com/ogen-go/ogen/gen/genfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/gen/oas"
)

// A client of today takes the values and fields that a later version of the server sends.
func TestClientTakesUnknownValues(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id": 1, "user_id": 1, "name": "", "prefix": "p", "scopes": ["read", "erase", "read"], "created_at": "2026-01-30T12:00:00Z",
				"expires_at": "2026-04-30T12:00:00Z", "last_used_at": null, "key": "k", "colour": {"of": ["the", "key"]}}`)
			return
		}
		_, _ = io.WriteString(w, `{"items": [{"id": 1, "created_at": "2026-01-30T12:00:00Z", "action": "a", "reason": null, "actor": "robot", "actor_id": null,
			"api_key_id": null, "target_type": null, "target": null, "detail": {}, "client": null, "request_id": null}], "next_page_token": null}`)
	}))
	t.Cleanup(server.Close)
	client, err := oas.NewClient(server.URL, nobody{})
	require.NoError(t, err)
	page, err := client.ListAuditEvents(t.Context(), oas.ListAuditEventsParams{})
	require.NoError(t, err)
	assert.Equal(t, oas.AuditActor("robot"), page.Items[0].Actor)
	key, err := client.CreateApiKey(t.Context(), &oas.ApiKeyCreate{Name: "n", Scopes: []oas.ApiKeyScope{oas.ApiKeyScopeRead}})
	require.NoError(t, err)
	assert.Equal(t, []oas.ApiKeyScope{"read", "erase", "read"}, key.Scopes)
}

type nobody struct{ oas.SecuritySource }

func (nobody) OAuth2PasswordBearer(ctx context.Context, _ oas.OperationName) (oas.OAuth2PasswordBearer, error) {
	return oas.OAuth2PasswordBearer{Token: "t"}, nil
}

// ogen sees no form with a file, no status of an error, and no header of a success.
func TestParse(t *testing.T) {
	t.Parallel()
	spec, err := parse(edgevalue.OpenAPI)
	require.NoError(t, err)
	for path, item := range spec.Paths {
		for _, op := range []*ogen.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op == nil {
				continue
			}
			if op.RequestBody != nil {
				assert.NotEmpty(t, op.RequestBody.Content, path)
				assert.NotContains(t, op.RequestBody.Content, "multipart/form-data", path)
			}
			for status, response := range op.Responses {
				assert.Regexp(t, `^(2..|default)$`, status, path)
				assert.Empty(t, response.Headers, path)
			}
		}
	}
}

func TestOtherForms(t *testing.T) {
	t.Parallel()
	s := source{genfs.FormattedSource{Root: t.TempDir()}}
	for _, text := range []string{"package oas\n", "package oas\n\nvar _ = x.Validate()\n"} {
		require.ErrorContains(t, s.WriteFile(responseDecoders, []byte(text)), "another form")
	}
	for _, text := range []string{"package oas\n", "package oas\n\nvar _ = new(jx.Encoder)\n"} {
		require.ErrorContains(t, s.WriteFile(responseEncoders, []byte(text)), "another form")
	}
	require.NoError(t, s.WriteFile("oas_cfg_gen.go", []byte("package oas\n")))
}
