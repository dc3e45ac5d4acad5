// Package edgevalue embeds the API's contract.
package edgevalue

import _ "embed"

//go:embed openapi.yaml
var OpenAPI []byte
