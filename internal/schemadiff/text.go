package main

import (
	"context"
	"database/sql"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// lexeme is what a semicolon may be part of, a semicolon, or a line's end.
var lexeme = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$|;`)

// statements reads the statements of a file, each with the comments before it.
func statements(text string) (list []step) {
	begin, body := 0, -1 // of the statement, and of its text after comments
	for at := 0; at < len(text); {
		found := lexeme.FindStringIndex(text[at:])
		if found == nil {
			break
		}
		if between := text[at : at+found[0]]; body < 0 && strings.TrimSpace(between) != "" {
			body = at + len(between) - len(strings.TrimLeft(between, " \n\t"))
		}
		word, next := text[at+found[0]:at+found[1]], at+found[1]
		switch {
		case word == ";":
			if body >= 0 {
				list = append(list, step{about: strings.TrimLeft(text[begin:body], " \n\t"), sql: text[body : next-1], hazards: nil})
			}
			begin, body = next, -1
		case word[0] == '$':
			if end := strings.Index(text[next:], word); end >= 0 {
				next += end + len(word)
			}
		case strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*"):
		case body < 0:
			body = at + found[0]
		}
		at = next
	}
	return list
}

// object finds what a declaring statement is about: the table, or the function that it makes.
var object = regexp.MustCompile(`(?s)^(?:CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+)|CREATE (?:UNIQUE )?INDEX \w+\s+ON (\w+)|ALTER TABLE (\w+)` +
	`|CREATE SEQUENCE \w+ OWNED BY (\w+)\.|CREATE (?:CONSTRAINT )?TRIGGER .*? ON (\w+)|CREATE FUNCTION (\w+))`)

// asDeclared returns the statements that declare new tables, with their indexes, triggers and new functions, as they are
// written, in an order in which they can be carried out, after it has carried them out in the database at. When they
// cannot be, it returns none.
func (w *workshop) asDeclared(ctx context.Context, at string, declared fs.FS, tables []string) (steps []step, err error) {
	known := map[string]bool{}
	if err := w.do(at, func(db *sql.DB) error {
		names, err := texts(ctx, db, "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
		for _, name := range names {
			known[name] = true
		}
		return err
	}); err != nil {
		return nil, err
	}
	names, err := fs.Glob(declared, "*.sql")
	if err != nil {
		return nil, wrap(err, "list the declared tables")
	}
	var open []step
	for _, name := range names {
		text, err := fs.ReadFile(declared, name)
		if err != nil {
			return nil, wrap(err, "read the declared tables")
		}
		for _, s := range statements(string(text)) {
			of := object.FindStringSubmatch(s.sql)
			if of == nil {
				continue
			}
			table, function := strings.Join(of[1:6], ""), of[6]
			if slices.Contains(tables, table) || function != "" && !known[function] && about(string(text), tables) {
				open = append(open, s)
			}
		}
	}
	trial, err := w.clone(ctx, at)
	if err != nil {
		return nil, err
	}
	for len(open) > 0 {
		var waiting []step
		for _, s := range open {
			err := w.run(ctx, trial, []step{s})
			switch {
			case err == nil:
				steps = append(steps, s)
			case isMissing(err):
				waiting = append(waiting, s)
			default:
				return nil, nil // the planner's way may do
			}
		}
		if len(waiting) == len(open) {
			return nil, nil
		}
		open = waiting
	}
	return steps, w.run(ctx, at, steps)
}

var replaceFunction = regexp.MustCompile(`^CREATE OR REPLACE FUNCTION (\w+)\(`)

// replaced writes functions as they are declared.
func replaced(steps []step, declared fs.FS) ([]step, error) {
	names, err := fs.Glob(declared, "*.sql")
	if err != nil {
		return nil, wrap(err, "list the declared tables")
	}
	functions := map[string][]step{}
	for _, name := range names {
		text, err := fs.ReadFile(declared, name)
		if err != nil {
			return nil, wrap(err, "read the declared tables")
		}
		for _, s := range statements(string(text)) {
			if of := object.FindStringSubmatch(s.sql); of != nil && of[6] != "" {
				functions[of[6]] = append(functions[of[6]], s)
			}
		}
	}
	for i, s := range steps {
		found := replaceFunction.FindStringSubmatch(s.sql)
		if found == nil || len(functions[found[1]]) != 1 {
			continue
		}
		as := functions[found[1]][0]
		steps[i].about, steps[i].sql = as.about, "CREATE OR REPLACE"+strings.TrimPrefix(as.sql, "CREATE")
	}
	return steps, nil
}

// about tells whether a file declares one of the tables.
func about(text string, tables []string) bool {
	return slices.ContainsFunc(tables, func(table string) bool {
		return regexp.MustCompile(`(?m)^CREATE TABLE ` + regexp.QuoteMeta(table) + `\b`).MatchString(text)
	})
}
