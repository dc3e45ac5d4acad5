package app_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/db"
	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// What leaves no event, because it changes nothing, or nothing that a person decides at that moment.
var unaudited = map[string]string{
	"reads":                   "Config ListUsers GetUser ListAPIKeys ListAuditEvents CountJobs Identify IdentifyKey IdentifyConsole IdentifyCookie",
	"is done by jobs":         "Prune Rescue FreeLostJobs SendNewAccountMail SendResetMail SendTestMail",
	"tries the machinery":     "StartTestJob StartTestMail",
	"only reads, of sessions": "ListSessions IdentifySession",
	"is mailed by jobs":       "SendRegistrationMail SendConfirmEmailMail SendNoticeMail",
	"leaves events that the tests of the API look at": `Login Authenticate Refresh Logout EndSession EndOtherSessions OpenSession
		OpenCookieSession CloseCookieSession
		RegisterUser ActivateUser EnsureSuperuser UpdateCurrentUser ConfirmEmail DeleteCurrentUser ChangePassword RecoverPassword
		ResetPassword StartTOTP ConfirmTOTP RemoveTOTP ReplaceRecoveryCodes RemoveUserTOTP RemoveTOTPByEmail`,
}

// A writer is a use case that writes, with the actions of its events.
type writer struct {
	name    string
	actions []string
	do      func(context.Context, app.Actor) error
}

// resources are the writers of resources that are tested in files of their own, given a superuser.
var resources = []func(*testing.T, *app.App, db.UserAccount) []writer{
	companyWriters, // newproject:companies
}

// Every use case that writes leaves an event of who did it, in its transaction. A new one has to be added to one of the
// lists.
func TestEveryWriterLeavesAnEvent(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	const password = "correct horse battery"
	u, err := a.CreateUser(t.Context(), root, app.UserInput{Email: "super@example.com", Password: password, IsActive: true, IsSuperuser: true})
	require.NoError(t, err)
	me := app.Actor{UserID: u.ID, Superuser: true}
	var (
		key   db.ApiKey
		token string
		other db.UserAccount
	)
	type events = []string
	audited := []writer{
		{"CreateAPIKey", events{"api_key.created"}, func(ctx context.Context, _ app.Actor) (err error) {
			_, key, err = a.CreateAPIKey(ctx, me, app.APIKeyInput{Name: "x", Days: 1, CurrentPassword: password})
			return err
		}},
		{"RevokeAPIKey", events{"api_key.revoked"}, func(ctx context.Context, who app.Actor) error {
			return a.RevokeAPIKey(ctx, who, key.ID)
		}},
		{"AuditJobs", events{"jobs.retry"}, func(ctx context.Context, who app.Actor) error {
			return a.AuditJobs(ctx, who, "POST", "/jobs/api/jobs/retry", json.RawMessage(`{"ids":["1"]}`))
		}},
		{"CreateUser", events{"user.created"}, func(ctx context.Context, who app.Actor) (err error) {
			other, err = a.CreateUser(ctx, who, app.UserInput{Email: "other@example.com", Password: password, IsActive: true})
			return err
		}},
		{"UpdateUser", events{"user.updated"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.UpdateUser(ctx, who, other.ID, "", func(in *app.UserInput) { in.IsSuperuser = true })
			return err
		}},
		{"SetPassword", events{"password.changed"}, func(ctx context.Context, who app.Actor) error {
			_, err := a.SetPassword(ctx, who, other.Email, "another horse battery")
			return err
		}},
		{"DeleteUser", events{"user.deleted"}, func(ctx context.Context, who app.Actor) error {
			return a.DeleteUser(ctx, who, other.ID)
		}},
		{"OpenConsole", events{"console.opened", "login.succeeded"}, func(ctx context.Context, _ app.Actor) (err error) {
			token, _, err = a.OpenConsole(ctx, "super@example.com", password, "")
			return err
		}},
		{"CloseConsole", events{"console.closed"}, func(ctx context.Context, _ app.Actor) error {
			return a.CloseConsole(ctx, token)
		}},
	}
	for _, writers := range resources {
		audited = append(audited, writers(t, a, u)...)
	}
	known := map[string]bool{}
	for _, names := range unaudited {
		for _, name := range strings.Fields(names) {
			known[name] = true
		}
	}
	for _, w := range audited {
		require.False(t, known[w.name], w.name)
		known[w.name] = true
	}
	methods := reflect.TypeFor[*app.App]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		assert.True(t, known[name], "%s: does it write? Then it needs an event, and a line here", name)
	}

	all := func() []db.AuditEvent {
		t.Helper()
		list, _, err := a.ListAuditEvents(t.Context(), root, app.AuditFilter{}, app.Page{Size: 1000})
		require.NoError(t, err)
		return list
	}
	readOnly := app.Actor{UserID: u.ID, Superuser: true, KeyID: 99, ReadOnly: true}
	for _, w := range audited {
		before := len(all())
		if w.name != "OpenConsole" && w.name != "AuditJobs" { // which no rehearsal calls
			require.Error(t, w.do(app.Rehearse(t.Context()), root), w.name)
			assert.Len(t, all(), before, "%s: a rehearsal leaves nothing", w.name)
		}
		switch w.name {
		case "CreateAPIKey", "RevokeAPIKey", "AuditJobs", "CreateUser", "UpdateUser", "SetPassword", "DeleteUser", "OpenConsole", "CloseConsole": // not for keys at all
		default:
			err := w.do(t.Context(), readOnly)
			require.Error(t, err, w.name)
			assert.Equal(t, "insufficient-scope", app.Explain(err).Type, w.name)
		}
		assert.Len(t, all(), before, "%s: what is refused leaves nothing", w.name)
		require.NoError(t, w.do(t.Context(), root), w.name)
		after := all()
		var actions []string
		for _, e := range after[:len(after)-before] {
			actions = append(actions, e.Action)
			assert.NotEmpty(t, e.TargetType, w.name)
			assert.NotEmpty(t, e.Target, w.name)
			if e.Actor != "command_line" {
				assert.Equal(t, "user", e.Actor, w.name)
				assert.Equal(t, &u.ID, e.ActorID, w.name)
			}
			assert.NotContains(t, string(e.Detail), password)
			assert.NotContains(t, string(e.Detail), "hash")
		}
		assert.Equal(t, w.actions, actions, w.name)
	}
}

func TestAuditTrailIsKeptForSomeTime(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := newApp(t, pool)
	_, err := pool.Exec(t.Context(), `INSERT INTO audit_event (action, created_at)
		SELECT 'user.created', now() - make_interval(days => 401) FROM generate_series(1, 12000)`)
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), "INSERT INTO audit_event (action, created_at) VALUES ('user.deleted', now() - make_interval(days => 399))")
	require.NoError(t, err)
	require.NoError(t, a.Prune(t.Context()))
	left, _, err := a.ListAuditEvents(t.Context(), root, app.AuditFilter{}, app.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "user.deleted", left[0].Action)
	a.AuditRetentionDays = 30
	require.NoError(t, a.Prune(t.Context()))
	left, _, err = a.ListAuditEvents(t.Context(), root, app.AuditFilter{}, app.Page{Size: 10})
	require.NoError(t, err)
	assert.Empty(t, left)
}
