package main

import (
	"context"
	"os/exec"
	"runtime"
)

// browse shows url in the desktop's browser; where there is none, the URL is on the terminal anyway.
func browse(ctx context.Context, url string) {
	name := "xdg-open"
	if runtime.GOOS == "darwin" {
		name = "open"
	}
	cmd := exec.CommandContext(ctx, name, url)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}
