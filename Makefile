# Firstread. `make help` lists what there is. Needs Python 3.11, Node 20 and make; installs the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
TORCH ?= cpu
SIZE ?= 1440x900
export OMP_WAIT_POLICY ?= PASSIVE
# What differs most by database and broker: races, triggers, seals, doors, queues. The matrix of permissions, images and
# models take long and ask little of either.
POSTGRES_PART := tests/test_insert_only.py tests/test_nul.py tests/test_health.py tests/test_patient_data_stays_in.py \
  tests/scoring/test_runs.py $(addprefix tests/,accounts domain worklist orders registry settings measuring dicomweb \
  targets reports/test_chain.py reports/test_signing.py reports/test_amending.py reports/test_addenda.py \
  reports/test_views.py reports/test_erasing.py reports/test_retention.py reports/test_communication.py)

.PHONY: help setup demo test test-postgres check soak audit messages screenshots docs-images evaluate train-lung train-breast train-brain train-drafter clean

help: ## list the targets
	@grep -hE '^[a-z -]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: ## install everything, build the front end and catalogues, migrate the default database
	@TORCH=$(TORCH) PYTHON=$(PYTHON) bash docker/setup.sh

demo: setup ## run everything with demo studies: make demo [DICOM=folder] [PORT=8000]
	@exec $(PY) -m config.demo $(if $(DICOM),--dicom "$(DICOM)") --port $${PORT:-8000}

test: setup ## every test, browser tests included
	@bash docker/chromium.sh
	@cd frontend && npm test --silent
	@$(PY) -m pytest -n 2 --dist loadfile -m "not soak"

test-postgres: setup ## the same on a PostgreSQL and a Redis of the run's own: [PART=ci]
	@bash docker/chromium.sh
	@$(PY) -m tests.servers $(if $(IF_FOUND),--if-found) $(PY) -m pytest -n 2 --dist loadfile -m "not soak and not browser" $(if $(filter ci,$(PART)),$(POSTGRES_PART))

check: setup ## lint, types, import contracts, file lengths
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/lint-imports --no-cache
	@DJANGO_SETTINGS_MODULE=config.settings.test $(PY) manage.py makemigrations --check --dry-run
	@$(VENV)/bin/mypy
	@$(PY) -m pytest -q tests/test_architecture.py

soak: setup ## the long versions: fuzzing, load, faults
	@bash docker/chromium.sh
	@bash docker/dicom3tools.sh
	@$(PY) -m pytest -n 2 --dist loadfile -m "soak"

audit: setup ## ask for known vulnerabilities
	@$(VENV)/bin/pip install -q pip-audit && $(VENV)/bin/pip-audit --strict -r constraints/pinned.txt
	@cd frontend && npm audit

messages: setup ## bring the message catalogues up to date with the sources
	@$(PY) -m config.messages

screenshots: setup ## every page in both languages and themes, into var/screenshots: [SIZE=1440x900]
	@bash docker/chromium.sh
	@SIZE=$(SIZE) $(PY) -m pytest -q -n 2 -p no:randomly tests/pages/gallery.py

docs-images: setup ## take the pictures of docs/images
	@bash docker/chromium.sh
	@$(PY) -m tests.screenshots

train-lung train-breast train-brain: train-%: setup ## train one model and write its bundle: [DATA=folder] [WORK=folder] [DEVICE=auto|cpu|cuda]
	@$(PY) -m training.train_$* $(if $(DATA),--data "$(DATA)") $(if $(WORK),--work "$(WORK)") $(if $(DEVICE),--device $(DEVICE))

train-drafter: setup ## train the model that words the drafts
	@$(PY) -m training.train_drafter

evaluate: setup ## rewrite every figure of the cards, then run the shipped bundles over DATA: [DATA=folder] [PHANTOMS=no]
	@$(PY) -m training.make_cards $(if $(filter no,$(PHANTOMS)),,--phantoms)
	@for p in lung breast brain; do \
	  $(PY) -m training.evaluate --programme $$p --data "$(or $(DATA),$${FIRSTREAD_DATA:-../shared/data})" --json || exit; \
	done

clean: ## remove what set-up built (never the data folder)
	@rm -rf $(VENV) frontend/node_modules static/dist
