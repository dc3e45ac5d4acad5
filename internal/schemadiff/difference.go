package main

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"github.com/stripe/pg-schema-diff/pkg/diff"
	"github.com/stripe/pg-schema-diff/pkg/log"
)

// A step is one statement of a migration, without its semicolon, what it is for, and what it does that one should know
// before.
type step struct {
	about   string // comments, each line with its end
	sql     string
	hazards []string
}

// difference plans what leads the database from to the database to. What it drops and makes anew, it does in this order.
// Online steps lock no table for long, but cannot be in one transaction.
func (w *workshop) difference(ctx context.Context, from, to string, online bool) ([]step, error) {
	if same, err := w.same(ctx, from, to); same || err != nil {
		return nil, err
	}
	var before, after own
	var planned diff.Plan
	err := w.do(from, func(a *sql.DB) error {
		return w.do(to, func(b *sql.DB) (err error) {
			if before, err = takeOwn(ctx, a); err != nil {
				return err
			}
			if after, err = takeOwn(ctx, b); err != nil {
				return err
			}
			options := []diff.PlanOpt{
				diff.WithDoNotValidatePlan(), // the files are tried as they are written, which says more
				diff.WithExcludeSchemas(versionsSchema), diff.WithLogger(silent{}), diff.WithRandReader(new(counter)),
			}
			if !online {
				options = append(options, diff.WithNoConcurrentIndexOps())
			}
			planned, err = diff.Generate(ctx, diff.DBSchemaSource(a), diff.DBSchemaSource(b), options...)
			if errors.Is(err, diff.ErrNotImplemented) {
				return wrap(err, "the planner cannot write this change: write its migration by hand (edgevalue migrate create)")
			}
			if err != nil {
				return wrap(err, "plan the migration")
			}
			return errors.Join(before.putBack(ctx, a), after.putBack(ctx, b))
		})
	})
	if err != nil {
		return nil, err
	}
	var keywords map[string]bool
	if err := w.do(from, func(db *sql.DB) (err error) { keywords, err = reserved(ctx, db); return err }); err != nil {
		return nil, err
	}
	steps := before.drops(after)
	for _, s := range planned.Statements {
		hazards := make([]string, len(s.Hazards))
		for i, h := range s.Hazards {
			hazards[i] = strings.ToUpper(h.Type[:1]) + strings.ReplaceAll(strings.ToLower(h.Type[1:]), "_", " ") + ": " + h.Message
		}
		steps = append(steps, step{about: "", sql: tidy(s.DDL, keywords), hazards: hazards})
	}
	steps = append(steps, after.adds(before)...)
	for i := range steps {
		if len(steps[i].hazards) == 0 {
			steps[i].hazards = unnamed(steps[i].sql, before)
		}
	}
	return steps, nil
}

var alterTable = regexp.MustCompile(`(?s)^ALTER TABLE (\S+) (.*)$`)

// unnamed says what a statement does to a table that is there, where the planner names no hazard.
func unnamed(statement string, before own) []string {
	found := alterTable.FindStringSubmatch(statement)
	if found == nil || !before.has(found[1]) {
		return nil
	}
	table, what := found[1], found[2]
	switch {
	case strings.HasPrefix(what, "VALIDATE CONSTRAINT"):
		return []string{"Reads all of " + table + ", which can be read and written meanwhile. Fails if a row does not comply."}
	case strings.Contains(what, " FOREIGN KEY ") && strings.HasSuffix(what, " NOT VALID"):
		return []string{"Acquires share row exclusive lock: nobody writes to " + table + " and the table that it refers to for a moment."}
	case strings.HasPrefix(what, "ADD CONSTRAINT becomes_not_null "):
		return []string{"Acquires access exclusive lock: nobody uses " + table + " for a moment. Rows without a value are to be filled before."}
	}
	return []string{"Acquires access exclusive lock: nobody uses " + table + " for a moment."}
}

// own is what the planner does not do: checks that call functions of this schema, and how values are stored.
type own struct {
	checks  map[[2]string]string // the definition by table and name
	storage map[[2]string]string // by table and column
}

const ownChecks = `
SELECT c.conrelid::regclass::text, quote_ident(c.conname), pg_get_constraintdef(c.oid)
FROM pg_constraint c
WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace AND EXISTS (
    SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
    WHERE d.classid = 'pg_constraint'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_proc'::regclass
      AND p.pronamespace = 'public'::regnamespace)`

const ownStorage = `
SELECT a.attrelid::regclass::text, quote_ident(a.attname),
    CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
    || CASE WHEN a.attstorage = t.typstorage THEN ' DEFAULT' ELSE '' END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped`

// takeOwn reads what the planner does not do, and takes away what it refuses.
func takeOwn(ctx context.Context, db *sql.DB) (own, error) {
	checks, err := triples(ctx, db, ownChecks)
	if err != nil {
		return own{}, err
	}
	storage, err := triples(ctx, db, ownStorage)
	if err != nil {
		return own{}, err
	}
	for c := range checks {
		if _, err := db.ExecContext(ctx, "ALTER TABLE "+c[0]+" DROP CONSTRAINT "+c[1]); err != nil {
			return own{}, wrap(err, "take a check away")
		}
	}
	return own{checks: checks, storage: storage}, nil
}

// putBack makes the checks again that takeOwn took away.
func (o own) putBack(ctx context.Context, db *sql.DB) error {
	for c, definition := range o.checks {
		if _, err := db.ExecContext(ctx, "ALTER TABLE "+c[0]+" ADD CONSTRAINT "+c[1]+" "+definition); err != nil {
			return wrap(err, "put a check back")
		}
	}
	return nil
}

// drops are the steps before the planner's.
func (o own) drops(after own) (steps []step) {
	for _, c := range sorted(o.checks) {
		if after.has(c[0]) && after.checks[c] != o.checks[c] {
			steps = append(steps, step{about: "", sql: "ALTER TABLE " + c[0] + " DROP CONSTRAINT " + c[1], hazards: nil})
		}
	}
	return steps
}

// adds are the steps after the planner's.
func (o own) adds(before own) (steps []step) {
	for _, c := range sorted(o.checks) {
		if before.checks[c] == o.checks[c] {
			continue
		}
		add := "ALTER TABLE " + c[0] + " ADD CONSTRAINT " + c[1] + " " + o.checks[c]
		if !before.has(c[0]) {
			steps = append(steps, step{about: "", sql: add, hazards: nil})
			continue
		}
		steps = append(steps, step{about: "", sql: add + " NOT VALID", hazards: nil},
			step{about: "", sql: "ALTER TABLE " + c[0] + " VALIDATE CONSTRAINT " + c[1], hazards: nil})
	}
	for _, c := range sorted(o.storage) {
		was, _, _ := strings.Cut(before.storage[c], " ")
		is, byType, _ := strings.Cut(o.storage[c], " ")
		if was != is && (was != "" || byType == "") {
			steps = append(steps, step{about: "", sql: "ALTER TABLE " + c[0] + " ALTER COLUMN " + c[1] + " SET STORAGE " + is, hazards: []string{
				"Acquires access exclusive lock: values that are there stay as they are stored.",
			}})
		}
	}
	return steps
}

// has tells whether there is a table.
func (o own) has(table string) bool {
	for c := range o.storage {
		if c[0] == table {
			return true
		}
	}
	return false
}

// unseen lists what neither the planner nor own compares, a line for each fact.
const unseen = `
SELECT 'table ' || c.oid::regclass || ': persistence ' || c.relpersistence::text || ', options ' || coalesce(c.reloptions::text, 'none')
    || ', row security ' || c.relrowsecurity
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
UNION ALL
SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ': compression ' || a.attcompression::text || ', statistics ' || coalesce(a.attstattarget::text, '-1')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND (a.attcompression <> '' OR coalesce(a.attstattarget, -1) <> -1)
UNION ALL
SELECT 'trigger ' || t.tgname || ' of ' || t.tgrelid::regclass || ': enabled ' || t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'type ' || t.oid::regtype || ': ' || t.typtype::text || ' ' || coalesce(format_type(nullif(t.typbasetype, 0), t.typtypmod), '')
    || ' ' || coalesce((SELECT string_agg(conname || ' ' || pg_get_constraintdef(d.oid), ', ' ORDER BY conname) FROM pg_constraint d WHERE d.contypid = t.oid), '')
FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND (t.typtype IN ('d', 'r')
    OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
UNION ALL
SELECT 'rule ' || pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind <> 'v' AND c.relkind <> 'm'
UNION ALL
SELECT 'statistics ' || pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s WHERE s.stxnamespace = 'public'::regnamespace
UNION ALL
SELECT 'aggregate ' || p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('a', 'w')
UNION ALL
SELECT 'comment on ' || pg_describe_object(classoid, objoid, objsubid) || ': ' || description FROM pg_description d
WHERE d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
ORDER BY 1`

// seen lists what the planner compares, and more.
const seen = `
SELECT 'extension ' || extname || ' ' || extversion FROM pg_extension
UNION ALL
SELECT 'relation ' || c.relname || ' ' || c.relkind::text || c.relpersistence::text || c.relreplident::text || c.relrowsecurity || c.relforcerowsecurity
    || c.relispartition || coalesce(pg_get_expr(c.relpartbound, c.oid), '') || coalesce(c.reloptions::text, '') || coalesce(c.relacl::text, '')
    || CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull || a.attidentity::text || a.attgenerated::text
    || a.attcollation::regcollation || a.attstorage::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || coalesce(a.attacl::text, '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind <> 'i' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || convalidated || connoinherit || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index ' || pg_get_indexdef(i.indexrelid) || i.indisvalid || i.indisprimary || i.indisreplident
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) || t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'function ' || pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'sequence ' || q.seqrelid::regclass || ' ' || format_type(q.seqtypid, NULL) || ' ' || concat_ws(' ', q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcache, q.seqcycle)
    || coalesce((SELECT ' of ' || d.refobjid::regclass || '.' || a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = q.seqrelid AND d.deptype IN ('a', 'i')), '')
FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'value ' || e.enumtypid::regtype || ' ' || row_number() OVER (PARTITION BY e.enumtypid ORDER BY e.enumsortorder) || ' ' || e.enumlabel FROM pg_enum e
UNION ALL
SELECT 'policy ' || p.polrelid::regclass || ' ' || p.polname || ' ' || p.polcmd::text || p.polpermissive || p.polroles::regrole[]::text
    || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') FROM pg_policy p
UNION ALL
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', '` + versionsSchema + `')
ORDER BY 1`

// same tells in a moment what the planner takes a second for. Of databases that are not the same, the planner may still
// find that nothing has to be done.
func (w *workshop) same(ctx context.Context, from, to string) (bool, error) {
	before, err := w.facts(ctx, from, seen)
	if err != nil {
		return false, err
	}
	after, err := w.facts(ctx, to, seen)
	return slices.Equal(before, after), err
}

// facts reads a list of a database.
func (w *workshop) facts(ctx context.Context, name, query string) (facts []string, err error) {
	return facts, w.do(name, func(db *sql.DB) error {
		facts, err = texts(ctx, db, query)
		return err
	})
}

// byHand lists what differs and no step changes, a line for each.
func (w *workshop) byHand(ctx context.Context, from, to string) (lines []string, err error) {
	before, err := w.facts(ctx, from, unseen)
	if err != nil {
		return nil, err
	}
	after, err := w.facts(ctx, to, unseen)
	if err != nil {
		return nil, err
	}
	for _, fact := range before {
		if !slices.Contains(after, fact) {
			lines = append(lines, "- "+fact)
		}
	}
	for _, fact := range after {
		if !slices.Contains(before, fact) {
			lines = append(lines, "+ "+fact)
		}
	}
	return lines, nil
}

// triples reads a query's first two columns as a key of the third.
func triples(ctx context.Context, db *sql.DB, query string) (map[[2]string]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, wrap(err, "read the catalog")
	}
	defer rows.Close()
	m := map[[2]string]string{}
	for rows.Next() {
		var a, b, c string
		if err := rows.Scan(&a, &b, &c); err != nil {
			return nil, wrap(err, "read the catalog")
		}
		m[[2]string{a, b}] = c
	}
	return m, wrap(rows.Err(), "read the catalog")
}

func sorted(m map[[2]string]string) [][2]string {
	keys := make([][2]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[0]+"."+a[1], b[0]+"."+b[1]) })
	return keys
}

// reserved lists the words that must be quoted where they are names.
func reserved(ctx context.Context, db *sql.DB) (map[string]bool, error) {
	rows, err := db.QueryContext(ctx, "SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'")
	if err != nil {
		return nil, wrap(err, "list keywords")
	}
	defer rows.Close()
	words := map[string]bool{}
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			return nil, wrap(err, "list keywords")
		}
		words[word] = true
	}
	return words, wrap(rows.Err(), "list keywords")
}

var (
	// token is a quoted text, a dollar-quoted one, a quoted name, or the name of the schema that all is in.
	token     = regexp.MustCompile(`'(?:[^']|'')*'|\$(\w*)\$|"(?:[^"]|"")*"\.?|\bpublic\.`)
	plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	// noise is what a statement says and that goes without saying.
	noise = regexp.MustCompile(` COLLATE "pg_catalog"\."default"| USING btree| \(INCREMENT BY 1 MINVALUE 1 MAXVALUE \d+ START WITH 1 CACHE 1 NO CYCLE\)`)
	// The planner's names of a check that is there while a column becomes NOT NULL, and of an index while its successor is built.
	notNull  = regexp.MustCompile(`"?pgschemadiff_tmpnn_[A-Za-z0-9$_]+"?`)
	oldIndex = regexp.MustCompile(`"pgschemadiff_tmpidx_(\w+)_[A-Za-z0-9$_]{22}"`)
)

// tidy writes a statement as people do: names without quotes that need none, and without the schema.
func tidy(statement string, keywords map[string]bool) string {
	var b strings.Builder
	rest := strings.TrimSuffix(strings.TrimSpace(statement), ";")
	if !strings.Contains(rest, "FUNCTION") {
		rest = noise.ReplaceAllString(rest, "")
		rest = notNull.ReplaceAllString(rest, "becomes_not_null")
		rest = oldIndex.ReplaceAllString(rest, "${1}_old")
		rest = strings.NewReplacer("\n\t", "\n    ", " CHECK(", " CHECK (").Replace(rest)
	}
	for {
		at := token.FindStringSubmatchIndex(rest)
		if at == nil {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:at[0]])
		found := rest[at[0]:at[1]]
		rest = rest[at[1]:]
		switch {
		case found == "public." || found == `"public".`:
		case found[0] == '$':
			end := strings.Index(rest, found)
			if end < 0 {
				end = len(rest) - len(found)
			}
			b.WriteString(found + rest[:end+len(found)])
			rest = rest[end+len(found):]
		case found[0] == '"':
			name, dot := strings.CutSuffix(found, ".")
			if bare := name[1 : len(name)-1]; plainName.MatchString(bare) && !keywords[bare] {
				name = bare
			}
			if b.WriteString(name); dot {
				b.WriteByte('.')
			}
		default:
			b.WriteString(found)
		}
	}
}

// counter makes the planner's temporary names the same each time.
type counter byte

func (c *counter) Read(p []byte) (int, error) {
	*c++
	for i := range p {
		p[i] = byte(*c)
	}
	return len(p), nil
}

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}

var _ log.Logger = silent{}
