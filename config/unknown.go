package config

import (
	"maps"
	"slices"
)

// unknown says that there is no such key, and which one may be meant.
func unknown(name string, known map[string]key) string {
	best, least := "", 3 // two slips of the keyboard
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := distance(name, k, least); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return "is not a key, did you mean " + best + "?"
	}
	return "is not a key, remove it"
}

// distance is Levenshtein's, or most where the lengths alone differ that much.
func distance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
