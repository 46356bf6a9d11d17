# Linmen: `make demo` to look around, `make test` to be sure. Needs Python 3.11 or newer, and nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3.14 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# As a module, so that it finds how this project marks its words (portal/translations.py).
BABEL := $(BIN)/python -m babel.messages.frontend
export PORT ?= 8000
# What is installed: the tools of development too, unless a server asks for less (`make production`).
REQUIREMENTS ?= requirements-dev.txt
SOURCES := manage.py access benchmarks committees consent gate ledger portal residents sharing vault tests

.PHONY: demo test bench lighthouse check install gate production deployment obligations prove screenshots messages lock reset clean help

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

demo: $(STAMP) locale/.compiled  ## the portal with two gates and made-up people, at PORT (8000)
	@exec $(BIN)/python -m portal.supervisor

test: $(STAMP) locale/.compiled  ## every test, as many files at once as there are cores; JOBS=1
	$(BIN)/python -m pytest -n $(or $(JOBS),auto) --dist loadfile

check: $(STAMP)  ## style, types, arrows, migrations, packages
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/djade --check --target-version 5.2 $$(find templates -name '*.html')
	$(BIN)/lint-imports
	LINMEN_MODE=test LINMEN_VAR=var/check $(BIN)/python manage.py makemigrations --check --dry-run
	LINMEN_MODE=test LINMEN_VAR=var/check $(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python -m portal.packages

bench: $(STAMP)  ## what it costs at up to 1,000,000 rows and 100,000 residents, as ratios against named limits; into docs/benchmarks.md and var/bench.json
	@rm -f var/bench.json
	@for each in ledger release sweeping erasing matching enrolling polling feed; do $(BIN)/python -m benchmarks.$$each || true; done
	@$(BIN)/python -m benchmarks.report

lighthouse: $(STAMP) locale/.compiled  ## what Lighthouse says of four pages, in both languages; wants Node.js and Chromium
	@LINMEN_MODE=demo $(BIN)/python manage.py lighthouse

obligations: test  ## what of the law is covered by tests that ran and passed
	@LINMEN_MODE=test LINMEN_VAR=var/check $(BIN)/python manage.py obligations

prove: $(STAMP) locale/.compiled  ## take each guard away and see a test fail; IDS=A1,2 GUARDS="trigger x" SINCE=main MINUTES=25 JOBS=2
	@LINMEN_MODE=test LINMEN_VAR=var/check $(BIN)/python -m tests.proving $(if $(IDS),--ids "$(IDS)") $(if $(GUARDS),--guards "$(GUARDS)") $(if $(SINCE),--since "$(SINCE)") $(if $(MINUTES),--minutes $(MINUTES)) $(if $(JOBS),--jobs $(JOBS)) $(if $(QUICK),--quick)

screenshots: $(STAMP) locale/.compiled  ## every screen into var/screenshots: two widths, two languages, light and dark; ten for README.md
	@LINMEN_MODE=demo $(BIN)/python manage.py screenshots

messages: $(STAMP)  ## collect the words of the screens into locale/, and compile them
	@mkdir -p var
	$(BABEL) extract -F babel.cfg -k gettext_lazy -k ngettext_lazy:1,2 -k pgettext_lazy:1c,2 --no-location --sort-output --omit-header -o var/messages.pot .
	$(BABEL) update -D django -i var/messages.pot -d locale --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BABEL) compile -D django -d locale

lock: $(STAMP)  ## write requirements*.txt anew from requirements*.in
	for name in requirements requirements-dev deploy/gate/requirements-gate deploy/gate/requirements-faces; do \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url --no-header --generate-hashes \
	    --upgrade --override requirements-overrides.txt $$name.in -o $$name.txt || exit 1; \
	done

reset: $(STAMP)  ## forget the demo's people, keys and databases
	@$(BIN)/python -m portal.reset

clean: reset  ## reset, and remove the virtual environment
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find locale -name '*.mo' -delete; rm -f locale/.compiled

install: $(STAMP)  ## the virtual environment, with everything locked

production:  ## the virtual environment of a server, without the tools of development
	@$(MAKE) --no-print-directory REQUIREMENTS=requirements.txt install locale/.compiled

gate: $(STAMP)  ## the agent as one file for a gate's board: var/dist/linmen_gate-….whl (docs/installing-a-gate.md)
	@deploy/gate/build

deployment:  ## follow docs/deployment.md on this machine, in a place of its own (Debian, as root)
	@deploy/follow-the-guide

# In this order: face_recognition_models is built from source and needs the locked setuptools; dlib's wheel goes by
# another name than the one face_recognition asks for, hence --no-deps.
$(STAMP): $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Linmen needs Python 3.11 or newer; $(PYTHON) is not. Try: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Installing into $(VENV) (once, a minute or two) …"
	@test -x $(BIN)/python && $(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@sed -n '/^setuptools==/,/^[^ ]*==/p' $(REQUIREMENTS) | sed -e '1b' -e '/^[^ ]/,$$d' > $(VENV)/setuptools.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/setuptools.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --use-pep517 --require-hashes -r $(REQUIREMENTS)
	@touch $@

locale/.compiled: $(STAMP) $(wildcard locale/*/LC_MESSAGES/django.po)
	@if ls locale/*/LC_MESSAGES/django.po >/dev/null 2>&1; then $(BABEL) -q compile -D django -d locale; fi
	@mkdir -p locale && touch $@
