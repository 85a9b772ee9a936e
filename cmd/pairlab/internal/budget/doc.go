// Package budget holds no code but tests: they measure what the real paird costs at the lab's provider and broker, and
// print each figure as `budget: NAME VALUE`. scripts/budget.sh compares the figures with scripts/budgets.txt.
//
// In reading order: lab_test.go (provider, broker and device), idle_test.go (memory and processor time of a settled minute),
// floor_test.go (the least that a Go program costs there), start_test.go (from the start to the panel, and to the first
// message), peers_test.go (what others cost there; scripts/peers).
package budget
