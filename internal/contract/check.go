// Package contract checks an OpenAPI document as its author sees it: by line and column.
package contract

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"
	"github.com/ogen-go/ogen"
	"github.com/ogen-go/ogen/gen"
	"github.com/ogen-go/ogen/location"
	"go.uber.org/multierr"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// File is the contract's, in the root of the repository.
const File = "openapi.yaml"

// A Mistake is why a document is no contract. Line and Column count from 1.
type Mistake struct {
	Line, Column int
	Message      string // a sentence
}

func (m Mistake) String() string { return fmt.Sprintf("%d:%d: %s", m.Line, m.Column, m.Message) }

// CheckFile reads a document and returns its mistakes, see Check. The generator's settings are in gen/ogen.yml beside
// it, if there is such a file.
func CheckFile(path string) (text []byte, mistakes []Mistake, err error) {
	text, err = os.ReadFile(path)
	if err != nil {
		return nil, nil, errors.Wrap(err, "read contract")
	}
	settings, err := os.ReadFile(filepath.Join(filepath.Dir(path), "gen", "ogen.yml"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, errors.Wrap(err, "read generator's settings")
	}
	mistakes, err = Check(text, settings)
	return text, mistakes, err
}

// Check returns the mistakes of an OpenAPI 3.1 document in the order of their lines: those of CheckDocument; operations
// without operationId, deprecated without a day, or marked as cacheable though they are not; enums of responses that are neither open nor closed; what the
// generator refuses with these settings, ogen's in YAML. The error is of the settings.
//
// Only the first kind that is met is reported, since one makes the next.
func Check(text, settings []byte) ([]Mistake, error) {
	var options gen.Options
	d := yaml.NewDecoder(bytes.NewReader(settings))
	d.KnownFields(true)
	if err := d.Decode(&options); err != nil && len(bytes.TrimSpace(settings)) > 0 {
		return nil, errors.Wrap(err, "read generator's settings")
	}
	root, mistakes := checkDocument(text)
	if len(mistakes) > 0 {
		return mistakes, nil
	}
	if mistakes = sorted(slices.Concat(unnamedOperations(root), unannounced(root), uncacheable(root), undecidedEnums(root))); len(mistakes) > 0 {
		return mistakes, nil
	}
	return sorted(refused(text, root, options)), nil
}

// CheckDocument returns the mistakes of an OpenAPI 3.1 document, whoever it is for: YAML that cannot be read or says a key
// twice, or else what OpenAPI and JSON Schema do not allow.
func CheckDocument(text []byte) []Mistake {
	_, mistakes := checkDocument(text)
	return mistakes
}

func checkDocument(text []byte) (root *yaml.Node, mistakes []Mistake) {
	root, mistakes = parse(text)
	if len(mistakes) == 0 {
		mistakes = repeatedKeys(root)
	}
	if len(mistakes) == 0 {
		mistakes = againstSchema(root)
	}
	return root, sorted(mistakes)
}

func sorted(mistakes []Mistake) []Mistake {
	slices.SortStableFunc(mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(mistakes)
}

func mistakeAt(n *yaml.Node, format string, args ...any) Mistake {
	return Mistake{Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)}
}

// parse returns the document's mapping.
func parse(text []byte) (*yaml.Node, []Mistake) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		var syntax *yaml.SyntaxError
		if !errors.As(err, &syntax) {
			return nil, []Mistake{{1, 1, "not YAML: " + err.Error()}}
		}
		return nil, []Mistake{syntaxMistake(text, syntax)}
	}
	if len(doc.Content) == 0 {
		return nil, []Mistake{{1, 1, "the document is empty"}}
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, []Mistake{mistakeAt(root, "the document must be a mapping, with keys such as openapi, info and paths")}
	}
	return root, nil
}

// syntaxMistake says what the parser's words mean, and where it stopped: its own line is the one before the mapping, list
// or text that it was reading then.
func syntaxMistake(text []byte, e *yaml.SyntaxError) Mistake {
	said := e.Msg
	for _, m := range meanings {
		if strings.Contains(e.Msg, m.parser) {
			said = m.plain
			break
		}
	}
	read := []rune(string(text))
	read = read[:min(e.Offset, len(read))]
	before := strings.Split(strings.TrimRight(string(read), "\n"), "\n")
	if len(read) > 0 && read[len(read)-1] == '\n' && e.Offset < utf8.RuneCount(text) {
		before = append(before, "")
	}
	if strings.Contains(e.Msg, "',' or") && e.Line+1 < len(before) {
		said += fmt.Sprintf(" in what begins on line %d", e.Line+1)
	}
	last := before[len(before)-1]
	return Mistake{len(before), utf8.RuneCountInString(last) + 1, "not YAML: " + said}
}

var meanings = []struct{ parser, plain string }{
	{"did not find expected key", "a key is expected here: the line may be indented wrongly, or a quote or bracket be missing"},
	{"could not find expected ':'", "the key before has no colon"},
	{"mapping values are not allowed in this context", "a mapping cannot begin here: the line may be indented wrongly, or text with a colon need quotes"},
	{"found character that cannot start any token", "no value begins with this character: put text in quotes, and indent with spaces"},
	{"found a tab character that violates indentation", "a line is indented with a tab: use spaces"},
	{"found unexpected end of stream", "a quote is not closed"},
	{"did not find expected ',' or", "a comma or a closing bracket is missing"},
	{"did not find expected '-' indicator", "an item of the list is expected here: the line may be indented wrongly"},
}

// repeatedKeys finds keys that a mapping has twice.
func repeatedKeys(n *yaml.Node) (found []Mistake) {
	if n.Kind == yaml.MappingNode {
		first := map[string]*yaml.Node{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if before, ok := first[key.Value]; ok {
				found = append(found, mistakeAt(key, "the key %q is already on line %d", key.Value, before.Line))
				continue
			}
			first[key.Value] = key
		}
	}
	for _, c := range n.Content {
		found = append(found, repeatedKeys(c)...)
	}
	return found
}

// unnamedOperations finds operations without an operationId, by which everything that is generated calls them.
func unnamedOperations(root *yaml.Node) (found []Mistake) {
	for name, op := range eachOperation(root) {
		if value(op, "operationId") == nil {
			found = append(found, mistakeAt(name.node, "%s has no operationId", name))
		}
	}
	return found
}

// unannounced finds deprecated operations that do not say since when, or from when on they may be gone, by a day.
func unannounced(root *yaml.Node) (found []Mistake) {
	for name, op := range eachOperation(root) {
		deprecated, since, sunset := value(op, "deprecated"), value(op, "x-deprecated-since"), value(op, "x-sunset")
		if deprecated == nil || deprecated.Value != "true" {
			for _, n := range []*yaml.Node{since, sunset} {
				if n != nil {
					found = append(found, mistakeAt(n, "%s has a day but not deprecated: true", name))
				}
			}
			continue
		}
		if since == nil {
			found = append(found, mistakeAt(deprecated, "%s is deprecated without x-deprecated-since, the day since when", name))
		}
		for _, n := range []*yaml.Node{since, sunset} {
			if n == nil {
				continue
			}
			if _, err := time.Parse(time.DateOnly, n.Value); err != nil {
				found = append(found, mistakeAt(n, "the day must be YYYY-MM-DD, not %q", n.Value))
			}
		}
		if since != nil && sunset != nil && sunset.Value < since.Value {
			found = append(found, mistakeAt(sunset, "x-sunset must not be before x-deprecated-since"))
		}
	}
	return found
}

// uncacheable finds operations with x-cacheable whose answers cannot be the same for everybody, or that never say that they
// are the same as before.
func uncacheable(root *yaml.Node) (found []Mistake) {
	for name, op := range eachOperation(root) {
		mark, security := value(op, "x-cacheable"), value(op, "security")
		if security == nil {
			security = value(root, "security")
		}
		switch {
		case mark == nil:
		case mark.Value != "true":
			found = append(found, mistakeAt(mark, "x-cacheable must be true, or left out"))
		case name.method != "GET":
			found = append(found, mistakeAt(mark, "%s cannot be cacheable: only GET can", name))
		case security != nil && len(security.Content) > 0:
			found = append(found, mistakeAt(mark, "%s cannot be cacheable: who may ask is not everybody", name))
		case value(value(op, "responses"), "304") == nil:
			found = append(found, mistakeAt(mark, "%s is cacheable, and needs the response 304", name))
		}
	}
	return found
}

// An operationName is the method and path of an operation.
type operationName struct {
	node         *yaml.Node // the method
	method, path string
}

func (n operationName) String() string { return n.method + " " + n.path }

func eachOperation(root *yaml.Node) func(yield func(name operationName, op *yaml.Node) bool) {
	return func(yield func(name operationName, op *yaml.Node) bool) {
		for path, item := range entries(value(root, "paths")) {
			for method, op := range entries(item) {
				if slices.Contains(methods, method.Value) && !yield(operationName{method, strings.ToUpper(method.Value), path.Value}, op) {
					return
				}
			}
		}
	}
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// entries are the keys and values of a mapping.
func entries(n *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// value returns what a mapping has at a key, or nil.
func value(n *yaml.Node, key string) *yaml.Node {
	for k, v := range entries(n) {
		if k.Value == key {
			return v
		}
	}
	return nil
}

// refused returns why the generator refuses a document.
func refused(text []byte, root *yaml.Node, options gen.Options) []Mistake {
	spec, err := ogen.Parse(text)
	if err == nil {
		options.Parser.File = location.NewFile("", "", text)
		_, err = gen.NewGenerator(spec, options)
	}
	if err == nil {
		return nil
	}
	if found := located(err); len(found) > 0 {
		return found
	}
	return unlocated(spec, root, options, err)
}

// located returns the positions in an error of ogen, of which the innermost is nearest to the mistake.
func located(err error) (found []Mistake) {
	var (
		decoding *yaml.TypeError
		several  *location.MultiError
		at       *location.Error
	)
	switch {
	case errors.As(err, &decoding):
		for _, e := range multierr.Errors(decoding.Group) {
			var u *yaml.UnmarshalError
			if errors.As(e, &u) && u.Node != nil {
				found = append(found, mistakeAt(u.Node, "%s", u.Err))
			}
		}
	case errors.As(err, &several):
		for _, line := range strings.Split(several.Error(), "\n") {
			if m := reported.FindStringSubmatch(line); m != nil && m[3] != "" {
				found = append(found, newMistake(m[1], m[2], m[3]))
			}
		}
	case errors.As(err, &at):
		for inner := at; inner != nil && inner.Pos.Line > 0; {
			at, inner = inner, nil
			errors.As(at.Err, &inner)
		}
		if at.Pos.Line > 0 {
			found = []Mistake{{at.Pos.Line, max(at.Pos.Column, 1), sentence(at.Err)}}
		}
	}
	return found
}

var reported = regexp.MustCompile(`at (\d+):(\d+): (.*)$`)

func newMistake(line, column, message string) Mistake {
	l, _ := strconv.Atoi(line)
	c, _ := strconv.Atoi(column)
	return Mistake{l, c, message}
}

// unlocated finds where an error of ogen without a position comes from: when it may leave out what it does not implement,
// ogen logs the place of each. The others name the path and the method.
func unlocated(spec *ogen.Spec, root *yaml.Node, options gen.Options, err error) (found []Mistake) {
	core, logs := observer.New(zapcore.InfoLevel)
	options.Logger = zap.New(core)
	options.Generator.IgnoreNotImplemented = []string{"all"}
	_, _ = gen.NewGenerator(spec, options)
	for _, entry := range logs.All() {
		fields := entry.ContextMap()
		reason := fmt.Sprint(fields["reason_error"])
		if m := position.FindStringSubmatch(fmt.Sprint(fields["at"])); m != nil && !strings.Contains(reason, "<nil>") {
			found = append(found, newMistake(m[1], m[2], "the generator cannot make code of this: "+reason))
		}
	}
	if len(found) > 0 {
		return found
	}
	n := root
	if m := named.FindStringSubmatch(err.Error()); m != nil {
		for path, item := range entries(value(root, "paths")) {
			if path.Value != m[1] {
				continue
			}
			n = path
			for method := range entries(item) {
				if method.Value == m[2] {
					n = method
				}
			}
		}
	}
	return []Mistake{mistakeAt(n, "%s", sentence(err))}
}

var (
	position = regexp.MustCompile(`^(\d+):(\d+)$`)
	named    = regexp.MustCompile(`path "([^"]+)": (\w+)`)
)

// sentence is an error of ogen in one line, and in plain words where it says the same thrice.
func sentence(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if m := unresolved.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("there is no #/%s for this $ref", strings.TrimPrefix(m[1], "#/"))
	}
	return text
}

var unresolved = regexp.MustCompile(`can't find value for "([^"]+)"`)
