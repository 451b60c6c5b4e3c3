# Everything runs from .venv, installed from pyproject.toml under constraints.txt.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Kerberos over HTTP is built here, where its headers and Python's are (Debian: libkrb5-dev, gcc).
HEADERS = $$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
KERBEROS := $(shell command -v krb5-config >/dev/null && command -v cc >/dev/null && test -e "$(HEADERS)" && echo ,kerberos)
# Modules are compiled when they are first imported: most of what is installed never is.
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt
export DAGSTER_HOME ?= $(CURDIR)/var/dagster
# Where the machine says otherwise, each process would compile all that it imports, and tests twice.
unexport PYTHONDONTWRITEBYTECODE

# STORE=hdfs or STORE=webhdfs: landing and store on the cluster of `make hdfs-up`, by either protocol.
CLUSTER_hdfs := hdfs://127.0.0.1:8020
CLUSTER_webhdfs := webhdfs://127.0.0.1:9870
ifneq ($(STORE),)
$(if $(CLUSTER_$(STORE)),,$(error STORE=$(STORE) is neither hdfs nor webhdfs; leave it out for local files))
export AML_LANDING__URL := $(CLUSTER_$(STORE))/aml/landing
export AML_STORE__URL := $(CLUSTER_$(STORE))/aml/store
export AML_HDFS__AUTHENTICATION := insecure
demo ui notebook: hdfs-up
endif

# The least that `make coverage` accepts, in percent of lines and branches: 97.1 were reached last.
COVERAGE_FLOOR := 96

.PHONY: help demo ui notebook docs test test-all test-kubernetes coverage soak screenshots lint lint-rules lint-format lint-types \
	lint-licences install install-notebook install-dev hashes wheelhouse messages hooks clean hdfs-up hdfs-down image compose-up \
	compose-demo compose-down
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# So small a bank needs no finer bins, and each of its models is trained three times as fast.
demo: export AML_TRAINING__MAX_BIN ?= 256
demo: install ## build a synthetic bank that ends yesterday (ARGS='--last DAY'; STORE=hdfs)
	@$(BIN)/aml demo $(ARGS)

ui: install ## serve Dagster's UI and its daemon on loopback; open the link that it prints
	@$(BIN)/aml ui

notebook: install-notebook ## open a notebook over the store
	@$(BIN)/aml notebook

# Clusters and banks are fixtures of a file: so one worker runs all of it. Two work while the others
# wait for servers and disks; beside images that are built, one is enough for that.
BY_FILE := --dist loadfile --no-loadscope-reorder
WORKERS := -n 4 $(BY_FILE)

test: install-dev ## run the tests but the longest (ARGS= for pytest)
	$(BIN)/python -m pytest $(WORKERS) $(ARGS)

test-all: install-dev ## run all tests: killed servers, nights and UI, benchmarks, container images, soak
	$(BIN)/python -m pytest -n 3 $(BY_FILE) -m "" $(ARGS)

# Layers whose tests need no cluster, browser or container. They alone are counted (pyproject.toml);
# processes that a test starts count, too.
COVERED := $(addprefix aml_assets_tests/,core settings steps)

coverage: install-dev ## count the branches that the tests of core, settings and steps reach, the long ones too
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(WORKERS) -m "not soak and not kubernetes" $(COVERED) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=$(COVERAGE_FLOOR)

soak: install-dev ## run the soak runs alone
	$(BIN)/python -m pytest -m soak $(ARGS)

test-kubernetes: install-dev ## build Kubernetes' API server (Go 1.26; 7 minutes, once) and test against it
	$(BIN)/python -m pytest -m kubernetes aml_assets_tests/deploy/test_kubernetes_api.py $(ARGS)

lint: lint-rules lint-format lint-types lint-licences ## check style, format, types and licences

lint-rules: install-dev
	$(BIN)/ruff check .

lint-format: install-dev
	$(BIN)/ruff format --check .

lint-types: install-dev
	$(BIN)/pyright

# The packages that the images hold are checked here, and once more by the images' build.
lint-licences: install-dev
	@mkdir -p build
	$(BIN)/cyclonedx-py environment $(BIN)/python --no-validate -o build/sbom.json
	@$(BIN)/python deploy/licences.py build/sbom.json $$($(BIN)/python deploy/requirements.py common deploy notebook | sed -n 's/==.*//p') > build/licences.txt

hashes: install-dev ## write hashes.txt anew, after a change of constraints.txt
	$(BIN)/python deploy/hashes.py

# It needs nothing of .venv.
wheelhouse: ## write wheelhouse/, to install from where no index is (PLATFORM=linux/arm64)
	$(PYTHON) deploy/wheelhouse.py wheelhouse $(PLATFORM)

messages: install-dev ## bring the catalogs of messages up to date with the texts of the code
	$(BIN)/python -m aml_assets_tests.messages

hooks: install-dev ## run `make lint` before each commit, by pre-commit
	$(BIN)/pre-commit install

screenshots: install-dev ## take the pictures of docs/images, of a demo of its own in /tmp/aml
	$(BIN)/python -m aml_assets_tests.browser

# A copy of the pages where they stand in the repository: links hold there and in the site.
docs: install-dev ## build the documentation as a site with search, in build/site (read it: zensical serve)
	rm -rf build/docs
	mkdir -p build/docs
	cp -R --parents README.md README.zh-CN.md CONTRIBUTING.md SECURITY.md CHANGELOG.md LICENSE docs benchmarks/README.md build/docs
	$(BIN)/zensical build --strict --clean

install: $(VENV)/.installed ## install what the demo and the UI need
install-notebook: $(VENV)/.installed-notebook ## install JupyterLab beside it
install-dev: $(VENV)/.installed-dev ## install what tests and checks need beside it

$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed (or: make PYTHON=/path/to/python3.11)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) pip  # the one that Python brings takes twice the time
	$(PIP_INSTALL) -e '.$(KERBEROS:,%=[%])'
	@touch $@

$(VENV)/.installed-notebook: $(VENV)/.installed
	$(PIP_INSTALL) -e '.[notebook$(KERBEROS)]'
	@touch $@

# Tests run many processes against the clock: these find every module compiled.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP_INSTALL) -e '.[dev$(KERBEROS)]'
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib || true
	@touch $@

hdfs-up: ## start an HDFS cluster on loopback (Java and Maven must be there)
hdfs-down: ## stop it
hdfs-up hdfs-down: install
	@$(BIN)/python -m aml_assets_tests.hadoop $(@:hdfs-%=%) $(ARGS)

image: ## build the image of code location, webserver and daemon
	deploy/containers.sh image

compose-up: ## start all of it in containers, behind a login
	deploy/containers.sh images
	deploy/containers.sh up

compose-demo: ## fill the containers' landing with the demo's bank
compose-down: ## stop the containers
compose-demo compose-down:
	deploy/containers.sh $(@:compose-%=%)

clean: ## remove what was built here: landing, store, runs, caches
	@if test -e var/hadoop/cluster.json; then $(BIN)/python -m aml_assets_tests.hadoop down; fi
	rm -rf var build wheelhouse *.egg-info .pytest_cache .ruff_cache .hypothesis
