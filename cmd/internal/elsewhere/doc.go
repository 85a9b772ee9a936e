// Package elsewhere tests paird and pairlab on a system that is not Linux: the programs as built for Windows, under Wine.
// scripts/setup-windows.sh makes the tree in which Wine runs; `make test-windows` calls both. For macOS there is no such
// thing: `make check` builds and vets for it.
//
// In reading order: main_test.go (the programs, and how one is run), commands_test.go, demo_test.go; console looks at a
// console from inside.
package elsewhere
