// Package queue keeps readings and events until the broker has acknowledged them: bounded, in order, counted.
//
// In reading order. The records: stamp.go (when one was put), ring.go (those in memory), gap.go (the record of a loss),
// ledger.go (where each is), drop.go (which ones go unsent), state.go (what the log says of all that). The Queue:
// queue.go, put.go, next.go, write.go (when the disk is written), open.go (what an earlier run left), bind.go (accounts,
// and the end), former.go (what a version before the log left). The files are those of package seglog.
//
// What it promises: at least once from accept to PUBACK; FIFO but for redelivery; a consumer removes duplicates
// by (device, stream, seq); the oldest are dropped first, counted, and reported by a gap.
//
//   - Accept. With Sync "group" a record that Put took is on the disk within 5 seconds unless the
//     broker acknowledges it first: a power cut costs the last 5 seconds at most. With "always" it is
//     on the disk, or acknowledged, before Put returns. While the disk refuses (full, read-only,
//     broken), "always" refuses too; "group" keeps the newest few megabytes in memory, and Storage returns
//     the error.
//   - Order. Records leave in the order of Put. After Rewind, or a restart, those not acknowledged
//     come again, in order, before anything new. A restart after a power cut may repeat records
//     acknowledged within the last 5 seconds before it.
//   - Numbers. seq counts up within a stream and is never given away twice; a stream lasts as long as
//     the log, but another begins where the disk refuses to reserve numbers for tens of thousands of
//     records. After a power cut seq goes on at the next reservation: a jump without a gap is no loss.
//   - Loss. Records go unsent only when they exceed MaxBytes or MaxAge (the oldest go first, those
//     in flight last), when the disk and the memory are both full, when the broker refuses one for
//     good (SetAside), when the account changes (Bind), or when their checksum is wrong. Each is
//     counted in Stats.Dropped, and each run of them is reported once, by a record of topic "event" and
//     type "gap" before the record that follows. A gap comes again until it is acknowledged; one that
//     has grown in the meantime reports the larger range. Where the newest part of the log is damaged the
//     number of lost records is unknown: Quarantined returns the path.
//
// Where records are. New ones are in memory. As long as the broker acknowledges them nothing is written. Those
// that wait longer go in groups to the log: one write and one flush a group, with the state of the queue (what is
// settled, the numbers of drops and gaps, owner, stream) in the same frame. Segments whose records are all settled are
// removed.
//
// What the flash pays, at 200 bytes a message and without what the file system adds: nothing online;
// offline 1.5 MB an hour at one message in 10 s (ext4 made 1.6 MB of it), and at most 3 times the payload from
// ten messages a second on. TestFlashBudget holds it to that.
package queue
