package contract

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-faster/errors"
	"github.com/go-faster/jx"
	"github.com/go-faster/yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

var printer = message.NewPrinter(language.English)

//go:embed oas31/*.json
var schemas embed.FS

// openAPI is the schema of documents.
var openAPI = sync.OnceValues(func() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	names, err := schemas.ReadDir("oas31")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := schemas.ReadFile(path.Join("oas31", name.Name()))
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, errors.Wrap(err, name.Name())
		}
		id, _ := doc.(map[string]any)["$id"].(string)
		if err := c.AddResource(id, doc); err != nil {
			return nil, errors.Wrap(err, name.Name())
		}
	}
	return c.Compile("https://edgevalue.com/schemas/contract.json")
})

// againstSchema finds what OpenAPI and JSON Schema do not allow.
func againstSchema(root *yaml.Node) []Mistake {
	var e jx.Encoder
	if err := root.EncodeJSON(&e); err != nil {
		return []Mistake{mistakeAt(root, "JSON cannot express the document: %s", err)}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Bytes()))
	if err != nil {
		return []Mistake{mistakeAt(root, "JSON cannot express the document: %s", err)}
	}
	schema, err := openAPI()
	if err != nil {
		panic(err) // the embedded schemas are wrong
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(schema.Validate(doc), &invalid) {
		return nil
	}
	var found []Mistake
	for _, leaf := range leaves(invalid) {
		found = append(found, explain(root, leaf))
	}
	return found
}

// leaves are the errors that say something about a value itself. Of alternatives it takes the one that fits longest. A
// mistake makes the keys beside it, and beside what it is in, unknown as well: these do not count.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	all := gather(e)
	return slices.DeleteFunc(slices.Clone(all), func(l *jsonschema.ValidationError) bool {
		within := l.InstanceLocation[:max(len(l.InstanceLocation)-1, 0)]
		return unknownKey(l) && slices.ContainsFunc(all, func(o *jsonschema.ValidationError) bool {
			return len(o.InstanceLocation) >= len(within) && slices.Equal(o.InstanceLocation[:len(within)], within) &&
				(!unknownKey(o) || len(o.InstanceLocation) > len(l.InstanceLocation))
		})
	})
}

func gather(e *jsonschema.ValidationError) (all []*jsonschema.ValidationError) {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		most := -1
		for _, cause := range e.Causes {
			branch := gather(cause)
			depth := 0
			for _, l := range branch {
				depth = max(depth, len(l.InstanceLocation))
			}
			if depth > most {
				all, most = branch, depth
			}
		}
	default:
		for _, cause := range e.Causes {
			all = append(all, gather(cause)...)
		}
	}
	return all
}

func unknownKey(e *jsonschema.ValidationError) bool {
	switch e.ErrorKind.(type) {
	case *kind.FalseSchema, *kind.AdditionalProperties:
		return true
	}
	return false
}

// explain says in words what the value at the place of e should be.
func explain(root *yaml.Node, e *jsonschema.ValidationError) Mistake {
	key, n := find(root, e.InstanceLocation)
	name := "the document"
	if len(e.InstanceLocation) > 0 {
		name = e.InstanceLocation[len(e.InstanceLocation)-1]
	}
	switch k := e.ErrorKind.(type) {
	case *kind.FalseSchema:
		return mistakeAt(key, "OpenAPI knows no key %q here", name)
	case *kind.AdditionalProperties:
		for unknown := range entries(n) {
			if slices.Contains(k.Properties, unknown.Value) {
				return mistakeAt(unknown, "OpenAPI knows no key %q here", unknown.Value)
			}
		}
	case *kind.Required:
		return mistakeAt(key, "%s needs %s", name, strings.Join(k.Missing, ", "))
	case *kind.Type:
		got := k.Got
		if n.Kind == yaml.ScalarNode && k.Got != "null" {
			got = fmt.Sprintf("the %s %q", k.Got, n.Value)
		}
		said := fmt.Sprintf("%s must be %s, not %s", name, strings.Join(words(k.Want), " or "), got)
		if slices.Contains(k.Want, "boolean") && slices.Contains([]string{"yes", "no", "on", "off"}, strings.ToLower(n.Value)) {
			said += ": write true or false"
		}
		return mistakeAt(n, "%s", said)
	}
	said := e.ErrorKind.LocalizedString(printer)
	return mistakeAt(n, "%s: %s", name, said)
}

// words are JSON's types with their articles.
func words(types []string) (named []string) {
	for _, t := range types {
		article := "a "
		if strings.ContainsAny(t[:1], "aeio") {
			article = "an "
		}
		if t == "null" {
			article = ""
		}
		named = append(named, article+t)
	}
	return named
}

// find returns the value at a place, or what there is of the way to it, and the key that it has.
func find(n *yaml.Node, place []string) (key, v *yaml.Node) {
	key, v = n, n
	for _, name := range place {
		i, err := strconv.Atoi(name)
		if v.Kind == yaml.SequenceNode && err == nil && i < len(v.Content) {
			key, v = v.Content[i], v.Content[i]
			continue
		}
		for k, inner := range entries(v) {
			if k.Value == name {
				key, v = k, inner
				break
			}
		}
	}
	return key, v
}
