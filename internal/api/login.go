package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

func (h *handler) CreateAccessToken(ctx context.Context, req *oas.AccessTokenForm) (*oas.AccessToken, error) {
	return one(toAccessToken)(h.app.Login(ctx, req.Username, req.Password, req.Otp.Value))
}

func (h *handler) RefreshAccessToken(ctx context.Context, req *oas.RefreshForm) (*oas.AccessToken, error) {
	return one(toAccessToken)(h.app.Refresh(ctx, req.RefreshToken))
}

func (h *handler) CreateCookieSession(ctx context.Context, req *oas.SessionCreate) (*oas.User, error) {
	q := requestOf(ctx)
	if q.foreign {
		return nil, errCrossOrigin
	}
	u, cookie, err := h.app.OpenCookieSession(ctx, req.Email, req.Password, req.Otp.Value)
	if err == nil {
		err = h.closeCookies(ctx)
	}
	if err != nil {
		return nil, err
	}
	q.setCookie(cookie)
	return new(toUser(u)), nil
}

func (h *handler) EndCookieSession(ctx context.Context) error {
	q := requestOf(ctx)
	if q.foreign {
		return errCrossOrigin
	}
	if err := h.closeCookies(ctx); err != nil {
		return err
	}
	q.setCookie(removed)
	return nil
}

// closeCookies ends the sessions of the cookies that a request has.
func (h *handler) closeCookies(ctx context.Context) error {
	for _, token := range requestOf(ctx).cookies {
		if err := h.app.CloseCookieSession(ctx, token); err != nil {
			return err
		}
	}
	return nil
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

func (h *handler) RecoverPassword(ctx context.Context, req *oas.PasswordRecovery) (*oas.Message, error) {
	return h.recoverPassword(ctx, "/email", req.Email)
}

func (h *handler) RecoverPasswordByPath(ctx context.Context, p oas.RecoverPasswordByPathParams) (*oas.Message, error) {
	return h.recoverPassword(ctx, "email", p.Email)
}

func (h *handler) recoverPassword(ctx context.Context, field string, email oas.Email) (*oas.Message, error) {
	if err := h.app.RecoverPassword(ctx, field, string(email)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "If the address belongs to an account, an email is on its way."}, nil
}

func (h *handler) ResetPassword(ctx context.Context, req *oas.PasswordReset) (*oas.Message, error) {
	if err := h.app.ResetPassword(ctx, req.Token, string(req.NewPassword)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "The password is changed."}, nil
}
