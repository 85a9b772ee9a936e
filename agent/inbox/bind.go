package inbox

import (
	"errors"

	"github.com/paird/paird/agent/internal/seglog"
)

// Bind says whose inbox it is from now on: what came for another account is dropped. The empty account is
// one that is not known, and so another than any before. After an error it holds from the next write on.
func (b *Inbox) Bind(account string) error {
	b.io.Lock()
	defer b.io.Unlock()
	trouble := b.open()
	if errors.Is(trouble, ErrClosed) {
		return trouble
	}
	b.mu.Lock()
	same := b.state.Owned && account != "" && account == b.state.Owner
	if b.state.Owned && !same {
		b.purge()
	}
	b.state.Owned, b.state.Owner, b.bound = true, account, true
	b.mu.Unlock()
	if same || trouble != nil {
		return trouble
	}
	if _, err := b.write(); err != nil {
		return err
	}
	b.tidy()
	return nil
}

func (b *Inbox) purge() {
	if n := len(b.list); n > 0 {
		b.o.Log.Warn("messages for another account are dropped from the inbox", "messages", n)
	}
	for len(b.list) > 0 {
		b.remove(len(b.list) - 1)
	}
}

// Erase drops everything, and overwrites and removes the files.
func (b *Inbox) Erase() error {
	b.io.Lock()
	defer b.io.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	var err error
	if b.log != nil {
		err = b.log.Close()
	}
	b.log, b.list, b.bytes, b.bound = nil, nil, 0, false
	b.state = state{Schema: schema, Next: b.state.Next}
	return errors.Join(err, seglog.Erase(b.o.Dir, b.o.Tap, func(file string) bool { return seglog.Owns(file, logName) }))
}

// Close ends the inbox.
func (b *Inbox) Close() error {
	b.io.Lock()
	defer b.io.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	close(b.ready)
	b.ready = make(chan struct{})
	if b.log == nil {
		return nil
	}
	return b.log.Close()
}
