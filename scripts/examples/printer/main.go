// Printer is the product's own program on a board with paird: it gets jobs through the broker, prints them and
// reports the pages. A job is acknowledged only after its report is on paird's queue, so none is lost; one may come
// twice.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/paird/paird/agent/control"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: printer SOCKET")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	paird := control.NewClient(os.Args[1])
	for ctx.Err() == nil {
		if err := printAll(ctx, paird); ctx.Err() == nil {
			log.Print("waiting for paird: ", err)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}
}

// printAll prints jobs until the stream ends, as it does when paird restarts.
func printAll(ctx context.Context, paird *control.Client) error {
	jobs, err := paird.Messages(ctx, "jobs/#")
	if err != nil {
		return err
	}
	for job, err := range jobs {
		if err != nil {
			return err
		}
		if err := print(ctx, paird, job); err != nil {
			return err
		}
	}
	return nil
}

// print prints one job, reports it and acknowledges it, in this order.
func print(ctx context.Context, paird *control.Client, job control.Message) error {
	var order struct {
		Pages int `json:"pages"`
	}
	if err := json.Unmarshal(job.Payload, &order); err != nil {
		log.Printf("job %s is no order, dropped: %v", job.Topic, err)
		return paird.Ack(ctx, job.Seq)
	}
	name := strings.TrimPrefix(job.Topic, "jobs/")
	fmt.Println("printing", name, order.Pages, "pages") // the paper would move here
	report, err := json.Marshal(map[string]any{"job": name, "pages": order.Pages})
	if err != nil {
		return err
	}
	if err := paird.Publish(ctx, "printed", report); err != nil {
		return err
	}
	return paird.Ack(ctx, job.Seq)
}
