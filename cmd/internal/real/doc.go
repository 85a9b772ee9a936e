// Package real tests the programs as they are built against peers that others wrote: oidc-provider over https,
// mosquitto, zbar and Chromium. Its files have the build tag real; `make test-real` installs the peers and runs them.
//
// In reading order. The peers and what holds them:
//
//	main_test.go      the programs under test
//	device_test.go    paird with a panel that a test can read
//	provider_test.go  oidc-provider
//	op_test.go        zitadel/oidc
//	broker_test.go    mosquitto
//	phone_test.go     the owner's browser, as a client of HTTP
//	qr_test.go        zbar
//
// The tests:
//
//	pairing_test.go   from nothing to telemetry
//	again_test.go     paired again by the same person
//	variants_test.go  what servers ask of clients beyond the plain flow
//	static_test.go    a login that does not use the token
//	recipes_test.go   the configurations of config/recipes
//	sim_test.go       the panel on a web page
//	panels_test.go    a QR code on every size of panel
//	demo_test.go      the demo in Chromium
//	calls_test.go     the sample programs of the control API
//	printer_test.go   the sample product
package real
