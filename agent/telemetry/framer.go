package telemetry

import (
	"errors"
	"fmt"
)

// The first byte of the packets that are looked at (MQTT 3.1.1 section 2.2).
const (
	connackHeader    = 0x20
	subackType       = 0x90
	disconnectHeader = 0xE0
)

// maxInbound bounds what a broker can make the device allocate; commands are small.
const maxInbound = 128 << 10

var errNoConnack = errors.New("the first packet was no CONNACK: is this an MQTT broker?")

// refusal is the return code of a CONNACK other than 0 (MQTT 3.1.1 section 3.2.2.3).
type refusal byte

func (r refusal) Error() string { return fmt.Sprintf("CONNACK code %d", byte(r)) }

// framer follows the packets in what the broker sends, however it is cut, and fails at the first
// byte that must not reach paho.
type framer struct {
	place   func(*framer, byte) error // nil: a fixed header comes
	header  byte
	length  int
	shift   int
	body    int  // bytes of the body seen
	greet   bool // the first header was a CONNACK's
	welcome bool // its code was 0
}

func (f *framer) feed(p []byte) error {
	for i := 0; i < len(p); i++ {
		if f.place == nil {
			f.place = (*framer).first
		}
		if skip := f.skippable(len(p) - i); skip > 0 {
			f.body += skip
			i += skip - 1
			f.finish()
			continue
		}
		if err := f.place(f, p[i]); err != nil {
			return err
		}
	}
	return nil
}

// skippable is how much of the body needs no look.
func (f *framer) skippable(have int) int {
	if f.length == 0 || f.header == connackHeader {
		return 0
	}
	return min(have, f.length-f.body)
}

func (f *framer) first(b byte) error {
	switch {
	case !f.greet && b != connackHeader:
		return errNoConnack
	case f.greet && b&0xF0 == connackHeader: // paho would look at the type alone, too
		return errors.New("the broker sent a second CONNACK")
	}
	*f = framer{place: (*framer).size, header: b, greet: true, welcome: f.welcome}
	return nil
}

// size decodes the remaining length (MQTT 3.1.1 section 2.2.3). length stays 0 until it is complete,
// in place of which the sum is kept in body.
func (f *framer) size(b byte) error {
	if f.shift > 21 {
		return errors.New("the broker sent a packet without an end to its length")
	}
	f.body |= int(b&0x7F) << f.shift
	f.shift += 7
	if b&0x80 != 0 {
		return nil
	}
	f.length, f.body = f.body, 0
	switch {
	case f.length > maxInbound:
		return fmt.Errorf("the broker sent a packet of %d bytes, at most %d are taken", f.length, maxInbound)
	case f.header == connackHeader && f.length != 2:
		return errNoConnack
	case f.header&0xF0 == subackType && f.length != 3:
		return errors.New("the broker answered a subscription with another number of results")
	}
	f.place = (*framer).connack
	f.finish()
	return nil
}

func (f *framer) connack(b byte) error {
	f.body++
	if f.body == 2 && b != 0 {
		return refusal(b)
	}
	f.welcome = f.welcome || f.body == 2
	f.finish()
	return nil
}

func (f *framer) finish() {
	if f.body == f.length {
		*f = framer{greet: f.greet, welcome: f.welcome}
	}
}
