package api

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"

	"github.com/edgevalue/edgevalue"
)

// A schema is what openapi.yaml says about a value, as far as requests use it.
type schema struct {
	Type                 types
	Format               string
	Message              string `yaml:"x-message"` // says all of it to people
	Enum                 []string
	Minimum, Maximum     *int64
	MinLength            int  `yaml:"minLength"`
	MaxLength            *int `yaml:"maxLength"`
	Pattern              *pattern
	MinItems             int  `yaml:"minItems"`
	MaxItems             *int `yaml:"maxItems"`
	Items                *schema
	Properties           map[string]*schema
	Required             []string
	AdditionalProperties *bool `yaml:"additionalProperties"`
	Examples             []any
}

// UnmarshalYAML makes one schema of oneOf another and null.
func (s *schema) UnmarshalYAML(n *yaml.Node) error {
	type plain schema
	var either struct {
		OneOf []*plain `yaml:"oneOf"`
	}
	if err := n.Decode(&either); err != nil {
		return err
	}
	if len(either.OneOf) != 2 || !(*schema)(either.OneOf[1]).is("null") {
		return n.Decode((*plain)(s))
	}
	*s = schema(*either.OneOf[0])
	s.Type = append(slices.Clone(s.Type), "null")
	return nil
}

// types are the ones that a value can have.
type types []string

func (t *types) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = types{n.Value}
		return nil
	}
	return n.Decode((*[]string)(t))
}

func (s *schema) is(name string) bool { return slices.Contains(s.Type, name) }

type pattern struct{ *regexp.Regexp }

func (p *pattern) UnmarshalYAML(n *yaml.Node) (err error) {
	p.Regexp, err = regexp.Compile(n.Value)
	return err
}

type parameter struct {
	Name, In string
	Required bool
	Schema   *schema
}

// An operation is what openapi.yaml says about the requests of one.
type operation struct {
	ID          string `yaml:"operationId"`
	Deprecated  bool
	Since       string `yaml:"x-deprecated-since"` // the day, if it is deprecated
	Sunset      string `yaml:"x-sunset"`           // the day from which it may be gone; "" if none is set
	Cacheable   bool   `yaml:"x-cacheable"`        // see Cache
	Parameters  []parameter
	RequestBody struct {
		Content map[string]struct{ Schema *schema }
	} `yaml:"requestBody"`

	method      string
	path        []string // with {name} for a parameter
	upload      bool     // takes in a file: its body is read by the use case
	contentType string   // "" without a body, and of an upload, which may have any
	body        *schema
}

// A document is what openapi.yaml says to the server, by names.
type document struct {
	operations map[string]*operation
	problems   map[string]edgevalue.ProblemType
}

// contract returns openapi.yaml.
var contract = sync.OnceValues(func() (document, error) { return readContract(edgevalue.OpenAPI) })

func readContract(contract []byte) (document, error) {
	var (
		root yaml.Node
		doc  struct {
			Problems map[string]edgevalue.ProblemType `yaml:"x-problem-types"`

			Paths map[string]struct {
				Parameters []parameter
				Operations map[string]*operation `yaml:",inline"` // by method
			}
		}
	)
	if err := yaml.Unmarshal(contract, &root); err != nil {
		return document{}, errors.Wrap(err, "read openapi.yaml")
	}
	resolve(root.Content[0], at(root.Content[0], "paths"))
	if err := root.Decode(&doc); err != nil {
		return document{}, errors.Wrap(err, "decode openapi.yaml")
	}
	all := document{map[string]*operation{}, doc.Problems}
	for path, item := range doc.Paths {
		for method, op := range item.Operations {
			op.method, op.path = strings.ToUpper(method), strings.Split(path, "/")
			op.Parameters = slices.Concat(item.Parameters, op.Parameters)
			if _, op.upload = op.RequestBody.Content[fileType]; !op.upload {
				for kind, content := range op.RequestBody.Content {
					op.contentType, op.body = kind, content.Schema
				}
			}
			all.operations[op.ID] = op
		}
	}
	return all, nil
}

// resolve puts what it points to in the place of every $ref within n, but for those of responses, which can hold
// themselves.
func resolve(root, n *yaml.Node) {
	if len(n.Content) == 2 && n.Content[0].Value == "$ref" {
		*n = *at(root, strings.Split(n.Content[1].Value, "/")[1:]...)
	}
	for i, c := range n.Content {
		if i == 0 || n.Content[i-1].Value != "responses" {
			resolve(root, c)
		}
	}
}

// at returns the node at a path.
func at(n *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		i := slices.IndexFunc(n.Content, func(key *yaml.Node) bool { return key.Value == name })
		n = n.Content[i+1]
	}
	return n
}
