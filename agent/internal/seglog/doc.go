// Package seglog is a log of records on the disk, for one owner who keeps a state beside them.
//
// In reading order: record.go (what is kept), frame.go (one write), log.go (the segments and what is in them), files.go (their
// files), tail.go (where the next frame goes), low.go, free_unix.go and free_windows.go (the room that is left).
//
// The log is a row of segments, NAME.00000001 and so on, of 256 KiB that are allocated in advance. Each write is a
// frame that holds a group of records and the state of the owner under one checksum, so a power cut leaves a state that
// was true a moment ago. While the last frame is smaller than a block of 4 KiB the next group joins it: the two
// together are written to a free block, never over the one that holds them. So small groups cost the flash one block
// each and fill the log densely.
//
// What it promises, given a disk that keeps what it has flushed:
//
//   - What Append has returned without an error for is there at the next Open. Of what it returned an error for, all
//     or nothing is. The state that Open returns is that of the newest frame.
//   - A segment with the first frame in it is there whole or not at all.
//   - Release removes segments from the front, one by one, each durably.
//   - A damaged frame costs its own records. A segment without a sound frame is set aside; of these the newest two are kept.
//
// What is for the owner to know: which records still matter (Segment.Unread, Segment.Last), that a record may come twice
// from Scan, and that records are missing where a frame was damaged.
package seglog
