# Everything a developer runs. `make help` lists it.

VENV   := .venv
PYTHON ?= python3
RUN    := $(VENV)/bin/python
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types unit django6 conformance fuzz soak safety bench bench-ci bench-peers clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## create .venv with the package and everything development needs

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "clientcert needs Python 3.11 or newer, set PYTHON=")'
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade 'pip>=25.1'
	$(RUN) -m pip install --quiet --editable '.[all]' --group dev
	# A fork that takes hypercorn's import name, so it lies beside the other packages.
	$(RUN) -m pip install --quiet --upgrade --no-deps --target $(VENV)/nonecorn 'nonecorn>=0.18'
	touch $@

demo: $(STAMP)  ## real certificates through real TLS into FastAPI, Flask and Django; SERVE=1 leaves it running
	$(RUN) -m examples.demo $(if $(SERVE),--serve)

test: lint types unit  ## everything; set CI=true to make a missing peer (nginx, openssl, curl) a failure

lint: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(STAMP)
	$(RUN) -m mypy

unit: $(STAMP)
	$(RUN) -m pytest -n 2 --cov --cov-report=
	# Every branch of the core is somebody's way in.
	$(RUN) -m coverage report --include='clientcert/core/*' --fail-under=100

DJANGO6 := .venv-django6
django6:  ## the Django, DRF, Channels and contract tests on Django 6; PYTHON=python3.12 or newer
	test -x $(DJANGO6)/bin/python || $(PYTHON) -m venv $(DJANGO6)
	$(DJANGO6)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(DJANGO6)/bin/python -m pip install --quiet --editable '.[all]' --group dev 'django>=6.0,<7'
	$(DJANGO6)/bin/python -m pytest -q tests/test_django.py tests/contract tests/frameworks/test_contract.py \
		tests/frameworks/test_channels.py tests/frameworks/test_rest.py tests/frameworks/test_django_*.py

conformance: $(STAMP)  ## our verdicts against OpenSSL, x509-limbo and NIST PKITS, per profile
	$(RUN) -m tests.conformance

fuzz: $(STAMP)  ## an hour of mutated certificates, never more permissive than OpenSSL
	$(RUN) -m tests.conformance.fuzz --seconds $(or $(SECONDS),3600)

soak: $(STAMP)  ## real TLS connections to uvicorn and gunicorn, whose memory must not grow; N=100000 unless given
	$(RUN) -m tests.servers.soak --connections $(or $(N),100000)

safety: $(STAMP)  ## many clients over few connections to five servers while trust changes; SECONDS=300 unless given
	$(RUN) -m tests.interop.safety --seconds $(or $(SECONDS),300)

bench: bench-peers  ## speed and memory beside the floor, pasted code and peers; writes the results and their page, 10 minutes
	$(RUN) -m benchmarks

bench-ci: $(STAMP)  ## what must hold and noise cannot move: instructions, growth, hits, bytes, herd, imports; 3 minutes
	$(RUN) -m benchmarks --ci

PEERS := $(VENV)/bench-peers
bench-peers: $(PEERS)/.installed

# Apart from the other packages, which must not depend on what these bring.
$(PEERS)/.installed: benchmarks/peers.txt $(STAMP)
	$(RUN) -m pip install --quiet --upgrade --no-deps --target $(PEERS) --requirement benchmarks/peers.txt
	touch $@

clean:  ## remove what the targets made
	rm -rf $(VENV) $(DJANGO6) .coverage .mypy_cache .pytest_cache .ruff_cache build dist
