# A list of commands: lib/bookkit/lock.py starts each in an environment that it has cleaned, holding a lock where it writes into _build.
PYTHON ?= python3
CORES := $(shell $(PYTHON) -I -c "import os; print(os.cpu_count() or 1)" 2>/dev/null)
START = $(if $(CORES),,$(error $(PYTHON) does not start. Choose another Python: make PYTHON=python3.12 ...))$(PYTHON) -I lib/bookkit/lock.py
LOCKED = $(START) _build/.lock
VENV = $(LOCKED) $(PYTHON) -m bookkit.install .venv requirements.txt
PY = $(START) - .venv/bin/python
LOCKED_PY = $(LOCKED) .venv/bin/python

ifeq ($(wildcard lib/bookkit/lock.py),)
$(error Run make in the folder of its Makefile, or name that folder: make -C FOLDER ...)
endif
# only the command line sets these: NAME is also what WSL calls the machine
$(foreach name,NAME ARGS PYTEST MUTANTS KERNELS,$(if $(filter environment,$(origin $(name))),$(eval $(name) :=)))
.DEFAULT_GOAL := help

.PHONY: help book pdf new chapter test wheel reference scan bench oracle mutants portable lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo '  chapters: $(notdir $(basename $(wildcard book/chapters/*.ipynb)))'

book: ## build the book: _build/html/index.html
	@$(VENV)
	@$(LOCKED_PY) -m bookkit.build

pdf: ## the built book as one PDF: _build/book.pdf
	@$(VENV)
	@$(LOCKED_PY) -m bookkit.pdf

new: ## begin a chapter, and print what is left to do: make new NAME=kaon
	@$(if $(NAME),,$(error NAME is not set; for example: make new NAME=kaon))$(VENV)
	@$(PY) -m bookkit.new $(NAME)

chapter: ## rerun one chapter: make chapter NAME=two_body ARGS="br_target=1.1e-5"
	@$(if $(NAME),,$(error NAME is not set; for example: make chapter NAME=two_body ARGS="br_target=1.1e-5"))$(VENV)
	@$(LOCKED_PY) -m bookkit.run alone $(NAME) $(ARGS)

test: book ## unit tests, stored outputs of the chapters, built pages
	@$(PY) -m pytest tests --nbval book/chapters --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=60 \
	  -n $(CORES) -q $(PYTEST)

wheel: ## build the library as a wheel, _build/wheel, and try it in a fresh environment
	@$(VENV)
	@$(LOCKED_PY) -m bookkit.wheel

reference: ## refresh the stored outputs, and print what moved: all chapters, or make reference NAME=two_body
	@$(VENV)
	@$(LOCKED_PY) -m bookkit.reference $(NAME)

scan: ## search the whole model again, and store the best points: more than a million, all cores
	@$(VENV)
	@$(PY) -m bookkit.scan

mutants: ## break the physics on purpose; a check must fail each time
	@$(VENV)
	@$(PY) -m tests.mutants $(MUTANTS)

portable: book ## the chapters as other processors run them; prints what moves: make portable KERNELS="prescott haswell"
	@$(LOCKED_PY) -m bookkit.portable $(KERNELS)

bench: ## hot paths against what a user would write instead, as ratios in one run
	@$(VENV)
	@$(PY) -m benchmarks

oracle: ## reference numbers from independent codes, in an environment of their own
	@$(LOCKED) $(PYTHON) -m bookkit.install .venv-oracle requirements-oracle.txt
	@$(START) - .venv-oracle/bin/python tests/oracle/compute.py

lock: ## resolve requirements.in again for Python 3.11 to 3.13 (needs uv)
	uv pip compile requirements.in --generate-hashes --universal --python-version 3.11 --no-header -q -o requirements.txt
	uv pip compile requirements-oracle.in --generate-hashes --universal --python-version 3.11 --no-header -q -o requirements-oracle.txt

clean: ## remove everything that was built; the environments stay
	@rm -rf _build
