# `make` alone lists the targets.
VENV ?= .venv
PY := $(VENV)/bin/python
BIN := $(VENV)/bin
CODE := presence kiosk server demo tests
PYTEST := $(PY) -m pytest
export VENV

.DEFAULT_GOAL := help
.PHONY: help demo story test test-deep check format simulate bench lock setup setup-test clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: setup ## the whole system on this desk: kiosk, cards, lamps, staff board; Ctrl-C ends it
	@$(PY) -m demo

story: setup ## play the scenarios through the real parts and print what each party saw
	@$(PY) -m demo.story

test: setup-test ## every test but the long ones, with coverage
	$(PYTEST) -n 3 --dist loadgroup --cov --cov-report=term

test-deep: setup-test ## the long ones too: many more random examples
	HYPOTHESIS_PROFILE=deep $(PYTEST) -n 2 --dist loadgroup -m "" --timeout 1800

check: setup-test ## style, types, import rules, sizes, locks
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PY) -m tests.checks.sizes presence kiosk server demo
	$(PY) -m tests.checks.locks
	deploy/setup/translations $(BIN)/pybabel all

format: setup-test ## put the code in the project's style
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

simulate: setup-test ## play HISTORIES=200 histories from seed FIRST=1 on, print the rate
	$(PY) -m tests.simulation --histories $(or $(HISTORIES),200) --first $(or $(FIRST),1)

bench: setup-test ## measure, print a table, keep it in bench/results.json
	$(PY) -m tests.bench

lock: setup-test ## work out the locked dependencies; UPGRADE=1 takes the newest of all
	deploy/setup/lock $(if $(UPGRADE),--upgrade)

setup: ## install what a run needs (demo and story do it themselves)
	@deploy/setup/setup run

setup-test: ## install what the tests need (test and check do it themselves)
	@deploy/setup/setup test

clean: ## remove what was made here: environment, caches, translations, coverage
	rm -rf .venv build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +
	find kiosk server -name '*.mo' -delete
