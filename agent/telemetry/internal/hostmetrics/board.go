package hostmetrics

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// temperature is that of the processor's thermal zone in degrees Celsius, else of the first zone
// (Documentation/driver-api/thermal/sysfs-api.rst: millidegrees).
func (h *Host) temperature(out map[string]float64) {
	zones := h.glob("sys/class/thermal/thermal_zone*/temp")
	processor := slices.IndexFunc(zones, func(path string) bool {
		kind := h.text(filepath.Join(filepath.Dir(path), "type"))
		return strings.HasPrefix(kind, "cpu") || kind == "x86_pkg_temp" || strings.HasPrefix(kind, "soc")
	})
	if len(zones) > 0 {
		put(out, "cpu_temp", h.text(zones[max(processor, 0)]), 0.001)
	}
}

// wifi is the signal of the first associated interface in dBm. Drivers that count otherwise give
// numbers that are not negative (wireless(7)); those say nothing comparable and are left out.
func (h *Host) wifi(out map[string]float64) {
	for line := range strings.Lines(h.text("proc/net/wireless")) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasSuffix(fields[0], ":") {
			continue
		}
		level, err := strconv.ParseFloat(strings.TrimSuffix(fields[3], "."), 64)
		if err == nil && level < 0 && level > -256 { // -256: no signal at all
			out["wifi"] = level
			return
		}
	}
}

// The bits of the firmware's get_throttled that hold now (Raspberry Pi documentation, vcgencmd).
const (
	underVoltage = 1 << 0
	capped       = 1 << 1
	throttled    = 1 << 2
	softLimit    = 1 << 3
)

// throttled is 1 while the firmware slows the processor down, undervoltage 1 while the supply is
// too weak. Newer kernels show the latter as a hwmon device.
func (h *Host) throttled(out map[string]float64) {
	for _, path := range h.glob("sys/devices/platform/soc*/*firmware/get_throttled") {
		if bits, err := strconv.ParseUint(strings.TrimPrefix(h.text(path), "0x"), 16, 32); err == nil {
			out["throttled"] = asNumber(bits&(capped|throttled|softLimit) != 0)
			out["undervoltage"] = asNumber(bits&underVoltage != 0)
			return
		}
	}
	for _, path := range h.glob("sys/class/hwmon/hwmon*/in0_lcrit_alarm") {
		if h.text(filepath.Join(filepath.Dir(path), "name")) == "rpi_volt" {
			put(out, "undervoltage", h.text(path), 1)
		}
	}
}

func asNumber(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
