# Every verb works as the first one typed in a fresh clone; it sets up .venv by itself.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# The newest Python that tidegauge runs on; python3 when there is none, so that it can be named.
CAN_RUN := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(or $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c '$(CAN_RUN)' 2>/dev/null && echo $$python && break; done),python3)
PYTHON_VERSION = $(or $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' \
	2>/dev/null),not there)
PYTHON_RUNS = $(shell $(PYTHON) -c '$(CAN_RUN)' 2>/dev/null && echo yes)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --no-compile
UV_VERSION := 0.13.9
COMPILE = $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-annotate --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

PEERS := benchmarks/peers/requirements

.PHONY: help demo test test-long chaos lint format bench-fold bench-persons bench-spikes bench-launches bench-bounds bench-costs bench \
	bench-quick fuzz screenshots lock sbom clean

help: ## show these verbs
	@sed -n 's/^\([a-z-]*\):.* ## /\1|/p' $(MAKEFILE_LIST) | awk -F '|' '{printf "make %-13s %s\n", $$1, $$2}'

demo: .venv/ready-to-run ## the whole pipeline on this machine (DURATION, RATE, PORT, EVENTS, SEED)
	@$(BIN)/tidegauge demo $(if $(DURATION),--duration '$(DURATION)') $(if $(RATE),--rate '$(RATE)') \
		$(if $(PORT),--port '$(PORT)') $(if $(EVENTS),--events '$(EVENTS)') $(if $(SEED),--seed '$(SEED)')

test: lint ## lint, types and all tests but the long ones (REQUIRE=kafka,redis,prometheus,alertmanager,chromium,go)
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile --no-loadscope-reorder

# The kills come first and alone: beside other work a worker falls behind its load.
test-long: .venv/ready-to-test ## the long tests, over an hour (REQUIRE as above)
	$(BIN)/python -m pytest -m "long and alone"
	$(BIN)/python -m pytest -m "long and not alone" -n 2 --dist loadfile --no-loadscope-reorder

chaos: .venv/ready-to-test ## break everything for some minutes, then count again (SEED, MINUTES, RATE, RULE_OFF)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed '$(SEED)') $(if $(MINUTES),--minutes '$(MINUTES)') \
		$(if $(RATE),--rate '$(RATE)') $(if $(RULE_OFF),--rule-off '$(RULE_OFF)')

lint: .venv/ready-to-test ## style, format, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready-to-test ## rewrite the code in the one format
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

bench-fold: .venv/ready-to-test ## events per second from topic to Redis
	$(BIN)/python benchmarks/bench_fold.py

bench-persons: .venv/ready-to-test ## what a million persons cost a worker
	$(BIN)/python benchmarks/bench_persons.py

bench-spikes: .venv/ready-to-compare ## which spikes and drops are found, and how often for nothing
	$(BIN)/python benchmarks/bench_spikes.py

bench-launches: .venv/ready-to-test ## what is said of launches whose effect is known
	$(BIN)/python benchmarks/bench_launches.py

bench-bounds: .venv/ready-to-test ## what floods and outages cost, as curves
	$(BIN)/python benchmarks/bench_bounds.py

bench-costs: .venv/ready-to-test ## what running it costs, as curves (ONLY, SCALE; RECORD=1 writes docs/sizing.md)
	@$(BIN)/python benchmarks/bench_costs.py $(if $(ONLY),--only '$(ONLY)') $(if $(SCALE),--scale '$(SCALE)') \
		$(if $(RECORD),--record)

bench: .venv/ready-to-test ## tidegauge beside other stream processors, recorded in docs/ (ROUNDS)
	$(BIN)/python benchmarks/bench_peers.py --rounds $(or $(ROUNDS),5) --variants --record

bench-quick: .venv/ready-to-test ## one round of it, compared with what was recorded
	@$(BIN)/python benchmarks/bench_peers.py --only faust_windowed,quixstreams,bytewax

fuzz: .venv/ready-to-fuzz ## every way in, for a minute each (SURFACE, SECONDS, RUNS, SEED)
	@$(BIN)/python -m tests.fuzz $(if $(SURFACE),--surface '$(SURFACE)') $(if $(SECONDS),--seconds '$(SECONDS)') \
		$(if $(RUNS),--runs '$(RUNS)') $(if $(SEED),--seed '$(SEED)')

screenshots: .venv/ready-to-test ## take those of the page anew, for docs/ (needs chromium)
	$(BIN)/python -m tests.exporters.page.screenshots

# Development first: what runs is then held to the very versions that are tested. The build needs
# setuptools, which is locked too, since nothing may be installed that has no hash here.
lock: $(BIN)/pip ## resolve requirements*.txt anew from pyproject.toml (UPGRADE=1: newest versions)
	$(INSTALL) uv==$(UV_VERSION)
	echo 'setuptools>=77' | $(COMPILE) pyproject.toml - --extra dev --output-file requirements-dev.txt
	echo 'setuptools>=77' | $(COMPILE) pyproject.toml - --extra embedded \
		--constraint requirements-dev.txt --output-file requirements.txt
	$(COMPILE) pyproject.toml --extra bench \
		--constraint requirements-dev.txt --output-file requirements-bench.txt
	$(COMPILE) --group pyproject.toml:fuzz --output-file requirements-fuzz.txt
	$(COMPILE) --group pyproject.toml:peer-faust --output-file $(PEERS)/faust_windowed.txt
	$(COMPILE) --group pyproject.toml:peer-quix --output-file $(PEERS)/quix_streams.txt
	$(COMPILE) --group pyproject.toml:peer-bytewax --output-file $(PEERS)/bytewax_flow.txt
	@! grep -nE -e '--(index|extra-index|find-links|trusted)' requirements*.txt $(PEERS)/*.txt

sbom: .venv/ready-to-test ## bills of materials (CycloneDX) of what runs and what tests, in build/
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
		--mc-type application --output-reproducible --of JSON -o build/sbom.json
	$(BIN)/cyclonedx-py requirements requirements-dev.txt --pyproject pyproject.toml \
		--mc-type application --output-reproducible --of JSON -o build/sbom-dev.json

clean: ## remove the environment and everything generated
	rm -rf .venv .venv-peers build tests/target *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/pip:
	$(if $(PYTHON_RUNS),,$(error tidegauge needs Python 3.11, 3.12 or 3.13 (with venv); \
		$(PYTHON) is $(PYTHON_VERSION). Set PYTHON to the path of one))
	@echo "Setting up .venv with $(PYTHON) $(PYTHON_VERSION); this is done once."
	@$(PYTHON) -m venv --clear .venv

.venv/ready-to-run: requirements.txt pyproject.toml | $(BIN)/pip
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-to-test: requirements-dev.txt pyproject.toml | $(BIN)/pip
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ .venv/ready-to-run

.venv/ready-to-compare: requirements-bench.txt .venv/ready-to-test
	@$(INSTALL) --require-hashes -r requirements-bench.txt
	@touch $@

# Its wheels are for Linux only, so that nobody needs them for anything else.
.venv/ready-to-fuzz: requirements-fuzz.txt .venv/ready-to-test
	@$(INSTALL) --require-hashes -r requirements-fuzz.txt
	@touch $@
