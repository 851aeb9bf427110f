# The front door: make serve, make demo, make test. Everything is installed into .venv, from locked versions.
CONFIG ?= posthouse.example.yml
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO_EVENTS := $(addprefix tests/webhooks/, $(addsuffix .json, \
	$(addprefix gitlab/payloads/, push_hook__two_commits tag_push_hook__annotated merge_request_hook__open \
	merge_request_hook__changes_requested merge_request_hook__merge issue_hook__open pipeline_hook__failed \
	pipeline_hook__running pipeline_hook__success) \
	jira/payloads/jira_issue_updated__assigned confluence/payloads/page_created__cloud alertmanager/payloads/alerts__firing))

.PHONY: serve demo test lint types contracts tests docs bench storm lock clean

serve: $(VENV)/runtime
	$(BIN)/posthouse serve --config $(CONFIG)

demo: $(VENV)/runtime
	$(BIN)/posthouse demo $(DEMO_EVENTS)

test: lint types contracts tests

lint: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev
	$(BIN)/mypy

contracts: $(VENV)/dev
	$(BIN)/lint-imports

tests: $(VENV)/dev
	$(BIN)/pytest -n logical --dist worksteal

docs: $(VENV)/runtime
	$(BIN)/python -m posthouse.cli._reference docs

bench: $(VENV)/dev
	$(BIN)/python bench

# Ten minutes in which processes are killed, the database restarts and robots fail, and what became of it all.
storm: $(VENV)/dev
	PYTHONPATH=tests $(BIN)/python tests/storm

# Granian is compiled. Where there is no wheel of it, waitress serves instead.
$(VENV)/runtime: requirements/runtime.txt requirements/granian.txt requirements/build.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --require-hashes --only-binary :all: -r requirements/granian.txt \
		|| echo "There is no wheel of granian for this platform; waitress serves instead."
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev: $(VENV)/runtime requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

# Writes the locks anew with the newest versions; needs uv.
lock:
	for name in runtime granian postgres dev build; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --upgrade --quiet \
			requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
