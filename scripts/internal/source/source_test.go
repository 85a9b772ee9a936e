package source

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func ExamplePrint() {
	dir, err := os.MkdirTemp("", "source")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "paird_1.0.0_armhf.deb")
	if err := os.WriteFile(file, make([]byte, 2_615_500), 0o600); err != nil {
		panic(err)
	}
	size, err := Print(file, 18_840*time.Millisecond)
	fmt.Println(size, err)
	// Output:
	// paird_1.0.0_armhf.deb                           2615500 bytes   18.8 s
	// 2615500 <nil>
}

func TestFlags(t *testing.T) {
	var s Source
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	s.Flags(flags, "build/release")
	if err := flags.Parse([]string{"-version", "v1.2.3", "-built", "1790000000"}); err != nil {
		t.Fatal(err)
	}
	if want := (Source{Root: ".", Out: "build/release", Version: "v1.2.3", Built: time.Unix(1_790_000_000, 0).UTC()}); s != want {
		t.Errorf("%+v", s)
	}
	flags.SetOutput(t.Output())
	if err := flags.Parse([]string{"-built", "today"}); err == nil {
		t.Error("a time that is no number")
	}
}

// A target that cannot be made is an error with what make says.
func TestProgram(t *testing.T) {
	if _, err := (Source{Root: t.TempDir()}).Program("armv6"); err == nil {
		t.Error("a program without a source")
	}
}
