# Serin. `make` lists the targets; README.md names the two that matter.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

.PHONY: help demo test lint generate verify bench-decisions build plugin image images install uninstall cluster-up cluster-down unit e2e fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## real releases on a real cluster, narrated: good ones promoted, bad ones rolled back (CONTEXT=... a cluster of yours; SOURCE=datadog a stand-in of it)
	@hack/demo/run

test: lint verify unit e2e ## everything: linters, generated files, unit, control-plane and end-to-end tests

unit: ## unit tests, and tests against a real API server and a real Prometheus
	@hack/unit

e2e: ## end-to-end tests on a real cluster, which they bring up
	@test/e2e/run

lint: ## golangci-lint with the layering rules, shellcheck
	@hack/lint

fmt: ## write every Go file as the formatter would
	@hack/lint --fix-format

generate: ## deepcopy, CRDs, RBAC, the answers in docs/traces.md
	@hack/generate

verify: ## fail when anything generated is stale
	@hack/verify

bench-decisions: ## how well the decisions are, in simulated worlds: docs/decisions (ARGS=-full takes hours)
	@go -C test/decisions run ./cmd/bench-decisions -quick -o $(CURDIR)/docs/decisions $(ARGS)

build: ## the operator, a static binary, in bin/serin
	@go build -trimpath -ldflags "-s -w" -o bin/serin ./cmd

plugin: ## kubectl serin, a static binary, in bin/kubectl-serin
	@go build -trimpath -ldflags "-s -w" -o bin/kubectl-serin ./cmd/kubectl-serin

image: build ## the operator's image, in the local cluster
	@hack/cluster/load-image serin.dev/serin:dev bin/serin

images: ## the operator's image for every platform, in bin/image, without a container engine (ARGS="-push registry/name:tag" also pushes it)
	@hack/image/build $(ARGS)

install: ## install Serin from config/ into the cluster of your kubeconfig
	@kubectl apply --server-side -k config/default

uninstall: ## end every release and remove Serin: what remains are plain Deployments
	@hack/uninstall

cluster-up: ## a real Kubernetes with gateway and Prometheus on this machine
	@hack/cluster/up

cluster-down: ## stop it and leave nothing behind
	@hack/cluster/down
