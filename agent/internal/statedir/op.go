package statedir

// Kind is the kind of an Op.
type Kind uint8

// The operations that change the disk.
const (
	Create   Kind = iota // an empty file appears under Path
	Write                // Data at Off of Path
	Truncate             // Path gets the size Off
	Sync                 // the data of Path are on the disk
	Rename               // Path becomes To
	Remove               // Path is removed
	SyncDir              // the names in the folder Path are on the disk
)

// The operations that leave its contents as they are.
const (
	OpenDir  Kind = 16 + iota // the folder Path is opened
	LockDir                   // it is locked
	ListDir                   // its names are read
	Lookup                    // what is under Path is looked up
	OpenFile                  // the file Path is opened
	ReadFile                  // its content is read
	Chown                     // Path is given to the folder's owner
)

// Changes reports whether the operation changes what the disk holds.
func (k Kind) Changes() bool { return k < OpenDir }

// Op is one operation on the disk.
type Op struct {
	Kind Kind
	Path string
	To   string
	Off  int64
	Data []byte
}

// A Tap is called with each operation before it is done. Its error is that of the operation, which is
// then not done. nil: none.
type Tap func(Op) error

func (t Tap) note(op Op) error {
	if t == nil {
		return nil
	}
	return t(op)
}
