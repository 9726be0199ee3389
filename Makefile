# The README's commands. Each does its own set-up: Rust, Node 20 or newer, make and a C compiler are enough, and for `test`
# Debian's apt, from which Chromium is installed where there is none.
.PHONY: help demo test check console-test rust-test journey bench

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

CONSOLE = $(shell find web/src web/public -type f) web/index.html web/vite.config.ts web/tsconfig.json

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(CONSOLE)
	cd web && npm run build
	@touch $@

demo: web/dist/index.html ## Run the whole product with 200 simulated miners; Ctrl-C stops it
	cargo build --locked -p adit
	@./target/debug/adit demo $(DEMO)

test: check console-test rust-test journey ## Run every test

check: ## Formatting and lints of the Rust code
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	CARGO_TARGET_DIR=$${CARGO_TARGET_DIR:-$(CURDIR)/target} cargo clippy --manifest-path benches/Cargo.toml --no-default-features --locked -- -D warnings

console-test: web/dist/index.html ## Lints, types and tests of the console
	cd web && npm run lint && npm run check && npm test

rust-test: web/dist/index.html ## Tests of the Rust code
	cargo test --workspace --locked --no-fail-fast

# The program as the tests have built it, so that it is not built a second time.
journey: web/dist/index.html ## Click through the main journey in Chromium
	cargo test --workspace --locked --no-run
	chromium=$$(scripts/chromium) && cd web && CHROMIUM=$$chromium ADIT_BIN=$${CARGO_TARGET_DIR:-../target}/debug/adit npm run journey

simulate: ## Random lives of a whole installation, more than a million steps
	ADIT_LIVES=600 cargo test --locked -p adit-testkit --test simulation -- --nocapture

bench: ## Measure the product against its limits and against what else there is; fails if a goal is missed
	CARGO_TARGET_DIR=$${CARGO_TARGET_DIR:-$(CURDIR)/target} cargo run --manifest-path benches/Cargo.toml --release --quiet -- $(BENCH)
