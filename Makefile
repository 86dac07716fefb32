# make is the only scheduler: one target a chapter. Every target that writes into _build holds a lock.
PYTHON ?= python3
CORES := $(shell $(PYTHON) -I -c "import os; print(os.cpu_count() or 1)" 2>/dev/null)
# every command starts in an environment that lib/bookkit/lock.py has cleaned
START = $(if $(CORES),,$(error $(PYTHON) does not start. Choose another Python: make PYTHON=python3.12 ...))$(PYTHON) -I lib/bookkit/lock.py
PY = $(START) - .venv/bin/python
LOCKED = $(START) _build/.lock
LOCK = $(LOCKED) $(MAKE) --no-print-directory

ifeq ($(wildcard lib/bookkit/lock.py),)
$(error Run make in the folder of its Makefile, or name that folder: make -C FOLDER ...)
endif
# only the command line sets these: NAME is also what WSL calls the machine
$(foreach name,NAME ARGS PYTEST MUTANTS KERNELS,$(if $(filter environment,$(origin $(name))),$(eval $(name) :=)))
.DEFAULT_GOAL := help

.PHONY: help book chapter test reference bench oracle mutants portable lock clean _book _venv _install _site

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo '  chapters: $(notdir $(basename $(wildcard book/chapters/*.ipynb)))'

book: ## build the book: _build/html/index.html
	@$(LOCK) _venv && $(LOCK) _book

chapter: ## rerun one chapter: make chapter NAME=two_body ARGS="br_target=1.1e-5"
	@$(if $(NAME),,$(error NAME is not set; for example: make chapter NAME=two_body ARGS="br_target=1.1e-5"))$(LOCK) _venv
	@$(LOCKED) .venv/bin/python -m bookkit.run alone $(NAME) $(ARGS)

test: book ## unit tests, stored outputs of the chapters, built pages
	@$(PY) -m pytest tests --nbval book/chapters --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=60 \
	  -n $(CORES) -q $(PYTEST)

reference: ## refresh the stored outputs and what is generated from them; prints what moved
	@$(LOCK) _venv
	@$(LOCKED) .venv/bin/python -m bookkit.reference

mutants: ## break the physics on purpose; a check must fail each time
	@$(LOCK) _venv
	@$(PY) -m tests.mutants $(MUTANTS)

portable: book ## the chapters as other processors run them; prints what moves: make portable KERNELS="prescott haswell"
	@$(LOCKED) .venv/bin/python -m bookkit.portable $(KERNELS)

bench: ## hot paths against what a user would write instead, as ratios in one run
	@$(LOCK) _venv
	@$(PY) -m benchmarks

oracle: ## reference numbers from independent codes, in an environment of their own
	@$(LOCK) .venv-oracle/ready
	@$(START) - .venv-oracle/bin/python tests/oracle/compute.py

lock: ## resolve requirements.in again for Python 3.11 to 3.13 (needs uv)
	uv pip compile requirements.in --generate-hashes --universal --python-version 3.11 --no-header -q -o requirements.txt
	uv pip compile requirements-oracle.in --generate-hashes --universal --python-version 3.11 --no-header -q -o requirements-oracle.txt

clean: ## remove everything that was built; the environments stay
	@rm -rf _build

# installed again when requirements.txt has another text, or when its Python is gone or has another version by now
_venv:
	@{ test .venv/ready -nt requirements.txt || cmp -s requirements.txt .venv/ready; } && .venv/bin/python -I -c "import bookkit" 2>/dev/null || $(MAKE) --no-print-directory _install

VENV = $(PYTHON) -I -c "import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else 'error: Python %d.%d is not supported; 3.11 to 3.13 are. Choose one: make PYTHON=python3.12 ...' % v[:2])" && $(PYTHON) -I -m venv --clear

_install:
	@# what a link points to may be in use elsewhere, and venv clears it
	@test ! -L .venv || { echo "error: .venv is a link and does not fit requirements.txt; remove the link, or install where it points" >&2; exit 1; }
	@echo "installing the environment into .venv"
	@$(VENV) .venv
	@$(PY) -m bookkit.install requirements.txt
	@$(PY) -c "import matplotlib.font_manager"
	@cp requirements.txt .venv/ready

.venv-oracle/ready: requirements-oracle.txt
	@$(VENV) .venv-oracle
	@$(START) - .venv-oracle/bin/python -m bookkit.install requirements-oracle.txt
	@touch $@

_book:
	@$(PY) -m bookkit.site keys
	@$(MAKE) --no-print-directory -k -j$(or $(CORES),1) _site

NAMES = $(filter-out site,$(basename $(notdir $(wildcard _build/keys/*.key))))
STAGED = $(NAMES:%=_build/stage/book/chapters/%.ipynb)

_site: _build/site.stamp
	@printf '%s\n' "the book: $$PWD/_build/html/index.html"

_build/site.stamp: $(STAGED) _build/keys/site.key
	@$(PY) -m bookkit.site build

_build/stage/book/chapters/%.ipynb: _build/keys/%.key
	@$(PY) -m bookkit.run stage $*
