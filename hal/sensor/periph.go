package sensor

import (
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/aht20"
	"periph.io/x/devices/v3/hdc302x"
	"periph.io/x/devices/v3/mcp9808"
	"periph.io/x/devices/v3/scd4x"
	"periph.io/x/devices/v3/tmp102"
)

// fromPeriph are the sensors that periph drives right. Those that it does not, and why, are in doc.go.
func fromPeriph() map[string]driver {
	t, h := metric{"temperature", "°C"}, metric{"humidity", "%"}
	return map[string]driver{
		"aht20":   {address: 0x38, metrics: []metric{t, h}, open: openAHT20},
		"hdc302x": {address: 0x44, metrics: []metric{t, h}, open: openHDC302x},
		"mcp9808": {address: 0x18, metrics: []metric{t}, open: openMCP9808},
		"scd4x":   {address: 0x62, metrics: []metric{{"co2", "ppm"}, t, h}, open: openSCD4x},
		"tmp102":  {address: 0x48, metrics: []metric{t}, open: openTMP102},
	}
}

func openAHT20(b i2c.Bus, _ uint16) (measure, error) {
	d, err := aht20.NewI2C(b, nil)
	return env(d, celsius, relative), err
}

func openHDC302x(b i2c.Bus, a uint16) (measure, error) {
	d, err := hdc302x.NewI2C(b, a, hdc302x.RateHertz)
	return env(d, celsius, relative), err
}

func openMCP9808(b i2c.Bus, a uint16) (measure, error) {
	d, err := mcp9808.New(b, &mcp9808.Opts{Addr: int(a), Res: mcp9808.Maximum})
	return env(d, celsius), err
}

func openTMP102(b i2c.Bus, a uint16) (measure, error) {
	d, err := tmp102.NewI2C(b, a, nil)
	return env(d, celsius), err
}

func openSCD4x(b i2c.Bus, a uint16) (measure, error) {
	d, err := scd4x.NewI2C(b, a)
	return func() ([]float64, error) {
		var e scd4x.Env
		err := d.Sense(&e)
		return []float64{float64(e.CO2), e.Temperature.Celsius(), relative(e.Env)}, err
	}, err
}

// env measures with a device that senses its environment.
func env(d interface{ Sense(e *physic.Env) error }, pick ...func(physic.Env) float64) measure {
	return func() ([]float64, error) {
		var e physic.Env
		err := d.Sense(&e)
		var values []float64
		for _, p := range pick {
			values = append(values, p(e))
		}
		return values, err
	}
}

func celsius(e physic.Env) float64  { return e.Temperature.Celsius() }
func relative(e physic.Env) float64 { return float64(e.Humidity) / float64(physic.PercentRH) }
