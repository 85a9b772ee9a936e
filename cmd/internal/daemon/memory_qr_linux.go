package daemon

import (
	"os"
	"unsafe"

	_ "github.com/paird/paird/display" // links the table
	"golang.org/x/sys/unix"
)

// japanese is the table by which the QR encoder finds the characters of Kanji mode: it is filled when a program starts, with
// -1 for a rune that has none.
//
//go:linkname japanese github.com/piglig/go-qr.unicdeToQRKanji
var japanese [1 << 16]int

// dropJapanese gives back the table but for its first page, 508 KiB on 64-bit machines: package display encodes ASCII
// only, and asks for nothing else. The rest reads as 0 from then on.
func dropJapanese() {
	page := os.Getpagesize()
	from := int(-uintptr(unsafe.Pointer(&japanese[128])) % uintptr(page)) // to the next page
	b := unsafe.Slice((*byte)(unsafe.Pointer(&japanese[128])), (len(japanese)-128)*int(unsafe.Sizeof(japanese[0])))[from:]
	_ = unix.Madvise(b[:len(b)/page*page], unix.MADV_DONTNEED) // it saves memory, no more
}
