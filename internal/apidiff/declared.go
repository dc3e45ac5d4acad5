package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-faster/errors"
	"github.com/go-faster/yaml"

	"github.com/edgevalue/edgevalue/internal/contract"
)

// A declaration lets breaking changes of one kind pass.
type declaration struct {
	Change    string // oasdiff's name of the kind
	Operation string // method and path; "" for all
	Text      string // a part of what is said about the change; "" for all
	Reason    string
	Date      string // YYYY-MM-DD

	line int
	old  bool // the base has it too, so it is of an earlier change
	used bool
}

func (d *declaration) fits(c change) bool {
	return !d.old && d.Change == c.ID && (d.Operation == "" || d.Operation == c.endpoint()) && strings.Contains(c.Text, d.Text)
}

func (d *declaration) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s:%d: %s %s", declaredFile, d.line, d.Change, d.Operation))
}

// declared reads the declarations, and marks those that the base has as well. Without the file there are none.
func (p project) declared(ctx context.Context, base *contract.Base) ([]*declaration, error) {
	text, err := os.ReadFile(filepath.Join(p.repository, declaredFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Wrap(err, "read declared breaks")
	}
	all, err := parseDeclarations(text)
	if err != nil {
		return nil, err
	}
	before, err := base.ReadFile(ctx, declaredFile)
	if err != nil {
		return all, nil //nolint:nilerr // the base has none
	}
	earlier, err := parseDeclarations(before)
	if err != nil {
		return nil, errors.Wrap(err, "of the base")
	}
	for _, d := range all {
		d.old = slices.ContainsFunc(earlier, func(e *declaration) bool {
			return e.Change == d.Change && e.Operation == d.Operation && e.Text == d.Text && e.Date == d.Date
		})
	}
	return all, nil
}

// parseDeclarations returns an error with the line of the first entry that does not say what it must.
func parseDeclarations(text []byte) (all []*declaration, err error) {
	var entries []yaml.Node
	if err := yaml.Unmarshal(text, &entries); err != nil {
		return nil, errors.Errorf("%s: a list of entries is expected: %s", declaredFile, strings.Join(strings.Fields(err.Error()), " "))
	}
	for _, n := range entries {
		d := &declaration{line: n.Line}
		fields := map[string]*string{"change": &d.Change, "operation": &d.Operation, "text": &d.Text, "reason": &d.Reason, "date": &d.Date}
		refuse := func(line int, format string, args ...any) error {
			return errors.Errorf("%s:%d: %s", declaredFile, line, fmt.Sprintf(format, args...))
		}
		if n.Kind != yaml.MappingNode {
			return nil, refuse(n.Line, "an entry has the keys change, operation, text, reason and date")
		}
		for i := 0; i < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			field, ok := fields[key.Value]
			if !ok {
				return nil, refuse(key.Line, "an entry has no %q: its keys are change, operation, text, reason and date", key.Value)
			}
			if value.Kind != yaml.ScalarNode {
				return nil, refuse(value.Line, "%s must be text", key.Value)
			}
			*field = strings.TrimSpace(value.Value)
		}
		switch _, err := time.Parse(time.DateOnly, d.Date); {
		case d.Change == "":
			return nil, refuse(d.line, "the entry needs a change, such as response-optional-property-removed")
		case d.Operation == "" && d.Text == "":
			return nil, refuse(d.line, "the entry needs an operation or a text, so that it does not let every %s pass", d.Change)
		case d.Reason == "":
			return nil, refuse(d.line, "the entry needs a reason")
		case d.Date == "":
			return nil, refuse(d.line, "the entry needs a date")
		case err != nil:
			return nil, refuse(d.line, "the date must be YYYY-MM-DD, not %q", d.Date)
		}
		all = append(all, d)
	}
	return all, nil
}
