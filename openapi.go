// Package edgevalue embeds the API's contract.
package edgevalue

import (
	_ "embed"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"
)

//go:embed openapi.yaml
var OpenAPI []byte

// A ProblemType is what the contract says about the problems of one type.
type ProblemType struct {
	Status             int
	Title, Description string
}

// ProblemTypes returns those that a contract lists, by name.
func ProblemTypes(contract []byte) (map[string]ProblemType, error) {
	var doc struct {
		Types map[string]ProblemType `yaml:"x-problem-types"`
	}
	if err := yaml.Unmarshal(contract, &doc); err != nil {
		return nil, errors.Wrap(err, "read the contract")
	}
	return doc.Types, nil
}
