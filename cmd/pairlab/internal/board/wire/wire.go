// Package wire is what the test on the host asks of the program inside the virtual board, and the answers: the arguments and
// results of net/rpc calls.
package wire

import "time"

// A File is written whole.
type File struct {
	Path string
	Data []byte
	Mode uint32
}

// Start says which daemon is started.
type Start struct {
	Program  string        // its path
	Config   string        // the path of its configuration
	Watchdog time.Duration // WatchdogSec=
	User     int           // User=, by its number; 0 is root
}

// Pings are those of the watchdog.
type Pings struct {
	Count  int
	Silent time.Duration // since the last, or the start
}

// A Message is put on the daemon's queue.
type Message struct {
	Topic   string
	Payload []byte
}

// Wiring says which panel and which button the board has.
type Wiring struct {
	Panel  string   // as in display.panel, with the bus: "ssd1306-i2c"
	Button int      // the number of its line, which it pulls low
	Header string   // the label of the header's chip; "": that of a Pi Zero
	Chips  []string // labels of chips that come before the header's
	Taken  []int    // lines that another driver holds
	Others bool     // every other sensor that paird reads is there too, beside the BME280
}

// Glow asks for the part of a time for which the LED on a line is on.
type Glow struct {
	Line int
	For  time.Duration
}

// Ended is how a program ended.
type Ended struct {
	Code int // -1: by a signal
	Took time.Duration
}

// A Picture is what a person sees on the panel: one byte a pixel, 255 is lit or bare paper.
type Picture struct {
	Width, Height int
	Pix           []byte
}

// Fault says how a bus or a panel fails. The zero value ends all faults.
type Fault struct {
	Unplugged bool // the panel is off the bus
	Stuck     bool // BUSY stays high
	Hung      bool // no transaction on the bus ends
	FailIn    int  // the transaction that many from now fails; 0: none
	After     int  // bytes of it that arrive
}

// Cost is what the daemon holds and has used (proc(5)).
type Cost struct {
	Resident, Anonymous int // KiB
	Switches            int // voluntary context switches of all threads
}

// A Command is run to its end.
type Command struct {
	Args []string
	User int // its number; 0 is root
}

// Output is what a command wrote, and how it ended.
type Output struct {
	Text string
	Code int
}
