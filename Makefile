# Everything on a machine that has only python3; CONTRIBUTING.rst says when to use what.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# A second environment, without the project's own source, for the check of the wheel.
CLEAN := build/clean_venv

define CHECK_WHEEL
from pathlib import Path
import sklearn_ctran, sklearn_ctran.baselines, sklearn_ctran.inspection
folder = Path(sklearn_ctran.__file__).parent
assert "clean_venv" in folder.parts and (folder / "py.typed").exists(), folder
print("The wheel imports, version", sklearn_ctran.__version__)
endef
export CHECK_WHEEL

# Label Studio has an environment of its own, whose versions are not ours.
LABEL_STUDIO := build/label_studio

.PHONY: demo test lint docs fuzz coverage dist precommit label-studio label-studio-browser clean

demo: $(INSTALLED)
	$(BIN)/python benchmarks/digit_scenes.py

# Two processes of one thread each; a file's tests stay together, as they share what takes long.
test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(MAKE) docs

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

docs: $(INSTALLED)
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

# An hour of inputs that no run before has tried.
fuzz: $(INSTALLED)
	FUZZ_SECONDS=480 FUZZ_SEED=$$(date +%s)000000 $(BIN)/python -m pytest -s tests/fuzz

# The backend and a real Label Studio: two minutes to install it, two for the test.
label-studio: $(INSTALLED) $(LABEL_STUDIO)/.installed
	LABEL_STUDIO_BIN=$(abspath $(LABEL_STUDIO)/bin) $(BIN)/python -m pytest tests/integration

# What a person sees, in a Chromium without a window; look at the screenshots.
CHROMIUM ?= $(shell command -v chromium)
label-studio-browser: $(INSTALLED) $(LABEL_STUDIO)/.installed
	$(LABEL_STUDIO)/bin/python -m pip install --quiet "playwright>=1.49,<2"
	LABEL_STUDIO_BIN=$(abspath $(LABEL_STUDIO)/bin) CHROMIUM=$(CHROMIUM) SCREENSHOTS=build/screenshots \
	    $(BIN)/python -m pytest tests/integration/test_label_studio_browser.py

$(LABEL_STUDIO)/.installed:
	$(PYTHON) -m venv $(LABEL_STUDIO)
	$(LABEL_STUDIO)/bin/python -m pip install --quiet "label-studio>=1.23,<2"
	touch $@

# Work in other processes (n_jobs=2) is not counted.
coverage: $(INSTALLED)
	$(BIN)/python -m pytest --cov --cov-report=term --cov-report=html

# The wheel is imported from an environment of its own. A .pth file lets it see the dependencies of
# the first one, as installing torch again would take 5.7 GB; python -I keeps this folder out.
dist: $(INSTALLED)
	rm -rf dist $(CLEAN)
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv $(CLEAN)
	$(CLEAN)/bin/python -m pip install --quiet --no-deps dist/*.whl
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	    > $$($(CLEAN)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/dependencies.pth
	$(CLEAN)/bin/python -I -c "$$CHECK_WHEEL"

# Installs the hook and runs it on all files.
precommit: $(INSTALLED)
	$(BIN)/pre-commit install
	PATH="$(abspath $(BIN)):$$PATH" pre-commit run --all-files

# The stamp makes the installation happen once, and again when what it depends on changes.
$(INSTALLED): setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade pip
	$(BIN)/python -m pip install -e ".[test,lint,docs,dist]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build docs/generated docs/gallery htmlcov .coverage
	rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .grimp_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
