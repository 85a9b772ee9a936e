package telemetry

import "context"

// Reach opens the way to the broker as a session does, TCP, proxy and TLS, sends no MQTT and closes it.
// The error is an *Error.
func (l *Link) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	secure, err := l.tlsConfig()
	if err != nil {
		return err
	}
	conn, err := l.openTCP(ctx)
	if err != nil {
		return l.at.explain(err)
	}
	if l.at.tls {
		if conn, err = l.openTLS(ctx, conn, secure); err != nil {
			return l.at.explain(err)
		}
	}
	return conn.Close()
}
