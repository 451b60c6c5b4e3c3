# Everything runs from .venv, installed from pyproject.toml under constraints.txt.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Kerberos over HTTP is built here, where its headers and Python's are (Debian: libkrb5-dev, gcc).
HEADERS = $$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
EXTRAS := dev$(shell command -v krb5-config >/dev/null && command -v cc >/dev/null && test -e "$(HEADERS)" && echo ,kerberos)
export DAGSTER_HOME ?= $(CURDIR)/var/dagster

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

.PHONY: demo ui notebook test test-all soak screenshots lint install clean hdfs-up hdfs-down \
	image compose-up compose-demo compose-down
.DEFAULT_GOAL := demo

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed (or: make PYTHON=/path/to/python3.11)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

demo: install
	@$(BIN)/aml demo

ui: install
	@$(BIN)/aml ui

notebook: install
	@$(BIN)/aml notebook

# Clusters and banks are fixtures of a file: so one worker runs all of it. The third one works while
# the others wait.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: install
	$(PYTEST) $(ARGS)

# With what takes longest: container images built and run, and a year caught up.
test-all: install
	$(PYTEST) -m "" $(ARGS)

soak: install
	$(BIN)/python -m pytest -m soak $(ARGS)

screenshots: demo
	$(BIN)/python -m aml_assets_tests.browser

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

hdfs-up hdfs-down: install
	@$(BIN)/python -m aml_assets_tests.hadoop $(@:hdfs-%=%) $(ARGS)

image:
	deploy/containers.sh image

compose-up:
	deploy/containers.sh images
	deploy/containers.sh up

compose-demo compose-down:
	deploy/containers.sh $(@:compose-%=%)

clean:
	@if test -e var/hadoop/cluster.json; then $(BIN)/python -m aml_assets_tests.hadoop down; fi
	rm -rf var build *.egg-info .pytest_cache .ruff_cache .hypothesis
