#!/bin/sh
# Runs each fuzz target for a few seconds: smoke.sh [SECONDS], 10 by default.
# Fuzzing needs a nightly toolchain and cargo-fuzz; without them it says so and succeeds.
set -eu
cd "$(dirname "$0")"
seconds="${1:-10}"

not_run() {
    echo "fuzz: not run: $1"
    exit 0
}

command -v cargo >/dev/null 2>&1 || not_run "cargo is not installed"
cargo +nightly --version >/dev/null 2>&1 || not_run "no nightly toolchain (rustup toolchain install nightly)"
cargo +nightly fuzz --version >/dev/null 2>&1 || not_run "no cargo-fuzz (cargo install cargo-fuzz)"

for target in scanner key_decoder key_file sign_then_verify; do
    echo "fuzz: $target for $seconds s"
    cargo +nightly fuzz run --fuzz-dir . "$target" -- \
        -dict=fix.dict -max_total_time="$seconds" -verbosity=0 -print_funcs=0
done
echo "fuzz: every target ran for $seconds s and found nothing"
