package app

import (
	"context"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"

	"github.com/edgevalue/edgevalue/gen/db"
)

// UserInput is what a user is made of. Password is empty for one that stays.
type UserInput struct {
	Email       string
	Password    string
	FullName    *string
	IsActive    bool
	IsSuperuser bool
}

func (a *App) checkNewUser(v *validator, in *UserInput) {
	v.password("/password", in.Password, a.wordsOf(in.Email, in.FullName)...)
	v.optionalText("/full_name", in.FullName)
}

// wordsOf are what a user's password would be guessed from.
func (a *App) wordsOf(email string, fullName *string) []string {
	words := []string{a.ProjectName, email}
	if fullName != nil {
		words = append(words, *fullName)
	}
	return words
}

// freeEmail checks an address as email does, and that it belongs to no other account than id.
func (v *validator) freeEmail(ctx context.Context, q *db.Queries, field string, address *string, id int64) error {
	written := *address
	if !v.email(field, address) {
		return nil
	}
	u, err := userByEmail(ctx, q, written)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return errors.Wrap(err, "look up address")
	case u.ID != id:
		v.taken(field, "email-taken")
	}
	return nil
}

// ListUsers returns a page of all users to a superuser. Errors: Unauthenticated, Forbidden, Invalid.
func (a *App) ListUsers(ctx context.Context, actor Actor, p Page) ([]db.UserAccount, string, error) {
	if err := actor.superuser(); err != nil {
		return nil, "", err
	}
	params := db.ListUsersParams{AfterID: 0, PageSize: p.limit()}
	var v validator
	v.page(p, &params.AfterID)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	rows, err := a.queries.ListUsers(ctx, params)
	return cut(p, rows, err, func(u db.UserAccount) []any { return []any{u.ID} })
}

// GetUser returns a user to themselves and to superusers. Errors: Unauthenticated, Forbidden, NotFound.
func (a *App) GetUser(ctx context.Context, actor Actor, id int64) (db.UserAccount, error) {
	if actor.UserID == 0 || actor.UserID != id {
		if err := actor.superuser(); err != nil {
			return db.UserAccount{}, err
		}
	}
	u, err := a.queries.GetUser(ctx, id)
	return u, found(err, "user")
}

// CreateUser adds a user for a superuser, and tells the user by email. Errors: Unauthenticated, Forbidden, Invalid,
// Conflict.
func (a *App) CreateUser(ctx context.Context, actor Actor, in UserInput) (db.UserAccount, error) {
	if err := actor.superuser(); err != nil {
		return db.UserAccount{}, err
	}
	return a.createUser(ctx, actor, in)
}

func (a *App) createUser(ctx context.Context, actor Actor, in UserInput) (u db.UserAccount, err error) {
	var v validator
	if err := v.freeEmail(ctx, a.queries, "/email", &in.Email, 0); err != nil {
		return u, err
	}
	a.checkNewUser(&v, &in)
	if err := v.err(); err != nil {
		return u, err
	}
	hash, err := a.hash(ctx, in.Password)
	if err != nil {
		return u, err
	}
	err = a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		u, err = q.CreateUser(ctx, db.CreateUserParams{
			Email: in.Email, FullName: in.FullName, PasswordHash: hash, IsActive: in.IsActive, IsSuperuser: in.IsSuperuser,
		})
		if err != nil {
			return errors.Wrap(err, "create user")
		}
		if _, err = a.jobs.InsertTx(ctx, tx, NewAccountMailArgs{UserID: u.ID}, nil); err != nil {
			return errors.Wrap(err, "enqueue mail")
		}
		e := auditEvent{Action: "user.created", Detail: map[string]any{"is_active": u.IsActive, "is_superuser": u.IsSuperuser}}
		e.of(u)
		return a.audit(ctx, q, actor, e)
	})
	return u, err
}

// EnsureSuperuser creates an active superuser unless the address is known already, and reports whether it did. Errors:
// Invalid, Conflict.
func (a *App) EnsureSuperuser(ctx context.Context, email, password string) (bool, error) {
	switch _, err := userByEmail(ctx, a.queries, email); {
	case err == nil:
		return false, nil
	case !errors.Is(err, pgx.ErrNoRows):
		return false, errors.Wrap(err, "get user")
	}
	_, err := a.createUser(ctx, System, UserInput{Email: email, Password: password, FullName: nil, IsActive: true, IsSuperuser: true})
	if e, ok := errors.Into[*Error](err); ok && e.Type == "email-taken" {
		return false, nil // by another that had the same to do
	}
	return err == nil, err
}

// UpdateUser changes a user for a superuser, and returns them. What would take over or give away the superuser's own
// account needs the current password; an own new address waits for its confirmation. Errors: Unauthenticated, Forbidden,
// Invalid, NotFound, RateLimited, Conflict.
func (a *App) UpdateUser(ctx context.Context, actor Actor, id int64, current string, change func(*UserInput)) (db.UserAccount, error) {
	if err := actor.superuser(); err != nil {
		return db.UserAccount{}, err
	}
	return a.updateUser(ctx, actor, id, current, change)
}

// UpdateCurrentUser changes the actor's own address and name, and returns their account. A new address needs the current
// password, and waits for its confirmation. Errors: Invalid, NotFound, RateLimited.
func (a *App) UpdateCurrentUser(ctx context.Context, actor Actor, current string, change func(*UserInput)) (db.UserAccount, error) {
	return a.updateUser(ctx, actor, actor.UserID, current, func(in *UserInput) {
		mine := *in
		change(&mine)
		in.Email, in.FullName = mine.Email, mine.FullName
	})
}

// updateUser calls change twice: for the password, which is hashed while no row is locked, and on the locked row.
func (a *App) updateUser(ctx context.Context, actor Actor, id int64, current string, change func(*UserInput)) (u db.UserAccount, err error) {
	changed := func() UserInput {
		in := UserInput{Email: u.Email, Password: "", FullName: u.FullName, IsActive: u.IsActive, IsSuperuser: u.IsSuperuser}
		change(&in)
		if form, err := Email(in.Email); err == nil {
			in.Email = form
		}
		return in
	}
	if u, err = a.queries.GetUser(ctx, id); err != nil {
		return u, found(err, "user")
	}
	own, in, hash := id == actor.UserID, changed(), ""
	guarded, version := own && (in.Email != u.Email || in.Password != "" || in.IsActive != u.IsActive || in.IsSuperuser != u.IsSuperuser), u.TokenVersion
	var v validator
	v.optionalText("/full_name", in.FullName)
	if in.Password != "" {
		v.password("/password", in.Password, a.wordsOf(in.Email, in.FullName)...)
	}
	if own {
		v.email("/email", &in.Email)
	} else if err := v.freeEmail(ctx, a.queries, "/email", &in.Email, id); err != nil {
		return u, err
	}
	if guarded {
		v.check(current != "", "/current_password", "is required", "id")
	}
	if err := v.err(); err != nil {
		return u, err
	}
	if guarded {
		if err := a.confirmPassword(ctx, u, current); err != nil {
			return u, err
		}
	}
	if own && in.Email != u.Email { // mails cost an attempt
		if _, err := a.countAttempt(ctx, "email", ""); err != nil {
			return u, err
		}
	}
	if in.Password != "" {
		if hash, err = a.hash(ctx, in.Password); err != nil {
			return u, err
		}
	}
	err = a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		supers, err := q.LockActiveSuperusers(ctx)
		if err != nil {
			return errors.Wrap(err, "lock superusers")
		}
		if u, err = q.LockUser(ctx, id); err != nil {
			return found(err, "user")
		}
		in := changed()
		if guarded && u.TokenVersion != version {
			return errOldPassword
		}
		p := db.UpdateUserParams{ID: id, Email: in.Email, FullName: in.FullName, IsActive: in.IsActive, IsSuperuser: in.IsSuperuser}
		if own {
			p.Email = u.Email
		}
		if (!p.IsActive || !p.IsSuperuser) && isLast(supers, id) {
			return errLastSuperuser
		}
		if hash != "" {
			if err := a.passwordSet(ctx, tx, q, actor, "password.changed", u, hash); err != nil {
				return err
			}
		}
		if p.Email != u.Email || !p.IsActive {
			if err := q.DeletePasswordResets(ctx, id); err != nil {
				return errors.Wrap(err, "delete reset tokens")
			}
			if err := q.DeletePendingEmail(ctx, id); err != nil {
				return errors.Wrap(err, "delete pending address")
			}
		}
		if !p.IsActive {
			if _, err := q.DeleteSessions(ctx, db.DeleteSessionsParams{UserID: id, Keep: 0}); err != nil {
				return errors.Wrap(err, "end sessions")
			}
		}
		old := u
		if u, err = q.UpdateUser(ctx, p); err != nil {
			return errors.Wrap(err, "update user")
		}
		if err := a.auditUpdate(ctx, q, actor, old, u); err != nil {
			return err
		}
		if u.Email != old.Email {
			return a.emailChanged(ctx, tx, q, actor, old, u.Email)
		}
		if own && in.Email != u.Email {
			u, err = a.requestEmail(ctx, tx, q, actor, u, in.Email)
		}
		return err
	})
	return u, err
}

// auditUpdate writes what changed of a user, but for the address and the password, which have events of their own.
func (a *App) auditUpdate(ctx context.Context, q *db.Queries, actor Actor, old, u db.UserAccount) error {
	detail := map[string]any{}
	if old.IsActive != u.IsActive {
		detail["is_active"] = u.IsActive
	}
	if old.IsSuperuser != u.IsSuperuser {
		detail["is_superuser"] = u.IsSuperuser
	}
	if (old.FullName == nil) != (u.FullName == nil) || old.FullName != nil && *old.FullName != *u.FullName {
		detail["full_name"] = "changed"
	}
	if len(detail) == 0 {
		return nil
	}
	return a.audit(ctx, q, actor, auditEvent{
		Action: "user.updated", TargetType: "user", Target: idText(u.ID), Detail: detail,
	})
}

// passwordSet sets the password of a locked user, and tells the user and the audit trail. It ends the sessions, the links
// for a new password and the change of the address: whoever began them may not have been the owner.
func (a *App) passwordSet(ctx context.Context, tx pgx.Tx, q *db.Queries, actor Actor, action string, u db.UserAccount, hash string) error {
	if err := q.DeletePasswordResets(ctx, u.ID); err != nil {
		return errors.Wrap(err, "delete reset tokens")
	}
	if _, err := q.DeleteSessions(ctx, db.DeleteSessionsParams{UserID: u.ID, Keep: 0}); err != nil {
		return errors.Wrap(err, "end sessions")
	}
	if u.PendingEmail != nil {
		if err := q.DeletePendingEmail(ctx, u.ID); err != nil {
			return errors.Wrap(err, "delete pending address")
		}
	}
	if err := q.SetPassword(ctx, db.SetPasswordParams{ID: u.ID, PasswordHash: hash}); err != nil {
		return errors.Wrap(err, "set password")
	}
	if err := a.notify(ctx, tx, u.Email, noticePasswordChanged, ""); err != nil {
		return err
	}
	return a.audit(ctx, q, actor, userEvent(action, u.ID))
}

// own is the actor's account.
func (a *App) own(ctx context.Context, actor Actor) (db.UserAccount, error) {
	u, err := a.queries.GetUser(ctx, actor.UserID)
	return u, found(err, "user")
}

// errOldPassword is for one who knew the password that was changed meanwhile.
var errOldPassword = invalid("/current_password", "is wrong")

// confirmPassword returns an error unless this is the user's current password. Each wrong one counts as an attempt.
// Errors: RateLimited, Unavailable, Invalid.
func (a *App) confirmPassword(ctx context.Context, u db.UserAccount, current string) error {
	counted, err := a.countAttempt(ctx, "password", u.Email)
	if err != nil {
		return err
	}
	ok, _, err := a.verify(ctx, current, u.PasswordHash)
	if err != nil {
		return counted.takeBack(ctx, err)
	}
	if !ok {
		err := a.audit(ctx, a.queries, Actor{UserID: u.ID}, auditEvent{
			Action: "password.refused", Reason: "wrong_password", TargetType: "user", Target: idText(u.ID),
		})
		if err != nil {
			return err
		}
		return invalid("/current_password", "is wrong")
	}
	return counted.succeeded(ctx)
}

var errLastSuperuser = &Error{Code: Conflict, Type: "last-superuser", Message: "this is the last active superuser"}

func isLast(supers []int64, id int64) bool { return len(supers) == 1 && supers[0] == id }

// DeleteUser deletes another user for a superuser. Errors: Unauthenticated, Forbidden, NotFound, Conflict.
func (a *App) DeleteUser(ctx context.Context, actor Actor, id int64) error {
	if err := actor.superuser(); err != nil {
		return err
	}
	if id == actor.UserID {
		return &Error{Code: Conflict, Message: "this is your own account: DELETE /users/me deletes it, with the password"}
	}
	return a.deleteUser(ctx, actor, id)
}

// DeleteCurrentUser deletes the actor's own account, who must know the password. Errors: NotFound, RateLimited, Invalid,
// Conflict.
func (a *App) DeleteCurrentUser(ctx context.Context, actor Actor, current string) error {
	u, err := a.own(ctx, actor)
	if err != nil {
		return err
	}
	if err := a.confirmPassword(ctx, u, current); err != nil {
		return err
	}
	return a.deleteUser(ctx, actor, u.ID)
}

func (a *App) deleteUser(ctx context.Context, actor Actor, id int64) error {
	return a.inAccountTx(ctx, func(_ *pipeline, q *db.Queries) error {
		supers, err := q.LockActiveSuperusers(ctx)
		if err != nil {
			return errors.Wrap(err, "lock superusers")
		}
		if isLast(supers, id) {
			return errLastSuperuser
		}
		n, err := q.DeleteUser(ctx, id)
		if err == nil && n == 0 {
			return notFound("user")
		} else if err != nil {
			return errors.Wrap(err, "delete user")
		}
		return a.audit(ctx, q, actor, userEvent("user.deleted", id))
	})
}

// ChangePassword sets the actor's password, who must know the current one. Errors: NotFound, RateLimited, Unavailable,
// Invalid.
func (a *App) ChangePassword(ctx context.Context, actor Actor, current, password string) error {
	u, err := a.own(ctx, actor)
	if err != nil {
		return err
	}
	var v validator
	v.password("/new_password", password, a.wordsOf(u.Email, u.FullName)...)
	if err := v.err(); err != nil {
		return err
	}
	if err := a.confirmPassword(ctx, u, current); err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.inAccountTx(ctx, func(tx *pipeline, q *db.Queries) error {
		locked, err := q.LockUser(ctx, u.ID)
		switch {
		case err != nil:
			return found(err, "user")
		case locked.TokenVersion != u.TokenVersion:
			return errOldPassword
		}
		return a.passwordSet(ctx, tx, q, actor, "password.changed", u, hash)
	})
}

// SetPassword sets the password of the account with that email for a superuser, and ends its sessions. Errors:
// Unauthenticated, Forbidden, NotFound, Invalid.
func (a *App) SetPassword(ctx context.Context, actor Actor, email, password string) (db.UserAccount, error) {
	if err := actor.superuser(); err != nil {
		return db.UserAccount{}, err
	}
	u, err := userByEmail(ctx, a.queries, email)
	if err != nil {
		return u, found(err, "user")
	}
	return a.updateUser(ctx, actor, u.ID, "", func(in *UserInput) { in.Password = password })
}
