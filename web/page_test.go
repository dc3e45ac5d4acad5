//go:build web

// Package web_test uses the page in a browser as a person would.
package web_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/servertest"
)

// TestPage has Vitest run the tests of e2e with Chromium, against the program.
func TestPage(t *testing.T) {
	server, err := servertest.Start(t.Context(), "USERS_OPEN_REGISTRATION=true")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	chromium, ok := os.LookupEnv("CHROMIUM")
	for _, name := range []string{"chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && !ok {
			chromium, ok = path, true
		}
	}
	require.True(t, ok, "there is no browser: scripts/install-chromium.sh installs one, or CHROMIUM names it")
	cmd := exec.CommandContext(t.Context(), "npx", "--no-install", "vitest", "run", "--config", "e2e/vitest.config.ts")
	cmd.Env = append(os.Environ(), "CHROMIUM="+chromium,
		"EDGEVALUE_TEST_URL="+server.URL, "EDGEVALUE_TEST_SUPERUSER="+server.Superuser, "EDGEVALUE_TEST_PASSWORD="+server.Password)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	require.NoError(t, cmd.Run())
}
