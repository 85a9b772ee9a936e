package control

import "golang.org/x/sys/unix"

// credentials asks the kernel (unix(4): LOCAL_PEERCRED). A laptop runs the simulated panel.
func credentials(fd uintptr) (Peer, error) {
	cred, err := unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	return Peer{UID: cred.Uid, Groups: cred.Groups[:max(0, min(int(cred.Ngroups), len(cred.Groups)))]}, nil
}
