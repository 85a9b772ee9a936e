// Package e2e is what the end-to-end tests share: programs that run beside a test, a certificate authority, and the
// real paird with its configuration. Only tests import it.
//
// In reading order: check.go (waits, files, listeners, forms), browser.go, process.go, cost.go (what a process uses), programs.go
// (paird as it is built), certs.go, device.go, panel.go (what a png panel shows), privilege.go (other users, and
// what needs root).
package e2e
