package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func (h *handler) CreateTOTP(ctx context.Context, req *oas.PasswordConfirmation) (*oas.TOTP, error) {
	secret, uri, err := h.app.StartTOTP(ctx, actor(ctx), string(req.CurrentPassword))
	if err != nil {
		return nil, err
	}
	return &oas.TOTP{Secret: secret, URI: uri}, nil
}

func (h *handler) ConfirmTOTP(ctx context.Context, req *oas.TOTPConfirmation) (*oas.RecoveryCodes, error) {
	return one(toRecoveryCodes)(h.app.ConfirmTOTP(ctx, actor(ctx), req.Code))
}

func (h *handler) DeleteTOTP(ctx context.Context, req *oas.SecondFactorConfirmation) error {
	return h.app.RemoveTOTP(ctx, actor(ctx), string(req.CurrentPassword), string(req.Code))
}

func (h *handler) CreateRecoveryCodes(ctx context.Context, req *oas.SecondFactorConfirmation) (*oas.RecoveryCodes, error) {
	return one(toRecoveryCodes)(h.app.ReplaceRecoveryCodes(ctx, actor(ctx), string(req.CurrentPassword), string(req.Code)))
}

func (h *handler) RemoveUserTOTP(ctx context.Context, p oas.RemoveUserTOTPParams) error {
	return h.app.RemoveUserTOTP(ctx, actor(ctx), p.ID)
}

func toRecoveryCodes(codes []string) oas.RecoveryCodes {
	return oas.RecoveryCodes{RecoveryCodes: codes}
}
