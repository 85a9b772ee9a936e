#!/bin/sh
# Everything that reads the code without running it. Each step says what it found; one finding fails all.
set -u

cd "$(dirname -- "$0")/.."
tool="go tool -modfile=scripts/tools/go.mod"
failed=

step() { # NAME COMMAND...
	name=$1
	shift
	if "$@"; then
		echo "ok    $name"
	else
		echo "FAIL  $name"
		failed=yes
	fi
}

# clean fails on any output.
clean() {
	out=$("$@" 2>&1) && [ -z "$out" ] && return 0
	printf '%s\n' "$out"
	return 1
}

# vulncheck fails on findings. A database that cannot be reached is said, and is no finding.
vulncheck() {
	out=$($tool govulncheck ./... 2>&1)
	code=$?
	[ "$code" -eq 0 ] && return 0
	if [ "$code" -ne 3 ] && printf '%s' "$out" | grep -qE 'vuln\.go\.dev.*(dial tcp|no such host|timeout|connection refused|HTTP GET|[45][0-9][0-9])'; then
		echo "      the database of vulnerabilities cannot be reached from here: known vulnerabilities are NOT checked"
		printf '%s\n' "$out" | tail -n 1 | cut -c 1-200 | sed 's/^/      /'
		return 0
	fi
	printf '%s\n' "$out"
	return 1
}

# small holds the daemon to its sizes, in bytes: the flash of a board is shared with the product's own programs.
small() { # ARCH...
	for arch in "$@"; do
		make -s "build/paird-$arch" || return 1
		size=$(wc -c <"build/paird-$arch")
		most=$(awk -v name="binary-$arch" '$1 == name { print $2 }' scripts/budgets.txt)
		echo "      paird-$arch has $size bytes, $most at most"
		[ "$size" -le "$most" ] || return 1
	done
}

# packed makes a package for boards, and the release ends with an error where it is too large.
packed() { # DEBIAN-ARCH
	out=$(mktemp -d)
	go run ./scripts/release -only "$1" -o "$out" | sed -n '/\.deb/s/^/      /p'
	[ -n "$(find "$out" -name SHA256SUMS)" ]
	code=$?
	rm -rf "$out"
	return $code
}

# elsewhere builds paird and pairlab for another system and vets what is in them. Tests are left out: their helpers
# are made of processes and users of Linux.
elsewhere() { # SYSTEM
	overlay=$(mktemp)
	echo "{\"Replace\":{$(find . -name '*_test.go' -printf '"%p":""\n' | paste -sd,)}}" >"$overlay"
	env GOOS="$1" CGO_ENABLED=0 go build -o /dev/null ./cmd/paird ./cmd/pairlab &&
		# shellcheck disable=SC2046
		env GOOS="$1" CGO_ENABLED=0 go vet -overlay "$overlay" \
			$(env GOOS="$1" go list -deps ./cmd/paird ./cmd/pairlab | grep '^github.com/paird/paird/')
	code=$?
	rm -f "$overlay"
	return $code
}

# sources are the folders of our own Go files.
sources="agent cmd config display hal scripts"

step gofmt clean gofmt -l $sources
step vet go vet -tags real ./...
step 'vet, 32 bits' env GOOS=linux GOARCH=arm CGO_ENABLED=0 go vet ./...
step 'macOS' elsewhere darwin
step 'Windows' elsewhere windows
step 'vet, real peers' go vet -C scripts/real ./...
step staticcheck $tool staticcheck -tags real ./...
step 'go fix' clean go fix -tags real -diff ./...
step 'project rules' go test -vet=off -count 1 ./cmd/internal/project
step size small armv6 arm64
step 'package size' packed arm64
step govulncheck vulncheck
step 'systemd unit' scripts/unit.sh
[ -z "$failed" ]
