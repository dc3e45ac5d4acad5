package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func TestAuditEvents(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	var me int64
	for _, name := range []string{"ada@example.com", "bob@example.com"} {
		u := f.createUser(name)
		_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{FullName: oas.NewOptNilFullName("Somebody")}, oas.UpdateUserParams{ID: u.ID})
		require.NoError(t, err)
		me = u.ID
	}
	target := oas.NewOptString(itoa(me))
	require.NoError(t, f.super.DeleteUser(t.Context(), oas.DeleteUserParams{ID: me}))
	u, err := f.super.GetCurrentUser(t.Context())
	require.NoError(t, err)
	me = u.ID

	list := func(p oas.ListAuditEventsParams) []oas.AuditEvent {
		t.Helper()
		page, err := f.super.ListAuditEvents(t.Context(), p)
		require.NoError(t, err)
		return page.Items
	}
	actions := func(p oas.ListAuditEventsParams) (names []string) {
		t.Helper()
		for _, e := range list(p) {
			names = append(names, e.Action)
		}
		return names
	}
	deleted := list(oas.ListAuditEventsParams{Target: target, TargetType: oas.NewOptString("user"), PageSize: oas.NewOptInt32(1)})
	require.Len(t, deleted, 1)
	e := deleted[0]
	assert.Equal(t, "user.deleted", e.Action, "the newest first")
	assert.Equal(t, oas.AuditActorUser, e.Actor)
	assert.Equal(t, me, e.ActorID.Value)
	assert.True(t, e.APIKeyID.Null)
	assert.Equal(t, "user", e.TargetType.Value)
	assert.Equal(t, "127.0.0.1", e.Client.Value)
	assert.NotEmpty(t, e.RequestID.Value)
	assert.Equal(t, []string{"user.deleted", "user.updated", "user.created"}, actions(oas.ListAuditEventsParams{Target: target, TargetType: oas.NewOptString("user")}))

	mine := oas.ListAuditEventsParams{ActorID: oas.NewOptInt64(me), Action: oas.NewOptString("user.updated")}
	assert.Len(t, actions(mine), 2)
	mine.Client = oas.NewOptString("192.0.2.1")
	assert.Empty(t, actions(mine))
	assert.Empty(t, actions(oas.ListAuditEventsParams{ActorID: oas.NewOptInt64(me + 1000)}))
	today := time.Now().UTC().Truncate(24 * time.Hour) // the database's clock
	day := func(n int) oas.OptDate { return oas.NewOptDate(today.AddDate(0, 0, n)) }
	assert.NotEmpty(t, actions(oas.ListAuditEventsParams{Since: day(-1), Until: day(1)}))
	assert.Empty(t, actions(oas.ListAuditEventsParams{Since: day(2)}))
	assert.Empty(t, actions(oas.ListAuditEventsParams{Until: day(-2)}))
	_, err = f.super.ListAuditEvents(t.Context(), oas.ListAuditEventsParams{Since: day(1), Until: day(0)})
	fieldProblem(t, err, "until")

	paged := pages(t, 2, func(token oas.OptString) ([]oas.AuditEvent, oas.NilString) {
		page, err := f.super.ListAuditEvents(t.Context(), oas.ListAuditEventsParams{PageSize: oas.NewOptInt32(2), PageToken: token})
		require.NoError(t, err)
		return page.Items, page.NextPageToken
	})
	assert.Equal(t, list(oas.ListAuditEventsParams{}), paged)
	assert.Regexp(t, `msg=audit action=user.deleted .*actor=user`, f.log.String())
}
