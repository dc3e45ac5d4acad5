package contract

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/go-faster/errors"
)

// A Base is the contract of the commit from which a branch goes.
type Base struct {
	Text []byte

	repository, name, commit string
}

// ReadBase returns the contract that a revision had where the branch of the working tree left it. The error is one
// sentence for who asked: there is no such revision, no such file in it, or it is no OpenAPI document.
func ReadBase(ctx context.Context, repository, revision string) (*Base, error) {
	b := &Base{repository: repository, name: revision}
	if strings.HasPrefix(revision, "-") {
		return nil, errors.Errorf("%q is no revision", revision)
	}
	if _, err := b.git(ctx, "rev-parse", "--git-dir"); err != nil {
		return nil, errors.New("this is no git repository, so there is nothing to compare with")
	}
	if _, err := b.git(ctx, "rev-parse", "--verify", "--quiet", revision+"^{commit}"); err != nil {
		return nil, errors.Errorf("there is no revision %q here: fetch it (git fetch origin), or name another with BASE=", revision)
	}
	commit, err := b.git(ctx, "merge-base", revision, "HEAD")
	if err != nil {
		if shallow, _ := b.git(ctx, "rev-parse", "--is-shallow-repository"); strings.TrimSpace(string(shallow)) == "true" {
			return nil, errors.Errorf("this clone is too shallow to know where the branch left %s: git fetch --unshallow", revision)
		}
		return nil, errors.Errorf("%s and the branch have no commit in common", revision)
	}
	b.commit = strings.TrimSpace(string(commit))
	if b.Text, err = b.ReadFile(ctx, File); err != nil {
		return nil, errors.Errorf("%s has no %s", b, File)
	}
	if mistakes := CheckDocument(b.Text); len(mistakes) > 0 {
		return nil, errors.Errorf("the contract of %s cannot be read: %s:%s", b, File, mistakes[0])
	}
	return b, nil
}

// String names the revision and the commit.
func (b *Base) String() string {
	return fmt.Sprintf("%s (%s)", b.name, b.commit[:min(len(b.commit), 9)])
}

// ReadFile returns a file of the commit. The path is from the repository's root.
func (b *Base) ReadFile(ctx context.Context, path string) ([]byte, error) {
	return b.git(ctx, "show", b.commit+":"+path)
}

func (b *Base) git(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = b.repository
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Wrap(err, "git "+args[0])
	}
	return out, nil
}
