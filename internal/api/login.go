package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

func (h *handler) CreateAccessToken(ctx context.Context, req *oas.AccessTokenForm) (*oas.AccessToken, error) {
	return one(toAccessToken)(h.app.Login(ctx, ClientIP(ctx), req.Username, req.Password, req.Otp.Value))
}

func (h *handler) RefreshAccessToken(ctx context.Context, req *oas.RefreshForm) (*oas.AccessToken, error) {
	return one(toAccessToken)(h.app.Refresh(ctx, req.RefreshToken))
}

func toAccessToken(g app.Grant) oas.AccessToken {
	return oas.AccessToken{
		AccessToken: g.AccessToken, TokenType: oas.AccessTokenTokenTypeBearer, ExpiresIn: int64(g.AccessLife.Seconds()),
		RefreshToken: g.RefreshToken, RefreshExpiresIn: int64(g.RefreshLife.Seconds()),
	}
}

func (h *handler) TestAccessToken(ctx context.Context) (*oas.User, error) {
	return h.GetCurrentUser(ctx)
}

func (h *handler) RecoverPassword(ctx context.Context, p oas.RecoverPasswordParams) (*oas.Message, error) {
	if err := h.app.RecoverPassword(ctx, ClientIP(ctx), string(p.Email)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "If the address belongs to an account, an email is on its way."}, nil
}

func (h *handler) ResetPassword(ctx context.Context, req *oas.PasswordReset) (*oas.Message, error) {
	if err := h.app.ResetPassword(ctx, ClientIP(ctx), req.Token, string(req.NewPassword)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "The password is changed."}, nil
}
