# Every target sets up what it needs in .venv, with nothing but Python 3.11 or later and make.
# The files .venv/.ready-* remember what is installed, so that a second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NIGHTLY := .venv-nightly
export TF_CPP_MIN_LOG_LEVEL ?= 3

# Workers take TensorFlow into memory and seconds to start, so a machine of many cores gets few.
PYTEST := $(BIN)/python -m pytest -q --numprocesses=logical --maxprocesses=4 --dist=worksteal

.PHONY: help demo test test-quick check test-backends test-faults test-nightly docs bench clean

help:
	@echo "make demo           train on real handwriting, with and without augmentation (3 minutes)"
	@echo "make test           all checks and all tests, on TensorFlow (8 minutes on 2 cores)"
	@echo "make test-quick     for daily work: ruff, and what neither compiles nor trains a model"
	@echo "make test-backends  everything that touches Keras, on JAX and on PyTorch"
	@echo "make test-faults    hostile files, servers and disks: the table of promises (FUZZ=seconds)"
	@echo "make docs           build the site of docs/ into site/, warnings are errors"
	@echo "make test-nightly   what make test leaves out; sequences on keras-nightly (needs the network)"
	@echo "make bench          measure against other loaders (DATA=folder of classes)"
	@echo "make clean          remove everything that make made"

demo: $(VENV)/.ready-demo
	$(BIN)/keras-cvdata demo

# XLA compiles more than it computes here; without the costly passes of LLVM that takes half the
# time. Nightly tests run with them.
test: check
	KERAS_BACKEND=tensorflow XLA_FLAGS="--xla_backend_optimization_level=0 \
		--xla_llvm_disable_expensive_passes=true" $(PYTEST) -m "not nightly" --cov

# All rooms, on TensorFlow and without coverage, ready in 90 seconds on 2 quiet cores.
test-quick: $(VENV)/.ready-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	KERAS_BACKEND=tensorflow $(PYTEST) -m "not slow and not nightly"

check: $(VENV)/.ready-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@echo "mypy for linux, win32 and darwin" # uses of what a system lacks
	@echo "linux win32 darwin" | xargs -n 1 -P 3 sh -c \
		'$(BIN)/mypy --platform $$0 --cache-dir .mypy_cache/$$0'
	$(BIN)/lint-imports --no-logo
	$(BIN)/pydoclint keras_cvdata

# JAX compiles more than it computes here; without most optimisations that takes half the time.
test-backends: $(VENV)/.ready-backends
	KERAS_BACKEND=jax JAX_DISABLE_MOST_OPTIMIZATIONS=1 $(PYTEST) -m "backends and not nightly"
	KERAS_BACKEND=torch $(PYTEST) -m "backends and not nightly"

# All faults of tests/faults, with limits of CPU; then its fuzzers, each for so many seconds.
FUZZ ?= 0
test-faults: $(VENV)/.ready-test
	KERAS_BACKEND=tensorflow $(BIN)/python benchmarks/faults.py
	KERAS_BACKEND=tensorflow $(BIN)/python benchmarks/fuzz.py --seconds $(FUZZ)

# The backend is the one that is always installed: Keras's own, on NumPy, needs SciPy and JAX.
# Without the other variable, Material prints a notice about its successor.
docs: $(VENV)/.ready-docs
	KERAS_BACKEND=tensorflow NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html is ready"

# What `make test` leaves out; then what Keras will do next to the passes over a sequence, and what
# XLA makes of layers with all its passes. No other test depends on this one.
# Not $(MAKE), whose line even `make --dry-run` would run.
NIGHTLY_TESTS := tests/sequences tests/preprocessing/test_fit.py tests/preprocessing/test_iterator.py \
	tests/engine/test_tensor_executor.py
test-nightly: $(VENV)/.ready-test
	KERAS_BACKEND=tensorflow $(PYTEST) -m nightly
	@if make --no-print-directory $(NIGHTLY)/.ready && \
		$(NIGHTLY)/bin/python -m pip install --quiet --upgrade --no-deps keras-nightly; \
	then $(NIGHTLY)/bin/python -c 'import keras; print("Keras", keras.__version__)' && \
		KERAS_BACKEND=tensorflow $(NIGHTLY)/bin/python -m pytest -q $(NIGHTLY_TESTS); \
	else echo "Skipped: keras-nightly cannot be installed here."; fi

bench: $(VENV)/.ready-demo
	$(BIN)/python benchmarks/loading.py $(if $(DATA),--data $(DATA))
	$(BIN)/python benchmarks/import_cost.py

clean:
	rm -rf $(VENV) $(NIGHTLY) build dist demo site .coverage .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis *.egg-info
	find keras_cvdata tests benchmarks docs -name __pycache__ -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name it: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	touch $@

$(VENV)/.ready-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

$(VENV)/.ready-docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@

# PyTorch comes first and in one version, so that a resolver never fetches several of its builds.
$(VENV)/.ready-backends: pyproject.toml Makefile | $(BIN)/python
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[test,jax,torch]"
	touch $@

# Both distributions hold the package `keras`, so the one that TensorFlow brings along must go first.
$(NIGHTLY)/.ready: pyproject.toml Makefile
	$(PYTHON) -m venv $(NIGHTLY)
	$(NIGHTLY)/bin/python -m pip install --quiet --editable ".[test]"
	$(NIGHTLY)/bin/python -m pip uninstall --quiet --yes keras keras-nightly
	$(NIGHTLY)/bin/python -m pip install --quiet --no-deps keras-nightly
	touch $@
