# Everything a newcomer needs: `make run`, `make ui`, `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
SECONDS ?= 300

.PHONY: run ui platform install install-dev test test-long test-all fuzz bench bench-large bench-growth chaos docs screenshots check format clean

run: install  ## land the sample, materialise everything, print a summary
	$(BIN)/sales-assets land sample_data/pizzaplace.csv.gz --source pizzaplace
	$(BIN)/sales-assets land sample_data/global_sales.csv.gz --source global_sales
	$(BIN)/sales-assets materialize --missing

ui: install  ## serve the Dagster UI on port 3000
	$(BIN)/sales-assets ui

platform: install $(VENV)/.installed-platform  ## webserver, daemon and all teams' code servers, on port 3000
	$(BIN)/sales-assets platform

install: $(VENV)/.installed  ## the virtual environment and the parsed dbt project
	@$(BIN)/sales-assets prepare

install-dev: install $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else \
	"Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + "; use make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the dependencies; the first time this takes some minutes."
	$(PIP) --compile --editable .
	@$(BIN)/python -m compileall -q sales_assets
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --compile --editable '.[dev]'
	@touch $@ $(VENV)/.installed-docs $(VENV)/.installed-platform

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) --compile --editable '.[docs]'
	@touch $@

$(VENV)/.installed-platform: $(VENV)/.installed
	$(PIP) --compile --editable '.[distributed,platform]'
	@touch $@

$(VENV)/.installed-fuzz: $(VENV)/.installed-dev
	$(PIP) --compile --editable '.[fuzz]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(PIP) --compile --editable '.[bench]'
	@touch $@

test: install-dev  ## the test suite without the long tests
	$(BIN)/pytest -m "not long and not longest"

test-long: install-dev  ## the long tests, without those that take minutes each
	$(BIN)/pytest -m "long and not longest"

test-all: install-dev  ## every test
	$(BIN)/pytest

fuzz: $(VENV)/.installed-fuzz  ## drops that a fuzzer makes up, each target for SECONDS; Linux only
	$(BIN)/python -m sales_assets_tests.fuzz walk -max_total_time=$(SECONDS)
	$(BIN)/python -m sales_assets_tests.fuzz reader -max_total_time=$(SECONDS)

chaos: install-dev  ## drops for ten minutes while services and processes are killed and slowed; CHAOS="--seed 2"
	$(BIN)/python -m sales_assets_tests.chaos $(CHAOS)

bench: $(VENV)/.installed-bench  ## the project beside other ways to do its job; BENCH="--sizes 30x1000 --rounds 5"
	$(BIN)/python -m benchmarks.run $(BENCH)

bench-large: $(VENV)/.installed-bench  ## the same for 365 days of 20,000 lines, and one of ten million
	$(BIN)/python -m benchmarks.run --large $(BENCH)

bench-growth: $(VENV)/.installed-bench  ## how costs grow with days, sources and drops
	$(BIN)/python -m benchmarks.growth $(BENCH)

docs: install $(VENV)/.installed-docs  ## the site, in docs/_build/index.html
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --jobs auto docs docs/_build

screenshots: install-dev  ## the pictures of the README and the docs, by the tests in a browser
	$(BIN)/pytest sales_assets_tests/browser --screenshots docs/screenshots

check: install-dev  ## lint, format, types, SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

format: install-dev  ## put code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix dbt_project/models dbt_project/tests

clean:  ## remove what the commands made, but neither the drops nor the virtual environment
	rm -rf dbt_project/target docs/_build .fuzz
	if [ -d .sales_assets ]; then find .sales_assets -mindepth 1 -maxdepth 1 ! -name landing -exec rm -rf {} +; fi
