# Names for what .ci/run does; see CONTRIBUTING.md.
.PHONY: check ci all test conformance crash bench screenshots mutation

check: ## linters, types, floors, and the tests of what has changed: under a minute, for daily work
	@.ci/run check

ci: ## everything that must hold before a change lands
	@.ci/run

all: ## the same without samples: over an hour
	@.ci/run all

test: ## the fast tests
	@.venv/bin/pytest -rs -n 2

conformance: ## on the simulator and on a real control plane
	@.ci/run control_plane conformance

crash: ## the crash matrix, in samples
	@.ci/run crash

bench: ## what the console costs, beside k9s and a minimal app
	@.venv/bin/python -m tests.bench

screenshots: ## the pictures of the documents, from a running sandbox
	@.venv/bin/python -m tests.screenshots.shoot

mutation: ## random changes of the rules that no test notices; SAMPLE=, SEED=, MODULES= (not in CI: it takes minutes)
	@.venv/bin/python -m tests.mutation $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(MODULES)
