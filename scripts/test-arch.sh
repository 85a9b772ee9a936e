#!/bin/sh
# Runs unit tests for the boards' architectures under qemu's user emulation, with Debian's qemu-user-static, which it installs
# if missing. An ARM1176, which a Pi Zero has, refuses the instructions of later ARMs.
#
# Left out are tests that start the test program a second time, which this kernel cannot run; those that bound what takes
# long under emulation, such as handshakes, by wall time; thousands of power cuts, faults or random calls, which say nothing
# about a processor; and those of periph's own drivers.
set -eu

cd "$(dirname -- "$0")/.."
. scripts/need.sh
need qemu-arm-static qemu-user-static
install_missing test-arch

packages='./agent/store ./agent/internal/seglog ./agent/queue ./agent/inbox ./agent/telemetry ./hal ./hal/internal/... ./hal/monoled ./hal/sensor'
again='OneCopyIsEnough|DamageTo|KilledAtAnyMoment|ProxyOfTheEnvironment|FormerQueue'
timed='Certificates|ExecSensor'
many='PowerCuts|EachOperation|DamagedFiles|IsCaught|Budget|GetsSmallAgain|GivenAwayTwice|AgainstModel|TestWeek'
# Collected less often, the tests take a third of the time.
export CGO_ENABLED=0 GOGC=800

run() { # EMULATOR GOARCH [GOARM]
	echo "== $2 ${3:-}"
	# shellcheck disable=SC2086
	GOARCH=$2 GOARM=${3:-} go test -vet=off -count 1 -timeout 900s -skip "$again|$timed|$many|WhatOfPeriph" -exec "$1" $packages
}
run 'qemu-arm-static -cpu arm1176' arm 6
run qemu-aarch64-static arm64
run qemu-riscv64-static riscv64
