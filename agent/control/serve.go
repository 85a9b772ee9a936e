package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ConnContext puts the peer of a connection that Listen accepted into its requests' context; it is
// http.Server's hook of that name.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*peerConn); ok {
		return WithPeer(ctx, c.peer)
	}
	return ctx
}

// Serve answers on l until ctx ends, which also ends the calls under way. It returns nil when ctx ended.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ConnContext:       ConnContext,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    8 << 10,
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { shut(server); close(closed) })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("control socket: %w", err)
	}
	<-closed
	return nil
}

// shut waits up to a second for the answers to calls under way.
func shut(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}
