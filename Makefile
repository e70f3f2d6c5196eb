# Two commands set up everything: `make app` and `make test`. Python 3.11 is all they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8501
ADDRESS ?= 127.0.0.1

.DEFAULT_GOAL := help
.PHONY: help app test check

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

app: .venv/app  ## start the app and print its address (PORT=8501, ADDRESS=127.0.0.1)
	@.venv/bin/python -m xviz app --server.port $(PORT) --server.address $(ADDRESS)

test: .venv/dev .venv/browser check  ## lint, then all tests, those in a real browser included
	@.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/dev  ## lint, format and types only
	@.venv/bin/ruff check --no-cache . && .venv/bin/ruff format --check . && .venv/bin/mypy

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "xviz needs Python 3.11; $(PYTHON) is another. Set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -m venv .venv && touch $@

.venv/app: requirements.txt | .venv/python
	@echo "Installing what the app needs into .venv; this happens once."
	@.venv/bin/python install.py requirements.txt && touch $@

.venv/dev: requirements.txt requirements-dev.txt | .venv/python
	@echo "Installing what the tests need into .venv; this happens once."
	@.venv/bin/python install.py requirements-dev.txt && touch .venv/app $@

.venv/browser: tests/browser/install.sh tests/browser/package-lock.json | .venv/dev
	@sh tests/browser/install.sh && touch $@
