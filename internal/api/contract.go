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
	Ref                  string             `yaml:"$ref"`
	Type                 types              `yaml:"type"`
	Format               string             `yaml:"format"`
	Message              string             `yaml:"x-message"` // says all of it to people
	Enum                 []string           `yaml:"enum"`
	Minimum              *int64             `yaml:"minimum"`
	Maximum              *int64             `yaml:"maximum"`
	MinLength            int                `yaml:"minLength"`
	MaxLength            *int               `yaml:"maxLength"`
	Pattern              *pattern           `yaml:"pattern"`
	MinItems             int                `yaml:"minItems"`
	MaxItems             *int               `yaml:"maxItems"`
	Items                *schema            `yaml:"items"`
	Properties           map[string]*schema `yaml:"properties"`
	Required             []string           `yaml:"required"`
	AdditionalProperties *bool              `yaml:"additionalProperties"`
	Examples             []any              `yaml:"examples"`
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
	Ref      string  `yaml:"$ref"`
	Name     string  `yaml:"name"`
	In       string  `yaml:"in"`
	Required bool    `yaml:"required"`
	Schema   *schema `yaml:"schema"`
}

// An operation is what openapi.yaml says about the requests of one.
type operation struct {
	ID          string       `yaml:"operationId"`
	Parameters  []*parameter `yaml:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema *schema `yaml:"schema"`
		} `yaml:"content"`
	} `yaml:"requestBody"`

	method      string
	path        []string // with {name} for a parameter
	contentType string   // "" without a body, "*/*" for a file
	body        *schema
}

// contract returns the operations of openapi.yaml by their ids.
var contract = sync.OnceValues(func() (map[string]*operation, error) {
	type pathItem struct {
		Parameters                    []*parameter `yaml:"parameters"`
		Get, Put, Post, Patch, Delete *operation
	}
	var doc struct {
		Paths      map[string]pathItem `yaml:"paths"`
		Components struct {
			Schemas    map[string]*schema    `yaml:"schemas"`
			Parameters map[string]*parameter `yaml:"parameters"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(edgevalue.OpenAPI, &doc); err != nil {
		return nil, errors.Wrap(err, "read openapi.yaml")
	}
	var resolve func(s **schema)
	resolve = func(s **schema) {
		if *s == nil {
			return
		}
		if name, ok := strings.CutPrefix((*s).Ref, "#/components/schemas/"); ok {
			*s = doc.Components.Schemas[name]
		}
		resolve(&(*s).Items)
		for name, p := range (*s).Properties {
			resolve(&p)
			(*s).Properties[name] = p
		}
	}
	all := map[string]*operation{}
	for path, item := range doc.Paths {
		for method, op := range map[string]*operation{
			"GET": item.Get, "PUT": item.Put, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete,
		} {
			if op == nil {
				continue
			}
			op.method, op.path = method, strings.Split(path, "/")
			op.Parameters = slices.Concat(item.Parameters, op.Parameters)
			for i, p := range op.Parameters {
				if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
					op.Parameters[i] = doc.Components.Parameters[name]
				}
				resolve(&op.Parameters[i].Schema)
			}
			for kind, content := range op.RequestBody.Content {
				op.contentType, op.body = kind, content.Schema
				resolve(&op.body)
			}
			all[op.ID] = op
		}
	}
	return all, nil
})
