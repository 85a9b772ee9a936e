#!/bin/sh
# Runs each fuzz target of the project for a time, one after another: `go test -fuzz` takes one at a time. The inputs of
# earlier faults are in testdata/fuzz of each package, and `make test` runs those. It prints how many inputs each target had.
#
#   scripts/fuzz.sh 5s
set -eu

cd "$(dirname -- "$0")/.."
for dir in $(grep -rl --include='*_test.go' '^func Fuzz' agent cmd config display hal | xargs -n 1 dirname | sort -u); do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go); do
		printf '%-24s %-18s ' "$dir" "$target"
		out=$(go test -vet=off -run '^$' -fuzz "^$target\$" -fuzztime "$1" "./$dir" 2>&1) || {
			printf '\n%s\n' "$out"
			exit 1
		}
		printf '%s\n' "$out" | sed -n 's/.*execs: \([0-9]*\).*/\1/p' | tail -n 1
	done
done
