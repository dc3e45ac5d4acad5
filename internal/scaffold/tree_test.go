//go:build scaffold

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Three resources and a job in a copy of the whole tree: it is generated, checked and tested without an edit, and each of
// the new operations is called for its success and for each error that it names.
func TestTree(t *testing.T) {
	root := copyTree(t)
	do := func(name string, args ...string) {
		t.Helper()
		t.Logf("%s %s", name, strings.Join(args, " "))
		c := exec.Command(name, args...)
		c.Dir = root
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	there := func(table string) bool {
		_, err := os.Stat(filepath.Join(root, "schema", "tables", table+".sql"))
		return err == nil
	}
	fields := everyType("user_account")
	if there("currency") {
		fields += " budget:money spent:money?"
	}
	if there("company") {
		fields += " company:ref rival:ref(company)?"
	}
	for _, args := range [][]string{
		{"-name", "gadget", "-fields", fields, "-owner", "user"},
		{"-name", "gadget_part", "-fields", "gadget:ref other:ref(gadget)? url:text? ids:int[]?", "-owner", "user"},
		{"-name", "sticker", "-fields", "label:text(20)"},
	} {
		require.NoError(t, run(root, append([]string{"resource"}, args...), os.Stderr))
	}
	require.NoError(t, run(root, []string{"job", "-name", "count_stickers", "-fields", "user:int word:text sort:enum(up|down) since:date? tags:text[]?"}, os.Stderr))

	do("go", "generate", "./gen")
	do("go", "build", "./...")
	packages := []string{"./internal/app", "./internal/api", "./internal/jobs"}
	do("go", append([]string{"vet"}, packages...)...)
	do("go", append([]string{"tool", "-modfile=scripts/lint/go.mod", "golangci-lint", "run", "--allow-parallel-runners", "--timeout", "20m"}, packages...)...)
	do("make", "check-schema")
	do("make", "client-lint", "web/node_modules/.package-lock.json")
	do("web/node_modules/.bin/tsc", "--noEmit", "--project", "web")
	do("go", "build", "-o", "bin/pgtest", "./internal/pgtest/run")
	do("bin/pgtest", "go", "test", "./internal/app", "-run", "^TestEveryWriterLeavesAnEvent$")
	do("bin/pgtest", "go", "test", "./internal/jobs", "-run", "^Test(CountStickers|EveryJobHasItsWorker)$")
	do("bin/pgtest", "go", "test", "./internal/api", "-whole", "Gadget|Sticker", "-run",
		"^Test(Gadget|MostGadget|Sticker|NobodyAndOrdinaryUsersAreRefused|WhatIsNotThere|WrongParameters|WrongBodies|WrongFields|"+
			"EveryPropertyIsWritten|WhatKeysMayNotDo|RefusalsSpeakToPeople|MistakesChangeNothing|HandlersReadTheirParameters)")
}
