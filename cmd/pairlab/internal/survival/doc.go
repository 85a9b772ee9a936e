// Package survival holds no code but tests: they put the real paird through kill -9, damaged, full and
// read-only disks at the lab's provider and broker, and look for secrets where none may be.
//
// Build tag real adds what takes root or time: 200 kills where there are 40 without it, a disk of
// its own that is filled and turned read-only, and a minute of a soak, which `make soak` makes half an hour.
//
// In reading order. lab_test.go (provider and broker), device_test.go, observer_test.go (a slow token endpoint, and the secrets
// it gives); kill_test.go, with the number of kills in kills_test.go and kills_real_test.go; damage_test.go, disk_real_test.go,
// settings_test.go (settings from the boot partition), listen_test.go (no port is open), canary_test.go and search_test.go
// (secrets in files and log), soak_real_test.go.
package survival
