# Two commands for a fresh machine:
#   make demo    set up, train on a text of corpora/ for about a minute, write with it
#   make test    set up, check everything, run every test that has no target of its own below
# Both make .venv and need only Python 3.11 or newer.
#
# For those who work on textgen (CONTRIBUTING.md):
#   make check           format, lint, types, import contracts, the quick tests of what changed: about a minute
#   make lint            lint, formatting, types, import contracts
#   make test-docs       follow the README, the guide and the tutorial command by command; run make demo in a copy
#   make test-interrupted  trainings that lose their terminal, disk, memory or process, and how they go on
#   make test-browser    open the page, the playground and the page of textgen inspect in Chromium
#   make attacks         hostile runs, texts, terminals: how each ends, as a table
#   make explore         the property tests with new random examples, ten times as many
#   make coverage        the tests of these four, with the share of lines that they run; fails below 95%
#   make tutorial        the tutorial exactly as it is written; takes minutes
#   make picture         draw docs/architecture.svg again
#   make checkpoint      train the model of prose that ships
#   make verse-checkpoint VERSE_TEXT=sonnets.txt    train the model of English verse that ships, from poems that you have
#   make typed           mypy and pyright on a script that uses every public name, with an installed wheel
#   make sanitize        the tests of the compiled modules, with every access to memory checked (GCC or Clang)
#   make test-writing    install for writing only, without TensorFlow, and run what must work there
#   make test-forms      two thousand poems over all forms, each judged by code that shares nothing with textgen's
#   make test-clients    install the openai package and the llm command, run them against a server
#   make test-machines   install JAX, train in several processes, kill, freeze and cut them off
#   make test-backends   install JAX and PyTorch beside TensorFlow, train on each (downloads gigabytes)

PYTHON ?= python3
VENV ?= .venv
DEMO_EPOCHS ?= 16
# What `make check` compares with: where this branch left main.
BASE ?= $(shell git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || echo HEAD)
ifeq ($(OS),Windows_NT)
BIN = $(VENV)/Scripts
else
BIN = $(VENV)/bin
endif
# As many processes as there are cores; one that has no tests left takes some of another's.
PYTEST = $(BIN)/python -m pytest -n auto --dist worksteal

# What an installation is made of, besides the sources in Python, which it reads where they are.
BUILT_FROM = setup.cfg setup.py pyproject.toml $(wildcard textgen/engine/_*.[ch] textgen/training/_*.[ch])

.PHONY: checkpoint verse-checkpoint demo test check lint lint-ruff lint-format lint-types lint-imports attacks explore coverage tutorial picture \
  typed sanitize test-docs test-browser test-interrupted test-writing test-clients test-backends test-machines \
  test-firefox test-forms kernel clean

demo: $(VENV)/.installed
	$(BIN)/textgen train corpora/ferryman.txt --out checkpoints/demo --overwrite --epochs $(DEMO_EPOCHS) --sample-length 80
	$(BIN)/textgen sample checkpoints/demo --temperature 0.8 --length 400 --seed 1
	$(BIN)/textgen sample checkpoints/demo --temperature 0.5 --length 400 --seed 2 --prompt "The river"

# The model that ships. The state for resuming its training stays behind.
checkpoint: $(VENV)/.installed
	rm -rf checkpoints/jabez
	$(BIN)/textgen train corpora/ferryman.txt --out checkpoints/jabez --layers 1 --units 384 --embedding-size 48 \
	  --epochs 40 --note "made by: make checkpoint"
	rm -rf checkpoints/jabez/resume checkpoints/jabez/.lock

# The model of English verse that ships: prose first, which teaches syntax, then poems. Neither text is in the repository.
# VERSE_TEXT is a file of poems with a blank line between two; of the last fifth it learns nothing.
# PROSE_TEXT holds files, or names of `textgen corpora list`.
VERSE_TEXT ?= sonnets.txt
PROSE_TEXT ?= corpora:shakespeare
VERSE_EPOCHS ?= 30
WYATT ?= checkpoints/wyatt
LIGHTLY = --input-dropout 0 --embedding-dropout 0 --recurrent-dropconnect 0 --dropout 0.1 --output-dropout 0.1
STRONGLY = --input-dropout 0.2 --embedding-dropout 0.05 --recurrent-dropconnect 0.1 --dropout 0.2 --output-dropout 0.3
verse-checkpoint: $(VENV)/.installed
	@test -f "$(VERSE_TEXT)" || { echo "no file $(VERSE_TEXT): name a text of poems that people wrote, for example \
	sonnets from Project Gutenberg with a blank line between two poems: make verse-checkpoint VERSE_TEXT=FILE"; exit 1; }
	$(BIN)/textgen train $(PROSE_TEXT) --lowercase --unit word --direction backward --vocabulary-size 2400 --layers 1 \
	  --units 384 --projection 128 $(LIGHTLY) --validation 0.02 --epochs 5 --out checkpoints/prose --overwrite
	$(BIN)/textgen train "$(VERSE_TEXT)" --documents poem --lowercase --from checkpoints/prose --direction backward \
	  --vocabulary-size 3000 $(STRONGLY) --validation 0.2 --epochs $(VERSE_EPOCHS) --out $(WYATT) --overwrite \
	  --note "made by: make verse-checkpoint, from $(notdir $(PROSE_TEXT)) and then $(notdir $(VERSE_TEXT))"
	$(BIN)/python -c "from textgen.runs.half import halve; halve('$(WYATT)')"
	rm -rf $(WYATT)/resume $(WYATT)/.lock

test: lint
	$(PYTEST)

# Every block of the pages runs: some forty trainings and seventy pictures, a fifth of the time of all tests.
test-docs: $(VENV)/.installed-test
	$(PYTEST) -m docs tests/repository

# Skipped where there is no Chromium: apt-get install chromium. .ci/run installs it.
test-browser: $(VENV)/.installed-test
	$(PYTEST) -m browser tests/page tests/inspection

# Each starts TensorFlow in a process of its own, often more than once.
test-interrupted: $(VENV)/.installed-test
	$(PYTEST) -m interrupted tests/attacks tests/cli tests/training

check: $(VENV)/.installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.helpers.changed $(BASE) | xargs $(PYTEST) -m "not slow and not docs and not browser and not interrupted and not backends and not writing and not clients and not machines and not forms"

lint: lint-ruff lint-format lint-types lint-imports

lint-ruff: $(VENV)/.installed-test
	$(BIN)/ruff check .

lint-format: $(VENV)/.installed-test
	$(BIN)/ruff format --check .

lint-types: $(VENV)/.installed-test
	$(BIN)/mypy

lint-imports: $(VENV)/.installed-test
	$(BIN)/lint-imports

attacks: $(VENV)/.installed-test
	rm -f .attacks
	TEXTGEN_ATTACK_TABLE=$(CURDIR)/.attacks $(PYTEST) -m "" tests/attacks
	sort -V -u .attacks

explore: $(VENV)/.installed-test
	HYPOTHESIS_PROFILE=explore $(PYTEST) -m hypothesis

coverage: $(VENV)/.installed-test
	$(PYTEST) --cov --cov-report=term -m "not backends and not writing and not clients and not machines"

tutorial: $(VENV)/.installed-test
	TEXTGEN_TUTORIAL=as-written $(BIN)/python -m pytest -m "" tests/repository/test_tutorial.py

picture: $(VENV)/.installed-test
	$(BIN)/python docs/draw_architecture.py

# A wheel in an environment of its own, without TensorFlow: type checkers must not need it.
TYPED = build/typed
typed:
	rm -rf $(TYPED)
	$(PYTHON) -m venv $(TYPED)/venv
	$(PYTHON) -m tests.helpers.typed $(TYPED)/scripts
	$(TYPED)/venv/bin/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(TYPED) .
	$(TYPED)/venv/bin/pip install --quiet --disable-pip-version-check "pyright[nodejs]" "mypy>=2.4,<2.5" numpy matplotlib
	$(TYPED)/venv/bin/pip install --quiet --disable-pip-version-check --no-deps $(TYPED)/*.whl
	cd $(TYPED)/scripts && { ../venv/bin/pyright --pythonpath ../venv/bin/python --outputjson > ../pyright || true; }
	cd $(TYPED)/scripts && { ../venv/bin/mypy --strict script.py planted.py > ../mypy || true; }
	$(PYTHON) -m tests.helpers.typed $(TYPED)/scripts $(TYPED)/pyright $(TYPED)/mypy

# A build of its own, whose every access outside of an array and every undefined operation ends the tests.
SANITIZED = build/sanitized
sanitize: $(VENV)/.installed-test
	rm -rf $(SANITIZED)
	TEXTGEN_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -O1" \
	  TEXTGEN_LDFLAGS="-fsanitize=address,undefined" \
	  $(BIN)/python setup.py -q build --build-base $(SANITIZED)/objects --build-lib $(SANITIZED)/package
	PYTHONPATH=$(SANITIZED)/package:$(CURDIR) ASAN_OPTIONS=detect_leaks=0 \
	  LD_PRELOAD="$$(cc -print-file-name=libasan.so) $$(cc -print-file-name=libubsan.so)" \
	  $(BIN)/pytest --import-mode=importlib -p no:cacheprovider -s tests/engine/test_step.py tests/training/test_loop.py

# The installation is made anew each time, as a user makes it; the tests run its commands.
test-writing: $(VENV)/.installed-test
	rm -rf $(VENV)/writing build
	$(BIN)/python -m venv $(VENV)/writing
	$(subst $(VENV),$(VENV)/writing,$(BIN))/python -m pip install --quiet --disable-pip-version-check --no-deps . \
	  -r requirements-writing.txt
	TEXTGEN_WRITING=$(abspath $(VENV)/writing) $(BIN)/python -m pytest -m writing tests/repository/test_writing_only.py

# The page in Firefox. It needs Firefox, node and npm: apt-get install firefox-esr nodejs npm
test-firefox: $(VENV)/.installed-test
	npm install --silent --no-audit --no-fund --prefix $(VENV)/firefox puppeteer-core
	TEXTGEN_FIREFOX=$(abspath $(VENV)/firefox) $(BIN)/python -m pytest tests/page/test_firefox.py

# The step in WebAssembly, built by a compiler that comes as a Python package. The build needs no other package.
kernel:
	python3 -m venv $(VENV)/kernel
	$(VENV)/kernel/bin/python -m pip install --quiet --disable-pip-version-check ziglang==0.17.1
	$(VENV)/kernel/bin/python textgen/page/kernel/build.py
	cat textgen/page/kernel/built.json

# Its models learn texts of corpora/ first, which takes a minute or two.
test-forms: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m forms -s tests/verse/test_forms.py

test-clients: $(VENV)/.installed-clients
	$(BIN)/python -m pytest -m clients

# Some of these need root and iproute2, for two network namespaces.
test-machines: $(VENV)/.installed-machines
	$(BIN)/python -m pytest -m machines tests/group tests/training/test_division.py tests/training/test_processes.py

test-backends: $(VENV)/.installed-backends
	$(BIN)/python -m pytest -m backends

$(VENV)/.installed: $(BUILT_FROM) | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-test: $(BUILT_FROM) | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@ $(VENV)/.installed

# PyTorch in the version that was tested: the newest may bring a different build.
$(VENV)/.installed-backends: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,jax,torch]" torch==2.13.0
	touch $@

$(VENV)/.installed-machines: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,machines]"
	touch $@

$(VENV)/.installed-clients: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "openai>=2" "llm>=0.27"
	touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "textgen needs Python 3.11 or newer; name one: make PYTHON=python3.12 demo"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .coverage*
