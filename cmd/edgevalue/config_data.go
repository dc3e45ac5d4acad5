package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/go-faster/errors"
	"github.com/robfig/cron/v3"

	"github.com/edgevalue/edgevalue/internal/edgar"
)

// DataConfig is the part of the configuration that is about where companies and their filings come from.
type DataConfig struct {
	// MaxUploads is how many files one process receives at a time.
	MaxUploads int `env:"MAX_UPLOADS" envDefault:"4"`

	// EdgarUserAgent is who asks the SEC for filings, as it demands: a name and an email address. Sync is off without one.
	EdgarUserAgent string `env:"EDGAR_USER_AGENT"`
	EdgarDataURL   string `env:"EDGAR_DATA_URL" envDefault:"https://data.sec.gov"`
	EdgarFilesURL  string `env:"EDGAR_FILES_URL" envDefault:"https://www.sec.gov"`
	// SyncSchedule is when all companies are synced, as a cron expression in UTC.
	SyncSchedule schedule `env:"SYNC_SCHEDULE" envDefault:"0 6 * * *"`
	// SyncConcurrency is how many companies' facts one process reads at a time.
	SyncConcurrency int `env:"SYNC_CONCURRENCY" envDefault:"2"`
	// SyncDir is where bulk files of EDGAR are while they are read, up to 3 GB; for dev in its folder by default, else in
	// that of temporary files.
	SyncDir string `env:"SYNC_DIR"`
}

func (c *Config) setDataDefaults(p purpose) {
	if c.SyncDir == "" {
		c.SyncDir = filepath.Join(os.TempDir(), "edgevalue-sync")
		if p == forDev || p == forTool && c.DSN() == "" {
			c.SyncDir = filepath.Join(stateDir, "edgar")
		}
	}
}

func (e *configError) checkData(c Config) {
	e.between("MAX_UPLOADS", c.MaxUploads, 1, 1000)
	e.between("SYNC_CONCURRENCY", c.SyncConcurrency, 1, 100)
	if agent := c.EdgarUserAgent; agent != "" {
		e.addIf(!strings.Contains(agent, "@") || strings.ContainsFunc(agent, func(r rune) bool { return r < ' ' || r > '~' }),
			"EDGAR_USER_AGENT", "%q is not a name and an email address, such as \"Name name@example.com\"", agent)
	}
	_, err := edgar.New(edgar.Config{DataURL: c.EdgarDataURL, UserAgent: "check"})
	e.addIf(err != nil, "EDGAR_DATA_URL", "%q is not a URL such as https://data.sec.gov", c.EdgarDataURL)
	_, err = edgar.New(edgar.Config{FilesURL: c.EdgarFilesURL, UserAgent: "check"})
	e.addIf(err != nil, "EDGAR_FILES_URL", "%q is not a URL such as https://www.sec.gov", c.EdgarFilesURL)
}

// A schedule is a cron expression, by UTC.
type schedule struct {
	cron.Schedule
	text string
}

func (s *schedule) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	parsed, err := cron.ParseStandard("TZ=UTC " + text)
	if err != nil || strings.Contains(text, "TZ=") {
		return errors.Errorf("%q is not a cron expression such as 0 6 * * *", text)
	}
	*s = schedule{parsed, text}
	return nil
}

func (s schedule) String() string { return s.text }
