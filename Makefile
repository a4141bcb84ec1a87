# Warmcart's chores. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test lint collect browser php plugin bench clean

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

# Compiled code is kept, whatever the environment says: dozens of processes start from it.
unexport PYTHONDONTWRITEBYTECODE

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Run the demo: shop, phone and admin; Ctrl-C stops it, its data stay in ./var
	@exec $(BIN)/python -m app.ops.processes $(BIN)/warmcart demo

demo-reset: $(INSTALLED) ## Forget what happened in the demo, and run it from the start
	@exec $(BIN)/python -m app.ops.processes $(BIN)/warmcart demo --reset

test: browser php ## Check and test everything: lint, types, import rules, all tests (needs no network)
	@$(MAKE) --no-print-directory -j2 lint collect
	@phpunit -c tests/plugin/phpunit.xml
	$(BIN)/pytest -n 3

# Once, beside the lint, so that the test processes need not each compile all tests at the same time.
# What is wrong with a test is told by the run that follows.
collect: $(INSTALLED)
	@$(BIN)/pytest --collect-only --quiet > /dev/null || true

lint: $(INSTALLED) php ## Check style, types and who imports whom
	$(BIN)/ruff check --config .ci/ruff.toml .
	$(BIN)/ruff format --check --config .ci/ruff.toml .
	$(BIN)/mypy --config-file setup.cfg app connectors flows
	$(BIN)/lint-imports --config setup.cfg
	phpcs -q --standard=.ci/phpcs.xml

browser: ## See that there is a Chromium for the browser tests
	@sh tests/browser/ensure_chromium.sh > /dev/null

php: ## See that there are PHP, PHPUnit and PHP_CodeSniffer for the companion plugin
	@sh tests/plugin/ensure_php.sh > /dev/null

plugin: $(INSTALLED) ## Build WooCommerce's companion plugin: build/warmcart-woocommerce.zip
	$(BIN)/python .ci/build_plugin.py build/warmcart-woocommerce.zip

bench: $(INSTALLED) ## Measure, and write the figures to docs/performance.md (a few minutes)
	$(BIN)/python -m bench

clean: ## Remove the virtual environment and caches; the data in ./var stay
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find app connectors flows locales migrations tests bench -name __pycache__ -prune -exec rm -rf {} + 2> /dev/null || true

# The virtual environment is brought up to date when what it is made from has changed.
$(INSTALLED): requirements.lock setup.cfg pyproject.toml
	@PYTHON=$(PYTHON) sh .ci/make_venv
	@touch $@
