// Package boltfile creates, probes and opens bbolt files safely.
//
// In reading order: boltfile.go (Open), probe.go (the process that may crash). limit_unix.go and limit_other.go bound the memory of the probe.
//
// What it promises, given a disk that keeps what it has flushed:
//
//   - A file is created whole or not at all: written under another name, flushed, renamed, and
//     the folder flushed. A cut leaves the old name absent or complete.
//   - bbolt on a damaged file can panic in a goroutine of its own, hang, or take SIGBUS. So
//     Options.Probe opens the file first, with bbolt's own check, in a process that may die. That is a few milliseconds
//     at each start.
//   - A file that was cut short is damaged, also where only free pages are missing: bbolt would read beyond its mapping.
//   - A damaged file is ErrDamaged and left as it is: whether something else can take its place is for
//     the caller to know.
//
// What it does not promise: bbolt's data pages carry no checksum, so a flipped bit inside a value is
// not seen here. Callers seal or checksum
// values for which that matters, and read them under Guard first. Nor does it go back to the commit before a damaged one: what must
// survive that has a copy elsewhere.
package boltfile
