package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

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
				oas.UpdateUserParams{ID: u.ID})
			require.NoError(t, err, "round %d", i)
		}
		together(reset, update)
	}
	for what := range failed {
		assert.Contains(t, what, "422", "the other one came first and ended the token")
	}
	f.requireNoDeadlock()
}

// requireNoDeadlock also finds those that were healed by another try.
func (f *fixture) requireNoDeadlock() {
	f.t.Helper()
	time.Sleep(1100 * time.Millisecond) // each of the server's sessions tells its counts once a second
	require.Zero(f.t, f.count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), "deadlocks")
}

// elsewhere is a connection pool that the server does not use.
func (f *fixture) elsewhere() *pgxpool.Pool {
	f.t.Helper()
	return openPool(f.t, f.pool.Config().ConnString())
}

// hold begins a transaction elsewhere with what sql does, until the test ends or the transaction does.
func (f *fixture) hold(sql string) pgx.Tx {
	f.t.Helper()
	tx, err := f.elsewhere().Begin(f.t.Context())
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = tx.Exec(f.t.Context(), sql)
	require.NoError(f.t, err)
	return tx
}

// Writers that wait for one row leave connections to those who read, and do not wait for long.
func TestLockedRow(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	path := fmt.Sprintf("/users/%d", f.createUser("other@example.com").ID)
	observer, lock := f.elsewhere(), f.hold("SELECT FROM user_account WHERE email = 'other@example.com' FOR UPDATE")
	begin := time.Now()
	var patches errgroup.Group
	for range 25 {
		patches.Go(func() error {
			res, body := f.callJSON(f.superToken, http.MethodPatch, path, `{"full_name": "Other"}`)
			if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") != "1" {
				return fmt.Errorf("%d %s", res.StatusCode, body)
			}
			return nil
		})
	}
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, observer.QueryRow(t.Context(),
			"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting))
		return waiting >= 4
	}, 10*time.Second, time.Millisecond)
	var slowest time.Duration
	for time.Since(begin) < 2*time.Second {
		asked := time.Now()
		res, body := f.call(f.userToken, http.MethodGet, api.Prefix+"/users/me", nil)
		require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
		slowest = max(slowest, time.Since(asked))
	}
	assert.Less(t, slowest, time.Second, "the slowest of the readers")
	require.NoError(t, patches.Wait())
	assert.Less(t, time.Since(begin), 10*time.Second)
	require.NoError(t, lock.Rollback(t.Context()))
	res, body := f.callJSON(f.superToken, http.MethodPatch, path, `{"full_name": "Other"}`)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
}

// failing has every insertion of a user raise an error with an SQLSTATE, when the condition holds.
func (f *fixture) failing(condition, sqlState string) {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), fmt.Sprintf(`
		CREATE SEQUENCE IF NOT EXISTS tries;
		CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF %s THEN RAISE 'a secret of the database' USING ERRCODE = '%s'; END IF;
			RETURN NEW;
		END $$;
		CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON user_account FOR EACH ROW EXECUTE FUNCTION fail()`, condition, sqlState))
	require.NoError(f.t, err)
}

// addUser posts a new user.
func (f *fixture) addUser(name string) (*http.Response, []byte) {
	f.t.Helper()
	return f.callJSON(f.superToken, http.MethodPost, "/users", fmt.Sprintf(`{"email": "%s@example.com", "password": "%s", "full_name": "%s"}`, unique("user"), password, name))
}

func TestOutages(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	enter := func() (*http.Response, string) {
		res, body := f.addUser("Ada")
		return res, string(body)
	}
	for _, code := range []string{
		"08006", "25006", "25P03", "25P04", "40001", "40P01", "53000", "53100", "53200", "53300", "55P03", "57014", "57P01", "57P03", "58030",
	} {
		f.failing("true", code)
		res, body := enter()
		assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode, "%s: %s", code, body)
		assert.Regexp(t, `^[1-9][0-9]*$`, res.Header.Get("Retry-After"), code)
		assert.NotContains(t, body, "secret", code)
	}
	f.failing("true", "XX001")
	res, body := enter()
	assert.Equal(t, http.StatusInternalServerError, res.StatusCode, "corrupt data heals by no retry: %s", body)

	_, err := f.pool.Exec(t.Context(), "ALTER DATABASE "+f.pool.Config().ConnConfig.Database+" SET default_transaction_read_only = on")
	require.NoError(t, err)
	standby := f.over(f.elsewhere())
	res, out := standby.addUser("Ada")
	requireProblem(t, res, out, http.StatusServiceUnavailable, "read-only")
	assert.Equal(t, "the database takes no changes", decodeProblem(t, out).Detail.Value)
	res, out = standby.call(f.userToken, http.MethodGet, api.Prefix+"/users/me", nil)
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", out)
}

func TestUndoneTransactionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	before := f.count("SELECT count(*) FROM user_account")
	for _, code := range []string{"40001", "40P01"} {
		f.failing(fmt.Sprintf("nextval('tries') %% 3 <> 0 AND NEW.full_name = '%s'", code), code)
		res, out := f.addUser(code)
		assert.Equal(t, http.StatusCreated, res.StatusCode, "%s: %s", code, out)
	}
	assert.Equal(t, before+2, f.count("SELECT count(*) FROM user_account"))
}

func TestOutageIsLoggedOnceASecond(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.failing("true", "53100")
	var calls []func()
	for range 50 {
		calls = append(calls, func() {
			f.addUser("Ada")
		})
	}
	begin := time.Now()
	together(calls...)
	counted := func() (lines, sum int) {
		for line := range strings.Lines(f.log.String()) {
			if !strings.Contains(line, "level=ERROR") {
				continue
			}
			lines++
			if _, count, ok := strings.Cut(line, "count="); ok {
				n, err := strconv.Atoi(strings.TrimSpace(count))
				require.NoError(t, err)
				sum += n
			}
		}
		return lines, sum
	}
	require.Eventually(t, func() bool { _, sum := counted(); return sum == 50 }, 5*time.Second, 20*time.Millisecond)
	lines, _ := counted()
	assert.LessOrEqual(t, lines, 2+int(time.Since(begin)/time.Second))
}

func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	lock := f.hold("LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE")
	ctx, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer leave()
	_, err := f.super.ListAuditEvents(ctx, oas.ListAuditEventsParams{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Eventually(t, func() bool { return strings.Contains(f.log.String(), "route=listAuditEvents") }, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, f.log.String(), "status=499")
	assert.NotContains(t, f.log.String(), "ERROR")
	require.NoError(t, lock.Rollback(t.Context()))
}
