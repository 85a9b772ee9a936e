package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// The intent says that a refresh of a generation has begun. It is one block at the end of the older
// slot, which the new grant is going to overwrite: one write and one flush. Its layout:
//
//	0  "PAIRDINT"
//	8  generation, uint64, big-endian
//	16 sealed SHA-256 of the refresh token that is sent
//
// Where the slot cannot be written it goes to tokens.db, without the first 8 bytes. An intent that does
// not open does not count: its write was cut off, so the request was not sent.
const (
	journalAt    = 12 << 10
	journalMagic = "PAIRDINT"
	journalSize  = 8 + 8 + 12 + sha256.Size + 16 // with nonce and tag of AES-GCM
)

// intentEntry is the generation of the record and the sealed digest of its refresh token.
func intentEntry(s *sealer, rec record) []byte {
	return append(genKey(rec.gen), s.seal(intentLocation(rec.gen), tokenDigest(rec.grant))...)
}

// isIntent reports whether the entry says that a refresh of the record has begun.
func isIntent(s *sealer, rec record, entry []byte) bool {
	if rec.grant == nil || len(entry) < 8 || binary.BigEndian.Uint64(entry) != rec.gen {
		return false
	}
	sum, err := s.open(intentLocation(rec.gen), entry[8:])
	return err == nil && bytes.Equal(sum, tokenDigest(rec.grant))
}

func tokenDigest(g *Grant) []byte {
	sum := sha256.Sum256([]byte(g.RefreshToken))
	return sum[:]
}

// encodeJournal is the block of an entry in a slot, decodeJournal the entry of a block, nil if it has none.
func encodeJournal(entry []byte) []byte { return append([]byte(journalMagic), entry...) }

func decodeJournal(block []byte) []byte {
	entry, ok := bytes.CutPrefix(block, []byte(journalMagic))
	if !ok {
		return nil
	}
	return entry
}

// intends reports whether the journal of either slot says that a refresh of the record has begun.
func (p *slotPair) intends(s *sealer, rec record) bool {
	return isIntent(s, rec, decodeJournal(p.two[0].journal)) || isIntent(s, rec, decodeJournal(p.two[1].journal))
}

// clearJournal makes durable that neither journal has an intent.
func (p *slotPair) clearJournal() error {
	for i := range p.two {
		if sl := &p.two[i]; decodeJournal(sl.journal) != nil {
			if err := p.writeJournal(sl, make([]byte, journalSize)); err != nil {
				return err
			}
		}
	}
	return nil
}
