//go:build clients

package testclients

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/edgevalue/edgevalue/internal/servertest"
)

// patience is how long one command may take.
const patience = 10 * time.Minute

// steps are what each program does with its client, in this order.
var steps = []string{"page", "read", "log in", "refresh", "problem", "upload"}

// A workplace is a temporary copy of this folder in which one client is generated, compiled and run.
type workplace struct {
	t      *testing.T
	server *lateServer
	name   string // of the client, and of its folder, in which commands run
	here   string // the absolute path of this package's folder
	dir    string // that of the copy
	spec   string // that of openapi.yaml
	phases []string
}

// lateServer is a server that starts while clients are generated.
type lateServer struct {
	started chan struct{}
	server  *servertest.Server
	err     error
}

func startServer(t *testing.T) *lateServer {
	s := &lateServer{started: make(chan struct{})}
	go func() {
		defer close(s.started)
		s.server, s.err = servertest.Start(t.Context())
	}()
	t.Cleanup(func() {
		<-s.started
		if s.err != nil {
			return
		}
		assert.NoError(t, s.server.Stop())
	})
	return s
}

func newWorkplace(t *testing.T, server *lateServer, name string) *workplace {
	t.Parallel()
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	w := &workplace{t: t, server: server, name: name, here: here, dir: t.TempDir(), spec: filepath.Join(here, "..", "..", "openapi.yaml")}
	require.NoError(t, os.CopyFS(filepath.Join(w.dir, name), os.DirFS(name)))
	for _, pattern := range []string{"*.json", "*.ts", "*.mjs", "*.csv"} {
		files, err := fs.Glob(os.DirFS("."), pattern)
		require.NoError(t, err)
		for _, file := range files {
			require.NoError(t, os.Symlink(filepath.Join(here, file), filepath.Join(w.dir, file)))
		}
	}
	require.NoError(t, os.Symlink(filepath.Join(here, "node_modules"), filepath.Join(w.dir, "node_modules")))
	return w
}

// do runs a command in the client's folder and returns what it wrote to standard output. A failure ends the test.
func (w *workplace) do(env []string, program string, args ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	bin := filepath.Join(w.here, "node_modules", ".bin")
	if _, err := os.Stat(filepath.Join(bin, program)); err == nil {
		program = filepath.Join(bin, program)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = filepath.Join(w.dir, w.name)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1", "GOWORK=off", "OPENAPI="+w.spec)
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	require.NoErrorf(w.t, err, "%s\n%s%s", cmd, &stdout, &stderr)
	return stdout.String()
}

// phase does a part of the work, and notes how long it took.
func (w *workplace) phase(name string, work func()) {
	w.t.Helper()
	start := time.Now()
	work()
	w.phases = append(w.phases, fmt.Sprintf("%s %.1f s", name, time.Since(start).Seconds()))
}

// run has the client's program call the server, checks that it has done every step, and reports. The program's last
// arguments are the address of the API, a ticker that no company has, and a file of prices.
func (w *workplace) run(versions, program string, args ...string) {
	w.t.Helper()
	<-w.server.started
	require.NoError(w.t, w.server.err)
	server := w.server.server
	defer func() {
		if w.t.Failed() {
			w.t.Logf("the server wrote, at the end:\n%s", server.Log())
		}
	}()
	ticker := strings.ToUpper(w.name)
	var out string
	w.phase("run", func() {
		args = append(args, server.URL+"/api/v1", ticker, filepath.Join(w.dir, "prices.csv"))
		out = w.do([]string{"USERNAME=" + server.Superuser, "PASSWORD=" + server.Password}, program, args...)
	})
	var done []string
	report := new(strings.Builder)
	for line := range strings.Lines(out) {
		step, what, _ := strings.Cut(strings.TrimSpace(line), "\t")
		done = append(done, step)
		fmt.Fprintf(report, "\n    %-8s %s", step, what)
	}
	require.Equal(w.t, steps, done, out)
	assert.Equal(w.t, []string{"2024-01-02 109.33", "2024-01-03 184.25", "2024-01-04 181.91"}, prices(w.t, server, ticker))
	w.t.Logf("%s: %s%s", versions, strings.Join(w.phases, ", "), report)
}

// prices are the days and closing prices of a listing, asked for without any client.
func prices(t *testing.T, server *servertest.Server, ticker string) []string {
	t.Helper()
	res, err := http.Get(server.URL + "/api/v1/companies/" + ticker + "/prices")
	require.NoError(t, err)
	defer func() { assert.NoError(t, res.Body.Close()) }()
	var page struct {
		Items []struct {
			Date  string      `json:"date"`
			Close json.Number `json:"close"`
		} `json:"items"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&page))
	var list []string
	for _, price := range page.Items {
		list = append(list, price.Date+" "+price.Close.String())
	}
	return list
}

// npmVersions names installed packages with their versions.
func (w *workplace) npmVersions(packages ...string) string {
	var list []string
	for _, name := range packages {
		var meta struct {
			Version string `json:"version"`
		}
		content, err := os.ReadFile(filepath.Join(w.here, "node_modules", name, "package.json"))
		require.NoError(w.t, err, `"make test-clients" installs the generators`)
		require.NoError(w.t, json.Unmarshal(content, &meta))
		list = append(list, name+" "+meta.Version)
	}
	return strings.Join(list, ", ")
}

// runTypeScript compiles main.ts, with all that it imports, and runs it.
func (w *workplace) runTypeScript(versions string) {
	w.t.Helper()
	w.phase("compile", func() { w.do(nil, "tsc", "--project", ".") })
	w.do(nil, "esbuild", "main.ts", "--bundle", "--format=esm", "--platform=node", "--log-level=warning", "--outfile=main.mjs")
	w.run(versions, "node", "../run.mjs", "main.mjs")
}

func TestClients(t *testing.T) {
	server := startServer(t)

	t.Run("openapi-fetch", func(t *testing.T) {
		w := newWorkplace(t, server, "openapi-fetch")
		versions := w.npmVersions("openapi-typescript", "openapi-fetch", "typescript")
		w.phase("generate", func() { w.do(nil, "node", "generate.mjs", w.spec, "generated/schema.ts") })
		w.runTypeScript(versions)
	})

	t.Run("hey-api", func(t *testing.T) {
		w := newWorkplace(t, server, "hey-api")
		versions := w.npmVersions("@hey-api/openapi-ts", "typescript")
		w.phase("generate", func() { w.do(nil, "openapi-ts", "--file", "openapi-ts.config.mjs", "--no-log-file") })
		w.runTypeScript(versions)
	})

	t.Run("orval", func(t *testing.T) {
		w := newWorkplace(t, server, "orval")
		versions := w.npmVersions("orval", "zod", "typescript")
		w.phase("generate", func() { w.do(nil, "orval", "--config", "orval.config.mjs") })
		w.runTypeScript(versions)
	})

	t.Run("oapi-codegen", func(t *testing.T) {
		w := newWorkplace(t, server, "oapi-codegen")
		var version string
		w.phase("build the generator", func() {
			lines := strings.Fields(w.do(nil, "go", "tool", "oapi-codegen", "-version"))
			version = "oapi-codegen " + lines[len(lines)-1]
		})
		require.NoError(t, os.Mkdir(filepath.Join(w.dir, w.name, "client"), 0o755))
		w.phase("generate", func() { w.do(nil, "go", "tool", "oapi-codegen", "-config", "oapi-codegen.yaml", w.spec) })
		w.phase("compile", func() {
			w.do(nil, "go", "vet", "./...")
			w.do(nil, "go", "build", "-o", "main", ".")
		})
		w.run(version, "./main")
	})

	t.Run("openapi-generator-python", func(t *testing.T) {
		w := newWorkplace(t, server, "openapi-generator")
		generate, version := w.openAPIGenerator()
		if _, err := exec.LookPath("python3"); err != nil {
			t.Skip(version + ": there is no python3")
		}
		if out, err := exec.CommandContext(t.Context(), "python3", "-c", "import pydantic, urllib3, dateutil").CombinedOutput(); err != nil {
			t.Skipf("%s: python3 lacks what a client needs:\n%s", version, out)
		}
		w.phase("generate", func() { generate("python", "--package-name", "client") })
		w.phase("compile", func() {
			w.do([]string{"PYTHONPYCACHEPREFIX=" + t.TempDir()}, "python3", "-m", "compileall", "-q", "client")
		})
		w.run(version+", python", "python3", "main.py")
	})

	t.Run("openapi-generator-dart", func(t *testing.T) {
		w := newWorkplace(t, server, "openapi-generator")
		generate, version := w.openAPIGenerator()
		w.phase("generate", func() { generate("dart") })
		content, err := os.ReadFile(filepath.Join(w.dir, w.name, "lib", "api", "imports_api.dart"))
		require.NoError(t, err)
		assert.Contains(t, string(content), "importPrices(MultipartFile file, ")
		t.Logf("%s, dart: %s; not compiled, which takes a Dart SDK", version, strings.Join(w.phases, ", "))
	})
}

// openAPIGenerator returns how to have openapi-generator generate a client here, and its version. It skips the test where
// the generator cannot run.
func (w *workplace) openAPIGenerator() (generate func(language string, args ...string), version string) {
	w.t.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		w.t.Skip("openapi-generator: there is no Java")
	}
	jar := os.Getenv("OPENAPI_GENERATOR_JAR")
	if info, err := os.Stat(jar); err != nil || info.IsDir() {
		w.t.Skipf("openapi-generator: OPENAPI_GENERATOR_JAR=%q is no file: \"make test-clients\" fetches it", jar)
	}
	version = strings.TrimSpace(w.do(nil, "java", "-jar", jar, "version"))
	spec := w.spec
	if strings.HasPrefix(version, "7.0.") { // which does not know OpenAPI 3.1 well enough
		spec = "openapi-3.0.yaml"
		w.do(nil, "openapi-down-convert", "--input", w.spec, "--output", spec)
	}
	return func(language string, args ...string) {
		w.do(nil, "java", append([]string{"-jar", jar, "generate", "--skip-validate-spec", "--global-property",
			"apiDocs=false,modelDocs=false,apiTests=false,modelTests=false", "-g", language, "-i", spec, "-o", "."}, args...)...)
	}, "openapi-generator " + version
}
