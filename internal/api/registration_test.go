package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRegistrationTellsNothing(t *testing.T) {
	t.Parallel()
	f := setup(t, options{jobs: true})
	register := func(email string) (int, string) {
		res, body := f.callJSON("", http.MethodPost, "/users/open", fmt.Sprintf(`{"email": %q, "password": %q}`, email, password))
		return res.StatusCode, string(body)
	}
	status, unknown := register("new@example.com")
	assert.Equal(t, http.StatusAccepted, status)
	status, known := register(f.userEmail)
	assert.Equal(t, http.StatusAccepted, status)
	assert.Equal(t, unknown, known)
	assert.Equal(t, 0, f.count("SELECT count(*) FROM user_account WHERE email = 'new@example.com'"), "no account before its mailed link was opened")
	for range 5 {
		f.call("", http.MethodPost, "/api/v1/password-recovery/"+f.userEmail, nil)
	}
	assert.Equal(t, 2, f.count("SELECT count(*) FROM river_job WHERE kind = 'reset_mail'"), "three mails an hour, with the one about the registration")
}
