package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
)

func newUpdate(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "update",
		Short: "Bring a project what its template has had since",
		Long: `Merge into a project what has changed in the template since the revision in its project.yaml, file by file: what the
template made then, what it makes now, and what the project has. The result is in the project's folder and not committed.
Where both changed the same lines, git's marks stand around them. Generated code is not merged: "make generate" and "make web" make it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, p, dir, err := o.existing(cmd)
			if err != nil {
				return err
			}
			return g.update(cmd.Context(), cmd.OutOrStdout(), p, dir, o.revision)
		},
	}
}

// update merges what came to the template into the project in dir, and says what to do next. Conflicts are an error.
func (g generator) update(ctx context.Context, out io.Writer, p project, dir, revision string) (err error) {
	r, err := openRepository(ctx, dir)
	if err != nil {
		return err
	}
	if r.dir != dir {
		return errors.Errorf("%s is not the top of its git repository, %s", dir, r.dir)
	}
	status, err := r.git(ctx, "status", "--porcelain")
	if err != nil {
		return err
	}
	if len(status) > 0 {
		return errors.Errorf("%s has changes that are not committed: commit or stash them first", dir)
	}
	before, err := g.template.commit(ctx, p.template.Revision)
	if err != nil {
		return errors.Wrap(err, "fetch the template's history first")
	}
	now, err := g.template.commit(ctx, revision)
	if err != nil {
		return err
	}
	if before == now {
		fmt.Fprintf(out, "%s has all that the template has at %.12s.\n", p.vars["name"], now)
		return nil
	}
	rules, err := g.rules(ctx, now)
	if err != nil {
		return err
	}
	temporary, err := os.MkdirTemp("", "newproject-")
	if err != nil {
		return errors.Wrap(err, "make a folder")
	}
	defer func() { err = errors.Join(err, removeAll(temporary)) }()
	var trees, parent []string
	for i, commit := range []string{before, now} {
		made := filepath.Join(temporary, fmt.Sprint("made", i))
		fmt.Fprintf(g.log, "The template at %.12s\n", commit)
		if err := g.generate(ctx, p, commit, made); err != nil {
			return err
		}
		tree, err := r.take(ctx, made, rules.Generated, filepath.Join(temporary, "index"))
		if err != nil {
			return err
		}
		trees = append(trees, tree)
		id, err := r.git(ctx, append([]string{
			"-c", "user.name=newproject", "-c", "user.email=newproject@localhost",
			"commit-tree", tree, "-m", fmt.Sprintf("the template at %.12s", commit),
		}, parent...)...)
		if err != nil {
			return err
		}
		parent = []string{"-p", strings.TrimSpace(string(id))}
	}
	if err := r.clear(ctx, trees[0], trees[1]); err != nil {
		return err
	}
	_, picked := r.git(ctx, "-c", "advice.mergeConflict=false", "cherry-pick", "--no-commit", parent[1])
	unmerged, err := r.git(ctx, "diff", "--name-only", "--diff-filter=U")
	if err != nil {
		return err
	}
	if picked != nil && len(unmerged) == 0 {
		return picked
	}
	stat, err := r.git(ctx, "diff", "--cached", "--shortstat", "HEAD")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Merged what came to the template from %.12s to %.12s:%s", before, now, stat)
	if len(unmerged) > 0 {
		conflicts := strings.Split(strings.TrimSpace(string(unmerged)), "\n")
		return errors.Errorf("%s. Resolve the conflicts and \"git add\" the files; then \"make generate web check test\" and commit. \"git reset --hard\" takes all back.\n%s",
			count(len(conflicts), "file was changed on both sides", "files were changed on both sides"), "  "+strings.Join(conflicts, "\n  "))
	}
	fmt.Fprintln(out, `Look at it with "git diff --cached", then "make generate web check test" and commit. "git reset --hard" takes all back.`)
	return nil
}

// take brings the newest commit of another repository, and returns its tree with the generated files of this one. The index
// is a temporary one.
func (r repository) take(ctx context.Context, from string, generated []string, index string) (string, error) {
	if _, err := r.git(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", from, "HEAD"); err != nil {
		return "", err
	}
	head, err := repository{dir: from, env: nil}.commit(ctx, "HEAD")
	if err != nil {
		return "", err
	}
	in := repository{dir: r.dir, env: []string{"GIT_INDEX_FILE=" + index}}
	if _, err := in.git(ctx, "read-tree", head); err != nil {
		return "", err
	}
	if len(generated) > 0 {
		paths := append([]string{"--"}, pathspecs(":(glob)", generated)...)
		if _, err := in.git(ctx, append([]string{"rm", "-r", "--force", "--cached", "--quiet", "--ignore-unmatch"}, paths...)...); err != nil {
			return "", err
		}
		own, err := r.git(ctx, append([]string{"ls-files", "--stage"}, paths...)...)
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(string(own)) {
			entry, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			fields := strings.Fields(entry)
			if _, err := in.git(ctx, "update-index", "--add", "--cacheinfo", fields[0]+","+fields[1]+","+path); err != nil {
				return "", err
			}
		}
	}
	tree, err := in.git(ctx, "write-tree")
	return strings.TrimSpace(string(tree)), err
}

// clear returns an error if a file that a tree has and the one before has not is here, and git ignores it.
func (r repository) clear(ctx context.Context, before, now string) error {
	added, err := r.git(ctx, "diff", "--name-only", "--no-renames", "-z", "--diff-filter=A", before, now)
	if err != nil {
		return err
	}
	for path := range strings.SplitSeq(strings.TrimSuffix(string(added), "\x00"), "\x00") {
		if _, err := r.git(ctx, "ls-files", "--error-unmatch", "--", path); err == nil || path == "" {
			continue
		}
		if _, err := os.Lstat(filepath.Join(r.dir, filepath.FromSlash(path))); err == nil {
			return errors.Errorf("%s is in the way, which git ignores: the template has a file of this name", path)
		}
	}
	return nil
}
