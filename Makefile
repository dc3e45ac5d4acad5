SHELL := /bin/bash
.DEFAULT_GOAL := help
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# What the page is built for: production, staging or development. Unless it is set, a release is for production, and what
# runs from the source for development.
FRONTEND_ENV ?=
ifneq ($(filter-out production staging development,$(FRONTEND_ENV)),)
$(error FRONTEND_ENV is production, staging or development, not $(FRONTEND_ENV))
endif
ldflags = -s -w -X main.version=$(VERSION) -X main.frontendEnv=$(or $(FRONTEND_ENV),$(1))
ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run everything in one process on http://localhost:8080
	go build -ldflags "$(call ldflags,development)" -o bin/edgevalue ./cmd/edgevalue
	bin/edgevalue dev $(ARGS)

.PHONY: dev
dev: ## Run everything as "make run" does, and rebuild and restart on save; with Node.js "make web-dev" too (ARGS="dev --fake")
	@if command -v npm >/dev/null; then \
		SERVER_URL="http://localhost:$$(addr="$${LISTEN_ADDR:-:8080}"; echo "$${addr##*:}")" scripts/web-dev.sh --clearScreen false & trap "kill $$! 2>/dev/null || true" EXIT; \
	fi; \
	scripts/devloop.sh $(ARGS)

.PHONY: build
build: ## Build bin/edgevalue as a static release
	CGO_ENABLED=0 go build -trimpath -ldflags "$(call ldflags,production)" -o bin/edgevalue ./cmd/edgevalue

.PHONY: generate
generate: ## Rebuild the generated code whose sources have changed (ARGS=-a: all of it)
	@go run ./internal/generate $(ARGS)

.PHONY: resource
resource: ## Write a resource: NAME=watchlist FIELDS='name:text due:date?' [OWNER=user] [PLURAL=watchlists]
	@go run ./internal/scaffold resource -name "$$NAME" -fields "$$FIELDS" -owner "$$OWNER" -plural "$$PLURAL"

.PHONY: job
job: ## Write a background job: NAME=send_report [FIELDS='word:text days:int?']
	@go run ./internal/scaffold job -name "$$NAME" -fields "$$FIELDS"

.PHONY: lint
lint: ## Lint
	go tool -modfile=scripts/lint/go.mod golangci-lint run --allow-parallel-runners ./...

# The linters of scripts/package.json, as its lock file has them.
scripts/node_modules/.package-lock.json: scripts/package.json scripts/package-lock.json
	npm ci --prefix scripts --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# The packages of the TypeScript client, by its lock file.
client/ts/node_modules/.package-lock.json: client/ts/package.json client/ts/package-lock.json
	npm ci --prefix client/ts --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

.PHONY: client-lint
client-lint: client/ts/node_modules/.package-lock.json ## Check the types of the TypeScript client, and lint it
	npm run --prefix client/ts --silent lint

.PHONY: client-pack
client-pack: client/ts/node_modules/.package-lock.json ## Write the npm package of the TypeScript client to client/ts
	cd client/ts && npm pack --silent

# The packages of the page, by its lock file.
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	npm ci --prefix web --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

.PHONY: web
web: web/node_modules/.package-lock.json client/ts/node_modules/.package-lock.json ## Build the page into internal/web/dist, which is committed
	npm run --prefix web --silent build -- --logLevel warn

.PHONY: web-lint
web-lint: web/node_modules/.package-lock.json client/ts/node_modules/.package-lock.json ## Check the types of the page, lint and test it
	npm run --prefix web --silent lint

.PHONY: web-dev
web-dev: ## Run the page with hot reload on http://localhost:5173, against the server at SERVER_URL=http://localhost:8080
	@scripts/web-dev.sh $(ARGS)

.PHONY: api-lint
api-lint: scripts/node_modules/.package-lock.json ## Lint openapi.yaml
	@export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true PATH="$$PWD/scripts/node_modules/.bin:$$PATH"; \
		redocly lint --config scripts/redocly.yaml openapi.yaml && \
		spectral lint --ruleset scripts/spectral.yaml --fail-severity hint openapi.yaml

# What openapi.yaml is compared with: another branch, or a commit.
BASE ?= main
.PHONY: api-diff
api-diff: ## Compare openapi.yaml with BASE's (BASE=main), and fail on a break that is not declared
	@go run ./internal/apidiff -base '$(BASE)' $(ARGS)

.PHONY: api-preview
api-preview: ## Show openapi.yaml beside BASE's in the browser, and reload on save
	@go run ./internal/apipreview -base '$(BASE)' $(ARGS)

.PHONY: check
check: ## Generated code, the built page, modules and migrations are current, the linters have nothing to say
	scripts/check-clean.sh go run ./internal/generate -a
	scripts/check-clean.sh go mod tidy
	go vet ./...
	$(MAKE) check-schema
	$(MAKE) lint
	$(MAKE) api-lint
	$(MAKE) client-lint
	scripts/check-clean.sh $(MAKE) web
	$(MAKE) web-lint

bin/schemadiff: FORCE
	@go build -o $@ ./internal/schemadiff

.PHONY: check-schema
check-schema: bin/schemadiff scripts/node_modules/.package-lock.json ## The migrations make the declared tables and work on data; PostgreSQL prepares all queries
	bin/schemadiff check

.PHONY: migration
migration: bin/schemadiff ## Write the migration that leads to schema/tables (NAME=add_language ARGS='--rename user_account.full_name=name')
	@test -n '$(NAME)' || { echo 'NAME is missing: make migration NAME=add_language'; exit 1; }
	@bin/schemadiff plan $(ARGS) -- '$(NAME)'

# Runs a command whose tests share one server.
bin/pgtest: FORCE
	@go build -o $@ ./internal/pgtest/run
.PHONY: FORCE

.PHONY: test
test: bin/pgtest ## Test with the race detector; needs nothing running
	bin/pgtest go test -race -parallel 4 -timeout 20m $(ARGS) ./...

# newproject:companies
# How many times each fault is made; 3 take about two minutes.
ROUNDS ?= 3
.PHONY: test-faults
test-faults: ## Disturb the real program and database, and count what that costs (ROUNDS=30 for long)
	go test -tags faults -count=1 -timeout 3h -v ./internal/faults -rounds $(ROUNDS) $(ARGS)

# The generators of internal/testclients, as its lock file has them.
internal/testclients/node_modules/.package-lock.json: internal/testclients/package.json internal/testclients/package-lock.json
	npm ci --prefix internal/testclients --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# Another one instead, such as a newer one: OPENAPI_GENERATOR_JAR=/path/to/openapi-generator-cli.jar
OPENAPI_GENERATOR_JAR ?= $(CURDIR)/bin/openapi-generator-cli-7.0.0.jar
$(CURDIR)/bin/openapi-generator-cli-7.0.0.jar:
	scripts/install-openapi-generator.sh $@

.PHONY: test-clients
test-clients: internal/testclients/node_modules/.package-lock.json | $(OPENAPI_GENERATOR_JAR) ## Generate clients with the usual generators, compile them, and run each against a server
	OPENAPI_GENERATOR_JAR='$(OPENAPI_GENERATOR_JAR)' go test -tags clients -count=1 -timeout 20m -v ./internal/testclients $(ARGS)
# newproject:end

.PHONY: test-web
test-web: web/node_modules/.package-lock.json ## Use the page in Chromium as a person would, against a server of its own
	go test -tags web -count=1 -timeout 20m -v ./web $(ARGS)

# newproject:template
.PHONY: test-project
test-project: ## Make a project of the newest commit with other names, build and test it
	scripts/test-project.sh $(ARGS)

# newproject:end
.PHONY: test-scaffold
test-scaffold: ## Write resources and a job into a copy of the tree, and check and test what was written
	go test -tags scaffold -count=1 -timeout 30m -v -run '^TestTree$$' ./internal/scaffold $(ARGS)

.PHONY: cover
cover: bin/pgtest ## Test and write coverage.html
	bin/pgtest go test -timeout 20m -coverpkg=./cmd/...,./internal/... -coverprofile=coverage.out $(ARGS) ./...
	go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -1

# newproject:companies
.PHONY: bench
bench: bin/pgtest ## Measure reads, writes, imports, start and memory beside code written by hand, and fail below the marks
	bin/pgtest go test -run '^$$' -bench . -benchtime 1x -timeout 30m $(ARGS) ./internal/api ./internal/app ./cmd/edgevalue

# How many companies; 18000 are as many as file with the SEC, and take about an hour.
N ?= 18000
.PHONY: bench-scale
bench-scale: ## Measure imports, memory, tables and requests with N companies that do not exist (N=18000), beside 1000
	go run ./internal/scale -n $(N) $(ARGS)
# newproject:end

# --- The stack: see docs/development.md

.env:
	scripts/env.sh

.PHONY: env
env: ## Write .env with fresh secrets; an .env that is there stays
	scripts/env.sh

.PHONY: up
up: .env ## Start the stack on http://localhost, and wait until it is healthy
	@docker compose up --detach --wait || { \
		docker compose ps --all --format '{{.Service}} {{.State}} {{.ExitCode}} {{.Health}}' | \
			awk '$$2 != "created" && ($$2 != "running" || $$4 != "healthy") && ($$2 != "exited" || $$3 != 0) {print $$1}' | \
			xargs -r docker compose logs --tail 20; \
		exit 1; }

.PHONY: idle
idle: .env ## Start the stack with a backend that does nothing, to run or debug the server in it
	COMPOSE_FILE=compose/compose.yaml:compose/compose.override.yaml:compose/compose.idle.yaml docker compose up --detach --wait

.PHONY: down
down: ## Stop the stack; its data stays
	docker compose down

.PHONY: logs
logs: ## Follow the stack's logs (ARGS=backend)
	docker compose logs --follow --tail 100 $(ARGS)

.PHONY: psql
psql: ## Open psql in the database of "make dev" or "make run" or, if none of them runs, the stack's (ARGS=--list)
	@scripts/psql.sh $(ARGS)

.PHONY: debug
debug: ## Run everything in a debugger that listens at 127.0.0.1:2345
	cd scripts/dev && go build -o ../../bin/ github.com/go-delve/delve/cmd/dlv
	bin/dlv debug ./cmd/edgevalue --output bin/debug --headless --listen=127.0.0.1:2345 --api-version=2 --accept-multiclient -- dev $(ARGS)

.PHONY: test-stack
test-stack: ## Test the API of a stack of its own, through its proxy
	scripts/test.sh $(ARGS)

.PHONY: test-local
test-local: ## Test the API of the running stack, with the mounted source
	scripts/test-local.sh $(ARGS)

# A stack elsewhere: URL, and EDGEVALUE_TEST_SUPERUSER and EDGEVALUE_TEST_PASSWORD in the environment.
URL ?= http://localhost
.PHONY: test-url
test-url: ## Test the API at URL, which leaves users and the like there
	@case '$(URL)' in http://localhost | http://localhost[:/]*) \
		value() { sed -n "s/^$$1=//p" .env; }; \
		export EDGEVALUE_TEST_SUPERUSER="$$(value FIRST_SUPERUSER)" EDGEVALUE_TEST_PASSWORD="$$(value FIRST_SUPERUSER_PASSWORD)" \
			EDGEVALUE_TEST_MAIL_URL=http://localhost:8025 ;; \
	esac; EDGEVALUE_TEST_URL='$(URL)' go test -count=1 ./internal/api $(ARGS)
