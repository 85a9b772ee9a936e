package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Key    string // "auth.issuer", "token[2].name"; "" where the file is no TOML at all
	Line   int    // 0: not known, or the key is missing
	Detail string // what is wrong and what to do; never a secret
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

// visible keeps what stands in the file from moving the reader's cursor.
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

func (c *collector) add(key string, line int, detail string) {
	if detail == "" || c.seen[key] || len(c.list) >= maxProblems {
		return
	}
	c.seen[key] = true
	c.list = append(c.list, Problem{Key: key, Line: line, Detail: detail})
}

func (c *collector) err() error {
	if len(c.list) == 0 {
		return nil
	}
	slices.SortStableFunc(c.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(last(a.Line), last(b.Line)), cmp.Compare(a.Key, b.Key))
	})
	return c.list
}

// last sorts an unknown line behind all others.
func last(line int) int {
	if line == 0 {
		return int(^uint(0) >> 1)
	}
	return line
}
