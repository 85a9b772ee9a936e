//go:build unix

package statedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// made returns an open folder in a folder of its own, and its path.
func made(t *testing.T, tap Tap) (*Dir, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	d, err := Make(path, tap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, path
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// isUnsafe checks that the error says what was seen.
func isUnsafe(t *testing.T, err error, reason string) {
	t.Helper()
	unsafe, ok := errors.AsType[*UnsafeError](err)
	if !ok || !strings.Contains(unsafe.Reason, reason) {
		t.Errorf("got %v, want an UnsafeError that says %q", err, reason)
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	const me, other = 995, 1001
	for _, c := range []struct {
		name   string
		f      Facts
		euid   uint32
		byRoot bool
		fault  string // "": none
	}{
		{"own", Facts{UID: me, Mode: 0o700}, me, false, ""},
		{"own, readable by all", Facts{UID: me, Mode: 0o755}, me, false, ""},
		{"root's", Facts{UID: 0, Mode: 0o755}, me, false, ""},
		{"another user's", Facts{UID: other, Mode: 0o700}, me, true, "belongs to user 1001"},
		{"group may write", Facts{UID: me, Mode: 0o770}, me, false, "0770"},
		{"others may write", Facts{UID: 0, Mode: 0o1777}, me, false, "others write"},
		{"for root: the daemon's, in root's folder", Facts{UID: me, Mode: 0o700}, 0, true, ""},
		{"for root: planted where all may write", Facts{UID: other, Mode: 0o700}, 0, false, "belongs to user 1001"},
		{"for root: others may write", Facts{UID: me, Mode: 0o777}, 0, true, "0777"},
	} {
		if fault := folderFault(c.f, c.euid, c.byRoot); (fault == "") != (c.fault == "") || !strings.Contains(fault, c.fault) {
			t.Errorf("%s: %q, want %q", c.name, fault, c.fault)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	const me, other = 995, 1001
	for _, c := range []struct {
		name  string
		f     Facts
		fault string
	}{
		{"own", Facts{UID: me, Mode: 0o600, Links: 1}, ""},
		{"root's", Facts{UID: 0, Mode: 0o644, Links: 1}, ""},
		{"another user's", Facts{UID: other, Mode: 0o600, Links: 1}, "belongs to user 1001"},
		{"group may write", Facts{UID: me, Mode: 0o660, Links: 1}, "0660"},
		{"two names", Facts{UID: me, Mode: 0o600, Links: 2}, "2 names"},
		{"removed", Facts{UID: me, Mode: 0o600, Links: 0}, "0 names"},
	} {
		if fault := fileFault(c.f, me); (fault == "") != (c.fault == "") || !strings.Contains(fault, c.fault) {
			t.Errorf("%s: %q, want %q", c.name, fault, c.fault)
		}
	}
}

func TestMakesFoldersForTheUserAlone(t *testing.T) {
	top := t.TempDir()
	path := filepath.Join(top, "not", "yet")
	d, err := Make(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, p := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	if err := d.WriteFile("x", []byte("content")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Path("x")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("x: %v, %v", info, err)
	}
	if b, err := d.ReadFile("x", 7); err != nil || string(b) != "content" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := d.ReadFile("x", 6); !errors.Is(err, ErrNotOurs) {
		t.Errorf("too large: %v", err)
	}
}

func TestWritableFolderIsRefused(t *testing.T) {
	path := t.TempDir()
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := Make(path, nil)
	isUnsafe(t, err, "chmod go-w")
}

// A link in place of the folder is followed where systemd made it (DynamicUser), or root.
func TestLinkedFolder(t *testing.T) {
	top := t.TempDir()
	real, link := filepath.Join(top, "private"), filepath.Join(top, "paird")
	if err := errors.Join(os.Mkdir(real, 0o700), os.Symlink(real, link)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		opens(t, link, real)
		if err := os.Lchown(link, 1001, 1001); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Make(link, nil)
	isUnsafe(t, err, "symbolic link")
	t.Setenv("STATE_DIRECTORY", "/elsewhere:"+link)
	opens(t, link, real)
}

func opens(t *testing.T, path, want string) {
	t.Helper()
	d, err := Make(path, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer d.Close()
	if d.Path(".") != want {
		t.Errorf("%s is %s, want %s", path, d.Path("."), want)
	}
}

// plant puts a symbolic link, a second name, a pipe and a folder into a state directory, and returns the file that link
// and name lead to.
func plant(t *testing.T, dir, content string) (target string) {
	t.Helper()
	target = filepath.Join(t.TempDir(), "target")
	put(t, target, content)
	if err := errors.Join(
		os.Symlink(target, filepath.Join(dir, "link")),
		os.Link(target, filepath.Join(dir, "name")),
		syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600),
		os.Mkdir(filepath.Join(dir, "folder"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	return target
}

// A planted file is neither read nor written, whatever it is.
func TestPlantedFiles(t *testing.T) {
	d, path := made(t, nil)
	target := plant(t, path, "target")
	put(t, filepath.Join(path, "shared"), "")
	if err := os.Chmod(filepath.Join(path, "shared"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []int{os.O_RDONLY, os.O_RDWR} {
		for _, name := range []string{"link", "pipe", "folder"} {
			if _, err := d.Open(name, flag); !errors.Is(err, ErrNotOurs) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := d.Open("name", flag)
		isUnsafe(t, err, "2 names")
		_, err = d.Open("shared", flag)
		isUnsafe(t, err, "0666")
	}
	for _, name := range []string{"link", "name", "pipe", "folder", "shared"} {
		if err := d.WriteFile(name, []byte("new")); err != nil {
			if name == "folder" { // is not replaced by a file: rename(2) says so
				continue
			}
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "target" {
		t.Errorf("the target is %q, %v", b, err)
	}
}

// What root makes in the folder of another user belongs to that user. As another user there is nothing to see.
func TestRootMakesForTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: not run")
		return
	}
	_, path := made(t, nil)
	err := errors.Join(os.Chmod(filepath.Dir(path), 0o755), os.Chown(path, 995, 996))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Make(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.WriteFile("x", nil); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(d.Path("x"))
	if err != nil {
		t.Fatal(err)
	}
	if f := FactsOf(info); f.UID != 995 || f.GID != 996 {
		t.Errorf("the file belongs to %d:%d", f.UID, f.GID)
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil { // now any account may have made the folder
		t.Fatal(err)
	}
	_, err = Open(path, nil)
	isUnsafe(t, err, "belongs to user 995")
	put(t, d.Path("planted"), "")
	if err := os.Chown(d.Path("planted"), 1001, 1001); err != nil {
		t.Fatal(err)
	}
	_, err = d.Open("planted", os.O_RDONLY)
	isUnsafe(t, err, "belongs to user 1001")
}

// Another account may put a link, or another file, in place of what was just looked at: what is opened must be that.
func TestReplacedWhileItIsOpened(t *testing.T) {
	top := t.TempDir()
	path, theirs := filepath.Join(top, "state"), filepath.Join(top, "theirs")
	if err := errors.Join(os.Mkdir(path, 0o700), os.Mkdir(theirs, 0o700)); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(path, "x"), "ours")
	put(t, filepath.Join(path, "y"), "another file of ours, which passes each other check")
	d, err := Open(path, func(op Op) error {
		if op.Kind == OpenFile {
			return os.Rename(filepath.Join(path, "y"), op.Path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_, err = d.Open("x", os.O_RDWR)
	isUnsafe(t, err, "replaced while it was opened")
	_, err = Open(path, func(op Op) error { return errors.Join(os.Rename(path, path+".away"), os.Symlink(theirs, path)) })
	isUnsafe(t, err, "replaced while it was opened")
}

func TestOneLockAtATime(t *testing.T) {
	a, path := made(t, nil)
	if err := a.Lock(0); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := b.Lock(2 * time.Second); !errors.Is(err, ErrLocked) || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		b.Close()
	})
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Lock(0); err != nil {
		t.Errorf("after the other closed: %v", err)
	}
}

func TestFolderThatIsReplacedIsNoticed(t *testing.T) {
	d, path := made(t, nil)
	if !d.Current() {
		t.Error("not its own path")
	}
	if err := errors.Join(os.Rename(path, path+".away"), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if d.Current() {
		t.Error("the new folder was taken for the one that is open")
	}
	if err := d.WriteFile("x", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".away/x"); err != nil {
		t.Errorf("written elsewhere: %v", err)
	}
}

func TestSetAsideKeepsTwo(t *testing.T) {
	d, _ := made(t, nil)
	for _, name := range []string{"x.broken-", "x.broken-0", "x.broken-01", "x.broken-a", "x.broken-1.bak", "xx.broken-7"} {
		put(t, d.Path(name), "not set aside by paird")
	}
	for range 4 {
		if err := d.WriteFile("x", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := d.SetAside("x"); err != nil {
			t.Fatal(err)
		}
	}
	names, err := d.Names()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	want := []string{"x.broken-", "x.broken-0", "x.broken-01", "x.broken-1.bak", "x.broken-3", "x.broken-4", "x.broken-a", "xx.broken-7"}
	if !slices.Equal(names, want) {
		t.Errorf("left %q, want %q", names, want)
	}
}

// Each operation is refused in turn: its error comes back with the path, and the file is the old one or the
// new one.
func TestEachOperationMayBeRefused(t *testing.T) {
	seen := map[Kind]bool{}
	for n := 0; ; n++ {
		count := 0
		tap := func(op Op) error {
			if seen[op.Kind] = true; count == n {
				count++
				return &fs.PathError{Op: "refused", Path: op.Path, Err: syscall.EIO}
			}
			count++
			return nil
		}
		path := filepath.Join(t.TempDir(), "state")
		err := useAll(path, tap)
		if count <= n {
			if err != nil {
				t.Error(err)
			}
			break
		}
		p, ok := errors.AsType[*fs.PathError](err)
		if !ok || !errors.Is(err, syscall.EIO) || !strings.HasPrefix(p.Path, filepath.Dir(path)) {
			t.Errorf("operation %d refused: %v", n, err)
		}
		if b, err := os.ReadFile(filepath.Join(path, "x")); err == nil && string(b) != "old" && string(b) != "new" {
			t.Errorf("operation %d refused: the file is %q", n, b)
		}
	}
	for _, k := range []Kind{Create, Write, Truncate, Sync, Rename, Remove, SyncDir, OpenDir, LockDir, ListDir, Lookup, OpenFile, ReadFile} {
		if !seen[k] {
			t.Errorf("no operation of kind %d", k)
		}
	}
}

func useAll(path string, tap Tap) error {
	d, err := Make(path, tap)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Lock(0); err != nil {
		return err
	}
	for _, content := range []string{"old", "new"} {
		if err := d.WriteFile("x", []byte(content)); err != nil {
			return err
		}
	}
	if _, err := d.ReadFile("x", 10); err != nil {
		return err
	}
	f, err := d.Open("x", os.O_RDWR)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Truncate(f, 3), f.Close()); err != nil {
		return err
	}
	for range 3 {
		if err := d.WriteFile("y", nil); err != nil {
			return err
		}
		if _, err := d.SetAside("y"); err != nil {
			return err
		}
	}
	return nil
}
