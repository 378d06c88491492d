# Everything set in the environment is kept, unless a line says why not.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
# Three on two cores too: tests of hubs and pages wait for other processes.
PYTEST_WORKERS ?= 3
# The first of these that runs and is new enough; a name alone may be a stand-in that does not run.
FIND_PYTHON = for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit 0; done; \
	echo "É preciso Python 3.11 ou mais novo." >&2; exit 1

LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade-package $(UPGRADE))

.PHONY: help run test server-journey fuzz check coverage bench soak proof images format lock audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## the whole hub, embedded, in the foreground; Ctrl-C ends it
	@exec $(PY) -m carinho.embedded.supervisor

test coverage: export PYTHONDONTWRITEBYTECODE := # else each process of a test compiles the whole hub again
test: $(VENV)/.dev ## all tests; PYTEST_WORKERS=0 one after the other
	@$(PY) -m tests.browser
	$(PY) -m pytest -n $(PYTEST_WORKERS) --dist loadscope --no-loadscope-reorder

server-journey: $(VENV)/.dev ## docker-compose.yml's commands on Debian's PostgreSQL, Redis and nginx, as root
	@tests/server/install
	$(PY) -m pytest -p no:cacheprovider tests/server/journey.py

fuzz: $(VENV)/.dev ## 10,000 bodies and headers that no sender should write, 400 worlds of syncs, all pairs of troubles
	FUZZ_CASES=$(or $(FUZZ_CASES),10000) $(PY) -m pytest \
		tests/events/intake/test_fuzz.py tests/sync/test_worlds.py tests/monitoring/test_one_truth.py

check: export SECRET_KEY := $(or $(SECRET_KEY),signs nothing: only what is checked reads it)
check: $(VENV)/.dev ## format, lint, types, import contracts, migrations, Django's own checks, Docker's files
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PY) manage.py check
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/ci.yml

coverage: $(VENV)/.dev ## all tests, and the branches that none of them runs
	@$(PY) -m tests.browser
	$(PY) -m pytest -n $(PYTEST_WORKERS) --dist loadscope --no-loadscope-reorder --cov --cov-branch --cov-report term-missing:skip-covered

bench: $(VENV)/.dev ## the hub beside the plain way and beside the leanest queue
	$(PY) -m tests.bench

soak: $(VENV)/.dev ## everything breaks for ten minutes, then a strict ledger; SECONDS= RATE= SEED=
	$(PY) -m tests.proof.soak --seconds $(or $(SECONDS),600) --rate $(or $(RATE),2) --seed $(or $(SEED),1)

proof: $(VENV)/.dev ## run PROOFS="soak calm workers", say, and renew the figures of docs/proof.md, which names all
	$(PY) -m tests.proof $(PROOFS)

images: $(VENV)/.dev ## the pictures of the operators' guide, taken anew
	@$(PY) -m tests.browser
	$(PY) -m pytest tests/console/guide_images.py

format: $(VENV)/.dev ## put code in its form
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lock: $(VENV)/.dev ## write what follows from requirements*.in, with hashes; a package alone: make lock UPGRADE=requests
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) -c requirements.txt requirements-dev.in -o requirements-dev.txt

audit: $(VENV)/.dev ## ask which of the packages have a known weakness; not part of make check
	$(VENV)/bin/uv tool run --quiet pip-audit@2.10.1 --disable-pip --require-hashes -r requirements.txt

clean: ## remove what was installed and cached; leaves var/, where the data live
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@python=$$($(FIND_PYTHON)) || exit 1; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); \
	echo "O módulo venv do Python não funciona; no Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.runtime: requirements.txt | $(PY)
	@echo "Instalando o que $< pede…"
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(PY)
	@echo "Instalando o que $< pede…"
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
