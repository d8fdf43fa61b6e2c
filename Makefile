# Each target does its own set-up first; a second run sets nothing up again.
bin := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak serve docs lock setup setup-dev clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: setup ## Issue, verify, tamper with and revoke 1,000 licences; the files are in var/demo/
	@$(bin)/elicence demo

test: setup-dev ## Run all tests; ARGS='-k name' chooses
	@$(bin)/pytest -n 2 $(ARGS)

check: setup-dev ## Lint, format, types, layers, migrations
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/elicence db check

bench: setup-dev ## Measure issuing, sealing, the log, the root of trust and the command line
	@$(bin)/elicence bench issue --json
	@$(bin)/elicence bench seal --json
	@$(bin)/elicence bench ledger --json
	@$(bin)/elicence bench ca --json
	@$(bin)/elicence bench cli --json

soak: setup-dev ## A million mutated inputs, then 1,000 rounds of killed writers and sequencers; ARGS='--count 1000 --ledger-rounds 10'
	@$(bin)/python -m tests.soak $(ARGS)

serve: setup ## Start the server: ELICENCE_HOME, else var/ if founded, else the demo's service
	@if [ -z "$$ELICENCE_HOME" ] && [ ! -e var/keys/trust.json ]; then \
		export ELICENCE_HOME=var/demo/service; \
		[ -e $$ELICENCE_HOME/keys/trust.json ] || { \
			echo "请先运行 make demo，或用 elicence init 建立自己的机构。" >&2; \
			echo "Run 'make demo' first, or found a house of your own with 'elicence init'." >&2; \
			exit 3; }; \
	fi; exec $(bin)/elicence serve

docs: setup-dev ## Write docs/settings.md and the tables of docs/verification.md from the code
	@$(bin)/python -m api.settings > docs/settings.md
	@$(bin)/python -m licences.verification.documentation docs/verification.md

lock: setup-dev ## Write the locks anew; ARGS=--upgrade takes newer versions
	@sh tools/setup/lock.sh $(ARGS)

setup: ## Set up what running needs
	@sh tools/setup/setup.sh runtime

setup-dev: ## Set up what tests and checks need
	@sh tools/setup/setup.sh dev

clean: ## Remove what set-up and tools made; var/ stays
	rm -rf .venv node_modules .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
