package main

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"go.yaml.in/yaml/v3"
)

// methods are those that a path of a contract can have.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// A contract is an OpenAPI document of which lines can be taken. All else stays as it is written.
type contract struct {
	lines [][]byte
	root  *yaml.Node
	gone  []bool // by line
}

// cutContract deletes the operations with the given tags and then every component, tag and type of problem that nothing
// names any more, but for security schemes and the components to keep, such as parameters/ID. mentions tells whether the rest
// of the project names a type of problem, now and before.
func cutContract(text []byte, tags, keep []string, mentions func(problemType string) (before, now bool)) ([]byte, error) {
	c, err := readContract(text)
	if err != nil {
		return nil, err
	}
	components := c.components()
	before := components.reach(c.names())
	if err := c.cutOperations(tags); err != nil {
		return nil, err
	}
	// What nothing named before stays, too.
	stays := c.names()
	for ref := range components {
		name := strings.TrimPrefix(ref, "#/components/")
		if !before[ref] || strings.HasPrefix(name, "securitySchemes/") || slices.Contains(keep, name) {
			stays[ref] = true
		}
	}
	for _, name := range keep {
		if components["#/components/"+name] == nil {
			return nil, errors.Errorf("there is no component %q to keep", name)
		}
	}
	now := components.reach(stays)
	for _, kind := range c.entries(c.value(c.root, "components")) {
		for _, component := range c.entries(kind.value) {
			if !now[reference(kind, component)] {
				c.take(component)
			}
		}
		c.takeIfEmpty(kind)
	}
	for _, tag := range c.entries(c.value(c.root, "tags")) {
		name := c.value(tag.value, "name")
		if name == nil {
			return nil, errors.Errorf("line %d: a tag has no name", tag.value.Line)
		}
		if before["tag "+name.Value] && !now["tag "+name.Value] {
			c.take(tag)
		}
	}
	for _, t := range c.entries(c.value(c.root, "x-problem-types")) {
		inCodeBefore, inCode := mentions(t.key.Value)
		if (inCodeBefore || before["problem "+t.key.Value]) && !inCode && !now["problem "+t.key.Value] {
			c.take(t)
		}
	}
	return c.bytes()
}

func readContract(text []byte) (*contract, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, errors.Wrap(err, "read")
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("this is no OpenAPI document")
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	return &contract{lines: lines, root: doc.Content[0], gone: make([]bool, len(lines)+1)}, nil
}

// bytes returns the lines that are left, which must be YAML.
func (c *contract) bytes() ([]byte, error) {
	var out []byte
	for i, line := range c.lines {
		if !c.gone[i+1] {
			out = append(out, line...)
		}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(out, &doc); err != nil {
		return nil, errors.Wrap(err, "read what is left")
	}
	return out, nil
}

// An entry is one of a mapping or sequence in block style, with its lines, counted from 1: from its comments to the line
// before the next one.
type entry struct {
	key, value *yaml.Node // a sequence has no keys
	from, to   int
}

// entries returns those of a node, which may be nil.
func (c *contract) entries(node *yaml.Node) []entry {
	if node == nil || node.Style&yaml.FlowStyle != 0 {
		return nil
	}
	var out []entry
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			out = append(out, entry{node.Content[i], node.Content[i+1], node.Content[i].Line, 0})
		}
	case yaml.SequenceNode:
		for _, n := range node.Content {
			out = append(out, entry{nil, n, n.Line, 0})
		}
	}
	column := node.Column
	for i := range out {
		out[i].to = c.end(out[i].from, column)
		for out[i].from > 1 && c.comment(out[i].from-1, column) {
			out[i].from--
		}
	}
	return out
}

// comment tells whether a line is a comment at a column, which belongs to what follows at that column.
func (c *contract) comment(line, column int) bool {
	text := c.lines[line-1]
	indent := len(text) - len(bytes.TrimLeft(text, " "))
	return indent == column-1 && bytes.HasPrefix(text[indent:], []byte("#"))
}

// end returns the last line of what begins in a line at a column: all that is deeper, and what a block scalar holds.
func (c *contract) end(line, column int) int {
	last := line
	for i := line + 1; i <= len(c.lines); i++ {
		text := bytes.TrimRight(c.lines[i-1], "\r\n")
		trimmed := bytes.TrimLeft(text, " ")
		if len(trimmed) == 0 {
			continue // an empty line belongs to what is around it
		}
		indent := len(text) - len(trimmed)
		// A sequence may be as deep as its key.
		if indent < column || indent == column-1 {
			if indent == column-1 && trimmed[0] == '-' && !bytes.HasPrefix(bytes.TrimLeft(c.lines[line-1], " "), []byte("-")) {
				last = i
				continue
			}
			break
		}
		last = i
	}
	return last
}

// value returns that of a mapping's key, or nil.
func (c *contract) value(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func (c *contract) take(e entry) {
	for i := e.from; i <= e.to; i++ {
		c.gone[i] = true
	}
}

// takeIfEmpty takes a mapping of which all entries went.
func (c *contract) takeIfEmpty(e entry) {
	entries := c.entries(e.value)
	if len(entries) > 0 && !slices.ContainsFunc(entries, func(e entry) bool { return !c.gone[e.to] }) {
		c.take(e)
	}
}

func (c *contract) cutOperations(tags []string) error {
	found := map[string]bool{}
	for _, p := range c.entries(c.value(c.root, "paths")) {
		operations, went := 0, 0
		for _, o := range c.entries(p.value) {
			if !slices.Contains(methods, o.key.Value) {
				continue
			}
			operations++
			var cut bool
			if list := c.value(o.value, "tags"); list != nil {
				for _, t := range list.Content {
					if slices.Contains(tags, t.Value) {
						cut, found[t.Value] = true, true
					}
				}
			}
			if cut {
				c.take(o)
				went++
			}
		}
		if operations > 0 && operations == went {
			c.take(p)
		}
	}
	for _, t := range tags {
		if !found[t] {
			return errors.Errorf("no operation has the tag %q", t)
		}
	}
	return nil
}

var problemName = regexp.MustCompile("(?:`|/problems/)([a-z]+(?:-[a-z]+)*)")

// reference returns what names a component.
func reference(kind, component entry) string {
	return "#/components/" + kind.key.Value + "/" + component.key.Value
}

// references are what each component names.
type references map[string]map[string]bool

func (c *contract) components() references {
	r := references{}
	for _, kind := range c.entries(c.value(c.root, "components")) {
		for _, component := range c.entries(kind.value) {
			names := map[string]bool{}
			c.walk(component.value, "", false, names)
			r[reference(kind, component)] = names
		}
	}
	return r
}

// reach returns the names with all that the components among them name.
func (r references) reach(names map[string]bool) map[string]bool {
	found := map[string]bool{}
	var add func(map[string]bool)
	add = func(names map[string]bool) {
		for n := range names {
			if !found[n] {
				found[n] = true
				add(r[n])
			}
		}
	}
	add(names)
	return found
}

// names returns what the lines outside of the components name: components by their references, tags as "tag NAME", and in
// operations types of problems as "problem NAME".
func (c *contract) names() map[string]bool {
	found := map[string]bool{}
	for i := 0; i < len(c.root.Content); i += 2 {
		if key := c.root.Content[i].Value; key != "components" {
			c.walk(c.root.Content[i+1], key, key == "paths", found)
		}
	}
	return found
}

// walk adds what a value names to found.
func (c *contract) walk(node *yaml.Node, key string, operation bool, found map[string]bool) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			k, v := node.Content[i], node.Content[i+1]
			if c.gone[k.Line] {
				continue
			}
			if key == "security" {
				found["#/components/securitySchemes/"+k.Value] = true
			}
			c.walk(v, k.Value, operation, found)
		}
	case yaml.SequenceNode:
		for _, n := range node.Content {
			switch {
			case c.gone[n.Line]:
			case key == "tags" && operation:
				found["tag "+n.Value] = true
			default:
				c.walk(n, key, operation, found)
			}
		}
	case yaml.ScalarNode:
		if strings.HasPrefix(node.Value, "#/components/") { // of $ref and of a discriminator's mapping
			found[node.Value] = true
		}
		if operation {
			for _, m := range problemName.FindAllStringSubmatch(node.Value, -1) {
				found["problem "+m[1]] = true
			}
		}
	}
}

// codeNames returns the strings in the Go files of a project that are no tests and not generated: all that a type of
// problem could be named by.
func codeNames(files map[string]file, generated []string) map[string]bool {
	literal := regexp.MustCompile("[\"`]([a-z]+(?:-[a-z]+)*)[\"`]")
	found := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || matchesAny(path, generated) {
			continue
		}
		for _, m := range literal.FindAllSubmatch(files[path].content, -1) {
			found[string(m[1])] = true
		}
	}
	return found
}
