package control

import (
	"fmt"
	"strings"
)

// maxSocket is the longest path of a socket: struct sockaddr_un has 108 bytes with the final NUL (unix(7)).
const maxSocket = 107

// Check finds what is wrong with the [control] section: the path of the socket, and the names of peers by key
// (status, publish, ...). Each error begins with the key.
func Check(socket string, who map[string][]string) []error {
	var all []error
	if len(socket) > maxSocket {
		all = append(all, fmt.Errorf("control.socket: is longer than the %d bytes a socket's path may have, shorten it", maxSocket))
	}
	for key, names := range who {
		for _, name := range names {
			if err := checkPeer(name); err != nil {
				all = append(all, fmt.Errorf("control.%s: %w", key, err))
			}
		}
	}
	return all
}

// checkPeer wants "*" or the name of a user or group of this board: a misspelled one would lock its owner out.
func checkPeer(name string) error {
	if name == "*" {
		return nil
	}
	kind, who, _ := strings.Cut(name, ":")
	if kind != "user" && kind != "group" || who == "" {
		return fmt.Errorf(`%q does not fit, write "*", "user:NAME" or "group:NAME"`, name)
	}
	return nil
}

// Missing lists the names in who for which this machine has no user or group. Such a name allows nothing.
func Missing(who []string) []string {
	var missing []string
	a := newAccounts()
	for _, name := range who {
		if kind, account, ok := strings.Cut(name, ":"); ok && a.id(kind, account) == "" {
			missing = append(missing, name)
		}
	}
	return missing
}
