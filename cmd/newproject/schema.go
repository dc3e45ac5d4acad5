package main

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
)

// The declared tables, and the migrations that lead to them.
const (
	tablesGlob     = "schema/tables/*.sql"
	migrationsGlob = "schema/[0-9]*.sql"
	firstMigration = "schema/00001_init.sql"
)

var (
	creates = regexp.MustCompile(`(?mi)^CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+)?(TABLE|FUNCTION|PROCEDURE|TYPE|DOMAIN|SEQUENCE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)`)
	routine = regexp.MustCompile(`(?i)^(CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\s|DO\s+\$)`)
	quote   = regexp.MustCompile(`\$\w*\$`)
	// A trigger of a table that other migrations make, such as River's, goes before its function.
	trigger = regexp.MustCompile(`(?mi)^CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s+(\w+)\s[^;]*?\sON\s+(\w+)`)
	comment = regexp.MustCompile(`(?m)--.*$`)
)

// freshSchema replaces the migrations by one that makes the declared tables.
func freshSchema(files map[string]file) error {
	var names []string
	for name := range files {
		if glob(tablesGlob)(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return errors.Errorf("there are no tables: nothing matches %s", tablesGlob)
	}
	order, err := tablesOrder(names, files)
	if err != nil {
		return err
	}
	for name := range files {
		if glob(migrationsGlob)(name) {
			delete(files, name)
		}
	}
	var up strings.Builder
	up.WriteString("-- +goose Up\n\nSET LOCAL lock_timeout = '5s';\n")
	// Taken back in the other direction: tables before the functions that they or their triggers use.
	var triggers, tables, others []string
	made := map[string]bool{}
	for _, name := range order {
		text := string(files[name].content)
		up.WriteString("\n" + strings.TrimSpace(statements(text)) + "\n")
		for _, m := range creates.FindAllStringSubmatch(text, -1) {
			kind, what := strings.ToUpper(m[1]), m[2]
			drop := fmt.Sprintf("DROP %s %s;\n", kind, what)
			switch kind {
			case "TABLE", "VIEW":
				tables = append(tables, drop)
			case "SEQUENCE": // it may have gone with a column
				others = append(others, fmt.Sprintf("DROP SEQUENCE IF EXISTS %s;\n", what))
			default:
				others = append(others, drop)
			}
			made[what] = true
		}
		for _, m := range trigger.FindAllStringSubmatch(text, -1) {
			if !made[m[2]] {
				triggers = append(triggers, fmt.Sprintf("DROP TRIGGER %s ON %s;\n", m[1], m[2]))
			}
		}
	}
	slices.Reverse(tables)
	slices.Reverse(others)
	down := slices.Concat(triggers, tables, others)
	files[firstMigration] = file{[]byte(up.String() + "\n-- +goose Down\n\n" + strings.Join(down, "")), 0o644}
	return nil
}

// tablesOrder sorts files of tables so that each comes after those whose tables and functions it refers to, else by name.
func tablesOrder(names []string, files map[string]file) ([]string, error) {
	slices.Sort(names)
	madeIn := map[string]string{}
	for _, name := range names {
		for _, m := range creates.FindAllStringSubmatch(string(files[name].content), -1) {
			madeIn[m[2]] = name
		}
	}
	made := slices.Sorted(maps.Keys(madeIn))
	needs := map[string][]string{}
	for _, name := range names {
		text := comment.ReplaceAllString(string(files[name].content), "")
		for _, what := range made {
			refers := regexp.MustCompile(`(?i)\b(REFERENCES\s+` + what + `\b|ON\s+` + what + `\b|` + what + `\()`)
			if madeIn[what] != name && refers.MatchString(text) {
				needs[name] = append(needs[name], madeIn[what])
			}
		}
	}
	var order []string
	state := map[string]int{} // 1: its needs are being added, 2: added
	var add func(name string) error
	add = func(name string) error {
		switch state[name] {
		case 1:
			return errors.Errorf("%s refers to a file of tables that refers to it", path.Base(name))
		case 2:
			return nil
		}
		state[name] = 1
		for _, n := range needs[name] {
			if err := add(n); err != nil {
				return err
			}
		}
		state[name] = 2
		order = append(order, name)
		return nil
	}
	for _, name := range names {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// statements tells goose where a statement that has semicolons in it begins and ends.
func statements(text string) string {
	var out strings.Builder
	inside, quotes := false, 0
	for line := range strings.Lines(text) {
		if !inside && routine.MatchString(line) {
			out.WriteString("-- +goose StatementBegin\n")
			inside, quotes = true, 0
		}
		out.WriteString(line)
		if !inside {
			continue
		}
		quotes += len(quote.FindAllString(line, -1))
		if quotes%2 == 0 && strings.HasSuffix(strings.TrimSpace(line), ";") {
			out.WriteString("-- +goose StatementEnd\n")
			inside = false
		}
	}
	return out.String()
}
