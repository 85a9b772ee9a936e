// Package statedir opens a folder of state and the files in it so that no other account can put its own in
// their place, and passes each of its system calls by a Tap, so that a test can record or refuse it.
//
// In reading order: op.go (the system calls as a test sees them), trust.go (what is refused, and why),
// dir.go (the folder), file.go and log.go (its files), aside.go (files that are set aside, and kept); what differs by system is in
// system_unix.go, system_windows.go, sync_linux.go and sync_other.go.
//
// What it promises:
//
//   - The folder is opened once; from then on each name is looked up below that descriptor (os.Root). A symbolic
//     link in place of the folder or of a file is not followed, but for a link of root's and for
//     $STATE_DIRECTORY, which systemd makes a link where DynamicUser is on.
//   - A folder or file is refused with an *UnsafeError unless its owner is the user of this process or root, and
//     its group and others may not write to it. A file has one name: with a second link an overwrite would
//     change what another account keeps under it.
//   - Root may use the folder of another user if only root can have put it there, and what root then
//     makes in it belongs to that user.
//   - On Windows owner and rights are not looked at: the access control list of the user's profile is what keeps others out.
//   - WriteFile puts a file there whole or not at all. What was written is on the disk after Sync of the file, a
//     name after Sync of the folder.
package statedir
