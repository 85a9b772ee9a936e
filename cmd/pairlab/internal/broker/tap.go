package broker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// tap listens inside the server. Of the NATS client protocol it speaks the few verbs that this takes:
// INFO, CONNECT, SUB, PING, PONG, MSG.
type tap struct {
	conn    net.Conn
	in      *bufio.Reader
	message func(Message)
	done    chan struct{}
}

// newTap returns once the subscription stands, so that no later message is missed.
func newTap(conn net.Conn, password, subject string, message func(Message)) (*tap, error) {
	t := &tap{conn: conn, in: bufio.NewReader(conn), message: message, done: make(chan struct{})}
	if err := t.greet(password, subject); err != nil {
		conn.Close()
		return nil, fmt.Errorf("broker: tap: %w", err)
	}
	go t.listen()
	return t, nil
}

func (t *tap) greet(password, subject string) error {
	if err := t.conn.SetDeadline(time.Now().Add(startup)); err != nil {
		return err
	}
	if line, err := t.line(); err != nil || !strings.HasPrefix(line, "INFO ") {
		return errors.New("no greeting")
	}
	hello, err := json.Marshal(map[string]any{"user": "tap", "pass": password, "verbose": false, "lang": "go", "version": "0"})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(t.conn, "CONNECT %s\r\nSUB %s 1\r\nPING\r\n", hello, subject); err != nil {
		return err
	}
	for {
		line, err := t.line()
		if err != nil {
			return err
		}
		switch verb, rest, _ := strings.Cut(line, " "); verb {
		case "PONG":
			return t.conn.SetDeadline(time.Time{})
		case "-ERR":
			return errors.New(rest)
		}
	}
}

func (t *tap) line() (string, error) {
	line, err := t.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

// listen ends with the connection.
func (t *tap) listen() {
	defer close(t.done)
	defer t.conn.Close()
	for {
		line, err := t.line()
		if err != nil {
			return
		}
		switch verb, rest, _ := strings.Cut(line, " "); verb {
		case "PING":
			_, err = io.WriteString(t.conn, "PONG\r\n")
		case "MSG":
			err = t.deliver(strings.Fields(rest))
		}
		if err != nil {
			return
		}
	}
}

// deliver reads the payload that follows "MSG subject sid [reply-to] bytes".
func (t *tap) deliver(head []string) error {
	if len(head) < 3 {
		return errors.New("short MSG")
	}
	n, err := strconv.Atoi(head[len(head)-1])
	if err != nil {
		return err
	}
	payload := make([]byte, n+len("\r\n"))
	if _, err := io.ReadFull(t.in, payload); err != nil {
		return err
	}
	t.message(Message{At: time.Now(), Topic: topicOf(head[0]), Payload: bytes.TrimSuffix(payload, []byte("\r\n"))})
	return nil
}

func (t *tap) wait() { <-t.done }

// topicOf undoes the server's mapping of topics to subjects: a level separator became a dot, a dot two
// slashes, and a slash stands beside a dot where a level is empty.
func topicOf(subject string) string {
	var topic strings.Builder
	for i := 0; i < len(subject); i++ {
		switch next := subject[i+1:]; {
		case subject[i] == '.':
			topic.WriteByte('/')
		case subject[i] != '/':
			topic.WriteByte(subject[i])
		case strings.HasPrefix(next, "/"):
			topic.WriteByte('.')
			i++
		case strings.HasPrefix(next, "."):
			topic.WriteByte('/')
			i++
		}
	}
	return topic.String()
}
