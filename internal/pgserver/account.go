package pgserver

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/go-faster/errors"
)

// An account is the unprivileged user that the server's programs run as, because PostgreSQL refuses to run as root.
// nil stands for the current user.
type account syscall.Credential

// serverAccount is the owner of the data directory if there is one already, else postgres or nobody.
func serverAccount(data string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if info, err := os.Stat(data); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return &account{Uid: st.Uid, Gid: st.Gid}, nil
		}
		return nil, errors.Errorf("%s belongs to root, whom PostgreSQL refuses: change its owner", data)
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
			gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
			if err1 == nil && err2 == nil && uid != 0 {
				return &account{Uid: uint32(uid), Gid: uint32(gid)}, nil
			}
		}
	}
	return &account{Uid: 65534, Gid: 65534}, nil
}

// command prepares a program in a session of its own, out of reach of the terminal's signals, and with none of our
// environment's secrets.
func (a *account) command(ctx context.Context, dir, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: (*syscall.Credential)(a)}
	return cmd
}

// own makes the account the owner of files of ours.
func (a *account) own(paths ...string) error {
	for _, path := range paths {
		if a != nil {
			if err := os.Chown(path, int(a.Uid), int(a.Gid)); err != nil {
				return errors.Wrap(err, "change owner")
			}
		}
	}
	return nil
}

// checkWork tries, as the account, whether a directory of its own below dir can be entered and written.
func (a *account) checkWork(ctx context.Context, dir string) error {
	if a == nil {
		return nil
	}
	tmp, err := os.MkdirTemp(dir, "probe-")
	if err != nil {
		return errors.Wrap(err, "probe")
	}
	defer os.RemoveAll(tmp)
	if err := a.own(tmp); err != nil {
		return err
	}
	if err := a.command(ctx, tmp, "/bin/sh", "-c", `: > "$0"`, filepath.Join(tmp, "file")).Run(); err != nil {
		return errors.Wrapf(err, "user %d cannot work in %s", a.Uid, dir)
	}
	return nil
}
