//go:build linux

package linuxio

import (
	"bytes"
	"errors"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// fakeKernel answers opens and ioctls and records what is open.
type fakeKernel struct {
	files map[string]bool // devices there are
	deny  error           // what every open fails with
	open_ map[int]string
	chips []string
	do    func(path string, request uint, arg unsafe.Pointer) error
}

func newKernel(files ...string) *fakeKernel {
	k := &fakeKernel{files: map[string]bool{}, open_: map[int]string{}}
	for _, f := range files {
		k.files[f] = true
	}
	return k
}

func (k *fakeKernel) open(path string) (int, error) {
	if k.deny != nil {
		return -1, k.deny
	}
	if !k.files[path] {
		return -1, unix.ENOENT
	}
	fd := 1000 + len(k.open_)
	for k.open_[fd] != "" {
		fd++
	}
	k.open_[fd] = path
	return fd, nil
}

func (k *fakeKernel) close(fd int) error {
	if k.open_[fd] == "" {
		return unix.EBADF
	}
	delete(k.open_, fd)
	return nil
}

func (k *fakeKernel) ioctl(fd int, request uint, arg unsafe.Pointer) error {
	return k.do(k.open_[fd], request, arg)
}

func (k *fakeKernel) glob(string) []string { return k.chips }

func (k *fakeKernel) nothingOpen(t *testing.T) {
	t.Helper()
	if len(k.open_) > 0 {
		t.Errorf("left open: %v", k.open_)
	}
}

// ioc is _IOC of asm-generic/ioctl.h, which arm, arm64, riscv and x86 share.
func ioc(dir, kind, nr, size uintptr) uintptr { return dir<<30 | size<<16 | kind<<8 | nr }

// TestABI holds our structures and requests against the kernel's documented ones: linux/i2c.h, linux/i2c-dev.h,
// linux/spi/spidev.h, linux/gpio.h.
func TestABI(t *testing.T) {
	wide := uintptr(bits.UintSize / 8)
	for name, c := range map[string]struct{ got, want uintptr }{
		"i2c_msg":                        {unsafe.Sizeof(i2cMsg{}), 8 + wide},
		"i2c_msg.flags":                  {unsafe.Offsetof(i2cMsg{}.flags), 2},
		"i2c_msg.len":                    {unsafe.Offsetof(i2cMsg{}.len), 4},
		"i2c_msg.buf":                    {unsafe.Offsetof(i2cMsg{}.buf), 8},
		"i2c_rdwr_ioctl_data":            {unsafe.Sizeof(i2cRdwrData{}), 2 * wide},
		"i2c_rdwr_ioctl_data.nmsgs":      {unsafe.Offsetof(i2cRdwrData{}.nmsgs), wide},
		"spi_ioc_transfer":               {unsafe.Sizeof(spiTransfer{}), 32},
		"spi_ioc_transfer.rx_buf":        {unsafe.Offsetof(spiTransfer{}.rxBuf), 8},
		"spi_ioc_transfer.len":           {unsafe.Offsetof(spiTransfer{}.len), 16},
		"spi_ioc_transfer.speed_hz":      {unsafe.Offsetof(spiTransfer{}.speedHz), 20},
		"spi_ioc_transfer.delay_usecs":   {unsafe.Offsetof(spiTransfer{}.delayUsecs), 24},
		"spi_ioc_transfer.bits_per_word": {unsafe.Offsetof(spiTransfer{}.bitsPerWord), 26},
		"spi_ioc_transfer.cs_change":     {unsafe.Offsetof(spiTransfer{}.csChange), 27},
		"gpiochip_info":                  {unsafe.Sizeof(unix.GPIOChipInfo{}), 68},
		"gpio_v2_line_info":              {unsafe.Sizeof(unix.GPIOV2LineInfo{}), 256},
		"gpio_v2_line_info.offset":       {unsafe.Offsetof(unix.GPIOV2LineInfo{}.Offset), 64},
		"gpio_v2_line_request":           {unsafe.Sizeof(unix.GPIOV2LineRequest{}), 592},
		"gpio_v2_line_request.config":    {unsafe.Offsetof(unix.GPIOV2LineRequest{}.Config), 288},
		"gpio_v2_line_request.num_lines": {unsafe.Offsetof(unix.GPIOV2LineRequest{}.Num_lines), 560},
		"gpio_v2_line_request.fd":        {unsafe.Offsetof(unix.GPIOV2LineRequest{}.Fd), 588},
		"gpio_v2_line_config.attrs":      {unsafe.Offsetof(unix.GPIOV2LineConfig{}.Attrs), 32},
		"gpio_v2_line_config_attribute":  {unsafe.Sizeof(unix.GPIOV2LineConfigAttribute{}), 24},
		"gpio_v2_line_values":            {unsafe.Sizeof(unix.GPIOV2LineValues{}), 16},
		"gpio_v2_line_event":             {unsafe.Sizeof(unix.GPIOV2LineEvent{}), 48},
		"SPI_IOC_MESSAGE(1)":             {spiMessage1, ioc(1, 'k', 0, 32)},
		"SPI_IOC_WR_MODE":                {spiWrMode, ioc(1, 'k', 1, 1)},
		"SPI_IOC_WR_BITS_PER_WORD":       {spiWrBits, ioc(1, 'k', 3, 1)},
		"SPI_IOC_WR_MAX_SPEED_HZ":        {spiWrMaxSpeed, ioc(1, 'k', 4, 4)},
		"GPIO_GET_CHIPINFO_IOCTL":        {gpioGetChipinfo, ioc(2, 0xb4, 1, 68)},
		"GPIO_V2_LINE_SET_CONFIG_IOCTL":  {gpioSetConfig, ioc(3, 0xb4, 13, unsafe.Sizeof(unix.GPIOV2LineConfig{}))},
		"gpio_v2_line_config":            {unsafe.Sizeof(unix.GPIOV2LineConfig{}), 272},
		"GPIO_V2_GET_LINEINFO_IOCTL":     {unix.GPIO_V2_GET_LINEINFO_IOCTL, ioc(3, 0xb4, 5, 256)},
		"GPIO_V2_GET_LINE_IOCTL":         {unix.GPIO_V2_GET_LINE_IOCTL, ioc(3, 0xb4, 7, 592)},
		"GPIO_V2_LINE_GET_VALUES_IOCTL":  {unix.GPIO_V2_LINE_GET_VALUES_IOCTL, ioc(3, 0xb4, 14, 16)},
		"GPIO_V2_LINE_SET_VALUES_IOCTL":  {unix.GPIO_V2_LINE_SET_VALUES_IOCTL, ioc(3, 0xb4, 15, 16)},
	} {
		if c.got != c.want {
			t.Errorf("%s = %#x, the kernel has %#x", name, c.got, c.want)
		}
	}
}

func TestI2CTx(t *testing.T) {
	k := newKernel("/dev/i2c-1")
	type msg struct {
		addr, flags uint16
		bytes       []byte
	}
	var seen []msg
	k.do = func(path string, request uint, arg unsafe.Pointer) error {
		if path != "/dev/i2c-1" || request != 0x0707 {
			t.Errorf("ioctl %#x on %q", request, path)
		}
		d := (*i2cRdwrData)(arg)
		for _, m := range unsafe.Slice((*i2cMsg)(d.msgs), d.nmsgs) {
			b := unsafe.Slice((*byte)(m.buf), m.len)
			seen = append(seen, msg{m.addr, m.flags, bytes.Clone(b)})
			if m.flags&1 == 1 {
				copy(b, []byte{0xaa, 0xbb})
			}
		}
		return nil
	}
	b, err := openI2C(k, "I2C1")
	if err != nil {
		t.Fatal(err)
	}
	r := make([]byte, 2)
	if err := errors.Join(b.Tx(0x3c, []byte{1, 2, 3}, nil), b.Tx(0x76, []byte{0xf7}, r), b.Tx(0x23, nil, r[:1]), b.Tx(1, nil, nil)); err != nil {
		t.Fatal(err)
	}
	want := []msg{{0x3c, 0, []byte{1, 2, 3}}, {0x76, 0, []byte{0xf7}}, {0x76, 1, []byte{0, 0}}, {0x23, 1, []byte{0xaa}}}
	if !slices.EqualFunc(seen, want, func(a, b msg) bool { return a.addr == b.addr && a.flags == b.flags && bytes.Equal(a.bytes, b.bytes) }) {
		t.Errorf("messages %v, want %v", seen, want)
	}
	if !bytes.Equal(r, []byte{0xaa, 0xbb}) {
		t.Errorf("read % x", r)
	}
	if b.Tx(0x3c, make([]byte, i2cLongest+1), nil) == nil {
		t.Error("a message longer than the kernel takes was accepted")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	k.nothingOpen(t)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	k := newKernel("/dev/i2c-1", "/dev/spidev0.0")
	k.do = func(string, uint, unsafe.Pointer) error { return unix.EREMOTEIO }
	b, err := openI2C(k, "I2C1")
	if err != nil {
		t.Fatal(err)
	}
	open := func(deny error, f func() error) error {
		k.deny = deny
		defer func() { k.deny = nil }()
		return f()
	}
	i2c := func(bus string) func() error { return func() error { _, err := openI2C(k, bus); return err } }
	port := func(bus string) func() error {
		return func() error {
			p, err := openSPI(k, bus)
			if err == nil {
				_, err = p.Connect(physic.MegaHertz, spi.Mode0, 8)
				err = errors.Join(err, p.Close())
			}
			return err
		}
	}
	pin := func(name string) func() error { return func() error { _, err := find(k, name); return err } }
	for want, err := range map[string]error{
		"nothing answers at address 0x3C": b.Tx(0x3c, []byte{0}, nil),
		"enable I2C":                      open(nil, i2c("I2C7")),
		"group i2c":                       open(unix.EACCES, i2c("I2C1")),
		"enable SPI":                      open(nil, port("SPI9.0")),
		"group spi":                       open(unix.EACCES, port("SPI0.0")),
		"cannot set Mode0":                open(nil, port("SPI0.0")),
		`"i2c1" is not the name`:          i2c("i2c1")(),
		`"SPI0" is not the name`:          port("SPI0")(),
		"this machine has no GPIO":        pin("GPIO17")(),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q, want a line with %q", err, want)
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	k.nothingOpen(t)
}

// spiDevice is what a kernel with a device on its SPI bus saw. The device answers each byte with its complement.
type spiDevice struct {
	t    *testing.T
	set  map[uint]uint32 // settings, by ioctl
	sent []int           // the lengths of the transfers
	out  []byte          // what they carried
}

func (s *spiDevice) ioctl(path string, request uint, arg unsafe.Pointer) error {
	switch request {
	case spiWrMode, spiWrBits:
		s.set[request] = uint32(*(*uint8)(arg))
	case spiWrMaxSpeed:
		s.set[request] = *(*uint32)(arg)
	case spiMessage1:
		s.transfer((*spiTransfer)(arg))
	default:
		s.t.Errorf("ioctl %#x on %s", request, path)
	}
	return nil
}

func (s *spiDevice) transfer(tr *spiTransfer) {
	if tr.csChange != 0 || tr.pad != 0 || tr.wordDelayUsecs != 0 {
		s.t.Errorf("transfer %+v", tr)
	}
	w := bytesAt(tr.txBuf, tr.len)
	s.sent, s.out = append(s.sent, int(tr.len)), append(s.out, w...)
	if tr.rxBuf != 0 {
		for i := range w {
			bytesAt(tr.rxBuf, tr.len)[i] = ^w[i]
		}
	}
}

func TestSPI(t *testing.T) {
	k := newKernel("/dev/spidev0.1")
	device := &spiDevice{t: t, set: map[uint]uint32{}}
	k.do = device.ioctl
	p, err := openSPI(k, "SPI0.1")
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Connect(2*physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if set := device.set; set[spiWrMode] != 0 || set[spiWrBits] != 8 || set[spiWrMaxSpeed] != 2_000_000 {
		t.Errorf("settings %v", set)
	}
	w, r := make([]byte, 10000), make([]byte, 10000)
	for i := range w {
		w[i] = byte(i * 7)
	}
	if err := errors.Join(s.Tx(w, r), s.Tx(w[:3], nil), s.Tx(nil, nil)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(device.sent, []int{4096, 4096, 1808, 3}) || !bytes.Equal(device.out[:10000], w) {
		t.Errorf("sent %v", device.sent)
	}
	for i := range r {
		if r[i] != ^w[i] {
			t.Fatalf("byte %d read %#x, want %#x", i, r[i], ^w[i])
		}
	}
	if s.Tx(w, r[:5]) == nil {
		t.Error("a short read buffer was accepted")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	k.nothingOpen(t)
}

// bytesAt is the memory an address in a transfer names, as the kernel would reach it.
func bytesAt(addr uint64, n uint32) []byte {
	p := uintptr(addr)
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), n)
}
