package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-faster/errors"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// rowsFile holds rows of every table as of one migration: what new migrations are tried on.
var rowsFile = filepath.Join("internal", "schemadiff", "rows.jsonl")

// rows are those of a database at a version of the migrations.
type rows struct {
	version int64
	tables  []string // in the order of the file
	byTable map[string][]json.RawMessage
}

// A line of rowsFile is one row; the first one is the version.
type line struct {
	Migration int64           `json:"migration,omitempty"`
	Table     string          `json:"table,omitempty"`
	Row       json.RawMessage `json:"row,omitempty"`
}

// readRows reads rowsFile of root. Without one there are none, of the version 0.
func readRows(root string) (rows, error) {
	r := rows{version: 0, tables: nil, byTable: map[string][]json.RawMessage{}}
	text, err := os.ReadFile(filepath.Join(root, rowsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, wrap(err, "read the recorded rows")
	}
	for n, raw := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			return r, errors.Wrapf(err, "%s:%d", rowsFile, n+1)
		}
		if n == 0 {
			r.version = l.Migration
			continue
		}
		if r.byTable[l.Table] == nil {
			r.tables = append(r.tables, l.Table)
		}
		r.byTable[l.Table] = append(r.byTable[l.Table], l.Row)
	}
	return r, nil
}

// load replaces the rows of a database of the same version.
func (r rows) load(ctx context.Context, db *sql.DB) error {
	if len(r.tables) == 0 {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return wrap(err, "connect")
	}
	defer conn.Close()
	names := make([]string, len(r.tables))
	for i, table := range r.tables {
		names[i] = pgx.Identifier{table}.Sanitize()
	}
	// As a replica: triggers and foreign keys have had their say where the rows come from.
	for _, statement := range []string{"SET session_replication_role = replica", "TRUNCATE " + strings.Join(names, ", ")} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return wrap(err, "empty the tables")
		}
	}
	for i, table := range r.tables {
		all, err := json.Marshal(r.byTable[table])
		if err != nil {
			return wrap(err, "write rows")
		}
		_, err = conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO %[1]s OVERRIDING SYSTEM VALUE"+
			" SELECT * FROM jsonb_populate_recordset(NULL::%[1]s, $1::text::jsonb)", names[i]), string(all))
		if err != nil {
			return errors.Wrapf(plain(err), "the recorded rows of %s", table)
		}
	}
	_, err = conn.ExecContext(ctx, `DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT a.attrelid::regclass AS tab, a.attname AS col FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid
        WHERE k.relnamespace = 'public'::regnamespace AND k.relkind = 'r' AND a.attidentity <> '' LOOP
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), coalesce(max(%I), 0) + 1, false) FROM %s', c.tab, c.col, c.col, c.tab);
    END LOOP;
END
$$`)
	return wrap(err, "set the sequences")
}

// each is how many rows of a table are recorded, the smallest, beside those that others refer to.
const each = 15

// longBytes are those of files, of which the beginning is recorded.
var longBytes = regexp.MustCompile(`"\\\\x([0-9a-f]{200})[0-9a-f]+"`)

// record writes some rows of every table of a database, with all that they refer to, into rowsFile, and lists the tables
// without any.
func record(ctx context.Context, dsn, root string) (empty []string, err error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the database's address is not like postgres://user@host:port/database")
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	version := int64(0)
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&version); err != nil {
		return nil, wrap(plain(err), "read the database's version")
	}
	tables, err := texts(ctx, db, `SELECT c.relname::text FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('goose_db_version', 'river_migration')
		ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	chosen := map[string][]string{}
	known := map[string]bool{}
	var add func(table, where string, values ...any) error
	references, err := triples(ctx, db, `
		SELECT c.conrelid::regclass::text, c.conname::text, json_build_object('to', c.confrelid::regclass::text,
			'columns', (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY AS k (num, n)
				JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
			'keys', (SELECT json_agg(quote_ident(a.attname) ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY AS k (num, n)
				JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num))::text
		FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace`)
	if err != nil {
		return nil, err
	}
	add = func(table, where string, values ...any) error {
		found, err := texts(ctx, db, "SELECT jsonb_strip_nulls(to_jsonb(t))::text FROM "+pgx.Identifier{table}.Sanitize()+" t "+where, values...)
		if err != nil {
			return err
		}
		for _, row := range found {
			row := longBytes.ReplaceAllString(row, `"\\x$1"`)
			if known[table+row] {
				continue
			}
			known[table+row] = true
			var fields map[string]any
			decoder := json.NewDecoder(strings.NewReader(row))
			decoder.UseNumber()
			if err := decoder.Decode(&fields); err != nil {
				return wrap(err, "read a row")
			}
			for key, definition := range references {
				if key[0] != table {
					continue
				}
				var r struct {
					To      string
					Columns []string
					Keys    []string
				}
				if err := json.Unmarshal([]byte(definition), &r); err != nil {
					return wrap(err, "read a foreign key")
				}
				var conditions []string
				for i, column := range r.Columns {
					if fields[column] == nil {
						conditions = nil
						break
					}
					conditions = append(conditions, "t."+r.Keys[i]+
						"::text = "+literal(fields[column]))
				}
				if len(conditions) == 0 {
					continue
				}
				if err := add(r.To, "WHERE "+strings.Join(conditions, " AND ")); err != nil {
					return err
				}
			}
			chosen[table] = append(chosen[table], row)
		}
		return nil
	}
	for _, table := range tables {
		if err := add(table, "ORDER BY pg_column_size(t.*), t.ctid LIMIT $1", each); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(line{Migration: version, Table: "", Row: nil}); err != nil {
		return nil, wrap(err, "write rows")
	}
	for _, table := range tables {
		if len(chosen[table]) == 0 {
			empty = append(empty, table)
		}
		for _, row := range chosen[table] {
			if err := out.Encode(line{Migration: 0, Table: table, Row: json.RawMessage(row)}); err != nil {
				return nil, wrap(err, "write rows")
			}
		}
	}
	return empty, wrap(os.WriteFile(filepath.Join(root, rowsFile), b.Bytes(), 0o644), "write the recorded rows") //nolint:gosec // source
}

func literal(value any) string {
	text, ok := value.(string)
	if !ok {
		raw, _ := json.Marshal(value) // a number
		text = string(raw)
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

func texts(ctx context.Context, db *sql.DB, query string, values ...any) (list []string, err error) {
	found, err := db.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, wrap(plain(err), "read rows")
	}
	defer found.Close()
	for found.Next() {
		var text string
		if err := found.Scan(&text); err != nil {
			return nil, wrap(err, "read rows")
		}
		list = append(list, text)
	}
	return list, wrap(found.Err(), "read rows")
}
