package daemon

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/config"
	"github.com/paird/paird/hal/sensor"
)

// Broker is cfg's broker and what is sent to it, without what only a running daemon has.
func Broker(cfg config.Config, d Device, version string) (telemetry.Options, error) {
	m, t := cfg.MQTT, cfg.Telemetry
	sensors, err := sensors(t.Sensors)
	return telemetry.Options{
		URL: m.URL, ClientID: m.ClientID, Username: m.Username, Password: m.Password, PasswordFile: m.PasswordFile, Topic: m.Topic,
		DeviceID: d.ID, DeviceName: d.Name, Version: version, Model: d.Model,
		HomeAssistant: m.HomeAssistant, Commands: m.Commands, KeepAlive: m.KeepAlive, Preset: m.Preset,
		Headers: m.Headers, ALPN: m.ALPN, CAFile: m.CAFile, CertFile: m.CertFile, KeyFile: m.KeyFile,
		Format: t.Format, Interval: t.Interval, Metrics: t.Metrics, Sensors: sensors,
	}, err
}

// sensors makes each [[telemetry.sensor]].
func sensors(list []config.Sensor) ([]telemetry.Sensor, error) {
	var all []telemetry.Sensor
	for i, c := range list {
		switch c.Driver {
		case "exec":
			all = append(all, telemetry.NewExec(c.Metric, c.Unit, c.Command))
		case "file":
			all = append(all, telemetry.NewFile(c.Metric, c.Unit, c.Path, c.Scale))
		default:
			o := sensorOptions(c)
			s, err := sensor.New(o)
			if err != nil {
				return nil, fmt.Errorf("telemetry.sensor[%d].%w, file, exec", i+1, err)
			}
			if faults := sensor.Check(o); len(faults) > 0 {
				return nil, fmt.Errorf("telemetry.sensor[%d].%w", i+1, faults[0])
			}
			all = append(all, s)
		}
	}
	return all, nil
}

func sensorOptions(c config.Sensor) sensor.Options {
	return sensor.Options{Driver: c.Driver, Bus: c.Bus, Address: uint16(c.Address), ID: c.ID, Metric: c.Metric, Shunt: c.Shunt}
}

// link makes the broker of a running daemon.
func link(o telemetry.Options, q telemetry.Queue, c *clock.Clock, identify func(), log *slog.Logger) (*telemetry.Link, error) {
	o.Log, o.Identify = log, identify
	o.Now = func() (time.Time, bool) { return time.Now(), c.Set() }
	o.Boot = func() (string, time.Duration) { return c.BootID(), c.Monotonic() }
	return telemetry.New(o, q)
}

// BoardSensors are the sensors of cfg that are no programs.
func BoardSensors(cfg config.Config) ([]telemetry.Sensor, error) {
	return sensors(slices.DeleteFunc(slices.Clone(cfg.Telemetry.Sensors), func(s config.Sensor) bool { return s.Driver == "exec" }))
}
