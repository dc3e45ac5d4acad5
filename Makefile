SHELL := /bin/bash
.DEFAULT_GOAL := help
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run everything in one process on http://localhost:8080
	go build -ldflags "$(LDFLAGS)" -o bin/edgevalue ./cmd/edgevalue
	bin/edgevalue dev $(ARGS)

.PHONY: build
build: ## Build bin/edgevalue as a static release
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/edgevalue ./cmd/edgevalue

.PHONY: generate
generate: ## Rebuild gen/ from openapi.yaml, schema/ and queries/
	go generate ./gen

.PHONY: lint
lint: ## Lint
	go tool -modfile=scripts/lint/go.mod golangci-lint run --allow-parallel-runners ./...

.PHONY: check
check: ## Generated code is current, modules are tidy, the linter has nothing to say
	scripts/check-clean.sh make generate
	scripts/check-clean.sh go mod tidy
	go vet ./...
	$(MAKE) lint

.PHONY: test
test: ## Test with the race detector; needs nothing running
	go test -race $(ARGS) ./...

.PHONY: cover
cover: ## Test and write coverage.html
	go test -coverpkg=./cmd/...,./internal/... -coverprofile=coverage.out $(ARGS) ./...
	go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -1

.PHONY: bench
bench: ## Measure an import, and the API beside handlers written by hand
	go test -run '^$$' -bench . -benchtime 10s $(ARGS) ./internal/app ./internal/api
