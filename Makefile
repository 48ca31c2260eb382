# The whole developer interface. `make demo` and `make test` set up all that they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
WORKERS ?= auto

.PHONY: demo test lint bench docs clean
.DEFAULT_GOAL := demo

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev,docs,instruments]"
	@touch $(STAMP)

demo: $(STAMP)   ## simulate a study in the design of Normann et al. 2021 as raw files, run it, name the report
	$(BIN)/sensitome demo demo

test: $(STAMP)   ## every test
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --quiet

lint: $(STAMP)   ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)  ## answers first, then times as ratios
	$(BIN)/python -m benchmarks

docs: $(STAMP)   ## the documentation, warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) demo/study demo/results site .pytest_cache .mypy_cache .ruff_cache .hypothesis
