// Package boltfile creates, probes, opens and quarantines bbolt files safely.
//
// What it promises, given a disk that keeps what it has flushed:
//
//   - A file is created whole or not at all: written under another name, flushed, renamed, and
//     the directory flushed. A cut leaves the old name absent or complete.
//   - bbolt only ever maps a file whose pages have been read and walked by this package first, since
//     bbolt on a damaged one can panic in a goroutine of its own, hang, or take SIGBUS.
//   - After a stop that was not clean the optional Probe opens the file in a process that may die.
//   - A file that cannot be used is moved aside as NAME.broken-N (the newest two are kept) and told in
//     the Report; it is never deleted unseen, and never deleted because the disk refused to be read
//     for want of permission.
//
// What it does not promise: data pages carry no checksum, so a flipped bit inside a value is not
// seen here unless it happened between a clean stop and the next start. Callers seal or checksum
// values for which that matters. A disk that acknowledges a flush and loses it can cost the newest
// commit, and then the file falls back to the one before.
package boltfile
