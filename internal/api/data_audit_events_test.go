package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

func TestAuditEventsOfCompanies(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("AAPL")
	name, cik := "Apple, once a computer company", int64(320193)
	_, err := f.super.UpdateCompany(t.Context(), &oas.CompanyUpdate{Name: oas.NewOptString(name), Cik: oas.NewOptNilInt64(cik)}, oas.UpdateCompanyParams{Ticker: "aapl"})
	require.NoError(t, err)
	f.createCompany("MSFT")
	key, info := f.createKey(f.superToken, "write")
	res, body := f.call(key, http.MethodDelete, api.Prefix+"/companies/MSFT", nil)
	require.Equal(t, http.StatusNoContent, res.StatusCode, "%s", body)

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
	me := info.UserID
	changed := list(oas.ListAuditEventsParams{Action: oas.NewOptString("company.changed")})
	require.Len(t, changed, 1)
	e := changed[0]
	assert.JSONEq(t, `{"name": "AAPL Inc."}`, string(e.Detail["before"]))
	assert.JSONEq(t, `{"name": "`+name+`", "cik": 320193}`, string(e.Detail["after"]))
	assert.Equal(t, oas.AuditActorUser, e.Actor)
	assert.Equal(t, me, e.ActorID.Value)
	assert.True(t, e.APIKeyID.Null)
	assert.Equal(t, "company", e.TargetType.Value)
	assert.Equal(t, "AAPL", e.Target.Value)
	assert.Equal(t, "127.0.0.1", e.Client.Value)

	deleted := list(oas.ListAuditEventsParams{Target: oas.NewOptString("MSFT"), TargetType: oas.NewOptString("company"), PageSize: oas.NewOptInt32(1)})
	require.Len(t, deleted, 1)
	assert.Equal(t, "company.deleted", deleted[0].Action, "the newest first")
	assert.Equal(t, oas.AuditActorAPIKey, deleted[0].Actor)
	assert.Equal(t, info.ID, deleted[0].APIKeyID.Value)
	assert.Equal(t, me, deleted[0].ActorID.Value)
	assert.Equal(t, res.Header.Get("X-Request-Id"), deleted[0].RequestID.Value)
	assert.Contains(t, string(deleted[0].Detail["before"]), `"listing MSFT"`)

	mine := oas.ListAuditEventsParams{ActorID: oas.NewOptInt64(me), TargetType: oas.NewOptString("company")}
	assert.Equal(t, []string{"company.deleted", "company.created", "company.changed", "company.created"}, actions(mine))
	assert.Regexp(t, `msg=audit action=company.deleted .*actor=api_key`, f.log.String())
}
