package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

// goverter:variables
var (
	// goverter:map TotpConfirmedAt TotpEnabled | isSet
	toUser func(db.UserAccount) oas.User

	fromUserCreate func(oas.UserCreate) app.UserInput

	// goverter:ignore IsActive IsSuperuser
	fromUserRegister func(oas.UserRegister) app.UserInput

	// goverter:update in
	// goverter:update:ignoreZeroValueField
	patchUser func(source oas.UserUpdate, in *app.UserInput)

	// goverter:update in
	// goverter:update:ignoreZeroValueField
	// goverter:ignore IsActive IsSuperuser Password
	patchCurrentUser func(source oas.UserUpdateMe, in *app.UserInput)
)

func (h *handler) ListUsers(ctx context.Context, p oas.ListUsersParams) (*oas.UserPage, error) {
	return list[oas.UserPage](toUser)(h.app.ListUsers(ctx, actor(ctx), page(p.PageSize, p.PageToken)))
}

func (h *handler) CreateUser(ctx context.Context, req *oas.UserCreate) (*oas.User, error) {
	return one(toUser)(h.app.CreateUser(ctx, actor(ctx), fromUserCreate(*req)))
}

func (h *handler) RegisterUser(ctx context.Context, req *oas.UserRegister) (*oas.Message, error) {
	if err := h.app.RegisterUser(ctx, fromUserRegister(*req)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "An email is on its way to the address."}, nil
}

func (h *handler) ActivateUser(ctx context.Context, req *oas.Activation) (*oas.User, error) {
	return one(toUser)(h.app.ActivateUser(ctx, req.Token))
}

func (h *handler) GetCurrentUser(ctx context.Context) (*oas.User, error) {
	return one(toUser)(h.app.GetUser(ctx, actor(ctx), actor(ctx).UserID))
}

func (h *handler) UpdateCurrentUser(ctx context.Context, req *oas.UserUpdateMe) (*oas.User, error) {
	return one(toUser)(h.app.UpdateCurrentUser(ctx, actor(ctx), string(req.CurrentPassword.Value), func(in *app.UserInput) { patchCurrentUser(*req, in) }))
}

func (h *handler) DeleteCurrentUser(ctx context.Context, req *oas.PasswordConfirmation) error {
	return h.app.DeleteCurrentUser(ctx, actor(ctx), string(req.CurrentPassword))
}

func (h *handler) UpdateCurrentUserPassword(ctx context.Context, req *oas.PasswordChange) error {
	return h.app.ChangePassword(ctx, actor(ctx), string(req.CurrentPassword), string(req.NewPassword))
}

func (h *handler) GetUser(ctx context.Context, p oas.GetUserParams) (*oas.User, error) {
	return one(toUser)(h.app.GetUser(ctx, actor(ctx), p.ID))
}

func (h *handler) UpdateUser(ctx context.Context, req *oas.UserUpdate, p oas.UpdateUserParams) (*oas.User, error) {
	return one(toUser)(h.app.UpdateUser(ctx, actor(ctx), p.ID, string(req.CurrentPassword.Value), func(in *app.UserInput) { patchUser(*req, in) }))
}

func (h *handler) DeleteUser(ctx context.Context, p oas.DeleteUserParams) error {
	return h.app.DeleteUser(ctx, actor(ctx), p.ID)
}

func (h *handler) ConfirmEmail(ctx context.Context, req *oas.EmailConfirmation) (*oas.Message, error) {
	if err := h.app.ConfirmEmail(ctx, req.Token); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "The address is confirmed. Log in with it from now on."}, nil
}
