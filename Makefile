# Every target first installs what it needs into .venv. PYTHON is the interpreter that creates it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
NODE_STAMP := node_modules/.package-lock.json
PLAN ?= plans/school.yaml
OLDEST ?= python3.11
PYTEST_ARGS ?= -n 2 --dist worksteal

# Installs exactly the locked versions, verified by hash, and the checkout itself with the locked build backend.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := $(INSTALL) --require-hashes --only-binary :all: --requirement
EDITABLE := $(INSTALL) --no-deps --no-build-isolation --editable .
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade

.PHONY: run test docs newest oldest upgrade faults merges lint format bench corpus clean help

help:
	@echo "make run      generate the application of $(PLAN)"
	@echo "make test     run the project's tests"
	@echo "make faults   run the fault suite long: real times, many repetitions; results in tests/integration/FAULTS.md"
	@echo "make merges   run the merge suite long: 200 pairs of an edit by hand and a changed schema, 100 killed runs"
	@echo "make lint     check style and types"
	@echo "make docs     build the documentation as a site in build/docs"
	@echo "make format   format the code"
	@echo "make bench    measure speed against the baselines"
	@echo "make corpus   read real schemas and compare with what real databases say; generate, migrate and test their backends"
	@echo "make upgrade  renew the locked versions in requirements/ and of the generated backend, then run the tests"
	@echo "make newest   run the tests with the newest versions that pyproject.toml allows, in .venv-newest; only reports"
	@echo "make oldest   run the unit tests and $(PLAN) with OLDEST, the oldest Python: make oldest OLDEST=/usr/bin/python3.11"
	@echo "make clean    remove what the other targets created"

run: $(RUN_STAMP)
	$(BIN)/runner $(PLAN)

test: $(DEV_STAMP) $(NODE_STAMP)
	@$(BIN)/python -m tests.frontend_packages
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m tests.programs
	$(BIN)/python -m pytest $(PYTEST_ARGS)
	$(BIN)/python -m tests.node npm test --silent

faults: $(DEV_STAMP) $(NODE_STAMP)
	RUNNER_FAULTS=long RUNNER_FAULTS_TABLE=tests/integration/FAULTS.md \
		$(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=1200 tests/integration/faults

merges: $(DEV_STAMP) $(NODE_STAMP)
	@$(BIN)/python -m tests.frontend_packages
	RUNNER_FAULTS=long RUNNER_MERGES_TABLE=tests/integration/MERGES.md \
		$(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=1200 tests/integration/merging

lint: $(DEV_STAMP) $(NODE_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.node npm run --silent typecheck

docs: $(DEV_STAMP)
	$(BIN)/python -m docs build/docs

format: $(DEV_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_STAMP) $(NODE_STAMP)
	$(BIN)/python -m tests.bench

corpus: $(DEV_STAMP)
	$(BIN)/python -m tests.integration.test_corpus
	$(BIN)/python -m tests.integration.corpus_applications

upgrade: $(DEV_STAMP)
	$(COMPILE) --output-file requirements/run.txt --group build pyproject.toml
	$(COMPILE) --output-file requirements/dev.txt --group build --extra dev --constraint requirements/run.txt pyproject.toml
	$(COMPILE) --output-file requirements/node.txt --extra node --constraint requirements/run.txt pyproject.toml
	$(COMPILE) --output-file requirements/peers.txt --constraint requirements/dev.txt --group peers
	$(BIN)/python -m tests.backend_lock
	$(MAKE) test

newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	-.venv-newest/bin/python -m pytest $(PYTEST_ARGS)

oldest:
	$(OLDEST) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--requirement requirements/dev.txt
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	.venv-oldest/bin/python -m pytest $(PYTEST_ARGS) tests --ignore tests/integration
	.venv-oldest/bin/runner $(PLAN) --force

clean:
	rm -rf $(VENV) .venv-newest .venv-oldest node_modules build dist .runner .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11. Install 3.11 or newer, or run make PYTHON=/path/to/it"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements/run.txt pyproject.toml | $(BIN)/python
	$(LOCKED) requirements/run.txt
	$(EDITABLE)
	@touch $@

$(DEV_STAMP): requirements/dev.txt pyproject.toml | $(BIN)/python
	$(LOCKED) requirements/dev.txt
	$(EDITABLE)
	@touch $@ $(RUN_STAMP)

# The tools of convex/ and of its tests. Installs Node from PyPI if the system has none that is new enough.
$(NODE_STAMP): package-lock.json package.json | $(DEV_STAMP)
	@$(BIN)/python -m tests.node node --version >/dev/null 2>&1 || \
		$(LOCKED) requirements/node.txt
	$(BIN)/python -m tests.node npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
