# make is the only scheduler: one target a chapter. Every target that writes into _build holds a lock.
PYTHON ?= python3
CORES := $(shell $(PYTHON) -c "import os; print(os.cpu_count() or 1)")
PY := .venv/bin/python
LOCKED := $(PYTHON) lib/bookkit/lock.py _build/.lock
LOCK := $(LOCKED) $(MAKE) --no-print-directory

# MPLBACKEND drops every figure in silence; a foreign PYTHONPATH can shadow the library
unexport MPLBACKEND PYTHONHOME
export PYTHONPATH := $(CURDIR)/lib
export IPYTHONDIR := $(CURDIR)/_build/ipython
# a font list of its own: one shared between environments goes stale, and then every figure warns
export MPLCONFIGDIR := $(CURDIR)/.venv/matplotlib
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: help book chapter test reference bench oracle mutants portable lock clean _book _venv _site

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo '  chapters: $(notdir $(basename $(wildcard book/chapters/*.ipynb)))'

book: ## build the book: _build/html/index.html
	@$(LOCK) _venv && $(LOCK) _book

chapter: ## rerun one chapter: make chapter NAME=two_body ARGS="br_target=1.1e-5"
	@$(if $(NAME),,$(error NAME is not set; for example: make chapter NAME=two_body ARGS="br_target=1.1e-5"))$(LOCK) _venv
	@$(LOCKED) $(PY) -m bookkit.run alone $(NAME) $(ARGS)

test: book ## unit tests, stored outputs of the chapters, built pages
	@$(PY) -m pytest tests --nbval book/chapters --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=60 \
	  -n $(CORES) -q $(PYTEST)

reference: ## refresh the stored outputs and what is generated from them; prints what moved
	@$(LOCK) _venv
	@$(LOCKED) $(PY) -m bookkit.reference

mutants: ## break the physics on purpose; a check must fail each time
	@$(LOCK) _venv
	@$(PY) -m tests.mutants $(MUTANTS)

portable: book ## the chapters as other processors run them; prints what moves: make portable KERNELS="prescott haswell"
	@$(LOCKED) $(PY) -m bookkit.portable $(KERNELS)

bench: ## hot paths against what a user would write instead, as ratios in one run
	@$(LOCK) _venv
	@$(PY) -m benchmarks

oracle: ## reference numbers from independent codes, in an environment of their own
	@$(LOCK) .venv-oracle/ready
	@.venv-oracle/bin/python tests/oracle/compute.py

lock: ## resolve requirements.in again for Python 3.11 to 3.13 (needs uv)
	uv pip compile requirements.in --generate-hashes --universal --python-version 3.11 --no-header -q -o requirements.txt
	uv pip compile requirements-oracle.in --generate-hashes --universal --python-version 3.11 --no-header -q -o requirements-oracle.txt

clean: ## remove everything that was built; the environments stay
	@rm -rf _build

_venv: .venv/ready
	@:

.venv/ready: requirements.txt
	@echo "installing the environment into .venv"
	@$(PYTHON) -c "import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else f'error: Python {v[0]}.{v[1]} is not supported; 3.11 to 3.13 are. Choose one: make PYTHON=python3.12 ...')"
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@.venv/bin/python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'book.pth').write_text('$(CURDIR)/lib\n')"
	@.venv/bin/python -c "import matplotlib.font_manager"
	@touch $@

.venv-oracle/ready: requirements-oracle.txt
	@$(PYTHON) -m venv --clear .venv-oracle
	@.venv-oracle/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-oracle.txt
	@touch $@

_book:
	@$(PY) -m bookkit.site keys
	@$(MAKE) --no-print-directory -k -j$(CORES) _site

NAMES = $(filter-out site,$(basename $(notdir $(wildcard _build/keys/*.key))))
STAGED = $(NAMES:%=_build/stage/book/chapters/%.ipynb)

_site: _build/site.stamp
	@echo "the book: $(CURDIR)/_build/html/index.html"

_build/site.stamp: $(STAGED) _build/keys/site.key
	@$(PY) -m bookkit.site build

_build/stage/book/chapters/%.ipynb: _build/keys/%.key
	@$(PY) -m bookkit.run stage $*
