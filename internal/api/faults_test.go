package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/gen/oas"
	"github.com/edgevalue/edgevalue/internal/api"
)

// together calls every function at the same time, and returns when all have.
func together(calls ...func()) {
	var g sync.WaitGroup
	begin := make(chan struct{})
	for _, call := range calls {
		g.Go(func() {
			<-begin
			call()
		})
	}
	close(begin)
	g.Wait()
}

func TestDeletedStatementIsGone(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	ticker := unique("T")
	f.createCompany(ticker)
	kept := 0
	for range 40 {
		s := f.createStatement(ticker, year2023())
		path := api.Prefix + fmt.Sprintf("/financial-statements/%d", s.ID)
		body, err := year2023().MarshalJSON()
		require.NoError(t, err)
		var deleted int
		calls := []func(){func() {
			res, _ := f.call(f.superToken, http.MethodDelete, path, nil)
			deleted = res.StatusCode
		}}
		for range 3 {
			calls = append(calls, func() {
				f.call(f.superToken, http.MethodPut, path, strings.NewReader(string(body)), "Content-Type", "application/json")
			})
		}
		together(calls...)
		require.Equal(t, http.StatusNoContent, deleted)
		if f.count("SELECT count(*) FROM financial_statement WHERE id = $1", s.ID) > 0 {
			kept++
			_, err := f.pool.Exec(t.Context(), "DELETE FROM financial_statement WHERE id = $1", s.ID)
			require.NoError(t, err)
		}
	}
	assert.Zero(t, kept, "statements that are still there after 40 deletions")
}

// A user's row is locked before their tokens, by all who write both.
func TestResetPasswordBesideUpdate(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	failed := map[string]int{}
	for i := range 20 {
		u := f.createUser(unique("u") + "@example.com")
		require.NoError(t, f.app.SendResetMail(t.Context(), string(u.Email)))
		_, token, _ := strings.Cut(f.mails.wait(t, string(u.Email), "#token=", 1).Text, "#token=")
		token = strings.Fields(token)[0]
		reset := func() {
			_, err := f.anon.ResetPassword(t.Context(), &oas.PasswordReset{Token: token, NewPassword: "another horse battery"})
			if err != nil {
				failed[fmt.Sprintf("reset: %.80s", err)]++
			}
		}
		update := func() {
			_, err := f.super.UpdateUser(t.Context(), &oas.UserUpdate{Password: oas.NewOptPassword(oas.Password("yet another horse"))},
				oas.UpdateUserParams{UserID: u.ID})
			require.NoError(t, err, "round %d", i)
		}
		together(reset, update)
	}
	t.Log(failed)
	for what := range failed {
		assert.Contains(t, what, "422", "the other one came first and ended the token")
	}
	assert.NotContains(t, f.log.String(), "deadlock")
}
