# `make demo` shows Leaseline at work; `make test` runs everything that CI runs.
.PHONY: demo test check bench

LISTEN ?= 127.0.0.1:8080

demo:
	scripts/packages demo
	cargo run -p leaseline -- demo --listen $(LISTEN)

test:
	scripts/packages test
	scripts/test

# The quick half of `make test`, for the inner loop.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# Prints the figures of docs/figures.md anew; takes half an hour and 15 GB.
bench:
	cargo build --release -p benches -p routeros-sim
	target/release/poll_round
	target/release/poll_round --routers 1 --links 2000 --pings 1
	target/release/poll_round --routers 1 --links 2000 --pings 1 --ppp
	target/release/store_write
	target/release/close_month
	target/release/pdf
	target/release/pages
	target/release/chart
	target/release/import
	target/release/promptness
	target/release/alert_storm

# What Lighthouse says of the dashboard and a link's page: BASE_URL, USERNAME and PASSWORD name a portal that runs, e.g. the demo.
.PHONY: lighthouse
lighthouse:
	cd benches/lighthouse && npm ci --ignore-scripts --no-audit --no-fund --silent && node run.mjs
