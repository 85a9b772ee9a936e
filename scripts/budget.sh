#!/bin/sh
# Measures what the daemon costs and holds it to scripts/budgets.txt. Every figure comes as a line `budget: NAME VALUE`.
set -eu

cd "$(dirname -- "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT

measure() {
	for arch in armv6 arm64; do
		make -s "build/paird-$arch"
		echo "budget: binary-$arch $(wc -c <"build/paird-$arch")"
	done
	go test -vet=off -count 1 -v -run FlashOfADevice ./agent
	go test -vet=off -tags real -count 1 -v -timeout 300s -skip TestPeers ./cmd/pairlab/internal/budget
}

measure >"$out" 2>&1 || { cat "$out"; exit 1; }
awk -f scripts/budget.awk scripts/budgets.txt "$out"
