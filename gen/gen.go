// Package gen holds generated code only: oas (the API's server and client, from openapi.yaml) and db (the queries,
// from schema/tables and queries/). `make generate` rebuilds it, and what is generated in internal/ and docs/.
package gen

//go:generate go test -count=1 -run "^(TestContract|TestDocument)$" ../internal/value/metric -update
//go:generate go run ../internal/oasgen ogen.yml ../openapi.yaml oas
//go:generate go run ../internal/sortmaps oas/oas_json_gen.go
//go:generate go tool sqlc generate -f ../sqlc.yaml
//go:generate go run ../internal/valuegen ../openapi.yaml ../internal/value/fields_gen.go
//go:generate go tool goverter gen -g matchIgnoreCase -g skipCopySameType -g useUnderlyingTypeMethods -g "enum no" -g "output:format assign-variable" -g "output:file convert_gen.go" -g "extend as.*" ../internal/app ../internal/api
