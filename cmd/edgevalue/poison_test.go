package main

import (
	"log/slog"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/app"
	"github.com/edgevalue/edgevalue/internal/pgtest"
)

// A worker that is restarted whenever it is killed gets rid of the import that kills it, and carries out the others.
func TestPoisonousImport(t *testing.T) {
	t.Parallel()
	p, pool := newProject(t), pgtest.New(t)
	a, err := app.New(app.Config{Pool: pool, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	require.NoError(t, err)
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	// The poison takes for ever, and the test kills who drinks it. The others take some time, so as to be beside it.
	exec(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF NEW.cik = 666 THEN
				PERFORM pg_advisory_xact_lock(666);
			END IF;
			PERFORM pg_sleep(2);
			RETURN NEW;
		END $$`)
	exec("CREATE TRIGGER dawdle BEFORE INSERT ON company FOR EACH ROW EXECUTE FUNCTION dawdle()")
	lock, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer lock.Release()
	_, err = lock.Exec(t.Context(), "SELECT pg_advisory_lock(666)")
	require.NoError(t, err)
	const drinkers = ` FROM pg_locks WHERE locktype = 'advisory' AND objid = 666 AND NOT granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	start := func(file string) int64 {
		im, err := a.StartImport(t.Context(), app.System, app.ImportRequest{Kind: app.ImportCompanies, File: strings.NewReader(file)})
		require.NoError(t, err)
		return im.ID
	}
	healthy := start(`{"0":{"cik_str":1,"ticker":"AAA","title":"A Inc."}}`)
	poison := start(`{"0":{"cik_str":666,"ticker":"BBB","title":"B Inc."}}`)

	worker := func() *osexec.Cmd {
		cmd, _ := p.start("worker", "DATABASE_URL="+pool.Config().ConnString())
		return cmd
	}
	deaths := 0
	for cmd, deadline := worker(), time.Now().Add(2*time.Minute); ; time.Sleep(50 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "it goes on for ever: %d deaths", deaths)
		drunk := 0
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*)"+drinkers).Scan(&drunk))
		if drunk > 0 {
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			deaths++
			exec("SELECT pg_terminate_backend(pid)" + drinkers) // which has not noticed yet
			cmd = worker()
		}
		bad, err := a.GetImport(t.Context(), app.System, poison)
		require.NoError(t, err)
		good, err := a.GetImport(t.Context(), app.System, healthy)
		require.NoError(t, err)
		if bad.FinishedAt != nil && good.FinishedAt != nil {
			assert.Equal(t, app.ImportFailed, bad.State)
			assert.Equal(t, "its worker died three times", *bad.Error)
			assert.Equal(t, app.ImportSucceeded, good.State)
			assert.Equal(t, 3, deaths)
			return
		}
	}
}
