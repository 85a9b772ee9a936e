//go:build real

package card

import (
	"compress/gzip"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

const (
	root      = "../../.."
	partition = "60c24cc1-f3f9-427a-8199-749afd4f0001" // the boot partition of the image
	host      = "10.0.2.2"                             // this machine, as QEMU's user network calls it
	boots     = 5 * time.Minute                        // for an emulated board on a loaded machine
)

// A card as a newcomer writes it: the image, and paird.toml edited on the boot partition. The board boots in QEMU, takes the
// settings over and pairs with this machine's server, over TLS. After a power cut and an update it is the same device with
// the same grant. No web server runs on it.
func TestBoot(t *testing.T) {
	p, ca := secure(t)
	p.Always(provider.Approve)
	factory := t.TempDir()
	write(t, filepath.Join(factory, "ca.pem"), ca)
	write(t, filepath.Join(factory, "product.toml"), "[auth]\nca_file = \"/usr/lib/paird/ca.pem\"\nstart = \"auto\"\n")
	settings := filepath.Join(t.TempDir(), "paird.toml")
	write(t, settings, fmt.Sprintf("[auth]\r\nissuer = %q\r\nclient_id = \"printer\"\r\nscopes = [\"openid\", \"offline_access\"]\r\n", p.URL))
	card := image(t, "-factory", factory, "-settings", settings)

	board := boot(t, card)
	await(t, board, "the board is paired", func() bool { return p.Count(provider.Tokens) == 1 })
	board.AwaitText(t, "now listening on /run/gokrazy-http.sock")
	await(t, board, "a token is renewed", func() bool { return p.Count(provider.Refreshed) > 0 })
	board.Kill() // the power goes away without a word
	update(t, card)
	renewed := p.Count(provider.Refreshed)
	if leak := p.Leak(board.Text(), true); leak != "" {
		t.Errorf("on the console: %s", leak)
	}

	again := boot(t, card)
	await(t, again, "the grant is used again", func() bool { return p.Count(provider.Refreshed) > renewed })
	if n := p.Count(provider.CodeIssued); n != 1 {
		t.Errorf("%d codes were asked for", n)
	}
	for _, b := range []*e2e.Process{board, again} {
		if n := b.Count("listening on") - b.Count("listening on /run/"); n != 0 {
			t.Errorf("%d listeners on the network:\n%s", n, b.Text())
		}
	}
	again.Kill()
}

// update writes the image's update over the card, as a program that writes cards does.
func update(t *testing.T, card string) {
	t.Helper()
	in := e2e.Must(os.Open(strings.TrimSuffix(card, ".img") + "_update.img.gz"))(t)
	defer in.Close()
	to := e2e.Must(os.OpenFile(card, os.O_WRONLY, 0))(t)
	defer to.Close()
	e2e.Must(io.Copy(to, e2e.Must(gzip.NewReader(in))(t)))(t)
}

// secure is the lab's server behind TLS, where the board finds it, and the certificate of its authority.
func secure(t *testing.T) (*providertest.Server, string) {
	t.Helper()
	a := e2e.NewAuthority(t)
	l := e2e.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	issuer := "https://" + net.JoinHostPort(host, port)
	p := providertest.New(t, func(o *provider.Options) {
		o.Issuer, o.AccessLifetime = issuer, 30*time.Second // to see that the grant is used
		o.Rotation.Grace = time.Hour                        // the power may go in the middle of a refresh
	})
	behind := e2e.Must(url.Parse(p.URL))(t)
	proxy := &http.Server{Handler: httputil.NewSingleHostReverseProxy(behind), ReadHeaderTimeout: time.Minute}
	go proxy.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{a.Issue(t).Pair}}))
	t.Cleanup(func() { proxy.Close() })
	p.URL = issuer
	return p, string(e2e.Must(os.ReadFile(a.File))(t))
}

// boot starts the board in QEMU, with the kernel that is on the card.
func boot(t *testing.T, card string) *e2e.Process {
	t.Helper()
	kernel, code := e2e.Run(t, "go", "list", "-C", root+"/scripts/image/gokrazy", "-m", "-f", "{{.Dir}}", "github.com/gokrazy/kernel.rpi")
	if code != 0 {
		t.Fatal(kernel)
	}
	return e2e.Start(t, nil, "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "512", "-nographic", "-nodefaults", "-serial", "stdio",
		"-kernel", filepath.Join(strings.TrimSpace(kernel), "vmlinuz"),
		"-append", "console=ttyAMA0 root=PARTUUID="+partition+"/PARTNROFF=1 init=/gokrazy/init rootwait panic=10 oops=panic",
		"-drive", "if=none,id=card,format=raw,file="+card, "-device", "virtio-blk-pci,drive=card",
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci")
}

// await waits as long as a boot may take.
func await(t *testing.T, board *e2e.Process, what string, ask func() bool) {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(boots); !ask(); <-again.C {
		if time.Now().After(limit) {
			t.Fatalf("not within %v: %s\n%s", boots, what, board.Text())
		}
		select {
		case <-board.Done():
			t.Fatalf("the board ended: %s", board.Text())
		default:
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The same source gives the same bytes.
func TestReproduced(t *testing.T) {
	first, second := image(t, "-raw"), image(t, "-raw")
	if out, code := e2e.Run(t, "cmp", first, second); code != 0 {
		t.Error(out)
	}
}

// image builds an image with these flags.
func image(t *testing.T, flags ...string) string {
	t.Helper()
	out := t.TempDir()
	args := append([]string{"run", "-C", root, "./scripts/image", "-version", "test", "-built", "1790000000", "-o", out}, flags...)
	text, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	t.Logf("%s", text) // each file with its size and time
	return filepath.Join(out, "paird_test_arm64.img")
}
