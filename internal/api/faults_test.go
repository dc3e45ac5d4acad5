package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// Two that bring the same tickers, in any order, wait for each other in one order.
func TestListingsInAnyOrder(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("HOLDER")
	middle := f.hold("INSERT INTO listing (company_id, ticker, is_primary) SELECT id, 'T5', false FROM company")
	var listings []oas.ListingInput
	for i := range 10 {
		listings = append(listings, oas.ListingInput{Ticker: oas.Ticker(fmt.Sprintf("T%d", i))})
	}
	backwards := slices.Clone(listings)
	slices.Reverse(backwards)
	var created atomic.Int64
	var calls []func()
	for _, in := range [][]oas.ListingInput{listings, backwards} {
		calls = append(calls, func() {
			if _, err := f.super.CreateCompany(t.Context(), &oas.CompanyCreate{Name: "A company", Listings: in}); err == nil {
				created.Add(1)
			}
		})
	}
	together(append(calls, func() {
		assert.Eventually(t, func() bool {
			return f.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 2
		}, 2*time.Second, time.Millisecond)
		assert.NoError(t, middle.Rollback(t.Context()))
	})...)
	assert.EqualValues(t, 1, created.Load())
	f.requireNoDeadlock()
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
	ticker := unique("T")
	f.createCompany(ticker)
	path := api.Prefix + "/companies/" + ticker
	observer, lock := f.elsewhere(), f.hold("SELECT FROM company FOR UPDATE")
	begin := time.Now()
	var patches errgroup.Group
	for range 25 {
		patches.Go(func() error {
			res, body := f.callJSON(f.superToken, http.MethodPatch, "/companies/"+ticker, `{"name": "Other"}`)
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
		res, body := f.call(f.userToken, http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
		slowest = max(slowest, time.Since(asked))
	}
	assert.Less(t, slowest, time.Second, "the slowest of the readers")
	require.NoError(t, patches.Wait())
	assert.Less(t, time.Since(begin), 10*time.Second)
	require.NoError(t, lock.Rollback(t.Context()))
	res, body := f.callJSON(f.superToken, http.MethodPatch, "/companies/"+ticker, `{"name": "Other"}`)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s", body)
}

// failing has every insertion of a split raise an error with an SQLSTATE, when the condition holds.
func (f *fixture) failing(condition, sqlState string) {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), fmt.Sprintf(`
		CREATE SEQUENCE IF NOT EXISTS tries;
		CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF %s THEN RAISE 'a secret of the database' USING ERRCODE = '%s'; END IF;
			RETURN NEW;
		END $$;
		CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON split FOR EACH ROW EXECUTE FUNCTION fail()`, condition, sqlState))
	require.NoError(f.t, err)
}

const aSplit = `{"effective_date": "2020-08-31", "ratio": 4}`

func TestOutages(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	ticker := unique("T")
	f.createCompany(ticker)
	enter := func() (*http.Response, string) {
		res, body := f.callJSON(f.superToken, http.MethodPost, "/companies/"+ticker+"/splits", aSplit)
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
	res, out := standby.callJSON(f.superToken, http.MethodPost, "/companies/"+ticker+"/splits", aSplit)
	requireProblem(t, res, out, http.StatusServiceUnavailable, "read-only")
	assert.Equal(t, "the database takes no changes", decodeProblem(t, out).Detail.Value)
	res, out = standby.call("", http.MethodGet, api.Prefix+"/companies/"+ticker, nil)
	assert.Equal(t, http.StatusOK, res.StatusCode, "%s", out)
}

func TestUndoneTransactionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	ticker := unique("T")
	f.createCompany(ticker)
	for i, code := range []string{"40001", "40P01"} {
		f.failing(fmt.Sprintf("nextval('tries') %% 3 <> 0 AND NEW.ratio = %d", i+2), code)
		body := fmt.Sprintf(`{"effective_date": "2020-08-3%d", "ratio": %d}`, i, i+2)
		res, out := f.callJSON(f.superToken, http.MethodPost, "/companies/"+ticker+"/splits", body)
		assert.Equal(t, http.StatusCreated, res.StatusCode, "%s: %s", code, out)
	}
	assert.Equal(t, 2, f.count("SELECT count(*) FROM split"))
}

func TestOutageIsLoggedOnceASecond(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	ticker := unique("T")
	f.createCompany(ticker)
	f.failing("true", "53100")
	var calls []func()
	for range 50 {
		calls = append(calls, func() {
			f.callJSON(f.superToken, http.MethodPost, "/companies/"+ticker+"/splits", aSplit)
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
	lock := f.hold("LOCK TABLE company IN ACCESS EXCLUSIVE MODE")
	ctx, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer leave()
	_, err := f.anon.ListCompanies(ctx, oas.ListCompaniesParams{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Eventually(t, func() bool { return strings.Contains(f.log.String(), "route=listCompanies") }, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, f.log.String(), "status=499")
	assert.NotContains(t, f.log.String(), "ERROR")
	require.NoError(t, lock.Rollback(t.Context()))
}

const aDividend = `{"amount_per_share": 0.25, "currency": "USD", "publish_date": "2024-02-01"}`

// enter posts a dividend with an idempotency key; "" is none.
func (f *fixture) enter(token, ticker, key, body string) (int, string) {
	f.t.Helper()
	header := []string{"Content-Type", "application/json"}
	if key != "" {
		header = append(header, "Idempotency-Key", key)
	}
	res, out := f.call(token, http.MethodPost, api.Prefix+"/companies/"+ticker+"/dividends", strings.NewReader(body), header...)
	return res.StatusCode, string(out)
}

func TestDividendIsEnteredOnce(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "8e03978e-40d5-43dd-bc93-6894a57f9324"} {
		f := setup(t, options{})
		ticker := unique("T")
		f.createCompany(ticker)
		var mu sync.Mutex
		answers := map[int]map[string]int{}
		var calls []func()
		for range 50 {
			calls = append(calls, func() {
				status, body := f.enter(f.superToken, ticker, key, aDividend)
				mu.Lock()
				defer mu.Unlock()
				if answers[status] == nil {
					answers[status] = map[string]int{}
				}
				answers[status][body]++
			})
		}
		together(calls...)
		assert.Equal(t, 1, f.count("SELECT count(*) FROM dividend"), "key %q", key)
		assert.Len(t, answers[http.StatusCreated], 1, "one answer: %v", answers)
		for status := range answers {
			assert.Contains(t, []int{http.StatusCreated, http.StatusConflict}, status)
		}
		status, body := f.enter(f.superToken, ticker, key, aDividend)
		if key == "" {
			assert.Equal(t, http.StatusConflict, status, body)
			continue
		}
		assert.Equal(t, http.StatusCreated, status)
		assert.Contains(t, answers[http.StatusCreated], body, "the same answer")
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	ticker := unique("T")
	status, body := f.enter(f.superToken, ticker, "k", aDividend)
	require.Equal(t, http.StatusNotFound, status, body)
	f.createCompany(ticker)
	status, first := f.enter(f.superToken, ticker, "k", aDividend)
	require.Equal(t, http.StatusCreated, status, "what failed is not kept: %s", first)

	status, body = f.enter(f.superToken, ticker, "k", strings.Replace(aDividend, "0.25", "0.26", 1))
	assert.Equal(t, http.StatusUnprocessableEntity, status, body)
	assert.Contains(t, body, "another request")
	f.createCompany(ticker + "B")
	status, body = f.enter(f.superToken, ticker+"B", "k", aDividend)
	assert.Equal(t, http.StatusUnprocessableEntity, status, "another company: %s", body)

	_, err := f.app.EnsureSuperuser(t.Context(), "second@example.com", password)
	require.NoError(t, err)
	second := f.login("second@example.com", password)
	status, body = f.enter(second, ticker+"B", "k", aDividend)
	assert.Equal(t, http.StatusCreated, status, "another user's key: %s", body)

	_, err = f.pool.Exec(t.Context(), "UPDATE idempotency_key SET created_at = now() - interval '23 hours 59 minutes'")
	require.NoError(t, err)
	require.NoError(t, f.app.Prune(t.Context()))
	status, body = f.enter(f.superToken, ticker, "k", aDividend)
	assert.Equal(t, http.StatusCreated, status)
	assert.Equal(t, first, body)
	_, err = f.pool.Exec(t.Context(), "UPDATE idempotency_key SET created_at = now() - interval '24 hours'")
	require.NoError(t, err)
	status, body = f.enter(f.superToken, ticker, "k", strings.Replace(aDividend, "0.25", "0.27", 1))
	assert.Equal(t, http.StatusCreated, status, "a new one after a day: %s", body)
	require.NoError(t, f.app.Prune(t.Context()))
	assert.Equal(t, 1, f.count("SELECT count(*) FROM idempotency_key"))

	for _, key := range []string{"a b", strings.Repeat("x", 256), "ä"} {
		res, out := f.call(f.superToken, http.MethodPost, api.Prefix+"/companies/"+ticker+"/dividends",
			strings.NewReader(`{"amount_per_share": -1, "currency": "USD", "publish_date": "2024-02-01"}`),
			"Content-Type", "application/json", "Idempotency-Key", key)
		requireProblem(t, res, out, http.StatusUnprocessableEntity, key)
		var fields []string
		for _, e := range decodeProblem(t, out).Errors {
			fields = append(fields, e.Field)
		}
		assert.ElementsMatch(t, []string{"Idempotency-Key", "/amount_per_share"}, fields, key)
		requireWords(t, out, key)
	}
}

func TestImportsAreStartedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t, options{})
	f.createCompany("AAPL")
	files := map[string]string{
		"companies": `{"0":{"cik_str":320193,"ticker":"AAPL","title":"Apple"}}`, "sec-company-facts": "{}",
		"prices?ticker=AAPL": "date,close\n2024-01-02,185.64\n", "splits": "ticker,effective_date,ratio\nAAPL,2014-06-09,7\n",
		"exchange-rates": "date,base,quote,rate\n2024-01-02,EUR,USD,1.0956\n",
	}
	for kind, file := range files {
		start := func(file, key string) (*http.Response, string) {
			res, body := f.call(f.superToken, http.MethodPost, api.Prefix+"/imports/"+kind, strings.NewReader(file),
				"Content-Type", "application/octet-stream", "Idempotency-Key", key)
			return res, string(body)
		}
		before := f.count("SELECT count(*) FROM import")
		res, first := start(file, kind)
		require.Equal(t, http.StatusAccepted, res.StatusCode, "%s: %s", kind, first)
		res, again := start(file, kind)
		assert.Equal(t, http.StatusAccepted, res.StatusCode, kind)
		assert.Equal(t, first, again, kind)
		assert.Equal(t, before+1, f.count("SELECT count(*) FROM import"), kind)
		assert.Equal(t, before+1, f.count("SELECT count(*) FROM river_job WHERE kind = 'import'"), kind)
		res, body := start(file+"\n", kind)
		assert.Equal(t, http.StatusUnprocessableEntity, res.StatusCode, "%s: %s", kind, body)

		running := f.hold(`SELECT pg_advisory_xact_lock(hashtextextended('idempotency_key ' || id || ' x', 0))
			FROM user_account WHERE email = 'super@example.com'`)
		res, body = start(file, "x")
		assert.Equal(t, http.StatusConflict, res.StatusCode, "%s: %s", kind, body)
		assert.Equal(t, "1", res.Header.Get("Retry-After"), kind)
		require.NoError(t, running.Rollback(t.Context()))
	}
}
