# Every target installs what it needs into .venv first. PYTHON names the interpreter to make it with.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
PLAN ?= plans/school.yaml
PYTEST_ARGS ?= -n 2

.PHONY: run test lint format bench corpus clean help

help:
	@echo "make run      generate the application of $(PLAN)"
	@echo "make test     run the project's tests"
	@echo "make lint     check style and types"
	@echo "make format   format the code"
	@echo "make bench    measure speed against the baselines"
	@echo "make corpus   compare the DDL reader with what real databases say, where the corpus is at hand"
	@echo "make clean    remove what the other targets made"

run: $(RUN_STAMP)
	$(BIN)/runner $(PLAN)

test: $(DEV_STAMP)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_STAMP)
	$(BIN)/python -m tests.bench

corpus: $(DEV_STAMP)
	$(BIN)/python -m tests.integration.test_corpus

clean:
	rm -rf $(VENV) build dist .runner .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11. Install 3.11 or newer, or say make PYTHON=/path/to/it"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV_STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(RUN_STAMP)
