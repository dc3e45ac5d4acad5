package main

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-faster/errors"
)

// A repository is a folder in which git runs.
type repository struct {
	dir string
	env []string // beside the process's own
}

// git runs git and returns what it printed. The error has what it complained about.
func (r repository) git(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = r.dir, append(environ(), r.env...)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return out, &gitError{args[0], exit.ExitCode(), strings.TrimSpace(string(exit.Stderr))}
	}
	if err != nil {
		return nil, errors.Wrap(err, "run git")
	}
	return out, nil
}

// A gitError is that git ended with another code than 0.
type gitError struct {
	command string
	code    int
	message string
}

func (e *gitError) Error() string { return "git " + e.command + ": " + e.message }

// environ returns the process's environment without what names a repository, as there is in git's hooks.
func environ() []string {
	var env []string
	for _, v := range os.Environ() {
		switch name, _, _ := strings.Cut(v, "="); name {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_COMMON_DIR":
		default:
			env = append(env, v)
		}
	}
	return env
}

// openRepository returns the repository that a folder is in.
func openRepository(ctx context.Context, dir string) (repository, error) {
	out, err := repository{dir: dir, env: nil}.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return repository{}, errors.Errorf("%s is in no git repository", dir)
	}
	return repository{dir: strings.TrimSuffix(string(out), "\n"), env: nil}, nil
}

// commit returns the full name of a revision's commit.
func (r repository) commit(ctx context.Context, revision string) (string, error) {
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return "", errors.Errorf("%s has no revision %q", r.dir, revision)
	}
	return strings.TrimSpace(string(out)), nil
}

// A file is one of a tree.
type file struct {
	content []byte
	mode    os.FileMode // regular or a symbolic link, whose content is its target
}

// files returns the tracked files at a commit by their paths, which have slashes.
func (r repository) files(ctx context.Context, commit string) (map[string]file, error) {
	archive, err := r.git(ctx, "archive", "--format=tar", commit)
	if err != nil {
		return nil, err
	}
	files := map[string]file{}
	for t := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, errors.Wrap(err, "read git's archive")
		}
		switch h.Typeflag {
		case tar.TypeReg:
			b, err := io.ReadAll(t)
			if err != nil {
				return nil, errors.Wrap(err, "read git's archive")
			}
			files[h.Name] = file{b, os.FileMode(h.Mode).Perm()}
		case tar.TypeSymlink:
			files[h.Name] = file{[]byte(h.Linkname), os.ModeSymlink}
		}
	}
}

// writeFiles writes them below a folder.
func writeFiles(dir string, files map[string]file) error {
	for name, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if f.mode&os.ModeSymlink != 0 {
			if err := os.Symlink(string(f.content), path); err != nil {
				return err
			}
			continue
		}
		mode := os.FileMode(0o644)
		if f.mode&0o100 != 0 {
			mode = 0o755
		}
		if err := os.WriteFile(path, f.content, mode); err != nil {
			return err
		}
	}
	return nil
}
