# make help says what there is.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The floor of the daemon's clock, in seconds since 1970: a build is reproduced by giving both.
BUILT   ?= $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || date +%s))
GO      ?= go
# Inlining makes the daemon a tenth larger. It is kept where a TLS handshake spends its time: without it there, a
# handshake on an ARMv6 board takes three to six times as long. `make bench` times handshakes. The runtime without
# it costs 65 to 98 KB less; a handshake is as fast, a message on the queue a tenth slower.
INLINED := $(addsuffix /...,$(addprefix crypto/internal/fips140/,nistec bigmod edwards25519 mlkem sha3 sha256 sha512 aes subtle alias)) \
	crypto/internal/fips140deps/... crypto/internal/constanttime crypto/subtle vendor/golang.org/x/crypto/... math/bits \
	internal/byteorder internal/runtime/...
# The compiler tries the stack first for a slice whose length only the caller knows, and adds code for both places: 16 to 25 KB.
# Handshakes and messages on the queue cost the same without.
ONEMAKE := -d=variablemakethreshold=0
COMPILE := -gcflags='all=-l $(ONEMAKE)' $(foreach p,$(INLINED),-gcflags='$(p)=$(ONEMAKE)')
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.built=$(BUILT)
RELEASE := -trimpath -buildvcs=false -tags nethttpomithttp2 $(COMPILE)
BOARDS  := armv6 armv7 arm64 riscv64 amd64
export DESTDIR PREFIX

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## everything on this machine, the panel in the browser; Ctrl-C ends it
	CGO_ENABLED=0 $(GO) build -ldflags '-X main.version=$(VERSION)' -o build/ ./cmd/pairlab
	build/pairlab demo

.PHONY: build
build: ## build/paird and build/pairlab for this machine
	CGO_ENABLED=0 $(GO) build $(RELEASE) -ldflags '$(LDFLAGS)' -o build/ ./cmd/paird ./cmd/pairlab

# The tests of power cuts and of a year make and drop gigabytes: collected less often they take a third of the time.
test crash year: export GOGC = 800

.PHONY: test
test: ## all tests that need only Go, with the race detector; power cuts, random histories and the short year again without it
	$(GO) test -vet=off -race -timeout 180s ./...
	$(GO) test -vet=off -timeout 180s -run 'PowerCuts|TestYear$$|Unpairing|FleetBoots' ./agent/...

.PHONY: test-real
test-real: ## attacks, and real peers: oidc-provider, zitadel/oidc, mosquitto, RabbitMQ, NATS, zbar, Chromium; installs what is missing
	scripts/setup-real.sh
	scripts/setup-brokers.sh
	scripts/attack.sh
	@# Most of the time a test waits for a peer: more run side by side than there are processors.
	$(GO) test -vet=off -tags real -count 1 -parallel 4 -timeout 600s ./cmd/internal/brokers
	$(GO) test -vet=off -tags real -count 1 -parallel 4 -timeout 900s ./cmd/internal/real ./cmd/pairlab/internal/survival \
		./cmd/pairlab/internal/fleet ./display
	scripts/peers/compare.sh

.PHONY: test-unit
test-unit: ## the systemd unit in a booted Debian tree, which it makes; needs root
	@scripts/setup-booted.sh; code=$$?; [ $$code -ne 4 ] || exit 0; [ $$code -eq 0 ] && \
	$(GO) test -vet=off -tags real -count 1 -timeout 300s ./cmd/internal/booted

.PHONY: test-image
test-image: ## the SD card image booted in QEMU until it pairs, and twice, byte for byte (ONCE=1: not); installs what is missing
	@scripts/setup-image.sh
	$(GO) test -vet=off -tags real -count 1 -v -timeout 1800s $(if $(ONCE),-skip TestReproduced) ./cmd/internal/card

.PHONY: test-windows
test-windows: ## login, token, status, logout and the demo as built for Windows, under Wine, which it puts into build/wine; needs root
	scripts/setup-windows.sh
	$(GO) test -vet=off -tags real -count 1 -v -timeout 600s ./cmd/internal/elsewhere
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) test -vet=off -count 1 -exec "$(CURDIR)/scripts/wine.sh" ./agent/internal/seglog ./agent/internal/remote

.PHONY: test-arch
test-arch: ## unit tests of store, queue, telemetry and hal for ARMv6, arm64 and RISC-V, under qemu, which it installs if missing
	scripts/test-arch.sh

.PHONY: test-board
test-board: ## the shipped binaries on virtual boards with panels that fail and power that is cut; CONTROLS=1: also that it finds faults
	scripts/setup-board.sh
	$(GO) test -vet=off -tags real -count 1 -v -parallel 10 -timeout 1800s $(if $(CONTROLS),,-skip CanFail) ./cmd/pairlab/internal/board

.PHONY: check
check: ## formatting, vet, staticcheck, known vulnerabilities, project rules, sizes, the systemd unit
	scripts/check.sh

.PHONY: cross
cross: $(addprefix build/paird-,$(BOARDS)) ## the daemon for every board, with its size
	@wc -c $^ | awk '$$2 != "total" { printf "%-24s %.2f MB\n", $$2, $$1 / 1e6 }'

.PHONY: FORCE
FORCE:

# Segments on 16 KiB in place of the linker's 64 KiB: less padding. It is the largest page of a board's kernel, the Pi 5's; only
# kernels of servers have pages of 64 KiB.
build/paird-arm%: LDFLAGS += -R 0x4000

build/paird-armv%: FORCE
	CGO_ENABLED=0 GOOS=linux GOARCH=arm GOARM=$* $(GO) build $(RELEASE) -ldflags '$(LDFLAGS)' -o $@ ./cmd/paird

build/paird-%: FORCE
	CGO_ENABLED=0 GOOS=linux GOARCH=$* $(GO) build $(RELEASE) -ldflags '$(LDFLAGS)' -o $@ ./cmd/paird

.PHONY: screens
screens: ## pictures of every screen in build/screens
	$(GO) run ./display/internal/gallery -o build/screens

.PHONY: pictures
pictures: build ## the README's pictures, in scripts/pictures; the demo's by Chromium, which it installs if missing
	$(GO) run ./display/internal/gallery -readme -o scripts/pictures
	scripts/pictures.sh

# What the ratios are made of is measured five times more, in short.
AGAIN := $(GO) test -vet=off -run '^$$' -bench '^Benchmark(Put|Seal|Poll|Refresh)$$' -count 5 -benchtime 0.2s

.PHONY: bench
bench: ## benchmarks of all packages and their ratios; lines, crash states and flash of queue and store; fails if the queue drains at less than 0.9 of the rate of bare paho
	@mkdir -p build
	{ $(GO) test -vet=off -run '^$$' -bench . -benchmem ./... ; $(AGAIN) ./agent/queue ./agent/store ./agent/deviceauth ; \
	$(GO) test -vet=off -count 1 -v -run WearBudget ./agent/queue ; \
	$(GO) test -vet=off -count 1 -v -run PowerCuts ./agent/queue ./agent/inbox ./agent/store ; \
	for p in queue internal/seglog inbox store internal/boltfile ; do \
	echo "lines agent/$$p $$(find agent/$$p -maxdepth 1 -name '*.go' ! -name '*_test.go' -exec cat {} + | wc -l)" ; done ; \
	$(GO) test -vet=off -count 1 -v -run DrainRatio ./agent/telemetry -drain-ratio 0.9 ; } 2>&1 | tee build/bench.txt
	@awk -f scripts/bench.awk build/bench.txt

YEARS ?= 10

# A year is one goroutine after another: a process with one processor for each seed takes a quarter less than all in one.
.PHONY: year
year: ## YEARS (10) simulated devices, a year each; a failure names its seed: go test -run TestYear -year SEED ./agent
	$(GO) test -vet=off -c -o build/year.test ./agent
	@cd agent && seq 0 $$(($(YEARS) - 1)) | GOMAXPROCS=1 xargs -n 1 -P "$$(getconf _NPROCESSORS_ONLN)" \
		../build/year.test -test.run 'TestYear$$' -test.v -test.timeout 1800s -years 1 -year

N ?= 200

.PHONY: fleet
fleet: build ## N (200) devices at once through pairing, a power failure and outages; build/fleet.svg and fleet.png show the rates
	build/pairlab fleet -n $(N) -outage 5s -lifetime 30s -svg build/fleet.svg -png build/fleet.png

.PHONY: fleet-nats
fleet-nats: build build/nats-node ## the same at a NATS cluster of three, of which one node is killed
	build/pairlab fleet -n $(N) -nats build/nats-node -scenarios pairing,boot,node,broker,endpoint -outage 5s -lifetime 30s \
		-svg build/fleet-nats.svg -png build/fleet-nats.png

.PHONY: fleet-large
fleet-large: build build/nats-node ## 10,000 devices at that cluster through a power failure and the loss of a node, in nine minutes
	build/pairlab fleet -n 10000 -nats build/nats-node -scenarios pairing,boot,node -spread 120s -interval 120s -stage 240s \
		-lifetime 24h -svg build/fleet-large.svg -png build/fleet-large.png

build/nats-node: FORCE
	cd scripts/real && $(GO) build -o ../../build/nats-node ./nats

SOAK ?= 30m

.PHONY: soak
soak: ## the real program for SOAK (30m) with tokens of seconds, restarts of its servers and kills; a minute of it is in make test-real
	SOAK=$(SOAK) $(GO) test -vet=off -tags real -count 1 -v -timeout 24h -run TestSoak ./cmd/pairlab/internal/survival

.PHONY: budget
budget: ## what the daemon costs: size, memory, processor time, flash, start; fails beyond scripts/budgets.txt
	scripts/budget.sh

.PHONY: peers
peers: ## paird beside a Python program, a shell script and oidc-agent: what each costs in a minute; installs them on Debian
	PEERS=1m scripts/peers/compare.sh

.PHONY: crash
crash: ## every state a power cut could leave, 200,000 of them
	PAIRD_CRASH_STATES=200000 $(GO) test -vet=off -count 1 -timeout 3600s -run PowerCuts ./agent/...

FUZZTIME ?= 5s

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (5s), one after another
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: notices
notices: ## write the licences of what paird links to scripts/THIRD_PARTY_NOTICES.txt
	scripts/notices.sh >scripts/THIRD_PARTY_NOTICES.txt

.PHONY: install
install: ## put paird, its unit and its user on this machine, or below DESTDIR=; without Go what was built elsewhere
	@if command -v $(GO) >/dev/null; then $(MAKE) -s build; fi
	scripts/install.sh install

.PHONY: release
release: ## Debian packages, tar.gz, SBOMs and SHA256SUMS in build/release; SIGN=KEYFILE signs (OpenSSH)
	@$(GO) run ./scripts/release -version '$(VERSION)' -built '$(BUILT)' $(if $(SIGN),-sign '$(SIGN)')

.PHONY: reproduce
reproduce: release ## the release once more from another folder, byte for byte the same
	scripts/reproduce.sh '$(VERSION)' '$(BUILT)'

.PHONY: image
image: ## an SD card image of gokrazy and paird for Raspberry Pi 3, 4, 5, Zero 2 W in build/image; FACTORY=FOLDER adds a product's values
	@scripts/setup-image.sh build
	@$(GO) run ./scripts/image -version '$(VERSION)' -built '$(BUILT)' $(if $(FACTORY),-factory '$(FACTORY)')

.PHONY: uninstall
uninstall: ## take them away again; configuration and state stay
	scripts/install.sh uninstall

.PHONY: clean
clean: ## remove what was built
	rm -rf build
