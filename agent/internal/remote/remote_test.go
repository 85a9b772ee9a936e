package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.8.9.10": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.example.com": false, "128.0.0.1": false, "::1%lo": false, "fe80::1": false, "127.1": false,
	} {
		if got := Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %v", host, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"": 0, "x": 0, "-5": 0, "1.5": 0, "0": 0, " 7 ": 7 * time.Second, "3600": time.Hour, "3601": time.Hour,
		"99999999999999999999999":       time.Hour,
		"Sat, 21 Nov 2026 12:01:00 GMT": time.Minute,
		"Sat, 21 Nov 2026 11:59:00 GMT": 0,
		"Sun, 21 Nov 2027 12:00:00 GMT": time.Hour,
	} {
		if got := RetryAfter(field, now); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", field, got, want)
		}
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := Wait(t.Context(), time.Minute); err != nil || time.Since(begun) != time.Minute {
			t.Error(err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Wait(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestOutlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		own, done := Outlive(ctx, 2*time.Second)
		defer done()
		time.Sleep(time.Minute)
		cancel()
		ended := time.Now()
		<-own.Done()
		if d := time.Since(ended); d != 2*time.Second {
			t.Errorf("it ended %v after ctx", d)
		}
	})
}

func TestOutliveDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		early, endEarly := Outlive(ctx, time.Hour)
		late, endLate := Outlive(ctx, time.Hour)
		endEarly()
		cancel()
		synctest.Wait()
		if early.Err() == nil || late.Err() != nil {
			t.Error(early.Err(), late.Err())
		}
		begun := time.Now()
		endLate()
		<-late.Done()
		synctest.Wait() // the bubble fails if something still waits for the hour
		if d := time.Since(begun); d != 0 {
			t.Errorf("it ended %v after its end was asked for", d)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "5", "-1", "99999999999999999999", "Fri, 02 Jan 2026 03:05:05 GMT", "1e9", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		if d := RetryAfter(field, time.Unix(1e9, 0)); d < 0 || d > time.Hour {
			t.Errorf("%q asks for %v", field, d)
		}
	})
}

// Each reason why a host is not trusted has its own advice; what is no such reason has none.
func TestUntrusted(t *testing.T) {
	verification := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	for _, c := range []struct {
		err  error
		want string
	}{
		{verification(x509.CertificateInvalidError{Reason: x509.Expired, Detail: "now"}),
			"b.example is not trusted (x509: certificate has expired or is not yet valid: now): check this board's clock"},
		{verification(x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}),
			"b.example is not trusted (x509: certificate specifies an incompatible key usage): the server needs another certificate"},
		{verification(x509.UnknownAuthorityError{}),
			"b.example is not trusted (x509: certificate signed by unknown authority): set mqtt.ca_file"},
		{verification(x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"c.example"}}, Host: "b.example"}),
			"b.example is not trusted (x509: certificate is valid for c.example, not b.example): check the address"},
		{fmt.Errorf("handshake: %w", ErrWeakKey),
			"b.example is not trusted (a certificate has an RSA key below 2048 bits): the server needs another certificate"},
		{errors.New(oldVersion), "b.example is not trusted (it speaks TLS 1.0 or 1.1 only): it must offer TLS 1.2"},
		{errors.New("remote error: tls: bad certificate"), ""},
		{context.DeadlineExceeded, ""},
	} {
		if got := Untrusted("b.example", "mqtt.ca_file", c.err); got != c.want {
			t.Errorf("%v\n got %q\nwant %q", c.err, got, c.want)
		}
	}
}
