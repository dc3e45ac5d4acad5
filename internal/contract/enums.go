package contract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/yaml"
)

// undecidedEnums finds enums of responses that do not say whether later versions may add values: x-extensible-enum, with
// the same values, if they may, or else x-closed-enum: true. Clients are written for what an enum says.
func undecidedEnums(root *yaml.Node) (found []Mistake) {
	seen := map[*yaml.Node]bool{}
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		n = meant(n)
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		if ref := value(n, "$ref"); ref != nil {
			visit(referred(root, ref.Value))
		}
		if values := meant(value(n, "enum")); values != nil && values.Kind == yaml.SequenceNode {
			if m, wrong := undecided(n, values); wrong {
				found = append(found, m)
			}
		}
		if n.Kind != yaml.MappingNode {
			for _, c := range n.Content {
				visit(c)
			}
			return
		}
		for key, v := range entries(n) {
			if key.Value != "example" && key.Value != "examples" && !strings.HasPrefix(key.Value, "x-") {
				visit(v)
			}
		}
	}
	for _, op := range eachOperation(root) {
		visit(value(op, "responses"))
	}
	return found
}

// undecided says what is wrong with how a schema is marked that has an enum.
func undecided(schema, values *yaml.Node) (m Mistake, wrong bool) {
	open, closed := meant(value(schema, extensible)), value(schema, "x-closed-enum")
	switch {
	case (open == nil) == (closed == nil):
		return mistakeAt(values, "the enum of a response needs %s with the same values, if later versions may add some, or else x-closed-enum: true",
			extensible), true
	case closed != nil && closed.Value != "true":
		return mistakeAt(closed, "x-closed-enum must be true, or left out"), true
	case open != nil && !slices.Equal(texts(open), texts(values)):
		return mistakeAt(value(schema, extensible), "%s must have the values of enum", extensible), true
	}
	return Mistake{}, false
}

// extensible marks an enum that later versions may add values to.
const extensible = "x-extensible-enum"

// AddsToExtensible reports whether the value at a line and column of a document is one of an enum that was marked as
// extensible in the document before, where it stood in the same place.
func AddsToExtensible(before, after []byte, line, column int) bool {
	was, mistakes := parse(before)
	is, more := parse(after)
	if len(mistakes)+len(more) > 0 {
		return false
	}
	place := placeOf(is, line, column)
	if len(place) < 2 || place[len(place)-2] != "enum" {
		return false
	}
	schema := was
	for _, name := range place[:len(place)-2] {
		if schema = child(schema, name); schema == nil {
			return false
		}
	}
	return value(schema, extensible) != nil
}

// placeOf is the way to the value that begins at a line and column, or nil.
func placeOf(n *yaml.Node, line, column int) []string {
	if n.Kind == yaml.ScalarNode {
		if n.Line == line && n.Column == column {
			return []string{}
		}
		return nil
	}
	for key, v := range entries(n) {
		if place := placeOf(v, line, column); place != nil {
			return slices.Insert(place, 0, key.Value)
		}
	}
	if n.Kind == yaml.SequenceNode {
		for i, v := range n.Content {
			if place := placeOf(v, line, column); place != nil {
				return slices.Insert(place, 0, strconv.Itoa(i))
			}
		}
	}
	return nil
}

// child is what a mapping or list has at a name or number, or nil.
func child(n *yaml.Node, name string) *yaml.Node {
	n = meant(n)
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	return value(n, name)
}

// referred is what a $ref within the document leads to, or nil.
func referred(root *yaml.Node, ref string) *yaml.Node {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	n := root
	for _, name := range strings.Split(path, "/") {
		if n = child(n, strings.NewReplacer("~1", "/", "~0", "~").Replace(name)); n == nil {
			return nil
		}
	}
	return n
}

// meant is the node that an alias stands for, or the node itself.
func meant(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func texts(list *yaml.Node) (all []string) {
	for _, v := range list.Content {
		all = append(all, v.Value)
	}
	return all
}
