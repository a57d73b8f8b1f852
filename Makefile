# Tasks for working on eqlite. `make` alone lists them. Each one sets up what it needs: only Python 3.11+ and make must
# be there. PYTHON=/path/to/python3 chooses the interpreter, PYTEST_ARGS="-k name" what of the tests to run.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON :=
PYTEST_ARGS :=
SEED := 1
SAMPLE := 30
PACKAGES :=

# Where coverage has a floor: what decides whether a rule matches.
CORE := language semantics values functions backends engine plan predicates candidates serialization
CORE_FILES := $(foreach name,$(CORE),src/eqlite/$(name)/*) src/eqlite/fields.py
# The tests that say what the core does.
CORE_TESTS := $(foreach name,$(CORE) conformance property,$(wildcard tests/$(name))) tests/test_diagnostics.py

comma := ,
empty :=
space := $(empty) $(empty)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types layers docs docs-check site fix bench fuzz mutants coverage clean

help:  ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(READY): pyproject.toml tools/setup.sh
	@sh tools/setup.sh $(VENV) $(PYTHON)
	@touch $@

setup: $(READY)  ## make .venv with eqlite and all tools (the other tasks do it too)

demo: $(READY)  ## run the example rule over the example events
	@$(BIN)/eqlite run -r examples/suspicious_interactive_interpreter.txt examples/cloud_defend_events.ndjson --format table

test: $(READY)  ## run the tests
	$(BIN)/python -m pytest -q -n 2 --dist worksteal $(PYTEST_ARGS)

site: $(READY)  ## build the documentation as a website, in site/
	$(BIN)/mkdocs build --quiet --strict

check: lint types layers docs-check site test  ## run all that CI runs: style, types, layers, pages, site, tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports --no-cache --no-logo

docs: $(READY)  ## write the generated reference pages anew
	$(BIN)/python -m tools.docs

docs-check: $(READY)
	$(BIN)/python -m tools.docs --check

fix: $(READY)  ## fix style and import order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## measure speed (some minutes)
	$(BIN)/python -m benchmarks

fuzz: $(READY)  ## search long for counter-examples (many minutes)
	$(BIN)/python -m pytest -q -n 2 --timeout 0 -m fuzz --hypothesis-profile fuzz $(PYTEST_ARGS)

mutants: $(READY)  ## change the code a little, many times: do the tests notice? (30 minutes; SEED, SAMPLE, PACKAGES)
	$(BIN)/python -m tools.mutants --seed $(SEED) --sample $(SAMPLE) $(PACKAGES)

# The tests of the core, with fewer generated examples than CI's own run of all tests, which has gone before.
coverage: $(READY)  ## run the tests of the core with branch coverage; it must reach 95 %
	$(BIN)/python -m pytest -q -n 2 --dist worksteal --cov --cov-report= --hypothesis-profile default $(CORE_TESTS) $(PYTEST_ARGS)
	$(BIN)/coverage report --fail-under 95 --include '$(subst $(space),$(comma),$(CORE_FILES))'

clean:  ## remove everything made here, .venv too
	rm -rf $(VENV) $(VENV).log build dist site htmlcov .coverage .coverage.* .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
