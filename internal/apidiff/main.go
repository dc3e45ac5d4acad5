// Apidiff compares openapi.yaml with the one of another revision, and fails on what breaks clients and is not declared in
// breaking-changes.yaml. It runs in the root of the repository.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue"
	"github.com/edgevalue/edgevalue/internal/contract"
)

const (
	contractFile = contract.File
	declaredFile = "breaking-changes.yaml"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := project{repository: ".", module: ".", tool: []string{"go", "tool", "-modfile=scripts/api/go.mod", "oasdiff"}}
	switch err := p.run(ctx, os.Args[1:], os.Stdout); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errBreaks):
		os.Exit(1) //nolint:gocritic // nothing to stop any more
	default:
		fmt.Fprintln(os.Stderr, "api-diff:", err)
		os.Exit(1)
	}
}

// errBreaks is of breaking changes that are not declared. What they are has been printed.
var errBreaks = errors.New("undeclared breaking changes")

// A project is what is compared, and with what.
type project struct {
	repository string   // of the contract
	module     string   // the directory with scripts/api
	tool       []string // how to call oasdiff there
}

// run prints what differs, and writes the reports that are asked for.
func (p project) run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("api-diff", flag.ContinueOnError)
	flags.SetOutput(out)
	base := flags.String("base", "main", "the revision to compare with: where the branch left it, if it is another branch")
	markdown := flags.String("markdown", "", "write a report in Markdown to this file")
	junit := flags.String("junit", "", "write a JUnit report, with a failure for each undeclared break, to this file")
	github := flags.Bool("github", false, "print annotations for GitHub Actions as well")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r, err := p.compare(ctx, *base)
	if err != nil {
		return err
	}
	fmt.Fprint(out, r.text())
	if *github {
		fmt.Fprint(out, r.annotations())
	}
	for path, write := range map[string]func() (string, error){
		*markdown: func() (string, error) { return r.markdown(), nil },
		*junit:    r.junit,
	} {
		if path == "" {
			continue
		}
		text, err := write()
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // no secret
			return errors.Wrap(err, "write report")
		}
	}
	if !r.passes() {
		return errBreaks
	}
	return nil
}

// compare compares the contract in the working tree with that of base.
func (p project) compare(ctx context.Context, base string) (*report, error) {
	before, err := contract.ReadBase(ctx, p.repository, base)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(p.repository, contractFile)
	text, mistakes, err := contract.CheckFile(path)
	if err != nil {
		return nil, err
	}
	if len(mistakes) > 0 {
		return nil, errors.Errorf("the contract cannot be read: %s:%s", contractFile, mistakes[0])
	}
	changes, err := p.oasdiff(ctx, before.Text)
	if err != nil {
		return nil, err
	}
	forgive(changes, before.Text, text)
	problems, err := problemTypes(before.Text, text)
	if err != nil {
		return nil, err
	}
	declared, err := p.declared(ctx, before)
	if err != nil {
		return nil, err
	}
	return newReport(before.String(), append(changes, problems...), declared), nil
}

// forgive lets enums grow that were extensible: clients were told to expect new values.
func forgive(changes []change, before, after []byte) {
	for i, c := range changes {
		at := c.RevisionSource
		if c.breaks() && strings.HasSuffix(c.ID, "-enum-value-added") && contract.AddsToExtensible(before, after, at.Line, at.Column) {
			changes[i].Level, changes[i].Comment = levelInfo, ""
		}
	}
}

// problemTypes compares the types of problems, which clients tell errors apart by.
func problemTypes(before, after []byte) (changes []change, err error) {
	was, err := edgevalue.ProblemTypes(before)
	if err != nil {
		return nil, err
	}
	is, err := edgevalue.ProblemTypes(after)
	if err != nil {
		return nil, err
	}
	for name, old := range was {
		switch now, ok := is[name]; {
		case !ok:
			changes = append(changes, change{ID: "problem-type-removed", Text: fmt.Sprintf("removed the problem type `%s`", name), Level: levelError})
		case now.Status != old.Status:
			changes = append(changes, change{ID: "problem-type-status-changed", Level: levelError,
				Text: fmt.Sprintf("the status of the problem type `%s` was changed from `%d` to `%d`", name, old.Status, now.Status)})
		}
	}
	for name := range is {
		if _, ok := was[name]; !ok {
			changes = append(changes, change{ID: "problem-type-added", Text: fmt.Sprintf("added the problem type `%s`", name), Level: levelInfo})
		}
	}
	return changes, nil
}
