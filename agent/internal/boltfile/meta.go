package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
)

// The layout of a bbolt file (internal/common of go.etcd.io/bbolt v1.5.0): pages in the byte order
// of the machine, each with a header of id (8 bytes), flags (2), count (2) and overflow (4). Pages 0
// and 1 are the metas, written in turn.
const (
	pageSize   = 4096 // whatever the machine's: a Pi 5's 16 KiB make an append cost 81 KB, not 23
	headerSize = 16
	metaSize   = 64
	metaMagic  = 0xED0CDAED
	metaFormat = 2
	noFreelist = ^uint64(0)
)

// ErrFormat: a sound file in another version of bbolt's format. It is left as it is.
var ErrFormat = errors.New("written in another version of the bbolt format")

var order = binary.NativeEndian

// A meta is one of the two roots of the file.
type meta struct {
	page     uint64 // 0 or 1
	root     uint64
	freelist uint64
	high     uint64 // pages in use are below it
	txid     uint64
}

// parseMeta reads meta page 0 or 1 of the image.
func parseMeta(img []byte, page uint64) (meta, error) {
	at := page*pageSize + headerSize
	if uint64(len(img)) < at+metaSize {
		return meta{}, errors.New("file is too short for its meta pages")
	}
	b := img[at : at+metaSize]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	switch {
	case order.Uint32(b) != metaMagic:
		return meta{}, fmt.Errorf("meta page %d: not one", page)
	case order.Uint64(b[56:]) != sum.Sum64():
		return meta{}, fmt.Errorf("meta page %d: wrong checksum", page)
	case order.Uint32(b[4:]) != metaFormat:
		return meta{}, ErrFormat
	case order.Uint32(b[8:]) != pageSize:
		return meta{}, fmt.Errorf("meta page %d: pages of %d bytes", page, order.Uint32(b[8:]))
	}
	return meta{
		page: page, root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		high: order.Uint64(b[40:]), txid: order.Uint64(b[48:]),
	}, nil
}

// parseMetas returns the valid metas, the newest first: the one bbolt will take.
func parseMetas(img []byte) ([]meta, error) {
	m0, err0 := parseMeta(img, 0)
	m1, err1 := parseMeta(img, 1)
	switch {
	case err0 != nil && err1 != nil:
		if errors.Is(err0, ErrFormat) || errors.Is(err1, ErrFormat) {
			return nil, ErrFormat
		}
		return nil, err0
	case err0 != nil:
		return []meta{m1}, nil
	case err1 != nil:
		return []meta{m0}, nil
	case m1.txid > m0.txid:
		return []meta{m1, m0}, nil
	}
	return []meta{m0, m1}, nil
}
