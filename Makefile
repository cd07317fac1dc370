# Every command of the project; `make help` lists them.
# Works on Linux and macOS, wherever the clone lies, and never waits for an answer.

PYTHON ?= python3
# PyTorch's CPU wheel index, for machines without a GPU: `make setup TORCH_INDEX=<its address>`.
TORCH_INDEX ?=
# Passed on, for example `make verify ARGS="a1_classifiers --coverage"`.
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
AUTOGRADER := $(VENV)/bin/autograder
INSTALLED := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
ifdef CI
export PIP_QUIET := 1
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast release verify notebooks lint format bench clean lock

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make .venv with everything the project needs (about 6 GB), and bubblewrap
	@tools/install_system_packages.sh bubblewrap libseccomp2

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is missing or older than 3.11. Install Python 3.11 or newer, or name one:" \
	       "make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the packages of requirements.lock into $(VENV) ..."
ifdef TORCH_INDEX
	$(PY) -m pip install --no-deps --index-url $(TORCH_INDEX) $(shell sed -n 's/^\(torch[a-z]*==[^ ;]*\).*/\1/p' requirements.lock)
	sed -E '/^(torch|nvidia-|cuda-|triton)/d' requirements.lock > $(VENV)/requirements.txt
	$(PY) -m pip install -r $(VENV)/requirements.txt
else
	$(PY) -m pip install -r requirements.lock
endif
	$(PY) -m pip install --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Grade a sample class and show the results (in demo/)
	$(AUTOGRADER) demo $(ARGS)

test: lint ## Check style, then run the tests
	@tools/install_system_packages.sh chromium
	$(PY) -m pytest -n 2 $(ARGS)

test-fast: setup ## Run the tests that take no sandbox, notebook or browser, in about a minute
	$(PY) -m pytest -n 2 -m "not slow" $(ARGS)

release: setup ## Make release/ and the students' bundles from source/
	$(AUTOGRADER) release $(ARGS)

verify: setup ## Prove that the checks are right: references, variants, mistakes, no leaks
	$(AUTOGRADER) verify $(ARGS)

notebooks: setup ## Run every source notebook from top to bottom
	$(PY) tools/run_notebooks.py $(ARGS)

lint: setup ## Check style and types without changing a file
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) tools/normalise_notebooks.py --check

format: setup ## Put code and notebooks into the project's style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) tools/normalise_notebooks.py

bench: setup ## Run the benchmarks
	@set -e; for script in $$(grep -l __main__ bench/*.py); do echo "== $$script"; $(PY) "$$script"; done

clean: ## Remove what these commands made; submissions, grades and feedback stay
	rm -rf $(VENV) build bundle demo *.egg-info .pytest_cache .ruff_cache .hypothesis
	find $(wildcard assignments autograder tests tools bench) -name __pycache__ -type d -prune -exec rm -rf {} +

lock: setup ## Renew requirements.lock from pyproject.toml
	$(PY) -m uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --upgrade --no-annotate --custom-compile-command "make lock" --output-file requirements.lock
