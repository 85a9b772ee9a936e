package boltfile

import (
	"bytes"
	"hash/crc32"
	"io"
	"os"

	bolt "go.etcd.io/bbolt"
)

// A clean stop leaves a mark in the last sector of the older meta page, with a checksum of the whole
// file. The next commit overwrites just that page, zeros included, so the mark goes by itself; and a
// cut while it is written can spoil only the meta that was not in use.
const (
	cleanAt   = pageSize - 512
	cleanSize = 512
	cleanSign = "paird: clean stop"

	cleanMost = 32 << 20 // bytes of a file that is read for its checksum while the service manager waits
)

// Close closes the database and marks the file as cleanly stopped, which spares the next Open the
// probe. Without the mark nothing is lost; so only the closing itself can fail.
func Close(db *bolt.DB, d Disk) error {
	path := db.Path()
	if err := db.Close(); err != nil {
		return err
	}
	_ = markClean(path, d) // for the reason above
	return nil
}

func markClean(path string, d Disk) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	img, err := io.ReadAll(io.LimitReader(f, cleanMost+1))
	if err != nil || len(img) > cleanMost {
		return err
	}
	metas, err := parseMetas(img)
	if err != nil || len(metas) < 2 || isClean(img, metas[0]) {
		return err
	}
	if err := d.WriteAt(f, cleanMark(img, metas[0]), cleanOffset(metas[0])); err != nil {
		return err
	}
	return d.Sync(f)
}

// isClean says whether the image is byte for byte what a clean stop left.
func isClean(img []byte, newest meta) bool {
	at := cleanOffset(newest)
	return newest.high*pageSize <= uint64(len(img)) &&
		string(img[at:at+int64(len(cleanSign))]) == cleanSign &&
		bytes.Equal(img[at:at+cleanSize], cleanMark(img, newest))
}

// cleanOffset is where the mark is: in the page of the meta that is not in use.
func cleanOffset(newest meta) int64 { return int64(1-newest.page)*pageSize + cleanAt }

func cleanMark(img []byte, newest meta) []byte {
	at := cleanOffset(newest)
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Checksum(img[:at], table)
	sum = crc32.Update(sum, table, img[at+cleanSize:newest.high*pageSize])
	mark := append(make([]byte, 0, cleanSize), cleanSign...)
	mark = order.AppendUint64(mark, newest.txid)
	mark = order.AppendUint32(mark, sum)
	return mark[:cleanSize]
}
