package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDataConfigDefaults(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(nil, t.TempDir(), forTool)
	require.NoError(t, err)
	want := DataConfig{
		MaxUploads: 4, EdgarDataURL: "https://data.sec.gov", EdgarFilesURL: "https://www.sec.gov", SyncSchedule: c.SyncSchedule,
		SyncConcurrency: 2, SyncDir: filepath.Join(stateDir, "edgar"), // as dev has it
	}
	assert.Equal(t, want, c.DataConfig)
	assert.Equal(t, "0 6 * * *", c.SyncSchedule.String())
	morning := time.Date(2026, 1, 2, 7, 0, 0, 0, time.UTC)
	assert.Equal(t, morning.Add(23*time.Hour), c.SyncSchedule.Next(morning))

	c, err = loadConfig(inProduction(), t.TempDir(), forServe)
	require.NoError(t, err)
	assert.Equal(t, "edgevalue-sync", filepath.Base(c.SyncDir))
}

func TestDataConfigMistakes(t *testing.T) {
	t.Parallel()
	_, err := loadConfig([]string{
		"EDGAR_USER_AGENT=Ada", "EDGAR_DATA_URL=ftp://mirror", "EDGAR_FILES_URL=mirror", "SYNC_SCHEDULE=daily", "SYNC_CONCURRENCY=0", "MAX_UPLOADS=0",
	}, t.TempDir(), forTool)
	var mistakes configError
	require.ErrorAs(t, err, &mistakes)
	want := []string{"EDGAR_DATA_URL: ", "EDGAR_FILES_URL: ", "EDGAR_USER_AGENT: ", "MAX_UPLOADS: ", "SYNC_CONCURRENCY: ", `SYNC_SCHEDULE: "daily"`}
	require.Len(t, mistakes, len(want))
	for i, line := range mistakes {
		assert.Contains(t, line, want[i])
	}
}

const printedData = `MAX_UPLOADS=4
EDGAR_USER_AGENT=
EDGAR_DATA_URL=https://data.sec.gov
EDGAR_FILES_URL=https://www.sec.gov
SYNC_SCHEDULE="0 6 * * *"
SYNC_CONCURRENCY=2
SYNC_DIR=/data/sync
`
