package main

import (
	"path"
	"regexp"
	"strings"
)

// A step writes some of the generated files.
type step struct {
	name string
	// tool is run with args, in which OUT stands for the folder that takes the project's place for what is written, and
	// then with thenArgs after it.
	tool     tool
	args     []string
	then     *tool
	thenArgs []string
	dir      string // where the tool runs, below the project's folder

	inputs  []string // files and folders
	types   []string // folders of Go code whose declarations matter
	outputs []string // files and folders, which hold nothing else; none of a step that only checks
	linked  []string // what the tool looks for beside what it writes
	inPlace bool     // whether it can write to the project only
	beside  bool     // whether no later step reads what it writes, nor writes what it reads

	// clean makes of what a tool says about a mistake what a person needs; nil leaves it.
	clean func(string) string
}

// A tool is a program of go.mod's or of this project.
type tool struct {
	pkg    string
	source []string // the folders of its source, if it is the project's
	test   bool     // whether it is the tests of pkg
	// modules is, of a tool that is a script for Node.js, the file that its packages are installed with by "make"; pkg is
	// the script then.
	modules string
}

func (t tool) name() string {
	if t.test {
		return path.Base(t.pkg) + ".test"
	}
	return path.Base(t.pkg)
}

var steps = []step{
	{
		name:   "contract",
		tool:   tool{pkg: "./internal/apicheck", source: []string{"internal/apicheck", "internal/contract"}},
		args:   []string{"openapi.yaml"},
		inputs: []string{"openapi.yaml", "gen/ogen.yml"},
	},
	// newproject:companies
	{
		name:    "metrics",
		tool:    tool{pkg: "./internal/value/metric", source: []string{"internal/value"}, test: true},
		args:    []string{"-test.run=^(TestContract|TestDocument)$", "-update"},
		dir:     "internal/value/metric",
		inputs:  []string{"openapi.yaml", "internal/sample", "internal/sec"},
		outputs: []string{"openapi.yaml", "docs/metrics.md"},
		inPlace: true,
		clean:   testFailure,
	},
	// newproject:end
	{
		name: "types",
		tool: tool{
			pkg: "client/ts/generate.mjs", source: []string{"client/ts/generate.mjs", "client/ts/package.json", "client/ts/package-lock.json"},
			modules: "client/ts/node_modules/.package-lock.json",
		},
		args:    []string{"openapi.yaml", "OUT"},
		inputs:  []string{"openapi.yaml"},
		outputs: []string{"gen/ts", "client/ts/test/operations_gen.ts"},
		beside:  true,
	},
	{
		name:    "api",
		tool:    tool{pkg: "./internal/oasgen", source: []string{"internal/oasgen"}},
		args:    []string{"gen/ogen.yml", "openapi.yaml", "OUT/gen/oas"},
		inputs:  []string{"openapi.yaml", "gen/ogen.yml"},
		outputs: []string{"gen/oas"},
		clean:   contractFailure,
	},
	{
		name:    "client",
		tool:    tool{pkg: "./internal/clientgen", source: []string{"internal/clientgen"}},
		args:    []string{"openapi.yaml", "gen/oas/oas_parameters_gen.go", "OUT/client/contract_gen.go"},
		inputs:  []string{"openapi.yaml", "gen/oas/oas_parameters_gen.go"},
		outputs: []string{"client/contract_gen.go"},
	},
	{
		name:     "queries",
		tool:     tool{pkg: "github.com/sqlc-dev/sqlc/cmd/sqlc"},
		args:     []string{"generate", "-f", "OUT/sqlc.yaml"},
		then:     &tool{pkg: "./internal/dbgen", source: []string{"internal/dbgen"}},
		thenArgs: []string{"OUT/gen/db"},
		inputs:   []string{"sqlc.yaml", "schema/tables", "schema/river", "schema/staging", "queries"},
		outputs:  []string{"gen/db"},
		linked:   []string{"sqlc.yaml", "schema", "queries"},
		clean:    sqlFailure,
	},
	// newproject:companies
	{
		name:    "values",
		tool:    tool{pkg: "./internal/valuegen", source: []string{"internal/valuegen"}},
		args:    []string{"openapi.yaml", "OUT/internal/value/fields_gen.go"},
		inputs:  []string{"openapi.yaml"},
		outputs: []string{"internal/value/fields_gen.go"},
	},
	// newproject:end
	{
		name: "convert",
		tool: tool{pkg: "github.com/jmattheis/goverter/cmd/goverter"},
		args: []string{
			"gen", "-g", "matchIgnoreCase", "-g", "skipCopySameType", "-g", "useUnderlyingTypeMethods", "-g", "enum no",
			"-g", "output:format assign-variable", "-g", "output:file convert_gen.go", "-g", "extend as.*", "./internal/app", "./internal/api",
		},
		inputs: []string{
			"gen/oas/oas_schemas_gen.go", "gen/db",
			"internal/value/fields_gen.go", // newproject:companies
		},
		types: []string{
			"internal/app", "internal/api",
			"internal/value", // newproject:companies
		},
		outputs: []string{"internal/app/convert_gen.go", "internal/api/convert_gen.go"},
		inPlace: true,
	},
}

var place = regexp.MustCompile(`^- (\S+:[0-9:]+) -> (.*)`)

// contractFailure makes "file:line: sentence" of ogen's "- file:line -> sentence", and leaves out the lines it cites.
func contractFailure(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if found := place.FindStringSubmatch(strings.TrimSpace(line)); found != nil {
			lines = append(lines, found[1]+": "+found[2])
		}
	}
	if len(lines) == 0 {
		return text
	}
	return strings.Join(lines, "\n")
}

// sqlFailure leaves sqlc's "file:line:column: sentence".
func sqlFailure(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# package") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// newproject:companies
var testNoise = regexp.MustCompile(`(?m)^(---|===|FAIL|exit status|\s*Error Trace:|\s*Test:).*\n?`)

func testFailure(text string) string { return strings.TrimSpace(testNoise.ReplaceAllString(text, "")) }

// newproject:end
