# Two entry points for everyone: `make fuzz` and `make test`. Both install what they need: the very
# files that requirements/development.txt names by their hashes, then this checkout. `make lock`
# renews it, after a change of the dependencies in pyproject.toml and from time to time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
LOCKED := requirements/development.txt
TOOLS := build/tools
JOBS ?= auto

PIP_INSTALL := -m pip --quiet --disable-pip-version-check install
IS_NEW := import sys; sys.exit(sys.version_info < (3, 11) and "lockstep needs Python 3.11 or later")
COMPILE := $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
  --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: fuzz test check clean bench lock audit lowest

fuzz: $(INSTALLED)
	$(BIN)/lockstep fuzz --time 60s --storage rocksdb

test: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" JOBS=$(JOBS) ci/check

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

lock: $(TOOLS)/installed
	$(COMPILE) pyproject.toml --extra check --output-file $(LOCKED)
	$(COMPILE) requirements/tools.in --output-file requirements/tools.txt

audit: $(TOOLS)/installed
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" ci/audit

lowest: $(TOOLS)/installed
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" PYTHON=$(PYTHON) ci/lowest

clean:
	rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml $(LOCKED)
	$(PYTHON) -c '$(IS_NEW)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) --require-hashes --requirement $(LOCKED)
	$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(TOOLS)/installed: requirements/tools.txt
	$(PYTHON) -c '$(IS_NEW)'
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python $(PIP_INSTALL) --require-hashes --requirement requirements/tools.txt
	touch $@
