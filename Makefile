# Everything on a machine that has only python3: `make demo`, `make test`, `make docs`, `make clean`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint docs clean

demo: $(INSTALLED)
	$(BIN)/python benchmarks/digit_scenes.py

test: lint
	$(BIN)/python -m pytest
	$(MAKE) docs

lint: $(INSTALLED)
	$(BIN)/ruff check .

docs: $(INSTALLED)
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

# The stamp makes the installation happen once, and again when what it depends on changes.
$(INSTALLED): setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade pip
	$(BIN)/python -m pip install -e ".[test,docs]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build docs/generated .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
