//go:build real

package budget

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/paird/paird/cmd/internal/e2e"
)

// Environment of the floor: where it connects, and with which token.
const (
	floorBroker = "PAIRD_FLOOR_BROKER"
	floorToken  = "PAIRD_FLOOR_TOKEN"
)

// startFloor starts the floor with the token of a device, and returns its process id. It is this test program again.
func (l *lab) startFloor(d *e2e.Device) int {
	l.Helper()
	token := e2e.Must(d.Token(l.Context(), "", 0, false))(l)
	env := []string{floorBroker + "=" + strings.Replace(l.url, "mqtts", "tls", 1), floorToken + "=" + token.AccessToken}
	var p *e2e.Process
	e2e.Slackly(l, timerSlack, func() { p = e2e.Start(l, env, os.Args[0]) })
	p.AwaitText(l, "online")
	return p.Cmd.Process.Pid
}

// runFloor is the least that does a paired device's work: bare paho over TLS, and 200 bytes with QoS 1 each 30 s. TLS is not
// checked; that costs nothing after the handshake.
func runFloor(url string) {
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID("floor").SetUsername("floor").SetPassword(os.Getenv(floorToken)).
		SetProtocolVersion(4).SetKeepAlive(30 * time.Second).SetTLSConfig(&tls.Config{InsecureSkipVerify: true})
	c := mqtt.NewClient(o)
	if token := c.Connect(); token.Wait() && token.Error() != nil {
		fmt.Println(token.Error())
		os.Exit(1)
	}
	fmt.Println("online")
	for payload := make([]byte, 200); ; time.Sleep(30 * time.Second) {
		c.Publish("paird/user-1/floor", 1, false, payload).Wait()
	}
}
