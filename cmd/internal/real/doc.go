// Package real tests the programs as they are built against peers that others wrote: oidc-provider over https,
// mosquitto, zbar and Chromium. Its files have the build tag real; `make test-real` installs the peers and runs them.
package real
