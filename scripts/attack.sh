#!/bin/sh
# Runs the attacks on the built paird (cmd/internal/attack), and where this is root, once more as an ordinary user, without
# what does not depend on the user: what hostile servers and brokers answer, and their certificates. What needs root is listed
# as not run.
set -eu

cd "$(dirname -- "$0")/../cmd/internal/attack"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
go test -vet=off -tags real -c -o "$work/attack.test" .
CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags nethttpomithttp2 \
	-ldflags "-s -w -X main.version=e2e -X main.built=$(($(date +%s) - 3600))" -o "$work/paird" ../../paird
export PAIRD_PROGRAMS="$work"

# Most of the time each device waits, for a back-off or a time limit: many run side by side on few processors.
"$work/attack.test" -test.timeout 300s -test.parallel 32
[ "$(id -u)" -eq 0 ] || exit 0
echo "attack: once more as nobody"
mkdir "$work/home"
chown nobody "$work/home"
cd "$work/home"
CI='' HOME="$work/home" TMPDIR="$work/home" setpriv --reuid=nobody --regid=nogroup --clear-groups \
	"$work/attack.test" -test.timeout 120s -test.parallel 32 -test.skip '^TestHostile|^TestWrongCertificates|^TestRotatedAuthority'
