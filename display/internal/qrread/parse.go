package qrread

import (
	"errors"
	"fmt"
	"strings"
)

// reader takes bits from data, most significant first.
type reader struct {
	data []byte
	at   int
}

func (r *reader) left() int { return 8*len(r.data) - r.at }

func (r *reader) take(n int) (v int, err error) {
	if n > r.left() {
		return 0, errors.New("the data ends within a segment")
	}
	for ; n > 0; n-- {
		v = v<<1 | int(r.data[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v, nil
}

// parse reads segments up to the terminator and checks the padding.
func parse(data []byte, version int) (string, error) {
	r := &reader{data: data}
	var text strings.Builder
	for r.left() >= 4 {
		mode, _ := r.take(4)
		if mode == 0 {
			break
		}
		if err := segment(r, &text, mode, version); err != nil {
			return "", err
		}
	}
	return text.String(), padding(r)
}

func padding(r *reader) error {
	for r.at%8 != 0 {
		if bit, err := r.take(1); err != nil || bit != 0 {
			return errors.New("the bits after the terminator are not zero")
		}
	}
	for i := 0; r.left() > 0; i++ {
		if word, _ := r.take(8); word != [2]int{236, 17}[i%2] {
			return fmt.Errorf("pad word %d is %d", i, word)
		}
	}
	return nil
}

func segment(r *reader, text *strings.Builder, mode, version int) error {
	column := 0
	if version >= 10 {
		column = 1
	}
	if version >= 27 {
		column = 2
	}
	widths, known := map[int][3]int{1: {10, 12, 14}, 2: {9, 11, 13}, 4: {8, 16, 16}}[mode]
	if !known {
		return fmt.Errorf("mode %04b is not among those we write", mode)
	}
	count, err := r.take(widths[column])
	if err != nil {
		return err
	}
	if count == 0 {
		return errors.New("an empty segment")
	}
	switch mode {
	case 1:
		return digits(r, text, count)
	case 2:
		return alphanumeric(r, text, count)
	}
	for range count {
		b, err := r.take(8)
		if err != nil {
			return err
		}
		text.WriteByte(byte(b))
	}
	return nil
}

func digits(r *reader, text *strings.Builder, count int) error {
	for count > 0 {
		k := min(count, 3)
		v, err := r.take([4]int{0, 4, 7, 10}[k])
		if err != nil {
			return err
		}
		group := fmt.Sprintf("%0*d", k, v)
		if len(group) > k {
			return fmt.Errorf("%d stands for %d digits", v, k)
		}
		text.WriteString(group)
		count -= k
	}
	return nil
}

func alphanumeric(r *reader, text *strings.Builder, count int) error {
	const set = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	for ; count > 1; count -= 2 {
		v, err := r.take(11)
		if err != nil || v >= 45*45 {
			return fmt.Errorf("%d stands for two characters", v)
		}
		text.WriteByte(set[v/45])
		text.WriteByte(set[v%45])
	}
	if count == 1 {
		v, err := r.take(6)
		if err != nil || v >= 45 {
			return fmt.Errorf("%d stands for a character", v)
		}
		text.WriteByte(set[v])
	}
	return nil
}
