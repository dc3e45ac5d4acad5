package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-faster/errors"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newCompare(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "compare",
		Short: "Make a project again beside it, and show how it differs",
		Long: `Make the project of a project.yaml again, with the same variables, in a folder beside it, and show how the project
differs: - is what the template makes, + what the project has. Nothing of the project changes. Generated code is not compared.
The exit code is 1 if there is a difference.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, p, dir, err := o.existing(cmd)
			if err != nil {
				return err
			}
			commit, err := g.template.commit(cmd.Context(), o.revision)
			if err != nil {
				return err
			}
			if o.outputDir == "" {
				o.outputDir = dir + "-template"
			}
			copied, err := filepath.Abs(o.outputDir)
			if err != nil {
				return err
			}
			if inside, err := filepath.Rel(dir, copied); err == nil && filepath.IsLocal(inside) {
				return errors.Errorf("%s is in the project: choose another --output-dir", o.outputDir)
			}
			if err := g.generate(cmd.Context(), p, commit, copied); err != nil {
				return err
			}
			diff, files, err := g.differences(cmd.Context(), commit, copied, dir)
			if err != nil {
				return err
			}
			if _, err := cmd.OutOrStdout().Write(diff); err != nil {
				return err
			}
			if files == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "No difference to %s, which the template makes at %.12s.\n", copied, commit)
				return nil
			}
			return errors.Errorf("%s from %s, which the template makes at %.12s", count(files, "file differs", "files differ"), copied, commit)
		},
	}
}

// existing returns the generator, and the project of --config with its folder.
func (o options) existing(cmd *cobra.Command) (g generator, p project, dir string, err error) {
	if o.config == "" {
		return g, p, "", errors.New("name the project.yaml of a project as --config")
	}
	if g, err = o.generator(cmd); err != nil {
		return g, p, "", err
	}
	if p, err = readProject(o.config); err != nil {
		return g, p, "", err
	}
	if p.template.Revision == "" {
		return g, p, "", errors.Errorf("%s does not say of which revision of a template its project was made", o.config)
	}
	path, err := filepath.Abs(o.config)
	if err != nil {
		return g, p, "", err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return g, p, "", err
	}
	return g, p, filepath.Dir(path), nil
}

// differences returns those from a copy of a project, in a repository of its own, to the project, and of how many files.
func (g generator) differences(ctx context.Context, commit, copied, dir string) ([]byte, int, error) {
	r, err := g.rules(ctx, commit)
	if err != nil {
		return nil, 0, err
	}
	// The copy's repository takes the project's files, so that the project's is left alone.
	index := filepath.Join(copied, ".git", "newproject-index")
	defer func() { _ = os.Remove(index) }()
	both := repository{dir: dir, env: []string{"GIT_DIR=" + filepath.Join(copied, ".git"), "GIT_WORK_TREE=" + dir, "GIT_INDEX_FILE=" + index}}
	if _, err := both.git(ctx, "read-tree", "HEAD"); err != nil {
		return nil, 0, err
	}
	if _, err := both.git(ctx, "add", "--all"); err != nil {
		return nil, 0, err
	}
	tree, err := both.git(ctx, "write-tree")
	if err != nil {
		return nil, 0, err
	}
	paths := append([]string{"--", "."}, pathspecs(":(exclude,glob)", r.Generated)...)
	diff := func(args ...string) ([]byte, error) {
		return both.git(ctx, append(append([]string{"diff", "--find-renames"}, args...), append([]string{"HEAD", strings.TrimSpace(string(tree))}, paths...)...)...)
	}
	names, err := diff("--name-only")
	if err != nil {
		return nil, 0, err
	}
	color := "--color=never"
	if term.IsTerminal(int(os.Stdout.Fd())) {
		color = "--color=always"
	}
	text, err := diff(color)
	return text, strings.Count(string(names), "\n"), err
}

// pathspecs returns git's for globs of the template's files.
func pathspecs(magic string, globs []string) []string {
	specs := make([]string, len(globs))
	for i, g := range globs {
		specs[i] = magic + g
	}
	return specs
}

// count returns a number with the word for it.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}
