package statedir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const keepAside = 2 // files set aside that are kept, to find the cause

// SetAside renames a file, whatever it is, to NAME.broken-N, N one more than any there is. The newest two
// of them are kept. It returns the new path.
func (d *Dir) SetAside(name string) (string, error) {
	numbers, err := d.aside(name)
	if err != nil {
		return "", err
	}
	next := 1
	if len(numbers) > 0 {
		next = numbers[len(numbers)-1] + 1
	}
	if err := d.Rename(name, asideName(name, next)); err != nil {
		return "", err
	}
	numbers = append(numbers, next)
	for _, n := range numbers[:max(0, len(numbers)-keepAside)] {
		if err := d.Remove(asideName(name, n)); err != nil {
			return "", err
		}
	}
	return d.Path(asideName(name, next)), d.Sync()
}

func asideName(name string, n int) string { return fmt.Sprintf("%s.broken-%d", name, n) }

// aside lists the numbers of the files set aside, ascending.
func (d *Dir) aside(name string) ([]int, error) {
	names, err := d.Names()
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, other := range names {
		if n, ok := AsideNumber(other, name); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// AsideNumber returns the N of a name that SetAside gives to files of that name.
func AsideNumber(aside, name string) (int, bool) {
	s, ok := strings.CutPrefix(aside, name+".broken-")
	n, err := strconv.Atoi(s)
	return n, ok && err == nil && n > 0 && strconv.Itoa(n) == s
}
