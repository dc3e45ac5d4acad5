package main

import (
	"go/token"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/go-faster/errors"
	"github.com/jinzhu/inflection"
)

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// maxName leaves room for the names of constraints, which PostgreSQL cuts after 63 characters.
const maxName = 40

// checkName says what keeps a word from being the name of what: a resource, a field or a job.
func checkName(what, name string) error {
	switch {
	case name == "":
		return errors.Errorf("the %s needs a name", what)
	case !snake.MatchString(name):
		return errors.Errorf("%s %q: a name is in snake_case, such as price_alert", what, name)
	case len(name) > maxName:
		return errors.Errorf("%s %s: a name has at most %d characters", what, name, maxName)
	case token.IsKeyword(name):
		return errors.Errorf("%s %s: a name must not be a keyword of Go", what, name)
	}
	return nil
}

// checkSQLName says what keeps a word from being the name of a table or a column.
func checkSQLName(what, name string) error {
	if slices.Contains(sqlReserved, name) {
		return errors.Errorf("%s %s: a name must not be a reserved word of SQL", what, name)
	}
	return nil
}

// checkTypeName also says what keeps a name from being that of Go types and files.
func checkTypeName(what, name string) error {
	if err := checkName(what, name); err != nil {
		return err
	}
	last := name[strings.LastIndex(name, "_")+1:]
	switch {
	case slices.Contains(predeclared, name):
		return errors.Errorf("%s %s: a name must not be a predeclared identifier of Go", what, name)
	case last == "test", last != name && slices.Contains(platforms, last):
		return errors.Errorf("%s %s: Go reads a file %s.go under certain conditions only", what, name, name)
	}
	return nil
}

// sqlReserved are the words that PostgreSQL takes for no table or column: SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T').
var sqlReserved = strings.Fields(`all analyse analyze and any array as asc asymmetric authorization binary both case cast check
	collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema
	current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign
	freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
	localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
	returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
	unique user using variadic verbose when where window with`)

var predeclared = strings.Fields(`any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64
	rune string uint uint8 uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex copy delete imag len
	make max min new panic print println real recover`)

// platforms are the words that end the name of a file for one system or processor.
var platforms = strings.Fields(`aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1
	windows 386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm`)

// pascal is a name as sqlc writes it: price_alert is PriceAlert, and id ID.
func pascal(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if part == "id" {
			part = "ID"
		}
		b.WriteString(capital(part))
	}
	return b.String()
}

func camel(name string) string {
	first, rest, more := strings.Cut(name, "_")
	if more {
		return first + pascal(rest)
	}
	return first
}

// ogenName is a name as ogen writes it, which knows more initialisms.
func ogenName(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if slices.Contains(initialisms, part) {
			part = strings.ToUpper(part)
		}
		b.WriteString(capital(part))
	}
	return b.String()
}

var initialisms = strings.Fields(`acl api ascii aws cpu css dns eof gb guid html http https id ip json kb lhs mac mb qps ram rhs rpc
	sla smtp sql ssh sso tls ttl ui uid uri url utf8 uuid vm xml xmpp xsrf xss sms cdn tcp udp dc pfs p2p sha256 sha1 md5 srp 2fa
	png jpg gif mp4 webp`)

func capital(s string) string {
	if s == "" {
		return s
	}
	return string(unicode.ToUpper(rune(s[0]))) + s[1:]
}

func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// article puts "a" or "an" before words.
func article(words string) string {
	if strings.ContainsRune("aeio", rune(words[0])) || strings.HasPrefix(words, "un") && !strings.HasPrefix(words, "uni") {
		return "an " + words
	}
	return "a " + words
}

// plural is that of the last word of a name.
func plural(name string) string {
	i := strings.LastIndex(name, "_") + 1
	return name[:i] + inflection.Plural(name[i:])
}

// isSingular tells whether sqlc names the rows of a table as the table.
func isSingular(name string) bool { return inflection.Singular(name) == name }
