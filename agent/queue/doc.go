// Package queue keeps readings and events until the broker has acknowledged them: bounded, in order, counted.
//
// What it promises: at least once from accept to PUBACK; FIFO but for redelivery; dedupe by (device,
// stream, seq); oldest dropped first, counted, told by a gap.
//
// In more words:
//
//   - Accept. With Sync "group" a record that Put took is on the disk within 5 seconds unless the
//     broker acknowledges it first: a power cut costs the last 5 seconds at most. With "always" it is
//     on the disk, or acknowledged, before Put returns. While the disk refuses (full, read-only,
//     broken), "always" refuses too; "group" keeps the newest few megabytes in memory and says so
//     through Storage.
//   - Order. Records leave in the order of Put. After Rewind, or a restart, those not acknowledged
//     come again, in order, before anything new. A restart after a power cut may repeat records
//     acknowledged within the last 5 seconds before it.
//   - Numbers. seq counts up within a stream and is never given away twice; a stream lasts as long as
//     the file, but another begins where the disk refuses to reserve numbers for tens of thousands of
//     records. After a power cut seq goes on at the next reservation: a jump that no gap tells of is
//     no loss.
//   - Loss. Records go unsent only when they exceed MaxBytes or MaxAge (the oldest go first, those
//     in flight last), when the disk and the memory are both full, when the broker refuses one for
//     ever (SetAside), when the account changes (Bind), or when their checksum is wrong. Each is
//     counted in Stats.Dropped, and each run of them is told once, by a record of topic "event" and
//     type "gap" before the record that follows. A gap comes again until it is acknowledged; one that
//     has grown in the meantime tells the larger range. A file that had to be set aside takes an
//     unknown number with it: Quarantined tells.
//
// Where records are. New ones are in memory. As long as the broker acknowledges them nothing is
// written. Those that wait longer go in groups to a journal of preallocated blocks (queue.log), which
// costs the flash 4 KiB and one flush for a small group, and from there, when it is full, in one
// transaction to a bbolt file (queue.db), from which a backlog is read and deleted in batches. The journal
// is read only at start. All numbers, drops and deletions become durable with a transaction of the
// database, all at once or not at all, so that a cut leaves a state that was true a moment ago.
//
// What the flash pays, at 200 bytes a message and without what the file system adds: nothing online;
// offline 1.7 MB an hour at one message in 10 s, and at most 3 times the payload from ten messages a
// second on. TestFlashBudget holds it to that.
package queue
