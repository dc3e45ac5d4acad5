package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"
)

const contractFile = "openapi.yaml"

// A contract is what openapi.yaml has, by name.
type contract struct {
	Tags []struct{ Name string }
	// Paths are the operations by method, beside what is common to them.
	Paths      map[string]map[string]yaml.Node
	Components struct {
		Schemas map[string]yaml.Node
	}
}

func (p *project) contract() (c contract, err error) {
	b, err := p.read(contractFile)
	if err != nil {
		return c, errors.Wrap(err, "read the contract")
	}
	if err := yaml.Unmarshal(b, &c); err != nil {
		return c, errors.Wrap(err, contractFile)
	}
	return c, nil
}

// operations are the ids of all operations.
func (c contract) operations() (ids []string) {
	for _, item := range c.Paths {
		for _, n := range item {
			var op struct {
				ID string `yaml:"operationId"`
			}
			if n.Kind == yaml.MappingNode && n.Decode(&op) == nil {
				ids = append(ids, op.ID)
			}
		}
	}
	return ids
}

// extend adds a tag, paths and schemas at the ends of their sections. All other lines stay as they are.
func (p *project) extend(tag, paths, schemas string) error {
	return p.edit(contractFile, func(b []byte) ([]byte, error) {
		for _, part := range []struct {
			section []string
			text    string
		}{{[]string{"tags:"}, tag}, {[]string{"paths:"}, paths}, {[]string{"components:", "  schemas:"}, schemas}} {
			at, err := endOf(b, part.section)
			if err != nil {
				return nil, err
			}
			b = slices.Concat(b[:at], []byte(part.text), b[at:])
		}
		if err := yaml.Unmarshal(b, new(contract)); err != nil {
			return nil, errors.Wrap(err, "with the new lines")
		}
		return b, nil
	})
}

// endOf is where the lines end that are indented below a key, given with those that it stands under. Comments that
// stand before the next key are its.
func endOf(b []byte, keys []string) (int, error) {
	at, end := 0, len(b)
	for _, key := range keys {
		i := bytes.Index(b[at:end], []byte("\n"+key+"\n"))
		if i < 0 {
			return 0, errors.Errorf("there is no line %q", strings.TrimSpace(key))
		}
		at += i + len(key) + 2
		indent := len(key) - len(strings.TrimLeft(key, " "))
		last := at
		for line := range strings.Lines(string(b[at:end])) {
			bare := strings.TrimLeft(line, " ")
			item := indent == 0 && strings.HasPrefix(line, "- ") // of a list that is not indented
			if bare != "\n" && !strings.HasPrefix(bare, "#") && len(line)-len(bare) <= indent && !item {
				break
			}
			last += len(line)
		}
		end = last
	}
	for { // comments and empty lines at the end
		i := bytes.LastIndexByte(b[:end-1], '\n') + 1
		if !trailing.Match(b[i:end]) {
			return end, nil
		}
		end = i
	}
}

var trailing = regexp.MustCompile(`^(#.*)?\n$`)
