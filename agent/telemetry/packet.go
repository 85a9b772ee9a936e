package telemetry

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Types of control packets, with their reserved flags (MQTT 3.1.1 section 2.2), as they stand in the first byte.
const (
	typeConnect    = 0x10
	typeConnack    = 0x20
	typePublish    = 0x30
	typePuback     = 0x40
	typeSuback     = 0x90
	typePingreq    = 0xC0
	typeDisconnect = 0xE0
	typeMask       = 0xF0
)

const (
	maxInbound = 128 << 10 // bytes of a packet's body that are taken into memory; commands are small
	dropAtOnce = 16 << 10  // bytes of a larger one that are read past in one step
)

var (
	errNoConnack  = errors.New("the first packet was no CONNACK: is this an MQTT broker?")
	errNoLength   = errors.New("the broker sent a packet without an end to its length")
	errNotGranted = errors.New("the broker sent a message with QoS 2, which no subscription here asks for")
)

// refusal is the return code of a CONNACK other than 0 (MQTT 3.1.1 section 3.2.2.3).
type refusal byte

func (r refusal) Error() string { return fmt.Sprintf("CONNACK code %d", byte(r)) }

// oversized is a PUBLISH that was too large to be taken.
type oversized struct {
	topic string
	bytes int // of the packet's body
}

// packetReader passes on the packets of a broker, but for what its reader must not see: a CONNACK that
// refuses, a malformed header, and messages of any length. Those over maxInbound are read past,
// acknowledged and reported, for a retained one comes again at each subscription.
type packetReader struct {
	in        *bufio.Reader
	dropped   func(oversized)
	puback    func(id uint16)
	connacked bool // a CONNACK with code 0 was read

	room [8]byte // of head
	head []byte  // of the present packet, not yet passed on
	body int     // bytes of the present packet behind head
	drop int     // bytes of an oversized packet that are still to be read past
	last func()  // ends the oversized packet
}

func (r *packetReader) Read(p []byte) (n int, err error) {
	for len(r.head) == 0 && r.body == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	if len(r.head) > 0 {
		n = copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	n, err = r.in.Read(p[:min(len(p), r.body)])
	r.body -= n
	return n, err
}

// next reads a header, or a piece of an oversized packet.
func (r *packetReader) next() error {
	if r.drop > 0 {
		return r.dropPiece()
	}
	first, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	if !r.connacked && first != typeConnack {
		return errNoConnack
	}
	head, length, err := r.length(first)
	if err != nil {
		return err
	}
	switch {
	case !r.connacked:
		return r.connack(head, length)
	case first&typeMask == typeConnack: // paho would look at the type alone, too
		return errors.New("the broker sent a second CONNACK")
	case length > maxInbound:
		return r.oversized(first, length)
	case first&typeMask == typeSuback && length != 3:
		return errors.New("the broker answered a subscription with another number of results")
	}
	r.head, r.body = head, length
	return nil
}

// length reads the remaining length: "the maximum number of bytes in the Remaining Length field is four"
// (MQTT 3.1.1 section 2.2.3). It gives the whole fixed header, too.
func (r *packetReader) length(first byte) (head []byte, length int, err error) {
	head = append(r.room[:0], first)
	for shift := 0; shift < 28; shift += 7 {
		b, err := r.in.ReadByte()
		if err != nil {
			return nil, 0, err
		}
		head = append(head, b)
		length |= int(b&0x7F) << shift
		if b&0x80 == 0 {
			return head, length, nil
		}
	}
	return nil, 0, errNoLength
}

func (r *packetReader) connack(head []byte, length int) error {
	if length != 2 {
		return errNoConnack
	}
	body := make([]byte, 2)
	if _, err := io.ReadFull(r.in, body); err != nil {
		return err
	}
	if body[1] != 0 {
		return refusal(body[1])
	}
	r.head, r.connacked = append(head, body...), true
	return nil
}

// oversized reads the variable header of a PUBLISH (section 3.3.2).
func (r *packetReader) oversized(first byte, length int) error {
	qos := first >> 1 & 3
	if first&typeMask != typePublish {
		return fmt.Errorf("the broker sent a packet of %d bytes, at most %d are taken", length, maxInbound)
	}
	if qos > 1 {
		return errNotGranted
	}
	var size, id [2]byte
	if _, err := io.ReadFull(r.in, size[:]); err != nil {
		return err
	}
	topic := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(r.in, topic); err != nil {
		return err
	}
	r.drop = length - len(size) - len(topic)
	if qos == 1 {
		if _, err := io.ReadFull(r.in, id[:]); err != nil {
			return err
		}
		r.drop -= len(id)
	}
	r.last = func() {
		r.dropped(oversized{string(topic), length})
		if qos == 1 {
			r.puback(binary.BigEndian.Uint16(id[:]))
		}
	}
	return nil
}

func (r *packetReader) dropPiece() error {
	n, err := r.in.Discard(min(r.drop, dropAtOnce))
	r.drop -= n
	if r.drop == 0 && err == nil {
		r.last()
	}
	return err
}
