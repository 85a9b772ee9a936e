package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// tlsConfig reads the certificate files anew, so that a renewed one needs no restart.
func (l *Link) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{ServerName: l.at.host, MinVersion: tls.VersionTLS12, NextProtos: l.o.ALPN}
	if l.o.CAFile != "" {
		pem, err := os.ReadFile(l.o.CAFile)
		if err != nil {
			return nil, &Error{Kind: TLS, Detail: fmt.Sprintf("mqtt.ca_file cannot be read: %v", err), Err: err}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &Error{Kind: TLS, Detail: fmt.Sprintf("mqtt.ca_file %s holds no certificate in PEM", l.o.CAFile)}
		}
	}
	if l.o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(l.o.CertFile, l.o.KeyFile)
		if err != nil {
			return nil, &Error{Kind: TLS, Detail: fmt.Sprintf("mqtt.cert_file and mqtt.key_file do not load: %v", err), Err: err}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
