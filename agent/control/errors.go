package control

import (
	"errors"
	"net/http"
)

// Code is what a caller decides by.
type Code string

// The codes of the contract.
const (
	NotPaired   Code = "not_paired"
	BadRequest  Code = "bad_request"
	TooLarge    Code = "too_large"
	Forbidden   Code = "forbidden"
	Unavailable Code = "unavailable" // no network, no server, not yet: try later
	Storage     Code = "storage"     // the state directory is full, read-only or broken
	Busy        Code = "busy"        // too many at once, or too soon after the last
)

// Error is how a call fails, at the backend and at the client alike.
type Error struct {
	Code    Code   `json:"error"`
	Message string `json:"message"` // one line for a person; never a secret
}

func (e *Error) Error() string { return e.Message }

// ErrNotRunning: no daemon listens on the socket.
var ErrNotRunning = errors.New("paird is not running")

// ErrInUse: another daemon listens on the socket.
var ErrInUse = errors.New("another paird is running")

// status is the HTTP status of a code.
func (c Code) status() int {
	switch c {
	case NotPaired:
		return http.StatusConflict
	case BadRequest:
		return http.StatusBadRequest
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case Forbidden:
		return http.StatusForbidden
	case Storage:
		return http.StatusInsufficientStorage
	}
	return http.StatusServiceUnavailable // Unavailable, Busy
}
