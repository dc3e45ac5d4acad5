package main

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
)

// A rename says that a table, or with columns a column of a table, is another one's successor, with its data.
type rename struct {
	table, to          string // the same for a column, unless the table is renamed, too
	column, columnInto string
}

func (r rename) String() string {
	if r.column == "" {
		return r.table + "=" + r.to
	}
	return r.to + "." + r.column + "=" + r.to + "." + r.columnInto
}

// columns holds the types of a database's columns by name, by table.
type columns map[string]map[string]string

func readColumns(ctx context.Context, db *sql.DB) (columns, error) {
	m, err := triples(ctx, db, `
		SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped`)
	if err != nil {
		return nil, err
	}
	tables := columns{}
	for key, typ := range m {
		if tables[key[0]] == nil {
			tables[key[0]] = map[string]string{}
		}
		tables[key[0]][key[1]] = typ
	}
	return tables, nil
}

// only returns the keys of a that b does not have, in order.
func only[V, W any](a map[string]V, b map[string]W) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

// parseRename reads old=new, where each is a table or table.column; the new column's table may be left out.
func parseRename(text string, from, to columns) (rename, error) {
	before, after, ok := strings.Cut(text, "=")
	before, after = strings.TrimSpace(before), strings.TrimSpace(after)
	if !ok || before == "" || after == "" {
		return rename{}, errors.Errorf("--rename %s is not like old_table=new_table or table.old_column=table.new_column", text)
	}
	table, column, isColumn := strings.Cut(before, ".")
	if !isColumn {
		_, was := from[table]
		_, stays := to[table]
		_, is := to[after]
		_, existed := from[after]
		if !was || stays || !is || existed {
			return rename{}, errors.Errorf("--rename %s: the table %s must be gone from the declared schema and %s be new in it", text, table, after)
		}
		return rename{table: table, to: after, column: "", columnInto: ""}, nil
	}
	newTable, newColumn, both := strings.Cut(after, ".")
	if !both {
		newTable, newColumn = table, after
	}
	return rename{table: table, to: newTable, column: column, columnInto: newColumn}, nil
}

// check refuses a column's rename that the two schemas do not show. The columns of renamed tables are under the new name.
func (r rename) check(from, to columns) error {
	_, was := from[r.to][r.column]
	_, stays := to[r.to][r.column]
	_, is := to[r.to][r.columnInto]
	_, existed := from[r.to][r.columnInto]
	if !was || stays || !is || existed {
		return errors.Errorf("--rename %s: the column %s must be gone from the declared table %s and %s be new in it", r, r.column, r.to, r.columnInto)
	}
	return nil
}

// A decider says whether what is gone goes on under another name.
type decider struct {
	renames []string // as of parseRename
	drops   []string // tables, and columns as table.column
	// ask answers a question; nil when there is nobody to ask.
	ask func(question string) (bool, error)
}

// decide finds the renames among what differs. It asks for each pair that may be one; without somebody to ask, that is an
// error.
func (d decider) decide(from, to columns) (renames []rename, err error) {
	var ofColumns []rename
	used := map[string]bool{}
	for _, text := range d.renames {
		r, err := parseRename(text, from, to)
		if err != nil {
			return nil, err
		}
		if r.column != "" {
			ofColumns = append(ofColumns, r)
			continue
		}
		renames, used[r.table], used[r.to] = append(renames, r), true, true
	}
	for _, table := range only(from, to) {
		for _, successor := range only(to, from) {
			if used[table] || used[successor] || slices.Contains(d.drops, table) || !alike(from[table], to[successor]) {
				continue
			}
			r := rename{table: table, to: successor, column: "", columnInto: ""}
			yes, err := d.same(r, "the table "+table, successor)
			if err != nil {
				return nil, err
			}
			if yes {
				renames, used[table], used[successor] = append(renames, r), true, true
			}
		}
	}
	from = maps.Clone(from)
	for _, r := range renames {
		from[r.to] = from[r.table]
		delete(from, r.table)
	}
	for _, r := range ofColumns {
		if err := r.check(from, to); err != nil {
			return nil, err
		}
		renames = append(renames, r)
		used[r.to+"."+r.column], used[r.to+"."+r.columnInto] = true, true
	}
	for _, table := range slices.Sorted(maps.Keys(to)) {
		if from[table] == nil {
			continue
		}
		for _, column := range only(from[table], to[table]) {
			for _, successor := range only(to[table], from[table]) {
				name, next := table+"."+column, table+"."+successor
				if used[name] || used[next] || slices.Contains(d.drops, name) || from[table][column] != to[table][successor] {
					continue
				}
				r := rename{table: table, to: table, column: column, columnInto: successor}
				yes, err := d.same(r, "the column "+name, successor)
				if err != nil {
					return nil, err
				}
				if yes {
					renames, used[name], used[next] = append(renames, r), true, true
				}
			}
		}
	}
	return renames, nil
}

func (d decider) same(r rename, what, successor string) (bool, error) {
	if d.ask == nil {
		old, _, _ := strings.Cut(r.String(), "=")
		return false, errors.Errorf("%s goes and %s comes: say --rename %s if that is the same with its data, or --drop %s to lose the data", what, successor, r, old)
	}
	return d.ask(fmt.Sprintf("Is %s called %s from now on, with its data? If not, the data is lost.", what, successor))
}

// alike tells tables of which one may be the other's successor: half of the columns are the same.
func alike(a, b map[string]string) bool {
	same := 0
	for name, typ := range a {
		if b[name] == typ {
			same++
		}
	}
	return 2*same >= max(len(a), len(b))
}

// carryOut renames in the database and returns the statements for that and, in their order, for the way back.
func (w *workshop) carryOut(ctx context.Context, name string, renames []rename) (up, down []step, err error) {
	var keywords map[string]bool
	if err := w.do(name, func(db *sql.DB) (err error) { keywords, err = reserved(ctx, db); return err }); err != nil {
		return nil, nil, err
	}
	quoted := func(name string) string { return tidy(`"`+name+`"`, keywords) }
	hazard := []string{"Breaks the version that runs: it asks for the old name until it is replaced."}
	for _, r := range renames {
		u := step{about: "", sql: "ALTER TABLE " + quoted(r.table) + " RENAME TO " + quoted(r.to), hazards: hazard}
		d := step{about: "", sql: "ALTER TABLE " + quoted(r.to) + " RENAME TO " + quoted(r.table), hazards: nil}
		if r.column != "" {
			u.sql = "ALTER TABLE " + quoted(r.to) + " RENAME COLUMN " + quoted(r.column) + " TO " + quoted(r.columnInto)
			d.sql = "ALTER TABLE " + quoted(r.to) + " RENAME COLUMN " + quoted(r.columnInto) + " TO " + quoted(r.column)
		}
		up, down = append(up, u), append([]step{d}, down...)
	}
	return up, down, w.run(ctx, name, up)
}

// parts lists what has a name of its own: its kind with its table, its name, and its definition without the name.
const parts = `
SELECT 'CONSTRAINT ' || c.conrelid::regclass, quote_ident(c.conname), pg_get_constraintdef(c.oid)
FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.conrelid <> 0
UNION ALL
SELECT 'INDEX ' || i.indrelid::regclass, quote_ident(c.relname), pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.conrelid = i.indrelid)
UNION ALL
SELECT 'TRIGGER ' || t.tgrelid::regclass, quote_ident(t.tgname), pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'SEQUENCE ' || d.refobjid::regclass, quote_ident(c.relname), d.refobjsubid::text
FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('i', 'a')
    AND d.refclassid = 'pg_class'::regclass
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'`

var nameInDefinition = regexp.MustCompile(`^(CREATE (?:UNIQUE )?INDEX|CREATE (?:CONSTRAINT )?TRIGGER) \S+ `)

// renameParts finds the constraints, indexes, triggers and sequences that differ in their names alone, and renames them in
// the database from.
func (w *workshop) renameParts(ctx context.Context, from, to string) (up, down []step, err error) {
	read := func(name string) (byDefinition map[[2]string]string, err error) {
		err = w.do(name, func(db *sql.DB) error {
			all, err := triples(ctx, db, parts)
			if err != nil {
				return err
			}
			byDefinition = map[[2]string]string{}
			for key, definition := range all {
				k := [2]string{key[0], nameInDefinition.ReplaceAllString(definition, "$1 ")}
				if strings.HasPrefix(key[0], "SEQUENCE ") {
					k[1] = "" // the columns of the two may have other numbers
				}
				if byDefinition[k] != "" {
					byDefinition[k] = "?" // two are the same
				} else {
					byDefinition[k] = key[1]
				}
			}
			return nil
		})
		return byDefinition, err
	}
	before, err := read(from)
	if err != nil {
		return nil, nil, err
	}
	after, err := read(to)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range sorted(before) {
		was, is := before[key], after[key]
		if is == "" || was == is || was == "?" || is == "?" {
			continue
		}
		kind, table, _ := strings.Cut(key[0], " ")
		statement := func(a, b string) step {
			switch kind {
			case "CONSTRAINT":
				return step{about: "", sql: "ALTER TABLE " + table + " RENAME CONSTRAINT " + a + " TO " + b, hazards: nil}
			case "TRIGGER":
				return step{about: "", sql: "ALTER TRIGGER " + a + " ON " + table + " RENAME TO " + b, hazards: nil}
			}
			return step{about: "", sql: "ALTER " + kind + " " + a + " RENAME TO " + b, hazards: nil}
		}
		up, down = append(up, statement(was, is)), append([]step{statement(is, was)}, down...)
	}
	return up, down, w.run(ctx, from, up)
}

// run carries steps out, each by itself.
func (w *workshop) run(ctx context.Context, name string, steps []step) error {
	return w.do(name, func(db *sql.DB) error {
		for _, s := range steps {
			if _, err := db.ExecContext(ctx, s.sql); err != nil {
				return errors.Wrapf(plain(err), "the planned statement %q fails", s.sql)
			}
		}
		return nil
	})
}
