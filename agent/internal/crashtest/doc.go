// Package crashtest proves that files survive a power cut: it records what a program does to the
// files of one directory and rebuilds every state in which a cut could leave them.
//
// The model of the disk. Between two flushes of a file its writes reach the disk in any order, or
// not at all: every subset of what is pending is a state (all of them up to eight pending
// operations, a sample beyond). A write may be torn at any sector of 512 bytes, or every 4 bytes
// where Options.Fine says so, at its front or at its end. One sector, or the whole write, may be
// garbage. Names (create, rename, remove) are on the disk after the directory has been flushed;
// until then any subset of them, in order, is. What was flushed stays.
//
// Use:
//
//	rec := crashtest.New(dir)
//	... statedir.Make(dir, rec.Tap), and where bbolt is used boltfile.Options{Opened: func(db *bolt.DB) { rec.Hook(db) }}
//	... run the work; after each promise kept call rec.Mark(k)
//	n := crashtest.Enumerate(rec.Ops(), crashtest.Options{Limit: 2000, Seed: 1}, func(s crashtest.State) {
//		... s.WriteTo(dir), open, and compare with what was promised at s.Mark
//	})
//
// The files in reading order: record.go records operations, disk.go is the model of what they leave, enumerate.go goes through
// the states and tear.go spoils writes; check.go hands the states to a test, probe.go serves its probes of databases.
// fault.go refuses operations of a running disk.
//
// A Disk (live.go) is the same for one cut at a moment of the test's choice, in a run of any length. How many states a test goes
// through by default is in race.go and norace.go.
package crashtest
