# Two commands for a fresh machine:
#   make demo    set up, learn a text of corpora/ for about a minute, write with it
#   make test    set up, lint, pass every test
# Both make .venv and need nothing but Python 3.11 or newer. And one that downloads more:
#   make test-backends    install JAX and PyTorch beside TensorFlow, train on each

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: checkpoint demo test test-backends clean

demo: $(VENV)/.installed
	$(BIN)/textgen train corpora/ferryman.txt --out checkpoints/demo --overwrite --epochs 16 --sample-length 80
	$(BIN)/textgen sample checkpoints/demo --temperature 0.8 --length 400 --seed 1
	$(BIN)/textgen sample checkpoints/demo --temperature 0.5 --length 400 --seed 2 --prompt "The river"

# The model that ships: what it takes to go on training it stays behind.
checkpoint: $(VENV)/.installed
	rm -rf checkpoints/jabez
	$(BIN)/textgen train corpora/ferryman.txt --out checkpoints/jabez --layers 1 --units 384 --embedding-size 48 \
	  --epochs 40 --note "made by: make checkpoint"
	rm -rf checkpoints/jabez/resume checkpoints/jabez/.lock

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

test-backends: $(VENV)/.installed-backends
	$(BIN)/python -m pytest -m backends

$(VENV)/.installed: setup.cfg pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@ $(VENV)/.installed

# PyTorch at the version that was tested: the newest may bring a different build.
$(VENV)/.installed-backends: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,jax,torch]" torch==2.13.0
	touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "textgen needs Python 3.11 or newer; name one: make PYTHON=python3.12 demo"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache
