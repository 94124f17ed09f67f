# A few short verbs; README shows how to do the same without make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test bench chaos truth setup check

demo: setup
	$(BIN)/featpipe demo

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile

bench: setup
	PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

chaos: setup
	PYTHONPATH=tests $(BIN)/python -m chaos $(ARGS)

truth: setup
	PYTHONPATH=tests $(BIN)/python -m truth $(ARGS)

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]'
	touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
