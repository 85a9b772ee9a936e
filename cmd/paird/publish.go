package main

import (
	"context"
	"fmt"
	"io"

	"github.com/paird/paird/agent/control"
)

// publish is `paird publish TOPIC [PAYLOAD|-]`; without a payload, or with -, it is read from standard input.
func (p *program) publish(ctx context.Context, args []string) error {
	rest, err := p.parse(p.flags("publish"), args, 1, 2)
	if err != nil {
		return err
	}
	if err := control.ValidTopic(rest[0]); err != nil {
		return &exit{exitUsage, err}
	}
	payload, err := p.payload(rest[1:])
	if err != nil {
		return err
	}
	if len(payload) > control.MaxPayload {
		return usage("the payload for %s is larger than 64 KiB: send it in parts", rest[0])
	}
	c, err := p.reach()
	if err != nil {
		return err
	}
	return withCode(c.Publish(ctx, rest[0], payload))
}

func (p *program) payload(args []string) ([]byte, error) {
	if len(args) == 1 && args[0] != "-" {
		return []byte(args[0]), nil
	}
	payload, err := io.ReadAll(io.LimitReader(p.stdin, control.MaxPayload+1))
	if err != nil {
		return nil, fmt.Errorf("payload on standard input: %w", err)
	}
	return payload, nil
}
