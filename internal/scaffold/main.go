// Command scaffold writes the files of a new resource or background job, and the lines that it needs in others, as they
// would be written by hand: `make resource` and `make job`. docs/development.md walks through it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/go-faster/errors"
)

func main() {
	if err := run(".", os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scaffold:", err)
		os.Exit(1)
	}
}

// run carries out a command in the project at root. It writes all of its files or, when it returns an error, none.
func run(root string, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to write: resource or job")
	}
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.name, "name", "", "in the singular, in snake_case")
	flags.StringVar(&o.fields, "fields", "", "name:type, separated by spaces")
	make, what := makeResource, "resource"
	switch args[0] {
	case "resource":
		flags.StringVar(&o.owner, "owner", "", "user: each row belongs to the user who made it")
		flags.StringVar(&o.plural, "plural", "", "of the name, if it is not regular")
	case "job":
		make, what = makeJob, "job"
	default:
		return errors.Errorf("%q is neither resource nor job", args[0])
	}
	if err := flags.Parse(args[1:]); err != nil {
		return errors.Wrap(err, args[0])
	}
	if flags.NArg() > 0 {
		return errors.Errorf("%q is left over: set the fields in quotes, as in FIELDS='name:text note:text?'", flags.Arg(0))
	}
	p, err := readProject(root)
	if err != nil {
		return err
	}
	switch err := make(p, o); {
	case errors.Is(err, errThere):
		fmt.Fprintf(out, "%s %s is there already: nothing is changed\n", what, o.name)
		return nil
	case err != nil:
		return err
	}
	return p.write(out)
}

// options are the arguments of a command.
type options struct{ name, fields, owner, plural string }

var errThere = errors.New("is there already")
