# make run: the whole hub in the foreground, one Ctrl-C ends it. Everything set in the environment is kept.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
PYTEST_WORKERS ?= 2
# The first of these that runs and is new enough; a name alone may be a stand-in that does not run.
FIND_PYTHON = for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit 0; done; \
	echo "É preciso Python 3.11 ou mais novo." >&2; exit 1

.PHONY: run test check bench format clean

run: $(VENV)/.runtime
	@exec $(PY) -m carinho.embedded.supervisor

test: $(VENV)/.dev
	@$(PY) -m tests.browser
	$(PY) -m pytest -n $(PYTEST_WORKERS) --dist loadscope

# Nothing here asks the database; without a URL the settings would start the embedded one.
check: export DATABASE_URL := $(or $(DATABASE_URL),postgresql://nobody@127.0.0.1:1/none)
check: $(VENV)/.dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PY) manage.py check

bench: $(VENV)/.dev
	$(PY) -m tests.bench

format: $(VENV)/.dev
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

# Leaves var/: the data of the hub live there.
clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@python=$$($(FIND_PYTHON)) || exit 1; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); \
	echo "O módulo venv do Python não funciona; no Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.runtime: requirements.txt | $(PY)
	@echo "Instalando o que $< pede…"
	@$(PY) -m pip install -qq --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(PY)
	@echo "Instalando o que $< pede…"
	@$(PY) -m pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@touch $@
