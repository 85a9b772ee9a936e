package config

import (
	"fmt"
	"os"
)

// CheckFiles looks at the files that a configuration names, which Parse does not touch. The error is a
// Problems. It is for `paird config check` and doctor: the daemon itself reads the files when it needs them.
func (c Config) CheckFiles() error {
	found := collector{seen: map[string]bool{}}
	add := func(key, detail string) { found.add(key, c.at[key], detail) }
	add("auth.client_secret_file", secretFile(c.Auth.ClientSecretFile))
	add("auth.client_key_file", secretFile(c.Auth.ClientKeyFile))
	add("mqtt.password_file", secretFile(c.MQTT.PasswordFile))
	add("mqtt.key_file", secretFile(c.MQTT.KeyFile))
	add("auth.ca_file", readable(c.Auth.CAFile))
	add("mqtt.ca_file", readable(c.MQTT.CAFile))
	add("mqtt.cert_file", readable(c.MQTT.CertFile))
	add("hooks.on_event", program(c.Hooks.OnEvent))
	for i, s := range c.Telemetry.Sensors {
		at := fmt.Sprintf("telemetry.sensor[%d]", i+1)
		add(at+".path", readable(s.Path))
		add(at+".command", program(s.Command))
	}
	return found.err()
}

// readable says what keeps this process from reading a file; path "" names none and is fine.
func readable(path string) string {
	if path == "" {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return err.Error() + "; put the file there, or correct the path"
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return path + " is no file, correct the path"
	}
	return ""
}

// secretFile is readable, and refuses a file that other users can read as well.
func secretFile(path string) string {
	if wrong := readable(path); path == "" || wrong != "" {
		return wrong
	}
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	if info.Mode().Perm()&0o007 != 0 {
		return fmt.Sprintf("%s may be read by every user (mode %04o), chmod it to 0600 or 0640", path, info.Mode().Perm())
	}
	return ""
}

func program(command []string) string {
	if len(command) == 0 {
		return ""
	}
	info, err := os.Stat(command[0])
	if err != nil {
		return err.Error() + "; install the program, or correct the path"
	}
	if info.IsDir() || info.Mode().Perm()&0o111 == 0 {
		return command[0] + " is no program, chmod +x it or correct the path"
	}
	return ""
}
