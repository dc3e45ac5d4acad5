package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var toRules func(app.Rules) oas.Rules

func (h *handler) GetRules(ctx context.Context) (*oas.Rules, error) {
	return one(toRules)(h.app.GetRules(ctx))
}
