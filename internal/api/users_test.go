package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/app"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	ada, idleEmail, long, form := "Ada"+unique("")+"@example.com", unique("idle")+"@example.com", unique("long")+"@example.com", unique("form")+"@example.com"
	u, err := f.super.CreateUser(t.Context(), &oas.UserCreate{
		Email: oas.Email(ada), Password: password, FullName: oas.NewOptNilFullName("Ada Lovelace"),
		IsSuperuser: oas.NewOptBool(true),
	})
	require.NoError(t, err)
	assert.EqualValues(t, ada, u.Email)
	assert.Equal(t, oas.NewNilString("Ada Lovelace"), u.FullName)
	assert.True(t, u.IsActive)
	assert.True(t, u.IsSuperuser)
	got, err := f.super.GetUser(t.Context(), oas.GetUserParams{ID: u.ID})
	require.NoError(t, err)
	assert.Equal(t, u, got)
	f.login(strings.ToUpper(ada), password)
	if !remote() {
		assert.Contains(t, f.mails.wait(t, ada, "https://edgevalue.example/", 1).HTML, "https://edgevalue.example/")
		assert.NotContains(t, f.dump(), password)
	}

	idle, err := f.super.CreateUser(t.Context(), &oas.UserCreate{
		Email: oas.Email(idleEmail), Password: password, IsActive: oas.NewOptBool(false),
	})
	require.NoError(t, err)
	assert.False(t, idle.IsActive)
	assert.True(t, idle.FullName.Null)
	_, err = f.anon.CreateAccessToken(t.Context(), &oas.AccessTokenForm{Username: idleEmail, Password: password})
	problem(t, err, http.StatusUnauthorized)

	mails := func() int {
		if remote() {
			return 0
		}
		return f.count("SELECT count(*) FROM river_job WHERE kind = 'new_account_mail'")
	}
	before := mails()
	_, err = f.super.CreateUser(t.Context(), &oas.UserCreate{Email: oas.Email(strings.ToUpper(ada)), Password: password})
	p := problem(t, err, http.StatusConflict)
	assert.Equal(t, "/email", p.Errors[0].Field)
	assert.Equal(t, before, mails(), "no mail about what was not done")

	for field, in := range map[string]*oas.UserCreate{
		"email":     {Email: "Ada <ada@example.org>", Password: password},
		"password":  {Email: "b@example.com", Password: "eleven char"},
		"full_name": {Email: "b@example.com", Password: password, FullName: oas.NewOptNilFullName("two\nlines")},
	} {
		_, err := f.super.CreateUser(t.Context(), in)
		fieldProblem(t, err, "/"+field)
	}
	for _, in := range []*oas.UserCreate{
		{Email: "b@example.com", Password: oas.Password(strings.Repeat("é", 129))},
		{Email: "b@example.com", Password: "with a NUL \x00 in it"},
		{Email: "b@example.com", Password: password, FullName: oas.NewOptNilFullName("a\x00b")},
		{Email: "b@example.com", Password: password, FullName: oas.NewOptNilFullName(oas.FullName(strings.Repeat("x",
			201)))},
		{Email: "x", Password: password},
	} {
		_, err := f.super.CreateUser(t.Context(), in)
		problem(t, err, http.StatusUnprocessableEntity)
	}
	_, err = f.super.CreateUser(t.Context(), &oas.UserCreate{
		Email: oas.Email(long), Password: oas.Password(strings.Repeat("jV6#éLw9", 16)),
	})
	require.NoError(t, err)
	f.login(long, strings.Repeat("jV6#éLw9", 16))
	_, err = f.super.CreateUser(t.Context(), &oas.UserCreate{
		Email: oas.Email(form), Password: "äöüéèàçñõîû, ü",
	})
	require.NoError(t, err)
	f.login(form, norm.NFD.String("äöüéèàçñõîû, ü"))
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	var want, got []int64
	for range 7 {
		want = append(want, f.createUser(unique("u")+"@example.com").ID)
	}
	others := 0
	params := oas.ListUsersParams{PageSize: oas.NewOptInt32(2)}
	for {
		page, err := f.super.ListUsers(t.Context(), params)
		require.NoError(t, err)
		for _, u := range page.Items {
			if slices.Contains(want, u.ID) {
				got = append(got, u.ID)
			} else {
				others++
			}
		}
		if page.NextPageToken.Null {
			break
		}
		assert.Len(t, page.Items, 2)
		params.PageToken = oas.NewOptString(page.NextPageToken.Value)
	}
	assert.Equal(t, want, got, "in order, each once")
	if remote() {
		return
	}
	assert.Equal(t, 2, others, "the two of the fixture")
	page, err := f.super.ListUsers(t.Context(), oas.ListUsersParams{})
	require.NoError(t, err)
	assert.Len(t, page.Items, 9)
	assert.True(t, page.NextPageToken.Null)
	page, err = f.super.ListUsers(t.Context(), oas.ListUsersParams{PageSize: oas.NewOptInt32(9)})
	require.NoError(t, err)
	assert.True(t, page.NextPageToken.Null, "a full last page has no next one")
}

func TestRegistrationClosed(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) { c.OpenRegistration = false }})
	_, err := f.anon.RegisterUser(t.Context(), &oas.UserRegister{Email: "ada@example.com", Password: password})
	problem(t, err, http.StatusForbidden)
	_, err = f.anon.ActivateUser(t.Context(), &oas.Activation{Token: "none"})
	problem(t, err, http.StatusForbidden)
	_, err = f.super.RegisterUser(t.Context(), &oas.UserRegister{Email: "ada@example.com", Password: password})
	problem(t, err, http.StatusForbidden)
}

func TestCurrentUser(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	me, err := f.user.GetCurrentUser(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, f.userEmail, me.Email)

	changed, err := f.user.UpdateCurrentUser(t.Context(), &oas.UserUpdateMe{FullName: oas.NewOptNilFullName("Ada")})
	require.NoError(t, err)
	assert.Equal(t, oas.NewNilString("Ada"), changed.FullName)
	assert.Equal(t, me.Email, changed.Email, "what is not given stays")
	assert.False(t, changed.UpdatedAt.Before(me.UpdatedAt))
	assert.Equal(t, me.CreatedAt, changed.CreatedAt)
	email := oas.Email(unique("new") + "@example.com")
	known := oas.NewOptCurrentPassword(password)
	changed, err = f.user.UpdateCurrentUser(t.Context(), &oas.UserUpdateMe{Email: oas.NewOptEmail(email), CurrentPassword: known})
	require.NoError(t, err)
	assert.Equal(t, me.Email, changed.Email, "until the new address is confirmed")
	assert.Equal(t, oas.NewNilString(string(email)), changed.PendingEmail)
	assert.Equal(t, oas.NewNilString("Ada"), changed.FullName)
	var null oas.OptNilFullName
	null.SetToNull()
	changed, err = f.user.UpdateCurrentUser(t.Context(), &oas.UserUpdateMe{FullName: null})
	require.NoError(t, err)
	assert.True(t, changed.FullName.Null)

	other := f.createUser(unique("other") + "@example.com")
	changed, err = f.user.UpdateCurrentUser(t.Context(), &oas.UserUpdateMe{
		Email: oas.NewOptEmail(oas.Email(strings.ToUpper(string(other.Email)))), CurrentPassword: known,
	})
	require.NoError(t, err, "the answer does not tell that the address is taken")
	local, _, _ := strings.Cut(string(other.Email), "@")
	assert.Equal(t, oas.NewNilString(strings.ToUpper(local)+"@example.com"), changed.PendingEmail)
	_, err = f.user.UpdateCurrentUser(t.Context(), &oas.UserUpdateMe{Email: oas.NewOptEmail("no address"), CurrentPassword: known})
	fieldProblem(t, err, "/email")
	res, body := f.callJSON(f.userToken, http.MethodPatch, "/users/me", `{"is_superuser": true}`)
	assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s", body)

	for current, next := range map[string]string{"wrong, wrong, wrong": "staple battery horse", password: "too short"} {
		err = f.user.UpdateCurrentUserPassword(t.Context(), &oas.PasswordChange{
			CurrentPassword: oas.CurrentPassword(current), NewPassword: oas.Password(next),
		})
		problem(t, err, http.StatusUnprocessableEntity)
	}
	require.NoError(t, f.user.UpdateCurrentUserPassword(t.Context(), &oas.PasswordChange{
		CurrentPassword: password, NewPassword: "staple battery horse",
	}))
	_, err = f.user.GetCurrentUser(t.Context())
	problem(t, err, http.StatusUnauthorized)
	f.user = f.client(f.login(f.userEmail, "staple battery horse"))
	require.NoError(t, f.user.DeleteCurrentUser(t.Context(), &oas.PasswordConfirmation{CurrentPassword: "staple battery horse"}))
	_, err = f.user.GetCurrentUser(t.Context())
	problem(t, err, http.StatusUnauthorized)
	_, err = f.super.GetUser(t.Context(), oas.GetUserParams{ID: me.ID})
	problem(t, err, http.StatusNotFound)
}

func TestUsersSeeThemselvesOnly(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	me, err := f.user.GetCurrentUser(t.Context())
	require.NoError(t, err)
	got, err := f.user.GetUser(t.Context(), oas.GetUserParams{ID: me.ID})
	require.NoError(t, err)
	assert.Equal(t, me, got)
	other := f.createUser(unique("other") + "@example.com")
	_, err = f.user.GetUser(t.Context(), oas.GetUserParams{ID: other.ID})
	problem(t, err, http.StatusForbidden)
	_, err = f.user.GetUser(t.Context(), oas.GetUserParams{ID: 1 << 60})
	problem(t, err, http.StatusForbidden)
	for _, id := range []int64{me.ID, other.ID} {
		_, err = f.user.UpdateUser(t.Context(), &oas.UserUpdate{IsSuperuser: oas.NewOptBool(true)}, oas.UpdateUserParams{
			ID: id,
		})
		problem(t, err, http.StatusForbidden)
		problem(t, f.user.DeleteUser(t.Context(), oas.DeleteUserParams{ID: id}), http.StatusForbidden)
	}
	got, err = f.super.GetUser(t.Context(), oas.GetUserParams{ID: other.ID})
	require.NoError(t, err)
	assert.Equal(t, other, got)
}

func TestUpdateAndDeleteUser(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	u := f.createUser(unique("u") + "@example.com")
	at := oas.UpdateUserParams{ID: u.ID}
	email := oas.Email(unique("v") + "@example.com")
	got, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{
		Email: oas.NewOptEmail(email), FullName: oas.NewOptNilFullName("Ada"),
		Password: oas.NewOptPassword("staple battery horse"), IsSuperuser: oas.NewOptBool(true),
	}, at)
	require.NoError(t, err)
	assert.Equal(t, email, got.Email)
	assert.True(t, got.IsSuperuser)
	token := f.login(string(email), "staple battery horse")
	_, err = f.client(token).ListUsers(t.Context(), oas.ListUsersParams{PageSize: oas.NewOptInt32(1)})
	require.NoError(t, err)
	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{IsSuperuser: oas.NewOptBool(false)}, at)
	require.NoError(t, err)
	_, err = f.client(token).ListUsers(t.Context(), oas.ListUsersParams{})
	problem(t, err, http.StatusForbidden)

	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{Email: oas.NewOptEmail(oas.Email(f.userEmail))}, at)
	problem(t, err, http.StatusConflict)
	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{Email: oas.NewOptEmail("no address")}, at)
	fieldProblem(t, err, "/email")
	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{Password: oas.NewOptPassword("short")}, at)
	fieldProblem(t, err, "/password")
	got, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{}, at)
	require.NoError(t, err, "nothing to change")
	assert.Equal(t, email, got.Email)

	require.NoError(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: u.ID}))
	problem(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: u.ID}), http.StatusNotFound)
	_, err = f.super.UpdateUser(t.Context(), &oas.UserUpdate{}, at)
	problem(t, err, http.StatusNotFound)
}

func TestLastSuperuserStays(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	me, err := f.super.GetCurrentUser(t.Context())
	require.NoError(t, err)
	at := oas.UpdateUserParams{ID: me.ID}
	demote, deactivate := &oas.UserUpdate{IsSuperuser: oas.NewOptBool(false), CurrentPassword: oas.NewOptCurrentPassword(password)}, &oas.UserUpdate{
		IsActive: oas.NewOptBool(false), CurrentPassword: oas.NewOptCurrentPassword(password),
	}
	last := func() {
		t.Helper()
		_, err := f.super.UpdateUser(t.Context(), demote, at)
		problem(t, err, http.StatusConflict)
		_, err = f.super.UpdateUser(t.Context(), deactivate, at)
		problem(t, err, http.StatusConflict)
		problem(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: me.ID}), http.StatusConflict)
		problem(t, f.super.DeleteCurrentUser(t.Context(), &oas.PasswordConfirmation{CurrentPassword: password}), http.StatusConflict)
	}
	last()
	_, err = f.super.CreateUser(t.Context(), &oas.UserCreate{
		Email: "idle@example.com", Password: password, IsActive: oas.NewOptBool(false), IsSuperuser: oas.NewOptBool(true),
	})
	require.NoError(t, err)
	last() // one that is not active does not count

	// Of several that go at the same time, one stays.
	ids := []int64{me.ID}
	for i := range 4 {
		u, err := f.super.CreateUser(t.Context(), &oas.UserCreate{
			Email: oas.Email(fmt.Sprintf("s%d@example.com", i)), Password: password, IsSuperuser: oas.NewOptBool(true),
		})
		require.NoError(t, err)
		ids = append(ids, u.ID)
	}
	actor := app.Actor{UserID: me.ID, Superuser: true}
	var g errgroup.Group
	for i, id := range ids {
		g.Go(func() error {
			var e *app.Error
			var err error
			switch i % 3 {
			case 0:
				_, err = f.app.UpdateUser(t.Context(), actor, id, password, func(in *app.UserInput) { in.IsSuperuser = false })
			case 1:
				_, err = f.app.UpdateUser(t.Context(), actor, id, password, func(in *app.UserInput) { in.IsActive = false })
			default:
				err = f.app.DeleteUser(t.Context(), actor, id)
			}
			if err != nil && assert.ErrorAs(t, err, &e) {
				assert.Equal(t, app.Conflict, e.Code)
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	assert.Equal(t, 1, f.count("SELECT count(*) FROM user_account WHERE is_superuser AND is_active"))
}

func TestUtils(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	_, err := f.super.SendTestEmail(t.Context(), &oas.TestEmail{EmailTo: "ada@example.com"})
	require.NoError(t, err)
	if !remote() {
		assert.Contains(t, f.mails.wait(t, "ada@example.com", "", 1).Subject, "EdgeValue")
	}
	_, err = f.super.SendTestEmail(t.Context(), &oas.TestEmail{EmailTo: "no address"})
	fieldProblem(t, err, "/email_to")

	job, err := f.super.StartTestJob(t.Context(), &oas.TestJob{Word: "hällo"})
	require.NoError(t, err)
	if !remote() {
		require.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM river_job WHERE id = $1 AND state = 'completed' AND metadata->'output'->>'word' = 'hällo'", job.ID) == 1
		}, 10*time.Second, 10*time.Millisecond)
	}
	for _, word := range []string{"", strings.Repeat("x", 101), "a\x00b", "a\nb"} {
		_, err = f.super.StartTestJob(t.Context(), &oas.TestJob{Word: word})
		fieldProblem(t, err, "/word")
	}
	res, body := f.callJSON(f.superToken, http.MethodPost, "/utils/test-job", `{"word": "\ud800"}`)
	assert.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, res.StatusCode, "%s", body)
}
