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
	return a.createUser(ctx, in)
}

func (a *App) createUser(ctx context.Context, in UserInput) (u db.UserAccount, err error) {
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
	err = a.inTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		u, err = q.CreateUser(ctx, db.CreateUserParams{
			Email: in.Email, FullName: in.FullName, PasswordHash: hash, IsActive: in.IsActive, IsSuperuser: in.IsSuperuser,
		})
		if err != nil {
			return errors.Wrap(err, "create user")
		}
		_, err = a.jobs.InsertTx(ctx, tx, NewAccountMailArgs{UserID: u.ID}, nil)
		return wrap(err, "enqueue mail")
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
	_, err := a.createUser(ctx, UserInput{Email: email, Password: password, FullName: nil, IsActive: true, IsSuperuser: true})
	return err == nil, err
}

// UpdateUser changes a user for a superuser, and returns them. Errors: Unauthenticated, Forbidden, Invalid, NotFound,
// Conflict.
func (a *App) UpdateUser(ctx context.Context, actor Actor, id int64, change func(*UserInput)) (db.UserAccount, error) {
	if err := actor.superuser(); err != nil {
		return db.UserAccount{}, err
	}
	return a.updateUser(ctx, id, false, change)
}

// UpdateCurrentUser changes the actor's own address and name, and returns their account. Errors: Invalid, NotFound,
// RateLimited, Conflict.
func (a *App) UpdateCurrentUser(ctx context.Context, actor Actor, change func(*UserInput)) (db.UserAccount, error) {
	return a.updateUser(ctx, actor.UserID, true, func(in *UserInput) {
		mine := *in
		change(&mine)
		in.Email, in.FullName = mine.Email, mine.FullName
	})
}

// updateUser calls change twice: for the password, which is hashed while no row is locked, and on the locked row. For
// one who may not see the other accounts, self holds, and a new email costs an attempt.
func (a *App) updateUser(ctx context.Context, id int64, self bool, change func(*UserInput)) (u db.UserAccount, err error) {
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
	in, hash := changed(), ""
	var v validator
	v.optionalText("/full_name", in.FullName)
	if in.Password != "" {
		v.password("/password", in.Password, a.wordsOf(in.Email, in.FullName)...)
	}
	if self && in.Email != u.Email {
		if !v.email("/email", &in.Email) || v.wrong { // as at a registration
			return u, v.err()
		}
		if _, err := a.countAttempt(ctx, "email", ""); err != nil {
			return u, err
		}
	}
	if err := v.freeEmail(ctx, a.queries, "/email", &in.Email, id); err != nil {
		return u, err
	}
	if err := v.err(); err != nil {
		return u, err
	}
	if in.Password != "" {
		if hash, err = a.hash(ctx, in.Password); err != nil {
			return u, err
		}
	}
	err = a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		supers, err := q.LockActiveSuperusers(ctx)
		if err != nil {
			return errors.Wrap(err, "lock superusers")
		}
		if u, err = q.LockUser(ctx, id); err != nil {
			return found(err, "user")
		}
		in := changed()
		p := db.UpdateUserParams{ID: id, Email: in.Email, FullName: in.FullName, IsActive: in.IsActive, IsSuperuser: in.IsSuperuser}
		if (!p.IsActive || !p.IsSuperuser) && isLast(supers, id) {
			return errLastSuperuser
		}
		if hash != "" {
			if err := setPassword(ctx, q, id, hash); err != nil {
				return err
			}
		}
		if p.Email != u.Email || !p.IsActive {
			if err := q.DeletePasswordResets(ctx, id); err != nil {
				return errors.Wrap(err, "delete reset tokens")
			}
		}
		u, err = q.UpdateUser(ctx, p)
		return wrap(err, "update user")
	})
	return u, err
}

// setPassword sets the password of a user, who is locked. It ends their access and reset tokens.
func setPassword(ctx context.Context, q *db.Queries, id int64, hash string) error {
	if err := q.DeletePasswordResets(ctx, id); err != nil {
		return errors.Wrap(err, "delete reset tokens")
	}
	return wrap(q.SetPassword(ctx, db.SetPasswordParams{ID: id, PasswordHash: hash}), "set password")
}

// set assigns *src, if there is one.
func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

var errLastSuperuser = &Error{Code: Conflict, Type: "last-superuser", Message: "this is the last active superuser"}

func isLast(supers []int64, id int64) bool { return len(supers) == 1 && supers[0] == id }

// DeleteUser deletes a user for a superuser. Errors: Unauthenticated, Forbidden, NotFound, Conflict.
func (a *App) DeleteUser(ctx context.Context, actor Actor, id int64) error {
	if err := actor.superuser(); err != nil {
		return err
	}
	return a.deleteUser(ctx, id)
}

// DeleteCurrentUser deletes the actor's own account. Errors: NotFound, Conflict.
func (a *App) DeleteCurrentUser(ctx context.Context, actor Actor) error {
	return a.deleteUser(ctx, actor.UserID)
}

func (a *App) deleteUser(ctx context.Context, id int64) error {
	return a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
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
		}
		return wrap(err, "delete user")
	})
}

// ChangePassword sets the actor's password, who must know the current one. Errors: NotFound, RateLimited, Unavailable,
// Invalid.
func (a *App) ChangePassword(ctx context.Context, actor Actor, current, password string) error {
	u, err := a.queries.GetUser(ctx, actor.UserID)
	if err != nil {
		return found(err, "user")
	}
	var v validator
	v.password("/new_password", password, a.wordsOf(u.Email, u.FullName)...)
	if err := v.err(); err != nil {
		return err
	}
	counted, err := a.countAttempt(ctx, "password", u.Email)
	if err != nil {
		return err
	}
	ok, _, err := a.verify(ctx, current, u.PasswordHash)
	if err != nil {
		return counted.takeBack(ctx, err)
	}
	v.check(ok, "/current_password", "is wrong")
	if err := v.err(); err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return counted.takeBack(ctx, err)
	}
	err = a.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if _, err := q.LockUser(ctx, u.ID); err != nil {
			return found(err, "user")
		}
		return setPassword(ctx, q, u.ID, hash)
	})
	if err != nil {
		return err
	}
	return counted.succeeded(ctx)
}

// SetPassword sets the password of the account with that email for a superuser, and revokes its access tokens. Errors:
// Unauthenticated, Forbidden, NotFound, Invalid.
func (a *App) SetPassword(ctx context.Context, actor Actor, email, password string) (db.UserAccount, error) {
	if err := actor.superuser(); err != nil {
		return db.UserAccount{}, err
	}
	u, err := userByEmail(ctx, a.queries, email)
	if err != nil {
		return u, found(err, "user")
	}
	return a.updateUser(ctx, u.ID, false, func(in *UserInput) { in.Password = password })
}
