# `make` alone lists what there is. Needs Python 3.11 or later and nothing else.

.DEFAULT_GOAL := help
.PHONY: help run test test-quick check lint format lock bench chaos docs live clean setup setup-dev
SHELL := /bin/sh
# Bytecode is kept whatever the shell says: it halves each start.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell command -v $(name) 2>/dev/null)))
BIN := .venv/bin
WORKERS ?= 2

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup:
	@test -n "$(PYTHON)" || { echo "Reviewhub needs Python 3.11 or later; this machine has none."; exit 1; }
	@$(PYTHON) scripts/setup.py run

setup-dev:
	@test -n "$(PYTHON)" || { echo "Reviewhub needs Python 3.11 or later; this machine has none."; exit 1; }
	@$(PYTHON) scripts/setup.py dev

run: setup ## set everything up and start on http://127.0.0.1:8000
	@exec $(BIN)/python manage.py serve --demo

PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile
# The browser's driver keeps an event loop in its process: those tests run apart.
test: setup-dev ## every test, on PostgreSQL and on SQLite (at most 12 minutes)
	@$(BIN)/python scripts/with_services.py $(PYTEST) -m "not browser" $(ARGS)
	@$(BIN)/python scripts/with_services.py $(PYTEST) -m browser $(ARGS)
	@TEST_ONLY_DATABASE=1 $(PYTEST) -m "not browser and not slow" $(ARGS)

test-quick: setup-dev ## the tests that need neither PostgreSQL, Redis nor Chromium
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not postgres and not redis and not browser" $(ARGS)

check: setup-dev lint ## lint, types, import contracts, documents in step
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py render_docs --check
	@$(BIN)/python -m pytest -q tests/house
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: setup-dev ## put every file into the one format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

COMPILE = $(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)

lock: setup-dev ## lock the packages anew; UPGRADE=--upgrade takes newer ones
	@$(COMPILE) --group pyproject.toml:bootstrap -o requirements/bootstrap.txt
	@$(COMPILE) pyproject.toml -o requirements/run.txt
	@$(COMPILE) pyproject.toml --group pyproject.toml:dev -c requirements/run.txt -o requirements/dev.txt

bench: setup-dev ## full-size benchmarks; DATA= names listings that are not in the repository
	@$(BIN)/python scripts/with_services.py $(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA)) $(ARGS)

chaos: setup-dev ## full-size fault tests: killed workers, lost brokers, full disks
	@$(BIN)/python scripts/with_services.py $(BIN)/python -m pytest -q tests/faults -m "slow or not slow" $(ARGS)

docs: setup-dev ## write the documents that are drawn from the code
	@$(BIN)/python manage.py render_docs

live: setup-dev ## ask the configured provider what the tests ask their own
	@$(BIN)/python manage.py check_live_provider

clean: ## remove what was made on this machine, but for the data in var/
	@rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
