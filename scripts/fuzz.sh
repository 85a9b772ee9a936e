#!/bin/sh
# Runs each fuzz target of the project for a time, one after another: testing runs one at a time. The inputs of earlier
# faults are in testdata/fuzz of each package, and `make test` runs those. It prints how many inputs each target had.
#
#   scripts/fuzz.sh 5s
set -eu

cd "$(dirname -- "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# finding reports whether a run that failed has found something. One that its time cuts off may fail with "context
# deadline exceeded" and no input.
finding() { # OUTPUT
	case $1 in
	*'Failing input'* | *panic:*) return 0 ;;
	*'context deadline exceeded'*) return 1 ;;
	esac
}

for dir in $(grep -rl --include='*_test.go' '^func Fuzz' agent cmd config display hal | xargs -n 1 dirname | sort -u); do
	go test -vet=off -c -fuzz Fuzz -o "$work/test" "./$dir"
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go); do
		out=$(cd "$dir" && "$work/test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$1" -test.fuzzcachedir "$work/$target" 2>&1) ||
			if finding "$out"; then
				printf '%s %s\n%s\n' "$dir" "$target" "$out"
				exit 1
			fi
		count=$(printf '%s\n' "$out" | sed -n 's/.*execs: \([0-9]*\).*/\1/p' | tail -n 1)
		printf '%-24s %-18s %s\n' "$dir" "$target" "${count:-0}"
	done
done
