// Package edgevalue holds the API's contract.
package edgevalue

import _ "embed"

// OpenAPI is openapi.yaml.
//
//go:embed openapi.yaml
var OpenAPI []byte
