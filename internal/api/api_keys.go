package api

import (
	"context"
	"slices"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:map CanWrite Scopes | scopes
	toApiKey func(db.ApiKey) oas.ApiKeyInfo

	// goverter:map CanWrite Scopes | scopes
	// goverter:ignore Key
	toApiKeyCreated func(db.ApiKey) oas.ApiKeyCreated

	// goverter:map Scopes CanWrite | canWrite
	// goverter:map ExpiresInDays Days | days
	fromApiKeyCreate func(oas.ApiKeyCreate) app.APIKeyInput
)

func scopes(canWrite bool) []oas.ApiKeyScope {
	if canWrite {
		return []oas.ApiKeyScope{oas.ApiKeyScopeRead, oas.ApiKeyScopeWrite}
	}
	return []oas.ApiKeyScope{oas.ApiKeyScopeRead}
}

func canWrite(scopes []oas.ApiKeyScope) bool { return slices.Contains(scopes, oas.ApiKeyScopeWrite) }

func days(o oas.OptInt32) int32 { return o.Or(90) }

func (h *handler) ListApiKeys(ctx context.Context, p oas.ListApiKeysParams) (*oas.ApiKeyPage, error) {
	return list[oas.ApiKeyPage](toApiKey)(h.app.ListAPIKeys(ctx, actor(ctx), get(p.UserID), page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateApiKey(ctx context.Context, req *oas.ApiKeyCreate) (*oas.ApiKeyCreated, error) {
	key, k, err := h.app.CreateAPIKey(ctx, actor(ctx), fromApiKeyCreate(*req))
	if err != nil {
		return nil, err
	}
	created := toApiKeyCreated(k)
	created.Key = key
	return &created, nil
}

func (h *handler) RevokeApiKey(ctx context.Context, p oas.RevokeApiKeyParams) error {
	return h.app.RevokeAPIKey(ctx, actor(ctx), p.ID)
}
