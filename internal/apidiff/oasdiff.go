package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-faster/errors"
)

// A change is what oasdiff says about one.
type change struct {
	ID        string
	Text      string
	Comment   string
	Level     level
	Operation string // the method, "" for what is no operation's
	Path      string

	RevisionSource struct{ Line, Column int } // 0 without a place in the new contract
}

type level int

// What breaks clients for sure, what may, and what does not.
const (
	levelError   level = 3
	levelWarning level = 2
	levelInfo    level = 1
)

func (c change) breaks() bool { return c.Level >= levelWarning }

// endpoint is the operation that a change is of, or "" for what all share.
func (c change) endpoint() string { return strings.TrimSpace(c.Operation + " " + c.Path) }

func (c change) String() string {
	if e := c.endpoint(); e != "" {
		return e + ": " + c.Text
	}
	return c.Text
}

// graceDays is how long before its sunset an operation has to be deprecated.
const graceDays = "90"

// severities says which kinds of changes break clients, where oasdiff says otherwise.
const severities = "scripts/api/severity.txt"

// oasdiff compares the contract of the working tree with an older one.
func (p project) oasdiff(ctx context.Context, before []byte) ([]change, error) {
	dir, err := os.MkdirTemp("", "api-diff-")
	if err != nil {
		return nil, errors.Wrap(err, "make directory")
	}
	defer os.RemoveAll(dir)
	old := filepath.Join(dir, contractFile)
	if err := os.WriteFile(old, before, 0o600); err != nil {
		return nil, errors.Wrap(err, "write old contract")
	}
	current, err := filepath.Abs(filepath.Join(p.repository, contractFile))
	if err != nil {
		return nil, errors.Wrap(err, "find contract")
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, p.tool[0], slices.Concat(p.tool[1:], []string{
		"changelog", "--format=json", "--flatten-params", "--allow-external-refs=false",
		"--severity-levels=" + severities, "--deprecation-days-stable=" + graceDays, old, current,
	})...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.module, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, errors.Errorf("oasdiff: %s: %s", err, strings.TrimSpace(stderr.String()))
	}
	var changes []change
	if err := json.Unmarshal(stdout.Bytes(), &changes); err != nil {
		return nil, errors.Wrap(err, "read what oasdiff says")
	}
	return changes, nil
}
