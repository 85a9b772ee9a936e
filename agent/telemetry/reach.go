package telemetry

import "context"

// Reach opens the way to the broker as a session does, TCP, proxy and TLS, sends no MQTT and closes it.
// The error is an *Error.
func (l *Link) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := l.openSecure(ctx)
	if err != nil {
		return l.at.explain(err)
	}
	conn.Close()
	return nil
}
