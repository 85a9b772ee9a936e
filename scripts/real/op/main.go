// Command op is an OpenID Provider for the tests, made of github.com/zitadel/oidc, over https on loopback.
//
//	op CERT KEY [-lifetime 8s]
//
// It prints one JSON object a line: {"issuer": ...} when it listens, then one for each grant it gives. It ends with its
// standard input.
//
// main.go is the server, client.go and storage.go are what the library asks for, unused.go what it never calls here.
package main

import (
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

func main() {
	lifetime := flag.Duration("lifetime", time.Hour, "of access tokens")
	flag.Parse()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // the test that held the other end is gone
	}()
	log.Fatal(serve(flag.Arg(0), flag.Arg(1), *lifetime))
}

// say prints one line for the test.
func say(fields map[string]any) {
	line, err := json.Marshal(fields)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func serve(cert, key string, lifetime time.Duration) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "https://" + ln.Addr().String()
	s, err := newStorage(lifetime)
	if err != nil {
		return err
	}
	provider, err := newProvider(issuer, s)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("POST /device", s.decide)
	say(map[string]any{"issuer": issuer})
	return http.ServeTLS(ln, mux, cert, key)
}

func newProvider(issuer string, s *storage) (*op.Provider, error) {
	config := &op.Config{
		AuthMethodPost:        true,
		CodeMethodS256:        true,
		GrantTypeRefreshToken: true,
		DeviceAuthorization: op.DeviceAuthorizationConfig{
			Lifetime: 10 * time.Minute, PollInterval: time.Second, UserFormPath: "/device", UserCode: op.UserCodeBase20,
		},
	}
	rand.Read(config.CryptoKey[:])
	return op.NewProvider(config, s, op.StaticIssuer(issuer))
}
