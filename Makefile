# The README's commands. Each does its own set-up.
.PHONY: test check help

help: ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

test: ## Run every test
	cargo test --workspace --locked --no-fail-fast

check: ## Formatting and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
