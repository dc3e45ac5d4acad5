// Command sortmaps has a file that ogen generated write the keys of objects in their order, so that the same answer is
// the same bytes: ogen ranges over Go maps.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"

	"github.com/go-faster/errors"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "sortmaps:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for from, to := range map[string]string{
		"for k, elem := range s {\n\t\te.FieldStart(k)\n": "for _, k := range slices.Sorted(maps.Keys(s)) {\n\t\telem := s[k]\n\t\te.FieldStart(k)\n",
		"import (\n": "import (\n\t\"maps\"\n\t\"slices\"\n",
	} {
		if !bytes.Contains(text, []byte(from)) {
			return errors.Errorf("%s has no %q: does ogen write something else now?", path, from)
		}
		text = bytes.ReplaceAll(text, []byte(from), []byte(to))
	}
	formatted, err := format.Source(text)
	if err != nil {
		return err
	}
	return os.WriteFile(path, formatted, 0o644) //nolint:gosec // no secret
}
