// Package ts_test runs the tests of the TypeScript client against the program itself.
package ts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/servertest"
)

// TestClient has Node.js run the client's tests.
func TestClient(t *testing.T) {
	t.Parallel()
	compile(t)
	server, err := servertest.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	tests, err := filepath.Glob("test/*.test.ts")
	require.NoError(t, err)
	require.NotEmpty(t, tests)
	args := []string{"--test", "--test-reporter=spec"}
	for _, test := range tests {
		args = append(args, filepath.Join("build", "test", filepath.Base(test[:len(test)-len(".ts")])+".js"))
	}
	run(t, ".", []string{
		"EDGEVALUE_TEST_URL=" + server.URL, "EDGEVALUE_TEST_SUPERUSER=" + server.Superuser, "EDGEVALUE_TEST_PASSWORD=" + server.Password,
	}, "node", args...)
}

// consumer is a program of somebody else's.
const consumer = `import { createClient, isProblem, pages, unwrap, type Schemas } from "@edgevalue/client";

const client = createClient({
  baseUrl: "http://localhost",
  fetch: async (request) => Response.json(request.url.includes("page_token") ? { items: [{ id: 2 }], next_page_token: null }
    : request.url.endsWith("/users") ? { items: [{ id: 1 }], next_page_token: "x" }
    : { type: "/problems/not-found", title: "Not found", status: 404 }, { status: request.url.endsWith("/me") ? 404 : 200 }),
});
const ids: Schemas["User"]["id"][] = [];
for await (const user of pages(client.GET, "/users")) ids.push(user.id);
const error: unknown = await unwrap(client.GET("/users/me")).catch((e: unknown) => e);
console.log(ids.join(), isProblem(error, "not-found") && error.status);
`

// TestPackage installs the package as others do.
func TestPackage(t *testing.T) {
	t.Parallel()
	compile(t)
	dir := t.TempDir()
	run(t, ".", nil, "npm", "pack", "--silent", "--pack-destination", dir)
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	require.NoError(t, err)
	require.Len(t, packed, 1)
	write := func(path, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600))
	}
	write("package.json", `{"type": "module"}`)
	write("index.ts", consumer)
	run(t, dir, nil, "npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", packed[0])
	installed, err := filepath.Glob(filepath.Join(dir, "node_modules", "[^.]*"))
	require.NoError(t, err)
	var names []string
	for _, path := range installed {
		names = append(names, filepath.Base(path))
	}
	require.ElementsMatch(t, []string{"@edgevalue", "openapi-fetch", "openapi-typescript-helpers"}, names)
	require.FileExists(t, filepath.Join(dir, "node_modules", "@edgevalue", "client", "LICENSE"))
	tsc, err := filepath.Abs("node_modules/.bin/tsc")
	require.NoError(t, err)
	for module, resolution := range map[string]string{"nodenext": "nodenext", "esnext": "bundler"} {
		run(t, dir, nil, tsc, "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--lib", "es2022,dom,dom.iterable",
			"--module", module, "--moduleResolution", resolution, "index.ts")
		require.Equal(t, "1,2 404\n", run(t, dir, nil, "node", "index.js"))
	}
}

var compiled sync.Mutex

// compile compiles the client and its tests with the packages that it needs, or ends a test that cannot be run without
// Node.js.
func compile(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { uncached(t) })
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatal(name + " is missing: scripts/install-node.sh installs it")
		}
		t.Skip(name + " is missing: scripts/install-node.sh installs it; in CI this would be a failure")
	}
	compiled.Lock()
	defer compiled.Unlock()
	run(t, "../..", nil, "make", "--no-print-directory", "client/ts/node_modules/.package-lock.json")
	run(t, ".", nil, "node_modules/.bin/tsc", "-b", ".", "test")
}

// uncached keeps Go from taking an earlier result, as it does not know what is tested: it keeps none of a test that read a
// file which has just been written.
func uncached(t *testing.T) {
	t.Helper()
	path := filepath.Join("build", "uncached")
	require.NoError(t, os.MkdirAll("build", 0o755))
	require.NoError(t, os.WriteFile(path, []byte(t.Name()), 0o600))
	_, err := os.ReadFile(path)
	require.NoError(t, err)
}

// run returns what a command writes, with env beside this process's variables, and fails with it.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c, err, out)
	}
	return string(out)
}
