// Package survival holds no code but tests: they put the real paird through kill -9, damaged, full and
// read-only disks at the lab's provider and broker, and look for secrets where none may be.
//
// Build tag real adds what takes root or time: 200 kills where there are 40 without it, a disk of
// its own that is filled and turned read-only, and a minute of a soak, which `make soak` makes half an hour.
package survival
