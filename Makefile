# Everything here sets itself up: it needs Python 3.11 or later, git and make, nothing else.
#
#   make demo     Orgo at work on sample mail, in this folder, on a page you can open
#   make test     every test that this machine can run
#   make crash    all crash points on all databases, fifty kills while mail pours in, ten minutes of kills at random, 10,000 races
#   make cut      the connection cut after every single byte of IMAP, POP3 and SMTP sessions (hours)
#   make lint     style, types, layers, sizes, generated files, and the pages as a site (var/site)
#   make bench    what each part costs, beside its floor and what was promised of it (ARGS="load rings": 100,000 mails by SMTP and
#                 100,000 rings, many minutes; they are not among the others, nor is `python -m bench.growth`)
#   make corpus   the mail reader against other systems' expectations (needs the corpus beside the checkout)
#   make schema   schema.sql, requirements*.txt and the page of metrics anew, after a migration, another lock or metric
#   make image    the container's image, built by buildah without an engine and started (root; Debian's buildah and debootstrap)
#   make setup    only the environment in .venv
#   make servers  the same with a PostgreSQL and a Valkey in it, for tests on machines where you are not root

ANY_PYTHON = $(shell for name in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; done)
IN = .venv/bin
LOCKED = uv.lock requirements.txt requirements-dev.txt requirements-servers.txt tools/environment.py

# What Python compiled is kept: without it each of the thousand processes of a test run compiles Orgo anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup servers has-python demo test test-postgresql crash cut lint bench corpus schema image
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

setup: .venv/.made-dev

servers: .venv/.made-servers

has-python:
	@test -n "$(ANY_PYTHON)"

.venv/.made-run .venv/.made-dev .venv/.made-servers: .venv/.made-%: $(LOCKED)
	@test -n "$(ANY_PYTHON)" || { echo "Orgo needs Python 3.11 or later: apt-get install python3, or python.org/downloads" >&2; exit 1; }
	@$(ANY_PYTHON) tools/environment.py $*

demo: .venv/.made-run
	@$(IN)/python orgo demo

test: .venv/.made-dev
	$(IN)/python -m pytest -n 4 --dist loadfile $(ARGS)
	@test -n "$(ARGS)" || $(MAKE) -s test-postgresql

test-postgresql: .venv/.made-dev
	@echo "== the same promises on PostgreSQL"
	ORGO_TEST_ON=postgresql $(IN)/python -m pytest -n 4 --dist loadfile tests/integration tests/flow tests/security

crash: .venv/.made-dev
	ORGO_CRASH_WHOLE=1 ORGO_KILLS=50 ORGO_RANDOM_MINUTES=10 $(IN)/python -m pytest -n 2 tests/crash tests/house/test_deploy_killed.py $(ARGS)
	@test -n "$(ARGS)" || for on in sqlite postgresql; do \
		ORGO_RACES=10000 ORGO_TEST_ON=$$on $(IN)/python -m pytest tests/integration/test_races.py || exit 1; \
	done
	@test -n "$(ARGS)" || ORGO_FLOOD=10000 $(IN)/python -m pytest tests/security/test_03_receipts.py

cut: .venv/.made-dev
	ORGO_EVERY_BYTE=1 $(IN)/python -m pytest -n 2 tests/integration/mailbox/test_cut.py $(ARGS)

lint: export NO_MKDOCS_2_WARNING = 1
lint: .venv/.made-dev
	@bad=""; \
	for check in "ruff check ." "mypy" "lint-imports" "python tools/check_sizes.py" "python tools/check_tree.py" \
		"python tools/check_generated.py" "mkdocs build --strict"; do \
		echo "== $$check"; $(IN)/$$check || bad="$$bad [$$check]"; \
	done; \
	test -z "$$bad" || { echo "not clean:$$bad" >&2; exit 1; }

bench: .venv/.made-dev
	$(IN)/python -m bench $(ARGS)

corpus: .venv/.made-dev
	$(IN)/python tools/corpus.py $(ARGS)

image:
	@$(ANY_PYTHON) tools/image.py

schema: .venv/.made-dev
	$(IN)/python tools/check_generated.py --write
