// Package gen holds generated code only: oas (the API's server and client, from openapi.yaml) and db (the queries,
// from schema/tables and queries/). `make generate` rebuilds it, and what is generated in internal/ and docs/, by the
// steps of internal/generate.
package gen

//go:generate go run ../internal/generate
