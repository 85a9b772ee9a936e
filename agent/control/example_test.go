package control_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/paird/paird/agent/control"
)

const socket = "/run/paird/paird.sock"

// A call of an API with a fresh token. Where the API does not accept it, another one is asked for, once.
func ExampleClient_Token() {
	ctx := context.Background()
	paird := control.NewClient(socket)
	for _, fresh := range []bool{false, true} {
		token, err := paird.Token(ctx, "", time.Minute, fresh)
		if err != nil {
			log.Fatal(err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/jobs", nil)
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("Authorization", token.TokenType+" "+token.AccessToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			break
		}
	}
}

// What a call that fails says: there is no daemon, or it refuses and says why.
func ExampleClient_Status() {
	status, err := control.NewClient(socket).Status(context.Background())
	refusal, refused := errors.AsType[*control.Error](err)
	switch {
	case errors.Is(err, control.ErrNotRunning):
		fmt.Println("start paird:", err)
	case refused && refusal.Code == control.Forbidden:
		fmt.Println("name this user in control.status:", refusal.Message)
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(status.State)
	}
}

// A reading for the broker. Accepted means that it arrives, even if the power goes now: `queue.sync` says from when on.
func ExampleClient_Publish() {
	reading := []byte(`{"pages":3}`)
	if err := control.NewClient(socket).Publish(context.Background(), "print/done", reading); err != nil {
		log.Fatal(err)
	}
}

// The work that the broker sends to this device. A message comes again until it is acknowledged, so that a crash in between
// loses nothing; the work may be asked for twice.
func ExampleClient_Messages() {
	ctx := context.Background()
	paird := control.NewClient(socket)
	jobs, err := paird.Messages(ctx, "jobs/#")
	if err != nil {
		log.Fatal(err)
	}
	for job, err := range jobs {
		if err != nil {
			log.Fatal(err) // paird was restarted: call Messages again
		}
		fmt.Printf("%s: %s\n", job.Topic, job.Payload)
		if err := paird.Ack(ctx, job.Seq); err != nil {
			log.Fatal(err)
		}
	}
}
