# The front door. Needs make and Python 3.11+ with venv; everything else it fetches itself, locked by hash.
#   make trial ARGS="--data DIR"    hands arguments on        make test PYTEST_ARGS="-k promise"    likewise

.DEFAULT_GOAL := help
.PHONY: help trial tour test test-browser check bench explore mutants generate lock clean

BIN := .venv/bin
export PYTHON

# Whoever has the larger environment needs no smaller one.
TRIAL := $(if $(wildcard .venv/ready-for-dev),.venv/ready-for-dev,.venv/ready-for-trial)
DEV := .venv/ready-for-dev

.venv/ready-for-%: requirements/%.txt requirements/bootstrap.txt requirements/install.sh pyproject.toml
	@requirements/install.sh $*

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

trial: $(TRIAL) ## bring an invented region up: Postgres, Kafka, the services (Ctrl-C ends it, nothing stays)
	@$(BIN)/heijastin trial $(ARGS)

tour: $(TRIAL) ## play a month in the trial, told as it happens; ends by itself
	@$(BIN)/heijastin tour $(ARGS)

test: $(DEV) ## run all tests on real Kafka and Postgres, then demand that domain and handlers are covered whole
	$(BIN)/pytest -n 3 --ignore=tests/browser --cov --cov-report= $(PYTEST_ARGS)
	$(if $(PYTEST_ARGS),,$(BIN)/coverage report --include='services/*/domain/*,services/*/handlers*' --fail-under=100)

test-browser: $(DEV) ## look at the pages in this machine's Chromium: by thumb, by keyboard, and for barriers
	$(BIN)/pytest tests/browser $(PYTEST_ARGS)

CHECKS := lint format types imports spelling sql generated tree
.PHONY: $(CHECKS)
check: $(CHECKS) ## lint, format, types, import contracts, spelling, SQL, generated files (make -k check: all complaints)
$(CHECKS): $(DEV)
lint:      ; $(BIN)/ruff check
format:    ; $(BIN)/ruff format --check
types:     ; $(BIN)/basedpyright --warnings
imports:   ; $(BIN)/lint-imports --no-logo
spelling:  ; $(BIN)/codespell
sql:       ; $(BIN)/squawk $(wildcard shared/migrations/*.sql services/*/migrations/*.sql)
generated: ; $(BIN)/python -m deploy.generate --check
tree:      ; deploy/check_tree.sh

bench: $(DEV) ## measure intake and relay beside the plainest program that does the same
	$(BIN)/python -m benchmarks $(ARGS)

explore: $(DEV) ## try every property on thousands of examples that no test has seen yet; takes a quarter of an hour
	$(BIN)/pytest -n 2 -m hypothesis --hypothesis-profile=explore --timeout=1800 $(PYTEST_ARGS)

# All of it begins anew: mutmut lets a survivor stand, also when the tests have changed since.
mutants: $(DEV) ## change the domain line by line and see whether a test notices; lists the survivors
	$(if $(ARGS),,rm -rf mutants)
	$(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results | sed '/: not checked$$/d'

generate: $(DEV) ## write contracts, OpenAPI, AsyncAPI and docs/events.md anew from the code
	$(BIN)/python -m deploy.generate $(ARGS)

lock: $(DEV) ## take newly wanted dependencies into the locks (ARGS=--upgrade: the newest of all, a week old at least)
	requirements/lock.sh $(ARGS)

clean: ## remove the environment and everything that can be made again
	rm -rf .venv .cache build mutants htmlcov .coverage .coverage.* *.egg-info .hypothesis .import_linter_cache .pytest_cache .ruff_cache
