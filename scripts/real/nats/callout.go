package main

import (
	"bufio"
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// callout answers the question of the server whether a password is a good token. Of the NATS client protocol it
// speaks the few verbs that this takes.
type callout struct {
	conn   net.Conn
	in     *bufio.Reader
	key    any           // that checks tokens
	aud    string        // that they are for
	signer nkeys.KeyPair // of the answers
	deny   []string      // subjects that devices may not subscribe to
}

// serveCallout returns once the server can ask.
func serveCallout(s *server.Server, n node, signer nkeys.KeyPair) error {
	block, _ := pem.Decode([]byte(n.Public))
	if block == nil {
		return errors.New("the public key is not PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return err
	}
	conn, err := s.InProcessConn()
	if err != nil {
		return err
	}
	c := &callout{conn, bufio.NewReader(conn), key, cmp.Or(n.For, "rabbitmq"), signer, n.Deny}
	if _, err := c.in.ReadString('\n'); err != nil { // INFO
		return err
	}
	fmt.Fprintf(conn, "CONNECT {\"user\":\"callout\",\"pass\":%q,\"verbose\":false,\"headers\":false}\r\n"+
		"SUB %s callout 1\r\nPING\r\n", n.calloutPassword(), server.AuthCalloutSubject)
	ready := make(chan error, 1)
	go func() { ready <- c.listen(func() { ready <- nil }) }()
	select {
	case err = <-ready:
		return err
	case <-time.After(startup):
		return errors.New("the server does not accept the callout")
	}
}

// listen ends with the connection; ready is called at the answer to PING.
func (c *callout) listen(ready func()) error {
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return err
		}
		switch verb, rest, _ := strings.Cut(strings.TrimSpace(line), " "); verb {
		case "PING":
			_, err = io.WriteString(c.conn, "PONG\r\n")
		case "PONG":
			ready()
		case "-ERR":
			err = errors.New(rest)
		case "MSG":
			err = c.asked(strings.Fields(rest))
		}
		if err != nil {
			return err
		}
	}
}

// asked reads what follows "MSG subject sid reply-to bytes" and answers.
func (c *callout) asked(head []string) error {
	if len(head) != 4 {
		return errors.New("a question without a reply subject")
	}
	n, err := strconv.Atoi(head[3])
	if err != nil {
		return err
	}
	question := make([]byte, n+len("\r\n"))
	if _, err := io.ReadFull(c.in, question); err != nil {
		return err
	}
	answer, err := c.answer(string(question[:n]))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.conn, "PUB %s %d\r\n%s\r\n", head[2], len(answer), answer)
	return err
}

func (c *callout) answer(question string) (string, error) {
	q, err := jwt.DecodeAuthorizationRequestClaims(question)
	if err != nil {
		return "", err
	}
	a := jwt.NewAuthorizationResponseClaims(q.UserNkey)
	a.Audience = q.Server.ID
	device, err := c.deviceOf(q.ConnectOptions.Password)
	if err != nil {
		a.Error = err.Error()
		return a.Encode(c.signer)
	}
	u := jwt.NewUserClaims(q.UserNkey)
	u.Name, u.Audience = device, server.DEFAULT_GLOBAL_ACCOUNT
	for _, topic := range []string{"n", "status", "event", "telemetry", "about"} {
		u.Pub.Allow.Add("paird." + device + "." + topic)
	}
	// What a device may read. $MQTT.sub.> is where NATS delivers to its subscriptions of QoS 1.
	u.Sub.Allow.Add("paird."+device+".in.>", "paird."+device+".in", "paird."+device+".cmd", "$MQTT.sub.>", "$MQTT.deliver.pubrel.>")
	u.Sub.Deny.Add(c.deny...)
	if a.Jwt, err = u.Encode(c.signer); err != nil {
		return "", err
	}
	return a.Encode(c.signer)
}

// deviceOf returns the device_id of a token that the key signed, or its subject where it has none; an error if the key
// did not sign it or if it is out of time.
func (c *callout) deviceOf(token string) (string, error) {
	parsed, err := josejwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return "", err
	}
	var claims struct {
		josejwt.Claims
		DeviceID string `json:"device_id"`
	}
	if err := parsed.Claims(c.key, &claims); err != nil {
		return "", err
	}
	want := josejwt.Expected{AnyAudience: josejwt.Audience{c.aud}, Time: time.Now()}
	return cmp.Or(claims.DeviceID, claims.Subject), claims.ValidateWithLeeway(want, 0)
}
