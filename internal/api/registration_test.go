package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// mailedToken is the token in the newest mail to an address that has one.
func (f *fixture) mailedToken(email string) string {
	f.t.Helper()
	f.mails.wait(f.t, email, "#token=", 1)
	mails := f.mails.to(email, "#token=")
	m := mails[len(mails)-1]
	token := regexp.MustCompile(`https://edgevalue\.example/[a-z-]+#token=(\S{43})`).FindStringSubmatch(m.Text)
	require.NotNil(f.t, token, m.Text)
	assert.Contains(f.t, m.HTML, token[1])
	return token[1]
}

// register registers an address and returns the token that was mailed to it.
func (f *fixture) register(email string) (token string) {
	f.t.Helper()
	_, err := f.anon.RegisterUser(f.t.Context(), &oas.UserRegister{
		Email: oas.Email(email), Password: password, FullName: oas.NewOptNilFullName("Ada"),
	})
	require.NoError(f.t, err)
	return f.mailedToken(email)
}

func TestRegister(t *testing.T) {
	t.Parallel()
	f := setupAnywhere(t)
	email := oas.Email(unique("ada") + "@example.com")
	if remote() {
		_, err := f.anon.RegisterUser(t.Context(), &oas.UserRegister{Email: email, Password: password})
		if err != nil {
			problem(t, err, http.StatusForbidden)
		}
		return
	}
	token := f.register(string(email))
	assert.NotContains(t, f.dump(), token, "the token is nowhere at rest")
	assert.NotContains(t, f.log.String(), token)
	_, err := f.anon.CreateAccessToken(t.Context(), &oas.AccessTokenForm{Username: string(email), Password: password})
	problem(t, err, http.StatusUnauthorized)

	u, err := f.anon.ActivateUser(t.Context(), &oas.Activation{Token: token})
	require.NoError(t, err)
	assert.Equal(t, email, u.Email)
	assert.Equal(t, oas.NewNilString("Ada"), u.FullName)
	assert.True(t, u.IsActive)
	assert.False(t, u.IsSuperuser)
	f.login(string(email), password)
	_, err = f.anon.ActivateUser(t.Context(), &oas.Activation{Token: token})
	fieldProblem(t, err, "/token")

	_, err = f.anon.RegisterUser(t.Context(), &oas.UserRegister{Email: "no address", Password: password})
	fieldProblem(t, err, "/email")
	_, err = f.anon.RegisterUser(t.Context(), &oas.UserRegister{Email: "ada.lovelace@example.com", Password: "ada.lovelace1234"})
	fieldProblem(t, err, "/password")
	for _, more := range []string{"is_superuser", "is_active", "id"} {
		res, body := f.callJSON("", http.MethodPost, "/users/open",
			fmt.Sprintf(`{"email": "%s@example.com", "password": "%s", "%s": true}`, unique("x"), password, more))
		assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s", body)
	}
	for _, action := range []string{"user.registered", "user.activated"} {
		assert.Equal(t, 1, f.count("SELECT count(*) FROM audit_event WHERE action = $1 AND client = '127.0.0.1'", action), action)
	}
}

func TestRegistrationTellsNothing(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	register := func(email string) (int, string) {
		res, body := f.callJSON("", http.MethodPost, "/users/open", fmt.Sprintf(`{"email": %q, "password": %q}`, email, password))
		return res.StatusCode, string(body)
	}
	status, unknown := register("new@example.com")
	assert.Equal(t, http.StatusAccepted, status)
	status, known := register(strings.ToUpper(f.userEmail))
	assert.Equal(t, http.StatusAccepted, status)
	assert.Equal(t, unknown, known)
	assert.Equal(t, 0, f.count("SELECT count(*) FROM user_account WHERE email = 'new@example.com'"), "no account before its mailed link was opened")
	for range 5 {
		f.call("", http.MethodPost, "/api/v1/password-recovery/"+f.userEmail, nil)
	}
	assert.Equal(t, 2, f.count("SELECT count(*) FROM river_job WHERE kind = 'reset_mail'"), "three mails an hour, with the one about the registration")

	f.mails.wait(t, strings.Replace(f.userEmail, "user", "USER", 1), "already has an account", 1)
	f.mailedToken("new@example.com")
	for range 3 {
		status, again := register("new@example.com")
		assert.Equal(t, http.StatusAccepted, status)
		assert.Equal(t, unknown, again)
	}
	assert.Equal(t, 4, f.count("SELECT count(*) FROM river_job WHERE kind = 'registration_mail'"), "three to each address")
	f.clock.advance(time.Hour - time.Second)
	register("new@example.com")
	assert.Equal(t, 4, f.count("SELECT count(*) FROM river_job WHERE kind = 'registration_mail'"))
	f.clock.advance(time.Second)
	for range 4 {
		register("new@example.com")
	}
	assert.Equal(t, 7, f.count("SELECT count(*) FROM river_job WHERE kind = 'registration_mail'"))
}

// Whenever they are sent, no hour sees more than three mails.
func TestMailsToAnAddress(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	sent := func() int { return f.count("SELECT count(*) FROM river_job WHERE kind = 'reset_mail'") }
	var at []time.Time
	for range 60 {
		before := sent()
		_, err := f.anon.RecoverPassword(t.Context(), &oas.PasswordRecovery{Email: "ada@example.com"})
		require.NoError(t, err)
		if sent() > before {
			at = append(at, f.clock.Now())
		}
		f.clock.advance(7 * time.Minute)
	}
	require.Greater(t, len(at), 15)
	for i := range at[3:] {
		assert.GreaterOrEqual(t, at[i+3].Sub(at[i]), time.Hour)
	}
}

func TestRegistrationEnds(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	activate := func(token string) error {
		_, err := f.anon.ActivateUser(t.Context(), &oas.Activation{Token: token})
		return err
	}
	late := f.register("late@example.com")
	f.clock.advance(48*time.Hour + time.Second)
	fieldProblem(t, activate(late), "/token")
	require.NoError(t, f.app.Prune(t.Context()))
	assert.Equal(t, 0, f.count("SELECT count(*) FROM registration"))
	assert.Equal(t, 0, f.count("SELECT count(*) FROM unasked_mail"))

	f.super = f.client(f.login("super@example.com", password))
	taken := f.register("taken@example.com")
	f.createUser("Taken@example.com")
	problem(t, activate(taken), http.StatusConflict)

	// Of several registrations of one address, one becomes its account.
	first := f.register("twice@example.com")
	_, err := f.anon.RegisterUser(t.Context(), &oas.UserRegister{Email: "twice@example.com", Password: password})
	require.NoError(t, err)
	f.mails.wait(t, "twice@example.com", "#token=", 2)
	second := f.mailedToken("twice@example.com")
	require.NotEqual(t, first, second)
	require.NoError(t, activate(first))
	fieldProblem(t, activate(second), "/token")
	assert.Equal(t, 1, f.count("SELECT count(*) FROM registration"), "the taken one's")
	assert.Equal(t, 1, f.count("SELECT count(*) FROM user_account WHERE email = 'twice@example.com' AND password_hash LIKE '$argon2id$%'"))
}
