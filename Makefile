# Everything runs from .venv, installed from pyproject.toml under constraints.txt.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME ?= $(CURDIR)/var/dagster

.PHONY: demo ui test soak lint install clean
.DEFAULT_GOAL := demo

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed (or: make PYTHON=/path/to/python3.11)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: install
	@$(BIN)/aml demo

ui: install
	@$(BIN)/aml ui

test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

soak: install
	$(BIN)/python -m pytest -m soak $(ARGS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

clean:
	rm -rf var build *.egg-info .pytest_cache .ruff_cache .hypothesis
