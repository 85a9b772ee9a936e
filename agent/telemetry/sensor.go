package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/paird/paird/agent/internal/child"
	"github.com/paird/paird/agent/internal/oneline"
)

const (
	maxOutput = 64 << 10 // bytes of a program or file
	maxFields = 64       // numbers in one object
)

// NewExec is a sensor that runs a program, without a shell, and reads what it prints: a number,
// which is the metric, or a JSON object of numbers, whose names are put behind metric and an
// underscore. The program has 5 s; it gets PATH, HOME and LANG of the environment and nothing on
// standard input. At its end its children are killed.
func NewExec(metric, unit string, command []string) Sensor {
	return &program{reading{metric, unit}, command}
}

// NewFile is a sensor that reads a file with one number in it, as hwmon and iio in sysfs have, and
// multiplies it by scale; 0 means 1.
func NewFile(metric, unit, path string, scale float64) Sensor {
	if scale == 0 {
		scale = 1
	}
	return &file{reading{metric, unit}, path, scale}
}

// reading is what a sensor's numbers are called.
type reading struct{ metric, unit string }

// Unit is the same for all of a sensor's metrics.
func (r reading) Unit(string) string { return r.unit }

type file struct {
	reading
	path  string
	scale float64
}

func (f *file) String() string { return "file " + f.path }

func (f *file) Read(context.Context) (map[string]float64, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, maxOutput))
	if err != nil {
		return nil, err
	}
	v, err := number(b)
	return map[string]float64{f.metric: v * f.scale}, err
}

func number(b []byte) (float64, error) {
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(b)), 64)
	if err != nil || v-v != 0 { // Inf and NaN
		return 0, errors.New("it holds no number")
	}
	return v, nil
}

type program struct {
	reading
	command []string
}

func (p *program) String() string { return "exec " + p.command[0] }

func (p *program) Read(ctx context.Context) (map[string]float64, error) {
	out, stderr, err := child.Program{
		Command: p.command, Env: child.Environ("PATH", "HOME", "LANG"), Timeout: readLimit, MaxOutput: maxOutput,
	}.Run(ctx)
	if err != nil {
		if text := oneline.First(string(stderr), 120); text != "" {
			err = fmt.Errorf("%w: %q", err, text)
		}
		return nil, err
	}
	return p.parse(out)
}

// parse reads a number or an object of numbers.
func (p *program) parse(out []byte) (map[string]float64, error) {
	out = bytes.TrimSpace(out)
	if !bytes.HasPrefix(out, []byte("{")) {
		v, err := number(out)
		return map[string]float64{p.metric: v}, err
	}
	var object map[string]any
	if err := json.Unmarshal(out, &object); err != nil {
		return nil, errors.New("it prints neither a number nor a JSON object")
	}
	values := map[string]float64{}
	for name, v := range object {
		if f, ok := v.(float64); ok && consists(name, 32, "_") && len(values) < maxFields {
			values[p.metric+"_"+name] = f
		}
	}
	return values, nil
}
