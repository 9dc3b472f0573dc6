# The commands of a checkout. Each does its own set-up; `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help demo export test test-quick chaos fuzz bench bench-live bench-attacks parlai-check check format constraints docs schema clean

PORT ?= 3000
WORKERS ?= 3
ARGS ?=
SEEDS ?= 50
CASES ?= 10000
QUICK := not slow and not browser and not postgres and not processes

ENVIRONMENT := .venv/.complete
PYTHON_OF_IT := .venv/bin/python
MEMBERS := $(wildcard plugins/*/pyproject.toml)
TYPED := crowdcore scripts/hook_docs.py scripts/schema.py $(foreach member,$(MEMBERS),$(dir $(member))$(notdir $(patsubst %/,%,$(dir $(member)))))

# Where a company's proxy has its own certificate, the system's certificates include it and uv's own do not.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := 1
endif

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

demo: $(ENVIRONMENT) ## serve examples/form at http://localhost:3000 (make demo PORT=3001: elsewhere)
	@trap : INT; scripts/demo.sh --port $(PORT) || [ $$? -eq 130 ]  # 130: left by a second Ctrl-C

export: $(ENVIRONMENT) ## the demo's answers so far, into demo-answers/
	@exec scripts/demo.sh --export

test: $(ENVIRONMENT) ## every test, real browser and database included (make test ARGS="tests/store -k lock")
	@scripts/programs.sh
	@$(PYTHON_OF_IT) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-quick: $(ENVIRONMENT) ## most tests, in a minute or so: no browser, no PostgreSQL, no processes, nothing slow
	@$(PYTHON_OF_IT) -m pytest -n $(WORKERS) --dist worksteal -m "$(QUICK)" $(ARGS)

chaos: $(ENVIRONMENT) ## kill -9, outages and jumps of the clock at random instants, 50 seeds (make chaos SEEDS=20: fewer)
	@scripts/programs.sh
	@CROWD_CHAOS_SEEDS=$(SEEDS) $(PYTHON_OF_IT) -m pytest -n $(WORKERS) tests/chaos $(ARGS)

fuzz: $(ENVIRONMENT) ## hostile requests, 10,000 and the raw ones (make fuzz CASES=100000 ARGS="--seed 7")
	@$(PYTHON_OF_IT) -m tests.fuzz --cases $(CASES) $(ARGS)

bench: $(ENVIRONMENT) ## how fast it is, beside a bare floor (make bench ARGS=--quick: a minute)
	@$(PYTHON_OF_IT) -m benchmarks $(ARGS)

bench-live: $(ENVIRONMENT) ## how live work holds out; fails below its goals (make bench-live ARGS=--quick: a minute)
	@$(PYTHON_OF_IT) -m benchmarks.live $(ARGS)

bench-attacks: $(ENVIRONMENT) ## what one worker notices while others attack (ARGS=--quick: two minutes)
	@$(PYTHON_OF_IT) -m benchmarks.attacks $(ARGS)

parlai-check: $(ENVIRONMENT) ## a world of ParlAI's own classes, with its own agents (950 MB, once)
	@scripts/parlai_check.sh $(ARGS)

check: $(ENVIRONMENT) ## style, types, the direction of imports, dependencies that fit together and are not vulnerable
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(TYPED)
	.venv/bin/lint-imports
	.venv/bin/bandit --quiet --configfile pyproject.toml --recursive crowdcore plugins
	@scripts/audit.sh
	.venv/bin/uv pip check --python $(PYTHON_OF_IT)
	$(PYTHON_OF_IT) scripts/schema.py --check

format: $(ENVIRONMENT) ## put the code into the form that `make check` wants
	.venv/bin/ruff check --fix --quiet . || true
	.venv/bin/ruff format .

constraints: $(ENVIRONMENT) ## constraints.txt with the newest versions that fit together
	@scripts/constraints.sh

schema: $(ENVIRONMENT) ## the SQL that makes new databases, from crowdcore/store/models/
	@$(PYTHON_OF_IT) scripts/schema.py

docs: $(ENVIRONMENT) ## docs/hooks.md, from the hook specifications
	@$(PYTHON_OF_IT) scripts/hook_docs.py > docs/hooks.md.new && mv docs/hooks.md.new docs/hooks.md

clean: ## remove the environment, caches and the demo's data
	rm -rf .venv .tools .parlai .demo demo-answers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(ENVIRONMENT): pyproject.toml constraints.txt scripts/environment.sh $(MEMBERS)
	@scripts/environment.sh
	@touch $@
