package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-faster/errors"
	"go.yaml.in/yaml/v3"
)

// A generator makes projects of a template.
type generator struct {
	template repository
	log      io.Writer
	// files only, without the commands of the domain.
	filesOnly bool
}

// generate writes a project into a folder that does not exist yet, as a git repository with one commit. If it fails,
// nothing is left.
func (g generator) generate(ctx context.Context, p project, revision, dir string) (err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := vacant(dir); err != nil {
		return err
	}
	commit, err := g.template.commit(ctx, revision)
	if err != nil {
		return err
	}
	r, files, err := g.files(ctx, p, commit)
	if err != nil {
		return err
	}
	// Beside it, so that it can be renamed.
	temporary, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-")
	if err != nil {
		return errors.Wrap(err, "make a folder")
	}
	defer func() { err = errors.Join(err, removeAll(temporary)) }()
	made := repository{dir: filepath.Join(temporary, filepath.Base(dir)), env: nil}
	if err := os.Mkdir(made.dir, 0o755); err != nil {
		return errors.Wrap(err, "make a folder")
	}
	if err := writeFiles(made.dir, files); err != nil {
		return errors.Wrap(err, "write the project")
	}
	if _, err := made.git(ctx, "init", "--quiet", "--initial-branch=main"); err != nil {
		return err
	}
	if _, err := made.git(ctx, "add", "--all", "--force"); err != nil {
		return err
	}
	if !g.filesOnly {
		d, err := r.domain(p.vars["domain"])
		if err != nil {
			return err
		}
		for _, command := range d.Then {
			if err := g.run(ctx, made.dir, command); err != nil {
				return err
			}
		}
	}
	if err := made.begin(ctx, p); err != nil {
		return err
	}
	if err := vacant(dir); err != nil {
		return err
	}
	if err := os.Rename(made.dir, dir); err != nil {
		return errors.Wrap(err, "move the project to its place")
	}
	return nil
}

// vacant returns an error if there is something at a path, or no folder for it to be in.
func vacant(dir string) error {
	_, err := os.Lstat(dir)
	switch {
	case err == nil:
		return errors.Errorf("%s exists: choose another --output-dir, or remove it", dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if info, err := os.Stat(filepath.Dir(dir)); err != nil || !info.IsDir() {
		return errors.Errorf("%s is no folder", filepath.Dir(dir))
	}
	return nil
}

// removeAll removes a folder, with those inside that are read-only, as Go's modules are.
func removeAll(dir string) error {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) //nolint:gosec // a folder
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// files returns those of a project, made of the template's at a commit, and that commit's rules.
func (g generator) files(ctx context.Context, p project, commit string) (rules, map[string]file, error) {
	r, err := g.rules(ctx, commit)
	if err != nil {
		return rules{}, nil, err
	}
	files, err := g.template.files(ctx, commit)
	if err != nil {
		return rules{}, nil, err
	}
	d, err := r.domain(p.vars["domain"])
	if err != nil {
		return rules{}, nil, err
	}
	// An older revision need not have all variables.
	var own struct{ Module, Slug string }
	if err := yaml.Unmarshal(files[projectFile].content, &own); err != nil || own.Module == "" || own.Slug == "" {
		return rules{}, nil, errors.Errorf("%s of the template has no module or no slug", projectFile)
	}
	inCodeBefore := codeNames(files, r.Generated)
	if err := leaveOut(files, slices.Concat(r.LeaveOut, d.LeaveOut)); err != nil {
		return rules{}, nil, err
	}
	changed, err := takeParts(files, r.Domains, p.vars["domain"])
	if err != nil {
		return rules{}, nil, err
	}
	for path := range changed {
		if err := tidyGo(files, path, dropUnusedImports); err != nil {
			return rules{}, nil, err
		}
	}
	if len(d.Tags) > 0 {
		const path = "openapi.yaml"
		inCode := codeNames(files, r.Generated)
		f := files[path]
		f.content, err = cutContract(f.content, d.Tags, d.Keep, func(t string) (bool, bool) { return inCodeBefore[t], inCode[t] })
		if err != nil {
			return rules{}, nil, errors.Wrap(err, path)
		}
		files[path] = f
	}
	if d.FreshSchema {
		if err := freshSchema(files); err != nil {
			return rules{}, nil, err
		}
	}
	if slug := p.vars["slug"]; slug != own.Slug {
		path, err := taken(files, own.Module, slug)
		if err != nil {
			return rules{}, nil, err
		}
		if path != "" {
			return rules{}, nil, errors.Errorf("slug %q is taken: %s has something else of this name", slug, path)
		}
	}
	p.template = template{Repository: "https://" + own.Module, Revision: commit}
	f := files[projectFile]
	delete(files, projectFile)
	if files, err = p.rename(files, r.Names); err != nil {
		return rules{}, nil, err
	}
	if f.content, err = p.file(f.content); err != nil {
		return rules{}, nil, err
	}
	files[projectFile] = f
	for _, path := range slices.Sorted(maps.Keys(files)) {
		err := tidyGo(files, path, func(_ string, source []byte) ([]byte, error) {
			return formatGo(nameRoot(source, p.vars["module"], p.vars["slug"]))
		})
		if err != nil {
			return rules{}, nil, err
		}
	}
	return r, files, nil
}

// tidyGo replaces the content of a file, if it is one of Go.
func tidyGo(files map[string]file, path string, tidy func(path string, source []byte) ([]byte, error)) error {
	if !strings.HasSuffix(path, ".go") {
		return nil
	}
	f := files[path]
	b, err := tidy(path, f.content)
	if err != nil {
		return errors.Wrap(err, path)
	}
	f.content = b
	files[path] = f
	return nil
}

// run runs a shell's command in a folder. What it prints is shown if it fails.
func (g generator) run(ctx context.Context, dir, command string) error {
	fmt.Fprintln(g.log, "$", command)
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", command)
	cmd.Dir, cmd.Env = dir, environ()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// All that it started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.Errorf("%s\nThe command %q failed in the new project (%w), which is removed.", bytes.TrimSpace(out.Bytes()), command, err)
	}
	return nil
}

// begin commits all of a new project, in the name of the person who runs this or, if git does not know it, of the one who
// holds the licence.
func (r repository) begin(ctx context.Context, p project) error {
	if _, err := r.git(ctx, "var", "GIT_AUTHOR_IDENT"); err != nil {
		r.env = append(r.env, "GIT_AUTHOR_NAME="+p.vars["licence_holder"], "GIT_AUTHOR_EMAIL="+p.vars["first_superuser"],
			"GIT_COMMITTER_NAME="+p.vars["licence_holder"], "GIT_COMMITTER_EMAIL="+p.vars["first_superuser"])
	}
	if _, err := r.git(ctx, "add", "--all"); err != nil {
		return err
	}
	_, err := r.git(ctx, "-c", "commit.gpgSign=false", "commit", "--quiet", "--no-verify", "--message", "Begin "+p.vars["name"])
	return err
}
