package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/auth"
)

// person is a user of a test's own, with an authenticator app.
type person struct {
	f            *fixture
	id           int64
	email, token string
	client       *oas.Client
	secret       string
}

func (f *fixture) newUser() *person {
	f.t.Helper()
	u := f.createUser(unique("u") + "@example.com")
	token := f.login(string(u.Email), password)
	return &person{f: f, id: u.ID, email: string(u.Email), token: token, client: f.client(token)}
}

// start begins to set up the second factor.
func (p *person) start() {
	p.f.t.Helper()
	res, err := p.client.CreateTOTP(p.f.t.Context(), &oas.PasswordConfirmation{CurrentPassword: password})
	require.NoError(p.f.t, err)
	assert.Contains(p.f.t, res.URI, "secret="+res.Secret)
	p.secret = res.Secret
}

// code is what the app shows.
func (p *person) code() string {
	p.f.t.Helper()
	code, err := totp.GenerateCode(p.secret, p.f.clock.Now())
	require.NoError(p.f.t, err)
	return code
}

// enrol sets the second factor up, and returns the recovery codes.
func (p *person) enrol() []string {
	p.f.t.Helper()
	p.start()
	res, err := p.client.ConfirmTOTP(p.f.t.Context(), &oas.TOTPConfirmation{Code: p.code()})
	require.NoError(p.f.t, err)
	require.Len(p.f.t, res.RecoveryCodes, 10)
	p.f.clock.advance(30 * time.Second) // the code is used up
	return res.RecoveryCodes
}

// login returns the status of a login with a code, and the problem's detail.
func (p *person) login(password, otp string) (int, string) {
	p.f.t.Helper()
	res, _, body := p.f.form("/login/access-token", "username", p.email, "password", password, "otp", otp)
	if res.StatusCode == http.StatusOK {
		return res.StatusCode, ""
	}
	return res.StatusCode, decodeProblem(p.f.t, body).Detail.Value
}

func (p *person) confirmation(code string) *oas.SecondFactorConfirmation {
	return &oas.SecondFactorConfirmation{CurrentPassword: password, Code: oas.SecondFactorCode(code)}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	u := f.newUser()
	_, err := u.client.CreateTOTP(t.Context(), &oas.PasswordConfirmation{CurrentPassword: "a wrong guess"})
	fieldProblem(t, err, "/current_password")
	_, err = u.client.ConfirmTOTP(t.Context(), &oas.TOTPConfirmation{Code: "123456"})
	problem(t, err, http.StatusConflict)
	problem(t, u.client.DeleteTOTP(t.Context(), u.confirmation("123456")), http.StatusConflict)
	_, err = u.client.CreateRecoveryCodes(t.Context(), u.confirmation("123456"))
	problem(t, err, http.StatusConflict)

	u.start()
	status, _ := u.login(password, "")
	assert.Equal(t, http.StatusOK, status, "what is not confirmed does not count")
	_, err = u.client.ConfirmTOTP(t.Context(), &oas.TOTPConfirmation{Code: "12345"})
	fieldProblem(t, err, "/code")
	recovery := u.enrol()
	me, err := u.client.GetCurrentUser(t.Context())
	require.NoError(t, err)
	assert.True(t, me.TotpEnabled)
	dump := f.dump()
	assert.NotContains(t, dump, u.secret, "encrypted")
	assert.NotContains(t, dump, recovery[0], "hashed")
	f.mails.wait(t, u.email, "now needs a code", 1)
	_, err = u.client.CreateTOTP(t.Context(), &oas.PasswordConfirmation{CurrentPassword: password})
	problem(t, err, http.StatusConflict)

	_, without := u.login(password, "")
	assert.Contains(t, without, "is needed")
	_, wrongPassword := u.login("a wrong guess", u.code())
	assert.Equal(t, "wrong email or password", wrongPassword, "the second factor is no matter before the first")
	status, wrong := u.login(password, "000000")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, wrong, "is wrong")
	status, _ = u.login(password, u.code())
	assert.Equal(t, http.StatusOK, status)
	status, _ = u.login(password, u.code())
	assert.Equal(t, http.StatusUnauthorized, status, "a code works once")
	f.clock.advance(30 * time.Second)
	code := u.code()
	var g errgroup.Group
	statuses := make([]int, 8)
	for i := range statuses {
		g.Go(func() error { statuses[i], _ = u.login(password, code); return nil })
	}
	require.NoError(t, g.Wait())
	assert.Equal(t, 1, strings.Count(fmt.Sprint(statuses), "200"), "and at the same time: %v", statuses)

	status, _ = u.login(password, strings.ToLower(recovery[3]))
	assert.Equal(t, http.StatusOK, status)
	status, _ = u.login(password, recovery[3])
	assert.Equal(t, http.StatusUnauthorized, status, "a recovery code works once")
	f.mails.wait(t, u.email, "a recovery code, which", 1)

	_, err = u.client.CreateRecoveryCodes(t.Context(), u.confirmation("000000"))
	fieldProblem(t, err, "/code")
	fresh, err := u.client.CreateRecoveryCodes(t.Context(), u.confirmation(recovery[4]))
	require.NoError(t, err)
	status, _ = u.login(password, recovery[5])
	assert.Equal(t, http.StatusUnauthorized, status, "the old ones are worth nothing")
	fieldProblem(t, u.client.DeleteTOTP(t.Context(), u.confirmation("000000")), "/code")
	require.NoError(t, u.client.DeleteTOTP(t.Context(), u.confirmation(fresh.RecoveryCodes[0])))
	status, _ = u.login(password, "")
	assert.Equal(t, http.StatusOK, status)
	f.mails.wait(t, u.email, "no longer needs a code", 1)
	for action, n := range map[string]int{"totp.enabled": 1, "totp.removed": 1, "totp.used_recovery_code": 3} {
		assert.Equal(t, n, f.count("SELECT count(*) FROM audit_event WHERE action = $1", action), action)
	}
	for _, reason := range []string{"no_second_factor", "wrong_second_factor", "wrong_password"} {
		assert.Positive(t, f.count("SELECT count(*) FROM audit_event WHERE action = 'login.failed' AND reason = $1", reason), reason)
	}
}

// Whoever knows the password cannot try all codes.
func TestSecondFactorIsLimited(t *testing.T) {
	t.Parallel()
	f := setup(t, options{app: func(c *app.Config) { c.AttemptsPerAccount = 5 }})
	u := f.newUser()
	u.enrol()
	before, _ := limited(t, func() (int, http.Header) {
		status, _ := u.login(password, "000000")
		return status, http.Header{}
	})
	assert.Equal(t, 5, before)
	guess := func(method, path string) func() (int, http.Header) {
		return func() (int, http.Header) {
			res, _ := f.callJSON(u.token, method, path, `{"current_password": "`+password+`", "code": "000000"}`)
			return res.StatusCode, res.Header
		}
	}
	before, _ = limited(t, guess(http.MethodDelete, "/users/me/totp"))
	assert.Equal(t, 5, before)
	before, _ = limited(t, guess(http.MethodPost, "/users/me/totp/recovery-codes"))
	assert.Equal(t, 0, before)
	v := f.newUser()
	v.start()
	before, _ = limited(t, func() (int, http.Header) {
		res, _ := f.callJSON(v.token, http.MethodPost, "/users/me/totp/confirm", `{"code": "000000"}`)
		return res.StatusCode, res.Header
	})
	assert.Equal(t, 5, before)
}

// With another SECRET_KEY the app's codes cannot be checked any more; recovery codes still work.
func TestSecondFactorAfterANewKey(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	u := f.newUser()
	recovery := u.enrol()
	f.app.TOTP = auth.NewTOTP("another secret, long enough too")
	status, _ := u.login(password, u.code())
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, f.log.String(), "cannot check a second factor")
	status, _ = u.login(password, recovery[0])
	assert.Equal(t, http.StatusOK, status)
}

// A lost phone: a superuser helps, or the command line.
func TestSecondFactorIsRemovedForAnother(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	u := f.newUser()
	problem(t, f.super.RemoveUserTOTP(t.Context(), oas.RemoveUserTOTPParams{ID: u.id}), http.StatusConflict)
	u.enrol()
	problem(t, f.user.RemoveUserTOTP(t.Context(), oas.RemoveUserTOTPParams{ID: u.id}), http.StatusForbidden)
	require.NoError(t, f.super.RemoveUserTOTP(t.Context(), oas.RemoveUserTOTPParams{ID: u.id}))
	status, _ := u.login(password, "")
	assert.Equal(t, http.StatusOK, status)
	f.mails.wait(t, u.email, "no longer needs a code", 1)
	u.enrol()
	require.NoError(t, f.app.RemoveTOTPByEmail(t.Context(), app.System, u.email))
	status, _ = u.login(password, "")
	assert.Equal(t, http.StatusOK, status)

	me, err := f.super.GetCurrentUser(t.Context())
	require.NoError(t, err)
	problem(t, f.super.RemoveUserTOTP(t.Context(), oas.RemoveUserTOTPParams{ID: me.ID}), http.StatusConflict)
}

func TestSuperusersNeedASecondFactor(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.app.RequireSuperuser2FA = true
	super := &person{f: f, email: "super@example.com", token: f.superToken, client: f.super}
	res, body := f.call(f.superToken, http.MethodGet, api.Prefix+"/users", nil)
	requireProblem(t, res, body, http.StatusForbidden, "no second factor")
	assert.Contains(t, decodeProblem(t, body).Detail.Value, "second factor")
	_, err := f.super.GetCurrentUser(t.Context())
	require.NoError(t, err, "the rights of an ordinary user stay")
	super.enrol()
	_, err = f.super.ListUsers(t.Context(), oas.ListUsersParams{})
	require.NoError(t, err)
}

// Whoever knows the password cannot try all codes, from however many networks.
func TestSecondFactorIsLimitedFromAnywhere(t *testing.T) {
	t.Parallel()
	f := setup(t, limits())
	u := f.newUser()
	u.enrol()
	n := 0
	from := func(otp string) int {
		n++
		res, _ := f.call("", http.MethodPost, api.Prefix+"/login/access-token",
			strings.NewReader(url.Values{"username": {u.email}, "password": {password}, "otp": {otp}}.Encode()),
			"Content-Type", "application/x-www-form-urlencoded", "X-Forwarded-For", fmt.Sprintf("192.%d.2.1", n))
		return res.StatusCode
	}
	for range 30 {
		require.Equal(t, http.StatusUnauthorized, from("000000"))
	}
	assert.Equal(t, http.StatusTooManyRequests, from("000000"))
	assert.Equal(t, http.StatusTooManyRequests, from(u.code()), "the right one tells no more")
	f.clock.advance(15 * time.Minute)
	assert.Equal(t, http.StatusOK, from(u.code()))
	assert.Equal(t, http.StatusUnauthorized, from("000000"), "a login begins anew")
}
