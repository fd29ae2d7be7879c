# Two entry points for everyone: `make fuzz` and `make test`. Both install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
JOBS ?= auto

.PHONY: fuzz test check clean bench

fuzz: $(INSTALLED)
	$(BIN)/lockstep fuzz --time 60s --storage rocksdb

test: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" JOBS=$(JOBS) ci/check

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lockstep needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[check]'
	touch $@
