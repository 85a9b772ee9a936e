// Package store keeps the grant in bbolt, sealed and journalled, through power cuts.
//
// In reading order: types.go (what is kept), store.go (the Store, its lock and its files), grant.go and
// device.go (its operations), copies.go and level.go (the two copies of the grant, and how they are brought to one
// generation), slot.go, slotpair.go and journal.go (the first copy), schema.go and database.go (the
// second), seal.go, keyring.go, provider.go and reseal.go (keys), erase.go, inspect.go, statefile.go (small
// files of the daemon's beside the store's), errors.go; disk_linux.go and disk_other.go.
//
// # Where things are
//
// The state directory, locked by one process at a time, holds tokens.db (bbolt: grants, device key,
// pairing in progress and its answer, trusted time), the slots tokens.a and tokens.b (16 KiB each, overwritten in
// place and in turn), and the key file where no credential is used, or else the empty file key.credential. A file that
// was damaged stands beside them as NAME.broken-N, the newest two of each. A file named reset marks a device that
// is being erased.
//
// # What is promised
//
// On a disk that keeps what it has flushed, whatever it does with what it has not:
//
//   - Save: when it has returned the grant is on the disk. A cut before that leaves the old grant or the
//     new one, whole; never neither and never a mixture. Where the cut fell between the two writes of
//     Save, what Load returns is the new grant without access token, which a refresh renews.
//   - Intend: when it has returned, every start finds the intent until the next Save, Forget or
//     ClearIntent. So a caller of Intend who then asks the server, calls Save and only after it uses the
//     answer knows after any cut whether the answer may have been lost, and retries once.
//   - Generations only count up, and a grant is never newer than the one the server gave last.
//   - SaveAnswer: when it has returned, every start finds the answer until DropAnswer or the Save of a grant
//     of the same pairing. That Save erases it in the commit that makes the grant durable in tokens.db.
//   - Key: what it has returned once it returns at every start, until PutAside or Erase.
//   - Erase: after MarkReset has returned, every start finds the mark until nothing is left.
//
// On a disk that breaks these rules, or rots:
//
//   - Either of the two copies will do. tokens.db may be lost, zeroed, cut, flipped, replaced or
//     written without any flush: the grant comes back from the newest slot. The slots may: it comes from
//     tokens.db. Recovered says what was set aside.
//   - A disk that is full keeps a paired device going: both copies are allocated from the start, and
//     a refresh overwrites what is there. (Not on file systems that copy on write.)
//   - A disk that refuses is a *StorageError, and the next call begins by opening what is there. After a
//     failed flush what is used was read again.
//   - While the disk does not give tokens.db the slots go on alone, for refreshes too; Health says so. The
//     third operation in a row sets it aside, if the disk allows that.
//   - A directory or file that another account made, or may write to, and a file with a second name, is neither
//     read nor written: a *StorageError, until it is safe. See Inspect.
//   - A bit that is not as it was written, anywhere in tokens.db or a slot, is noticed: each has a checksum
//     over all it holds, and each value is sealed.
//
// About the key:
//
//   - Whatever is in the files is sealed by AES-256-GCM, bound to the device's id, to its location and to its
//     generation, under a random data key that a provider wraps. In the clear are the generation, the trusted
//     time, the provider's name and digests that differ from key to key, and from device to device.
//   - A provider is chosen once, and named in the store. Another one is never tried by itself, but for one
//     step: with a credential present a store of the key file is sealed with the credential at start, and the key
//     file is erased. Back goes nothing: a store of a key file where a credential was in use is a *SealError.
//   - A key that is missing or is another is a *SealError. Nothing is changed until PutAside, so the
//     grant opens again when the key is back.
//   - A store of a schema that this version may not use is ErrNewerSchema, and not a byte of it changes.
//
// # What remains
//
//   - A server that ends a grant when a refresh token comes twice (the strictest reading of RFC 9700,
//     4.14.2) ends it if power goes between its answer and the slot: some milliseconds a refresh. No
//     device can help that. Sender-constrained tokens without rotation (DPoP) do.
//   - Both copies lost at once: the device has to be paired again, and Load says so.
//   - The answer of a pairing and a pairing in progress are in tokens.db alone.
//   - A disk that acknowledges flushes and loses them for both copies may bring an old generation
//     back; the server then sees an old refresh token.
//   - The key file gone while the daemon runs is noticed at the next start, and then the grant stays
//     sealed. The key file lies beside what it opens: it keeps other users out, not a thief. See Inspect.
//   - After restoring from a slot the ID token and the access token are missing until the next refresh.
//   - Flash keeps overwritten blocks where its controller can read them. Erase overwrites and removes
//     what the file system shows, the key first.
//   - Generations of a store that was set aside or erased begin at 1 again.
package store
