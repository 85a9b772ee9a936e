// Package hostmetrics reads what the kernel says about the board: temperature, load, memory, disk,
// uptime, Wi-Fi signal and the throttling of a Raspberry Pi.
//
// hostmetrics.go reads what every Linux has, board.go what only some boards have; statfs_unix.go and statfs_other.go the disk.
package hostmetrics

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Names lists the metrics there can be. "throttled" also gives "undervoltage".
func Names() []string {
	return []string{"cpu_temp", "load", "memory", "disk", "uptime", "wifi", "throttled"}
}

// Unit is the unit of a metric as people write it, empty for a plain number.
func Unit(metric string) string {
	return map[string]string{
		"cpu_temp": "°C", "memory": "%", "disk": "%", "uptime": "s", "wifi": "dBm",
	}[metric]
}

// Host is a board seen through its files.
type Host struct {
	root   string
	statfs func(path string, s *statfs) error
}

// Open looks at the board whose /proc and /sys lie below root, usually "/".
func Open(root string) *Host { return &Host{root: root, statfs: ofFileSystem} }

// Read gives the metrics named; what has no source on this board is left out.
func (h *Host) Read(names []string) map[string]float64 {
	sources := map[string]func(map[string]float64){
		"cpu_temp": h.temperature, "load": h.load, "memory": h.memory, "disk": h.disk,
		"uptime": h.uptime, "wifi": h.wifi, "throttled": h.throttled,
	}
	out := map[string]float64{}
	for _, name := range names {
		if read := sources[name]; read != nil {
			read(out)
		}
	}
	for metric, v := range out {
		out[metric] = rounded(metric, v)
	}
	return out
}

// rounded drops digits that say nothing.
func rounded(metric string, v float64) float64 {
	switch metric {
	case "uptime":
		return math.Floor(v)
	case "cpu_temp", "memory", "disk":
		return math.Round(v*10) / 10
	}
	return v
}

// load is the mean number of runnable processes over a minute (proc_loadavg(5)).
func (h *Host) load(out map[string]float64) { h.first("proc/loadavg", "load", out) }

// uptime is in seconds, suspend included (proc_uptime(5)).
func (h *Host) uptime(out map[string]float64) { h.first("proc/uptime", "uptime", out) }

func (h *Host) first(path, metric string, out map[string]float64) {
	if fields := strings.Fields(h.text(path)); len(fields) > 0 {
		put(out, metric, fields[0], 1)
	}
}

// memory is the percentage that a new program could not get (proc_meminfo(5): MemAvailable).
func (h *Host) memory(out map[string]float64) {
	kib := map[string]float64{}
	for line := range strings.Lines(h.text("proc/meminfo")) {
		if fields := strings.Fields(line); len(fields) > 1 {
			put(kib, strings.TrimSuffix(fields[0], ":"), fields[1], 1)
		}
	}
	total, available := kib["MemTotal"], kib["MemAvailable"]
	if total > 0 && available > 0 && available <= total {
		out["memory"] = 100 * (1 - available/total)
	}
}

// disk is the percentage of the root file system in use, as df(1) counts.
func (h *Host) disk(out map[string]float64) {
	var s statfs
	if h.statfs(h.root, &s) != nil || s.Bfree > s.Blocks {
		return
	}
	used := float64(s.Blocks - s.Bfree)
	if all := used + float64(s.Bavail); all > 0 {
		out["disk"] = 100 * used / all
	}
}

func (h *Host) text(path string) string {
	b, err := os.ReadFile(filepath.Join(h.root, path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (h *Host) glob(pattern string) []string {
	found, err := filepath.Glob(filepath.Join(h.root, pattern))
	if err != nil {
		return nil
	}
	for i, path := range found {
		found[i] = strings.TrimPrefix(strings.TrimPrefix(path, h.root), "/")
	}
	return found
}

func put(out map[string]float64, metric, number string, scale float64) {
	if v, err := strconv.ParseFloat(number, 64); err == nil && v-v == 0 { // neither Inf nor NaN
		out[metric] = v * scale
	}
}
