# Every target makes the environment that it needs, and prints what it runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLDEST := .venv-oldest
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --constraint constraints.txt
# uv unpacks on all cores; but it reads no pip.conf, so where it finds no packages, pip installs them.
# Neither compiles: Python compiles what is imported when it is, and keeps it.
INSTALL = $(BIN)/uv pip install --quiet --constraint constraints.txt --python $(VENV) $(1) || $(PIP) --no-compile $(1)
unexport PYTHONDONTWRITEBYTECODE
# Three workers, each with up to two gigabytes; tests/workers.py says which tests are whose.
PARALLEL := --numprocesses 3 --dist loadscope --no-loadscope-reorder

.PHONY: help demo test quick backbone oldest check format notebook tensorboard bench clean

help:  ## List the targets.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.demo  ## Train, judge, serve, ask; ONCE=1 ends after the answers, else Ctrl-C does.
	$(BIN)/python examples/demo.py $(if $(ONCE),--once)

# What of the processor the tests leave, the checks take, so that they cost no time of their own.
test: $(VENV)/.dev  ## All tests, and the checks beside them.
	nice -n 19 $(MAKE) --no-print-directory check & $(BIN)/pytest $(PARALLEL); tests=$$?; wait $$! && exit $$tests

quick: $(VENV)/.dev  ## The tests of a developer's loop: without trainings, browsers and clusters.
	$(BIN)/pytest $(PARALLEL) -m "not slow and not browser and not ray"

backbone: $(VENV)/.backbone  ## The tests that need PyTorch: converting and training backbones.
	$(BIN)/pytest tests/recipes tests/model/test_efficientnet_lite.py

# Old packages warn of what the newer ones that they meet will take away; that is nothing of ours.
oldest: $(OLDEST)/.dev  ## The tests over the oldest versions that pyproject.toml allows.
	$(OLDEST)/bin/pytest $(PARALLEL) -W ignore::DeprecationWarning

check: $(VENV)/.dev  ## Format, lint, types, layers; changes nothing.
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## Put the code into its form.
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

notebook: $(VENV)/.dev  ## Make the notebooks of their source, run them, and write docs/notebook.
	$(BIN)/python scripts/make_notebooks.py
	$(BIN)/python scripts/render_notebooks.py

tensorboard: $(VENV)/.dev  ## Train on the demo's photos with logs, and show them; Ctrl-C ends it.
	$(BIN)/python -m examples.watch_training

bench: $(VENV)/.dev  ## Measure the figures of README and of the pages of benchmarks in docs; needs the real photos.
	$(MAKE) --no-print-directory .no-car
	$(BIN)/python -m benchmarks.wild
	$(BIN)/python -m benchmarks.backbones
	$(BIN)/python -m benchmarks.saliency
	$(BIN)/python -m benchmarks.figures
	$(BIN)/python -m benchmarks.serving

.no-car: | $(VENV)/.dev
	$(BIN)/python -m benchmarks.no_car_photos $@

clean:  ## Remove the environment, the caches and the demo's folder; models/ and runs/ stay.
	rm -rf $(VENV) $(OLDEST) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(call INSTALL,--editable '.[demo]')
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(call INSTALL,--editable '.[dev]')
	$(call INSTALL,--no-deps tensorflow-serving-api)  # it asks for tensorflow, whose CPU build is here already
	touch $@ $(VENV)/.demo

$(VENV)/.backbone: $(VENV)/.dev
	$(PIP) --no-compile --editable '.[backbone]'  # pip.conf may name PyTorch's small build for processors
	touch $@

$(OLDEST)/.dev: pyproject.toml
	$(PYTHON) -m venv --clear $(OLDEST)
	$(OLDEST)/bin/pip --disable-pip-version-check install --quiet uv
	$(OLDEST)/bin/uv pip install --quiet --python $(OLDEST) --resolution lowest-direct --editable '.[dev]'
	$(OLDEST)/bin/uv pip install --quiet --python $(OLDEST) --no-deps tensorflow-serving-api==2.21.0
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	-$(PIP) uv
