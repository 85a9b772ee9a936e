package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Key    string // "auth.issuer", "token[2].name"; "" where the file is no TOML at all
	File   string // "" where it is not known, the key is missing, or c was not read from a file
	Line   int    // 0: likewise
	Detail string // what is wrong and what to do; never a secret
	fatal  bool   // the file cannot be read at all: other problems are its consequences
}

// Error is one line: `key: what is wrong, what to do (line 3)`.
func (p Problem) Error() string {
	text := p.Detail
	if p.Key != "" {
		text = p.Key + ": " + text
	}
	if p.Line > 0 {
		text = fmt.Sprintf("%s (line %d)", text, p.Line)
	}
	return strings.Map(visible, text)
}

// visible replaces what would move the reader's cursor.
func visible(r rune) rune {
	if !strconv.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}

// Problems is everything that is wrong, in the order of the file; what is missing comes last.
type Problems []Problem

// Error is one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds the answer to a file that is no configuration.
const maxProblems = 100

// collector gathers problems, the first of each key only: the ones after it are its consequences.
type collector struct {
	list Problems
	seen map[string]bool
}

// add takes a problem; one without detail is none.
func (c *collector) add(key string, at position, detail string) {
	if detail == "" || c.seen[key] || len(c.list) >= maxProblems {
		return
	}
	c.seen[key] = true
	c.list = append(c.list, Problem{Key: key, File: at.path, Line: at.line, Detail: detail})
}

func (c *collector) err() error {
	if len(c.list) == 0 {
		return nil
	}
	sort.Sort(c)
	return c.list
}

// Len, Less and Swap sort by file, line and key, what has no line last: no key comes twice.
func (c *collector) Len() int { return len(c.list) }
func (c *collector) Less(i, j int) bool {
	a, b := c.list[i], c.list[j]
	if none := cmp.Compare(min(a.Line, 1), min(b.Line, 1)); none != 0 {
		return none > 0
	}
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key)) < 0
}
func (c *collector) Swap(i, j int) { c.list[i], c.list[j] = c.list[j], c.list[i] }

// Problems gathers what other packages say of c. Each error is `key: what is wrong, what to do`; the line of the
// key is added. It returns nil where there is none.
func (c Config) Problems(errs ...error) error {
	found := collector{seen: map[string]bool{}}
	for _, err := range errs {
		if err == nil {
			continue
		}
		if all, ok := errors.AsType[Problems](err); ok {
			if all[0].fatal {
				return all
			}
			for _, p := range all {
				found.add(p.Key, position{path: p.File, line: p.Line}, p.Detail)
			}
			continue
		}
		key, detail := cutKey(err.Error())
		found.add(key, c.at[key], detail)
	}
	return found.err()
}

// cutKey takes the key off the beginning of a text.
func cutKey(text string) (key, detail string) {
	end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(letters+digits+"_.[]", r) })
	if end <= 0 {
		return "", text
	}
	return text[:end], strings.TrimLeft(text[end:], ": ")
}

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
